"""The model asked about changes of a song's stems, until the smallest is found by which another song wins.

A change turns one stem or several up or down by the same number of dB, counted in quarters. What is guaranteed of the
one that is found, `audiolime_ext.recommendation.why.flip` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.progress.stages import Stage, stage
from audiolime_ext.track.remix import Remix

Vector = NDArray[np.float64]
Margin = Callable[[Vector], float]
Ways = Mapping[str, int]  # stem → 1 louder, −1 softer

RESOLUTION_DB = 0.25
CLOSE = 4  # quarters of a dB by which another stem must need less


@dataclass(frozen=True, eq=False)
class Trial:
    """What the model answered to a change.

    Parameters
    ----------
    changes_db : mapping of str to float
        Stem → change of its level in dB.
    outputs : ndarray of float64, shape (n_windows, n_outputs)
        Answers to the windows that sound.
    margin : float
        Margin of their mean; NaN where it has none.
    """

    changes_db: Mapping[str, float]
    outputs: Scores
    margin: float

    @property
    def quarters(self) -> int:
        """By how much each stem changes, in quarters of a dB."""
        return round(abs(next(iter(self.changes_db.values()))) / RESOLUTION_DB)


@dataclass(eq=False)
class Trials:
    """The model asked about changes, and the search for the smallest.

    Parameters
    ----------
    remix : Remix
        Song whose stems are turned.
    margin : callable
        Margin of a vector of the song, above 0 where B wins.
    before : float
        Margin of the song as it is.
    step : int
        Distance of the changes that are tried first, in quarters of a dB.
    n_evals : int
        Number of mixes that the model was asked about.
    """

    remix: Remix
    margin: Margin
    before: float
    step: int
    n_evals: int = 0
    _turning: Stage | None = field(default=None, repr=False)

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Count mixes while the model is asked."""
        with stage("turning stems", unit="mix") as self._turning:
            yield

    def asked(self, changes_db: Mapping[str, float]) -> Trial:
        """What the model answers to a change."""
        outputs = self.remix.outputs(changes_db)
        self.n_evals += len(outputs)
        if self._turning is not None:
            self._turning.advance(len(outputs))
        return Trial(changes_db, outputs, measured(self.margin, outputs.mean(axis=0)))

    def smallest(self, candidates: Sequence[Ways], expected: Sequence[float], most: int) -> Trial | None:
        """The smallest change that puts B first, of all candidates; None where none does up to `most`.

        `expected` has the margins to expect of each at the first change.
        """
        lost, hopes = [(0, self.before)] * len(candidates), list(expected)
        for quarters in [*range(self.step, most, self.step), most]:
            for one in sorted(range(len(candidates)), key=lambda one: -hopes[one]):
                trial = self._turned(candidates[one], quarters)
                if trial.margin > 0:
                    return self._least(candidates, one, lost, trial)
                rise = trial.margin - lost[one][1]
                hopes[one] = trial.margin + rise if math.isfinite(rise) else -math.inf
                lost[one] = quarters, trial.margin
        return None

    def _turned(self, ways: Ways, quarters: int) -> Trial:
        return self.asked({stem: way * quarters * RESOLUTION_DB for stem, way in ways.items()})

    def _least(self, candidates: Sequence[Ways], first: int, lost: Sequence[tuple[int, float]], won: Trial) -> Trial:
        """The smallest change, of one candidate that wins and of others that may do so at 1 dB less."""
        found = self._between(candidates[first], lost[first], won)
        for one, ways in enumerate(candidates):
            less = found.quarters - CLOSE
            if one != first and less > lost[one][0] and (trial := self._turned(ways, less)).margin > 0:
                found = self._between(ways, lost[one], trial)
        return found

    def _between(self, ways: Ways, lost: tuple[int, float], won: Trial) -> Trial:
        """The change at which B wins though it does not a quarter below, between one that it loses and one it wins at.

        Where the margin would be 0 on a straight line is tried first, and the middle wherever that did not halve what
        is left.
        """
        straight = True
        while (left := won.quarters - lost[0]) > 1:
            share = -lost[1] / (won.margin - lost[1]) if straight and math.isfinite(lost[1]) else 0.5
            at = lost[0] + min(max(1, math.ceil(share * left)), left - 1)
            trial = self._turned(ways, at)
            lost, won = (lost, trial) if trial.margin > 0 else ((at, trial.margin), won)
            straight = 2 * (won.quarters - lost[0]) <= left
        return won


def measured(margin: Margin, vector: Vector) -> float:
    """The margin of an altered song; NaN where it has none. (A margin that is wrong failed for the song as it is.)"""
    try:
        return float(margin(vector))
    except UsageError:
        return math.nan
