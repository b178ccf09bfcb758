"""The search among very many songs: among some that are drawn, then among those that are near to what was found.

Of more than `audiolime_ext.recommendation.playlists.pool.MOST_WHOLE` songs, that many are drawn: where there are rules
about artists, first one song of each artist, then a second one of each, and so on. The best list of these is improved
by exchanges with all songs; then the songs that are nearest to those of the list, and fit its places best, are
searched in the same way. *A list that is found so may be worse than one that a search among all songs would find*,
which would take hours; each step can only make it better.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.playlists.pool import MOST_WHOLE, Places
from audiolime_ext.recommendation.playlists.rules import Rules
from audiolime_ext.recommendation.playlists.search import Task, improved, search


def search_all(task: Task, *, seed: int = 0, first: tuple[Places, ...] = ()) -> Places | None:
    """The best list that was found of any number of songs; None: none that keeps all rules.

    Parameters
    ----------
    task : Task
        Problem to solve.
    seed : int
        Random seed.
    first : tuple of ndarray of int, shape (n,)
        First lists to try besides those that are drawn.
    """
    if len(task.pool) <= MOST_WHOLE:
        return search(task, seed=seed, first=first)
    rng = np.random.default_rng(seed)
    fixed = task.given[task.given >= 0]
    drawn = _some(fixed, _drawn(task.rules, rng))
    found = search(task.part(drawn), seed=seed)
    lists = [*first, *([] if found is None else [drawn[found]])]
    lists = [improved(task, order) for order in lists if task.keeps_rules(order)]
    if not lists:
        return None
    best = min(lists, key=task.cost)
    near = near_songs(task, best)
    number = {song: at for at, song in enumerate(near.tolist())}
    again = search(task.part(near), seed=seed, first=[np.array([number[song] for song in best.tolist()])])
    return best if again is None else improved(task, near[again])


def _some(needed: Places, wished: Places) -> Places:
    """The songs that are needed, then those that are wished for, each once, as many as can be kept."""
    both = np.concatenate([needed, wished])
    return np.asarray(both[np.sort(np.unique(both, return_index=True)[1])][:MOST_WHOLE])


def _drawn(rules: Rules, rng: np.random.Generator) -> Places:
    """All songs in a drawn order: the first ones of all artists come first, if there are rules about artists."""
    drawn = rng.permutation(len(rules.artists))
    if not rules.strict:
        return np.asarray(drawn)
    artist = rules.artists[drawn, 0]
    by_artist = np.argsort(artist, kind="stable")
    begins = np.searchsorted(artist[by_artist], artist[by_artist])
    turn = np.empty(len(drawn), np.intp)
    turn[by_artist] = np.arange(len(drawn)) - begins
    turn[artist < 0] = 0
    return np.asarray(drawn[np.argsort(turn, kind="stable")])


def near_songs(task: Task, order: Places) -> Places:
    """The fixed songs, those of a list, and those that would cost least beside one of it: as many as can be kept."""
    least: NDArray[np.float32] = np.full(len(task.pool), np.inf, np.float32)
    for place in range(task.n):
        cost = task.pool.towards(order[place : place + 1])[0]
        least = np.minimum(least, cost if task.at is None else cost + task.at[place])
    needed = np.concatenate([task.given[task.given >= 0], order])
    return _some(needed, np.argsort(least, kind="stable"))
