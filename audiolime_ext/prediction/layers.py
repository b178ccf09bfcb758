"""Layers of a network: which one is meant, and how its activations become one vector per signal.

The first axis of what a layer answers counts the signals. One of the others holds the features (channels), and the mean
is taken over the rest, time and frequency. A network that another library saved does not say which axis holds the
features; the option ``channels=first`` or ``channels=last`` does. Without it the features are taken to be

- with Keras in the last axis, which is its default;
- with ONNX and PyTorch in the first axis after that of the signals where there are four axes or more, as for
  two-dimensional convolutions. Of three axes it may be either (one-dimensional convolutions have the features first,
  transformers last), so ``channels=`` must be given: a mean over the wrong axis would look like an embedding, too.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative
from audiolime_ext.prediction.function_model import DifferentiableModel, FunctionModel
from audiolime_ext.text import counted

CHANNELS: Mapping[str, int] = {"first": 1, "last": -1}
_FEW = 12  # names that a message lists


@dataclass(frozen=True, eq=False)
class Inside:
    """How the layers of a loaded network are read.

    Parameters
    ----------
    layers : sequence of str
        Names of the layers, from the input to the output.
    read : callable
        Function from the network's input (n_batch, …) and a name from `layers` to an ndarray, shape (n_batch, …).
    channels : int or None
        Axis of the features where nothing is declared; None: 1 where there are four axes or more, else unknown.
    aliases : mapping of str to str
        Other names of some layers.
    """

    layers: Sequence[str]
    read: Callable[[NDArray[np.float32], str], NDArray[Any]] = field(repr=False)
    channels: int | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)

    def named(self, layer: str) -> str:
        """The name in `layers` of what is meant; `UsageError` if there is none."""
        found = self.aliases.get(layer, layer) if isinstance(layer, str) else layer
        require_layer(found, self.layers)
        return found

    def vectors(self, given: NDArray[np.float32], layer: str, channels: str | None) -> NDArray[np.float32]:
        """One vector per signal, pooled; `channels` is ``"first"``, ``"last"`` or not declared.

        Raises
        ------
        UsageError
            If the layer answers no real numbers, or it is unknown which of its axes holds the features.
        """
        answer = self.read(given, layer)
        asked = counted(len(given), "signal")
        told = f"layer {layer!r} answers {answer.dtype} values of shape {answer.shape} to {asked}"
        if not np.issubdtype(answer.dtype, np.floating) or answer.ndim < 2:
            raise UsageError(f"{told}; name one that answers real numbers, one row per signal")
        axis = self.axis(answer.ndim, channels)
        if axis is None:
            raise UsageError(
                f"{told}; say which of the last two axes holds the features, so that the mean is taken over the other: "
                f"name the layer in the spec with an option more, layer={layer}&channels=first or channels=last"
            )
        return pooled(answer, channels=axis)

    def axis(self, n_axes: int, channels: str | None) -> int | None:
        """The axis of a layer's features; None: it may be either of two.

        Parameters
        ----------
        n_axes : int
            Number of axes of what the layer answers.
        channels : {"first", "last"} or None
            Axis that is declared; None: none is.

        Examples
        --------
        >>> inside = Inside(["relu"], lambda given, layer: given)
        >>> inside.axis(4, None), inside.axis(3, "last"), inside.axis(3, None)
        (1, -1, None)
        """
        if n_axes == 2:
            return 1
        axis = self.channels if channels is None else CHANNELS[channels]
        return 1 if axis is None and n_axes > 3 else axis


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LayeredModel(FunctionModel):
    """A model made of a function whose network's layers can be read; a `Layered` one.

    Parameters
    ----------
    inside : Inside
        Layers of the network.
    embedder : callable
        Function from a name of a layer to the model that answers it.
    """

    inside: Inside = field(repr=False)
    embedder: Callable[[str], LayeredModel] = field(repr=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that can be read, from the input to the output."""
        return tuple(self.inside.layers)

    def at(self, layer: str) -> LayeredModel:
        """The same model answering from inside; see `audiolime_ext.prediction.capabilities.Layered.at`.

        Raises
        ------
        UsageError
            If there is no such layer, or it has no vector for each signal.
        """
        self.inside.named(layer)
        return replace(self.embedder(layer), batch_size=self.batch_size)

    def activations(self, features: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        """Activations of a layer before pooling, float32, with the axes that the network gives them.

        Parameters
        ----------
        features : ndarray of float32, shape (n_batch, n_frames, n_bands) or (n_batch, n_samples)
            Input of the network, as `front_end` makes it; signals where that is None.
        layer : str
            Name from `layers`.

        Raises
        ------
        UsageError
            If there is no such layer.
        """
        return np.asarray(self.inside.read(np.asarray(features, np.float32), self.inside.named(layer)), np.float32)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DifferentiableLayeredModel(DifferentiableModel, LayeredModel):
    """The same whose network can be differentiated, by its layers, too; names of layers are those of `layers`."""

    def vjp(self, features: NDArray[np.float32], cotangent_fn: CotangentFn, *, wrt: str | None = None) -> Derivative:
        """Outputs, values and the derivative by these; see `DifferentiableModel.vjp`."""
        named = None if wrt is None else self.inside.named(wrt)
        return super().vjp(features, cotangent_fn, wrt=named)


def layered(model: FunctionModel, inside: Inside, embedder: Callable[[str], LayeredModel]) -> LayeredModel:
    """The same model with layers that can be read; one that can be differentiated stays that.

    Parameters
    ----------
    model : FunctionModel
        Model that answers the scores, or a layer.
    inside : Inside
        Layers of the network.
    embedder : callable
        Function from a name of a layer to the model that answers it.
    """
    kind = DifferentiableLayeredModel if isinstance(model, DifferentiableModel) else LayeredModel
    kept: dict[str, Any] = {part.name: getattr(model, part.name) for part in fields(model)}
    return kind(**{**kept, "inside": inside, "embedder": embedder})


def pooled(activations: NDArray[Any], *, channels: int = -1) -> NDArray[np.float32]:
    """Mean over time and frequency: one vector per signal, shape (n_batch, n_features), float32.

    Parameters
    ----------
    activations : ndarray, shape (n_batch, …)
        Answers of a layer, with one axis for its features and any number of others.
    channels : int
        Position of the axis of the features; all others but the first are averaged.

    Examples
    --------
    >>> pooled(np.array([[[1.0, 10.0], [3.0, 30.0]]]))
    array([[ 2., 20.]], dtype=float32)
    >>> pooled(np.array([[[1.0, 10.0], [3.0, 30.0]]]), channels=1)
    array([[ 5.5, 16.5]], dtype=float32)
    """
    last = np.moveaxis(activations, channels, -1)
    return np.asarray(last.mean(axis=tuple(range(1, last.ndim - 1)), dtype=np.float64), np.float32)


def require_layer(layer: str, layers: Sequence[str], *, what: str = "layer") -> None:
    """Raise `UsageError` unless `layer` is one of `layers`, with all of them or the nearest.

    Examples
    --------
    >>> require_layer("pool2", ["pool1", "pool2"])
    >>> require_layer("pool3", ["pool1", "pool2"])
    Traceback (most recent call last):
    ...
    audiolime_ext.errors.UsageError: unknown layer 'pool3'; did you mean 'pool2' or 'pool1'? (allowed: pool1, pool2)
    """
    if layer in layers:
        return
    if len(layers) <= _FEW:
        raise unknown(what, layer, layers)
    inside = [name for name in layers if str(layer).lower() in name.lower()]
    near = list(dict.fromkeys([*inside, *difflib.get_close_matches(str(layer), layers, n=_FEW, cutoff=0.4)]))[:_FEW]
    told = f"; near: {', '.join(near)}" if near else f"; the last of them: {', '.join(layers[-_FEW:])}"
    raise UsageError(f"unknown {what} {layer!r} among {len(layers)}{told} (load_model(…).layers lists all)")
