"""What a model may be able to do besides answering: asked for with ``isinstance``, never by its type.

- `Layered`: its layers can be read. `Layered.at` gives an *embedder*, a model whose outputs are a layer's activations;
  spec strings name it with ``?layer=``, as in ``musicnn:MSD_musicnn?layer=penultimate``.
- `Differentiable`: its outputs can be differentiated with respect to the network's input or a layer. None of the
  models that ship with the library is yet; a model of your own may be.
- `Randomisable`: its weights can be replaced by random ones, layer by layer, for
  `audiolime_ext.faithfulness.randomisation`.

How to read a layer::

    model = load_model("musicnn:MSD_musicnn")
    model.layers                                      # ('timbral', …, 'penultimate')
    embedder = model.at("cnn2")                       # or load_model("musicnn:MSD_musicnn?layer=cnn2")
    embedder(signals)                                 # (n_batch, 64): the mean over time
    model.activations(model.front_end(signals), "cnn2")   # (n_batch, 187, 64): not pooled

The two lists of layers differ. `Layered.layers` names *activations*, what comes out of a part of the network, from the
input to the output. `Randomisable.trained_layers` names *weights*, from the output to the input; one of these may be
followed by several activations, and the weights of the output layer by none but the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.contract import Model


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
        cotangent_fn: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        *,
        wrt: str | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Outputs, the values that they are differentiated by, and a vector–Jacobian product shaped like these.

        `features` is the network's input, (n_batch, n_frames, n_bands); `cotangent_fn` makes the vector, (n_batch,
        n_outputs), of the outputs. `wrt` None: the derivative by the features; else by the activations of that layer,
        not pooled.
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
