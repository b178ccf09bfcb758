"""Layers: one vector per signal, the axis of the features, and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.capabilities import Differentiable, Layered, Randomisable
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

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> tuple[Any, Any, Any]:
        outputs = np.einsum("oj,btj->bo", self.weights, features**2)
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
