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

Songs that are equally near, as those with equal vectors are, could come in any order: *a measure is its mean over all
these orders*, exactly [1]_. So similarities that tell nothing apart have what chance has, no less and no more. And *a
query without a relevant song has no measures*: it is left out, and counted.

How sure a mean is, or a difference of two, is said by `audiolime_ext.recommendation.intervals`.

References
----------
.. [1] McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied
   scores", ECIR 2008.

K. Järvelin, J. Kekäläinen: Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4), 2002.
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
_ROWS = 256  # queries that are ranked at a time
_EQUAL = 1e-12  # similarities that differ by less, relative to them, are equal, and rounded


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
    n = len(groups)
    if np.shape(similarities) != (n, n) or (artists is not None and len(artists) != n):
        raise UsageError(
            f"similarities of shape {np.shape(similarities)} need a group, and an artist if any is given, for each row "
            f"and column; groups given: {n}"
        )
    return of_relevant(similarities, same(groups), excluded=hidden_from(n, artists), k=k)


def hidden_from(n: int, artists: Sequence[Hashable] | None = None) -> Mask:
    """Which of n songs (column) a query (row) must not find, shape (n, n): itself and, if any, those of its artist.

    Examples
    --------
    >>> hidden_from(3, ["a", "a", None]).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    itself = np.eye(n, dtype=bool)
    if artists is None:
        return itself
    return np.asarray(itself | (same(artists) & ~np.array([artist is None for artist in artists], bool)))


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
    parts = [measured(*_hits(near, wanted, hidden, rows), k) for rows in _blocks(queries)]
    columns = np.concatenate([np.zeros((len(MEASURES), 0)), *parts], axis=1)
    return Retrieval(queries, dict(zip(MEASURES, columns, strict=True)), k, len(near) - len(queries))


def same(names: Sequence[Hashable]) -> Mask:
    """Which of some names are equal, shape (n, n)."""
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    numbers = np.array([number[name] for name in names], int)
    return np.asarray(numbers[:, None] == numbers)


def measured(hits: Mask, farther: Mask, k: int) -> Floats:
    """The `MEASURES` of queries, shape (n_measures, n_queries), each of which has a hit.

    Parameters
    ----------
    hits : ndarray of bool, shape (n_queries, n_songs)
        Truth values: whether what is found at each place, from the nearest on, is relevant.
    farther : ndarray of bool, shape (n_queries, n_songs)
        Truth values: whether what is found at each place is farther than what is before it, and not as near.
    k : int
        Number of neighbours for R@k and NDCG@k, at least 1.

    Examples
    --------
    >>> hits = np.array([[False, True], [True, True]])
    >>> measured(hits, np.ones((2, 2), bool), 1).round(2)
    array([[0. , 1. ],
           [0. , 0.5],
           [0. , 1. ],
           [0.5, 1. ]])

    Where the two are equally near, the one that is relevant comes first in one of two orders:

    >>> measured(hits, np.zeros((2, 2), bool), 1)[3]
    array([0.75, 1.  ])
    """
    found = hits.astype(float)
    places, n = np.arange(1, found.shape[1] + 1), found.sum(axis=1)
    share, together = (found, found * found.cumsum(axis=1)) if farther.all() else _over_orders(found, farther)
    discounts = 1 / np.log2(places + 1)
    best = np.cumsum(discounts)[np.minimum(k, n).astype(int) - 1]
    precision = (together / places).sum(axis=1) / n
    return np.stack([share[:, 0], share[:, :k].sum(axis=1) / n, share[:, :k] @ discounts[:k] / best, precision])


def _over_orders(found: Floats, farther: Mask) -> tuple[Floats, Floats]:
    """Two means over all orders of equally near songs: hits at each place; and these times all hits up to there."""
    begins = farther.copy()
    begins[:, 0] = True  # each query has its own
    firsts, run = np.flatnonzero(begins), begins.ravel().cumsum() - 1
    size, right = np.bincount(run), np.bincount(run, found.ravel())
    before = (found.cumsum(axis=1) - found).ravel()[firsts]
    inside = np.arange(found.size) - firsts[run]
    share = (right / size)[run]
    others = (right - 1) / np.maximum(size - 1, 1)  # chance that a place beside a hit, of the same run, is a hit
    together = share * (before[run] + inside * others[run] + 1)
    return share.reshape(found.shape), together.reshape(found.shape)


def _hits(near: Floats, wanted: Mask, hidden: Mask, rows: NDArray[np.intp]) -> tuple[Mask, Mask]:
    """Whether what is found at each place is relevant, and farther than what is before; what is hidden stands last."""
    order, farther = ranked(near[rows], hidden[rows])
    return np.take_along_axis(wanted[rows], order, axis=1), farther


def ranked(near: Floats, hidden: Mask) -> tuple[NDArray[np.intp], Mask]:
    """The songs of each query from the nearest on, then the hidden ones; and where one is farther than that before it.

    Parameters
    ----------
    near : ndarray of float64, shape (n_queries, n_songs)
        Nearness of each song.
    hidden : ndarray of bool, shape (n_queries, n_songs)
        Truth values: whether a query must not find a song.
    """
    far = np.where(hidden, np.inf, -near)
    order = np.argsort(far, axis=1, kind="stable")
    far = np.take_along_axis(far, order, axis=1)
    farther = np.ones_like(hidden)
    before, here = far[:, :-1], far[:, 1:]
    with np.errstate(invalid="ignore"):  # from one hidden song to the next
        farther[:, 1:] = here - before > _EQUAL * np.where(np.isfinite(before), np.abs(before), 0)
    return order, farther


def _blocks(queries: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [queries[begin : begin + _ROWS] for begin in range(0, len(queries), _ROWS)]
