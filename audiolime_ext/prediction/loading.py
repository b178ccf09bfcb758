"""The model that a user names: by a spec string, or as an object."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function import as_model
from audiolime_ext.prediction.function_model import FunctionModel


def load_model(given: Any, *, sr: int | None = None, batch_size: int | None = None) -> Model:
    """The model that a spec string names, or that is made of a predict function; see `registry.build` and `as_model`.

    A network of PyTorch or Keras that is at hand, and an estimator of scikit-learn, is a model as it is; whatever else
    there is to say of it, such as its labels or its front end, is said to `audiolime_ext.tagger`.

    Parameters
    ----------
    given : str, Model, callable, torch.nn.Module, keras.Model or sklearn estimator
        Spec string, model, predict function, network or estimator.
    sr : int or None
        Sampling rate at which a plain function or a network listens, in Hz; None: what the network states
        (``sample_rate``), else the recording's own, which results say.
    batch_size : int or None
        Largest number of signals that it is given at a time; None: the model's own.

    Raises
    ------
    UsageError
        If it is no model, and no spec string of one.
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
    """A copy that is asked about at most `size` signals at a time."""
    if size is None:
        return model
    if isinstance(model, FunctionModel):
        return replace(model, batch_size=size)
    other = copy(model)
    try:
        other.batch_size = size  # type: ignore[misc]
    except AttributeError as error:
        raise UsageError(
            f"the batch_size of {type(model).__name__} cannot be changed ({error}); set it where the model is made"
        ) from error
    return other
