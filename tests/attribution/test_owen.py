"""Owen values: the definition over orders in which a stem's segments stand together."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution.owen import coarse_masks, game_within, owen_values, whole_stems
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import MaskSet, Neighborhood, enumerate_masks
from audiolime_ext.errors import UsageError
from tests.games import Value, play, random_game

GROUPS = [(1, 1, 1), (2, 1), (3, 2), (2, 2, 1), (1, 3, 2), (4,)]


def in_groups(value: Value, groups: tuple[int, ...]) -> Neighborhood:
    near = play(value, sum(groups))
    return Neighborhood(near.masks, near.counts, True, near.scores, groups)


def by_orders(value: Value, groups: tuple[int, ...]) -> NDArray[np.float64]:
    """Marginal contributions averaged over all orders that keep groups together, shape (n_outputs, n)."""
    edges = np.cumsum([0, *groups])
    members = [range(a, b) for a, b in itertools.pairwise(edges)]
    n = int(edges[-1])
    total, n_orders = np.zeros((n, value(np.zeros((1, n), bool)).shape[1])), 0
    for stems in itertools.permutations(members):
        for parts in itertools.product(*(itertools.permutations(stem) for stem in stems)):
            order = [player for part in parts for player in part]
            rows = np.array([np.isin(np.arange(n), order[:step]) for step in range(n + 1)])
            total[order] += np.diff(value(rows), axis=0)
            n_orders += 1
    return (total / n_orders).T


@pytest.mark.parametrize("groups", GROUPS)
def test_they_are_the_mean_over_orders_that_keep_stems_together(groups: tuple[int, ...]) -> None:
    value = random_game(sum(groups), 2, seed=1)
    found = owen_values(in_groups(value, groups))
    np.testing.assert_allclose(found.weights, by_orders(value, groups), atol=1e-12)
    assert found.exact
    assert not found.std_errors.any()  # type: ignore[union-attr]


@pytest.mark.parametrize("groups", [(3, 2), (2, 2, 1), (1, 3, 2)])
def test_they_are_not_shapley_values_where_groups_matter(groups: tuple[int, ...]) -> None:
    near = in_groups(random_game(sum(groups), 1, seed=1), groups)
    assert np.abs(owen_values(near).weights - shapley_values(near).weights).max() > 0.01


@pytest.mark.parametrize("groups", GROUPS)
def test_a_stems_values_add_up_to_its_shapley_value_as_a_whole(groups: tuple[int, ...]) -> None:
    near = in_groups(random_game(sum(groups), 2, seed=2), groups)
    whole = coarse_masks(groups)
    at = [int(np.flatnonzero((near.masks == row).all(axis=1))[0]) for row in whole]
    stems = Neighborhood(enumerate_masks(len(groups)), np.ones(len(whole), np.int64), True, near.scores[at])
    sums = np.add.reduceat(owen_values(near).weights, np.cumsum([0, *groups[:-1]]), axis=1)
    np.testing.assert_allclose(sums, shapley_values(stems).weights, atol=1e-12)


def test_without_groups_they_are_shapley_values() -> None:
    near = play(random_game(5, 2, seed=3), 5)
    np.testing.assert_allclose(owen_values(near).weights, shapley_values(near).weights, atol=1e-12)


def test_a_coalition_that_was_not_evaluated_is_missed() -> None:
    near = play(random_game(3, 1, seed=0), MaskSet(enumerate_masks(3)[[0, 1, 3, 7]], np.ones(4, np.int64), False))
    grouped = Neighborhood(near.masks, near.counts, False, near.scores, (2, 1))
    with pytest.raises(UsageError, match="each set of segments with every coalition of the other stems"):
        game_within(grouped, (2, 1), 0)


def test_the_game_of_whole_stems_is_known_or_it_is_none() -> None:
    value = random_game(3, 2, seed=2)
    alone = whole_stems(play(value, 3))
    assert alone is not None
    np.testing.assert_array_equal(alone.scores, value(coarse_masks((1, 1, 1))), "stems that are not cut")
    cut = whole_stems(in_groups(value, (2, 1)))
    assert cut is not None
    np.testing.assert_array_equal(cut.scores, value(coarse_masks((2, 1))))
    for dropped, mask in enumerate(enumerate_masks(3)):
        near, kept = in_groups(value, (2, 1)), np.arange(8) != dropped
        lacking = Neighborhood(near.masks[kept], near.counts[kept], False, near.scores[kept], (2, 1))
        assert (whole_stems(lacking) is None) == (mask[0] == mask[1]), "a mask of segments is not missed"
