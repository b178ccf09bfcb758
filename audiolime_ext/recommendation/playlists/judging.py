"""What is told of a list that was found: each transition with its reason, which ones are weak, and what holds.

*What is called weak is a rule, not a judgement*: a transition that is less near than one in ten pairs of the songs to
choose from. Fewer than thirty songs say little about that, as two that were named may be as unlike as can be; then the
pairs are those of the whole index, if it has more. Of fewer than ten songs in all nothing is called weak; that is
said.

Where a list gets poor is said: the place from which no song that was left would have been near enough. And how much of
it holds: the most songs that, with the others left out and none moved, have no weak transition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.greedy import Greedy, n_broken
from audiolime_ext.recommendation.playlists.pool import Places, Pool
from audiolime_ext.recommendation.playlists.result import ROUNDING, WEAK, Transition
from audiolime_ext.recommendation.playlists.rules import Rules
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.text import counted

_DRAWN = 1_000  # songs of whose pairs the limit is taken
_SAME = 1 - 1e-6
_SHOWN = 3
_FEW = 30  # songs whose own pairs do not say what is near
_TOO_FEW = 10  # songs whose pairs say nothing


@dataclass(frozen=True)
class Limit:
    """What is weak: a nearness `below` that of one pair in ten of the songs `of` something; None: it cannot be told."""

    below: float | None
    of: str

    def is_weak(self, nearness: float) -> bool:
        """Whether a transition is weak."""
        return self.below is not None and nearness < self.below - ROUNDING


def limit_of(pool: Pool, whole: str) -> Limit:
    """What is weak in a list of songs of a pool.

    Parameters
    ----------
    pool : Pool
        Songs to choose from.
    whole : str
        Name of what they are, such as "the index".
    """
    if len(pool) < _FEW:
        usable = np.flatnonzero(pool.space.usable)
        if len(usable) > len(pool):
            pool, whole = Pool(pool.index, pool.space, usable, pool.crowd), "the index"
    return Limit(None if len(pool) < _TOO_FEW else weak_below(pool), whole)


def weak_below(pool: Pool) -> float:
    """The nearness that one in ten pairs of songs reaches; of very many songs, of 1,000 that are drawn."""
    n = len(pool)
    if n < 2:
        return -1.0  # none is below
    some = np.arange(n) if n <= _DRAWN else np.sort(np.random.default_rng(0).choice(n, _DRAWN, replace=False))
    return float(1 - np.quantile(pool.among(some)[np.triu_indices(len(some), 1)], WEAK))


def transitions_of(telling: Telling, pool: Pool, order: Places, limit: Limit) -> tuple[Transition, ...]:
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
        found.append(Transition(place, pair, rank, len(pool) - 1, limit.is_weak(pair.nearness), best))
    return tuple(found)


def greedy_of(pool: Pool, rules: Rules, order: Places, n_starts: int) -> Greedy:
    """The simple order to compare a list with, of so many first songs that were tried."""
    names = names_in(pool.index)
    told = tuple(names[pool.positions[song]] for song in order)
    return Greedy(told, tuple((1 - pool.along(order)).tolist()), n_starts, n_broken(rules, order))


def holding(pool: Pool, order: Places, limit: Limit) -> int:
    """The most songs of a list that, in its order and with the others left out, have no weak transition.

    Parameters
    ----------
    pool : Pool
        Songs.
    order : ndarray of int, shape (n,)
        The list.
    limit : Limit
        Limit of what is weak.
    """
    if limit.below is None:
        return len(order)
    near = 1 - pool.among(order) >= limit.below - ROUNDING
    longest = np.ones(len(order), np.intp)
    for at in range(1, len(order)):
        longest[at] = 1 + int(np.max(longest[:at], where=near[:at, at], initial=0))
    return int(longest.max())


def remarks(found: tuple[Transition, ...], holds: int, limit: Limit) -> tuple[str, ...]:
    """Sentences on where a list gets poor, on how much of it holds, and on vectors that are the same."""
    notes = []
    n = len(found) + 1
    poor = [one for one in found if limit.is_weak(one.best_left)]
    if poor:
        onwards = len(poor) > 1 and poor[0].place == n - len(poor)  # of n − 1 transitions the last ones
        some = f"at {counted(len(poor), 'place')}, first at place {poor[0].place},"
        where = f"from place {poor[0].place} on" if onwards else some
        below = f"the nearest is below {limit.below:.3f}, which is weak"
        notes.append(f"{where} no song that was left is near enough: {below}")
    if any(one.weak for one in found):
        without = (
            f"with {counted(n - holds, 'song')} left out, the other {holds}, in this order, have no weak transition"
        )
        none = "whichever songs are left out, no two that then follow each other are near enough"
        notes.append(without if holds > 1 else none)
    if same := [one for one in found if one.similarity > _SAME]:
        pairs = ", ".join(" and ".join(one.pair.names) for one in same[:_SHOWN])
        notes.append(f"as near as can be: {pairs}; they may be the same recording in another file")
    return tuple(notes)
