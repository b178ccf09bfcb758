"""LIME against the reference implementation and against linear truths."""

import numpy as np
import pytest
from lime.lime_base import LimeBase

from audiolime_ext.attribution.lime import cosine_distances, exponential_kernel, lime, weighted_least_squares
from audiolime_ext.components.masks import choose_masks
from tests.games import play, random_game


@pytest.mark.parametrize("ridge", [0.0, 1.0])
@pytest.mark.parametrize("n", [2, 5, 9])
def test_weights_equal_those_of_the_lime_package(n: int, ridge: float) -> None:
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.metrics import pairwise_distances

    near = play(random_game(n, 2, seed=n), n)
    data = near.masks.astype(float)
    distances = pairwise_distances(data, data[-1:], metric="cosine").ravel()
    reference = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=np.random.RandomState(0))
    ours = lime(near, ridge=ridge)
    for output in range(2):
        order = np.arange(len(data))[::-1]  # the reference takes its first row to be the unperturbed one
        model = Ridge(alpha=ridge, solver="cholesky") if ridge else LinearRegression()
        intercept, weights, *_ = reference.explain_instance_with_data(
            data[order],
            near.scores[order],
            distances[order],
            output,
            n,
            feature_selection="none",
            model_regressor=model,
        )
        expected = np.array([weight for _, weight in sorted(weights)])
        np.testing.assert_allclose(ours.weights[output], expected, atol=1e-8)
        assert ours.intercept is not None
        assert abs(ours.intercept[output] - intercept) < 1e-8


def test_cosine_distances_equal_scikit_learns() -> None:
    from sklearn.metrics import pairwise_distances

    masks = choose_masks(6).masks
    expected = pairwise_distances(masks.astype(float), masks[-1:].astype(float), metric="cosine").ravel()
    np.testing.assert_allclose(cosine_distances(masks), expected, atol=1e-12)


@pytest.mark.parametrize("max_evals", [1024, 200])
def test_a_linear_model_gets_its_exact_weights(max_evals: int) -> None:
    truth = np.linspace(-0.5, 0.5, 9)
    near = play(lambda m: (m @ truth + 0.3)[:, None], choose_masks(9, max_evals=max_evals, sampling="uniform"))
    found = lime(near)
    np.testing.assert_allclose(found.weights[0], truth, atol=1e-9)
    assert found.fidelity is not None
    assert found.fidelity[0] == pytest.approx(1.0)


def test_ridge_shrinks_and_is_stated() -> None:
    near = play(lambda m: (m @ np.array([0.5, 0.25]))[:, None], 2)
    found = lime(near, ridge=1.0)
    assert found.weights[0, 0] < 0.2
    assert found.settings["ridge"] == 1.0


def test_fidelity_is_unknown_with_one_residual_degree_of_freedom() -> None:
    found = lime(play(random_game(2, 1, seed=0), 2))
    assert found.fidelity is not None
    assert np.isnan(found.fidelity).tolist() == [True]


def test_fidelity_of_noise_is_held_out_and_therefore_low() -> None:
    near = play(random_game(11, 1, seed=0), choose_masks(11, max_evals=60, sampling="uniform"))
    found = lime(near)
    in_sample = near.masks @ found.weights[0] + found.intercept
    r2 = 1 - ((near.scores[:, 0] - in_sample) ** 2).sum() / ((near.scores[:, 0] - near.scores.mean()) ** 2).sum()
    assert found.fidelity is not None
    assert found.fidelity[0] < 0.2
    assert found.fidelity[0] < r2


def test_held_out_fidelity_leaves_out_a_mask_together_with_its_opposite() -> None:
    """Five fits, each of the pairs (the first mask and the last, the second and the last but one, …) that it sees."""
    near = play(random_game(8, 3, seed=0), choose_masks(8, max_evals=60))
    found = lime(near, ridge=0.1)
    kernel = exponential_kernel(cosine_distances(near.masks), 0.25) * near.counts
    predicted = np.empty_like(near.scores)
    pair = [min(i, len(near.masks) - 1 - i) for i in range(len(near.masks))]
    for held in range(5):
        out = np.array(pair) % 5 == held
        weights, intercept = weighted_least_squares(near.masks[~out], near.scores[~out], kernel[~out], ridge=0.1)
        predicted[out] = near.masks[out] @ weights.T + intercept
    expected = 1 - ((near.scores - predicted) ** 2).sum(axis=0) / (len(near.scores) * near.scores.var(axis=0))
    assert found.fidelity is not None
    np.testing.assert_allclose(found.fidelity, expected)


def test_kept_features_are_those_that_the_lime_package_selects() -> None:
    near = play(lambda m: (m @ np.array([0.5, 0.01, -0.4, 0.02, 0.0]))[:, None], 5)
    found = lime(near, n_features=2, feature_selection="highest_weights")
    assert np.flatnonzero(found.weights).tolist() == [0, 2]
    assert found.weights.shape == (1, 5)


def test_kept_features_are_those_of_the_package_where_masks_weigh_unequally() -> None:
    """It takes the first row for the recording itself; so the weights must come in the order of the rows."""
    near = play(random_game(6, 1, seed=2), 6)
    masks, scores = near.masks[::-1].astype(float), near.scores[::-1, 0]
    for name in ("highest_weights", "forward_selection", "lasso_path"):
        chosen = lime(near, n_features=2, feature_selection=name, kernel_width=0.1)
        weights = exponential_kernel(cosine_distances(near.masks), 0.1)[::-1]
        reference = LimeBase(kernel_fn=None, random_state=np.random.RandomState(0))
        expected = reference.feature_selection(masks, scores, weights, 2, name)
        assert np.flatnonzero(chosen.weights).tolist() == sorted(expected), name


def test_the_kernel_is_the_published_one() -> None:
    np.testing.assert_allclose(exponential_kernel(np.array([0.25]), 0.25), [np.exp(-0.5)])


def test_too_few_masks_give_the_smallest_solution_not_an_error() -> None:
    masks = np.array([[0, 0, 0], [1, 1, 1]], bool)
    weights, intercept = weighted_least_squares(masks, np.array([[0.0], [0.9]]), np.ones(2))
    np.testing.assert_allclose(weights, [[0.3, 0.3, 0.3]])
    np.testing.assert_allclose(intercept, [0.0], atol=1e-12)


def test_selected_features_carry_no_error_bars_because_the_choice_varies_too() -> None:
    near = play(random_game(9, 1, seed=0), choose_masks(9, max_evals=200, sampling="uniform"))
    assert lime(near).std_errors is not None
    assert lime(near, n_features=2, feature_selection="highest_weights").std_errors is None


def test_a_linear_models_sampled_weights_are_right_and_yet_have_an_error() -> None:
    near = play(lambda m: (m @ np.linspace(-1, 1, 9))[:, None], choose_masks(9, max_evals=200, sampling="uniform"))
    found = lime(near)
    assert found.std_errors is not None
    np.testing.assert_allclose(found.weights[0], np.linspace(-1, 1, 9), atol=1e-12)
    assert found.std_errors.min() > 0.01
    assert found.std_errors.max() < 0.1  # the heaviest weighs 1
