"""Grad-CAM of networks whose layers are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import load_model
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.methods.grad_cam import channels_of, grad_cam, log_ratio, resized, turned
from audiolime_ext.gradients.methods.smoothing import gaussian
from tests.gradients.networks import Network, linear, score

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 1, (3, 12, 8)).astype(np.float32)


class Convolved(Network):
    """Two channels of 6 × 4 cells, means of 2 × 2 features times ±1; the score is their weighted mean."""

    layers = ("cells", "frames", "pooled")
    axes = "channels first"

    def __init__(self, weights: list[float]) -> None:
        super().__init__(linear(np.zeros((1, 12, 8))))
        self.weights = np.array(weights)

    def at(self, layer: str) -> Any:
        raise NotImplementedError

    def activations(self, features: Any, layer: str) -> Any:
        means = features.reshape(len(features), 6, 2, 4, 2).mean(axis=(2, 4))
        cells = np.stack([means, 1 - means], axis=1)
        kept = {"cells": cells, "frames": cells.mean(axis=3), "pooled": cells.mean(axis=(2, 3))}[layer]
        return np.moveaxis(kept, 1, -1) if self.axes == "channels last" else kept

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        assert wrt is not None
        inside = self.activations(features, wrt)
        weights = self.weights if self.axes == "channels last" else self.weights[(...,) + (None,) * (inside.ndim - 2)]
        outputs = (weights * inside).reshape(len(inside), -1).sum(axis=1)[:, None]
        slope = np.broadcast_to(weights, inside.shape) * cotangent_fn(outputs)[(...,) + (None,) * (inside.ndim - 2)]
        return outputs, inside, slope.astype(np.float32)


def cells(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.reshape(len(x), 6, 2, 4, 2).mean(axis=(2, 4)), np.float64)


def test_a_map_is_the_part_above_zero_of_the_weighted_channels() -> None:
    found = grad_cam(Convolved([2.0, -1.0]), X, score(), "cells")
    expected = resized(np.maximum(2 * cells(X) - (1 - cells(X)), 0), (12, 8))
    assert found.values == pytest.approx(expected, abs=1e-6)
    assert found.values.min() >= 0
    assert found.base is None
    assert found.notes == ("the map of cells has 6 × 4 cells, and is interpolated between them",)


def test_it_does_not_matter_where_the_channels_are_if_it_is_said() -> None:
    first, last = Convolved([2.0, -1.0]), Convolved([2.0, -1.0])
    last.axes = "channels last"
    expected = grad_cam(first, X, score(), "cells", channels="first").values
    assert grad_cam(last, X, score(), "cells", channels="last").values == pytest.approx(expected, abs=1e-6)
    last.channels = -1  # type: ignore[attr-defined]  # as the model says
    assert grad_cam(last, X, score(), "cells").values == pytest.approx(expected, abs=1e-6)


def test_published_models_say_where_their_channels_are() -> None:
    assert channels_of(load_model("musicnn:MTT_vgg"), "pool4", np.zeros((1, 11, 6, 128)), None) == -1
    assert channels_of(load_model("musicnn:MTT_musicnn"), "cnn2", np.zeros((1, 187, 64)), None) == -1
    assert channels_of(load_model("vibenet"), "stem", np.zeros((1, 32, 64, 75)), None) == 1


def test_a_channel_that_argues_against_leaves_nothing() -> None:
    assert not grad_cam(Convolved([-1.0, -1.0]), X, score(), "cells").values.any()


def test_a_layer_without_frequency_has_the_same_map_in_all_bands_and_says_so() -> None:
    found = grad_cam(Convolved([2.0, -1.0]), X, score(), "frames", channels="first")
    assert found.values == pytest.approx(np.broadcast_to(found.values[:, :, :1], found.values.shape))
    assert found.values[:, 0, 0] == pytest.approx(np.maximum(3 * cells(X).mean(axis=2) - 1, 0)[:, 0], abs=1e-6)
    assert found.notes == ("frames has no axis of frequency: the map is the same in all bands",)


@pytest.mark.parametrize(
    ("layer", "options", "complaint"),
    [
        ("conv5", {}, r"unknown layer 'conv5' \(allowed: cells, frames, pooled\)"),
        ("pooled", {}, r"layer 'pooled' answers activations of shape \(3, 2\): there is no time or frequency left"),
        ("frames", {}, "say which of the last two axes holds the channels: channels='first' or 'last'"),
        ("cells", {"channels": "middle"}, "unknown channels 'middle'"),
        ("cells", {"first": "level"}, "unknown axis 'level'"),
    ],
)
def test_a_layer_without_a_map_is_refused(layer: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        grad_cam(Convolved([1.0, 1.0]), X, score(), layer, **options)


def test_a_model_whose_layers_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot be read; integrated_gradients\(\) needs none"):
        grad_cam(Network(linear(np.ones((1, 12, 8)))), X, score(), "cells")


def test_what_has_no_frames_and_bands_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a map needs features \(n_windows, n_frames, n_bands\), not \(3, 96\)"):
        grad_cam(Convolved([1.0, 1.0]), X.reshape(3, 96), score(), "cells")


@pytest.mark.parametrize(
    ("coarse", "grid", "first", "expected"),
    [
        ((92, 48), (187, 96), None, False),
        ((2, 1), (187, 96), None, False),
        ((64, 468), (936, 128), None, True),
        ((4, 4), (128, 128), "frequency", True),
        ((64, 468), (936, 128), "time", False),
    ],
)
def test_the_order_of_the_axes_is_that_which_fits(
    coarse: tuple[int, int], grid: tuple[int, int], first: Any, expected: bool
) -> None:
    assert turned("conv", coarse, grid, first) is expected


def test_where_both_orders_fit_it_must_be_said() -> None:
    with pytest.raises(UsageError, match=r"5 × 4 cells, which may be time × frequency or the reverse; .*first='time'"):
        turned("conv", (5, 4), (100, 96), None)


def test_frequency_first_is_turned_around() -> None:
    class Turned(Convolved):
        def activations(self, features: Any, layer: str) -> Any:
            return super().activations(features, layer).swapaxes(2, 3)

    straight = grad_cam(Convolved([2.0, -1.0]), X, score(), "cells").values
    assert grad_cam(Turned([2.0, -1.0]), X, score(), "cells", first="frequency").values == pytest.approx(
        straight, abs=1e-6
    )


def test_resizing_keeps_a_constant_and_a_mean() -> None:
    assert resized(np.full((1, 3, 2), 0.7), (10, 7)) == pytest.approx(np.full((1, 10, 7), 0.7))
    grid = RNG.uniform(0, 1, (2, 3, 4))
    assert resized(grid, (9, 12)).mean(axis=(1, 2)) == pytest.approx(grid.mean(axis=(1, 2)), abs=0.05)
    assert resized(grid, (3, 4)) == pytest.approx(grid)


def test_scaled_maps_run_from_0_to_1_however_little_there_is() -> None:
    """Which is why raw values are the default: the second window has a thousandth of the first's."""
    x = np.stack([X[0], X[0] / 1000])
    raw = grad_cam(Convolved([1.0, 0.0]), x, score(), "cells").values
    scaled = grad_cam(Convolved([1.0, 0.0]), x, score(), "cells", scaled=True)
    assert raw[1].max() == pytest.approx(raw[0].max() / 1000, rel=1e-5)
    assert scaled.values.max(axis=(1, 2)) == pytest.approx([1, 1], abs=1e-3)
    assert scaled.values[0] == pytest.approx((raw[0] - raw[0].min()) / (np.ptp(raw[0]) + 1e-8))
    assert "each window's map is scaled to 0…1" in scaled.notes


