"""Covariances against errors that are known, quantiles against tables, intervals against the truth."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution import intervals
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.intervals import enough_for_intervals, paired_covariance, t_quantile
from audiolime_ext.attribution.lime import cosine_distances, exponential_kernel, lime
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Neighborhood, Sampling, choose_masks
from audiolime_ext.errors import UsageError
from tests.games import play, random_game
from tests.studies.coverage import RARE, covered, games

Array = NDArray[np.float64]
Method = Callable[[Neighborhood], Attribution]

UNLUCKY = 5  # the seed of a sample in which the first component is never on alone
LEAST_HELD = 0.93 - 2 * (0.07 * 0.93 / 30) ** 0.5  # of 30 games


def sampled(n: int, max_evals: int, sampling: Sampling = "shapley") -> Neighborhood:
    return play(random_game(n, 2, seed=n), choose_masks(n, max_evals=max_evals, sampling=sampling, seed=1))


def without_repeats(method: Method) -> tuple[Neighborhood, Array]:
    """A neighbourhood of 41 pairs, each drawn once, and the standard deviations of the errors that suit the fit.

    One pair more than the fit's columns for the number of components need, so that each may be left out.
    """
    near = sampled(8, 82, "shapley" if method is shapley_values else "uniform")
    near = replace(near, counts=np.ones_like(near.counts))
    if method is lime:
        return near, exponential_kernel(cosine_distances(near.masks)) ** -0.5
    scale = np.ones(len(near.masks))
    if method is shapley_values:
        scale[[0, -1]] = 0.0  # the fit is made to hold there
    return near, scale


def with_one_error_each(near: Neighborhood, scale: Array) -> Neighborhood:
    """As many outputs as masks; in each the score is 0 but for one error, of one standard deviation."""
    return replace(near, scores=np.diag(scale))


def jackknife(method: Method, near: Neighborhood) -> Array:
    """Σ over draws of the squared change of the weights when it is left out, shape (n_outputs, n, n)."""
    weights = method(near).weights
    total = np.zeros((*weights.shape, weights.shape[1]))
    for i in range(1, len(near.masks) // 2):
        left = np.isin(np.arange(len(near.masks)), [i, len(near.masks) - 1 - i], invert=True)
        fewer = replace(near, masks=near.masks[left], counts=near.counts[left], scores=near.scores[left])
        change = method(fewer).weights - weights
        total += change[:, :, None] * change[:, None, :]
    return total


@pytest.fixture
def none_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the draws that are added."""
    monkeypatch.setattr(intervals, "UNSEEN", 0.0)


