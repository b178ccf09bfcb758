"""Asking a model: what a tagger is, how a function becomes one, and the checks on what it answers.

A tagger is any callable from a batch of mono signals, float32 (n_batch, n_samples), to scores (n_batch, n_labels).
A `Tagger` also says at which rate it listens, what its outputs are called and how long its window is; `tagger()` makes
one of any model, and a plain callable is taken to hear the whole excerpt at the recording's own rate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Samples
from audiolime_ext.errors import ModelError, UsageError, unknown

PredictFn = Callable[[NDArray[Any]], Any]
Scores = NDArray[np.float64]
Fill = Literal["silence", "repeat", "none"]
FILLS: tuple[Fill, ...] = ("silence", "repeat", "none")


class Tagger(Protocol):
    """A predict function that knows how it wants to be asked.

    Attributes
    ----------
    spec
        A string that builds it again, or None.
    sr
        Hz; None: the recording's own rate.
    labels
        One name per output; None: they are numbered.
    window_s, hop_s
        Length and step of its windows in seconds; None: any length, the excerpt is one window.
    lead_s
        Seconds of context in front of each window.
    min_s
        The shortest excerpt in seconds that it can hear, where `window_s` is None.
    n_channels
        1: it is given (n_batch, n_samples); 2: (n_batch, 2, n_samples).
    batch_size
        At most so many signals at a time; None: as many as there are.
    fill
        How a recording is filled up that is shorter than a window, which is how the model's own extractor does it:
        ``"silence"`` (behind it), ``"repeat"`` (from its beginning), or ``"none"``: it is given as it is, and the model
        fills it up itself. A tagger without this attribute hears silence.

    Examples
    --------
    >>> listener: Tagger = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=16000, window_s=3.0)
    >>> listener.sr, listener.window_s, listener.hop_s
    (16000, 3.0, 3.0)
    """

    @property
    def spec(self) -> str | None: ...  # noqa: D102
    @property
    def fingerprint(self) -> str | None: ...  # noqa: D102
    @property
    def sr(self) -> int | None: ...  # noqa: D102
    @property
    def labels(self) -> Sequence[str] | None: ...  # noqa: D102
    @property
    def window_s(self) -> float | None: ...  # noqa: D102
    @property
    def hop_s(self) -> float | None: ...  # noqa: D102
    @property
    def lead_s(self) -> float: ...  # noqa: D102
    @property
    def min_s(self) -> float | None: ...  # noqa: D102
    @property
    def n_channels(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int | None: ...  # noqa: D102
    @property
    def references(self) -> tuple[str, ...]: ...  # noqa: D102

    def __call__(self, batch: NDArray[np.float32]) -> Any:
        """Scores, shape (n_batch, n_labels)."""
        ...


def _sigmoid(logits: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))


def _softmax(logits: NDArray[Any]) -> NDArray[Any]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


_ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {"sigmoid": _sigmoid, "softmax": _softmax}


@dataclass(frozen=True, eq=False)
class FunctionTagger:
    """A tagger made of a function; built by `tagger`, whose parameters these are."""

    predict_fn: PredictFn = field(repr=False)
    sr: int | None = None
    labels: Sequence[str] | None = None
    n_channels: int = 1
    front_end: Callable[[NDArray[Any]], Any] | None = field(default=None, repr=False)
    activation: Callable[[NDArray[Any]], NDArray[Any]] | None = field(default=None, repr=False)
    batch_size: int | None = 32
    window_s: float | None = None
    hop_s: float | None = None
    lead_s: float = 0.0
    min_s: float | None = None
    one_at_a_time: bool = False
    version: str | None = None
    fill: str = "silence"
    spec: str | None = None
    references: tuple[str, ...] = ()

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        """Scores, shape (n_batch, n_labels)."""
        if self.one_at_a_time:
            outputs = np.stack([_as_array(self._ask(signal)).reshape(-1) for signal in batch])
        else:
            outputs = _as_array(self._ask(batch))
            if outputs.ndim == 1 and len(batch) == 1:
                outputs = outputs[None]
        if self.activation is not None:
            outputs = self.activation(outputs)
        if self.labels is not None and len(self.labels) == 2 and outputs.shape[1:] == (1,):
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
        return outputs

    def _ask(self, signal: NDArray[Any]) -> Any:
        return self.predict_fn(signal if self.front_end is None else self.front_end(signal))

    @cached_property
    def fingerprint(self) -> str | None:
        """The declared version, else a hash of the rounded outputs on a fixed probe (one prediction).

        None for a model that cannot hear the probe: noise as long as its window, else one second.
        """
        if self.version is not None:
            return self.version
        sr = self.sr or 16000
        length = round((self.window_s or max(self.min_s or 0.0, 1.0)) * sr) + round(self.lead_s * sr)
        probe = np.random.default_rng(0).normal(0, 0.1, (1, self.n_channels, length)).astype(np.float32)
        try:
            outputs = np.round(np.asarray(self(probe[:, 0] if self.n_channels == 1 else probe), np.float64), 4)
        except Exception:  # noqa: BLE001 - a model may refuse a length it never declared; it did hear the excerpt
            return None
        return hashlib.sha256((outputs + 0.0).tobytes()).hexdigest()


def tagger(
    predict_fn: PredictFn,
    *,
    sr: int | None = None,
    labels: Sequence[str] | None = None,
    n_channels: int = 1,
    front_end: Callable[[NDArray[Any]], Any] | None = None,
    activation: Literal["sigmoid", "softmax"] | Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    batch_size: int | None = 32,
    window_s: float | None = None,
    hop_s: float | None = None,
    lead_s: float = 0.0,
    min_s: float | None = None,
    one_at_a_time: bool = False,
    version: str | None = None,
    fill: Fill = "silence",
) -> FunctionTagger:
    """Make a tagger of any model.

    Parameters
    ----------
    predict_fn
        From what it is given to scores (n_batch, n_labels), as NumPy, TensorFlow or (detached) PyTorch arrays.
    sr
        The rate it listens at, in Hz; None: the recording's own.
    labels
        Names of its outputs, in order; None: "0", "1", …. Two labels over a single output p name 1 − p and p.
    n_channels
        1: it is given (n_batch, n_samples); 2: (n_batch, 2, n_samples), mono recordings duplicated.
    front_end
        Applied to the signals first, such as a spectrogram; `predict_fn` is given its result.
    activation
        Applied to the outputs, where they are logits: "sigmoid", "softmax" or a function.
    batch_size
        The most signals it is given at a time; None: all.
    window_s, hop_s, lead_s
        Its window in seconds (None: any length), the step between windows (default: the window) and the context
        wanted in front of each.
    min_s
        The shortest excerpt it can hear, in seconds, where `window_s` is None.
    one_at_a_time
        The function takes one signal without a batch axis, (n_samples,) or (2, n_samples), and returns (n_labels,).
    version
        Names this state of the model in saved results; default: a hash of its outputs on a fixed probe.
    fill
        How a recording that is shorter than `window_s` is filled up: ``"silence"`` (as most extractors do),
        ``"repeat"``, or ``"none"`` (the function takes shorter signals); the result says so.

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
    if labels is not None and (isinstance(labels, str) or len(set(labels)) != len(list(labels))):
        raise UsageError("labels must be a list of different names")
    if fill not in FILLS:
        raise unknown("fill", fill, FILLS)
    for name, value in {"sr": sr, "window_s": window_s, "hop_s": hop_s, "batch_size": batch_size}.items():
        if value is not None and not value > 0:
            raise UsageError(f"{name} must be positive, not {value!r}")
    return FunctionTagger(
        predict_fn,
        sr=sr,
        labels=None if labels is None else tuple(map(str, labels)),
        n_channels=n_channels,
        front_end=front_end,
        activation=activation,
        batch_size=batch_size,
        window_s=window_s,
        hop_s=hop_s or window_s,
        lead_s=lead_s,
        min_s=min_s,
        one_at_a_time=one_at_a_time,
        version=version,
        fill=fill,
    )


