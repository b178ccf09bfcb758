"""Samples cut out of a long sequence of answered masks are those that `choose_masks` would have given."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Masks, Sampling, choose_masks
from tests.games import Value, play
from tests.studies.adjusted import adjusted_banzhaf, adjusted_lime, unadjusted_shapley
from tests.studies.draws import Draws
from tests.studies.error_curves import Attribute
from tests.studies.samplers import SAMPLERS, samples

N = 12


def game(order: int) -> Value:
    """Effects of single components and of groups of so many."""
    rng = np.random.default_rng(0)
    single, groups = rng.normal(size=(N, 2)), [rng.choice(N, order, replace=False) for _ in range(20)]

    def value(masks: Masks) -> NDArray[np.float64]:
        return masks @ single + sum(masks[:, group].all(axis=1, keepdims=True) for group in groups)

    return value


def draws(order: int, sampling: Sampling) -> Draws:
    return Draws.ask(game(order), N, 2000, [0, 1], sampling=sampling, seed=0)


@pytest.mark.parametrize("sampling", ["shapley", "uniform"])
def test_the_first_stretch_is_what_choose_masks_gives_with_that_seed(sampling: Sampling) -> None:
    near = next(draws(3, sampling).paired(200))
    chosen = play(game(3), choose_masks(N, max_evals=200, sampling=sampling, seed=0))
    ours, theirs = (np.lexsort(one.masks.T) for one in (near, chosen))
    np.testing.assert_array_equal(near.masks[ours], chosen.masks[theirs])
    np.testing.assert_array_equal(near.counts[ours], chosen.counts[theirs])
    np.testing.assert_allclose(near.scores[ours], chosen.scores[theirs])
    np.testing.assert_array_equal(near.masks, ~near.masks[::-1])


def test_plain_samples_are_as_large_but_not_in_pairs() -> None:
    value = game(3)
    for near in islice(draws(3, "uniform").plain(200), 3):
        assert len(near.masks) == 200
        assert not near.masks[0].any()
        assert near.masks[-1].all()
        np.testing.assert_allclose(near.scores, value(near.masks))
        masks, opposites = ({mask.tobytes() for mask in rows[1:-1]} for rows in (near.masks, ~near.masks))
        assert len(masks & opposites) < 40


@pytest.mark.parametrize("sampler", SAMPLERS["shapley"])
def test_every_sampler_aims_at_the_same_values(sampler: str) -> None:
    sequence = draws(4, "shapley")
    truth = shapley_values(play(game(4), choose_masks(N, max_evals=2**N))).weights
    near = list(islice(samples(sequence, 302, sampler=sampler, sampling="shapley"), 60))
    assert all(abs(len(one.masks) - 302) <= 2 for one in near)
    found = np.array([shapley_values(one).weights for one in near])
    assert np.abs(found.mean(axis=0) - truth).max() < 4 * found.std(axis=0).max() / len(near) ** 0.5


@pytest.mark.parametrize(
    ("with_columns", "without", "exact", "sampling"),
    [
        (shapley_values, unadjusted_shapley, shapley_values, "shapley"),
        (adjusted_lime, lime, lime, "uniform"),
        (adjusted_banzhaf, banzhaf_values, banzhaf_values, "uniform"),
    ],
)
def test_columns_for_the_number_of_components_leave_the_estimand_and_lessen_the_error(
    with_columns: Attribute, without: Attribute, exact: Attribute, sampling: Sampling
) -> None:
    def saturating(masks: Masks) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-4 * (masks @ np.linspace(0.0, 0.4, N)[:, None] - 0.5)))

    everything = play(saturating, choose_masks(N, max_evals=2**N))
    truth = exact(everything).weights
    on = everything.masks.sum(axis=1)
    kernel = np.array([1.0, *(1 / (comb(N, k) * k * (N - k)) for k in range(1, N)), 1.0])[on]
    weighted = replace(everything, counts=kernel, exhaustive=False) if sampling == "shapley" else everything
    np.testing.assert_allclose(with_columns(weighted).weights, truth, atol=1e-9)
    sample = play(saturating, choose_masks(N, max_evals=400, sampling=sampling, seed=1))
    near, far = (np.abs(one(sample).weights - truth).mean() for one in (with_columns, without))
    assert near < 0.95 * far
