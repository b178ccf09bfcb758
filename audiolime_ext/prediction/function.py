"""Models made of functions: how any callable becomes a model.

The callable takes a batch of mono signals, float32 (n_batch, n_samples), and returns scores (n_batch, n_labels). A
`Model` also says at which rate it listens, what its outputs are called and how long its window is: `tagger()` makes one
of any callable. A plain callable is taken to hear the whole excerpt at the recording's own rate, which results say.

A network or an estimator of another library is no such callable; `audiolime_ext.prediction.objects` makes one of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.asking import BATCH_SIZE
from audiolime_ext.prediction.capabilities import NetworkVjp
from audiolime_ext.prediction.contract import FILLS, Fill, Model
from audiolime_ext.prediction.function_model import FunctionModel, differentiable
from audiolime_ext.prediction.hearing import require_batch_size, require_lengths, require_rate, require_samples
from audiolime_ext.prediction.labels import different_names
from audiolime_ext.prediction.objects import adapter_of, require_callable
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.steps import activation_of, front_end_of


@takes_plain
def tagger(
    predict_fn: Any,
    *,
    sr: int | None = None,
    labels: Sequence[str] | None = None,
    n_channels: int = 1,
    front_end: str | Callable[[NDArray[Any]], Any] | None = None,
    activation: Literal["sigmoid", "softmax"] | Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    batch_size: int | None = BATCH_SIZE,
    window_s: float | None = None,
    hop_s: float | None = None,
    lead_s: float = 0.0,
    min_s: float | None = None,
    one_at_a_time: bool = False,
    output: str | int | None = None,
    version: str | None = None,
    fill: Fill = "silence",
) -> FunctionModel:
    """Make a model of any callable, of a network of PyTorch or Keras, or of a fitted estimator of scikit-learn.

    A network is asked in evaluation mode, without gradients, on the device and in the precision of its weights, and is
    left as it was; see `audiolime_ext.models.torch_object`, `keras_object` and `sklearn_object`.

    Parameters
    ----------
    predict_fn : callable, torch.nn.Module, keras.Model or sklearn estimator
        Function from float32 signals (n_batch, n_samples), or from what `front_end` makes of them, to scores (n_batch,
        n_labels), as NumPy, TensorFlow or PyTorch arrays; or such a network or estimator.
    sr : int or None
        Sampling rate of the signals in Hz; None: the recording's own, or what a network states (``sample_rate``).
    labels : sequence of str or None
        Names of its outputs, in order; None: "0", "1", …. Two labels over a single output p name 1 − p and p. Where the
        answers name their labels (dicts, pipelines of transformers), scores are looked up by these names.
    n_channels : {1, 2}
        Number of channels: with 1 it is given (n_batch, n_samples), with 2 (n_batch, 2, n_samples), where the channel
        of a mono recording is duplicated.
    front_end : callable, str or None
        Function that is applied to the signals first, such as a spectrogram; `predict_fn` is given its result. With a
        network of PyTorch it may be a module, or a function of tensors. A text, ``"log-mel:512,256,96"``, is the one
        that it names on the command line (`audiolime_ext.prediction.front_end`), and needs `sr`.
    activation : {"sigmoid", "softmax"}, callable or None
        Function that is applied to the outputs (n_batch, n_labels), where they are logits; None: none. It is given
        arrays; with a network of PyTorch it may be a function of tensors, or a module.
    batch_size : int or None
        Largest number of signals that it is given at a time; None: all.
    window_s, hop_s, lead_s : float or None
        Length of its window in seconds (None: any length), the step between windows (None: the window's length) and the
        context that it needs in front of each (never None).
    min_s : float or None
        Length of the shortest excerpt that it can hear, in seconds, where `window_s` is None; None: any.
    one_at_a_time : bool
        True if the function takes one signal without a batch axis, (n_samples,) or (2, n_samples), and returns
        (n_labels,).
    output : str, int or None
        Key, or position from 0, of the scores, where it answers a dict or a tuple; None: it answers one array.
    version : str or None
        Name of this state of the model, which saved results keep; None: of a network or an estimator, a hash of its
        weights and of its outputs on a fixed probe. Explanations by a function name no state unless one is given; an
        audit knows it by a hash of its outputs on a fixed probe, too.
    fill : {"silence", "repeat", "none"}
        Filling of a recording that is shorter than `window_s`: ``"silence"`` (as most extractors do), ``"repeat"``, or
        ``"none"`` (the function takes shorter signals); the result states it.

    Raises
    ------
    UsageError
        If an argument cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> loudness = tagger(lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True)), sr=16000, labels=["loud"])
    >>> loudness(np.ones((2, 100), np.float32))
    array([[1.],
           [1.]], dtype=float32)
    """
    require_callable(predict_fn)
    if n_channels not in (1, 2):
        raise UsageError(f"n_channels must be 1 or 2, not {n_channels!r}")
    if fill not in FILLS:
        raise unknown("fill", fill, FILLS)
    sr, batch_size = require_rate(sr), require_batch_size(batch_size)
    require_lengths(window_s=window_s, hop_s=hop_s, lead_s=lead_s, min_s=min_s)
    if sr is not None:
        require_samples(sr, window_s=window_s, hop_s=hop_s)
    made = FunctionModel(
        predict_fn,
        sr=sr,
        labels=None if labels is None else different_names(labels),
        n_channels=n_channels,
        front_end=front_end_of(front_end, sr),
        activation=activation_of(activation),
        batch_size=batch_size,
        window_s=window_s,
        hop_s=hop_s or window_s,
        lead_s=lead_s,
        min_s=min_s,
        one_at_a_time=one_at_a_time,
        output=output,
        version=version,
        fill=fill,
    )
    adapter = adapter_of(predict_fn)
    return differentiable(made, _own_derivative(predict_fn)) if adapter is None else adapter(made)


def _own_derivative(predict_fn: Any) -> NetworkVjp | None:
    """The derivative that a function brings as its method ``vjp``; None where it brings none of what it is given."""
    given = getattr(predict_fn, "vjp", None)
    if not callable(given) or getattr(predict_fn, "front_end", None) is not None:
        return None
    return lambda features, cotangent_fn, wrt: given(features, cotangent_fn, wrt=wrt)


def as_model(predict_fn: Any, *, sr: int | None = None) -> Model:
    """A `Model` as it is; a plain callable with defaults and whichever attributes of a model it carries.

    `sr` is the rate of what states none. A network or an estimator is met as by `tagger`; `sr` then goes before the
    rate that it states.

    Raises
    ------
    UsageError
        If it cannot be called, its labels are not different names, or it cannot hear as it says.
    """
    require_callable(predict_fn)
    sr = require_rate(sr)
    if all(hasattr(predict_fn, name) for name in ("sr", "labels", "window_s", "hop_s", "lead_s", "batch_size")):
        _ = predict_fn.labels is None or different_names(predict_fn.labels)
        require_rate(predict_fn.sr)
        require_lengths(window_s=predict_fn.window_s, hop_s=predict_fn.hop_s, lead_s=predict_fn.lead_s)
        unstated = isinstance(predict_fn, FunctionModel) and predict_fn.sr is None and sr is not None
        return replace(predict_fn, sr=sr) if unstated else predict_fn  # type: ignore[no-any-return]
    if adapter_of(predict_fn) is not None:
        return tagger(predict_fn, sr=sr)  # its attributes have meanings of their own: `output` may be a layer
    known = ("labels", "n_channels", "batch_size", "window_s", "hop_s", "lead_s", "min_s", "output", "version", "fill")
    carried = {name: getattr(predict_fn, name) for name in known if hasattr(predict_fn, name)}
    return tagger(predict_fn, **{"sr": getattr(predict_fn, "sr", sr), **carried})
