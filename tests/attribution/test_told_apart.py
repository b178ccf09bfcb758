"""What is told apart: beyond what a sample leaves open, by one test for all comparisons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.told_apart import are_heaviest, exceed, is_settled


def weighed(difference: float, others: int, dof: float | None) -> Attribution:
    """One component weighs more than many, by so many standard errors of a difference."""
    weights = np.array([[difference * np.sqrt(2), *[0.0] * others]])
    return Attribution("shapley", weights, None, False, covariance=np.eye(1 + others)[None], dof=dof)


@pytest.mark.parametrize(("difference", "others", "said"), [(1.8, 1, True), (1.8, 30, False), (2.9, 30, True)])
def test_one_test_holds_for_all_comparisons(difference: float, others: int, said: bool) -> None:
    assert is_settled(weighed(difference, others, None), 1) is said


@pytest.mark.parametrize(("dof", "said"), [(None, True), (200, True), (4, False)])
def test_the_test_has_the_tails_of_few_degrees_of_freedom(dof: float | None, said: bool) -> None:
    assert is_settled(weighed(3.0, 30, dof), 1) is said


def test_a_smaller_chance_to_be_wrong_asks_for_a_larger_difference() -> None:
    """At 2 standard errors a normal distribution leaves .023 above."""
    answers = [is_settled(weighed(2.0, 1, None), 1, error=error) for error in (0.5, 0.05, 0.03, 0.02, 1e-9)]
    assert answers == [True, True, True, False, False]


def test_a_comparison_without_error_asks_for_no_larger_difference_of_the_others() -> None:
    """Of the first two only the sum is uncertain; with a chance of .4 to be wrong a quarter of an error is enough."""
    weights, covariance = np.array([1.0, 0.9, 0.5]), np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    found = exceed(weights, covariance, None, np.array([0]), np.array([1, 2]), rounding=0.0, error=0.4)
    assert found.tolist() == [[True, True]]


def test_what_a_sample_leaves_open_settles_nothing() -> None:
    unknown = replace(weighed(9.0, 3, None), covariance=None)
    assert not is_settled(unknown, 1)


@pytest.mark.parametrize(("second", "said"), [(1 - 0.9e-5, False), (1 - 1.1e-5, True)])
def test_exact_weights_are_told_apart_by_more_than_rounding(second: float, said: bool) -> None:
    """A hundred-thousandth of the heaviest; errors that no mask leaves open say nothing."""
    exact = Attribution("shapley", np.array([[4.0, 4 * second, 0.0]]), None, True, covariance=np.eye(3)[None])
    assert is_settled(exact, 1) is said
    assert is_settled(exact, 2)


def test_errors_that_weights_share_do_not_blur_their_difference() -> None:
    weights, shared = np.array([1.0, 0.9]), np.full((2, 2), 1.0) + np.eye(2) * 1e-4
    assert are_heaviest(weights, shared, None, 1, rounding=0.0)
    assert not are_heaviest(weights, np.eye(2), None, 1, rounding=0.0)


def test_each_of_several_is_compared_with_each_of_the_others() -> None:
    weights = np.array([0.0, 1.0, 0.97, 0.5])
    told = exceed(weights, np.eye(4) * 1e-4, None, np.array([1, 2]), np.array([0, 2, 3]), rounding=0.0)
    assert told.tolist() == [[True, False, True], [True, False, True]]


def test_five_of_a_hundred_samples_without_a_leader_seem_to_have_one() -> None:
    """The largest of alike weights is said to be the largest as often as the test may be wrong."""
    rng, n = np.random.default_rng(0), 400
    drawn = rng.normal(size=(n, 6))
    told = [exceed(row, np.eye(6), None, np.array([0]), np.arange(1, 6), rounding=0.0).any() for row in drawn]
    assert np.mean(told) == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / n) ** 0.5)
