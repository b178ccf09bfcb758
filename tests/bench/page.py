"""The page of a song of three minutes: how long it takes to make, how large it is, how soon it sounds.

The song is the bundled clip and the mix of the stems in ``examples/audio/feelings``, by turns. The command runs as a
process of its own with the checkpoints cached and no results kept from before; its time is given as a ratio to the
song's. Opening is timed in headless Chromium, from the request of the file to the first piece that sounds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import Audio, load_audio
from factorizations.oracle import OracleFactorization
from tests.browser.pages import chromium, launch, wait

DURATION_S = 180.0
SLOWEST, LARGEST_MB, LATEST_S, MOST_GB = 4.0, 10.0, 2.0, 2.0  # the targets

_WATCH = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def song() -> Audio:
    """Three minutes of music."""
    clip = load_audio("audiolime_ext/data/ezer_ev.ogg")
    other = OracleFactorization.from_folder("examples/audio/feelings").mixture
    both = np.concatenate([clip.samples, other.samples], axis=1)
    n_samples = round(DURATION_S * clip.sr)
    return Audio(np.tile(both, -(-n_samples // both.shape[1]))[:, :n_samples], clip.sr, "three minutes")


def made(*words: str | Path) -> tuple[float, float]:
    """Seconds that a command of audiolime takes, and its peak memory in GB.

    A process between us and the command asks for the peak: the system counts what the parent of a process holds as the
    process's own, and this one holds the networks of the bench.
    """
    command = [sys.executable, "-c", _WATCH, sys.executable, "-m", "audiolime_ext", *map(str, words)]
    start = time.perf_counter()
    watched = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AUDIOLIME_CACHE_MAX": "0"},
        check=False,
    )
    if watched.returncode:
        raise SystemExit(f"{' '.join(command[3:])} failed")
    return time.perf_counter() - start, int(watched.stdout) * (1 if sys.platform == "darwin" else 1024) / 1e9


def opened_s(page: Path, then: Callable[[Any], None] = lambda tab: None) -> float | None:
    """Seconds from opening a page until it is loaded, and what comes `then` is done; None without a browser."""
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        return None
    with sync_playwright() as playwright:
        browser = launch(playwright)
        tab = browser.new_context(offline=True).new_page()
        start = time.perf_counter()
        tab.goto(page.as_uri())
        then(tab)
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


def _played(tab: Any) -> None:
    tab.get_by_role("button", name="Play", exact=True).click()
    wait(tab, "() => audiolime.views[0].player.state === 'playing'")


def report() -> str:
    """The line of `make bench`."""
    with tempfile.TemporaryDirectory() as folder:
        recording, page = Path(folder) / "song.wav", Path(folder) / "page.html"
        song().write(recording)
        seconds, peak_gb = made("page", recording, "-o", page)
        size_mb, sounds_s = page.stat().st_size / 1e6, opened_s(page, _played)
    sounds = "no browser" if sounds_s is None else f"first sound after {sounds_s:.1f} s (target {LATEST_S:g})"
    return (
        f"page of {DURATION_S:.0f} s: {seconds:.1f} s, {DURATION_S / seconds:.1f}× real time (target {SLOWEST:g}×), "
        f"{size_mb:.1f} MB (target {LARGEST_MB:g}), peak {peak_gb:.2f} GB (target {MOST_GB:g}), {sounds}"
    )


if __name__ == "__main__":
    print(report())
