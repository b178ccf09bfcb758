"""Means over noisy inputs, and blurs: what they keep, and what they turn around."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.methods.smoothing import blurred, smooth_grad, turned_bands
from audiolime_ext.gradients.window_maps import WindowMaps
from tests.gradients.networks import Network, linear, logistic, quadratic, relu, score

SHAPE = 9, 5
RNG = np.random.default_rng(0)
X = RNG.uniform(0, 1, (3, *SHAPE)).astype(np.float32)
ZEROS = np.zeros(SHAPE)
WEIGHTS = RNG.normal(0, 0.5, (1, *SHAPE))


def test_without_noise_it_is_the_gradient() -> None:
    found = smooth_grad(Network(quadratic(WEIGHTS)), X, score(), noise=0, n_draws=3)
    assert found.values == pytest.approx(WEIGHTS[0] * X, abs=1e-6)
    assert found.base is None


def test_noise_is_a_share_of_the_range_of_each_window() -> None:
    """The gradient of squares is the input itself, so that a map less the input is the mean of the noise."""
    x = np.tile(X[:1], (2, 1, 1)) * np.array([1.0, 10.0], np.float32)[:, None, None]
    found = smooth_grad(Network(quadratic(np.ones((1, *SHAPE)))), x, score(), noise=0.2, n_draws=400)
    spread = (found.values - x).std(axis=(1, 2)) * 400**0.5
    ranges = x.max(axis=(1, 2)) - x.min(axis=(1, 2))
    assert spread / ranges == pytest.approx([0.2, 0.2], rel=0.3)


def test_of_a_linear_model_noise_changes_nothing() -> None:
    found = smooth_grad(Network(linear(WEIGHTS)), X, score(), noise=0.5, n_draws=4)
    assert found.values == pytest.approx(np.broadcast_to(WEIGHTS[0], X.shape), abs=1e-6)


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    network = Network(quadratic(WEIGHTS))
    one, again, other = (smooth_grad(network, X, score(), n_draws=3, seed=seed).values for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_the_noise_of_a_window_does_not_depend_on_those_behind_it() -> None:
    network = Network(quadratic(WEIGHTS))
    whole, first = (smooth_grad(network, x, score(), n_draws=3).values for x in (X, X[:1]))
    assert (whole[:1] == first).all()
    network.batch_size = 2
    assert smooth_grad(network, X, score(), n_draws=3).values == pytest.approx(whole, abs=1e-12)


def test_a_mean_of_integrated_gradients_sums_to_the_mean_over_the_noisy_copies() -> None:
    found = smooth_grad(Network(quadratic(WEIGHTS)), X, score(), of="integrated", baseline=ZEROS, noise=0.3, n_draws=5)
    assert found.gaps is not None
    assert found.gaps.max() < 1e-5
    assert found.full == pytest.approx((WEIGHTS[0] * X.astype(float) ** 2).sum(axis=(1, 2)) / 2, abs=1e-5)
    assert np.abs(found.values.sum(axis=(1, 2)) - found.moved).max() > 1e-3
    clean = smooth_grad(Network(quadratic(WEIGHTS)), X, score(), of="integrated", baseline=ZEROS, noise=0, n_draws=2)
    alone = integrated_gradients(Network(quadratic(WEIGHTS)), X, score(), baseline=ZEROS, near=0)
    assert clean.values == pytest.approx(alone.values, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"of": "maps"}, "unknown kind of maps 'maps'"),
        ({"of": "integrated"}, "takes a baseline"),
        ({"baseline": ZEROS}, "takes no baseline"),
        ({"noise": -0.1}, "noise is -0.1"),
        ({"n_draws": 0}, "n_draws 0"),
        ({"of": "integrated", "baseline": ZEROS, "silence": ZEROS}, "silence is for gradients"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        smooth_grad(Network(linear(WEIGHTS)), X, score(), **options)  # type: ignore[arg-type]


@pytest.fixture
def maps() -> WindowMaps:
    rng = np.random.default_rng(3)
    network = Network(relu(rng.normal(0, 1, (9, *SHAPE)), rng.normal(0, 0.5, (1, 9))))
    return integrated_gradients(network, X, score(), baseline=ZEROS, near=0)


@pytest.mark.parametrize("frames", [0.5, 2.0, 30.0])
def test_a_blur_along_time_keeps_the_total_of_every_band(maps: WindowMaps, frames: float) -> None:
    found = blurred(maps, frames=frames)
    assert found.values.sum(axis=1) == pytest.approx(maps.values.sum(axis=1), abs=1e-12)
    assert np.abs(found.values - maps.values).max() > 1e-3
    assert found.notes == (*maps.notes, f"blurred by a Gaussian of {frames:g} frames (standard deviation)")


def test_a_blur_across_bands_says_where_it_turns_a_band_around(maps: WindowMaps) -> None:
    values = np.zeros((1, *SHAPE))
    values[:, :, 1:4] = [3.0, -0.5, 3.0]
    found = blurred(replace(maps, values=values), frames=0, bands=1.0)
    assert found.values.sum() == pytest.approx(values.sum())
    assert found.values[:, :, 2].sum() > 0
    assert (
        "the blur changes the sign of the total of 1 band (2): what is seen there is the neighbours'" in found.notes[-1]
    )
    mild = blurred(replace(maps, values=values), frames=0, bands=0.3)
    assert mild.values[:, :, 2].sum() < 0
    assert not any("sign" in note for note in mild.notes)


def test_bands_whose_total_is_rounding_do_not_turn() -> None:
    before = np.array([[[1.0, 1e-14, -1.0]]])
    assert turned_bands(before, np.array([[[1.0, -1e-14, 1.0]]])).tolist() == [2]


def test_no_blur_changes_nothing(maps: WindowMaps) -> None:
    assert blurred(maps, frames=0) is maps


def test_a_blur_that_is_none_is_refused(maps: WindowMaps) -> None:
    with pytest.raises(UsageError, match="standard deviations are finite, from 0 on"):
        blurred(maps, frames=-1)
    with pytest.raises(UsageError, match=r"a blur needs maps \(n_windows, n_frames, n_bands\)"):
        blurred(replace(maps, values=maps.values[:, 0]))


def test_a_saturated_score_has_next_to_no_smooth_gradient() -> None:
    found = smooth_grad(Network(logistic(np.full((1, *SHAPE), 5.0))), X, score(), noise=0.05, n_draws=5)
    assert np.abs(found.values).max() < 1e-6


def test_where_slopes_come_to_nothing_on_the_way_from_silence_a_window_is_not_explained() -> None:
    """A slope of 1 per unit in each cell, and silence at distances of .04 and .06 in all."""
    network = Network(linear(np.full((1, *SHAPE), 1.0)))
    silence = np.full(SHAPE, 0.5)
    x = np.stack([silence + share / silence.size for share in (0.04, 0.06)]).astype(np.float32)
    asked: dict[str, Any] = {"noise": 0.0, "n_draws": 1, "silence": silence}
    found = smooth_grad(network, x, score(), near=0.05, **asked)
    assert found.abstained.tolist() == [True, False]
    assert not found.values[0].any()
    assert found.values[1] == pytest.approx(np.ones(SHAPE))
    assert found.notes[0] == (
        "1 of 2 windows is not explained: the value hardly has a slope there (all slopes times the way from silence "
        "come to less than 0.05): it is saturated, or does not depend on what sounds"
    )
    assert not smooth_grad(network, x, score(), near=0.0, **asked).abstained.any()


def test_a_mean_of_integrated_gradients_abstains_where_the_value_is_the_baselines() -> None:
    network = Network(linear(np.full((1, *SHAPE), 1.0)))
    x = np.stack([np.full(SHAPE, share / ZEROS.size) for share in (0.04, 0.06)]).astype(np.float32)
    found = smooth_grad(network, x, score(), of="integrated", baseline=ZEROS, noise=0.1, n_draws=2, near=0.05)
    assert found.abstained.tolist() == [True, False]
    assert not found.values[0].any()
    assert found.values[1].any()
    assert found.notes[0] == "1 of 2 windows is not explained: the value differs from the baseline's by less than 0.05"
