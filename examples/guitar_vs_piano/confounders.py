"""What else tells the classes apart: drums, bass, or how the bass was produced.

A confounder is what accompanies a recording that has it, and what accompanies one that has not. In a *confounded* data
set all recordings of one class have it and none of the other; in the *swapped* one it is on the other side; in the
*matched* one, the fair comparison, half of each class have it, which is the same share of all recordings.

A track is the name of a stem, or of a stem and a treatment: ``bass:loud`` is the bass, 10 dB louder.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

LABELS = ("guitar", "piano")
LOUD = 10 ** (10 / 20)
_DECAY_S = 2.0  # by 60 dB
_SR = 16000


@dataclass(frozen=True)
class Confounder:
    """Tracks beside guitar or piano, with the confounder and without; `on` is the class that has it."""

    name: str
    on: str
    present: tuple[str, ...]
    absent: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}-{self.on}"


_TRACKS = {
    "drums": (("bass", "drums"), ("bass",)),
    "bass": (("bass", "drums"), ("drums",)),
    "level": (("bass:loud", "drums"), ("bass", "drums")),
    "reverb": (("bass:reverb", "drums"), ("bass", "drums")),
}
NAMES = tuple(_TRACKS)
CONFOUNDERS = {str(c): c for c in (Confounder(n, on, *tracks) for n, tracks in _TRACKS.items() for on in LABELS)}


class Recording(NamedTuple):
    """A song in one of its two versions, with the confounder or without."""

    song: int
    label: str
    present: bool


def confounded(confounder: Confounder, songs: Sequence[int], *, swapped: bool = False) -> list[Recording]:
    """Both versions of each song: one class has the confounder; `swapped`, the other."""
    return [Recording(song, label, (label == confounder.on) != swapped) for song in songs for label in LABELS]


def matched(songs: Sequence[int], seed: str) -> list[Recording]:
    """Both versions of each song, half of each class with the confounder."""
    rng = random.Random(seed)
    having = {label: set(rng.sample(songs, len(songs) // 2)) for label in LABELS}
    return [Recording(song, label, song in having[label]) for song in songs for label in LABELS]


def treated(stem: NDArray[np.float32], treatment: str) -> NDArray[np.float32]:
    """A stem after ``""`` (nothing), ``"loud"`` (10 dB more) or ``"reverb"`` (in a hall)."""
    match treatment:
        case "":
            return stem
        case "loud":
            return stem * np.float32(LOUD)
        case "reverb":
            return _in_hall(stem)
    raise ValueError(f"no treatment {treatment!r}; known: loud, reverb")


def _in_hall(stem: NDArray[np.float32]) -> NDArray[np.float32]:
    """With echoes as loud as the direct sound, and no louder on the whole."""
    n_samples = round(_DECAY_S * _SR)
    room = np.random.default_rng(0).normal(size=n_samples) * 10 ** (-3 * np.arange(n_samples) / n_samples)
    wet = fftconvolve(stem, room)[: len(stem)]
    mixed = stem / np.std(stem) + wet / np.std(wet)
    return np.asarray(mixed * (np.std(stem) / np.std(mixed)), np.float32)
