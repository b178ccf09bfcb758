"""What the user named becomes a model."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function import FunctionModel, as_model


def load_model(given: Any, *, sr: int | None = None, batch_size: int | None = None) -> Model:
    """The model that a spec string names, or that a predict function is; see `as_model` and `registry.build`.

    Parameters
    ----------
    given
        What the user named.
    sr
        The rate at which a plain function listens, in Hz.
    batch_size
        The most signals that it is to hear at a time; None: as it says itself.

    Raises
    ------
    UsageError
        If it is none.
    MissingError
        If it needs a package or a checkpoint that is not at hand.

    Examples
    --------
    >>> load_model(lambda batch: batch.mean(axis=1, keepdims=True), sr=16000).sr
    16000
    """
    if not isinstance(given, str):
        return _in_batches(as_model(given, sr=sr), batch_size)
    built = as_model(registry.build("model", given), sr=sr)
    return _in_batches(replace(built, spec=given) if isinstance(built, FunctionModel) else built, batch_size)


def _in_batches(model: Model, size: int | None) -> Model:
    """A copy that is asked about so many signals at a time."""
    if size is None:
        return model
    if isinstance(model, FunctionModel):
        return replace(model, batch_size=size)
    other = copy(model)
    try:
        other.batch_size = size  # type: ignore[misc]
    except AttributeError as error:
        raise UsageError(
            f"{type(model).__name__} does not let its batch_size be set ({error}); set it there"
        ) from error
    return other