def as_tagger(predict_fn: Any, *, sr: int | None = None) -> Tagger:
    """A `Tagger` as it is; a plain callable with defaults and whichever attributes of a tagger it carries.

    Raises
    ------
    UsageError
        If it cannot be called.
    """
    if not callable(predict_fn) or isinstance(predict_fn, type):
        raise UsageError(
            f"a predict function is needed, from (n_batch, n_samples) to (n_batch, n_labels); got {predict_fn!r}"
        )
    if all(hasattr(predict_fn, name) for name in ("sr", "labels", "window_s", "hop_s", "lead_s", "batch_size")):
        return predict_fn  # type: ignore[no-any-return]
    known = ("labels", "n_channels", "batch_size", "window_s", "hop_s", "lead_s", "min_s", "version", "fill")
    carried = {name: getattr(predict_fn, name) for name in known if hasattr(predict_fn, name)}
    return tagger(predict_fn, **{"sr": getattr(predict_fn, "sr", sr), **carried})


def predict(tagger: Tagger, windows: Samples) -> Scores:
    """Scores of signals (n, n_windows, n_channels, n_samples), averaged over the windows: (n, n_labels), float64.

    Raises
    ------
    ModelError
        If the model raises, or answers the wrong shape, NaN or infinity.
    """
    n, n_windows = windows.shape[:2]
    batch = windows.reshape(n * n_windows, *windows.shape[2:])
    if tagger.n_channels == 1:
        batch = batch[:, 0]
    size = tagger.batch_size or len(batch)
    answers = [_ask(tagger, batch[at : at + size]) for at in range(0, len(batch), size)]
    return np.asarray(np.concatenate(answers).reshape(n, n_windows, -1).mean(axis=1))


