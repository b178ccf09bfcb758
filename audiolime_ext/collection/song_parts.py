"""The parts of a song's vector: what the model says of silence, and what each stem adds.

A song's vector is the mean of a model's answers to its windows (`audiolime_ext.collection.vectors`). Stems are switched
on and off, the model answers every mix of them, and the Shapley values of these answers, output by output, are one
vector for each stem. *Silence's vector and those of the stems add up to the song's*, so whatever is a linear function
of the song's vector, is one of its parts, too: a product with another song's, a share of a feature.

A stem that a window lacks adds nothing there. The parts of a sample of masks (more than ten stems) add up as well; they
are then estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.collection.vectors import span_heard
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.track.asked import AskedTrack, WholeGame, ask_track

SILENCE = "silence"

Vectors = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SongParts:
    """The parts of a song's vector.

    Parameters
    ----------
    names : tuple of str
        Names of the stems.
    vectors : ndarray of float64, shape (1 + n_stems, n_features)
        Vector of silence, then what each stem adds.
    """

    names: tuple[str, ...]
    vectors: Vectors = field(repr=False)

    @property
    def whole(self) -> Vectors:
        """The song's vector, shape (n_features,)."""
        return np.asarray(self.vectors.sum(axis=0))

    def for_stems(self, names: Sequence[str]) -> Vectors:
        """The vectors of silence and of these stems, zero where the song lacks one: (1 + n_names, n_features)."""
        found = np.zeros((1 + len(names), self.vectors.shape[1]))
        found[0] = self.vectors[0]
        for name, vector in zip(self.names, self.vectors[1:], strict=True):
            found[1 + list(names).index(name)] = vector
        return found


def song_parts(
    audio: Any,
    model: str | Model,
    factorization: str | Factorization = "spleeter:2stems",
    *,
    middle_s: float | None = None,
    cache: bool = False,
) -> SongParts:
    """The parts of a song's vector.

    Parameters
    ----------
    audio : path, (ndarray, int), Audio, …
        Recording, as anything that `load_audio` reads.
    model : str or Model
        Model, or its spec string.
    factorization : str or Factorization
        Factorization, or its spec string.
    middle_s : float or None
        Seconds to hear from the song's middle, above 0. None: all of it.
    cache : bool
        True to keep stems and answers on disk (see `audiolime_ext.cache`).

    Raises
    ------
    AudioError
        If the recording cannot be read, is silent, or is too short for the model.
    ModelError
        If the model fails.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(24000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), window_s=1.0)
    >>> found = song_parts(oracle.mixture, peak, oracle)
    >>> found.names, found.vectors.round(3)[:, 0]
    (('loud', 'soft'), array([0. , 1. , 0.1]))
    """
    audio, model, separator = load_audio(audio), load_model(model), load_factorization(factorization)
    return parts_of(heard_in_stems(audio, model, separator, middle_s=middle_s, cache=cache).whole)


def heard_in_stems(
    audio: Audio,
    model: Model,
    separator: Factorization,
    *,
    middle_s: float | None = None,
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    cache: bool = True,
) -> AskedTrack:
    """A song asked about in stems, over as much of it as its vector is of."""
    settings = Settings(method="shapley", max_evals=max_evals, seed=seed, level_check=False)
    start_s, duration_s = span_heard(audio, model, middle_s)
    return ask_track(
        audio, model, separator, settings, start_s=start_s, duration_s=duration_s, cache=cache, tagged=False
    )


def parts_of(game: WholeGame) -> SongParts:
    """The parts of the vector of a song whose game is known."""
    shares = shapley_values(game.outputs).weights.T
    return SongParts(game.names, np.concatenate([game.outputs.empty[None], shares]))
