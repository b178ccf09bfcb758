"""Derivatives of vibenet and Deej-AI, whose graphs PyTorch computes: their answers, finite differences, layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.models import deejai, vibenet
from audiolime_ext.prediction.capabilities import Differentiable
from tests.models.test_deejai import as_safetensors, expected

require("torch", extra="torch")

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module", params=["vibenet", "deejai"])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A model, and signals."""
    if request.param == "vibenet":
        return vibenet.make("?threads=1"), RNG.normal(0, 0.1, (2, vibenet.SR)).astype(np.float32)
    path = as_safetensors(tmp_path_factory.mktemp("deejai") / deejai.PUBLISHED)
    length = deejai.LEAD + deejai.WINDOW
    return deejai.make(f"{path}?threads=1"), RNG.normal(0, 0.1, (2, length)).astype(np.float32)


def answers(model: Any, x: Any) -> Any:
    """What ONNX Runtime answers of vibenet, in single precision; of Deej-AI's network, NumPy, in double."""
    if model.spec.startswith("vibenet"):
        return np.asarray(model.finished(model.predict_fn(x.astype(np.float32))), np.float64)
    return np.stack([expected(one)[""] for one in x])


def test_it_is_differentiated_as_it_answers(given: tuple[Any, Any]) -> None:
    model, signals = given
    x, scores = model.front_end(signals), model(signals)
    vector = RNG.normal(size=scores.shape).astype(np.float32)
    outputs, at, gradient = model.vjp(x, lambda _: vector)
    np.testing.assert_allclose(outputs, scores, atol=1e-5 * np.abs(scores).max())
    np.testing.assert_array_equal(at, x)
    way = RNG.normal(size=x.shape).astype(np.float32)
    found = (gradient.astype(np.float64) * way).sum(axis=(1, 2))
    step = 1e-3 * np.ptp(x) if model.spec.startswith("vibenet") else 1e-8
    up, down = (answers(model, x + sign * step * way.astype(np.float64)) for sign in (1, -1))
    np.testing.assert_allclose(found, ((up - down) * vector).sum(axis=1) / (2 * step), rtol=0.02)
    assert np.abs(found).min() > 0


def test_it_says_that_it_can_and_so_do_its_embedders(given: tuple[Any, Any]) -> None:
    model, _ = given
    assert all(isinstance(one, Differentiable) for one in (model, model.at("penultimate")))


def test_layers_are_those_that_can_be_read_and_carry_the_derivative(given: tuple[Any, Any]) -> None:
    model, signals = given
    x = model.front_end(signals)
    layer = "penultimate"
    _, at, gradient = model.vjp(x, np.ones_like, wrt=layer)
    activations = model.activations(x, layer)
    np.testing.assert_allclose(at, activations, atol=1e-4 * np.abs(activations).max())
    through = model.at(layer).vjp(x, lambda _: gradient)[2]
    whole = model.vjp(x, np.ones_like)[2]
    np.testing.assert_allclose(through, whole, atol=1e-5 * np.abs(whole).max())
    with pytest.raises(UsageError, match="unknown layer 'nowhere'"):
        model.vjp(x, np.ones_like, wrt="nowhere")


@pytest.mark.parametrize("number", [0, -2])
def test_an_embedder_is_differentiated_by_its_own_layer_as_a_mean(given: tuple[Any, Any], number: int) -> None:
    model, signals = given
    layer = model.layers[number]
    embedder, x = model.at(layer), model.front_end(signals)
    answers = embedder(signals)
    outputs, at, gradient = embedder.vjp(x, np.ones_like, wrt=layer)
    np.testing.assert_allclose(outputs, answers, atol=1e-5 * np.abs(answers).max())
    np.testing.assert_allclose(gradient, np.full(at.shape, 1 / np.prod(at.shape[2:])), rtol=1e-5)


def test_the_attributes_of_vibenet_have_the_derivative_of_finite_differences() -> None:
    outputs = np.array([[0.2, 0.7, 0.3, -1.0, 2.0, 1.4, -0.3]])
    vector = RNG.normal(size=outputs.shape)
    steps = 1e-5 * np.eye(7)[:, None]
    up, down = (vibenet.attributes(outputs + sign * steps)[:, 0].astype(np.float64) for sign in (1, -1))
    wanted = np.diag(up - down) / 2e-5 * vector
    np.testing.assert_allclose(vibenet.attributes.pullback(outputs, vector), wanted, atol=1e-8)
    assert (wanted == 0).sum() == 2  # the two degrees that are cut
