r"""How good similarities are: does a song find those that belong with it?

Every song asks for its neighbours, which are ranked by similarity; the song itself is not among them. Relevant are the
songs of its group (a soundtrack, an album, a genre). With :math:`r_i` 1 where the i-th neighbour is relevant, else 0,
and R relevant songs in all, a query has these measures, each from 0 to 1:

- *P@1* is :math:`r_1`: is the nearest song relevant?
- *R@k*, recall, is :math:`\sum_{i \le k} r_i / R`: how many of the relevant songs are among the k nearest?
- *NDCG@k* is :math:`\sum_{i \le k} r_i / \log_2(i + 1)` relative to its greatest possible value, so that early hits
  count more;
- *AP*, average precision, is the mean over all relevant songs of the precision at the place where each is found. Its
  mean over queries is called MAP.

Invariants: *ties are broken against the method*, songs that are not relevant come first, so that similarities that tell
nothing apart earn nothing; *a query without a relevant song has no measures*: it is left out, and counted.

Methods are compared on the same queries. Songs of one soundtrack are not independent of each other, so intervals come
from a paired bootstrap over groups: whole groups of queries are drawn again, and the difference of the two means is
taken anew. The songs that are searched stay the same.

References
----------
K. Järvelin, J. Kekäläinen: Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4), 2002.
B. Efron, R. Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
A. Flexer, D. Schnitzer: Effects of album and artist filters in audio similarity computed for very large music
databases, Computer Music Journal 34(3), 2010.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audiolime_ext.errors import UsageError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MEASURES = ("P@1", "R@k", "NDCG@k", "AP")


@dataclass(frozen=True, eq=False)
class Retrieval:
    """The measures of every query that has a relevant song.

    Parameters
    ----------
    queries : ndarray of int, shape (n_queries,)
        Rows of the similarities that the measures belong to, ascending.
    measures : mapping of str to ndarray of float64, shape (n_queries,)
        Name of `MEASURES` → the values, 0 to 1.
    k : int
        Number of neighbours that R@k and NDCG@k look at.
    n_left_out : int
        Number of queries without a relevant song.
    """

    queries: NDArray[np.intp]
    measures: Mapping[str, Floats] = field(repr=False)
    k: int
    n_left_out: int

    def mean(self, measure: str) -> float:
        """Mean of a measure over the queries; NaN where there are none."""
        values = self.measures[measure]
        return float(values.mean()) if len(values) else float("nan")

    def only(self, chosen: Sequence[bool] | Mask) -> Retrieval:
        """The same, of some queries: `chosen` has a truth value for each row of the similarities."""
        kept = np.asarray(chosen, bool)[self.queries]
        measures = {name: values[kept] for name, values in self.measures.items()}
        return Retrieval(self.queries[kept], measures, self.k, self.n_left_out)


@dataclass(frozen=True)
class Difference:
    """How much better one method is than another: the difference of two means, and its interval.

    Parameters
    ----------
    value : float
        Mean of the first minus mean of the second.
    low, high : float
        Ends of the interval.
    level : float
        Its confidence, such as 0.95.
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def by_group(
    similarities: ArrayLike,
    groups: Sequence[Hashable],
    *,
    k: int = 10,
    artists: Sequence[Hashable] | None = None,
) -> Retrieval:
    """Measures of similarities among songs, where the songs of a query's group are relevant.

    Parameters
    ----------
    similarities : array_like of float, shape (n_songs, n_songs)
        Nearness of each song (column) to each query (row); greater is nearer. The diagonal is not looked at.
    groups : sequence of hashable
        Group of each song.
    k : int
        Number of neighbours for R@k and NDCG@k, at least 1.
    artists : sequence of hashable, or None
        Artist of each song, None where it is unknown: songs of the query's artist are neither found nor relevant. None:
        no such filter.

    Raises
    ------
    UsageError
        If numbers of songs differ, a similarity is NaN, or k is below 1.

    Examples
    --------
    >>> near = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.2], [0.1, 0.2, 0.0]])
    >>> found = by_group(near, ["a", "a", "b"], k=1)
    >>> found.mean("P@1"), found.n_left_out
    (1.0, 1)
    """
    known, whose = _same(groups), _same(artists) if artists is not None else None
    n = len(known)
    if np.shape(similarities) != (n, n) or (whose is not None and len(whose) != n):
        raise UsageError(
            f"similarities of shape {np.shape(similarities)} need a group, and an artist if any is given, for each row "
            f"and column; groups given: {n}"
        )
    itself = np.eye(n, dtype=bool)
    if whose is None:
        return of_relevant(similarities, known, excluded=itself, k=k)
    unknown = np.array([artist is None for artist in artists or ()])
    return of_relevant(similarities, known, excluded=itself | (whose & ~unknown), k=k)


