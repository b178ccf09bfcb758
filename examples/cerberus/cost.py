"""What a separation costs: time and memory of a process that does nothing else.

The first separation, which builds the network, is not timed. *× real time* is by the clock, with the cores that the
separator took of those there are; *per core* is by the processor's time, which a busy machine does not falsify. Memory
is the process's peak, Python and libraries included; what it had before it separated anything stands beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.errors import ModelError
from audiolime_ext.factorization.loading import load_factorization

_ROOT = Path(__file__).parent.parent.parent
_REPEATS = 3


@dataclass(frozen=True)
class Cost:
    """Of separating one song of `duration_s`; memory in MB, `peak_before_mb` before the first separation."""

    duration_s: float
    times_real_time: float
    times_real_time_per_core: float
    cores_busy: float
    cores: int
    peak_mb: float
    peak_before_mb: float


def measure(spec: str, audio: Audio) -> Cost:
    """Run this module as a process of its own.

    Raises
    ------
    ModelError
        If that process fails.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    with tempfile.TemporaryDirectory() as folder:
        path = audio.write(Path(folder) / "song.wav")
        command = [sys.executable, "-m", "examples.cerberus.cost", spec, str(path)]
        child = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if child.returncode:
        last = next(reversed(child.stderr.strip().splitlines()), f"exit code {child.returncode}")
        raise ModelError(f"measuring {spec} failed ({last}); run it by itself: audiolime separate SONG -f {spec}")
    return Cost(**json.loads(child.stdout.splitlines()[-1]))


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    try:  # Linux hands ru_maxrss on to a child: it would be the peak of the process that started this one
        with Path("/proc/self/status").open() as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main(spec: str, path: str) -> None:
    factorization, audio = load_factorization(spec), load_audio(path)
    before = peak_mb()
    factorization.factorize(audio)
    walls, cpus = [], []
    for _ in range(_REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        factorization.factorize(audio)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = Cost(
        audio.duration_s,
        audio.duration_s / statistics.median(walls),
        audio.duration_s / statistics.median(cpus),
        sum(cpus) / sum(walls),
        cores,
        peak_mb(),
        before,
    )
    print(json.dumps(found.__dict__))


if __name__ == "__main__":
    main(*sys.argv[1:3])
