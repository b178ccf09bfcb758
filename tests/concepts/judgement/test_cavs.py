"""CAVs: the same as scikit-learn's regressions, many at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from audiolime_ext.concepts.judgement.cavs import fit_cavs

SIGNS = np.repeat([1.0, -1.0], [12, 18])


def patches(seed: int, *, apart: float = 0.5, n_features: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(len(SIGNS), n_features))
    found[:12, :4] += apart
    return found


@pytest.mark.parametrize("strength", [0.1, 1.0, 25.0])
@pytest.mark.parametrize("n_features", [5, 40, 700])
def test_a_cav_is_the_weights_of_a_logistic_regression(strength: float, n_features: int) -> None:
    given = [patches(seed, n_features=n_features) for seed in range(3)]
    cavs = fit_cavs(np.stack([one @ one.T for one in given]), SIGNS, strength=strength)
    for one, alphas, intercept in zip(given, cavs.alphas, cavs.intercepts, strict=True):
        other = LogisticRegression(C=1 / strength, tol=1e-12, solver="newton-cholesky").fit(one, SIGNS)
        np.testing.assert_allclose(alphas @ one, other.coef_[0], atol=1e-6)
        assert intercept == pytest.approx(other.intercept_[0], abs=1e-6)


def test_a_batch_finds_what_each_cav_finds_alone() -> None:
    """A batch begins where its first CAV ends; one that is told apart for certain stands before some that are not."""
    given = [patches(seed, apart=apart) for seed, apart in enumerate((100, 0, 0.5, 3))]
    inner = np.stack([one @ one.T for one in given])
    cavs = fit_cavs(inner, SIGNS)
    alone = [fit_cavs(one[None], SIGNS) for one in inner]
    np.testing.assert_allclose(cavs.alphas, np.concatenate([one.alphas for one in alone]), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(cavs.steps, np.concatenate([one.steps for one in alone]), rtol=1e-7)


def test_margins_and_derivatives_are_those_of_the_direction() -> None:
    given, asked = patches(0), np.random.default_rng(1).normal(size=(7, 40))
    cavs = fit_cavs((given @ given.T)[None], SIGNS)
    direction = cavs.alphas[0] @ given
    np.testing.assert_allclose(cavs.margins((asked @ given.T)[None])[0], asked @ direction + cavs.intercepts[0])
    unit = direction / np.linalg.norm(direction)
    np.testing.assert_allclose(cavs.derivatives((asked @ given.T)[None])[0], asked @ unit)
    assert cavs.steps[0] == pytest.approx((given[:12].mean(axis=0) - given[12:].mean(axis=0)) @ unit)


def test_patches_that_are_told_apart_for_certain_settle_all_the_same() -> None:
    given = patches(0, apart=100)
    cavs = fit_cavs((given @ given.T)[None], SIGNS, strength=1e-3)
    assert (SIGNS * cavs.margins((given @ given.T)[None])[0] > 5).all()


def test_to_the_same_patches_on_both_sides_no_direction_leads() -> None:
    """A mask's bars are alike to the last bit; of many random concepts some are nothing else."""
    same, apart = np.ones((len(SIGNS), 40)), patches(0)
    cavs = fit_cavs(np.stack([same @ same.T, apart @ apart.T]), SIGNS)
    assert cavs.steps[0] == 0 < cavs.steps[1]
    inner = np.stack([apart @ same.T, apart @ apart.T])
    assert not cavs.derivatives(inner)[0].any()
    assert cavs.derivatives(inner)[1].all()
