"""Whether a model can be audited at all: which failures are the model's, and which are one recording's.

A model that fails for noise of the same shape, or for silence, which every audit asks about, fails for every recording.
But a model that hears whole excerpts may fail because of the length of this one, and not of the usual one. Scores that
have no log-odds are the model's fault, whatever the recording. And before anything is measured, a model must state what
it answers, at which rate it listens, and how it is told from a retrained one.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.collection.engine.models import noise_for
from audiolime_ext.errors import ModelError, OutOfMemory, UnfitModel, UsageError
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.targets import log_odds

_FOR_NOISE = "it fails for noise, too, and so would for every recording"
_FOR_SILENCE = (
    "it fails for silence, about which an audit asks for every recording: make it answer, for example by adding 1e-8 "
    "where it divides or takes logarithms"
)


def scores_of(model: Model, windows: Samples, *, usual_s: float | None = None) -> Scores:
    """The model's scores, all of which must have log-odds.

    Parameters
    ----------
    model : Model
        Model to ask.
    windows : ndarray of float32, shape (n_batch, n_windows, n_channels, n_samples)
        Windows of mixes, as for `predict`.
    usual_s : float or None
        Length of most excerpts in seconds; None: that of this one.

    Raises
    ------
    ModelError, OutOfMemory
        If it fails; `for_all` if it does so for noise of the same shape, or for silence, which every audit asks about.
    """
    try:
        scores = predict(model, windows)
    except (ModelError, OutOfMemory) as failure:
        error = ModelError(str(failure)) if isinstance(failure, UnfitModel) else failure  # noise tells whether it is
        noise = [np.random.default_rng(0).normal(0, 0.1, windows.shape).astype(np.float32)]
        if usual_s is not None and model.window_s is None:
            noise.append(noise_for(model, usual_s))
        for probes, told in ((noise, _FOR_NOISE), ([np.zeros_like(one) for one in noise], _FOR_SILENCE)):
            if not error.for_all and all(_fails(model, probe) for probe in probes):
                unfit = type(failure)(f"{error}; {told}")
                unfit.for_all = True
                raise unfit from failure
        raise error from failure.__cause__
    log_odds(scores)
    return scores


def ask_about_noise(model: Model, duration_s: float, *, at_once: int | None = None) -> None:
    """Ask about noise as long as a recording's excerpt.

    Parameters
    ----------
    model : Model
        Model to ask.
    duration_s : float
        Length of the noise in seconds.
    at_once : int or None
        Number of mixes; None: as many as an audit asks about at a time.

    Raises
    ------
    ModelError, OutOfMemory
        If it fails, or its answers are not scores between 0 and 1.
    """
    log_odds(predict(model, noise_for(model, duration_s, at_once)))


def labels_of(model: Model, sr: int | None) -> tuple[str, ...]:
    """Its labels.

    Raises
    ------
    UsageError
        If it states no labels or no rate, another rate than `sr`, or is a layer.
    """
    if model.spec is not None and "layer=" in model.spec:
        raise UsageError(
            f"{model.spec} answers a layer's activations, which decide nothing; an audit needs the model itself, "
            "without layer="
        )
    lacking = " and ".join(what for what, it in {"labels": model.labels, "rate": model.sr}.items() if it is None)
    if lacking or model.labels is None:
        given = ", or give --sr HZ (sr=…)" if lacking == "rate" else ""
        raise UsageError(
            f"an audit needs a model that states its labels and its rate, and this one states no {lacking}: give a "
            "spec such as onnx:…?sr=…&labels=…, or make one with audiolime_ext.tagger(predict_fn, sr=…, labels=[…])"
            f"{given}"
        )
    if sr not in (None, model.sr):
        raise UsageError(f"the rate {sr} does not fit: the model listens at {model.sr} Hz; leave it out (--sr, sr=…)")
    return tuple(model.labels)


def fingerprint_of(model: Model) -> str:
    """Its fingerprint.

    Raises
    ------
    UsageError
        If it has none.
    """
    if not model.fingerprint:
        raise UsageError(
            "the model has no fingerprint, so a retrained one could not be told from it; declare a version: "
            "audiolime_ext.tagger(predict_fn, version='…', …)"
        )
    return model.fingerprint


def _fails(model: Model, windows: Samples) -> bool:
    try:
        predict(model, windows)
    except (ModelError, OutOfMemory):
        return True
    return False
