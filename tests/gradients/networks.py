"""Small networks whose gradients are known in closed form, as models with a front end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.targets import Target, make_target

Array = NDArray[np.float64]
Answer = Callable[[Array], tuple[Array, Array]]

SR, N_FRAMES, N_BANDS = 8000, 61, 32  # one second


class Network:
    """A model made of a function from features to outputs (n, k) and their Jacobian (n, k, n_frames, n_bands)."""

    spec = fingerprint = None
    sr, window_s, hop_s, lead_s, min_s, n_channels, references = SR, 1.0, 1.0, 0.0, None, 1, ()
    batch_size: int | None = 7
    front_end: Any = LogMel(SR, 256, 128, N_BANDS)

    def __init__(self, answer: Answer, labels: list[str] | None = None) -> None:
        self.answer, self.labels = answer, labels
        self.batches: list[int] = []

    def __call__(self, batch: NDArray[np.float32]) -> Array:
        return self.answer(self.front_end(batch).astype(np.float64))[0]

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        self.batches.append(len(features))
        outputs, jacobian = self.answer(features.astype(np.float64))
        gradient = np.einsum("nk,nk...->n...", cotangent_fn(outputs.astype(np.float32)), jacobian)
        return outputs.astype(np.float32), features, gradient.astype(np.float32)


class Celled(Network):
    """Hears the lowest eight bands, in cells of four frames and four bands, which are its one layer."""

    layers, channels = ("cells",), -1

    def __init__(self) -> None:
        self.labels, self.batches = ["low"], []

    def at(self, layer: str) -> Any:
        raise NotImplementedError

    def activations(self, features: Any, layer: str) -> Any:
        cells = features[:, :60].reshape(len(features), 15, 4, N_BANDS // 4, 4).mean((2, 4))
        return (cells - cells.min(axis=(1, 2), keepdims=True))[..., None]

    def __call__(self, batch: NDArray[np.float32]) -> Array:
        return np.asarray(self._outputs(self.activations(self.front_end(batch), "cells")), np.float64)

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        self.batches.append(len(features))
        cells = self.activations(features, "cells")
        outputs, slope = self._outputs(cells), np.zeros_like(cells)
        slope[:, :, :2] = cotangent_fn(outputs)[:, :, None, None] / 30
        return outputs, cells, slope

    def _outputs(self, cells: Any) -> Any:
        return cells[:, :, :2].mean((1, 2))


def sigmoid(values: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -values)))


def linear(weights: Array) -> Answer:
    """Outputs that are weighted sums; `weights` (k, n_frames, n_bands)."""
    return lambda x: (np.einsum("ktb,ntb->nk", weights, x), np.broadcast_to(weights, (len(x), *weights.shape)))


def logistic(weights: Array, bias: float = 0.0) -> Answer:
    """Sigmoids of weighted sums: saturated where these are large."""

    def answer(x: Array) -> tuple[Array, Array]:
        scores = sigmoid(np.einsum("ktb,ntb->nk", weights, x) + bias)
        return scores, (scores * (1 - scores))[:, :, None, None] * weights

    return answer


def quadratic(weights: Array) -> Answer:
    """Half the weighted sums of squares."""
    return lambda x: (np.einsum("ktb,ntb->nk", weights, x**2) / 2, weights * x[:, None])


def relu(first: Array, second: Array) -> Answer:
    """Two layers with a kink between: `first` (h, n_frames, n_bands), `second` (k, h)."""

    def answer(x: Array) -> tuple[Array, Array]:
        hidden = np.einsum("htb,ntb->nh", first, x)
        slopes = np.einsum("kh,nh,htb->nktb", second, hidden > 0, first)
        return np.maximum(hidden, 0) @ second.T, slopes

    return answer


def one_place(frames: slice, bands: slice, shape: tuple[int, int] = (N_FRAMES, N_BANDS)) -> Array:
    """Weights of a mean over one place, (1, n_frames, n_bands)."""
    weights = np.zeros((1, *shape))
    weights[0, frames, bands] = 1
    return np.asarray(weights / weights.sum())


def score(n: int = 1, column: int = 0) -> Target:
    return make_target("score", [f"label {i}" for i in range(n)]).only(column)


def log_odds() -> Target:
    return make_target("log-odds", ["label"]).only(0)
