"""How additive a model is: on games whose parts are known, and against plain least squares."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.attribution.additivity import additivity, complete, shares_of_orders
from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.errors import UsageError
from tests.games import play, random_game


def one(game: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda masks: np.asarray(game(masks), np.float64)[:, None]


@pytest.mark.parametrize(
    ("game", "n", "parts"),
    [
        (lambda m: m @ np.arange(1.0, 5.0) - 7, 4, [1, 0, 0, 0]),
        (lambda m: m.sum(axis=1) % 2, 2, [0, 1]),
        (lambda m: m.sum(axis=1) % 2, 3, [0, 0, 1]),
        (lambda m: m.sum(axis=1) % 2, 4, [0, 0, 0, 1]),
        (lambda m: m[:, 0] & m[:, 1], 2, [2 / 3, 1 / 3]),
        (lambda m: m[:, 0] & m[:, 1], 5, [2 / 3, 1 / 3, 0, 0, 0]),
        (lambda m: m.sum(axis=1) >= 2, 3, [3 / 4, 0, 1 / 4]),
    ],
)
def test_known_games_have_their_parts(game: Callable[[np.ndarray], np.ndarray], n: int, parts: list[float]) -> None:
    found = shares_of_orders(play(one(game), n))
    np.testing.assert_allclose(found, [parts], atol=1e-12)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_additivity_is_the_r2_of_plain_least_squares_over_all_masks(n: int) -> None:
    near = play(random_game(n, 3, seed=n), n)
    design = np.concatenate([np.ones((2**n, 1)), near.masks], axis=1)
    fitted = design @ np.linalg.lstsq(design, near.scores, rcond=None)[0]
    spread = ((near.scores - near.scores.mean(axis=0)) ** 2).sum(axis=0)
    found = additivity(near)
    assert found is not None
    np.testing.assert_allclose(found, 1 - ((near.scores - fitted) ** 2).sum(axis=0) / spread, atol=1e-12)


def test_the_order_of_masks_does_not_matter() -> None:
    near = play(random_game(4, 2, seed=0), 4)
    rows = np.random.default_rng(0).permutation(16)
    mixed = Neighborhood(near.masks[rows], near.counts, True, near.scores[rows])
    np.testing.assert_allclose(shares_of_orders(mixed), shares_of_orders(near))


def test_scores_that_differ_by_rounding_only_have_no_parts() -> None:
    noise = np.random.default_rng(0).random(8) * 1e-7
    still = play(lambda m: np.stack([0.5 + noise, np.zeros(8), 1e-9 * m[:, 0]], axis=1), 3)
    found = additivity(still)
    assert found is not None
    assert np.isnan(found).tolist() == [True, True, False]
    assert found[2] == pytest.approx(1), "small scores are scores"


def test_owen_values_are_judged_by_the_masks_of_whole_stems() -> None:
    both = coarse_to_fine(one(lambda m: np.asarray(m.all(axis=1))), (6, 6), max_evals=500)
    assert not both.exhaustive
    assert additivity(both) == pytest.approx([2 / 3])
    assert complete(replace(both, groups=())) is None


def test_a_sample_of_masks_says_nothing() -> None:
    sampled = play(one(lambda m: m[:, 0]), choose_masks(12, max_evals=100))
    assert additivity(sampled) is None
    with pytest.raises(UsageError, match="takes all 4096 masks"):
        shares_of_orders(sampled)
