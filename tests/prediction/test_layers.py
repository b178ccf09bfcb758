"""Layers: one vector per signal, the axis of the features, and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.prediction.capabilities import (
    Differentiable,
    Layered,
    Randomisable,
    require_differentiable,
    require_finite,
)
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.layers import Inside, pooled, require_layer

ACTIVATIONS = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)


def inside(answer: NDArray[Any], channels: int | None = None) -> Inside:
    return Inside(["relu"], lambda given, layer: answer, channels)


def test_pooling_is_the_mean_over_all_axes_but_those_of_signals_and_features() -> None:
    for axis, others in {1: (2, 3), 2: (1, 3), -1: (1, 2)}.items():
        np.testing.assert_allclose(pooled(ACTIVATIONS, channels=axis), ACTIVATIONS.mean(axis=others), atol=1e-6)
    assert np.abs(pooled(ACTIVATIONS)[:, :3] - pooled(ACTIVATIONS, channels=1)).max() > 0.1
    assert pooled(ACTIVATIONS.astype(np.float16)).dtype == np.float32
    np.testing.assert_array_equal(pooled(ACTIVATIONS[:, 0, 0]), ACTIVATIONS[:, 0, 0])


@pytest.mark.parametrize(
    ("shape", "default", "declared", "axis"),
    [
        ((2, 3, 4, 5), None, None, 1),
        ((2, 3, 4, 5), None, "last", -1),
        ((2, 3, 4, 5), -1, None, -1),
        ((2, 3, 4, 5), -1, "first", 1),
        ((2, 12, 5), None, "first", 1),
        ((2, 12, 5), None, "last", -1),
        ((2, 12, 5), -1, None, -1),
        ((2, 60), None, "first", 1),
    ],
)
def test_the_axis_of_the_features_is_declared_or_the_librarys(
    shape: tuple[int, ...], default: int | None, declared: str | None, axis: int
) -> None:
    answer = ACTIVATIONS.reshape(shape)
    vectors = inside(answer, default).vectors(np.zeros((2, 100), np.float32), "relu", declared)
    np.testing.assert_array_equal(vectors, pooled(answer, channels=axis))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            ACTIVATIONS.reshape(2, 12, 5),
            r"float32 values of shape \(2, 12, 5\) to 2 signals; .* in the spec with an option more, layer=.*channels=",
        ),
        (
            ACTIVATIONS.astype(np.int64),
            r"answers int64 values .* name one that answers real numbers, one row per signal",
        ),
        (ACTIVATIONS[:, 0, 0, 0], r"answers float32 values of shape \(2,\) .* one row per signal"),
    ],
)
def test_what_has_no_vector_for_each_signal_is_told(answer: NDArray[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        inside(answer).vectors(np.zeros((2, 100), np.float32), "relu", None)


def test_of_many_layers_the_nearest_are_named() -> None:
    many = [f"features.{i}.relu" for i in range(40)]
    require_layer("features.3.relu", many)
    with pytest.raises(UsageError, match=r"unknown layer 'feature.3.relu' among 40; near: features\.3\.relu, "):
        require_layer("feature.3.relu", many)
    with pytest.raises(UsageError, match=r"unknown layer 'zzz' among 40; the last of them: features\.28\.relu, "):
        require_layer("zzz", many)
    with pytest.raises(UsageError, match=r"unknown layer 'zzz' \(allowed: features\.0\.relu, features\.1\.relu\)"):
        require_layer("zzz", many[:2])


def test_a_plain_function_has_none_of_the_capabilities() -> None:
    predict_fn: Callable[[NDArray[Any]], NDArray[Any]] = lambda batch: batch.mean(axis=1, keepdims=True)  # noqa: E731
    assert not isinstance(tagger(predict_fn), (Differentiable, Layered, Randomisable))


class Squares:
    """Outputs are weighted sums of squared features, whose derivative is known."""

    weights = np.array([[1.0, 2.0], [0.5, -1.0]], np.float32)  # (n_outputs, n_bands)

    def __call__(self, features: Any) -> Any:
        return np.einsum("oj,btj->bo", self.weights, features**2)

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> tuple[Any, Any, Any]:
        outputs = self(features)
        return outputs, features, 2 * features * (cotangent_fn(outputs) @ self.weights)[:, None]


def test_a_model_with_derivatives_is_differentiable_and_gives_those_of_finite_differences() -> None:
    model = Squares()
    assert isinstance(model, Differentiable)
    features = np.random.default_rng(0).normal(size=(2, 3, 2)).astype(np.float32)
    outputs, at, gradient = model.vjp(features, lambda outputs: np.eye(2, dtype=np.float32)[[0, 0]])
    np.testing.assert_array_equal(at, features)
    step = np.zeros_like(features)
    step[1, 2, 0] = 1e-2
    further = model.vjp(features + step, lambda outputs: outputs)[0]
    assert (further - outputs)[1, 0] / 1e-2 == pytest.approx(gradient[1, 2, 0], abs=0.02)


def band_levels(signals: NDArray[Any]) -> NDArray[np.float32]:
    """A front end of two bands: each second sample."""
    return np.stack([signals[:, 0::2], signals[:, 1::2]], axis=2)


@pytest.mark.parametrize("activation", [None, "sigmoid", "softmax"])
def test_a_function_that_brings_its_derivative_makes_a_model_that_has_it(activation: Any) -> None:
    model = tagger(Squares(), front_end=band_levels, activation=activation, labels=["a", "b"])
    assert isinstance(model, Differentiable)
    signals = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    vector = np.array([[1, -2], [0.5, 3]], np.float32)
    outputs, at, gradient = model.vjp(band_levels(signals), lambda _: vector)
    np.testing.assert_allclose(outputs, model(signals), atol=1e-6)
    np.testing.assert_array_equal(at, band_levels(signals))
    for place in np.ndindex(signals.shape):
        step: NDArray[Any] = np.zeros(signals.shape)
        step[place] = 1e-5
        change = (vector * (model(signals + step) - model(signals - step))).sum() / 2e-5
        assert (gradient * band_levels(step) / 1e-5).sum() == pytest.approx(change, rel=1e-4, abs=1e-5)


def test_the_derivative_of_a_whole_model_is_not_taken_for_that_of_its_features() -> None:
    """A model with a front end of its own is given signals as a function, and its ``vjp`` features."""

    class Whole(Squares):
        front_end = staticmethod(band_levels)

    assert not isinstance(tagger(Whole()), Differentiable)


@pytest.mark.parametrize(("answer", "told"), [(np.ones(2), r"\(2,\)"), (np.ones((2, 3)), r"\(2, 3\)")])
def test_a_vector_of_another_shape_than_the_outputs_is_told(answer: Any, told: str) -> None:
    model: Any = tagger(Squares())
    with pytest.raises(
        UsageError, match=rf"cotangent_fn answered an array of shape {told} for outputs of shape \(2, 2\)"
    ):
        model.vjp(np.ones((2, 3, 2), np.float32), lambda _: answer)


def test_what_has_no_derivative_is_refused_with_what_has_one() -> None:
    squares: Any = Squares()
    assert require_differentiable(squares) is squares
    with pytest.raises(
        UsageError, match=r"the model <lambda> cannot be differentiated; take one of PyTorch, Keras or ONNX"
    ):
        require_differentiable(lambda batch: batch)
    unknown = tagger(Squares(), activation=lambda outputs: outputs**2)
    with pytest.raises(
        UsageError, match=r"cannot be differentiated: the derivative of its activation, <lambda>, is not"
    ):
        require_differentiable(unknown)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_derivative_that_is_no_number_is_an_error(wrong: float) -> None:
    gradient = np.zeros((2, 3, 2), np.float32)
    require_finite(gradient, "the network Net")
    gradient[1, 0, 1] = wrong
    with pytest.raises(
        ModelError, match=r"of the network Net is nan or infinite at 1 of 12 values, first of signal 1; a log"
    ):
        require_finite(gradient, "the network Net")
