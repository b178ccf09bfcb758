"""A recording whose stems are turned up and down: what the model answers then, and how it sounds.

A mask switches a stem on or off; here it is given a change of its level in dB, 0 where it is not named and −inf where
it is taken out. Every window that sounds is mixed anew and the model asked about it: *no change gives the answers to
the recording itself, −inf those to the mask without the stem*. What is no component of a window, such as a residual in
the background, stays as it is.

The stems are separated once. As the model hears them they are held in memory from then on, at its rate and in its
channels: three stems of a song take about half as much as the song, for a model that listens in mono at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.components.components import Components, Gains
from audiolime_ext.components.game import answers
from audiolime_ext.components.mixing import weighted_sums
from audiolime_ext.errors import unknown
from audiolime_ext.prediction.asking import n_at_once, predict
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.progress.stages import tracked
from audiolime_ext.track.asked import AskedTrack
from audiolime_ext.track.windows import Answer, Span

Changes = Mapping[str, float]  # stem → change of its level in dB


@dataclass(frozen=True, eq=False)
class Remix:
    """A recording whose stems can be turned up and down.

    Parameters
    ----------
    asked : AskedTrack
        Recording, how it is split, and the model.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from audiolime_ext.collection.song_parts import heard_in_stems
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(24000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), window_s=1.0)
    >>> remix = Remix(heard_in_stems(oracle.mixture, peak, oracle, cache=False))
    >>> remix.outputs({"soft": 20.0}).round(2)[:, 0], remix.outputs({"loud": -np.inf}).round(2)[:, 0]
    (array([2., 2., 2.]), array([0.1, 0.1, 0.1]))
    """

    asked: AskedTrack

    @cached_property
    def windows(self) -> tuple[Answer, ...]:
        """The windows that sound, with what the model answered to their masks."""
        return tuple(answer for answer in self.asked.answers if answer.names)

    def outputs(self, changes_db: Changes) -> Scores:
        """The model's answers to each window that sounds with its stems changed, shape (n_windows, n_outputs).

        Raises
        ------
        UsageError
            If there is no such stem.
        ModelError
            If the model fails.
        """
        self._require(changes_db)
        asking = self.asked.asking
        mixes = (
            (partial(_mixes, heard), _gains(answer.names, changes_db)[None])
            for answer, heard in zip(self.windows, self._heard, strict=True)
        )
        found = answers(partial(predict, asking.model), asking.grid, mixes, size=n_at_once(asking.model))
        return np.concatenate(found)

    def listen(self, window: int, changes_db: Changes, *, name: str) -> Audio:
        """A window that sounds, by its number, with its stems changed; at the recording's rate, louder is not clipped.

        Raises
        ------
        UsageError
            If there is no such stem.
        """
        self._require(changes_db)
        built = self._components(self.windows[window])
        return built.listen(_gains(built.names, changes_db), background=True, name=name)

    def _require(self, changes_db: Changes) -> None:
        for stem in changes_db:
            if stem not in self.asked.whole.names:
                raise unknown("stem", stem, self.asked.whole.names)

    @cached_property
    def _heard(self) -> tuple[Samples, ...]:
        shown = tracked(self.windows, "hearing stems", "window")
        return tuple(self._components(answer).heard for answer in shown)

    def _components(self, answer: Answer) -> Components:
        span: Span = answer.start_s, answer.duration_s
        return self.asked.asking.components(span)


def _gains(names: tuple[str, ...], changes_db: Changes) -> Gains:
    return np.asarray(10 ** (np.array([changes_db.get(name, 0.0) for name in names]) / 20))


def _mixes(heard: Samples, gains: Gains) -> Samples:
    """Mixes (n_mixes, n_channels, n_samples) of a window's stems; a residual in the background stays as it is."""
    background: NDArray[np.float32] = np.ones((len(gains), len(heard) - gains.shape[1]), np.float32)
    every = np.concatenate([np.asarray(gains, np.float32), background], axis=1)
    return weighted_sums(every, heard.reshape(len(heard), -1)).reshape(len(gains), *heard.shape[1:])
