"""Lists that are filled: how long their gaps are, and where songs come in a list that marks none.

A gap stays where it is, also at the beginning and at the end. A gap in minutes gets as many songs as come nearest, at
the mean length of the songs whose length is known.

In a list without gaps new songs may come anywhere between the first and the last song, which stay there: the list of
the least cost is looked for. Where there are few ways to share the new places out among the transitions, each is
searched. Else two are: the one in which each new place in turn goes to the transition whose distance, shared out among
its steps, is largest (`spread`); and the one in which songs are put in one by one, each where it costs least
(`inserted`). Then songs are moved from one transition to another as long as that helps, and again after some were taken
out by chance and others put in. Of lists of five to nine songs that found the best one in 100 of 100 cases.

Invariants: *the given songs keep their order, and what is marked its place*; *a list without gaps is never worse than
that of the places of* `spread`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.greedy import best_greedy
from audiolime_ext.recommendation.playlists.m3u import Gap
from audiolime_ext.recommendation.playlists.narrowing import near_songs, search_all
from audiolime_ext.recommendation.playlists.pool import MOST_WHOLE, Places
from audiolime_ext.recommendation.playlists.search import Task, improved
from audiolime_ext.recommendation.playlists.wanted import Wanted, positions, require_count
from audiolime_ext.text import counted

_MOST_WAYS = 24  # of sharing new places out, up to which each is searched
_LONGEST = 40  # places of a list up to which that is done
_LEAST = 1e-6  # what counts as better
_TRIED = 30  # moves, if the best ones break a rule
_TRIALS, _FEW_TRIALS = 40, 10  # of taking songs out by chance, of short lists and of long ones
_DRAWN = 4  # of the songs that add least, one is drawn


def wanted_gaps(index: Index, fill: Any, n: int | None, gap_minutes: float | None) -> Wanted:
    """A list whose songs stay in order and whose gaps are filled.

    Parameters
    ----------
    index : Index
        Songs.
    fill : path or sequence of song and Gap
        List with gaps.
    n : int or None
        Number of songs in all, of a list without gaps; None: there are gaps.
    gap_minutes : float or None
        Length of gaps that do not say how long they are.

    Raises
    ------
    UsageError
        If a song is not known, a gap has no length, or minutes cannot be counted.
    """
    require_count(None, gap_minutes)
    require_count(n, None)
    found, notes = positions(index, fill, "the list to fill", fills=True)
    gaps = [one for one in found if isinstance(one, Gap)]
    songs = [one for one in found if not isinstance(one, Gap)]
    if gaps and n is not None:
        raise UsageError(f"the list has {counted(len(gaps), 'gap')}, which say how many songs it gets; leave n out")
    if not gaps:
        return _without_gaps(songs, n, notes)
    in_minutes = any(one.songs is None for one in gaps)
    typical, more = _typical_s(index) if in_minutes else (1.0, ())
    place, places = 0, dict[int, int]()
    for one in found:
        if isinstance(one, Gap):
            minutes = one.minutes if one.minutes is not None else gap_minutes
            if one.songs is None and minutes is None:
                raise UsageError("a gap does not say how long it is; give gap minutes (--gap-minutes 10)")
            place += int(one.songs or max(1, round(60.0 * float(minutes or 0) / typical)))
        else:
            places[place] = one
            place += 1
    return Wanted(None, places, place, notes=(*notes, *more))


def _without_gaps(songs: list[int], n: int | None, notes: tuple[str, ...]) -> Wanted:
    if n is None:
        raise UsageError(
            "the list has no gap: write a line '# gap 3' (songs) or '# gap 12 min' where songs are missing, or say how "
            "many songs it is to have in all (n, -n), which then come where they cost least"
        )
    if n < len(songs):
        raise UsageError(f"the list has {counted(len(songs), 'song')}, and n is {n}; give a larger n")
    return Wanted(None, dict(enumerate(songs)), n, without_gaps=n > len(songs), notes=notes)


def _typical_s(index: Index) -> tuple[float, tuple[str, ...]]:
    """The mean length of the songs whose length is known; and a note where it is not, of some."""
    lengths = [song.duration_s for song in index.songs if song.duration_s]
    if not lengths:
        raise UsageError(
            "the index knows no song's length, so a gap in minutes cannot be filled; write it as a number of songs "
            "(# gap 3), or index files or a catalogue with lengths"
        )
    typical, n_unknown = float(np.mean(lengths)), len(index.songs) - len(lengths)
    if not n_unknown:
        return typical, ()
    known = f"the mean of the {counted(len(lengths), 'song')} of which it is known"
    of = counted(n_unknown, "song in the index", "songs in the index")
    return typical, (f"gaps in minutes are counted with {typical:.0f} s a song, {known}; of {of} it is not",)


def spread(fixed: Sequence[int], distances: Sequence[float], n: int) -> dict[int, int]:
    """Places of songs that stay in order in a list of n: new places are where the list needs them most.

    One new place at a time goes to the transition whose distance is largest, shared out among its steps.

    Parameters
    ----------
    fixed : sequence of int
        Songs, in order.
    distances : sequence of float
        Distance of each from the next one.
    n : int
        Number of places.

    Examples
    --------
    >>> spread([7, 8, 9], [0.2, 0.9], 5)
    {0: 7, 1: 8, 4: 9}
    """
    steps = np.ones(len(distances))
    for _ in range(n - len(fixed) if len(distances) else 0):
        steps[int(np.argmax(np.asarray(distances) / steps))] += 1
    return dict(zip(np.concatenate([[0], np.cumsum(steps)]).astype(int).tolist(), fixed, strict=True))


def filled(task: Task, fixed: Places, *, seed: int = 0) -> tuple[Task, Places] | None:
    """The task whose places were found best, and its list; None: no list was found that keeps all rules.

    Parameters
    ----------
    task : Task
        Problem to solve, without a fixed place.
    fixed : ndarray of int, shape (m,)
        Songs that keep their order, the first at the first place and, of several, the last at the last one.
    seed : int
        Random seed.
    """
    n_new, n_gaps = task.n - len(fixed), len(fixed) - 1
    if n_gaps < 1 or (task.n <= _LONGEST and comb(n_new + n_gaps - 1, n_new) <= _MOST_WAYS):
        tasks = [_placed(task, fixed, steps) for steps in _ways(n_new, n_gaps)]
        return _best([_searched(one, seed) for one in tasks])
    places = spread(fixed.tolist(), task.pool.along(fixed).tolist(), task.n)
    given = np.full(task.n, -1, np.intp)
    given[list(places)] = list(places.values())
    lists = [_searched(replace(task, given=given), seed), _one_by_one(task, fixed, fixed)]
    moved = _best([None if one is None else _moved_within(*one, seed) for one in lists])
    return _best([*lists, moved, None if moved is None else _searched(moved[0], seed, moved[1])])


def _best(found: Sequence[tuple[Task, Places] | None]) -> tuple[Task, Places] | None:
    lists = [one for one in found if one is not None]
    return min(lists, key=lambda one: one[0].cost(one[1]), default=None)


def _searched(task: Task, seed: int, *first: Places) -> tuple[Task, Places] | None:
    fixed = np.where(task.given < 0, len(task.pool), task.given)
    nobody = np.full((1, task.rules.artists.shape[1]), -1)
    if replace(task.rules, artists=np.concatenate([task.rules.artists, nobody])).n_clashes(fixed):
        return None
    simple, _ = best_greedy(task.pool, task.rules, task.given, seed)
    order = search_all(task, seed=seed, first=(simple, *first))
    return None if order is None else (task, order)


def _ways(n_new: int, n_gaps: int) -> Iterator[list[int]]:
    """The ways to share new places out: the steps from each song to the next."""
    if n_gaps < 1:
        yield []
        return
    for bars in combinations(range(n_new + n_gaps - 1), n_gaps - 1):
        ends = [-1, *bars, n_new + n_gaps - 1]
        yield [behind - before for before, behind in pairwise(ends)]


def _placed(task: Task, fixed: Places, steps: Sequence[int]) -> Task:
    given = np.full(task.n, -1, np.intp)
    given[np.concatenate([[0], np.cumsum(steps)]).astype(np.intp)] = fixed
    return replace(task, given=given)


def _one_by_one(task: Task, some: Places, fixed: Places) -> tuple[Task, Places] | None:
    order = inserted(task, some)
    new = replace(task, given=np.where(np.isin(order, fixed), order, -1))
    return (new, order) if new.keeps_rules(order) else None


def inserted(task: Task, fixed: Places) -> Places:
    """A list in which songs are put in one by one, each where it adds least distance, shape (n,).

    Parameters
    ----------
    task : Task
        Problem to solve, of which the curve is left aside.
    fixed : ndarray of int, shape (m,)
        Songs that keep their order; there are two at least.
    """
    order = fixed.copy()

    def least(at: int) -> tuple[float, int]:
        """What it adds to put a song behind a place, and the song."""
        one, other = task.pool.towards(order[at : at + 2])
        added = one + other - one[order[at + 1]]
        barred = task.rules.barred(np.insert(order, at + 1, -1), at + 1)
        if barred.all():
            barred[order] = True
            barred[np.setdiff1d(np.arange(len(barred)), order)] = False
        added[barred] = np.inf
        song = int(np.argmin(added))
        return float(added[song]), song

    known = [least(at) for at in range(len(order) - 1)]
    while len(order) < task.n:
        at = min(range(len(known)), key=lambda one: known[one][0])
        fresh = least(at)
        if fresh[0] > known[at][0] + _LEAST:  # its song was taken meanwhile, or a rule bars it
            known[at] = fresh
            continue
        order = np.insert(order, at + 1, fresh[1])
        known[at : at + 1] = [least(at), least(at + 1)]
    return order


def _moved_within(task: Task, order: Places, seed: int) -> tuple[Task, Places]:
    """The list after moving songs from one transition to another, among the songs that are near to it."""
    if len(task.pool) <= MOST_WHOLE:
        return _moved_often(task, order, seed)
    near = near_songs(task, order)
    number = {song: at for at, song in enumerate(near.tolist())}
    part, found = _moved_often(task.part(near), np.array([number[song] for song in order.tolist()], np.intp), seed)
    whole = near[found]
    return replace(task, given=np.where(part.given < 0, -1, whole)), whole


def _moved_often(task: Task, order: Places, seed: int) -> tuple[Task, Places]:
    """The same, and again after some new songs were taken out by chance, and others put in one by one."""
    rng, fixed = np.random.default_rng(seed), order[task.given >= 0]
    best = _moved(task, order)
    for _ in range(_TRIALS if task.n <= _LONGEST else _FEW_TRIALS):
        order, free = best[1], np.flatnonzero(best[0].given < 0)
        rest = np.delete(order, rng.choice(free, min(len(free), int(rng.integers(1, 5))), replace=False))
        at = int(rng.integers(1, len(rest)))
        added = task.pool.towards(rest[at - 1 : at + 1]).sum(axis=0)
        added[rest] = np.inf
        song = int(rng.choice(np.argsort(added, kind="stable")[: min(_DRAWN, len(added) - len(rest))]))
        trial = _one_by_one(task, np.insert(rest, at, song), fixed)
        moved = None if trial is None else _moved(*trial)
        if moved is not None and task.cost(moved[1]) < task.cost(best[1]) - _LEAST:
            best = moved
    return best


def _moved(task: Task, order: Places) -> tuple[Task, Places]:
    """The list after songs were moved from one transition to another, and improved where they are, until none helps."""
    cost = task.cost(order)
    while True:
        found = _move(task, order)
        if found is None:
            order = improved(task, order)
            if task.cost(order) > cost - _LEAST:
                return task, order
        else:
            task, order = found
        cost = task.cost(order)


def _move(task: Task, order: Places) -> tuple[Task, Places] | None:
    """The list after one song leaves it, and the same or another one comes elsewhere; None: no such move helps."""
    rows, free = task.pool.towards(order), np.flatnonzero(task.given < 0)
    free = free[free < task.n - 1]
    steps = task.pool.along(order)
    added: NDArray[np.float32] = rows[:-1] + rows[1:] - steps[:, None].astype(np.float32)
    own = added[:, order[free]]  # by a song of the list, which leaves its place
    added[:, order] = np.inf
    others = added.argmin(axis=1)
    least = added[np.arange(len(steps)), others]
    saved = steps[free - 1] + steps[free] - rows[free - 1, order[free + 1]]
    change = np.minimum(own, least[:, None]) - saved
    change[free - 1, np.arange(len(free))] = np.inf
    change[free, np.arange(len(free))] = np.inf
    if task.at is None:
        change[change > -10 * _LEAST] = np.inf  # in single precision
    cost = task.cost(order)
    few = np.argsort(change, axis=None, kind="stable")[:_TRIED]
    for behind, which in zip(*np.unravel_index(few, change.shape), strict=True):
        if not np.isfinite(change[behind, which]):
            break
        song = order[free[which]] if own[behind, which] <= least[behind] else others[behind]
        found = _with_move(task, order, int(free[which]), int(behind) + 1, int(song))
        if found[0].keeps_rules(found[1]) and found[0].cost(found[1]) < cost - _LEAST:
            return found
    return None


def _with_move(task: Task, order: Places, leaves: int, comes: int, song: int) -> tuple[Task, Places]:
    """The list after the song at a place leaves, and one comes before what stands at another place."""
    at = comes - (comes > leaves)
    given = np.insert(np.delete(task.given, leaves), at, -1)
    return replace(task, given=given), np.insert(np.delete(order, leaves), at, song)
