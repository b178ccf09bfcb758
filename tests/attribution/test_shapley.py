"""Shapley values against their definition and against known games."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution.shapley import _of_their_number, shapley_values
from audiolime_ext.components.masks import choose_masks
from tests.games import play, random_game, shapley_by_permutations


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_exact_values_equal_the_average_over_all_orders(n: int) -> None:
    value = random_game(n, 3, seed=n)
    found = shapley_values(play(value, n))
    assert found.exact
    np.testing.assert_allclose(found.weights, shapley_by_permutations(value, n), atol=1e-12)


def test_the_order_check_notices_wrong_values() -> None:
    value = random_game(4, 1, seed=0)
    wrong = shapley_values(play(value, 4)).weights[:, ::-1]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(wrong, shapley_by_permutations(value, 4), atol=1e-3)


@pytest.mark.parametrize("n", [2, 6, 10])
def test_the_weights_add_up_to_full_minus_empty(n: int) -> None:
    near = play(random_game(n, 4, seed=1), n)
    np.testing.assert_allclose(shapley_values(near).weights.sum(axis=1), near.full - near.empty, atol=1e-12)


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        (lambda m: m.all(axis=1), [0.5, 0.5]),
        (lambda m: m.any(axis=1), [0.5, 0.5]),
        (lambda m: m[:, 0] ^ m[:, 1], [0.0, 0.0]),
        (lambda m: m[:, 0], [1.0, 0.0]),
    ],
)
def test_two_source_games_have_their_textbook_values(game: object, expected: list[float]) -> None:
    near = play(lambda masks: game(masks)[:, None].astype(float), 2)  # type: ignore[operator]
    np.testing.assert_allclose(shapley_values(near).weights[0], expected, atol=1e-12)


def additive_and_pairwise(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    single = masks @ np.arange(1.0, masks.shape[1] + 1) / 10
    return (single + 0.5 * (masks[:, 0] & masks[:, 1]))[:, None]


def test_a_paired_sample_is_exact_on_additive_and_pairwise_games() -> None:
    near = play(additive_and_pairwise, choose_masks(14, max_evals=120, seed=0))
    found = shapley_values(near)
    expected = np.arange(1.0, 15.0) / 10
    expected[:2] += 0.25
    assert not found.exact
    assert found.std_errors is None
    np.testing.assert_allclose(found.weights[0], expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [5, 8, 14, 30, 50])
def test_4n_plus_2_evaluations_are_exact_on_any_additive_and_pairwise_game(n: int, seed: int) -> None:
    rng = np.random.default_rng([n, seed])
    single, pairs = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1)
    value = lambda m: (m @ single + ((m @ pairs) * m).sum(axis=1))[:, None]  # noqa: E731
    found = shapley_values(play(value, choose_masks(n, max_evals=4 * n + 2, seed=seed)))
    assert not found.exact
    np.testing.assert_allclose(found.weights[0], single + (pairs + pairs.T).sum(axis=1) / 2, atol=1e-8)


@pytest.mark.parametrize(("max_evals", "exact"), [(138, False), (140, True)])
def test_from_ten_evaluations_per_component_what_depends_on_their_number_costs_no_error(
    max_evals: int, exact: bool
) -> None:
    def by_number(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        share = masks.mean(axis=1)
        every = masks @ np.arange(14) / 100 + share**3 - share**5
        return np.asarray(every[:, None])  # its Shapley values: of the first part

    found = shapley_values(play(by_number, choose_masks(14, max_evals=max_evals, seed=0)))
    assert np.allclose(found.weights[0], np.arange(14) / 100, atol=1e-9) is exact


@pytest.mark.parametrize(("n", "n_columns"), [(4, 0), (7, 2)])
def test_masks_of_two_sizes_from_the_middle_bear_no_columns_for_their_number(n: int, n_columns: int) -> None:
    """Of four components one, two or three are on: 1 or 0 from the middle, where the two columns are one."""
    near = play(random_game(n, 1, seed=0), n)
    order = np.argsort(near.masks.sum(axis=1) - n / 2 + 0.01 * np.sin(np.arange(2**n)), kind="stable")
    rows = np.concatenate([order[: 2 ** (n - 1)], 2**n - 1 - order[: 2 ** (n - 1)][::-1]])
    rows = np.concatenate([rows[:1], np.repeat(rows[1:-1], 3), rows[-1:]])  # enough for intervals, were they distinct
    sampled = replace(
        near, masks=near.masks[rows], counts=np.ones(len(rows), np.int64), exhaustive=False, scores=near.scores[rows]
    )
    assert _of_their_number(sampled).shape == (len(rows) - 2, n_columns)


def test_the_errors_of_sampled_values_cancel_because_their_sum_is_known() -> None:
    found = shapley_values(play(random_game(12, 2, seed=0), choose_masks(12, max_evals=200)))
    assert found.covariance is not None
    np.testing.assert_allclose(found.covariance.sum(axis=2), 0.0, atol=1e-12)


def test_renamed_components_keep_their_error_bars() -> None:
    near = play(random_game(12, 1, seed=0), choose_masks(12, max_evals=200))
    new = np.random.default_rng(0).permutation(12)
    order = np.lexsort(near.masks[:, new].T[::-1])
    renamed = replace(near, masks=near.masks[order][:, new], counts=near.counts[order], scores=near.scores[order])
    before, after = shapley_values(near).std_errors, shapley_values(renamed).std_errors
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after, before[:, new], rtol=1e-9)


def test_sampled_values_of_a_rough_game_come_near_the_exact_ones_and_still_add_up() -> None:
    n = 11
    table = np.random.default_rng(5).normal(size=(2**n, 1)) * 0.05
    rough = lambda masks: additive_and_pairwise(masks) + table[masks @ (1 << np.arange(n))]  # noqa: E731
    exact = shapley_values(play(rough, choose_masks(n, max_evals=2**n))).weights[0]
    near = play(rough, choose_masks(n, max_evals=1000, seed=2))
    sampled = shapley_values(near).weights[0]
    np.testing.assert_allclose(sampled, exact, atol=0.03)
    assert np.abs(sampled.sum() - (near.full - near.empty)[0]) < 1e-12
