"""The order that a simple recommender plays: always the nearest song that has not been played yet.

It is what a list is compared with. Each step is the best that there is, and the best songs are soon gone: towards the
end it takes what is left. It is asked for the same list: fixed songs stay where they are, and a song that would break a
rule about artists is passed over. It does not look ahead, so it may come to a place where each song that is left breaks
one; there it takes the nearest of them, and *how often it broke a rule is told*. It follows no curve.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.recommendation.playlists.pool import Places, Pool
from audiolime_ext.recommendation.playlists.rules import Rules

MOST_STARTS, _LEAST_STARTS = 256, 8
_MOST_STEPS = 30_000_000  # pairs that are looked at


@dataclass(frozen=True)
class Greedy:
    """The order that always plays the nearest song that has not been played yet.

    Parameters
    ----------
    names : tuple of str
        Names of the songs, in order.
    nearness : tuple of float
        Nearness of each to the next one.
    n_starts : int
        Number of first songs that were tried, of which this is the best; 1: the first song was given.
    n_broken : int
        Number of times that it breaks a rule about artists, as it does not look ahead.
    """

    names: tuple[str, ...] = field(repr=False)
    nearness: tuple[float, ...] = field(repr=False)
    n_starts: int = 1
    n_broken: int = 0

    @property
    def total(self) -> float:
        """Sum of the distances, 1 less nearness, from each song to the next one."""
        return sum(1.0 - near for near in self.nearness)


def greedy_order(pool: Pool, rules: Rules, given: Places) -> Places:
    """The simple order of as many songs as there are places, shape (n,).

    Parameters
    ----------
    pool : Pool
        Songs.
    rules : Rules
        Rules about artists.
    given : ndarray of int, shape (n,)
        Song that is fixed at each place; −1: none. The first place has one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.index import Index
    >>> from audiolime_ext.collection.songs import Song
    >>> from audiolime_ext.recommendation.playlists.rules import rules_of
    >>> from audiolime_ext.recommendation.space import space_of
    >>> angles = np.radians([0, 10, -15, 40])
    >>> vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    >>> songs = (Song("a", artist="Bach"), Song("b", artist="Bach"), Song("c"), Song("d"))
    >>> index = Index(Path("."), "", "", None, songs, vectors)
    >>> pool, start = Pool(index, space_of(index, "plain"), np.arange(4)), np.array([0, -1, -1, -1])
    >>> greedy_order(pool, rules_of(index, np.arange(4), None, None), start)
    array([0, 1, 2, 3])
    >>> greedy_order(pool, rules_of(index, np.arange(4), None, 2), start)
    array([0, 2, 1, 3])
    """
    order = given.copy()
    for place in range(1, len(order)):
        if order[place] >= 0:
            continue
        distance = pool.towards(order[place - 1 : place])[0].copy()
        barred = rules.barred(order, place)
        if barred.all():
            barred[:] = False
            barred[order[order >= 0]] = True
        distance[barred] = np.inf
        order[place] = int(np.argmin(distance))
    return order


def best_greedy(pool: Pool, rules: Rules, given: Places, seed: int = 0) -> tuple[Places, int]:
    """The simple order from the song at the first place or, where none is fixed there, the best of up to 256 starts.

    Returned with the number of starts. An order that keeps the rules is better than one that does not.
    """
    if given[0] >= 0:
        return greedy_order(pool, rules, given), 1
    free = np.flatnonzero(~rules.barred(given, 0))
    few = min(len(free), MOST_STARTS, max(_LEAST_STARTS, _MOST_STEPS // (len(pool) * len(given))))
    starts = np.sort(np.random.default_rng(seed).choice(free, few, replace=False))
    orders = [greedy_order(pool, rules, np.concatenate([[one], given[1:]])) for one in starts.tolist()]
    return min(orders, key=lambda order: (n_broken(rules, order), float(pool.along(order).sum()))), len(starts)


def n_broken(rules: Rules, order: Places) -> int:
    """How often an order breaks a rule about artists."""
    return rules.n_clashes(order) + rules.n_too_many(order)
