"""The order that a simple recommender plays: always the nearest song that has not been played yet.

It is what a list is compared with. Each step is the best that there is, and the best songs are soon gone: towards the
end it takes what is left. It keeps no rule but that no song comes twice.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.playlists.pool import Places, Pool

MOST_STARTS, _LEAST_STARTS = 256, 8
_MOST_STEPS = 30_000_000  # pairs that are looked at


def greedy_order(pool: Pool, n: int, start: int) -> Places:
    """The first n songs from a song on, shape (n,).

    Parameters
    ----------
    pool : Pool
        Songs.
    n : int
        Number of songs, from 1 to all of them.
    start : int
        Number of the first song.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.index import Index
    >>> from audiolime_ext.collection.songs import Song
    >>> from audiolime_ext.recommendation.space import space_of
    >>> angles = np.radians([0, 10, -15, 40])
    >>> vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    >>> index = Index(Path("."), "", "", None, tuple(map(Song, "abcd")), vectors)
    >>> greedy_order(Pool(index, space_of(index, "plain"), np.arange(4)), 4, 0)
    array([0, 1, 2, 3])
    """
    order = np.full(n, start, np.intp)
    played = np.zeros(len(pool), bool)
    for place in range(1, n):
        played[order[place - 1]] = True
        distance = pool.towards(order[place - 1 : place])[0].copy()
        distance[played] = np.inf
        order[place] = int(np.argmin(distance))
    return order


def best_greedy(pool: Pool, n: int, start: int | None, seed: int = 0) -> tuple[Places, int]:
    """The greedy order from a song or, where none is given (None), the best one of up to 256 starts; and how many."""
    if start is not None:
        return greedy_order(pool, n, start), 1
    few = min(len(pool), MOST_STARTS, max(_LEAST_STARTS, _MOST_STEPS // (len(pool) * n)))
    starts = np.sort(np.random.default_rng(seed).choice(len(pool), few, replace=False))
    orders = [greedy_order(pool, n, one) for one in starts.tolist()]
    return min(orders, key=lambda order: float(pool.along(order).sum())), len(starts)
