"""Pairwise interactions against their definition and on textbook games."""

import itertools
from collections.abc import Callable
from math import factorial

import numpy as np
import pytest

from audiolime_ext.attribution.interactions import shapley_interactions, three_way_interactions
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import choose_masks
from audiolime_ext.errors import UsageError
from tests.games import play, random_game


@pytest.mark.parametrize("n", [2, 3, 5])
def test_they_equal_their_definition(n: int) -> None:
    value = random_game(n, 2, seed=n)
    found = shapley_interactions(play(value, n))

    def at(players: tuple[int, ...]) -> np.ndarray:
        row = np.zeros((1, n), bool)
        row[0, list(players)] = True
        return np.asarray(value(row)[0])

    for i, j in itertools.combinations(range(n), 2):
        others = [k for k in range(n) if k not in (i, j)]
        expected = np.zeros(2)
        for size in range(n - 1):
            share = factorial(size) * factorial(n - size - 2) / factorial(n - 1)
            for chosen in itertools.combinations(others, size):
                expected += share * (at((*chosen, i, j)) - at((*chosen, i)) - at((*chosen, j)) + at(chosen))
        np.testing.assert_allclose(found[:, i, j], expected, atol=1e-12)
        np.testing.assert_array_equal(found[:, i, j], found[:, j, i])


def test_three_equal_their_definition() -> None:
    n = 5
    value = random_game(n, 2, seed=n)
    found = three_way_interactions(play(value, n))
    assert list(found) == list(itertools.combinations(range(n), 3))

    def at(*players: int) -> np.ndarray:
        row = np.zeros((1, n), bool)
        row[0, list(players)] = True
        return np.asarray(value(row)[0])

    for i, j, k in found:
        others = [one for one in range(n) if one not in (i, j, k)]
        expected = np.zeros(2)
        for size in range(n - 2):
            share = factorial(size) * factorial(n - size - 3) / factorial(n - 2)
            for s in itertools.combinations(others, size):
                pairs = at(*s, i, j) + at(*s, i, k) + at(*s, j, k)
                singles = at(*s, i) + at(*s, j) + at(*s, k)
                expected += share * (at(*s, i, j, k) - pairs + singles - at(*s))
        np.testing.assert_allclose(found[i, j, k], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("game", "together"),
    [
        (lambda m: m[:, :3].sum(axis=1) % 2, 4.0),
        (lambda m: m[:, :3].all(axis=1), 1.0),
        (lambda m: m[:, :3].sum(axis=1) >= 2, -2.0),
        (lambda m: m[:, 0] & m[:, 1], 0.0),
        (lambda m: m.sum(axis=1), 0.0),
    ],
)
def test_textbook_games_of_three(game: Callable[[np.ndarray], np.ndarray], together: float) -> None:
    near = play(lambda masks: game(masks)[:, None].astype(np.float64), 4)
    assert three_way_interactions(near)[0, 1, 2] == pytest.approx(together)


def test_two_components_have_no_three() -> None:
    assert three_way_interactions(play(random_game(2, 1, seed=0), 2)) == {}


@pytest.mark.parametrize(
    ("game", "pair", "singles"),
    [
        (lambda m: m[:, 0] & m[:, 1], 1.0, [0.5, 0.5]),
        (lambda m: m[:, 0] | m[:, 1], -1.0, [0.5, 0.5]),
        (lambda m: m[:, 0] ^ m[:, 1], -2.0, [0.0, 0.0]),
        (lambda m: m[:, 0].astype(float) + m[:, 1], 0.0, [1.0, 1.0]),
    ],
)
def test_textbook_games(game: Callable[[np.ndarray], np.ndarray], pair: float, singles: list[float]) -> None:
    near = play(lambda masks: game(masks)[:, None].astype(np.float64), 2)
    assert shapley_interactions(near)[0, 0, 1] == pytest.approx(pair)
    np.testing.assert_allclose(shapley_values(near).weights[0], singles, atol=1e-12)


def test_a_sample_of_masks_is_not_enough_and_one_component_has_no_pair() -> None:
    sampled = play(lambda m: m[:, :1].astype(float), choose_masks(12, max_evals=100))
    with pytest.raises(UsageError, match="interactions need all 4096 masks"):
        shapley_interactions(sampled)
    assert shapley_interactions(play(random_game(1, 2, seed=0), 1)).shape == (2, 1, 1)