@pytest.mark.usefixtures("none_unseen")
@pytest.mark.parametrize("method", [shapley_values, lime, banzhaf_values])
def test_the_covariance_is_right_on_average_where_errors_are_as_the_fit_supposes(method: Method) -> None:
    found = method(with_one_error_each(*without_repeats(method)))
    assert found.covariance is not None
    np.testing.assert_allclose(found.covariance.sum(axis=0), found.weights.T @ found.weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", [shapley_values, lime, banzhaf_values])
def test_the_jackknifes_variances_are_too_large_on_average(method: Method) -> None:
    near = with_one_error_each(*without_repeats(method))
    too_large = np.diag(jackknife(method, near).sum(axis=0)) / (method(near).weights ** 2).sum(axis=0)
    assert ((too_large > 1.15) & (too_large < 1.6)).all()


@pytest.mark.usefixtures("none_unseen")
@pytest.mark.parametrize("method", [shapley_values, lime, banzhaf_values])
def test_degrees_of_freedom_are_those_of_the_variance_that_varies_most(method: Method) -> None:
    near, scale = without_repeats(method)
    noise = np.random.default_rng(0).normal(size=(len(scale), 20_000)) * scale[:, None]
    found = method(replace(near, scores=noise))
    assert found.std_errors is not None
    assert found.dof is not None
    variances = found.std_errors**2
    of_each = 2 * variances.mean(axis=0) ** 2 / variances.var(axis=0)
    assert found.dof == pytest.approx(of_each.min(), rel=0.04)
    assert found.dof < 0.8 * (len(near.masks) // 2 - near.masks.shape[1])  # pairs less coefficients


def test_a_pair_drawn_twice_is_two_pairs() -> None:
    rng = np.random.default_rng(0)
    design, weights, residuals = rng.normal(size=(20, 2, 3)), rng.random((20, 2)), rng.normal(size=(20, 2, 2))
    draws = rng.integers(1, 4, 20)
    counted = paired_covariance(design, weights, residuals, draws, contrasts=np.eye(3), heaviest=np.ones(2))
    design, weights, residuals = (np.repeat(rows, draws, axis=0) for rows in (design, weights, residuals))
    listed = paired_covariance(
        design, weights, residuals, np.ones(draws.sum(), int), contrasts=np.eye(3), heaviest=np.ones(2)
    )
    assert counted is not None
    assert listed is not None
    np.testing.assert_allclose(counted[0], listed[0])
    assert counted[1] == pytest.approx(listed[1])


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
    asked = {"contrasts": np.eye(2), "heaviest": np.ones(1)}
    assert paired_covariance(design, weights, residuals, np.ones(5, int), **asked) is None
    assert paired_covariance(design, weights, residuals, np.array([2, 1, 1, 1, 1]), **asked) is not None
    assert paired_covariance(design[1:], weights[1:], residuals[1:], np.ones(4, int), **asked) is None


def variance_of_a_mean(errors: Array, heaviest: float) -> float:
    """Of draws whose two scores are both off by these errors, shape (n_draws,)."""
    rows, draws = np.ones((len(errors), 2, 1)), np.ones(len(errors), int)
    residuals = np.repeat(errors[:, None, None], 2, axis=1)
    asked = {"contrasts": np.eye(1), "heaviest": np.array([heaviest])}
    found = paired_covariance(rows, rows[:, :, 0] / 2, residuals, draws, **asked)
    assert found is not None
    return float(found[0][0, 0, 0])


@pytest.mark.parametrize("carriers", [5, 8, 60])
def test_three_draws_are_added_to_those_that_carry_the_variance(carriers: int) -> None:
    seen = carriers / 60 / 59  # the sum of squares over 60 (60 − 1)
    errors = np.repeat([1.0, 0.0], [carriers, 60 - carriers])
    assert variance_of_a_mean(errors, 1.0) == pytest.approx(seen * (1 + 3 / carriers))


@pytest.mark.parametrize(("heaviest", "effect"), [(0.0, 2.0), (1.0, 2.0), (3.0, 3.0)])
@pytest.mark.parametrize("carriers", [1, 2, 4])
def test_with_few_that_carry_it_the_added_draws_are_off_by_the_largest_effect_seen(
    carriers: int, heaviest: float, effect: float
) -> None:
    seen = 2.0**2 * carriers / 60 / 59
    errors = np.repeat([2.0, 0.0], [carriers, 60 - carriers])
    wanted = seen * (1 + 3 / carriers) + 3 * effect**2 / 60**2
    assert variance_of_a_mean(errors, heaviest) == pytest.approx(wanted)


def test_without_residuals_of_a_twentieth_of_the_heaviest_weight_the_added_draws_are_off_by_that() -> None:
    faint, loud = (variance_of_a_mean(np.full(60, size), 1.0) for size in (0.03, 0.04))  # √2 of it count, two scores
    assert faint == pytest.approx(0.03**2 / 59 + 3 / 60**2)
    assert loud == pytest.approx(0.04**2 / 59 * 63 / 60)


@pytest.mark.parametrize("n", [12, 20, 50])
def test_intervals_of_an_additive_game_are_narrow_but_never_of_no_width(n: int) -> None:
    weights = np.random.default_rng(n).random(n)
    for method, sampling in ((shapley_values, "shapley"), (lime, "uniform"), (banzhaf_values, "uniform")):
        for budget, least, most in ((1024, 0.015, 0.075), (10 * n, 0.075, 0.45)):
            chosen = choose_masks(n, max_evals=budget, sampling=sampling, seed=0)  # type: ignore[arg-type]
            low, high = method(play(lambda masks: (masks @ weights)[:, None], chosen)).interval() or ([], [])
            half = np.subtract(high, low)[0] / 2 / weights.max()
            assert least < half.mean() < most


def test_an_interval_holds_what_no_draw_has_seen() -> None:
    def apex(masks: NDArray[np.bool_]) -> Array:
        others = masks[:, 1:].sum(axis=1)
        return np.asarray(np.where(masks[:, 0], others >= 1, others == 11)[:, None], float)

    near = play(apex, choose_masks(12, max_evals=120, seed=UNLUCKY))
    assert (near.scores[:, 0] == near.masks[:, 0]).all()  # a dictator, as far as can be seen
    found = shapley_values(near)
    np.testing.assert_allclose(found.weights[0], np.eye(12)[0], atol=1e-9)
    low, high = (ends[0] for ends in found.interval() or ())
    truth = np.array([10 / 12, *[2 / 12 / 11] * 11])
    assert ((low < truth) & (truth < high)).all()


@pytest.mark.parametrize("method", [shapley_values, lime, banzhaf_values])
def test_the_added_draws_hardly_widen_the_intervals_of_smooth_games(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    wider = []
    for seed in range(20):
        sampling: Sampling = "shapley" if method is shapley_values else "uniform"
        near = play(games(12, seed), choose_masks(12, max_evals=512, sampling=sampling, seed=seed))
        errors = []
        for unseen in (0.0, 3.0):
            monkeypatch.setattr(intervals, "UNSEEN", unseen)
            low, high = method(near).interval() or ([], [])
            errors.append(np.subtract(high, low))
        wider.append(errors[1] / errors[0])
    assert 1.0 < np.median(wider) < 1.05
    assert np.mean(wider) < 1.15


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


def shares_covered(method: str) -> Array:
    """The share of intervals that hold the true weight, at 120 and at 512 evaluations."""
    return np.asarray(np.mean([covered(method, 12, [120, 512], seed) for seed in range(60)], axis=(0, 2, 3)))


def rare_covered(method: str, n_games: int = 30) -> tuple[Array, Array]:
    """For each kind of game that few masks decide, at 120 and 512 evaluations, the shares of intervals that hold.

    Of the heaviest component, and of all the others, shape (2, n_kinds) each.
    """
    inside = np.mean([covered(method, 12, [120, 512], seed, RARE) for seed in range(n_games)], axis=0)
    return inside[:, :, 0], inside[:, :, 1:].mean(axis=2)


@pytest.mark.parametrize("method", ["shapley", "lime", "banzhaf"])
def test_intervals_cover_where_few_masks_decide(method: str) -> None:
    heaviest, others = rare_covered(method)
    assert min(heaviest.min(), others.min()) > LEAST_HELD
    assert min(heaviest.mean(), others.mean()) > 0.95


@pytest.mark.parametrize("rule", ["UNSEEN", "NOTHING"])
def test_the_check_of_rare_games_notices_a_rule_that_is_gone(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, rule, 0.0)
    assert min(share.min() for share in rare_covered("banzhaf")) < LEAST_HELD


@pytest.mark.parametrize("method", ["shapley", "lime", "banzhaf"])
def test_95_percent_intervals_cover_in_95_percent(method: str) -> None:
    shares = shares_covered(method)
    assert ((shares > 0.93) & (shares < 0.97)).all()


@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_the_check_of_coverage_notices_errors_that_are_too_small_or_too_large(
    scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scaled(near: Neighborhood) -> Attribution:
        found = shapley_values(near)
        assert found.std_errors is not None
        return replace(found, std_errors=scale * found.std_errors)

    monkeypatch.setitem(METHODS, "shapley", replace(METHODS["shapley"], attribute=scaled))
    shares = shares_covered("shapley")
    assert ((shares < 0.93) | (shares > 0.97)).all()
