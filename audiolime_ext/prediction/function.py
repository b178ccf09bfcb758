"""Asking a model: what a tagger is, how a function becomes one, and the checks on what it answers.

A tagger is any callable from a batch of mono signals, float32 (n_batch, n_samples), to scores (n_batch, n_labels).
A `Tagger` also says at which rate it listens, what its outputs are called and how long its window is; `tagger()` makes
one of any model, and a plain callable is taken to hear the whole excerpt at the recording's own rate.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.errors import ModelError, OutOfMemory, UsageError, unknown
from audiolime_ext.guest import as_guest, deed, is_out_of_memory, out_of_memory
from audiolime_ext.prediction.outputs import chosen, joined, require_scores

PredictFn = Callable[[NDArray[Any]], Any]
Scores = NDArray[np.float64]
Fill = Literal["silence", "repeat", "none"]
BATCH_SIZE = 32  # where a model does not say
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
            with as_guest():
                outputs = np.round(np.asarray(self(probe[:, 0] if self.n_channels == 1 else probe), np.float64), 4)
        except (Exception, SystemExit):  # noqa: BLE001 - a model may refuse a length it never declared; it did hear the excerpt
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
    batch_size: int | None = BATCH_SIZE,
    window_s: float | None = None,
    hop_s: float | None = None,
    lead_s: float = 0.0,
    min_s: float | None = None,
    one_at_a_time: bool = False,
    output: str | int | None = None,
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
        Names of its outputs, in order; None: "0", "1", …. Two labels over a single output p name 1 − p and p. Of a
        function whose answers name their labels (dicts, pipelines of transformers) they are looked up by these names.
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
    output
        Which of its outputs are the scores, where it answers a dict or a tuple: a key, or a position from 0.
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
    if fill not in FILLS:
        raise unknown("fill", fill, FILLS)
    for name, value in {"sr": sr, "window_s": window_s, "hop_s": hop_s, "batch_size": batch_size}.items():
        if value is not None and not value > 0:
            raise UsageError(f"{name} must be positive, not {value!r}")
    return FunctionTagger(
        predict_fn,
        sr=sr,
        labels=None if labels is None else _names(labels),
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


def _names(labels: Sequence[Any]) -> tuple[str, ...]:
    """Labels as text; `UsageError` unless each is another, and can be written in a table."""
    names = (labels,) if isinstance(labels, str) else tuple(map(str, labels))
    must = "labels must be a list of different names, one for each output"
    if isinstance(labels, str) or not names:
        raise UsageError(f"{must}, not {labels!r}")
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        at = [str(i) for i, name in enumerate(names) if name == twice[0]]
        raise UsageError(f"{must}; outputs {' and '.join(at[:3])} are both called {twice[0]!r}")
    if odd := [name for name in names if not name.strip() or not name.isprintable()]:
        raise UsageError(f"{must}, of printable characters on one line; output {names.index(odd[0])} is {odd[0]!r}")
    return names


def as_tagger(predict_fn: Any, *, sr: int | None = None) -> Tagger:
    """A `Tagger` as it is; a plain callable with defaults and whichever attributes of a tagger it carries.

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
        _ = predict_fn.labels is None or _names(predict_fn.labels)
        return predict_fn  # type: ignore[no-any-return]
    known = ("labels", "n_channels", "batch_size", "window_s", "hop_s", "lead_s", "min_s", "output", "version", "fill")
    carried = {name: getattr(predict_fn, name) for name in known if hasattr(predict_fn, name)}
    return tagger(predict_fn, **{"sr": getattr(predict_fn, "sr", sr), **carried})


def n_at_once(tagger: Tagger, n_windows: int = 1) -> int:
    """How many mixes of so many windows are made and asked about at a time: as many as fill a batch, at least one."""
    return max(1, (tagger.batch_size or BATCH_SIZE) // n_windows)


def predict(tagger: Tagger, windows: Samples) -> Scores:
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
    if tagger.n_channels == 1:
        batch = batch[:, 0]
    size = tagger.batch_size or len(batch)
    answers = [_ask(tagger, batch[at : at + size]) for at in range(0, len(batch), size)]
    return np.asarray(joined(answers).reshape(n, n_windows, -1).mean(axis=1))


def _ask(tagger: Tagger, batch: Samples) -> Scores:
    try:
        with as_guest():
            answer = tagger(np.array(batch, np.float32))  # a copy, which it may overwrite
    except (Exception, SystemExit) as error:
        if isinstance(error, (ModelError, OutOfMemory)):
            raise
        if is_out_of_memory(error):
            doing = f"the model heard {_counted(len(batch))} of {batch.shape[-1]} samples at once"
            raise out_of_memory(doing, error, _lighter(tagger, len(batch))) from error
        raise ModelError(
            f"the predict function {deed(error)} when given a float32 array of shape {batch.shape}{_advice(error)}"
        ) from error
    return require_scores(chosen(answer, labels=tagger.labels), batch.shape, tagger.labels)


def _lighter(tagger: Tagger, n: int) -> str:
    """How to ask a model that was given so many signals at once, so that it needs less memory."""
    fewer = f"give it fewer at a time: --batch-size {n // 2}, tagger(…, batch_size={n // 2})"
    if tagger.window_s is None:
        shorter = "choose a shorter excerpt, which is its window: --duration, duration_s"
        return f"{fewer}; or {shorter}" if n > 1 else shorter
    return (
        fewer
        if n > 1
        else "it needs more than is free for a single window; end other programs, or take another machine"
    )


def _counted(n: int) -> str:
    return f"{n} signal{'s' * (n != 1)}"


def _advice(error: BaseException) -> str:
    """What it says, and what to do about it where another input may avoid it."""
    if isinstance(error, SystemExit):
        return "; it must answer, or raise an error, and not end the program"
    if isinstance(error, TypeError) and "Tensor" in str(error):
        return f": {error}; if it takes PyTorch tensors: tagger(lambda batch: net(torch.from_numpy(batch)), …)"
    if isinstance(error, (ValueError, AssertionError, TypeError, IndexError, RuntimeError)):
        return (
            f": {error}; if it wants another rate, length, number of channels or front end, or one signal at a time: "
            "tagger(predict_fn, sr=…, window_s=…, n_channels=…, front_end=…, one_at_a_time=True)"
        )
    return f": {error}"


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