def of_relevant(
    similarities: ArrayLike, relevant: ArrayLike, *, excluded: ArrayLike | None = None, k: int = 10
) -> Retrieval:
    """Measures of queries in a collection, where it is known which songs are relevant to which query.

    Parameters
    ----------
    similarities : array_like of float, shape (n_queries, n_songs)
        Nearness of each song to each query; greater is nearer.
    relevant : array_like of bool, shape (n_queries, n_songs)
        Truth values: whether a song is relevant to a query.
    excluded : array_like of bool, shape (n_queries, n_songs), or None
        Truth values: whether a query must not find a song, such as itself; such a song is not relevant either. None:
        every song may be found.
    k : int
        Number of neighbours for R@k and NDCG@k, at least 1.

    Raises
    ------
    UsageError
        If shapes differ, a similarity is NaN, or k is below 1.

    Examples
    --------
    >>> found = of_relevant([[0.9, 0.5, 0.1]], [[False, True, True]], k=2)
    >>> {name: round(found.mean(name), 3) for name in MEASURES}
    {'P@1': 0.0, 'R@k': 0.5, 'NDCG@k': 0.387, 'AP': 0.583}
    """
    near, wanted = np.asarray(similarities, float), np.asarray(relevant, bool)
    hidden = np.zeros_like(wanted) if excluded is None else np.asarray(excluded, bool)
    if not near.shape == wanted.shape == hidden.shape or near.ndim != 2:
        shapes = f"similarities {near.shape}, relevant {wanted.shape} and excluded {hidden.shape}"
        raise UsageError(f"{shapes} must have one shape (n_queries, n_songs)")
    if k < 1:
        raise UsageError(f"k is {k}; at least one neighbour is looked at")
    if np.isnan(near[~hidden]).any():
        raise UsageError("a similarity is NaN: a vector is not finite, or is zero and has no direction")
    wanted = wanted & ~hidden
    queries = np.flatnonzero(wanted.any(axis=1))
    rows = [_measured(near[q][~hidden[q]], wanted[q][~hidden[q]], k) for q in queries]
    columns = np.array(rows).reshape(-1, len(MEASURES)).T
    measures = dict(zip(MEASURES, columns, strict=True))
    return Retrieval(queries, measures, k, len(near) - len(queries))


def _same(names: Sequence[Hashable]) -> Mask:
    """Which of some names are equal, shape (n, n)."""
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    numbers = np.array([number[name] for name in names], int)
    return np.asarray(numbers[:, None] == numbers)


def _measured(near: Floats, wanted: Mask, k: int) -> tuple[float, ...]:
    """The `MEASURES` of one query, over the songs that it may find."""
    hits = wanted[np.lexsort((wanted, -near))].astype(float)  # by similarity, then what is not relevant
    places, n = np.arange(1, len(hits) + 1), int(hits.sum())
    discounts = 1 / np.log2(places + 1)
    gain = hits[:k] @ discounts[:k] / discounts[: min(k, n)].sum()
    return float(hits[0]), hits[:k].sum() / n, float(gain), float((hits * hits.cumsum() / places).sum() / n)


def difference(
    first: Retrieval,
    second: Retrieval,
    groups: Sequence[Hashable],
    *,
    measure: str = "AP",
    level: float = 0.95,
    n_draws: int = 10_000,
    seed: int = 0,
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

    Raises
    ------
    UsageError
        If the methods were asked different queries, or there are fewer than two groups.

    Examples
    --------
    >>> groups = ["a", "a", "b", "b"]
    >>> right = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], float)
    >>> difference(by_group(right, groups), by_group(1 - right, groups), groups, measure="P@1")
    Difference(value=1.0, low=1.0, high=1.0, level=0.95)
    """
    if not np.array_equal(first.queries, second.queries):
        raise UsageError("two methods are compared on the same queries; theirs differ")
    names = [groups[query] for query in first.queries]
    sums: dict[Hashable, list[float]] = {}
    for name, gain in zip(names, first.measures[measure] - second.measures[measure], strict=True):
        sums.setdefault(name, []).append(float(gain))
    if len(sums) < 2:
        raise UsageError(f"a bootstrap over groups needs two groups at least; the queries have {len(sums)}")
    totals, counts = (np.array([one(gains) for gains in sums.values()], float) for one in (sum, len))
    drawn = np.random.default_rng(seed).integers(len(totals), size=(n_draws, len(totals)))
    means = totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Difference(float(totals.sum() / counts.sum()), float(low), float(high), level)
