"""What a model may be able to do besides answering: asked for with ``isinstance``, never by its type.

- `Layered`: its layers can be read. `Layered.at` gives an *embedder*, a model whose outputs are a layer's activations;
  spec strings name it with ``?layer=``, as in ``musicnn:MSD_musicnn?layer=penultimate``.
- `Differentiable`: its outputs can be differentiated with respect to the network's input or a layer. So can musicnn,
  vibenet, Deej-AI, saved models of ONNX, PyTorch and Keras, networks of the latter two that are at hand, and what
  brings a ``vjp`` of its own; `require_differentiable` says of others why they cannot.
- `Randomisable`: its weights can be replaced by random ones, layer by layer, for
  `audiolime_ext.faithfulness.randomisation`.

How to read a layer::

    model = load_model("musicnn:MSD_musicnn")
    model.layers                                      # ('timbral', …, 'penultimate')
    embedder = model.at("cnn2")                       # or load_model("musicnn:MSD_musicnn?layer=cnn2")
    embedder(signals)                                 # (n_batch, 64): the mean over time
    model.activations(model.front_end(signals), "cnn2")   # (n_batch, 187, 64): not pooled

How to differentiate::

    features = model.front_end(signals)               # (n_batch, 187, 96); the signals themselves where it is None
    of_rock = lambda outputs: np.eye(50, dtype=np.float32)[[0] * len(outputs)]
    scores, _, gradient = model.vjp(features, of_rock)          # d score / d features, (n_batch, 187, 96)
    scores, at, gradient = model.vjp(features, of_rock, wrt="cnn2")   # both (n_batch, 187, 64)

The two lists of layers differ. `Layered.layers` names *activations*, what comes out of a part of the network, from the
input to the output. `Randomisable.trained_layers` names *weights*, from the output to the input; one of these may be
followed by several activations, and the weights of the output layer by none but the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.prediction.contract import Model

CotangentFn = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Derivative = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
NetworkVjp = Callable[[NDArray[np.float32], CotangentFn, "str | None"], Derivative]


@runtime_checkable
class Layered(Protocol):
    """A model whose layers can be read."""

    @property
    def layers(self) -> Sequence[str]:
        """Names of the layers that can be read, from the input to the output."""
        ...

    @property
    def front_end(self) -> Callable[[NDArray[Any]], Any] | None:
        """What turns signals (n_batch, n_samples) into the network's input, (n_batch, n_frames, n_bands).

        None: the network is given the signals themselves.
        """
        ...

    def at(self, layer: str) -> Model:
        """The same model answering from inside: one vector per signal, shape (n_batch, n_features), float32.

        The vector is the mean of the layer's activations over time and frequency, per feature; a layer without these
        axes is answered as it is. Such a model has no labels, and a spec and a fingerprint of its own. Everything else
        stays: rate, windows, lead, filling, channels, batch size, references.
        """
        ...

    def activations(self, features: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        """Activations of a layer before pooling, float32; the first axis is n_batch.

        `features` is the network's input: (n_batch, n_frames, n_bands), as `front_end` makes it, or (n_batch,
        n_samples) where that is None. The other axes are the layer's own, and the model's module names them.
        """
        ...


@runtime_checkable
class Differentiable(Protocol):
    """A model whose outputs can be differentiated."""

    def vjp(
        self,
        features: NDArray[np.float32],
        cotangent_fn: CotangentFn,
        *,
        wrt: str | None = None,
    ) -> Derivative:
        """Outputs, the values that they are differentiated by, and the derivative, shaped like these; all float32.

        `features` is the network's input: (n_batch, n_frames, n_bands), as its front end makes it, or the signals
        (n_batch, n_samples) where it has none. The whole batch is computed at once, so give `batch_size` at most, or
        the model's ``vjp_batch_size`` where it has one. A vector of zeros asks for the outputs alone.

        The outputs, (n_batch, n_outputs), are those that the model answers when it is called, after its activation.
        `cotangent_fn` is given them and answers, in their shape, the derivative of what is asked for by each of them: 1
        for the one score that is asked for and 0 for the others, or any function's. The derivative is that vector
        times the outputs' derivatives (a vector–Jacobian product): of what is asked for, by the values.

        `wrt` None: the values are the features; else the activations of that layer as `Layered.activations` gives
        them, not pooled, and all ways from the layer to the outputs count. Where the model has a kink (ReLU at 0, equal
        maxima) the derivative is one that its library takes there.

        Raises
        ------
        UsageError
            If there is no such layer, the outputs do not depend on it, or the vector has another shape.
        ModelError
            If the model cannot be differentiated at these features, or a derivative is not finite.
        MissingError
            If the package that differentiates, such as PyTorch, is not installed.
        """
        ...


@runtime_checkable
class Randomisable(Protocol):
    """A model whose layers can be replaced by random ones."""

    @property
    def trained_layers(self) -> Sequence[str]:
        """Names of the layers (or groups of layers) that hold its weights, the output first."""
        ...

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> Model:
        """The same model with these layers' weights drawn at random."""
        ...


def require_differentiable(model: Any) -> Differentiable:
    """The model, which can be differentiated.

    Parameters
    ----------
    model : Model
        Model, of any kind.

    Raises
    ------
    UsageError
        If it cannot; the message says why, as far as it is known, and what can.

    Examples
    --------
    >>> require_differentiable(np.mean)
    Traceback (most recent call last):
    ...
    audiolime_ext.errors.UsageError: the model mean cannot be differentiated; take one of PyTorch, Keras or ONNX,
    give your function a method vjp(features, cotangent_fn, *, wrt=None), or explain the model by its answers alone:
    explain(), explain_track()
    """
    if isinstance(model, Differentiable):
        return model
    named = getattr(model, "spec", None) or getattr(model, "__name__", type(model).__name__)
    why = getattr(model, "undifferentiable", None)
    raise UsageError(
        f"the model {named} cannot be differentiated{f': {why}' if why else ''}; take one of PyTorch, Keras or ONNX, "
        "give your function a method vjp(features, cotangent_fn, *, wrt=None), or explain the model by its answers "
        "alone: explain(), explain_track()"
    )


def require_cotangent(given: Any, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a `cotangent_fn` answered, float32; `UsageError` unless it has the shape of the outputs.

    Examples
    --------
    >>> require_cotangent([[1, 0]], np.zeros((1, 2), np.float32))
    array([[1., 0.]], dtype=float32)
    """
    made = np.asarray(given, np.float32)
    if made.shape != outputs.shape:
        raise UsageError(
            f"cotangent_fn answered an array of shape {made.shape} for outputs of shape {outputs.shape}; it must "
            "answer one value for each of these"
        )
    return made


def require_finite(gradient: NDArray[np.float32], who: str) -> NDArray[np.float32]:
    """A derivative as it is; `ModelError` if it holds what is no number, which would pass for a large or no influence.

    Examples
    --------
    >>> require_finite(np.array([[0, np.nan]], np.float32), "the network Log")
    Traceback (most recent call last):
    ...
    audiolime_ext.errors.ModelError: the derivative of the network Log is nan or infinite at 1 of 2 values, first of
    signal 0; a logarithm or a root has none at 0: add a small number inside it
    """
    finite = np.isfinite(gradient)
    if not finite.all():
        signal = int(np.nonzero(~finite)[0][0])
        raise ModelError(
            f"the derivative of {who} is nan or infinite at {int((~finite).sum())} of {finite.size} values, first of "
            f"signal {signal}; a logarithm or a root has none at 0: add a small number inside it"
        )
    return gradient
