"""What cannot be differentiated is told before the work; what can is not talked about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.measurement.trying import without_gradients
from audiolime_ext.errors import MissingError, UsageError
from tests.concepts.listener import SR, listener

MODEL = listener()
NOISE = np.random.default_rng(0).normal(0, 0.1, (1, 2, 1, SR)).astype(np.float32)


class Other:
    """The same, but for what is given."""

    def __init__(self, **given: Any) -> None:
        self.given = given

    def __getattr__(self, name: str) -> Any:
        if name in self.given:
            return self.given[name]
        if name == "vjp":
            raise AttributeError(name)
        return getattr(MODEL, name)

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return MODEL(batch)


def test_of_a_model_that_can_be_differentiated_nothing_is_told() -> None:
    assert without_gradients(MODEL, "hidden", NOISE, True) == ()


def test_a_model_without_gradients_is_told_with_the_reason() -> None:
    end = "so concepts are tested by their sound alone"
    assert without_gradients(Other(), "hidden", NOISE, True) == (f"the model cannot be differentiated, {end}",)
    found = without_gradients(Other(undifferentiable="it is a forest"), "hidden", NOISE, True)
    assert found == (f"the model cannot be differentiated (it is a forest), {end}",)


def test_a_package_that_is_missing_is_named() -> None:
    def vjp(*_: Any, **__: Any) -> Any:
        raise MissingError("this needs the package torch: pip install 'audiolime-ext[torch]'")

    (found,) = without_gradients(Other(vjp=vjp), "hidden", NOISE, True)
    assert "cannot be differentiated here (this needs the package torch: pip install 'audiolime-ext[torch]')" in found


def test_a_layer_whose_features_lie_on_no_axis_is_refused_before_the_work() -> None:
    def vjp(features: np.ndarray, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        scores, hidden, slopes = MODEL.vjp(features, cotangent_fn, wrt=wrt)
        return scores, hidden[:, :, :5], slopes[:, :, :5]

    with pytest.raises(UsageError, match="name the axis of its features"):
        without_gradients(Other(vjp=vjp), "hidden", NOISE, True)
