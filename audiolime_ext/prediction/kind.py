"""What a model's answers are: scores of labels, log-odds, or values of any scale, and what can be said of each.

A *score* lies between 0 and 1 and says how strongly the model says a named label. Only of scores can it be said that
the model "does not say" a label. Anything else is a *value*: of a regressor, of an embedding, of a contrast, of a
function of the outputs. It has no floor, and the range of its values over the mixes decides which differences are
large.

The kind follows from the evaluated answers and the names of the outputs alone: outputs without names (numbers) are
values, and so is everything that a model answers if one of its answers lies outside 0…1 (beyond rounding).

Two limits hold for everything that is said of scores:

- below `FLOOR` a label counts as not said. Where the scores of all labels add up to one (softmax) the floor is chance,
  if that is lower: one of 500 classes at .03 is said.
- a score closer than `NEAR` to the baseline's counts as the baseline's.

Both are .05: of 141 pairs of a window and its top tag on real clips a quarter lay within .05 of silence's own score.
For log-odds they are what they are for the score: −2.94, and .2 (which is .05 where the score is one half). Of other
values `NEAR` is a twentieth of the range of the values of all mixes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FLOOR = NEAR = 0.05
NEAR_LOG_ODDS = 4 * NEAR
ROUNDING = 1e-6  # of float32 scores, beyond 0 and 1
SUMS_TO_ONE = 1e-3
DECIMALS = 2


@dataclass(frozen=True)
class Kind:
    """How values are called and judged.

    Parameters
    ----------
    noun : {"score", "log-odds", "value"}
        Name of the values in sentences.
    numbered : bool
        True if the outputs have no names.
    floor : float
        Value below which the model does not say a label; −∞ where no value says so.
    near : float or None
        Difference below which values are the same; None: a twentieth of the range of all mixes.

    Examples
    --------
    >>> Kind.of(np.array([[0.2, 0.9]]), ("rock", "pop")).noun, Kind.of(np.array([[-11.96]]), ("0",)).called("0")
    ('score', 'output 0')
    """

    noun: str
    numbered: bool = False
    floor: float = -math.inf
    near: float | None = None

    @classmethod
    def of(cls, values: Array, labels: Sequence[str], target: str = "score", *, contrast: bool = False) -> Kind:
        """The kind of the explained values.

        Parameters
        ----------
        values : ndarray of float64, shape (n_mixes, n_labels)
            Values for all mixes, or all windows, that were asked about.
        labels : sequence of str
            Names of the values.
        target : str
            Name of what is explained of the outputs, as results state it.
        contrast : bool
            True if that is how far one label is above another.
        """
        numbered = numbers(labels)
        least = 0.0 - contrast - ROUNDING
        bounded = bool((values >= least).all() and (values <= 1 + ROUNDING).all())
        if target == "log-odds":
            return cls("log-odds", numbered, math.log(FLOOR / (1 - FLOOR)), NEAR_LOG_ODDS)
        if contrast:
            return cls("value", False, -math.inf, NEAR if bounded else None)
        if target != "score" or numbered or not bounded:
            return cls("value", numbered)
        chance = 1 / len(labels) if np.allclose(values.sum(axis=1), 1, rtol=0, atol=SUMS_TO_ONE) else 1.0
        return cls("score", False, min(FLOOR, chance), min(NEAR, chance))

    def called(self, label: str) -> str:
        """A label within a sentence: its name, or ``output 69``."""
        return f"output {label}" if self.numbered else label

    def nearness(self, spread: float) -> float:
        """Closer values are the same; `spread` is the range of the label's values over all mixes."""
        return NEAR * spread if self.near is None else self.near

    def said_of_the_baseline(self, full: float, empty: float) -> bool:
        """Whether the baseline alone has at least half of a score (or of a contrast, or of the score of log-odds)."""
        if self.near is None:
            return False
        if self.noun == "log-odds":
            full, empty = (1 / (1 + math.exp(-value)) for value in (full, empty))
        return full > 0 and empty >= full / 2


def numbers(labels: Sequence[str]) -> bool:
    """Whether outputs have numbers in place of names.

    Examples
    --------
    >>> numbers(("0", "1", "2")), numbers(("rock",))
    (True, False)
    """
    return tuple(labels) == tuple(str(i) for i in range(len(labels)))


def decimals(largest: float) -> int:
    """Number of decimals for values up to `largest`: two, and more where two would show nothing.

    Examples
    --------
    >>> decimals(12.0), decimals(0.4), decimals(0.004)
    (2, 2, 4)
    """
    return DECIMALS if largest == 0 else max(DECIMALS, 1 - math.floor(math.log10(largest)))
