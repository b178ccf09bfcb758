"""Banzhaf values against their definition and as the best linear fit."""

import numpy as np
import pytest

from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.lime import weighted_least_squares
from audiolime_ext.components.masks import choose_masks
from tests.games import play, random_game


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_exact_values_are_mean_marginal_contributions(n: int) -> None:
    near = play(random_game(n, 3, seed=n), n)
    found = banzhaf_values(near)
    assert found.exact
    for player in range(n):
        on = near.masks[:, player]
        expected = near.scores[on].mean(axis=0) - near.scores[~on].mean(axis=0)
        np.testing.assert_allclose(found.weights[:, player], expected, atol=1e-12)


def test_they_are_the_best_linear_fit_over_all_masks() -> None:
    near = play(random_game(6, 2, seed=0), 6)
    fitted, _ = weighted_least_squares(near.masks, near.scores, np.ones(64))
    np.testing.assert_allclose(banzhaf_values(near).weights, fitted, atol=1e-12)


def test_a_uniform_sample_of_an_additive_game_gives_the_exact_values() -> None:
    truth = np.linspace(-1, 1, 13)
    chosen = choose_masks(13, max_evals=100, sampling="uniform")
    found = banzhaf_values(play(lambda masks: (masks @ truth)[:, None], chosen))
    assert not found.exact
    np.testing.assert_allclose(found.weights[0], truth, atol=1e-9)
