"""From what is asked for to the list: the problem with its places, the best list, and the simple one beside it.

Where a length is wanted, lists of several numbers of songs are looked for: as many as a mean length says, then as many
as the length of the list that was found says, and so on, if there can be one; the one that comes nearest counts. So *a
wanted length is a wish*: what is more than half a song of mean length off costs as much as a distance of 1 for each
such song.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.choosing import Choice
from audiolime_ext.recommendation.playlists.curve import Curve
from audiolime_ext.recommendation.playlists.filling import filled
from audiolime_ext.recommendation.playlists.greedy import Greedy, best_greedy
from audiolime_ext.recommendation.playlists.judging import greedy_of
from audiolime_ext.recommendation.playlists.narrowing import search_all
from audiolime_ext.recommendation.playlists.pool import Places, Pool
from audiolime_ext.recommendation.playlists.result import ENDS
from audiolime_ext.recommendation.playlists.rules import Rules, require_possible
from audiolime_ext.recommendation.playlists.search import Task
from audiolime_ext.recommendation.playlists.wanted import Wanted

_TURNS = 4  # of counting how many songs make a length
_NONE_FOUND = (
    "no order was found that keeps all rules, and it is not proved that there is none: the artists' songs, the gap "
    "between them and the fixed songs leave too little room. Ease one of them, or try another seed"
)


def solved(
    pool: Pool, rules: Rules, wanted: Wanted, curve: Curve | None, choice: Choice, seed: int
) -> tuple[Task, Places, Greedy]:
    """The problem, the best list and the simple one.

    Parameters
    ----------
    pool : Pool
        Songs to choose from.
    rules : Rules
        Rules about artists.
    wanted : Wanted
        Songs, places and length that are asked for.
    curve : Curve or None
        Curve that the list follows.
    choice : Choice
        Words for what songs are chosen from.
    seed : int
        Random seed.

    Raises
    ------
    UsageError
        If places clash, or no list was found that keeps the rules.
    """
    if wanted.seconds is not None:
        return _of_length(pool, rules, wanted, curve, choice, seed)
    assert wanted.n is not None
    if wanted.without_gaps:
        return _between(pool, rules, wanted, curve, choice, seed)
    task = Task(pool, rules, _given(pool, wanted, wanted.n), _costs(pool, curve, wanted.n))
    return task, *_searched(task, choice, seed)


def _between(
    pool: Pool, rules: Rules, wanted: Wanted, curve: Curve | None, choice: Choice, seed: int
) -> tuple[Task, Places, Greedy]:
    """The same for a list to fill in which no gap is marked."""
    n = int(wanted.n or 0)
    fixed = np.searchsorted(pool.positions, [at for _, at in sorted(wanted.fixed.items())]).astype(np.intp)
    task = Task(pool, rules, np.full(n, -1, np.intp), _costs(pool, curve, n))
    _require_possible(task, choice)
    first = task.given.copy()
    first[: len(fixed)] = fixed
    _require_possible(replace(task, given=first, rules=replace(rules, gap=1)), choice)
    found = filled(task, fixed, seed=seed)
    if found is None:
        raise UsageError(_NONE_FOUND)
    task, order = found
    return task, order, greedy_of(pool, rules, *best_greedy(pool, rules, task.given, seed))


def _of_length(
    pool: Pool, rules: Rules, wanted: Wanted, curve: Curve | None, choice: Choice, seed: int
) -> tuple[Task, Places, Greedy]:
    """The same with as many songs as come nearest to a wanted length."""
    length_s = float(wanted.seconds or 0)
    known = np.array([pool.index.songs[at].duration_s or np.nan for at in pool.positions])
    if np.isnan(known).all():
        raise UsageError(
            "no length is known of the songs that are asked for, so minutes cannot be counted; give a number of songs"
        )
    typical = float(np.nanmean(known))
    lengths = np.where(np.isnan(known), typical, known)
    n, tried = max(1, round(length_s / typical)), dict[int, tuple[float, Task, Places, Greedy]]()
    while n not in tried and len(tried) < _TURNS:
        try:
            task = Task(pool, rules, _given(pool, wanted, n), _costs(pool, curve, n), lengths, length_s, typical)
            order, greedy = _searched(task, choice, seed)
        except UsageError:
            if not tried:
                raise
            break  # so many, or so few, cannot be; the list of the number before can
        total = float(lengths[order].sum())
        tried[n] = abs(total - length_s), task, order, greedy
        n = max(1, round(n * length_s / total))
    _, task, order, greedy = min(tried.values(), key=lambda one: one[0])
    return task, order, greedy


def _given(pool: Pool, wanted: Wanted, n: int) -> Places:
    """The song that is fixed at each place; −1: none."""
    names, given = names_in(pool.index), np.full(n, -1, np.intp)
    for place, at in sorted(wanted.fixed.items(), key=lambda pair: pair[0] % max(n, 1)):
        song = int(np.searchsorted(pool.positions, at))
        if place >= n:
            raise UsageError(
                f"{names[at]!r} is to be at place {place + 1} of {n}; make the list longer, or fix it sooner"
            )
        if given[place] not in (-1, song):
            raise UsageError(f"two songs are to be at place {place % n + 1}; fix one of them")
        if song in given and given[place] != song:
            twice = sorted({int(np.flatnonzero(given == song)[0]) + 1, place % n + 1})
            where = " and ".join(map(str, twice))
            raise UsageError(f"{names[at]!r} is to be at places {where}; no song comes twice, so fix it once")
        given[place] = song
    return given


def _costs(pool: Pool, curve: Curve | None, n: int) -> Any:
    return None if curve is None else curve.costs(n, pool.positions)


def _require_possible(task: Task, choice: Choice) -> None:
    names = names_in(task.pool.index)
    told = tuple(legible(names[at]) for at in task.pool.positions)
    require_possible(task.rules, task.given, told, choice.whole, choice.lost)


def _searched(task: Task, choice: Choice, seed: int) -> tuple[Places, Greedy]:
    _require_possible(task, choice)
    simple, n_starts = best_greedy(task.pool, task.rules, task.given, seed)
    found = search_all(task, seed=seed, first=(simple,))
    if found is None:
        raise UsageError(_NONE_FOUND)
    return _turned(task, found), greedy_of(task.pool, task.rules, simple, n_starts)


def _turned(task: Task, order: Places) -> Places:
    """A list that could be played either way, in the direction in which it does not get poorer towards its end.

    Up to ten transitions at each end are compared, and no transition with itself.
    """
    distances = task.pool.along(order)
    ends = min(ENDS, len(distances) // 2)
    if task.at is not None or (task.given >= 0).any() or not ends:
        return order
    return order[::-1] if distances[-ends:].sum() > distances[:ends].sum() else order
