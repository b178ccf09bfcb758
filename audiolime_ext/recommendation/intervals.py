"""How sure a mean over queries is, and whether one method is better than another: a bootstrap over groups.

Songs of one soundtrack are not independent of each other, so whole groups of queries are drawn again, and the mean, or
the difference of two means on the same queries, is taken anew. The songs that are searched stay the same.

Intervals are those of percentiles. Of few groups they are too narrow: of two methods that are equally good, an interval
of 95 % leaves out zero not in 5 of 100 cases, but, measured with groups of six, in 20 of 100 with 5 groups, in 11 with
12, in 7 with 31 and in 6 with 60. *Widened*, percentiles lie as far out as Student's distribution does: with n groups
at Φ(−√(n / (n − 1)) · t), t its quantile with n − 1 degrees of freedom. Then it is in 10, 8, 6 and 5 of 100 cases.
(``python -m tests.studies.groups`` measures that.)

References
----------
B. Efron, R. Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
T. Hesterberg: What teachers should know about the bootstrap, The American Statistician 69(4), 2015, section 5.3
(expanded percentiles).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.retrieval import Floats, Retrieval

_ROUNDED = 1e-12  # what is less is rounding
_DRAWN = 4_000_000  # groups that are drawn at a time


@dataclass(frozen=True)
class Interval:
    """A mean over queries, and its interval by a bootstrap over groups.

    Parameters
    ----------
    value : float
        Mean.
    low, high : float
        Ends of the interval.
    level : float
        Its confidence, such as 0.95.
    """

    value: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True)
class Difference(Interval):
    """How much better one method is than another: the mean of the first minus that of the second, and its interval."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero, and not by rounding alone."""
        return self.low > _ROUNDED or self.high < -_ROUNDED


def average(
    found: Retrieval,
    groups: Sequence[Hashable],
    *,
    measure: str = "AP",
    level: float = 0.95,
    n_draws: int = 10_000,
    seed: int = 0,
    widened: bool = False,
) -> Interval:
    """The mean of a measure over queries, with an interval by a bootstrap over groups; parameters as `difference` has.

    Raises
    ------
    UsageError
        If there are fewer than two groups.

    Examples
    --------
    >>> from audiolime_ext.recommendation.retrieval import by_group
    >>> groups = ["a", "a", "b", "b"]
    >>> right = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]], float)
    >>> average(by_group(right, groups), groups, measure="P@1")
    Interval(value=0.75, low=0.5, high=1.0, level=0.95)
    """
    return Interval(*_bootstrap(found.measures[measure], found.queries, groups, level, n_draws, seed, widened))


def difference(
    first: Retrieval,
    second: Retrieval,
    groups: Sequence[Hashable],
    *,
    measure: str = "AP",
    level: float = 0.95,
    n_draws: int = 10_000,
    seed: int = 0,
    widened: bool = False,
) -> Difference:
    """The difference of two methods on the same queries, with an interval by a bootstrap over groups.

    Parameters
    ----------
    first, second : Retrieval
        Measures of two methods.
    groups : sequence of hashable
        Group of each row of the similarities, as given to `by_group`.
    measure : str
        Name from `MEASURES`.
    level : float
        Confidence of the interval, between 0 and 1.
    n_draws : int
        Number of draws.
    seed : int
        Seed of the draws.
    widened : bool
        True to widen the interval as few groups need it; see the module.

    Raises
    ------
    UsageError
        If the methods were asked different queries, or there are fewer than two groups.

    Examples
    --------
    >>> from audiolime_ext.recommendation.retrieval import by_group
    >>> groups = ["a", "a", "b", "b"]
    >>> right = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], float)
    >>> difference(by_group(right, groups), by_group(1 - right, groups), groups, measure="P@1")
    Difference(value=1.0, low=1.0, high=1.0, level=0.95)
    """
    if not np.array_equal(first.queries, second.queries):
        raise UsageError("two methods are compared on the same queries; theirs differ")
    gains = first.measures[measure] - second.measures[measure]
    return Difference(*_bootstrap(gains, first.queries, groups, level, n_draws, seed, widened))


def _bootstrap(
    values: Floats,
    queries: NDArray[np.intp],
    groups: Sequence[Hashable],
    level: float,
    n_draws: int,
    seed: int,
    widened: bool,
) -> tuple[float, float, float, float]:
    """The mean of values, the ends of its interval, and its level."""
    sums: dict[Hashable, list[float]] = {}
    for query, value in zip(queries, values, strict=True):
        sums.setdefault(groups[query], []).append(float(value))
    if len(sums) < 2:
        raise UsageError(f"a bootstrap over groups needs two groups at least; the queries have {len(sums)}")
    totals, counts = (np.array([one(of) for of in sums.values()], float) for one in (sum, len))
    rng, at_once = np.random.default_rng(seed), max(1, _DRAWN // len(totals))
    means = []
    for begin in range(0, n_draws, at_once):
        drawn = rng.integers(len(totals), size=(min(at_once, n_draws - begin), len(totals)))
        means.append(totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    tail = tail_of(level, len(totals)) if widened else (1 - level) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(totals.sum() / counts.sum()), float(low), float(high), level


def tail_of(level: float, n_groups: int) -> float:
    """Share of draws beyond each end of a widened interval."""
    from scipy.special import ndtr, stdtrit

    t = stdtrit(n_groups - 1, (1 + level) / 2)
    return float(ndtr(-np.sqrt(n_groups / (n_groups - 1)) * t))
