"""A mean over windows with its interval, or no number where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.relevance import mean_intervals
from audiolime_ext.text import minus

N_DRAWS = 2000


@dataclass(frozen=True)
class Mean:
    """The mean of a number over windows, with a 95 % interval by a bootstrap over them.

    Parameters
    ----------
    value : float or None
        Mean over the windows in which the number is defined; None: it is in none.
    low, high : float or None
        Ends of the interval; None: fewer than two windows.
    n : int
        Number of windows in which it is defined.

    Examples
    --------
    >>> Mean.over(np.array([0.5, np.nan]))
    Mean(value=0.5, low=None, high=None, n=1)
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    @classmethod
    def over(cls, values: Floats, *, seed: int = 0) -> Mean:
        """The mean of numbers, shape (n_windows,), leaving out NaN."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(None, None, None, 0)
        ends = mean_intervals(known[:, None], 0.95, N_DRAWS, seed)
        low, high = (None, None) if ends is None else (float(ends[0][0]), float(ends[1][0]))
        return cls(float(known.mean()), low, high, len(known))

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        ends = "" if self.low is None or self.high is None else f" ({self.low:.3f} to {self.high:.3f})"
        return minus(f"{self.value:.3f}{ends}")
