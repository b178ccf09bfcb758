"""Songs to index, and models that hear them: what the tests of indexes share.

`bands` answers the level in four bands, without names; `named` the same with names; `fragile` kills the process that
asks it about a song with `POISON` in it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from audiolime_ext import tagger

SR, WINDOW_S = 8000, 0.5
POISON = 0.9876


def song(number: int, *, duration_s: float = 2.0) -> NDArray[np.float32]:
    """Noise of a colour and a level of its own."""
    rng = np.random.default_rng(number)
    spectrum = np.fft.rfft(rng.normal(size=round(duration_s * SR)))
    frequencies = np.linspace(0, 1, len(spectrum))
    coloured = np.fft.irfft(spectrum * np.exp(-((frequencies - rng.uniform()) ** 2) / 0.1), round(duration_s * SR))
    return np.asarray(rng.uniform(0.05, 0.3) * coloured / np.abs(coloured).max(), np.float32)


def write_song(path: Path, samples: NDArray[np.float32]) -> Path:
    """A song as a file; unlike soundfile's, without the time in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(path, SR, samples)
    return path


def make_songs(folder: Path, n: int, *, poisoned: int | None = None) -> Path:
    """Write `n` songs into folders of four; the folder."""
    for i in range(n):
        samples = song(i)
        if i == poisoned:
            samples[100] = POISON
        write_song(folder / f"album {i // 4}" / f"{i:03d}.wav", samples)
    return folder


def _levels(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    power = np.abs(np.fft.rfft(batch, axis=-1)) ** 2
    return np.stack([np.log10(part.sum(axis=1) + 1e-9) for part in np.array_split(power, 4, axis=1)], axis=1)


def _fragile(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    if np.isclose(batch, POISON, atol=1e-6).any():
        os.kill(os.getpid(), signal.SIGKILL)
    return _levels(batch)


bands = tagger(_levels, sr=SR, window_s=WINDOW_S, version="1")
named = tagger(_levels, sr=SR, window_s=WINDOW_S, labels=["low", "lower", "higher", "high"], version="1")
fragile = tagger(_fragile, sr=SR, window_s=WINDOW_S, version="1")
BANDS, NAMED, FRAGILE = (f"tests.song_collection:{name}" for name in ("bands", "named", "fragile"))
