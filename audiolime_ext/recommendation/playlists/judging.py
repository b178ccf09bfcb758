"""What is told of a list that was found: each transition with its reason, which ones are weak, and what holds.

*What is called weak is a rule, not a judgement*: a transition that is less near than one in ten pairs of the songs to
choose from. Where a list gets poor is said: the place from which no song that was left would have been near enough. And
how many songs hold: the longest part of the list, songs left out but none moved, that has no weak transition.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.greedy import Greedy, n_broken
from audiolime_ext.recommendation.playlists.pool import Places, Pool
from audiolime_ext.recommendation.playlists.result import ROUNDING, WEAK, Transition
from audiolime_ext.recommendation.playlists.rules import Rules
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.text import counted, share_of

_DRAWN = 1_000  # songs of whose pairs the limit is taken
_SAME = 1 - 1e-6
_SHOWN = 3


def weak_below(pool: Pool) -> float:
    """The nearness that one in ten pairs of songs reaches; of very many songs, of 1,000 that are drawn."""
    n = len(pool)
    if n < 2:
        return -1.0  # none is below
    some = np.arange(n) if n <= _DRAWN else np.sort(np.random.default_rng(0).choice(n, _DRAWN, replace=False))
    return float(1 - np.quantile(pool.among(some)[np.triu_indices(len(some), 1)], WEAK))


def transitions_of(telling: Telling, pool: Pool, order: Places, limit: float) -> tuple[Transition, ...]:
    """Each transition of a list."""
    index, asking, found = pool.index, Asking(pool.index), []
    left = np.ones(len(pool), bool)
    for place, (one, other) in enumerate(zip(order[:-1].tolist(), order[1:].tolist(), strict=True), start=1):
        left[one] = False
        queries = (asking.query(index.songs[pool.positions[song]]) for song in (one, other))
        pair = telling.pair(*queries)
        row = pool.towards([one])[0].copy()
        row[one] = np.inf
        rank = 1 + int((row < row[other] - ROUNDING).sum())
        best = float(1 - row[left].min())
        found.append(Transition(place, pair, rank, len(pool) - 1, pair.nearness < limit - ROUNDING, best))
    return tuple(found)


def greedy_of(pool: Pool, rules: Rules, order: Places, n_starts: int) -> Greedy:
    """The simple order to compare a list with, of so many first songs that were tried."""
    names = names_in(pool.index)
    told = tuple(names[pool.positions[song]] for song in order)
    return Greedy(told, tuple((1 - pool.along(order)).tolist()), n_starts, n_broken(rules, order))


def holding(pool: Pool, order: Places, limit: float) -> int:
    """How many songs of a list, in its order, follow each other without a weak transition.

    Parameters
    ----------
    pool : Pool
        Songs.
    order : ndarray of int, shape (n,)
        The list.
    limit : float
        Nearness below which a transition is weak.
    """
    near = 1 - pool.among(order) >= limit - ROUNDING
    longest = np.ones(len(order), np.intp)
    for at in range(1, len(order)):
        longest[at] = 1 + int(np.max(longest[:at], where=near[:at, at], initial=0))
    return int(longest.max())


def remarks(found: tuple[Transition, ...], holds: int, limit: float, whole: str) -> tuple[str, ...]:
    """Sentences on where a list gets poor, on how many songs hold, and on vectors that are the same."""
    notes = []
    n = len(found) + 1
    poor = [one for one in found if one.best_left < limit - ROUNDING]
    if poor:
        onwards = len(poor) > 1 and poor[0].place == n - len(poor)  # of n − 1 transitions the last ones
        some = f"at {counted(len(poor), 'place')}, first at place {poor[0].place},"
        where = f"from place {poor[0].place} on" if onwards else some
        notes.append(f"{where} no song that was left is near enough: the nearest is below {limit:.3f}, which is weak")
    if any(one.weak for one in found):
        notes.append(
            f"{share_of(holds, n, 'song')} such that, in this order, none is followed by a weak transition; {whole} "
            "holds at least so many well" + ("" if holds > 1 else ", which is none")
        )
    if same := [one for one in found if one.similarity > _SAME]:
        pairs = ", ".join(" and ".join(one.pair.names) for one in same[:_SHOWN])
        notes.append(f"as near as can be: {pairs}; they may be the same recording in another file")
    return tuple(notes)
