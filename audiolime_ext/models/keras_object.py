"""A Keras model that is at hand: ``explain(song, net)``, ``tagger(net, sr=16000, labels=[…])``.

Any `keras.Model` of Keras 3 or ``tf.keras`` that takes waveforms (n_batch, n_samples), with or without an axis for the
channel at the end, or what ``front_end=`` makes of them. A model that is written as a class, and so states no shape of
its input, is given as many axes as when its weights were made. It is asked by ``predict_on_batch``, which is inference
mode, and changes no weight. A fixed length of its input is its window. Several outputs are told by their names, and
``output=`` names that of the scores.

*The fingerprint changes with every weight, every option and, as far as noise shows it, the code.* Where the model or a
layer of it states a rate (``sampling_rate`` of ``keras.layers.MelSpectrogram``), and no other is given, that is its
rate, and the result says so.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from keyword import iskeyword
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UnfitModel, UsageError
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.models.keras_answers import ask, given_to, named
from audiolime_ext.models.keras_gradients import KerasNetwork, by_layers, library_of, package_of, underivable
from audiolime_ext.prediction.function_model import FunctionModel, differentiable
from audiolime_ext.prediction.model_files import reason
from audiolime_ext.prediction.objects import LARGER, LONGER, inputs_needed, one_input, rate_of
from audiolime_ext.prediction.outputs import Answerer, picked
from audiolime_ext.text import counted

Shape = tuple[int | None, ...]

_MADE_UP = re.compile(r"(keras_tensor|input|input_layer)(_\d+)?")
_LONG, _TIMES = 65537, 16  # samples, times the length of a spectrum: long enough for any layer
_WORDS = ("first", "second", "third", "fourth")


def meet(model: FunctionModel) -> FunctionModel:
    """The model of a Keras model; `model.predict_fn` is that, the other fields are what the user said.

    Raises
    ------
    UsageError
        If it takes several inputs or, without a front end, no waveforms, or has no weights, or its window is not known.
    """
    net, by = model.predict_fn, Answerer(f"the Keras model {type(model.predict_fn).__name__}", "net", "batch")
    shape = _shape(net, by)
    layers = [(f"net.{layer.name}", layer) for layer in getattr(net, "layers", ())]
    sr, notes = rate_of(model.sr, ("net", net), *layers)
    window_s = model.window_s
    if shape is not None and model.front_end is None:
        window_s = _window_s(shape, sr, model, by)
    made = replace(
        model,
        predict_fn=_Asked(net, shape, by, model),
        sr=sr,
        window_s=window_s,
        hop_s=model.hop_s or window_s,
        answerer=by,
        state=lambda: _state(net),
        notes=notes,
    )
    return _differentiable(made, net, shape)


def _differentiable(made: FunctionModel, net: Any, shape: Shape | None) -> FunctionModel:
    """The same model with the derivative of its network, where what it runs on has one; layers are known by name."""
    if (why := underivable(library_of(net))) is not None:
        return differentiable(made, None, why)
    if made.one_at_a_time:
        return differentiable(made, None, "it is asked about one signal at a time, without an axis for the batch")
    by = made.answerer

    def answer(found: Any) -> Any:
        return picked(named(net, found), made.output, who=by.who, how=by.how)

    called = by_layers(package_of(net), net, answer)
    return differentiable(made, KerasNetwork(net, lambda x, wrt: called(given_to(x, shape), wrt), by.who))


class _Asked:
    """The predict function of a Keras model."""

    def __init__(self, net: Any, shape: Shape | None, by: Answerer, model: FunctionModel) -> None:
        self.net, self.shape, self.by, self.model = net, shape, by, model
        self.__name__ = type(net).__name__

    def __call__(self, given: Any) -> Any:
        batch = np.asarray(given)
        try:
            return ask(self.net, batch if self.model.one_at_a_time else given_to(batch, self.shape))
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise self._refused(error, batch) from error

    def _too_short(self, batch: NDArray[Any]) -> bool:
        """Whether it hears longer signals."""
        for axis in range(1, batch.ndim):
            times = _TIMES if self.model.front_end is not None else -(-_LONG // max(batch.shape[axis], 1))
            try:
                ask(self.net, given_to(np.repeat(batch[:1], times, axis), self.shape))
            except Exception as error:
                if is_out_of_memory(error):
                    raise
            else:
                return True
        return False

    def _refused(self, error: Exception, batch: NDArray[Any]) -> UnfitModel:
        """What to do where a model cannot hear what it is given."""
        short = not self.model.one_at_a_time and self._too_short(batch)
        option = "front_end=spectrogram"
        if self.model.front_end is not None:
            heard = f"what front_end makes of waveforms, shape {batch.shape}"
            asked = "front_end= must give what it was trained on, from float32 (n_batch, n_samples)"
            asked = f"{asked}, and {LARGER}" if short else asked
        elif short:
            heard, asked, option = f"signals of {counted(batch.shape[-1], 'sample')}", LONGER, "window_s=3.0"
        else:
            heard = f"waveforms, shape {batch.shape}"
            asked = "say what it was trained on, its rate and the front end that makes it of waveforms"
        return UnfitModel(f"{self.by.who} cannot hear {heard}: {reason(error)}; {asked}:{self.by.made(option)}")


def _shape(net: Any, by: Answerer) -> Shape | None:
    """The shape of its one input; None where it states none."""
    try:
        inputs = getattr(net, "inputs", None) or []
    except (AttributeError, ValueError):  # it has not been built
        inputs = []
    named = [_word(at, one.name) for at, one in enumerate(inputs)] or inputs_needed(net.call)
    if len(named) > 1:
        others = ", ".join(f"{name}.repeat(len(batch), axis=0)" for name in named[1:])
        call = f"net.predict_on_batch([batch, {others}])" if inputs else f"net(batch, {others}, training=False)"
        raise one_input(by.who, named, call)
    if inputs:
        return tuple(inputs[0].shape)
    if not net.built or not net.get_weights():
        raise UsageError(f"{by.who} has no weights yet; call it once on a batch as in training, or load them")
    return _built_shape(net)


def _word(at: int, name: str) -> str:
    """A name for an input in lines of code: its own unless Keras made it up, or it cannot stand there."""
    own = str(name).partition(":")[0]
    if own.isidentifier() and not iskeyword(own) and not _MADE_UP.fullmatch(own):
        return own
    return _WORDS[at] if at < len(_WORDS) else f"input_{at}"


def _built_shape(net: Any) -> Shape | None:
    """The axes of what a model was given when its weights were made; their lengths, but that of 1, may change."""
    config: dict[str, Any] = getattr(net, "get_build_config", dict)() or {}
    stated = config.get("input_shape")
    if not isinstance(stated, (list, tuple)) or not all(one is None or isinstance(one, int) for one in stated):
        return None
    return (None, *(1 if one == 1 else None for one in stated[1:]))


def _window_s(shape: Shape, sr: int | None, model: FunctionModel, by: Answerer) -> float | None:
    """The window of a model that is given waveforms: a fixed length of its input, else what was said."""
    axes = shape[:-1] if len(shape) == 3 and shape[-1] == 1 else shape
    if len(axes) != 2 and model.n_channels == 1:
        told = ", ".join("any" if one is None else str(one) for one in shape)
        raise UsageError(
            f"{by.who} takes no waveforms (n_batch, n_samples): its input has the shape ({told}); say which front end "
            f"makes that of waveforms:{by.made('front_end=spectrogram')}"
        )
    n_samples = axes[1] if len(axes) == 2 else None
    if n_samples is None:
        return model.window_s
    if sr is None:
        raise UsageError(
            f"{by.who} takes {counted(n_samples, 'sample')} at a time, and its rate is not known; say how many are a "
            f"second:{by.made()}"
        )
    if model.window_s is not None and round(model.window_s * sr) != n_samples:
        raise UsageError(
            f"{by.who} takes {counted(n_samples, 'sample')}, but window_s={model.window_s:g} at {sr} Hz is "
            f"{round(model.window_s * sr)}; leave window_s out, or give the rate at which it was trained:{by.made()}"
        )
    return n_samples / sr


def _state(net: Any) -> str:
    """A hash of its class, its configuration as far as it states one, and its weights."""
    found = hashlib.sha256(f"{type(net).__module__}.{type(net).__qualname__}".encode())
    for layer in getattr(net, "layers", ()):
        found.update(f"{type(layer).__module__}.{type(layer).__qualname__}".encode())
    for array in net.get_weights():
        found.update(repr((array.dtype, array.shape)).encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
