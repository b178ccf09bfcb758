"""The nearest songs to a direction, of any number of songs.

All songs are compared, by one product of the matrix with a vector; those that may be among the nearest are compared
again in double precision, so that *the order is that of exact similarities*. From 200,000 songs on, an approximate
search proposes candidates, where the package for it is installed (see `audiolime_ext.recommendation.approximate`), and
these are compared exactly in the same way. With a correction for hubs 20,000 are proposed, as the nearest after it may
be far down the list before it. The farthest are always found by comparing all songs.

Songs that are equally near are in the order of the index.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation.approximate import Proposer
from audiolime_ext.recommendation.crowd import Crowd
from audiolime_ext.recommendation.space import Space, Vector

_SPARE = 32  # candidates beyond those asked for: single precision may swap near ones
_PROPOSED = 300  # at least, by an approximate search
_ROUNDING = 1e-4  # of similarities in single precision
_TO_CORRECT = 20_000  # of which corrected nearness, roughly, chooses those to look at exactly


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is looked for.

    Parameters
    ----------
    towards : ndarray of float64, shape (n_features,)
        Direction to which songs are to be near, or any weights of the outputs.
    own : ndarray of int
        Positions of the songs that the query is made of.
    n : int
        Number of songs to find.
    excluded : collection of int
        Positions of songs that are not wanted.
    farthest : bool
        True to find those that are farthest.
    """

    towards: Vector = field(repr=False)
    own: NDArray[np.intp] = field(repr=False)
    n: int
    excluded: Collection[int] = ()
    farthest: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """Positions of songs, nearest first, with product and nearness, all of shape (n_found,).

    Nearness is the corrected one, 0 to 1, or the product itself where nothing is corrected.
    """

    positions: NDArray[np.intp]
    products: Vector
    nearness: Vector


def find(
    index: Index, space: Space, wanted: Wanted, *, crowd: Crowd | None = None, proposer: Proposer | None = None
) -> Found:
    """The songs that are nearest to a direction, or farthest from it.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.
    wanted : Wanted
        Direction and number.
    crowd : Crowd or None
        Correction for hubs; None: none.
    proposer : Proposer or None
        Approximate search that proposes candidates; None: all songs are compared.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> from audiolime_ext.recommendation.space import space_of
    >>> vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)
    >>> index = Index(Path("."), "", "", None, tuple(map(Song, "abcd")), vectors)
    >>> space = space_of(index, "plain")
    >>> found = find(index, space, Wanted(np.array([1.0, 0.0]), np.array([0]), n=2, excluded={0}))
    >>> found.positions, found.products.round(2)
    (array([2, 1]), array([0.6, 0. ]))
    """
    if proposer is not None and not wanted.farthest:
        return _proposed(index, space, wanted, crowd, proposer)
    products = space.similarities(index, wanted.towards)
    view = None if crowd is None else view_of(crowd, wanted.towards, wanted.own, products)
    listable = space.usable.copy()
    listable[list(wanted.excluded)] = False
    few = np.flatnonzero(listable)
    if crowd is not None and not wanted.farthest:
        few = _near_enough(crowd, view, products, few, wanted.n)
    near: NDArray[Any] = products[few]
    if crowd is not None:
        near = crowd.log_nearness(near, view, crowd.seen_from_songs(few))
    few = few[_smallest(near if wanted.farthest else -near, wanted.n + _SPARE)]
    return _exactly(index, space, wanted, crowd, view, few)


def _near_enough(
    crowd: Crowd, view: Any, products: NDArray[np.float32], few: NDArray[np.intp], n: int
) -> NDArray[np.intp]:
    """Those of some songs that may be among the n nearest, so that not all need be corrected."""
    first = few[_smallest(-products[few], n + _SPARE)]
    if len(first) < n + _SPARE:
        return few
    logs = np.sort(crowd.log_nearness(products[first], view, crowd.seen_from_songs(first)))
    return few[products[few] >= crowd.least_similarity(float(logs[-n - _SPARE]), view) - _ROUNDING]


def view_of(crowd: Crowd, towards: Vector, own: NDArray[np.intp], products: NDArray[np.floating]) -> Any:
    """How near a query is to all songs but its own, whose positions are `own`, of its products with every song."""
    others = products.copy()
    others[own] = np.nan
    return crowd.seen_from(towards, products[own], others)


def _proposed(index: Index, space: Space, wanted: Wanted, crowd: Crowd | None, proposer: Proposer) -> Found:
    """The same among candidates; more of them where too many are excluded."""
    excluded = np.array(sorted(wanted.excluded), np.intp)
    own = space.directions(index, wanted.own) @ wanted.towards
    view = None if crowd is None else crowd.seen_from(wanted.towards, own, None)
    n_few = max(_PROPOSED, 10 * wanted.n)
    n_proposed = n_few if crowd is None else max(n_few, _TO_CORRECT)
    while True:
        few, products = proposer(wanted.towards, n_proposed)
        listable = space.usable[few] & ~np.isin(few, excluded)
        few, products = few[listable], products[listable]
        if len(few) >= wanted.n + _SPARE or n_proposed >= len(index.vectors):
            break
        n_proposed *= 4
    if crowd is not None:
        near = crowd.log_nearness(products, view, crowd.seen_from_songs(few))
        few = few[_smallest(-near, n_few)]
    return _exactly(index, space, wanted, crowd, view, few)


def _smallest(keys: NDArray[Any], n: int) -> NDArray[np.intp]:
    return np.arange(len(keys)) if n >= len(keys) else np.sort(np.argpartition(keys, n)[:n])


def _exactly(
    index: Index, space: Space, wanted: Wanted, crowd: Crowd | None, view: Any, few: NDArray[np.intp]
) -> Found:
    """The first n of some songs, by products in double precision."""
    products = space.directions(index, few) @ wanted.towards
    logs = None if crowd is None else crowd.log_nearness(products, view, crowd.seen_from_songs(few))
    sign = 1.0 if wanted.farthest else -1.0
    keys = products if logs is None else logs
    order = np.lexsort((few, (sign * products).round(12), sign * keys))[: wanted.n]
    return Found(few[order], products[order], products[order] if logs is None else np.exp(logs[order]))
