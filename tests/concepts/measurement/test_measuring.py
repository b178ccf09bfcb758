"""What a model says of patches: activations, interventions and gradients, each held to a closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.concepts.measurement.measuring import axis_of_features, gradients_of, logits_of, measure
from audiolime_ext.concepts.measurement.patches import patches_of
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.errors import UsageError
from factorizations.bands import BandsFactorization
from tests.concepts.listener import SR, listener

TRAITS = Traits(1.0, -20.0, None)
SONG = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR)


def test_a_song_is_measured_as_the_model_answers() -> None:
    model = listener()
    patches = patches_of(SONG, model, [BandsFactorization(4)], start_s=0.0, duration_s=2.0)
    found = measure(model, "hidden", patches, [1, 0], own=0, traits=TRAITS)
    assert found.bounded
    np.testing.assert_allclose(found.activations, model.at("hidden")(patches.alone[:, 0]), atol=1e-6)
    np.testing.assert_allclose(found.windows, model.at("hidden")(patches.windows[:, 0]), atol=1e-6)
    scores = np.asarray(model(patches.windows[:, 0]), np.float64)[:, [1, 0]]
    np.testing.assert_allclose(found.logits, np.log(scores / (1 - scores)), atol=1e-5)
    without = np.asarray(model(patches.without[:, 0]), np.float64)[:, [1, 0]]
    held = [one.window for one in patches.of]
    np.testing.assert_allclose(found.removals, found.logits[held] - np.log(without / (1 - without)), atol=1e-5)


def test_gradients_say_how_a_logit_moves_when_all_of_a_layer_is_moved() -> None:
    """Held to finite differences of the part of the network that lies above the layer."""
    model = listener()
    windows = SONG.samples.reshape(2, 1, SR)
    hidden = model.activations(model.front_end(windows[:, 0]), "hidden")
    found = gradients_of(model, "hidden", windows, 1, True, hidden.mean(axis=1))
    for unit in range(hidden.shape[2]):
        moved = []
        for step in (1e-3, -1e-3):
            near = np.array(hidden, np.float64)
            near[:, :, unit] += step
            p = 1 / (1 + np.exp(-np.tanh(near.mean(axis=1) @ model.mixing) @ model.outward))[:, 1]
            moved.append(np.log(p / (1 - p)))
        np.testing.assert_allclose(found[:, unit], (moved[0] - moved[1]) / 2e-3, atol=1e-4)


def test_a_model_without_gradients_is_measured_without_them() -> None:
    class Deaf:
        def __init__(self) -> None:
            self.whole = listener()

        def __getattr__(self, name: str) -> object:
            if name == "vjp":
                raise AttributeError
            return getattr(self.whole, name)

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            return self.whole(batch)

    model: Any = Deaf()
    patches = patches_of(SONG, model, [BandsFactorization(2)], start_s=0.0, duration_s=2.0)
    found = measure(model, "hidden", patches, [0, 1], own=1, traits=TRAITS)
    assert found.gradients is None
    assert np.abs(found.removals).max() > 0


def test_scores_that_are_sure_have_a_logit_and_values_are_taken_as_they_are() -> None:
    assert logits_of(np.array([[1.0, 0.0]]), True) == pytest.approx(np.array([[27.631, -27.631]]), abs=1e-3)
    assert logits_of(np.array([[3.0, -7.0]]), False).tolist() == [[3.0, -7.0]]


def test_a_layer_that_is_read_otherwise_is_refused() -> None:
    with pytest.raises(UsageError, match="name the axis of its features"):
        axis_of_features(np.ones((2, 3, 4)), np.zeros((2, 5), np.float32), "conv")
