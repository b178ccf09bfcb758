"""Models made of functions: how any callable becomes a model.

The callable takes a batch of mono signals, float32 (n_batch, n_samples), and returns scores (n_batch, n_labels). A
`Model` also says at which rate it listens, what its outputs are called and how long its window is: `tagger()` makes one
of any callable. A plain callable is taken to hear the whole excerpt at the recording's own rate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.guest import as_guest
from audiolime_ext.prediction.asking import BATCH_SIZE
from audiolime_ext.prediction.contract import FILLS, Fill, Model, PredictFn
from audiolime_ext.prediction.labels import described, different_names
from audiolime_ext.prediction.outputs import chosen
from audiolime_ext.prediction.plain_values import takes_plain


def _sigmoid(logits: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))


def _softmax(logits: NDArray[Any]) -> NDArray[Any]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


_ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {"sigmoid": _sigmoid, "softmax": _softmax}


@dataclass(frozen=True, eq=False, repr=False)
class FunctionModel:
    """A model made of a function; built by `tagger`, whose parameters these are."""

    predict_fn: PredictFn = field(repr=False)
    sr: int | None = None
    labels: Sequence[str] | None = None
    n_channels: int = 1
    front_end: Callable[[NDArray[Any]], Any] | None = field(default=None, repr=False)
    activation: Callable[[NDArray[Any]], NDArray[Any]] | None = field(default=None, repr=False)
    batch_size: int | None = BATCH_SIZE
    window_s: float | None = None
    hop_s: float | None = None
    lead_s: float = 0.0
    min_s: float | None = None
    one_at_a_time: bool = False
    output: str | int | None = None
    version: str | None = None
    fill: str = "silence"
    spec: str | None = None
    references: tuple[str, ...] = ()

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        """Scores, shape (n_batch, n_labels)."""
        if self.one_at_a_time:
            answers = [chosen(self._ask(signal), self.output, labels=self.labels, n_axes=1) for signal in batch]
            outputs = np.stack([answer.reshape(-1) for answer in answers])
        else:
            outputs = chosen(self._ask(batch), self.output, labels=self.labels)
            if outputs.ndim == 1 and len(batch) == 1 and not np.issubdtype(outputs.dtype, np.integer):
                outputs = outputs[None]  # of a model that leaves out axes of length 1
        if self.activation is not None:
            outputs = self.activation(outputs)
        if self.labels is not None and len(self.labels) == 2 and outputs.shape[1:] == (1,):
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
        return outputs

    def __repr__(self) -> str:
        """What it is and hears, see `described`."""
        return described(self)

    def _ask(self, signal: NDArray[Any]) -> Any:
        return self.predict_fn(signal if self.front_end is None else self.front_end(signal))

    @cached_property
    def fingerprint(self) -> str | None:
        """The declared version, else a hash of the rounded outputs on a fixed probe (one prediction).

        None for a model that cannot hear the probe, which is noise as long as its window, or one second.
        """
        if self.version is not None:
            return self.version
        sr = self.sr or 16000
        length = round((self.window_s or max(self.min_s or 0.0, 1.0)) * sr) + round(self.lead_s * sr)
        probe = np.random.default_rng(0).normal(0, 0.1, (1, self.n_channels, length)).astype(np.float32)
        try:
            with as_guest():
                outputs = np.round(np.asarray(self(probe[:, 0] if self.n_channels == 1 else probe), np.float64), 4)
        except (Exception, SystemExit):  # noqa: BLE001 - a model may refuse a length it never declared; it did hear the excerpt
            return None
        return hashlib.sha256((outputs + 0.0).tobytes()).hexdigest()


@takes_plain
def tagger(
    predict_fn: PredictFn,
    *,
    sr: int | None = None,
    labels: Sequence[str] | None = None,
    n_channels: int = 1,
    front_end: Callable[[NDArray[Any]], Any] | None = None,
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
    """Make a model of any callable.

    Parameters
    ----------
    predict_fn : callable
        Function from float32 signals (n_batch, n_samples), or from what `front_end` makes of them, to scores (n_batch,
        n_labels), as NumPy, TensorFlow or (detached) PyTorch arrays.
    sr : int or None
        Sampling rate of the signals in Hz; None: the recording's own.
    labels : sequence of str or None
        Names of its outputs, in order; None: "0", "1", …. Two labels over a single output p name 1 − p and p. Where the
        answers name their labels (dicts, pipelines of transformers), scores are looked up by these names.
    n_channels : {1, 2}
        Number of channels: with 1 it is given (n_batch, n_samples), with 2 (n_batch, 2, n_samples), where the channel
        of a mono recording is duplicated.
    front_end : callable or None
        Function that is applied to the signals first, such as a spectrogram; `predict_fn` is given its result.
    activation : {"sigmoid", "softmax"}, callable or None
        Function that is applied to the outputs, where they are logits; None: none.
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
        Name of this state of the model in saved results; None: a hash of its outputs on a fixed probe.
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
    if isinstance(activation, str):
        if activation not in _ACTIVATIONS:
            raise unknown("activation", activation, [*_ACTIVATIONS, "a function"])
        activation = _ACTIVATIONS[activation]
    if n_channels not in (1, 2):
        raise UsageError(f"n_channels must be 1 or 2, not {n_channels!r}")
    if fill not in FILLS:
        raise unknown("fill", fill, FILLS)
    for name, value in {"sr": sr, "window_s": window_s, "hop_s": hop_s, "batch_size": batch_size}.items():
        if value is not None and not value > 0:
            raise UsageError(f"{name} must be positive, not {value!r}")
    if sr is not None and sr % 1:
        raise UsageError(f"sr must be a whole number of Hz, not {sr!r}")
    return FunctionModel(
        predict_fn,
        sr=None if sr is None else int(sr),
        labels=None if labels is None else different_names(labels),
        n_channels=n_channels,
        front_end=front_end,
        activation=activation,
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


def as_model(predict_fn: Any, *, sr: int | None = None) -> Model:
    """A `Model` as it is; a plain callable with defaults and whichever attributes of a model it carries.

    Raises
    ------
    UsageError
        If it cannot be called, or its labels are not different names.
    """
    if not callable(predict_fn) or isinstance(predict_fn, type):
        method = next((name for name in ("predict_proba", "predict") if hasattr(predict_fn, name)), None)
        hint = "" if method is None else f"; it has a method {method}: give that (package.module:name.{method})"
        raise UsageError(
            f"a predict function is needed, from (n_batch, n_samples) to (n_batch, n_labels); got {predict_fn!r}{hint}"
        )
    if all(hasattr(predict_fn, name) for name in ("sr", "labels", "window_s", "hop_s", "lead_s", "batch_size")):
        _ = predict_fn.labels is None or different_names(predict_fn.labels)
        return predict_fn  # type: ignore[no-any-return]
    known = ("labels", "n_channels", "batch_size", "window_s", "hop_s", "lead_s", "min_s", "output", "version", "fill")
    carried = {name: getattr(predict_fn, name) for name in known if hasattr(predict_fn, name)}
    return tagger(predict_fn, **{"sr": getattr(predict_fn, "sr", sr), **carried})
