"""What a function, a network or an estimator becomes: a model of it, and one that can be differentiated.

`audiolime_ext.prediction.function.tagger` builds both, and so do the adapters of other libraries' objects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.guest import as_guest
from audiolime_ext.prediction.asking import BATCH_SIZE
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative, NetworkVjp, require_cotangent
from audiolime_ext.prediction.contract import PredictFn
from audiolime_ext.prediction.labels import described
from audiolime_ext.prediction.outputs import Answerer, chosen
from audiolime_ext.prediction.steps import ACTIVATIONS, activated, features, name_of, pullback_of


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
    undifferentiable : str or None
        Words on why it has no derivative; None: it has one, or nothing is known of it.
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
    undifferentiable: str | None = None

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
        return self.finished(outputs)

    def finished(self, answer: NDArray[Any]) -> NDArray[Any]:
        """Scores, of what the function or network answers: after the activation, two where there are two labels."""
        outputs = answer if self.activation is None else activated(self.activation, answer)
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


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DifferentiableModel(FunctionModel):
    """A model made of a function that can be differentiated; a `Differentiable` one.

    A library differentiates a network up to what it answers; the steps behind are differentiated here. A model whose
    activation is some function of arrays is none of these: nothing is known of that function's derivative.

    Parameters
    ----------
    derivative : callable
        Function from features, a `cotangent_fn` of what the network answers and the name of a layer (None: the
        features) to that answer, the values and the derivative by these.
    """

    derivative: NetworkVjp = field(repr=False)

    def vjp(self, features: NDArray[np.float32], cotangent_fn: CotangentFn, *, wrt: str | None = None) -> Derivative:
        """Outputs, values and the derivative by these; see `audiolime_ext.prediction.capabilities.Differentiable.vjp`.

        Parameters
        ----------
        features : ndarray of float32, shape (n_batch, …)
            Input of the network, as `front_end` makes it; signals (n_batch, n_samples) where that is None.
        cotangent_fn : callable
            Function from the outputs to the derivative of what is asked for by each of them, of the same shape.
        wrt : str or None
            Name of a layer; None: the features.

        Raises
        ------
        UsageError
            If there is no such layer, the outputs do not depend on it, or the vector has another shape.
        ModelError
            If the model cannot be differentiated at these features, or a derivative is not finite.
        """
        outputs: list[NDArray[np.float32]] = []

        def of_answer(answer: NDArray[np.float32]) -> NDArray[np.float32]:
            outputs.append(np.asarray(self.finished(answer), np.float32))
            cotangent = require_cotangent(cotangent_fn(outputs[0]), outputs[0])
            if cotangent.shape[1] > answer.shape[1]:  # two labels over one output
                cotangent = cotangent[:, 1:] - cotangent[:, :1]
            pullback = pullback_of(self.activation)
            return cotangent if pullback is None else np.asarray(pullback(answer, cotangent), np.float32)

        with as_guest():
            _, values, gradient = self.derivative(features, of_answer, wrt)
        return outputs[0], values, gradient


def differentiable(model: FunctionModel, derivative: NetworkVjp | None, why: str | None = None) -> FunctionModel:
    """The same model with a ``vjp``, where that is possible; else it says why not, in ``undifferentiable``.

    Parameters
    ----------
    model : FunctionModel
        Model.
    derivative : callable or None
        Derivative of what it asks, as for `DifferentiableModel`; None: there is none.
    why : str or None
        Words on why there is none.

    Examples
    --------
    >>> from audiolime_ext.prediction.function import tagger
    >>> halves = lambda features, cotangent_fn, wrt: (features / 2, features, cotangent_fn(features / 2) / 2)
    >>> model = differentiable(tagger(lambda batch: batch / 2, activation="sigmoid"), halves)
    >>> [float(part[0, 0]) for part in model.vjp(np.zeros((1, 2), np.float32), np.ones_like)]
    [0.5, 0.0, 0.125]
    """
    if derivative is not None and model.activation is not None and pullback_of(model.activation) is None:
        derivative, why = None, f"the derivative of its activation, {name_of(model.activation)}, is not known"
    if derivative is None:
        return replace(model, undifferentiable=why)
    kept = {part.name: getattr(model, part.name) for part in fields(FunctionModel)}
    return DifferentiableModel(**kept, derivative=derivative)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
