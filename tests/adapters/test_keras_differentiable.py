"""Keras models that are differentiated: a linear one against its closed form, others against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.models.keras_gradients import library_of
from audiolime_ext.prediction.capabilities import Differentiable, require_differentiable
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.loading import load_model

keras = require("keras", extra="keras")
Model: Any = keras.Model

SR, N_FRAMES, N_MELS = 8000, 61, 20
RNG = np.random.default_rng(0)
W = RNG.normal(0, 0.1, (N_MELS, 3)).astype(np.float32)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)
SIGNALS = RNG.normal(0, 0.1, (3, SR)).astype(np.float32)
FRONT_END = LogMel(SR, 256, 128, N_MELS)
SPECTRA = FRONT_END(SIGNALS)
VECTOR = RNG.normal(size=(3, 3)).astype(np.float32)
OPTIONS = f"?sr={SR}&labels=rock;jazz;hum&front_end=log-mel:256,128,{N_MELS}&window_s=1"
BY_FEATURES = np.repeat((2 * VECTOR @ W.T / N_FRAMES)[:, None], N_FRAMES, axis=1)


def linear() -> Any:
    """Twice the input, its mean over time, and a weighted sum of the bands."""
    given = keras.Input((N_FRAMES, N_MELS))
    twice = keras.layers.Rescaling(2.0, name="twice")(given)
    answer = keras.layers.Dense(3, name="last")(keras.layers.GlobalAveragePooling1D(name="mean")(twice))
    net = keras.Model(given, answer)
    net.get_layer("last").set_weights([W, BIAS])
    return net


def saved(folder: Path, more: str = "") -> Any:
    linear().save(folder / "net.keras")
    return load_model(f"keras:{folder / 'net.keras'}{OPTIONS}{more}")


def at_hand(folder: Path) -> Any:
    return tagger(linear(), sr=SR, labels=["rock", "jazz", "hum"], window_s=1.0, front_end=FRONT_END)


@pytest.mark.parametrize("made", [saved, at_hand])
def test_a_linear_model_has_its_weights_as_its_derivative(tmp_path: Path, made: Callable[[Path], Any]) -> None:
    model = made(tmp_path)
    scores = model(SIGNALS)
    assert isinstance(model, Differentiable)
    outputs, at, gradient = model.vjp(SPECTRA, lambda _: VECTOR)
    np.testing.assert_allclose(outputs, scores, atol=1e-5)
    np.testing.assert_array_equal(at, SPECTRA)
    np.testing.assert_allclose(gradient, BY_FEATURES, atol=1e-6)
    outputs, at, gradient = model.vjp(SPECTRA, lambda _: VECTOR, wrt="twice")
    np.testing.assert_allclose(outputs, scores, atol=1e-5)
    np.testing.assert_allclose(at, 2 * SPECTRA, rtol=1e-6)
    np.testing.assert_allclose(gradient, BY_FEATURES / 2, atol=1e-6)
    with pytest.raises(UsageError, match="unknown layer 'nowhere'"):
        model.vjp(SPECTRA, lambda _: VECTOR, wrt="nowhere")


def test_an_activation_is_differentiated_together_with_the_network(tmp_path: Path) -> None:
    model = saved(tmp_path, "&activation=sigmoid")
    p, _, gradient = model.vjp(SPECTRA, lambda _: VECTOR)
    np.testing.assert_allclose(p, model(SIGNALS), atol=1e-6)
    expected = np.repeat((2 * (VECTOR * p * (1 - p)) @ W.T / N_FRAMES)[:, None], N_FRAMES, axis=1)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_an_embedder_is_differentiated_as_it_answers(tmp_path: Path) -> None:
    embedder = saved(tmp_path).at("twice")
    vectors = embedder(SIGNALS)
    assert isinstance(embedder, Differentiable)
    outputs, _, gradient = embedder.vjp(SPECTRA, np.ones_like)
    np.testing.assert_allclose(outputs, vectors, atol=1e-5)
    np.testing.assert_allclose(gradient, np.full(SPECTRA.shape, 2 / N_FRAMES), atol=1e-7)


def test_a_network_of_waveforms_is_differentiated_by_the_signals_and_a_batch_is_its_signals() -> None:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    body = [layers.Conv1D(4, 9, 4, activation="tanh"), layers.GlobalAveragePooling1D(), layers.Dense(2)]
    net = keras.Sequential([keras.Input((SR, 1)), *body])
    model: Any = tagger(net, sr=SR)
    gradient = model.vjp(SIGNALS, np.ones_like)[2]
    assert gradient.shape == SIGNALS.shape
    step = 1e-2 * RNG.normal(size=SIGNALS.shape).astype(np.float32)
    change = model(SIGNALS + step).sum(axis=1) - model(SIGNALS - step).sum(axis=1)
    np.testing.assert_allclose((2 * gradient * step).sum(axis=1), change, atol=2e-5)
    alone = np.concatenate([model.vjp(one[None], np.ones_like)[2] for one in SIGNALS])
    np.testing.assert_allclose(gradient, alone, atol=1e-7)


class Own(Model):  # type: ignore[misc]
    """A model that is connected by code."""

    def __init__(self, forward: Callable[[Any], Any]) -> None:
        super().__init__()
        self.last, self.forward_ = keras.layers.Dense(3), forward

    def call(self, x: Any) -> Any:
        return self.forward_(self.last(x))


def own(forward: Callable[[Any], Any]) -> Any:
    net = Own(forward)
    net(np.zeros((1, SR), np.float32))
    return tagger(net, sr=SR)


def test_a_model_that_is_connected_by_code_has_a_derivative_and_no_layers() -> None:
    model = own(lambda y: 2 * y)
    weights = model.predict_fn.net.last.get_weights()[0]
    np.testing.assert_allclose(model.vjp(SIGNALS, lambda _: VECTOR)[2], 2 * VECTOR @ weights.T, atol=1e-6)
    with pytest.raises(UsageError, match="connected by code"):
        model.vjp(SIGNALS, lambda _: VECTOR, wrt=model.predict_fn.net.last.name)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda y: keras.ops.stop_gradient(y), "cannot be followed back to its input"),
        (lambda y: keras.ops.cast(y > 0, "int32"), "answers int32 values, which have no derivative"),
        (lambda y: keras.ops.sqrt(0 * y), r"nan or infinite at 24000 of 24000 values, first of signal 0"),
    ],
)
def test_what_cannot_be_differentiated_is_told_as_what_it_is(forward: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        own(forward).vjp(SIGNALS, np.ones_like)


def test_where_keras_runs_on_something_else_the_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library_of(linear()) in ("tensorflow", "torch")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    model = at_hand(tmp_path)
    assert not isinstance(model, Differentiable)
    with pytest.raises(
        UsageError, match=r"cannot be differentiated: Keras runs on jax here; it is differentiated on tens"
    ):
        require_differentiable(model)
