"""The models of a worker: built from their specs, and the same as the driver's.

A machine of a cluster may have other weights under the same name, so a fingerprint travels with every spec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.asking import n_at_once
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.loading import load_model


def same_model(spec: str, fingerprint: str, *, sr: int | None = None, batch_size: int | None = None) -> Model:
    """The model of a spec, as `load_model` builds it.

    Raises
    ------
    UsageError
        If it is another than that of the fingerprint.
    AudiolimeError
        If it cannot be built.
    """
    model: Model = _built(spec, lambda: load_model(spec, sr=sr, batch_size=batch_size))
    if not (isinstance(model, FunctionModel) and model.version is None):  # a hash of answers, which machines may round
        _require_same(spec, model.fingerprint, fingerprint)
    return model


def same_factorization(spec: str, fingerprint: str) -> Factorization:
    """The factorization of a spec; the errors are those of `same_model`."""
    separator: Factorization = _built(spec, lambda: load_factorization(spec))
    _require_same(spec, separator.fingerprint, fingerprint)
    return separator


def noise_for(model: Model, duration_s: float, at_once: int | None = None) -> Samples:
    """Noise as a model hears it, shape (n_batch, n_windows, n_channels, n_samples).

    Parameters
    ----------
    model : Model
        Model to ask about it.
    duration_s : float
        Length in seconds; what the model needs at least, if that is more.
    at_once : int or None
        Number of signals; None: as many as the model is asked about at a time.
    """
    grid = Grid.of(model, model.sr or 0)
    n_samples = max(round(duration_s * grid.sr), grid.window or 0, grid.min_samples) + grid.lead
    noise = np.random.default_rng(0).normal(0, 0.1, (1, grid.n_channels, n_samples)).astype(np.float32)
    windows = grid.cut(noise)
    return np.repeat(windows, at_once or n_at_once(model, windows.shape[1]), axis=0)


def _built(spec: str, build: Callable[[], Any]) -> Any:
    try:
        return build()
    except AudiolimeError:
        raise
    except Exception as error:
        raise AudiolimeError(f"a worker cannot build {spec} ({type(error).__name__}: {error})") from error


def _require_same(spec: str, found: str | None, wanted: str) -> None:
    if found != wanted:
        raise UsageError(
            f"{spec} is another model in the worker than in the driver (fingerprint {found!r}, not {wanted!r}); give "
            "all machines the same files and versions"
        )
