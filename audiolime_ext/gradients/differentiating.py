"""Asking a model how a value of its outputs changes with its input: in batches, and with checks on what it answers.

A model is asked by `audiolime_ext.prediction.capabilities.Differentiable.vjp`, and is told the target's cotangent at
its own outputs. So one pass gives the value and its gradient, whatever the target. Where only values are asked for, the
cotangent is zero, and what knows of this computes no way back. Windows do not influence each other, and a batch holds
no more of them than the model's ``batch_size``, or its ``vjp_batch_size`` where it has one: what is kept for the way
back is large, and slower where it does not fit into what the processor keeps near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, ModelError, UsageError
from audiolime_ext.guest import as_guest, deed, is_out_of_memory, out_of_memory
from audiolime_ext.prediction.asking import n_at_once
from audiolime_ext.prediction.capabilities import Differentiable, require_differentiable
from audiolime_ext.prediction.targets import Target
from audiolime_ext.text import counted

Floats = NDArray[np.float64]
Features = NDArray[np.float32]


def require_gradients(model: Any, target: Target) -> Differentiable:
    """The model itself; `UsageError` if it, or the target, has no derivatives, with what can be used in its place."""
    found = require_differentiable(model)
    if target.derivative is None:
        target.cotangent(np.zeros((1, 1)))  # which says what to use in its place
    return found


def windows_at_once(model: Any) -> int:
    """How many windows a model is differentiated with at a time."""
    return min(n_at_once(model), getattr(model, "vjp_batch_size", None) or n_at_once(model))


def values_and_gradients(
    model: Any, features: Features, target: Target, *, wrt: str | None = None
) -> tuple[Floats, Floats, Floats]:
    """The target's value for each window, and its derivative by the features or by the activations of a layer.

    Parameters
    ----------
    model : Model
        Model that is `Differentiable`.
    features : ndarray of float32, shape (n_windows, …)
        Inputs of the network, as the front end makes them.
    target : Target
        Target of one value, see `audiolime_ext.prediction.targets.Target.only`.
    wrt : str or None
        Name of the layer whose activations the derivative is by; None: the features.

    Returns
    -------
    Values (n_windows,); features or activations (n_windows, …); gradients, shaped like these.

    Raises
    ------
    UsageError
        If the model or the target has no derivatives, or the target has several values.
    ModelError
        If the model fails, or answers NaN or infinity.
    """
    differentiable, size = require_gradients(model, target), windows_at_once(model)
    parts = [_ask(differentiable, features[at : at + size], target, wrt) for at in range(0, len(features), size)]
    values, inside, gradients = (np.concatenate(one) for one in zip(*parts, strict=True))
    return values, inside, gradients


def values_of(model: Any, features: Features, target: Target) -> Floats:
    """The target's value for each window, shape (n_windows,); parameters and errors as `values_and_gradients` has."""
    differentiable, size = require_gradients(model, target), windows_at_once(model)
    nothing = replace(target, derivative=lambda outputs, _: np.zeros_like(outputs))
    parts = [_ask(differentiable, features[at : at + size], nothing, None)[0] for at in range(0, len(features), size)]
    return np.concatenate(parts)


def _ask(model: Differentiable, features: Features, target: Target, wrt: str | None) -> tuple[Floats, Floats, Floats]:
    def cotangent(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(target.cotangent(np.asarray(outputs, np.float64)), np.float32)

    try:
        with as_guest():
            answer = model.vjp(np.array(features, np.float32), cotangent, wrt=wrt)  # a copy, which it may overwrite
    except (Exception, SystemExit) as error:
        if isinstance(error, AudiolimeError):
            raise
        if is_out_of_memory(error):
            doing = f"the model was differentiated in {counted(len(features), 'window')} at once"
            raise out_of_memory(doing, error, "give it fewer at a time: batch_size") from error
        raise ModelError(
            f"the model's vjp {deed(error)} when given features of shape {features.shape}: {error}"
        ) from error
    outputs, inside, gradient = (np.asarray(one, np.float64) for one in cast("Sequence[Any]", answer))
    _check(outputs, inside, gradient, features, wrt)
    values = target.apply(outputs)
    if values.shape[1] != 1:
        raise UsageError(f"the target has {values.shape[1]} values; name the one that is meant: target.only(0)")
    return values[:, 0], inside, gradient


def _check(outputs: Floats, inside: Floats, gradient: Floats, features: Features, wrt: str | None) -> None:
    what = "its features" if wrt is None else f"layer {wrt!r}"
    if outputs.ndim != 2 or not len(outputs) == len(inside) == len(features) or gradient.shape != inside.shape:
        raise ModelError(
            f"the model's vjp must answer outputs (n_batch, n_outputs), {what} and a gradient of the same shape for "
            f"{counted(len(features), 'window')}; it answered shapes {outputs.shape}, {inside.shape}, {gradient.shape}"
        )
    for name, found in (("outputs", outputs), ("gradient", gradient)):
        if not np.isfinite(found).all():
            raise ModelError(
                f"the model's {name} with respect to {what} hold NaN or infinity ({int((~np.isfinite(found)).sum())} "
                f"of {found.size}); a root or a logarithm of zero in the network has no slope there: add a small "
                "constant inside it"
            )
