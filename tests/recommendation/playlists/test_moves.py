"""What a change of an order is said to change is what it changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from audiolime_ext.recommendation.playlists.moves import LONGEST, Window


def cost(steps: np.ndarray, at: np.ndarray, order: list[int]) -> float:
    """Of songs that are numbered from 1 on, between those before and behind."""
    full = [0, *order, len(steps) - 1]
    along = sum(steps[one, other] for one, other in pairwise(full))
    return float(along + sum(at[place, song - 1] for place, song in enumerate(order)))


@pytest.fixture(params=[1, 2, 3, 5, 9])
def case(request: pytest.FixtureRequest) -> tuple[Window, np.ndarray]:
    """A window of some size, with fixed places, an open end, and a cost of each song at each place."""
    m, rng = request.param, np.random.default_rng(request.param)
    steps = rng.random((m + 2, m + 2))
    steps += steps.T
    steps[-1] = steps[:, -1] = 0
    fixed = rng.random(m) < 0.2
    return Window(steps, rng.random((m, m)), np.where(fixed, -1, np.cumsum(fixed))), fixed


def difference(window: Window, order: list[int]) -> float:
    assert window.at is not None
    before = list(range(1, window.size + 1))
    return cost(window.steps, window.at, order) - cost(window.steps, window.at, before)


def test_reversals(case: tuple[Window, np.ndarray]) -> None:
    window, fixed = case
    order = list(range(1, window.size + 1))
    for (i, j), change in np.ndenumerate(window.reversals()):
        assert np.isfinite(change) == (i < j and not fixed[i : j + 1].any())
        if np.isfinite(change):
            assert change == pytest.approx(difference(window, order[:i] + order[i : j + 1][::-1] + order[j + 1 :]))


def test_swaps(case: tuple[Window, np.ndarray]) -> None:
    window, fixed = case
    for (i, j), change in np.ndenumerate(window.swaps()):
        assert np.isfinite(change) == (j > i + 1 and not fixed[i] and not fixed[j])
        if np.isfinite(change):
            order = list(range(1, window.size + 1))
            order[i], order[j] = order[j], order[i]
            assert change == pytest.approx(difference(window, order))


@pytest.mark.parametrize("turned", [False, True])
def test_shifts(case: tuple[Window, np.ndarray], turned: bool) -> None:
    window, fixed = case
    order = list(range(1, window.size + 1))
    for length in range(1, min(LONGEST, window.size) + 1):
        for (i, k), change in np.ndenumerate(window.shifts(length, turned=turned)):
            passed = fixed[min(i, k) : max(i + length, k)]
            assert np.isfinite(change) == (not i <= k <= i + length and not passed.any())
            if np.isfinite(change):
                some, rest = order[i : i + length], order[:i] + order[i + length :]
                at = k if k < i else k - length
                moved = rest[:at] + (some[::-1] if turned else some) + rest[at:]
                assert change == pytest.approx(difference(window, moved))
                assert all(moved[place] == place + 1 for place in np.flatnonzero(fixed))