def test_a_gaussian_comes_after_the_scaling() -> None:
    scaled, both = (grad_cam(Convolved([1.0, 0.0]), X, score(), "cells", scaled=True, sigma=s).values for s in (0, 1.5))
    assert both == pytest.approx(gaussian(scaled, (0, 1.5, 1.5)))


def test_a_ratio_is_a_clipped_logarithm_of_two_maps() -> None:
    one = grad_cam(Convolved([1.0, 0.0]), X, score(), "cells")
    other = grad_cam(Convolved([0.0, 1.0]), X, score(), "cells")
    found = log_ratio(one, other)
    expected = np.clip(np.log((one.values + 1e-5) / (other.values + 1e-5)), -3, 3)
    assert found.values == pytest.approx(expected)
    assert found.full == pytest.approx(one.full - other.full)
    assert log_ratio(other, one).values == pytest.approx(-expected)


def test_a_ratio_of_next_to_nothing_is_named() -> None:
    faint = grad_cam(Convolved([1e-7, 0.0]), X, score(), "cells")
    told = "100% of the cells lie below 1e-05 in both maps: there the ratio says nothing"
    assert log_ratio(faint, faint).notes[-1] == f"{told}; the maps are faint everywhere: scale them (scaled)"
    strong = replace(faint, values=faint.values * (np.arange(faint.values.shape[2]) == 0) * 1e6)
    assert log_ratio(strong, strong).notes[-1] == f"{np.mean(strong.values < 1e-5):.0%}{told[4:]}"


def test_a_ratio_of_maps_with_signs_or_of_other_windows_is_refused() -> None:
    one = grad_cam(Convolved([1.0, 0.0]), X, score(), "cells")
    with pytest.raises(UsageError, match="without negative values"):
        log_ratio(one, log_ratio(grad_cam(Convolved([0.1, 0.0]), X, score(), "cells"), one))
    with pytest.raises(UsageError, match="are not of the same windows"):
        log_ratio(one, grad_cam(Convolved([1.0, 0.0]), X[:2], score(), "cells"))
