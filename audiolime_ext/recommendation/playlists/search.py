"""The search for the best order: of all songs that are to be in the list, or of some that are chosen.

The cost of a list is the sum of the distances between songs that follow each other, of what each song costs at its
place (how far it is from a wanted curve), and of how far the whole is from a wanted length. What is looked for is the
list of the least cost that keeps all rules. Such a problem (a shortest path through places, as of a travelling
salesman) cannot be solved with certainty for many songs; the method is the usual one:

1. a first list: from its first place on, a song that is near to the one before and to the next fixed one, among the few
   nearest by chance; where rules clash, songs are swapped until they do not;
2. it is improved by the changes of `audiolime_ext.recommendation.playlists.moves` and by exchanges with songs that are
   not in the list, the best of a kind at a time, until none helps;
3. a part of it is disturbed by chance and improved again, many times; what is better is gone on from, and at first also
   what is a little worse (iterated local search [1]_). All of that from several first lists.

Invariants: *the same seed finds the same list*; *no list that breaks a rule is ever kept*; *it is never worse than the
first lists that were given*.

References
----------
.. [1] Lourenço, Martin and Stützle, "Iterated Local Search", Handbook of Metaheuristics, 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.playlists.moves import LONGEST, Window
from audiolime_ext.recommendation.playlists.pool import Array, Places, Pool
from audiolime_ext.recommendation.playlists.repair import repaired
from audiolime_ext.recommendation.playlists.rules import Rules

WIDEST = 256  # places that are looked at together
AROUND = 20  # places beyond a disturbance that are looked at
_LEAST = 1e-6  # what counts as better
_TRIED = 60  # changes of a kind, if the best ones break a rule
_HEAT = 0.3  # of the mean cost of a place, by which a list may be worse and is still gone on from; it falls to 0
_MOST_LISTS = 100
_LOOKED_AT = 1_200_000  # songs at places, in all first lists
_FEW = 4  # of the nearest, one is drawn
_SMALL = 12  # places up to which every first list is disturbed


@dataclass(frozen=True, eq=False)
class Task:
    """What is looked for.

    Parameters
    ----------
    pool : Pool
        Songs, and how far they are from each other.
    rules : Rules
        Rules about artists.
    given : ndarray of int, shape (n,)
        Song that is fixed at each place; −1: none.
    at : ndarray of float32, shape (n, n_songs), or None
        Cost of each song at each place; None: none.
    lengths : ndarray of float64, shape (n_songs,), or None
        Length of each song in seconds, where the list is to have a length.
    length_s : float
        Wanted length of the list in seconds.
    typical_s : float
        Length of a typical song: half of it may be missing or too much at no cost, and each more costs 1.
    """

    pool: Pool
    rules: Rules
    given: Places = field(repr=False)
    at: NDArray[np.float32] | None = field(default=None, repr=False)
    lengths: Array | None = field(default=None, repr=False)
    length_s: float = 0.0
    typical_s: float = 1.0

    @property
    def n(self) -> int:
        """Number of places."""
        return len(self.given)

    def part(self, songs: Places) -> Task:
        """The same with fewer songs, among them all that are fixed; they are numbered anew."""
        number = np.full(len(self.pool), -1, np.intp)
        number[songs] = np.arange(len(songs))
        return replace(
            self,
            pool=self.pool.part(songs),
            rules=replace(self.rules, artists=self.rules.artists[songs]),
            given=np.where(self.given < 0, -1, number[self.given]),
            at=None if self.at is None else self.at[:, songs],
            lengths=None if self.lengths is None else self.lengths[songs],
        )

    def cost(self, order: Places) -> float:
        """The cost of a list."""
        found = float(self.pool.along(order).sum())
        if self.at is not None:
            found += float(self.at[np.arange(self.n), order].sum(dtype=np.float64))
        if self.lengths is not None:
            found += float(self.off(self.lengths[order].sum()))
        return found

    def off(self, total_s: Any) -> Any:
        """What lengths of the list cost: nothing up to half a typical song, then 1 for each."""
        return np.maximum(np.abs(total_s - self.length_s) / self.typical_s - 0.5, 0.0)

    def keeps_rules(self, order: Places) -> bool:
        """Whether a list has every fixed song in its place, no song twice, and breaks no rule about artists."""
        fixed = self.given >= 0
        once = len(np.unique(order)) == self.n and bool((order[fixed] == self.given[fixed]).all())
        return once and not self.rules.n_clashes(order) and not self.rules.n_too_many(order)


def search(task: Task, *, seed: int = 0, first: Sequence[Places] = (), effort: float = 1.0) -> Places | None:
    """The best list that was found, shape (n,); None: none that keeps all rules.

    Parameters
    ----------
    task : Task
        Problem to solve.
    seed : int
        Random seed.
    first : sequence of ndarray of int, shape (n,)
        First lists to try besides those that are drawn; those that break a rule are left alone.
    effort : float
        Factor of how often a list is disturbed.
    """
    rng = np.random.default_rng(seed)
    n_free, n_lists = int((task.given < 0).sum()), _n_lists(task)
    given = [order for order in first if task.keeps_rules(order)]
    drawn = (_first_list(task, rng, _FEW if number else 1) for number in range(n_lists))
    found: list[tuple[float, Places]] = []
    for order in tracked(chain(given, drawn), "looking for an order", "list", total=len(given) + n_lists):
        if order is not None:
            better = improved(task, order)
            found.append((task.cost(better), better))
    if not found:
        return None
    found.sort(key=lambda pair: pair[0])
    if n_free == 0 or (n_free == 1 and len(task.pool) == task.n):
        return found[0][1]
    found = found[: 8 if task.n <= _SMALL else 4 if len(task.pool) > task.n else 1]
    n_trials = int(effort * min(max((8 + n_lists // 6) * n_free, 80), 2_000)) // len(found)
    trials = tracked(range(n_trials * len(found)), "improving it", "trial")
    return min((_disturbed_often(task, *one, rng, trials, n_trials) for one in found), key=task.cost)


def _n_lists(task: Task) -> int:
    """How many first lists are drawn: many where songs are chosen, as they end in different corners of a collection."""
    if len(task.pool) == task.n:
        return 8 if task.n <= _SMALL else 4
    return int(np.clip(_LOOKED_AT // (len(task.pool) * task.n), 4, min(_MOST_LISTS, 8 * task.n)))


def _disturbed_often(
    task: Task, cost: float, order: Places, rng: np.random.Generator, trials: Iterator[int], n_trials: int
) -> Places:
    best, least, heat = order, cost, _HEAT * cost / max(task.n, 1)
    for number in islice(trials, n_trials):
        trial, begin, end = _disturbed(task, order, rng)
        trial = improved(task, trial, begin, end)
        worse = heat * (1 - number % n_trials / n_trials) * rng.exponential()
        if (reached := task.cost(trial)) < cost + worse - _LEAST:
            cost, order = reached, trial
            if cost < least - _LEAST:
                best, least = order, cost
    return improved(task, best)


def improved(task: Task, order: Places, begin: int = 0, end: int | None = None) -> Places:
    """A list after all changes that help, within the places from `begin` to `end`; long ones part by part."""
    end = task.n if end is None else end
    if end - begin <= WIDEST:
        return _improved(task, order, begin, end)
    while True:
        before = task.cost(order)
        for at in range(begin, end - WIDEST // 2, WIDEST // 2):
            order = _improved(task, order, at, min(at + WIDEST, end))
        if task.cost(order) > before - _LEAST:
            return order


def _improved(task: Task, order: Places, begin: int, end: int) -> Places:
    ways: tuple[Callable[[Task, Places, int, Window], Places | None], ...] = (_exchanged, _reversed, _shifted, _swapped)
    idle, way, window = 0, 0, _window(task, order, begin, end)
    while idle < len(ways):
        better = ways[way](task, order, begin, window)
        if better is None:
            idle, way = idle + 1, (way + 1) % len(ways)
        else:
            order, idle, window = better, 0, _window(task, better, begin, end)
    return order


def _window(task: Task, order: Places, begin: int, end: int) -> Window:
    first, last = max(begin - 1, 0), min(end + 1, task.n)
    steps = np.zeros((end - begin + 2, end - begin + 2))
    inner = slice(first - begin + 1, last - begin + 1)
    steps[inner, inner] = task.pool.among(order[first:last])
    at = None if task.at is None else task.at[begin:end][:, order[begin:end]].astype(np.float64)
    fixed = task.given[begin:end] >= 0
    return Window(steps, at, np.where(fixed, -1, np.cumsum(fixed)))


def _exchanged(task: Task, order: Places, begin: int, window: Window) -> Places | None:
    if len(task.pool) == task.n:
        return None
    free = begin + np.flatnonzero(window.block >= 0)
    before = np.where(free > 0, order[free - 1], -1)
    behind = np.where(free + 1 < task.n, order[np.minimum(free + 1, task.n - 1)], -1)
    change = np.zeros((len(free), len(task.pool)), np.float32)
    for some in (before, behind):
        change[some >= 0] += task.pool.towards(some[some >= 0])
    if task.at is not None:
        change += task.at[free]
    if task.lengths is not None:
        rest = task.lengths[order].sum() - task.lengths[order[free]]
        change += task.off(rest[:, None] + task.lengths).astype(np.float32)
    change -= change[np.arange(len(free)), order[free]][:, None].copy()
    change[:, order] = np.inf
    looked_at = set[int]()
    while change.size and change.min() <= -10 * _LEAST:  # in single precision
        at, song = divmod(int(np.argmin(change)), len(task.pool))
        if not task.rules.strict or at in looked_at:
            break
        looked_at.add(at)
        change[at, task.rules.barred(order, int(free[at]))] = np.inf
    else:
        return None
    found = order.copy()
    found[free[at]] = song
    return found if task.cost(found) < task.cost(order) - _LEAST else None


def _shifted(task: Task, order: Places, begin: int, window: Window) -> Places | None:
    longest = min(LONGEST, window.size - 1)
    for length, turned in [(1, False), (2, False), (2, True), (3, False), (3, True)][: max(2 * longest - 1, 0)]:

        def moved(first: int, behind: int, length: int = length, turned: bool = turned) -> Places:
            some = order[begin + first : begin + first + length]
            rest = np.delete(order, np.arange(begin + first, begin + first + length))
            at = begin + (behind if behind <= first else behind - length)
            return np.insert(rest, at, some[::-1] if turned else some)

        if (better := _best(task, window.shifts(length, turned=turned), moved)) is not None:
            return better
    return None


def _reversed(task: Task, order: Places, begin: int, window: Window) -> Places | None:
    def turned(first: int, last: int) -> Places:
        found = order.copy()
        found[begin + first : begin + last + 1] = found[begin + first : begin + last + 1][::-1]
        return found

    return _best(task, window.reversals(), turned)


def _swapped(task: Task, order: Places, begin: int, window: Window) -> Places | None:
    def swapped(one: int, other: int) -> Places:
        found = order.copy()
        found[[begin + one, begin + other]] = found[[begin + other, begin + one]]
        return found

    return _best(task, window.swaps(), swapped)


def _best(task: Task, change: Array, make: Callable[[int, int], Places]) -> Places | None:
    """The list after the change that helps most of those that break no rule."""
    for at in _promising(change, 1 if task.rules.gap == 1 else _TRIED):
        first, second = divmod(at, change.shape[1])
        found = make(first, second)
        if not task.rules.n_clashes(found):
            return found
    return None


def _promising(change: Array, most: int) -> Iterator[int]:
    flat = change.ravel()
    if most == 1:
        at = int(np.argmin(flat)) if flat.size else 0
        yield from [at] if flat.size and flat[at] < -_LEAST else []
        return
    few = np.flatnonzero(flat < -_LEAST)
    yield from few[np.argsort(flat[few], kind="stable")[:most]].tolist()


def _first_list(task: Task, rng: np.random.Generator, few: int) -> Places | None:
    """A list from its first place on, of songs that are drawn among the `few` nearest; None: rules clash."""
    order = task.given.copy()
    for place in np.flatnonzero(order < 0).tolist():
        order[place] = _drawn(task, order, place, rng, few)
    return repaired(task.rules, task.given, order, rng)


def _drawn(task: Task, order: Places, place: int, rng: np.random.Generator, few: int) -> int:
    wish = np.zeros(len(task.pool))
    following = place + 1 + np.flatnonzero(order[place + 1 :] >= 0)[:1]
    if place and order[place - 1] >= 0:
        wish += task.pool.towards(order[place - 1 : place])[0]
    elif not len(following):
        wish += rng.random(len(task.pool))
    for behind in following.tolist():
        wish += task.pool.towards([order[behind]])[0] / (behind - place)
    if task.at is not None:
        wish += task.at[place]
    barred = task.rules.barred(order, place)
    if barred.all():  # rules clash: they are looked after later
        barred[:] = False
        barred[order[order >= 0]] = True
    possible = np.flatnonzero(~barred)
    near = possible[np.argpartition(wish[possible], min(few, len(possible)) - 1)[:few]]
    return int(rng.choice(near))


def _disturbed(task: Task, order: Places, rng: np.random.Generator) -> tuple[Places, int, int]:
    """A list of which a part is disturbed without breaking a rule, and the places around it."""
    free = np.flatnonzero(task.given < 0)
    for _ in range(20):
        at, reach = int(rng.choice(free)), int(rng.integers(2, AROUND))
        some = free[(free >= at) & (free < at + reach)]
        way = rng.integers(3) if len(task.pool) > task.n else rng.integers(2)
        found = order.copy()
        if way == 2:
            some = some[: int(rng.integers(1, 10))]
            found[some] = -1
            for place in some.tolist():
                found[place] = _drawn(task, found, place, rng, _FEW)
        elif way == 1 and len(some) > 2 and some[-1] - some[0] == len(some) - 1:
            cut = int(rng.integers(1, len(some)))
            found[some] = order[np.roll(some, cut)]
        else:
            other = int(rng.choice(free))
            found[[at, other]] = order[[other, at]]
            some = np.array([at])
        if task.keeps_rules(found):
            return found, max(int(some[0]) - AROUND, 0), min(int(some[-1]) + 1 + AROUND, task.n)
    return order, 0, min(task.n, WIDEST)
