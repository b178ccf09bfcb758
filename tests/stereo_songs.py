"""Songs with true stems, and what splits and hears them: the drums are on the left, all else is on the right.

`sides` gives the stems as they were mixed; a side that is silent is no stem. `linear` is an embedder that hears all
stems alike: a random projection of the waveform, so what it says of a sum is the sum of what it says.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio, Stems, tagger
from tests.song_collection import SR, WINDOW_S, song, write_song

N_FEATURES = 16
STEMS = ("drums", "other")


class Sides:
    """The channels of a stereo recording, each as a stem of two channels."""

    spec, fingerprint, scope, references = "tests.stereo_songs:sides", "sides 1", "blocks", ()

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of an excerpt."""
        first, end = audio.span(start_s, duration_s)
        both = np.eye(2, dtype=np.float32)[:, :, None] * audio.samples[:, first:end]
        sounding = [at for at in range(2) if audio.samples[at].any()]
        return Stems(tuple(STEMS[at] for at in sounding), both[sounding], audio.sr)


def stereo(drums: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """A song of two stems, shape (2, n_samples)."""
    return np.stack([drums, other])


def make_pairs(folder: Path, n_drums: int, n_others: int) -> Path:
    """Write a song ``d-o.wav`` for each pair of drums d and other stems o; the folder."""
    for d, o in product(range(n_drums), range(n_others)):
        write_song(folder / f"{d}-{o}.wav", stereo(song(d), song(100 + o)).T)
    return folder


def _project(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    directions = np.random.default_rng(0).normal(size=(round(SR * WINDOW_S), N_FEATURES))
    return batch.astype(np.float64) @ directions + 1.0  # what it says of silence


def _moody(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    _moody.n_asked: int = getattr(_moody, "n_asked", 0) + 1  # type: ignore[attr-defined, misc]
    return _project(batch) * (1 + 0.01 * _moody.n_asked)  # type: ignore[attr-defined, no-any-return]


sides: Any = Sides()
linear = tagger(_project, sr=SR, window_s=WINDOW_S, version="1")
moody = tagger(_moody, sr=SR, window_s=WINDOW_S, version="1")
LINEAR, SIDES = "tests.stereo_songs:linear", str(Sides.spec)
