"""Small changes of an order of songs, and what each of them would change of its cost: all changes of a kind at once.

The cost of an order is a sum of distances between songs that follow each other, and of what each song costs at its
place. A `Window` is a part of an order, with the songs before and behind it; its changes leave all else as it is:

- *reversals* play some songs in reverse order;
- *shifts* take one to three songs out and put them in elsewhere, as they are or reversed;
- *swaps* exchange two songs.

Exchanges with songs that are not in the list are those of `audiolime_ext.recommendation.playlists.search`. A place that
is fixed keeps its song: reversals and shifts stay between two such places, swaps leave them out.

Invariant: *a change is told to the rounding of the numbers*: the cost of the changed order less that of the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LONGEST = 3  # songs that are shifted together


@dataclass(frozen=True, eq=False)
class Window:
    """A part of an order.

    Parameters
    ----------
    steps : ndarray of float64, shape (m + 2, m + 2)
        Distance of each two songs, the first and the last being those before and behind; 0 where there is none.
    at : ndarray of float64, shape (m, m), or None
        Cost of each song (columns) at each place (rows); None: none.
    block : ndarray of int, shape (m,)
        Number of the run of free places that each place belongs to; −1: it is fixed.
    """

    steps: Array = field(repr=False)
    at: Array | None = field(repr=False)
    block: NDArray[np.intp] = field(repr=False)

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.block)

    def reversals(self) -> Array:
        """What it changes to reverse the songs from place i to place j, shape (m, m); inf: it cannot be.

        Examples
        --------
        >>> Window(np.abs(np.subtract.outer(x := np.array([0.0, 3, 2, 1, 4]), x)), None, np.zeros(3, int)).reversals()
        array([[inf,  0., -4.],
               [inf, inf,  0.],
               [inf, inf, inf]])
        """
        steps = self.steps
        before, behind = np.diag(steps, 1)[:-1], np.diag(steps, 1)[1:]
        change = steps[:-2, 1:-1] + steps[1:-1, 2:] - before[:, None] - behind
        if self.at is not None:
            change = change + self._reversed() - self._own()
        possible = self._together() & np.triu(np.ones_like(change, bool), 1)
        return np.where(possible, change, np.inf)

    def shifts(self, length: int, *, turned: bool) -> Array:
        """What it changes to put the songs from place i on, `length` of them, behind place k − 1.

        Parameters
        ----------
        length : int
            Number of songs.
        turned : bool
            True to reverse them.

        Examples
        --------
        >>> steps = np.abs(np.subtract.outer(x := np.array([0.0, 3, 1, 2, 4]), x))
        >>> Window(steps, None, np.zeros(3, int)).shifts(1, turned=False)[0]
        array([inf, inf, -2., -4.])
        """
        steps, m = self.steps, self.size
        first = np.arange(1, m - length + 2)  # counted with the song before
        last, behind = first + length - 1, np.arange(m + 1)
        opened = steps[first - 1, first] + steps[last, last + 1] - steps[first - 1, last + 1]
        head, tail = (last, first) if turned else (first, last)
        closed = steps[np.ix_(behind, head)].T + steps[np.ix_(tail, behind + 1)] - np.diag(steps, 1)
        change = closed - opened[:, None]
        if self.at is not None:
            change = change + self._shifted(length, turned=turned)
        return np.where(_may_shift(tuple(self.block.tolist()), length), change, np.inf)

    def swaps(self) -> Array:
        """What it changes to swap the songs at places i and j, shape (m, m); inf: it cannot be, or is a reversal."""
        steps = self.steps
        inner = np.diag(steps, 1)[:-1] + np.diag(steps, 1)[1:]
        there = steps[:-2, 1:-1] + steps[2:, 1:-1]  # of song j at place i
        change = there + there.T - inner[:, None] - inner
        if self.at is not None:
            own = np.diag(self.at)
            change = change + self.at + self.at.T - own[:, None] - own
        free = self.block >= 0
        possible = free[:, None] & free & np.triu(np.ones_like(change, bool), 2)
        return np.where(possible, change, np.inf)

    def _together(self) -> NDArray[np.bool_]:
        free = self.block >= 0
        return np.asarray((self.block[:, None] == self.block) & free[:, None])

    def _own(self) -> Array:
        """What the songs from i to j cost where they are, shape (m, m)."""
        assert self.at is not None
        total = np.concatenate([[0.0], np.cumsum(np.diag(self.at))])
        return np.asarray(total[None, 1:] - total[:-1, None])

    def _reversed(self) -> Array:
        """What they cost reversed: sums along the antidiagonals of `at`."""
        assert self.at is not None
        m = self.size
        wide = np.zeros((m, 2 * m))
        wide[:, :m] = self.at
        slanted = wide.ravel()[: m * (2 * m - 1)].reshape(m, 2 * m - 1)  # row p begins at column p
        sums = np.zeros((m + 1, 2 * m - 1))
        sums[:-1] = np.cumsum(slanted[::-1], axis=0)[::-1]
        i, j = np.arange(m)[:, None], np.arange(m)
        return np.asarray(sums[i, i + j] - sums[np.maximum(j, i) + 1, i + j])

    def _shifted(self, length: int, *, turned: bool) -> Array:
        """What songs cost elsewhere, and those that make room for them, less what they cost where they are."""
        assert self.at is not None
        at, m = self.at, self.size
        first, behind = np.arange(m - length + 1)[:, None], np.arange(m + 1)
        to_right = behind > first
        target = np.where(to_right, behind - length, behind)
        change = np.zeros((m - length + 1, m + 1))
        for step in range(length):
            place = target + (length - 1 - step if turned else step)
            change += at[np.clip(place, 0, m - 1), first + step] - at[first + step, first + step]
        sooner, later = np.zeros(m + 1), np.zeros(m + 1)
        sooner[length + 1 :] = np.cumsum(np.diag(at, length) - np.diag(at)[length:])
        later[1 : m - length + 1] = np.cumsum(np.diag(at, -length) - np.diag(at)[: m - length])
        later[m - length + 1 :] = later[m - length]
        return np.asarray(
            change + np.where(to_right, sooner[behind] - sooner[first + length], later[first] - later[behind])
        )


@lru_cache(maxsize=64)
def _may_shift(block: tuple[int, ...], length: int) -> NDArray[np.bool_]:
    """Whether all places from the songs, `length` of them from place i on, to where they are put are free."""
    m, run = len(block), np.array(block)
    first, behind = np.arange(m - length + 1)[:, None], np.arange(m + 1)
    last = first + length - 1
    right = (behind > last + 1) & (run[first] == run[np.maximum(behind - 1, 0)])
    left = (behind < first) & (run[last] == run[np.minimum(behind, m - 1)])
    return np.asarray((right | left) & (run[first] >= 0) & (run[last] == run[first]))
