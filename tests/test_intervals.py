"""Covariances against the jackknife that they stand for, quantiles against tables, intervals against the truth."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.intervals import enough_for_intervals, paired_covariance, t_quantile
from audiolime_ext.attribution.lime import cosine_distances, exponential_kernel, lime, weighted_least_squares
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.errors import UsageError
from audiolime_ext.perturbation import Neighborhood, Sampling, choose_masks
from tests.games import play, random_game
from tests.studies.coverage import KINDS, covered

Array = NDArray[np.float64]
Method = Callable[[Neighborhood], Attribution]


def sampled(n: int, max_evals: int, sampling: Sampling = "shapley") -> Neighborhood:
    return play(random_game(n, 2, seed=n), choose_masks(n, max_evals=max_evals, sampling=sampling, seed=1))


def each_draw_left_out(near: Neighborhood) -> Iterator[tuple[int, Neighborhood]]:
    """For each pair that was drawn: how often, and the neighbourhood with one draw fewer."""
    for i in range(1, len(near.masks) // 2):
        counts = near.counts.copy()
        counts[[i, -1 - i]] -= 1
        yield int(near.counts[i]), replace(near, counts=counts)


def jackknife(method: Callable[[Neighborhood], Array], near: Neighborhood) -> Array:
    """Σ over draws of the squared change of the weights, shape (n_outputs, n, n)."""
    weights = method(near)
    total = np.zeros((*weights.shape, weights.shape[1]))
    for times, fewer in each_draw_left_out(near):
        change = method(fewer) - weights
        total += times * change[:, :, None] * change[:, None, :]
    return total


def test_the_covariance_of_sampled_shapley_values_is_the_jackknifes() -> None:
    near = sampled(8, 80)
    found = shapley_values(near)
    assert found.covariance is not None
    expected = jackknife(lambda other: shapley_values(other).weights, near)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_the_covariance_of_a_sampled_lime_fit_is_the_jackknifes(ridge: float) -> None:
    near = sampled(8, 80, "uniform")
    found = lime(near, ridge=ridge)
    kernel = exponential_kernel(cosine_distances(near.masks))
    expected = jackknife(
        lambda other: weighted_least_squares(other.masks, other.scores, kernel * other.counts, ridge=ridge)[0], near
    )
    assert found.covariance is not None
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-6, atol=1e-12)


def test_the_jackknife_check_notices_residuals_that_ignore_leverage() -> None:
    near = sampled(8, 80)
    total = shapley_values(near).covariance
    assert total is not None
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(total * 0.9, jackknife(lambda other: shapley_values(other).weights, near), rtol=0.05)


@pytest.mark.parametrize(("method", "sampling"), [(shapley_values, "shapley"), (lime, "uniform")])
def test_standard_errors_are_the_roots_of_the_covariances_diagonal(method: Method, sampling: Sampling) -> None:
    found = method(sampled(12, 200, sampling))
    assert found.std_errors is not None
    assert found.covariance is not None
    assert found.covariance.shape == (2, 12, 12)
    np.testing.assert_allclose(found.std_errors**2, np.diagonal(found.covariance, axis1=1, axis2=2))
    assert (found.std_errors > 0).all()


@pytest.mark.parametrize(("method", "sampling"), [(shapley_values, "shapley"), (lime, "uniform")])
def test_below_ten_evaluations_per_component_there_are_no_error_bars(method: Method, sampling: Sampling) -> None:
    found = method(sampled(12, 118, sampling))
    assert not found.exact
    assert [found.std_errors, found.covariance, found.dof, found.interval()] == [None] * 4


@pytest.mark.parametrize("method", [shapley_values, lime])
def test_exact_weights_have_no_error(method: Method) -> None:
    found = method(play(random_game(5, 3, seed=0), 5))
    assert found.covariance is not None
    assert found.covariance.shape == (3, 5, 5)
    assert not found.covariance.any()
    for end in found.interval() or ():
        np.testing.assert_array_equal(end, found.weights)


@pytest.mark.parametrize("kernel_width", [0.005, 0.01, 0.02, 0.04, 0.08])
def test_a_kernel_that_leaves_the_fit_to_few_masks_gives_defined_errors_or_none(kernel_width: float) -> None:
    found = lime(sampled(12, 200, "uniform"), kernel_width=kernel_width)
    assert np.isfinite(found.weights).all()
    assert found.std_errors is None or np.isfinite(found.std_errors).all()


def test_a_weight_that_a_single_draw_decides_has_no_error_bar() -> None:
    design, weights, residuals = np.zeros((5, 2, 2)), np.full((5, 2), 0.5), np.ones((5, 2, 1))
    design[:, :, 0], design[0, :, 1] = 1.0, 1.0
    assert paired_covariance(design, weights, residuals, np.ones(5, int)) is None
    assert paired_covariance(design, weights, residuals, np.array([2, 1, 1, 1, 1])) is not None
    assert paired_covariance(design[1:], weights[1:], residuals[1:], np.ones(4, int)) is None


def test_masks_that_were_not_drawn_in_pairs_are_not_enough() -> None:
    near = sampled(8, 100)
    assert enough_for_intervals(near.masks, near.counts)
    assert not enough_for_intervals(near.masks[1:], near.counts[1:])
    lopsided = near.counts.copy()
    lopsided[3] += 1
    assert not enough_for_intervals(near.masks, lopsided)


@pytest.mark.parametrize(
    ("probability", "dof", "printed"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 5, 2.571),
        (0.995, 10, 3.169),
        (0.9995, 30, 3.646),
        (0.975, 1000, 1.962),
        (0.975, math.inf, 1.960),
        (0.5, 7, 0.0),
        (0.05, 20, -1.725),
    ],
)
def test_quantiles_are_those_of_the_printed_tables(probability: float, dof: float, printed: float) -> None:
    assert t_quantile(probability, dof) == pytest.approx(printed, abs=6e-4)


def test_an_interval_lies_around_the_weight_and_grows_with_the_level() -> None:
    found = shapley_values(sampled(12, 200))
    assert found.std_errors is not None
    assert found.dof is not None
    (low, high), (lower, higher) = found.interval() or ((), ()), found.interval(0.99) or ((), ())
    np.testing.assert_allclose(high - found.weights, t_quantile(0.975, found.dof) * found.std_errors)
    np.testing.assert_allclose((np.add(low, high)) / 2, found.weights)
    assert (np.less(lower, low) & np.greater(higher, high)).all()
    with pytest.raises(UsageError, match=r"a confidence level lies between 0 and 1, such as 0\.95; got 95"):
        found.interval(95)


@pytest.mark.parametrize(("method", "n", "budget"), [("shapley", 12, 120), ("shapley", 12, 512), ("lime", 10, 100)])
def test_95_percent_intervals_cover_in_95_percent(method: str, n: int, budget: int) -> None:
    shares = [covered(method, kind, n, budget, seed) for kind in KINDS for seed in range(40)]
    assert 0.93 < np.mean(shares) < 0.97
