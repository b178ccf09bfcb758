"""What is done before and after a model is asked: a front end makes its input of signals, an activation its scores.

Both are the user's own functions. Where one fails, it is named, and not the network between them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, ModelError, UnfitModel, UsageError, unknown
from audiolime_ext.guest import deed, is_out_of_memory
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.outputs import as_array
from audiolime_ext.text import shortened

Step = Callable[[NDArray[Any]], Any]
Pullback = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def _sigmoid(logits: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))


def _softmax(logits: NDArray[Any]) -> NDArray[Any]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Step] = {"sigmoid": _sigmoid, "softmax": _softmax}


def front_end_of(given: Any, sr: int | None) -> Step | None:
    """The front end that is meant; a text, such as ``log-mel:512,256,96``, is one of `LogMel`.

    Raises
    ------
    UsageError
        If it is neither, or a text without a rate.

    Examples
    --------
    >>> front_end_of("log-mel:512,256,96", 16000)
    LogMel(sr=16000, n_fft=512, hop_length=256, n_mels=96)
    """
    if isinstance(given, str):
        if sr is None:
            raise UsageError(f"front_end={given!r} needs the rate of the signals; add sr=, such as sr=16000")
        return LogMel.parse(given, sr=sr)
    if given is not None and (isinstance(given, type) or not callable(given)):
        raise UsageError(
            f"front_end must be a function from signals (n_batch, n_samples) to what the model takes, or a text such "
            f"as 'log-mel:512,256,96', not {_wrong(given)}"
        )
    return given


def activation_of(given: Any) -> Step | None:
    """The activation that is meant; `UsageError` if there is none of that name, or it is no function.

    Examples
    --------
    >>> activation_of("sigmoid")(np.zeros((1, 2)))
    array([[0.5, 0.5]])
    """
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise unknown("activation", given, [*ACTIVATIONS, "a function"])
        return ACTIVATIONS[given]
    if given is not None and (isinstance(given, type) or not callable(given)):
        raise UsageError(
            f"activation must be 'sigmoid', 'softmax' or a function of arrays (n_batch, n_labels), not {_wrong(given)}"
        )
    return given


def pullback_of(activation: Step | None) -> Pullback | None:
    """From logits and a vector by the activation's outputs to the vector by the logits; None: not known, or no step.

    Our own have closed forms: sigmoid p has the derivative p (1 − p), softmax p has pᵢ (δᵢⱼ − pⱼ).

    Examples
    --------
    >>> pullback_of(ACTIVATIONS["sigmoid"])(np.zeros((1, 1)), np.ones((1, 1)))
    array([[0.25]])
    """
    for name, pullback in {"sigmoid": _of_sigmoid, "softmax": _of_softmax}.items():
        if activation is ACTIVATIONS[name]:
            return pullback
    found: Pullback | None = getattr(activation, "pullback", None)
    return found


def _of_sigmoid(logits: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    scores = ACTIVATIONS["sigmoid"](logits.astype(np.float64))
    return np.asarray(vector * scores * ACTIVATIONS["sigmoid"](-logits.astype(np.float64)))


def _of_softmax(logits: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    scores = ACTIVATIONS["softmax"](logits.astype(np.float64))
    return np.asarray(scores * (vector - (scores * vector).sum(axis=-1, keepdims=True)))


def features(front_end: Step, signals: NDArray[Any], *, only_arrays: bool) -> Any:
    """What a front end makes of signals.

    Parameters
    ----------
    front_end : callable
        Function of signals.
    signals : ndarray, shape (n_batch, n_samples), (n_batch, 2, n_samples) or, of one, without the first axis
        Signals.
    only_arrays : bool
        True if it must be an array, as for a network, and not whatever a function takes.

    Raises
    ------
    ModelError
        If it raises, or answers nothing, or no array where one is needed.
    """
    who = f"the front end {name_of(front_end)}"
    answer = _done(who, front_end, signals, "; it is given NumPy arrays (n_batch, n_samples)")
    made = _rows(answer) if only_arrays and isinstance(answer, list) else answer
    if made is None or (only_arrays and not len(getattr(made, "shape", ()))):
        raise UnfitModel(f"{who} answered {_told(answer)}; it must answer an array (n_batch, …)")
    return made


def activated(activation: Step, outputs: NDArray[Any]) -> NDArray[Any]:
    """What an activation makes of outputs (n_batch, n_labels).

    Raises
    ------
    ModelError
        If it raises, or answers no numbers.
    """
    who = f"the activation {name_of(activation)}"
    answer = _done(who, activation, outputs, "; it is given NumPy arrays (n_batch, n_labels)")
    made = as_array(answer)
    if made.ndim == 0 or made.dtype.kind not in "fiu":
        raise UnfitModel(f"{who} answered {_told(answer)}; it must answer numbers (n_batch, n_labels)")
    return made


def name_of(function: Any) -> str:
    """The name of a function, or of the class of what is called as one.

    Examples
    --------
    >>> name_of(np.abs), name_of(LogMel(16000, 512, 256, 96))
    ('absolute', 'LogMel')
    """
    return str(getattr(function, "__name__", type(function).__name__))


def _done(who: str, step: Step, given: NDArray[Any], told: str) -> Any:
    try:
        return step(given)
    except (Exception, SystemExit) as error:
        if isinstance(error, AudiolimeError) or is_out_of_memory(error):
            raise
        shape = f"a {given.dtype} array of shape {given.shape}"
        raise ModelError(f"{who} {deed(error)} when given {shape}: {shortened(str(error), 400)}{told}") from error


def _rows(answer: list[Any]) -> NDArray[Any] | None:
    """The array whose rows a list holds; None: it holds anything else."""
    try:
        made = np.asarray(answer)
    except (TypeError, ValueError):
        return None
    return made if made.dtype.kind in "fiu" else None


def _told(answer: Any) -> str:
    if answer is None:
        return "None"
    return f"a {type(answer).__name__}" + (f" of {len(answer)}" if isinstance(answer, (list, tuple, dict)) else "")


def _wrong(given: Any) -> str:
    """What was given in place of a function."""
    if isinstance(given, type):
        return f"the class {given.__name__} (give an object of it, such as {given.__name__}())"
    return shortened(repr(given))
