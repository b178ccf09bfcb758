"""The adaptive budget: stops when the top k is settled, says so only then, and asks for no mask twice."""

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.settle import rounds, settle
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.attribution.told_apart import is_settled
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Sampling, choose_masks
from audiolime_ext.errors import UsageError
from tests.games import Value, play, random_game
from tests.studies.coverage import RARE, settled


class Counted:
    """A game that remembers what it was asked."""

    def __init__(self, value: Value) -> None:
        self.value, self.asked = value, [np.empty((0, 0), bool)][:0]

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        self.asked.append(masks)
        return self.value(masks)


def curved(weights: NDArray[np.float64]) -> Value:
    """A sigmoid of a weighted sum: not additive, and its Shapley values are ordered as the weights."""
    return lambda masks: 1 / (1 + np.exp(-(masks @ weights - weights.sum() / 2)))[:, None]


CLEAR = curved(np.array([2.0, 1.8, 1.6, *[0.1] * 9]))
NEARLY_TIED = curved(np.array([2.0, 1.8, 1.2, 1.199, *[0.1] * 8]))


@pytest.mark.parametrize("sampling", ["shapley", "uniform"])
@pytest.mark.parametrize(("small", "large"), [(120, 121), (120, 180), (180, 3000), (2500, 3000)])
def test_a_larger_sample_contains_the_smaller_and_each_of_its_draws(small: int, large: int, sampling: Sampling) -> None:
    few, many = (choose_masks(12, max_evals=size, sampling=sampling, seed=4) for size in (small, large))
    counts = {mask.tobytes(): count for mask, count in zip(many.masks, many.counts, strict=True)}
    assert all(counts[mask.tobytes()] >= count for mask, count in zip(few.masks, few.counts, strict=True))


@pytest.mark.parametrize("value", [CLEAR, NEARLY_TIED])
@pytest.mark.parametrize("max_evals", [60, 120, 500, 1024])
def test_no_mask_is_asked_for_twice_and_the_budget_is_kept(value: Value, max_evals: int) -> None:
    model = Counted(value)
    near, _, _ = settle(Game(12, model), k=3, max_evals=max_evals)
    asked = np.concatenate(model.asked)
    assert len(np.unique(asked, axis=0)) == len(asked) == len(near.masks) <= max_evals


def test_clear_weights_are_settled_early() -> None:
    near, found, said = settle(Game(12, CLEAR), k=3, max_evals=2000)
    assert said
    assert not found.exact
    assert len(near.masks) < 500
    assert set(np.argsort(-found.weights[0])[:3]) == {0, 1, 2}


def test_nearly_equal_weights_are_not_settled_and_the_budget_is_spent() -> None:
    near, found, said = settle(Game(12, NEARLY_TIED), k=3, max_evals=600)
    assert not said
    assert len(near.masks) == 600
    assert found.std_errors is not None


def test_the_result_is_that_of_a_fixed_budget_of_the_same_size() -> None:
    near, found, _ = settle(Game(12, NEARLY_TIED), k=3, max_evals=600, seed=7)
    fixed = shapley_values(play(NEARLY_TIED, choose_masks(12, max_evals=600, seed=7)))
    np.testing.assert_allclose(found.weights, fixed.weights, rtol=1e-9)
    np.testing.assert_allclose(near.scores, NEARLY_TIED(near.masks), rtol=1e-12)


def test_where_all_masks_fit_the_budget_the_last_word_is_exact() -> None:
    near, found, said = settle(Game(12, NEARLY_TIED), k=3, max_evals=5000)
    assert found.exact
    assert said
    assert len(near.masks) == 2**12


def test_an_exact_tie_is_never_settled() -> None:
    tied = curved(np.array([1.0, 0.5, 0.5, 0.1]))
    assert [settle(Game(4, tied), k=k)[2] for k in (1, 2, 3)] == [True, False, True]


