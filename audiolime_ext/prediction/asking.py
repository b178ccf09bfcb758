"""Asking a model: in batches, without letting it change the run, and with checks on its answers."""

from __future__ import annotations

import re

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.errors import AudiolimeError, ModelError
from audiolime_ext.guest import as_guest, deed, is_out_of_memory, out_of_memory
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.outputs import Answerer, chosen, joined, require_scores

BATCH_SIZE = 32  # signals, where a model does not say

_ROUNDING = 1e-3  # of outputs that are meant as probabilities


def n_at_once(model: Model, n_windows: int = 1) -> int:
    """How many mixes of `n_windows` windows each are made and asked about at a time: a batch full, at least one."""
    return max(1, (model.batch_size or BATCH_SIZE) // n_windows)


def predict(model: Model, windows: Samples) -> Scores:
    """Scores of signals (n, n_windows, n_channels, n_samples), averaged over the windows: (n, n_labels), float64.

    Raises
    ------
    ModelError
        If the model raises, or answers the wrong shape, NaN or infinity.
    OutOfMemory
        If it needs more memory than there is.
    """
    n, n_windows = windows.shape[:2]
    batch = windows.reshape(n * n_windows, *windows.shape[2:])
    if model.n_channels == 1:
        batch = batch[:, 0]
    size = model.batch_size or len(batch)
    answers = [_ask(model, batch[at : at + size]) for at in range(0, len(batch), size)]
    return np.asarray(joined(answers).reshape(n, n_windows, -1).mean(axis=1))


def asking_notes(model: Model, recording_sr: int) -> list[str]:
    """What a result must say of how its model was asked: the rate that nobody stated, and what was taken for granted.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> loudness = lambda batch: abs(batch).mean(axis=1, keepdims=True)
    >>> asking_notes(tagger(loudness), 44100)
    ["the model was asked at the recording's own rate, 44100 Hz; if it was trained at another, say so: sr=16000 (--sr
    16000)"]
    >>> asking_notes(tagger(loudness, sr=16000), 44100)
    []
    """
    own = f"the model was asked at the recording's own rate, {recording_sr} Hz"
    assumed = [f"{own}; if it was trained at another, say so: sr=16000 (--sr 16000)"] if model.sr is None else []
    return [*assumed, *getattr(model, "notes", ())]


def logit_notes(model: Model, outputs: Scores) -> list[str]:
    """What to say where a network with labels answers no probabilities, and nobody said that these are logits.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from audiolime_ext import tagger
    >>> model = tagger(lambda batch: batch, labels=["rock", "jazz"])
    >>> net = replace(model, answerer=Answerer("the network CRNN", "net"))  # as a network that was given has it
    >>> logit_notes(net, np.array([[7.35, -4.61]]))
    ['the outputs range from -4.61 to 7.35, so they are no probabilities; if they are logits, say activation=sigmoid, or
    softmax where labels exclude each other']
    >>> logit_notes(net, np.array([[0.9, 0.2]]))
    []
    """
    by, spec = getattr(model, "answerer", Answerer()), model.spec or ""
    network = by.arg == "net" or spec.startswith(("torch:", "keras:", "onnx:"))
    low, high = float(outputs.min()), float(outputs.max())
    as_they_are = getattr(model, "activation", None) is None and model.labels is not None
    if not (network and as_they_are) or (low >= -_ROUNDING and high <= 1 + _ROUNDING):
        return []
    return [
        f"the outputs range from {low:.2f} to {high:.2f}, so they are no probabilities; if they are logits, say "
        "activation=sigmoid, or softmax where labels exclude each other"
    ]


def _ask(model: Model, batch: Samples) -> Scores:
    by = getattr(model, "answerer", Answerer())
    try:
        with as_guest():
            answer = model(np.array(batch, np.float32))  # a copy, which it may overwrite
    except (Exception, SystemExit) as error:
        if isinstance(error, AudiolimeError):
            raise
        if is_out_of_memory(error):
            doing = f"the model heard {_counted(len(batch))} of {batch.shape[-1]} samples at once"
            raise out_of_memory(doing, error, _lighter(model, len(batch))) from error
        advice = _advice(error, by, batch.shape[-1])
        raise ModelError(f"{by.who} {deed(error)} when given a float32 array of shape {batch.shape}{advice}") from error
    return require_scores(chosen(answer, labels=model.labels), batch.shape, model.labels, by)


def _lighter(model: Model, n: int) -> str:
    """How a model that was given `n` signals at once can be asked so that it needs less memory."""
    fewer = f"give it fewer at a time: --batch-size {n // 2}, tagger(…, batch_size={n // 2})"
    if model.window_s is None:
        shorter = "choose a shorter excerpt, which is its window: --duration, duration_s"
        return f"{fewer}; or {shorter}" if n > 1 else shorter
    return (
        fewer
        if n > 1
        else "it needs more than is free for a single window; end other programs, or use a machine with more memory"
    )


def _counted(n: int) -> str:
    return f"{n} signal{'s' * (n != 1)}"


def _advice(error: BaseException, by: Answerer, n_samples: int) -> str:
    """What it says, and what to do about it where another input may avoid it."""
    if isinstance(error, SystemExit):
        return "; it must answer, or raise an error, and not end the program"
    if isinstance(error, TypeError) and "Tensor" in str(error):
        return f": {error}; if it takes PyTorch tensors:{by.mended(given='torch.from_numpy(batch)')}"
    if isinstance(error, (ValueError, AssertionError, TypeError, IndexError, RuntimeError)):
        wanted = [int(number) for number in re.findall(r"\b\d{4,7}\b", str(error)) if int(number) != n_samples]
        length = f"window_s={wanted[0]} / 16000" if wanted else "window_s=3.0"
        return (
            f": {error}; if it wants another rate, length, number of channels or front end, or one signal at a time, "
            f"say so (sr=, window_s=, n_channels=2, front_end=, one_at_a_time=True):{by.made(length)}"
        )
    return f": {error}"
