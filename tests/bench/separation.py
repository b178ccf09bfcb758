"""Five minutes of stereo by our own separator: how much faster than the music, and with how much memory.

``audiolime separate`` as a process of its own: the recording is read, separated in parts, and its stems are written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from audiolime_ext import Audio
from tests.bench.page import made, song

DURATION_S = 300.0
SLOWEST, MOST_GB = 10.0, 1.0  # the targets


def report() -> str:
    """The line of `make bench`."""
    music = song()
    n_samples = round(DURATION_S * music.sr)
    samples = np.tile(music.samples, (1, 2))[:, :n_samples]
    with tempfile.TemporaryDirectory() as folder:
        recording = Audio(samples, music.sr).write(Path(folder) / "song.wav")
        seconds, peak_gb = made("separate", recording, "-f", "cerberus", "-o", Path(folder) / "stems")
    return (
        f"separation of {DURATION_S:.0f} s by cerberus: {seconds:.1f} s, {DURATION_S / seconds:.1f}× real time "
        f"(target {SLOWEST:g}×), peak {peak_gb:.2f} GB (target {MOST_GB:g})"
    )


if __name__ == "__main__":
    print(report())
