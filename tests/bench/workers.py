"""An audit by two workers of one thread beside one such worker, and the memory that a worker takes.

The collection is 10-second excerpts of the bundled recordings, separated by Cerberus and tagged by musicnn, and nothing
is kept from before. Both sides take turns. Workers are watched while they run: their peak is what the system says.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from audiolime_ext import Audio, load_audio
from factorizations.oracle import OracleFactorization

N_RECORDINGS, EXCERPT_S = 12, 10.0
LEAST_RATIO, MOST_GB = 1.7, 1.2  # the targets


def collection(folder: Path) -> Path:
    """Write the recordings, and the manifest; its path."""
    sources = [load_audio("audiolime_ext/data/ezer_ev.ogg")]
    sources += [OracleFactorization.from_folder(f"examples/audio/{name}").mixture for name in ("feelings", "mime")]
    lines = ["path,label,song"]
    for i in range(N_RECORDINGS):
        source = sources[i % len(sources)]
        n_samples = min(round(EXCERPT_S * source.sr), source.n_samples)
        first = (source.n_samples - n_samples) * i // N_RECORDINGS
        excerpt = np.roll(source.samples, -i * 101, axis=1)[:, first : first + n_samples]
        Audio(np.ascontiguousarray(excerpt), source.sr).write(folder / f"{i:02d}.wav")
        lines.append(f"{i:02d}.wav,{('rock', 'metal', 'electronic')[i % len(sources)]},{i}")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def audited(manifest: Path, store: Path, n_workers: int) -> tuple[float, float]:
    """Seconds that an audit takes, and the largest peak of its workers' memory in GB."""
    command = [
        sys.executable,
        "-m",
        "audiolime_ext",
        "audit",
        str(manifest),
        "-t",
        "musicnn:MSD_musicnn",
        "-f",
        "cerberus",
    ]
    command += ["-o", str(store), "--threshold", ".3", "--workers", str(n_workers), "--threads", "1", "--n-donors", "1"]
    environment = {**os.environ, "AUDIOLIME_CACHE_MAX": "0"}
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    while process.poll() is None:
        peak = max([peak, *(_peak_gb(child) for child in _children(process.pid))])
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, peak


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it has ended, or this is no Linux
        return []


def _peak_gb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max([int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")], default=0.0)


def report(*, n_turns: int = 3) -> str:
    """What was measured, beside the targets."""
    times: dict[int, list[float]] = {1: [], 2: []}
    peak = 0.0
    with tempfile.TemporaryDirectory() as folder:
        manifest = collection(Path(folder))
        for turn in range(n_turns):
            for n_workers in (1, 2):
                seconds, largest = audited(manifest, Path(folder, f"{turn}-{n_workers}.sqlite"), n_workers)
                times[n_workers].append(seconds)
                peak = max(peak, largest)
    ratios = [one / two for one, two in zip(times[1], times[2], strict=True)]
    return (
        f"audit of {N_RECORDINGS} recordings (Cerberus, musicnn): one worker {statistics.median(times[1]):.1f} s, two "
        f"{statistics.median(ratios):.2f} times as fast ({min(ratios):.2f}-{max(ratios):.2f}; target {LEAST_RATIO}); a "
        f"worker's peak {peak:.2f} GB (target {MOST_GB})"
    )
