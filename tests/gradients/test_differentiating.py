"""What is refused of models, and what can be used in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.gradients.differentiating import values_and_gradients
from audiolime_ext.prediction.capabilities import require_differentiable
from audiolime_ext.prediction.targets import make_target
from tests.gradients.networks import Network, linear, score

X = np.random.default_rng(0).uniform(0, 1, (3, 4, 2)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(0, 1, (2, 4, 2))


def test_values_and_gradients_are_those_of_the_target() -> None:
    aim = make_target(["a", "b"], ["a", "b"])
    values, inside, gradients = values_and_gradients(Network(linear(WEIGHTS)), X, aim)
    assert values == pytest.approx(np.einsum("tb,ntb->n", WEIGHTS[0] - WEIGHTS[1], X), abs=1e-6)
    assert inside == pytest.approx(X)
    assert gradients == pytest.approx(np.broadcast_to(WEIGHTS[0] - WEIGHTS[1], X.shape), abs=1e-6)


def test_a_model_without_gradients_is_refused_with_what_needs_none() -> None:
    with pytest.raises(UsageError, match=r"cannot be differentiated.*by its answers alone: explain\(\)"):
        require_differentiable(tagger(lambda batch: batch[:, :1]))


def test_a_function_as_a_target_is_refused_with_what_has_a_derivative() -> None:
    with pytest.raises(UsageError, match=r"the target peak\(\) is a function.*'score', 'log-odds'"):
        values_and_gradients(Network(linear(WEIGHTS)), X, make_target(peak, ["a", "b"]))


def peak(outputs: np.ndarray) -> np.ndarray:
    return np.asarray(outputs.max(axis=1))


def test_a_target_of_several_values_is_refused() -> None:
    with pytest.raises(UsageError, match="the target has 2 values; name the one that is meant"):
        values_and_gradients(Network(linear(WEIGHTS)), X, make_target("score", ["a", "b"]))


class Wrong(Network):
    """A network whose answer is spoilt."""

    def __init__(self, spoil: Any) -> None:
        super().__init__(linear(WEIGHTS))
        self.spoil = spoil

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        return self.spoil(*super().vjp(features, cotangent_fn))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            lambda outputs, x, g: (outputs, x, np.where(g == g.max(), np.nan, g)),
            r"gradient .* hold NaN or infinity \(3 of",
        ),
        (lambda outputs, x, g: (outputs * np.inf, x, g), "outputs .* hold NaN or infinity"),
        (lambda outputs, x, g: (outputs, x, g[:, :2]), r"a gradient of the same shape for 3 windows"),
        (lambda outputs, x, g: (outputs[:, 0], x, g), r"must answer outputs \(n_batch, n_outputs\)"),
        (
            lambda outputs, x, g: 1 / 0,
            r"the model's vjp raised ZeroDivisionError when given features of shape \(3, 4, 2\)",
        ),
    ],
)
def test_what_is_no_gradient_is_refused(spoil: Any, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        values_and_gradients(Wrong(spoil), X, score(2))


def test_a_model_may_overwrite_what_it_is_given() -> None:
    class Careless(Network):
        def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
            answer = super().vjp(features.copy(), cotangent_fn)
            features[:] = np.nan
            return answer

    before = X.copy()
    values_and_gradients(Careless(linear(WEIGHTS)), X, score(2))
    assert (before == X).all()