def test_ties_are_called_settled_in_less_than_one_of_twenty_samples() -> None:
    noise, weights = random_game(12, 1, seed=3), np.array([3.0, 2.0, 1.0, 1.0, *[-1.0] * 8])
    swapped = np.array([0, 1, 3, 2, *range(4, 12)])  # components 2 and 3 play the same part

    def tied(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(0.3 * (noise(masks) + noise(masks[:, swapped])) + (masks @ weights)[:, None])

    assert sum(settle(Game(12, tied), k=3, max_evals=400, seed=seed)[2] for seed in range(100)) <= 8
    assert settle(Game(12, tied), k=2, max_evals=400)[2]


def test_too_few_evaluations_for_error_bars_settle_nothing() -> None:
    near, found, said = settle(Game(12, CLEAR), k=3, max_evals=60)
    assert found.covariance is None
    assert not said
    assert len(near.masks) == 60


def test_the_chosen_output_decides() -> None:
    both: Value = lambda masks: np.concatenate([NEARLY_TIED(masks), CLEAR(masks)], axis=1)  # noqa: E731
    assert not settle(Game(12, both), k=3, max_evals=400)[2]
    assert settle(Game(12, both), k=3, max_evals=400, column=1)[2]


def test_lime_weights_can_be_settled_too() -> None:
    near, found, said = settle(Game(12, CLEAR), k=3, max_evals=2000, sampling="uniform", attribute=lime)
    assert said
    assert found.method == "lime"
    assert len(near.masks) < 1000


def test_an_additive_game_with_clear_leaders_is_settled_in_the_first_round() -> None:
    near, _, said = settle(Game(30, lambda masks: (masks @ np.array([10.0] * 4 + [1.0] * 26))[:, None]), k=4)
    assert said
    assert len(near.masks) == 300


def test_close_weights_of_an_additive_game_are_not_settled_by_draws_that_agree() -> None:
    near, _, said = settle(Game(30, lambda masks: (masks @ np.arange(1.0, 31.0))[:, None]), k=4)
    assert not said
    assert len(near.masks) == 1024


def first_settled(value: Value, budgets: list[int], *, error: float, seed: int) -> int:
    """The first of these numbers of evaluations whose top 3 is settled with this chance to be wrong."""
    samples = (play(value, choose_masks(12, max_evals=size, seed=seed)) for size in budgets)
    return next(len(near.masks) for near in samples if is_settled(shapley_values(near), 3, error=error))


def test_the_error_of_5_percent_is_shared_over_the_looks_that_the_budget_allows() -> None:
    value, budgets = curved(np.array([2.0, 1.8, 1.2, 0.7, *[0.1] * 8])), rounds(12, 4095)
    alone, shared = (
        [first_settled(value, budgets, error=error, seed=seed) for seed in range(8)] for error in (0.05, 0.05 / 10)
    )
    assert len(budgets) == 10
    assert [len(settle(Game(12, value), k=3, max_evals=4095, seed=seed)[0].masks) for seed in range(8)] == shared
    assert sum(shared) > sum(alone)  # so the looks have to share it


@pytest.mark.parametrize(("n", "max_evals"), [(3, 1024), (7, 1024), (12, 119), (12, 1024), (50, 16384)])
def test_rounds_grow_to_the_budget_or_to_all_masks(n: int, max_evals: int) -> None:
    sizes = rounds(n, max_evals)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == min(max_evals, 2**n)
    assert sizes[0] == min(10 * n, sizes[-1])


@pytest.mark.parametrize("k", [0, -1, 12, 13])
def test_a_k_that_asks_nothing_is_refused(k: int) -> None:
    with pytest.raises(UsageError, match=f"settle={k} cannot be used with 12 components; choose at least 1 and fewer"):
        settle(Game(12, CLEAR), k=k)


def test_a_top_three_that_is_said_to_be_settled_is_right() -> None:
    played = np.concatenate([settled(12, 512, seed)[:2] for seed in range(30)])
    right = played[played[:, 0] == 1, 1]
    assert len(right) >= 15
    assert right.mean() >= 0.95


@pytest.mark.parametrize("k", [1, 3])
def test_where_few_masks_decide_settled_is_not_said_wrongly(k: int) -> None:
    played = np.concatenate([settled(12, 512, seed, RARE, k) for seed in range(12)])
    right = played[played[:, 0] == 1, 1]
    assert len(right) >= 20
    assert right.mean() >= 0.95
