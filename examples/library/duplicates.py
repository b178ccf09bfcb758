r"""Songs that are there twice: the same recording, encoded again, cut shorter, louder, or in two games.

A song's levels are those of 24 bands from 60 Hz to 4 kHz, a quarter of an octave each, four times a second over the
first four minutes, in dB. Its print is how they move: less their mean over two seconds, and in each moment less the
mean over the bands, so that neither gain, equalisation nor a fade counts, and scaled to length 1 (less where hardly
anything moves). Two prints are laid over each other at every shift, and compared by their correlation over the part
that both have,

.. math:: c = \sum x y / \sqrt{\sum x^2 \sum y^2} ,

where that is at least `LEAST_S`. The greatest over all shifts is how alike two songs are: 1 for the same recording.
`SAME` was chosen from the data; the README beside this says what lies above and below.

References
----------
The print is a coarse relative of J. Haitsma, T. Kalker: A highly robust audio fingerprinting system, ISMIR 2002, which
keeps the signs of differences between bands and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter1d
from tqdm import tqdm

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.audio.spectrogram import stft
from examples.library.kept import kept_array

Print = NDArray[np.float32]  # (n_frames, n_bands)

SAME = 0.42
LEAST_S = 20.0
PER_S, FIRST_S, N_BANDS = 4, 240.0, 24
_EDGES_HZ = np.geomspace(60.0, 4000.0, N_BANDS + 1)
_FLOOR_DB = 60.0  # below the loudest value: what is softer is as good as silence
_FRAME_S = 0.37
_N_AROUND = 9  # frames, 2.25 s
_STILL_DB = 10.0  # over all bands: a moment that moves less counts less
_LEAST_ENERGY = 0.05  # of a frame on average, where two prints are compared


@dataclass(frozen=True)
class Pair:
    """Two songs by their places, and how alike they are, 0 to 1."""

    first: int
    second: int
    likeness: float


def fingerprint(path: Path, kept: Path) -> Print:
    """The print of an audio file, shape (n_frames, 24), float32; the levels are kept in a folder.

    Raises
    ------
    AudioError
        If it cannot be read.
    """
    return print_of(kept_array(kept, "levels-1", path, lambda: _levels_of(path)))


def _levels_of(path: Path) -> Print:
    audio = load_audio(path)
    return levels(audio.samples[:, : round(FIRST_S * audio.sr)].mean(axis=0), audio.sr)


def levels(samples: NDArray[np.float32], sr: int) -> Print:
    """Levels of a signal (n_samples,) in dB, less each band's mean."""
    n_fft = 2 * round(_FRAME_S * sr / 2)
    spectra = stft(samples, n_fft=n_fft, hop_length=round(sr / PER_S))
    bins_hz = np.arange(n_fft // 2 + 1) * (sr / n_fft)
    bands = (np.searchsorted(_EDGES_HZ, bins_hz, side="right") - 1)[:, None] == np.arange(N_BANDS)
    found = 10 * np.log10(np.square(np.abs(spectra)) @ bands.astype(np.float32) + 1e-12)
    found = np.maximum(found, found.max() - _FLOOR_DB)
    return np.asarray(found - found.mean(axis=0), np.float32)


def print_of(found: Print) -> Print:
    """The print of levels."""
    moving = found - uniform_filter1d(found, _N_AROUND, axis=0)
    moving -= moving.mean(axis=1, keepdims=True)
    return np.asarray(moving / np.maximum(np.linalg.norm(moving, axis=1, keepdims=True), _STILL_DB), np.float32)


def likenesses(prints: Sequence[Print]) -> NDArray[np.float32]:
    """How alike songs are, each with each, shape (n, n), at most 1; 0 on the diagonal."""
    found = np.zeros((len(prints), len(prints)), np.float32)
    longest = max((len(one) for one in prints), default=1)
    size = fft.next_fast_len(2 * longest, real=True)
    spectra = np.stack([fft.rfft(one, size, axis=0) for one in prints]).astype(np.complex64)
    energies = [np.concatenate([[0.0], np.cumsum(np.square(one, dtype=float).sum(axis=1))]) for one in prints]
    for i in tqdm(range(len(prints)), desc="comparing", unit="song", disable=None, leave=False):
        products = np.einsum("tb,ntb->nt", spectra[i].conj(), spectra[i + 1 :])
        for j, product in enumerate(fft.irfft(products, size, axis=1), i + 1):
            found[i, j] = found[j, i] = _best(product, energies[i], energies[j])
    return found


def _best(products: NDArray[np.floating], first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The greatest correlation, of all shifts of the second song against the first that leave enough of both."""
    n, m = len(first) - 1, len(second) - 1
    least = min(round(LEAST_S * PER_S), n, m)
    shifts = np.arange(least - n, m - least + 1)  # frame t of the first lies over frame t + shift of the second
    begin, end = np.maximum(0, -shifts), np.minimum(n, m - shifts)
    energy = (first[end] - first[begin]) * (second[end + shifts] - second[begin + shifts])
    least_energy = np.square(_LEAST_ENERGY * (end - begin))
    return float(np.max(products[shifts] / np.sqrt(np.maximum(energy, least_energy)), initial=0.0))


def duplicates(alike: NDArray[np.floating], lengths_s: Sequence[float], *, same: float = SAME) -> list[Pair]:
    """Which songs go, each with the one that stays in its place: of songs that are the same, the longest stays."""
    stay: list[int] = []
    gone = []
    for i in sorted(range(len(alike)), key=lambda i: (-lengths_s[i], i)):
        twin = max(stay, key=lambda j: alike[i, j], default=None)
        if twin is not None and alike[i, twin] >= same:
            gone.append(Pair(i, twin, float(alike[i, twin])))
        else:
            stay.append(i)
    return sorted(gone, key=lambda pair: pair.first)
