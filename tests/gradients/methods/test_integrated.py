"""Integrated Gradients against closed forms, and the numbers that say how far they are to be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.methods.smoothing import smooth_grad
from audiolime_ext.gradients.window_maps import WindowMaps, tolerance
from audiolime_ext.prediction.similarity import cosine_to
from tests.gradients.networks import Network, linear, log_odds, logistic, one_place, quadratic, relu, score

RNG = np.random.default_rng(0)
SHAPE = 6, 5
X = RNG.uniform(-1, 1, (4, *SHAPE)).astype(np.float32)
BASE = RNG.uniform(-1, 1, SHAPE).astype(np.float32)
WEIGHTS = RNG.normal(0, 0.3, (2, *SHAPE))


def test_of_a_linear_model_it_is_the_difference_times_the_weights() -> None:
    maps = integrated_gradients(Network(linear(WEIGHTS)), X, score(2, 1), baseline=BASE, near=0)
    assert maps.values == pytest.approx((X.astype(float) - BASE) * WEIGHTS[1], abs=1e-6)
    assert maps.gaps is not None
    assert maps.gaps.max() < 1e-6
    assert maps.steps is not None
    assert (maps.steps == 9).all()


def test_of_squares_it_is_half_the_difference_of_squares() -> None:
    maps = integrated_gradients(Network(quadratic(WEIGHTS)), X, score(2), baseline=BASE, near=0)
    assert maps.values == pytest.approx(WEIGHTS[0] * (X.astype(float) ** 2 - BASE.astype(float) ** 2) / 2, abs=1e-6)


def test_each_window_may_have_a_baseline_of_its_own() -> None:
    bases = RNG.uniform(-1, 1, X.shape).astype(np.float32)
    maps = integrated_gradients(Network(linear(WEIGHTS)), X, score(2), baseline=bases, near=0)
    assert maps.values == pytest.approx((X.astype(float) - bases) * WEIGHTS[0], abs=1e-6)
    assert maps.base == pytest.approx(np.einsum("tb,ntb->n", WEIGHTS[0], bases), abs=1e-6)


@pytest.mark.parametrize(("frames", "bands"), [(slice(None), slice(2, 3)), (slice(2, 4), slice(None))])
def test_a_model_that_hears_one_place_has_its_relevance_there(frames: slice, bands: slice) -> None:
    weights = 8 * one_place(frames, bands, SHAPE)
    maps = integrated_gradients(Network(logistic(weights)), X + 1, score(), baseline=np.zeros(SHAPE))
    sizes = np.abs(maps.values)
    assert sizes[:, frames, bands].sum() / sizes.sum() >= 0.95


def test_where_the_network_is_saturated_gradients_vanish_and_the_integral_does_not() -> None:
    network, loud = (
        Network(logistic(60 * one_place(slice(None), slice(2, 3), SHAPE), -4.0)),
        np.ones((1, *SHAPE), np.float32),
    )
    gradient = smooth_grad(network, loud, score(), noise=0, n_draws=1)
    assert np.abs(gradient.values).sum() < 1e-12
    maps = integrated_gradients(network, loud, score(), baseline=np.zeros(SHAPE))
    assert maps.values.sum() == pytest.approx(1 - 1 / (1 + np.exp(4)), abs=0.01)
    assert maps.complete.all()


def test_steps_grow_only_where_the_sum_is_off() -> None:
    """A steep rise in the middle of the way needs many nodes, a slow one few."""
    sharp = logistic(300 * one_place(slice(None), slice(0, 1), SHAPE), -200.0)
    x = np.stack([np.full(SHAPE, 0.67), np.full(SHAPE, 1.0)]).astype(np.float32)
    maps = integrated_gradients(Network(sharp), x, score(), baseline=np.zeros(SHAPE), most_steps=1024)
    assert maps.steps is not None
    assert maps.gaps is not None
    assert maps.steps.min() > 9
    assert (maps.gaps <= tolerance(maps.moved)).all()
    soft = integrated_gradients(Network(logistic(WEIGHTS[:1])), x, score(), baseline=np.zeros(SHAPE), near=0)
    assert soft.steps is not None
    assert (soft.steps == 9).all()


def test_no_gradient_is_taken_twice() -> None:
    network = Network(relu(*_kinked()))
    maps = integrated_gradients(network, X[:1], score(), baseline=BASE, near=0.0, n_steps=2)
    assert maps.nodes[0] > 7
    assert sum(network.batches) == 2 + maps.nodes[0]  # both ends are values alone


def test_nodes_are_put_where_the_value_bends() -> None:
    """A network with one kink, a fifth of the way from the baseline: the steps that hold it are halved, no others."""
    ones = np.ones((1, *SHAPE), np.float32)
    maps = integrated_gradients(bends((0.2, 1.0)), ones, score(), baseline=np.zeros(SHAPE), near=0, n_steps=3)
    assert maps.complete.all()
    assert maps.places is not None
    steps = np.diff(maps.places[0])
    smallest = steps.argmin()
    assert maps.places[0][smallest] <= 0.2 <= maps.places[0][smallest + 1]
    assert (steps[maps.places[0][1:] > 0.5] == 0.5).all()


def test_a_sum_that_is_right_by_luck_does_not_end_it() -> None:
    """Two kinks whose errors cancel: the sum is right at once, and the map is not."""
    pair, ones = bends((0.3, 3.0), (0.8, -3.0)), np.ones((1, *SHAPE), np.float32)
    asked = {"baseline": np.zeros(SHAPE), "near": 0.0}
    fixed = integrated_gradients(pair, ones, score(), most_steps=9, **asked)  # type: ignore[arg-type]
    assert fixed.gaps == pytest.approx([0.0], abs=1e-5)
    assert abs(fixed.values[0, :, 0].sum() - 2.1) > 0.03
    maps = integrated_gradients(pair, ones, score(), **asked)  # type: ignore[arg-type]
    assert maps.nodes[0] > 9
    assert maps.values[0].sum(axis=0)[:2] == pytest.approx([2.1, -0.6], abs=0.02)


def bends(*kinks: tuple[float, float]) -> Network:
    """Of each kink its place and the slope behind it: band i is heard from that place of its mean on."""

    def answer(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = np.zeros((len(x), 1)), np.zeros((len(x), 1, *SHAPE))
        for i, (place, slope) in enumerate(kinks):
            mean = x[:, :, i].mean(axis=1)
            values[:, 0] += slope * np.maximum(mean - place, 0)
            slopes[:, 0, :, i] = (slope * (mean > place) / SHAPE[0])[:, None]
        return values, slopes

    return Network(answer)


def test_nodes_that_are_given_are_the_ones_that_are_taken() -> None:
    network = Network(relu(*_kinked()))
    found = integrated_gradients(network, X, score(), baseline=BASE, near=0.0)
    again = integrated_gradients(network, X, score(), baseline=BASE, near=0.0, places=found.places, most_steps=0)
    assert (again.values == found.values).all()


def test_the_limit_of_steps_leaves_the_gap_in_the_result() -> None:
    sharp = logistic(3000 * one_place(slice(None), slice(0, 1), SHAPE), -2000.0)
    maps = integrated_gradients(
        Network(sharp), np.ones((1, *SHAPE), np.float32), score(), baseline=np.zeros(SHAPE), most_steps=32
    )
    assert maps.steps is not None
    assert maps.gaps is not None
    assert maps.steps[0] == 32
    assert maps.gaps[0] == pytest.approx(abs(maps.values.sum() - maps.moved[0]))
    assert not maps.complete.any()
    assert "the sum of 1 of 1 map is further from the difference than 1 %" in maps.notes[0]


def test_relevance_of_a_kinked_network_sums_to_the_difference() -> None:
    network = Network(relu(RNG.normal(0, 1, (20, *SHAPE)), RNG.normal(0, 0.3, (1, 20))))
    maps = integrated_gradients(network, X, score(), baseline=BASE, near=0, most_steps=1024)
    assert maps.complete.all()
    assert np.abs(maps.moved).max() > 0.1


def test_what_is_as_the_baseline_is_not_explained() -> None:
    x = np.stack([np.full(SHAPE, 0.04), np.full(SHAPE, 0.06)]).astype(np.float32)
    network = Network(linear(one_place(slice(None), slice(None), SHAPE)))
    maps = integrated_gradients(network, x, score(), baseline=np.zeros(SHAPE))
    assert maps.abstained.tolist() == [True, False]
    assert maps.values[0].tolist() == np.zeros(SHAPE).tolist()
    assert maps.gaps is not None
    assert maps.gaps.tolist() == pytest.approx([0.04, 0.0], abs=1e-6)
    assert maps.notes[0] == "1 of 2 windows is not explained: the value differs from the baseline's by less than 0.05"
    assert not integrated_gradients(network, x, score(), baseline=np.zeros(SHAPE), near=0).abstained.any()


def test_log_odds_and_cosines_abstain_in_their_own_units() -> None:
    assert (log_odds().near, cosine_to(np.ones(3)).target("near").near, score().near) == (0.2, 0.02, 0.05)


def test_clipped_log_odds_sum_to_the_difference_of_what_was_clipped() -> None:
    network = Network(logistic(20 * one_place(slice(None), slice(None), SHAPE), -2.0))
    maps = integrated_gradients(
        network, np.ones((1, *SHAPE), np.float32), log_odds(), baseline=np.zeros(SHAPE), most_steps=512
    )
    assert maps.full[0] == 6
    assert maps.values.sum() == pytest.approx(8, abs=0.08)
    assert any("beyond ±6 and were clipped" in note for note in maps.notes)


def test_no_batch_is_larger_than_the_models_and_batches_change_nothing() -> None:
    network, alone = Network(relu(*_kinked())), Network(relu(*_kinked()))
    alone.batch_size = None
    together = integrated_gradients(network, X, score(), baseline=BASE, near=0)
    assert max(network.batches) == 7
    apart = [integrated_gradients(alone, one[None], score(), baseline=BASE, near=0) for one in X]
    assert together.values == pytest.approx(np.concatenate([one.values for one in apart]), abs=1e-7)
    assert together.steps is not None
    assert together.steps.tolist() == [int(one.nodes[0]) for one in apart]


def _kinked() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(0, 1, (12, *SHAPE)), rng.normal(0, 0.3, (1, 12))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"baseline": np.zeros((5, 6))}, r"the baseline has shape \(5, 6\); it must be that of one window, \(6, 5\)"),
        ({"baseline": np.full(SHAPE, np.nan)}, "the baseline holds NaN"),
        ({"baseline": BASE, "n_steps": 1}, "n_steps is 1"),
        ({"baseline": BASE, "n_steps": 64, "most_steps": 32}, "the most not below the first"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        integrated_gradients(Network(linear(WEIGHTS)), X, score(2), **options)  # type: ignore[arg-type]


def test_maps_without_a_baseline_sum_to_nothing_in_particular() -> None:
    maps = WindowMaps("gradients", X.astype(float), np.ones(4), None, None, None, np.zeros(4, bool))
    assert maps.complete.all()
    with pytest.raises(UsageError, match="gradients has no baseline"):
        _ = maps.moved
