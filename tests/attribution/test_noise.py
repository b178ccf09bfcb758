"""Noise of answers becomes errors of weights: against repeating the whole experiment."""

import numpy as np
import pytest

from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.components.masks import MaskSet, Neighborhood, choose_masks
from audiolime_ext.prediction.repeatability import Noise
from tests.games import play, random_game

SD = np.array([0.1, 0.0])
NOISE = Noise(52, np.ones(2), np.zeros(2), np.ones(2), SD, 42)


@pytest.mark.parametrize("method", ["shapley", "lime", "banzhaf", "leave-one-out"])
def test_errors_are_those_of_answering_anew(method: str) -> None:
    near, attribute = play(random_game(4, 2, seed=0), 4), METHODS[method].attribute
    found = attribute_noisy(attribute, near, NOISE)
    rng = np.random.default_rng(0)
    anew = [
        attribute(
            Neighborhood(near.masks, near.counts, True, near.scores + rng.normal(size=near.scores.shape) * SD)
        ).weights
        for _ in range(4000)
    ]
    assert found.std_errors is not None
    np.testing.assert_allclose(found.std_errors[0], np.std(anew, axis=0)[0], rtol=0.06)
    assert found.std_errors[1].max() < 1e-12
    assert found.covariance is not None
    np.testing.assert_allclose(found.covariance[0], np.cov(np.array(anew)[:, 0].T), atol=1e-3)
    np.testing.assert_array_equal(found.weights, attribute(near).weights)
    assert (found.exact, found.dof) == (False, 42)


def test_owen_values_have_it_too() -> None:
    near = coarse_to_fine(lambda m: m[:, :1] @ np.array([[1.0, 2.0]]), (3, 3), max_evals=40)
    found = attribute_noisy(METHODS["owen"].attribute, near, NOISE)
    assert found.std_errors is not None
    assert (found.std_errors[0] > 0).all()


def test_a_sample_has_both_errors() -> None:
    near = play(random_game(12, 2, seed=0), choose_masks(12, max_evals=300))
    plain = METHODS["shapley"].attribute(near)
    found = attribute_noisy(METHODS["shapley"].attribute, near, NOISE)
    assert plain.std_errors is not None
    assert found.std_errors is not None
    assert (found.std_errors[0] > plain.std_errors[0]).all()
    np.testing.assert_allclose(found.std_errors[1], plain.std_errors[1])
    assert found.dof == min(42, plain.dof or 0)


def test_weights_without_errors_get_none_and_are_not_exact() -> None:
    few = choose_masks(12, max_evals=60)
    near = play(random_game(12, 2, seed=0), MaskSet(few.masks, few.counts, False))
    found = attribute_noisy(METHODS["shapley"].attribute, near, NOISE)
    assert found.std_errors is None
    assert not found.exact


def test_without_noise_nothing_changes() -> None:
    near = play(random_game(3, 2, seed=0), 3)
    alike = Noise(4, np.zeros(2), np.zeros(2), np.ones(2), np.zeros(2), 4)
    for noise in (None, alike):
        assert attribute_noisy(METHODS["shapley"].attribute, near, noise).exact
