"""Why one song is near to another: two songs of three minutes in two stems, from the command to the answer.

The songs are that of `tests.bench.page`, and its second half before its first. The command runs as a process of its own
with the checkpoints cached and no results kept from before; then once more with a page, which is opened.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from audiolime_ext import Audio
from tests.bench.page import DURATION_S, LATEST_S, made, opened_s, song

SLOWEST_S = 10.0  # the target


def report() -> str:
    """The line of `make bench`."""
    one = song()
    other = Audio(np.roll(one.samples, one.n_samples // 2, axis=1), one.sr, "the other")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.wav" for name in ("one", "other")]
        for audio, file in zip((one, other), files, strict=True):
            audio.write(file)
        page = Path(folder) / "why.html"
        seconds, peak_gb = made("why", *files, "--no-cache")
        with_page_s, _ = made("why", *files, "--no-cache", "-o", page)
        size_mb, loaded_s = page.stat().st_size / 1e6, opened_s(page)
    opens = "no browser" if loaded_s is None else f"open after {loaded_s:.1f} s (target {LATEST_S:g})"
    return (
        f"why, two songs of {DURATION_S:.0f} s: {seconds:.1f} s (target {SLOWEST_S:g}), peak {peak_gb:.2f} GB; "
        f"with a page {with_page_s:.1f} s, {size_mb:.1f} MB, {opens}"
    )


if __name__ == "__main__":
    print(report())