def _ask(tagger: Tagger, batch: Samples) -> Scores:
    try:
        answer = tagger(np.ascontiguousarray(batch))
    except Exception as error:
        if isinstance(error, (ModelError, MemoryError)):
            raise
        raise ModelError(
            f"the predict function raised {type(error).__name__} when given a float32 array of shape {batch.shape}: "
            f"{error}"
        ) from error
    scores = _as_array(answer)
    n_labels = None if tagger.labels is None else len(tagger.labels)
    expected = f"({len(batch)}, {'n_labels' if n_labels is None else n_labels})"
    if scores.ndim != 2 or len(scores) != len(batch) or (n_labels is not None and scores.shape[1] != n_labels):
        raise ModelError(
            f"the predict function answered an array of shape {scores.shape} when given a batch of shape "
            f"{batch.shape}; it must answer {expected}, one row per signal and one column per label"
        )
    if not np.issubdtype(scores.dtype, np.number) or np.iscomplexobj(scores):
        raise ModelError(f"the predict function answered {scores.dtype} values; it must answer real numbers")
    finite = np.isfinite(scores)
    if not finite.all():
        row, column = (int(axis[0]) for axis in np.nonzero(~finite))
        raise ModelError(
            f"the predict function answered {scores[row, column]} for label number {column} of signal {row} in a batch "
            f"of shape {batch.shape}; scores must be finite (if only silence does this, explain with baseline='floor': "
            "noise at −80 dBFS)"
        )
    return scores.astype(np.float64)


def _as_array(answer: Any) -> NDArray[Any]:
    if hasattr(answer, "detach"):  # a PyTorch tensor that may need its gradient dropped
        answer = answer.detach().cpu()
    return np.asarray(answer)


def label_names(tagger: Tagger, n_labels: int) -> tuple[str, ...]:
    """The tagger's labels, or numbers."""
    return tuple(tagger.labels) if tagger.labels is not None else tuple(map(str, range(n_labels)))


def label_indices(labels: Iterable[str | int], names: Sequence[str]) -> list[int]:
    """Positions of labels that are given by name (letter case forgiven where it is unambiguous) or by number.

    Raises
    ------
    UsageError
        If a label is unknown; the message suggests the nearest.

    Examples
    --------
    >>> label_indices(["Rock", 0], ["jazz", "rock"])
    [1, 0]
    """
    folded: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        folded.setdefault(name.lower(), []).append(index)
    found = []
    for label in labels:
        if isinstance(label, (int, np.integer)) and not isinstance(label, bool) and -len(names) <= label < len(names):
            found.append(int(label) % len(names))
        elif label in names:
            found.append(list(names).index(str(label)))
        elif len(folded.get(str(label).lower(), [])) == 1:
            found.append(folded[str(label).lower()][0])
        else:
            raise unknown("label", str(label), names)
    return list(dict.fromkeys(found))
