"""Deej-AI's network as the real Keras builds, runs and saves it, in its old format and in its new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.models.deejai import log_mel, make
from tests.models.test_deejai import FILTERS, NOISE, UNITS, layers

keras = require("keras", extra="keras")


def network(*, functional: bool) -> Any:
    """The layers of the published model, with the weights of the tests."""
    parts = [keras.Input((96, 216, 1))]
    for n in FILTERS[1:]:
        parts += [keras.layers.SeparableConv2D(n, 3, padding="same"), keras.layers.LeakyReLU(negative_slope=0.2)]
        parts += [keras.layers.BatchNormalization(), keras.layers.MaxPooling2D(2), keras.layers.Dropout(0.3)]
    parts += [keras.layers.Flatten(), keras.layers.Dense(UNITS[0]), keras.layers.LeakyReLU(negative_slope=0.2)]
    parts += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(UNITS[1])]
    model = keras.Sequential(parts)
    weighted = [layer for layer in model.layers if layer.weights]
    for layer, (_, values) in zip(weighted, layers(), strict=True):
        layer.set_weights(list(values.values()))
    return keras.Model(model.inputs, model.outputs) if functional else model


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.parametrize("functional", [False, True])
def test_it_answers_what_keras_answers(tmp_path: Path, name: str, functional: bool) -> None:
    genuine = network(functional=functional)
    genuine.save(tmp_path / name)
    wanted = genuine.predict(log_mel(NOISE).swapaxes(1, 2)[..., None], verbose=0)
    np.testing.assert_allclose(make(str(tmp_path / name))(NOISE), wanted, rtol=1e-4, atol=1e-3)
    assert np.ptp(wanted, axis=0).max() > 1


def test_a_layer_of_its_own_is_not_built_but_refused(tmp_path: Path) -> None:
    model = network(functional=False)
    model.add(keras.layers.Lambda(lambda x: x + 1))
    model.save(tmp_path / "model.keras")
    with pytest.raises(UsageError, match=r"layer 18 is Lambda, and Deej-AI's has none there"):
        make(str(tmp_path / "model.keras"))
