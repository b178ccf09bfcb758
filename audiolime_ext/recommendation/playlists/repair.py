"""Lists in which rules clash, until they do not: one song that clashes at a time goes where fewest clash.

It is exchanged for a song that may stand there, if there is one; else swapped with the song with which fewest pairs
clash. That is a search (min-conflicts [1]_), so *that nothing was found does not prove that there is nothing*.

References
----------
.. [1] Minton, Johnston, Philips and Laird, "Minimizing Conflicts", Artificial Intelligence 58, 1992.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.playlists.rules import Places, Rules

STEPS = 10  # for each place


def repaired(rules: Rules, given: Places, order: Places, rng: np.random.Generator) -> Places | None:
    """A list like another one in which no rule is broken; None: none was found.

    Parameters
    ----------
    rules : Rules
        Rules about artists.
    given : ndarray of int, shape (n,)
        Song that is fixed at each place, which it keeps; −1: none.
    order : ndarray of int, shape (n,)
        List in which rules may be broken.
    rng : numpy.random.Generator
        Source of chance.

    Examples
    --------
    >>> rules = Rules(np.array([[0], [0], [1], [2]]), gap=2)
    >>> repaired(rules, np.array([0, -1, -1]), np.array([0, 1, 2]), np.random.default_rng(0))[0]
    np.int64(0)
    """
    order, free = order.copy(), given < 0
    for _ in range(STEPS * len(order)):
        wrong = np.flatnonzero(_clashing(rules, order) & free)
        if not len(wrong):
            return None if rules.n_clashes(order) or rules.n_too_many(order) else order
        place = int(rng.choice(wrong))
        allowed = ~rules.barred(order, place)
        allowed[order] = False
        if allowed.any():
            order[place] = rng.choice(np.flatnonzero(allowed))
            continue
        after = _after_swaps(rules, order, place)
        after[~free] = np.inf
        after[place] = np.inf
        best = np.flatnonzero(after == after.min())
        other = int(rng.choice(best if np.isfinite(after.min()) else np.flatnonzero(free)))
        order[[place, other]] = order[[other, place]]
    return None


def _near(rules: Rules, n: int) -> np.ndarray:
    places = np.arange(n)
    apart = np.abs(places[:, None] - places)
    return np.asarray((apart > 0) & (apart < rules.gap))


def _clashing(rules: Rules, order: Places) -> np.ndarray:
    """True for places whose songs clash with others, or are of an artist of whom there are too many."""
    found = (_near(rules, len(order)) & rules.shared(order, order)).any(axis=1)
    if rules.n_too_many(order):
        told = rules.artists[order]
        many = np.bincount(told[told >= 0]) > (rules.most or 0)
        found |= (many[np.maximum(told, 0)] & (told >= 0)).any(axis=1)
    return np.asarray(found)


def _after_swaps(rules: Rules, order: Places, place: int) -> np.ndarray:
    """By how many pairs more clash after the song at a place is swapped with each other one."""
    near, shared = _near(rules, len(order)), rules.shared(order, order).astype(float)
    there = near @ shared[:, place] - near[place] * shared[place, place]  # of this song at each other place
    here = shared @ near[place] - near[place] * np.diag(shared)  # of each other song at this place
    own = (near * shared).sum(axis=1)
    after = there + here + near[place] * shared[place]
    return np.asarray(after - (own + own[place] - near[place] * shared[place]))
