"""Models made of functions: how any callable becomes a model.

The callable takes a batch of mono signals, float32 (n_batch, n_samples), and returns scores (n_batch, n_labels). A
`Model` also says at which rate it listens, what its outputs are called and how long its window is: `tagger()` makes one
of any callable. A plain callable is taken to hear the whole excerpt at the recording's own rate, which results say.

A network or an estimator of another library is no such callable; `audiolime_ext.prediction.objects` makes one of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.guest import as_guest
from audiolime_ext.prediction.asking import BATCH_SIZE
from audiolime_ext.prediction.contract import FILLS, Fill, Model, PredictFn
from audiolime_ext.prediction.hearing import require_batch_size, require_lengths, require_rate, require_samples
from audiolime_ext.prediction.labels import described, different_names
from audiolime_ext.prediction.objects import adapter_of
from audiolime_ext.prediction.outputs import Answerer, chosen
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.steps import ACTIVATIONS, activated, activation_of, features, front_end_of
from audiolime_ext.text import shortened


@dataclass(frozen=True, eq=False, repr=False)
class FunctionModel:
    """A model made of a function; built by `tagger`, whose parameters these are, and by adapters of objects.

    Parameters
    ----------
    answerer : Answerer
        Words for what answers, in messages.
    state : callable without arguments, giving a str, or None
        Function that hashes what the answers follow from, such as weights; None: that cannot be read.
    notes : tuple of str
        Sentences on what was taken for granted, for the reader of a result.
    """

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
    answerer: Answerer = field(default=Answerer(), repr=False)
    state: Callable[[], str] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        """Scores, shape (n_batch, n_labels)."""
        told: dict[str, Any] = {"labels": self.labels, "who": self.answerer.who, "how": self.answerer.how}
        if self.one_at_a_time:
            answers = [chosen(self._ask(signal), self.output, n_axes=1, **told) for signal in batch]
            outputs = np.stack([answer.reshape(-1) for answer in answers])
        else:
            outputs = chosen(self._ask(batch), self.output, **told)
            if outputs.ndim == 1 and len(batch) == 1 and not np.issubdtype(outputs.dtype, np.integer):
                outputs = outputs[None]  # of a model that leaves out axes of length 1
        if self.activation is not None:
            outputs = activated(self.activation, outputs)
        if self.labels is not None and len(self.labels) == 2 and outputs.shape[1:] == (1,):
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
        return outputs

    def __repr__(self) -> str:
        """What it is and hears, see `described`."""
        return described(self)

    def _ask(self, signal: NDArray[Any]) -> Any:
        if self.front_end is None:
            return self.predict_fn(signal)
        of_library = self.state is not None  # a network or an estimator; a function may take what it likes
        return self.predict_fn(features(self.front_end, signal, only_arrays=of_library))

    @property
    def fingerprint(self) -> str | None:
        """The declared version, else a hash of its state, and of the rounded outputs on a fixed probe (one prediction).

        The state shows that a network has been trained since; the probe shows what no weight does, as other code or
        another front end. None for a model without a state that cannot hear the probe, which is noise as long as its
        window, or one second.
        """
        if self.version is not None:
            return self.version
        state = None if self.state is None else self.state()
        if state not in self._probed:
            answers = self._on_probe()
            self._probed[state] = answers if state is None else _hash(repr((state, self._options, answers)).encode())
        return self._probed[state]

    @property
    def proven(self) -> str | None:
        """The fingerprint where it is proof that answers are the same; None where two models might be confused.

        That is so for a function without a declared version, also for one among `front_end` and `activation`: equal
        answers to a probe do not prove that it is the same function. A declared version is taken at its word.
        """
        known = self.activation in (None, *ACTIVATIONS.values())
        known = known and (self.front_end is None or hasattr(self.front_end, "state"))
        return self.version or (self.fingerprint if self.state is not None and known else None)

    @cached_property
    def _probed(self) -> dict[str | None, str | None]:
        return {}

    @property
    def _options(self) -> tuple[Any, ...]:
        asked = self.sr, self.n_channels, self.window_s, self.hop_s, self.lead_s, self.min_s, self.fill
        named = next((name for name, one in ACTIVATIONS.items() if one is self.activation), None)
        return *asked, self.one_at_a_time, self.output, named

    def _on_probe(self) -> str | None:
        sr = self.sr or 16000
        length = round((self.window_s or max(self.min_s or 0.0, 1.0)) * sr) + round(self.lead_s * sr)
        probe = np.random.default_rng(0).normal(0, 0.1, (1, self.n_channels, length)).astype(np.float32)
        try:
            with as_guest():
                outputs = np.round(np.asarray(self(probe[:, 0] if self.n_channels == 1 else probe), np.float64), 4)
        except (Exception, SystemExit):  # noqa: BLE001 - a model may refuse a length it never declared; it did hear the excerpt
            return None
        return _hash((outputs + 0.0).tobytes())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
    return made if adapter is None else adapter(made)


def require_callable(predict_fn: Any) -> None:
    """Raise `UsageError` unless something can be asked: a callable, or an object that an adapter makes a model of."""
    made, told = isinstance(predict_fn, type), shortened(repr(predict_fn))
    if not made and (callable(predict_fn) or adapter_of(predict_fn) is not None):
        return
    method = next((name for name in ("predict_proba", "predict") if not made and hasattr(predict_fn, name)), None)
    if made:
        arg = f"{predict_fn.__name__}()"
        hint = f"; this is a class: give an object of it, such as {arg}"
    elif method is not None:
        hint, arg = f"; it has a method {method}: give that (package.module:name.{method})", f"net.{method}"
    elif isinstance(predict_fn, Mapping):
        told, weights = (
            f"a mapping ({type(predict_fn).__name__})",
            any(hasattr(one, "shape") for one in predict_fn.values()),
        )
        hint, arg = "; load it into the network first, net.load_state_dict(…)" if weights else "", "net"
    else:
        hint, arg = "", Answerer.arg
    raise UsageError(
        f"a predict function is needed, from (n_batch, n_samples) to (n_batch, n_labels); got {told}{hint}:"
        f"{Answerer(arg=arg).made()}"
    )


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
