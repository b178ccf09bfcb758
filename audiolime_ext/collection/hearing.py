"""How an index hears a song: the song's vector and, where songs are split into stems, the vector's parts.

The vector is that of `audiolime_ext.collection.vectors`, the same whether or not the song is split. Invariant: *its
parts add up to it*, to 1e-4 of its length. They do so by themselves, as stems sum to the song; where they do not, the
model answers the same sound otherwise each time, and the song cannot be indexed with stems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import SongParts, heard_in_stems, parts_of
from audiolime_ext.collection.vectors import SongVector, middle, song_vector
from audiolime_ext.errors import AudioError
from audiolime_ext.factorization.contract import Factorization, factorize_in_parts
from audiolime_ext.prediction.contract import Model

_TOLERANCE = 1e-4  # of the vector's length


@dataclass(frozen=True)
class Ears:
    """What hears songs.

    Parameters
    ----------
    model : Model
        Model whose answers are the vectors.
    separator : Factorization or None
        Factorization that makes the stems; None: songs are not split.
    middle_s : float or None
        Seconds to hear from the middle of each song; None: all of it.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(24000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), window_s=1.0)
    >>> vector, parts = Ears(peak, oracle).hear(oracle.mixture)
    >>> vector.mean.round(3), parts.vectors.round(3)[:, 0]
    (array([1.1], dtype=float32), array([0. , 1. , 0.1]))
    """

    model: Model
    separator: Factorization | None = None
    middle_s: float | None = None

    def hear(self, audio: Audio) -> tuple[SongVector, SongParts | None]:
        """The vector of a song, and its parts; None where songs are not split.

        Raises
        ------
        AudioError
            If it is silent, too short for the model, or its parts do not add up to its vector.
        ModelError
            If the model fails.
        """
        vector = song_vector(audio, self.model, middle_s=self.middle_s)
        if self.separator is None:
            return vector, None
        asked = heard_in_stems(audio, self.model, self.separator, middle_s=self.middle_s, cache=False)
        parts = parts_of(asked.whole)
        _require_sum(audio, vector.mean, parts)
        return vector, parts

    def split(self, audio: Audio) -> None:
        """Only split a song, as `hear` would."""
        if self.separator is not None:
            start_s, duration_s = middle(audio.duration_s, self.middle_s)
            for _ in factorize_in_parts(self.separator, audio, start_s=start_s, duration_s=duration_s):
                pass


def _require_sum(audio: Audio, vector: Any, parts: SongParts) -> None:
    off, length = float(np.linalg.norm(parts.whole - vector)), float(np.linalg.norm(vector))
    if not off <= _TOLERANCE * length:
        raise AudioError(
            f"the model answers otherwise to the sum of the stems of {audio.name!r} than to the song itself (by "
            f"{off / length if length else off:.1g} of its vector), so the stems do not explain it: its answers may be "
            "random. Index without stems, or with a model that answers the same sound alike"
        )
