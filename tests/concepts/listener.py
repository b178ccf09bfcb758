"""A small network in NumPy whose layer can be read and differentiated by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiolime_ext import tagger
from audiolime_ext.prediction.front_end import LogMel

SR = 8000
N_BANDS = 32
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Listener:
    """Hears bands: log-mel → a linear layer and ReLU, frame by frame ("hidden") → mean over time → tanh → scores.

    Parameters
    ----------
    inward : ndarray, shape (n_bands, n_hidden)
        Weights of the layer.
    mixing : ndarray, shape (n_hidden, n_mixed)
        Weights after the mean over time.
    outward : ndarray, shape (n_mixed, n_labels)
        Weights of the logits.
    least : ndarray, shape (n_hidden,)
        What each unit of the layer needs at least.
    """

    inward: Array = field(repr=False)
    mixing: Array = field(repr=False)
    outward: Array = field(repr=False)
    least: Any = 0.0
    labels: tuple[str, ...] | None = ("a", "b")
    window_s: float = 1.0
    layers: tuple[str, ...] = ("hidden",)
    sr: int = SR
    lead_s: float = 0.0
    min_s: float | None = None
    n_channels: int = 1
    batch_size: int = 8
    references: tuple[str, ...] = ()
    spec: str | None = None
    fingerprint: str | None = None
    front_end: Any = field(default_factory=lambda: LogMel(SR, 256, 128, N_BANDS))

    @property
    def hop_s(self) -> float:
        return self.window_s

    def activations(self, features: Array, layer: str) -> Array:
        assert layer == "hidden"
        return np.asarray(np.maximum(features @ self.inward - self.least, 0), np.float32)

    def at(self, layer: str) -> Any:
        def inside(batch: Array) -> Array:
            return np.asarray(self.activations(self.front_end(batch), layer).mean(axis=1))

        return tagger(inside, sr=self.sr, window_s=self.window_s, batch_size=self.batch_size)

    def _outputs(self, hidden: Array) -> tuple[Array, Array]:
        mixed = np.tanh(hidden.mean(axis=1) @ self.mixing)
        return np.asarray(1 / (1 + np.exp(-mixed @ self.outward)), np.float32), mixed

    def __call__(self, batch: Array) -> Array:
        return self._outputs(self.activations(self.front_end(batch), "hidden"))[0]

    def vjp(
        self, features: Array, cotangent_fn: Callable[[Array], Array], *, wrt: str | None = None
    ) -> tuple[Array, Array, Array]:
        hidden = self.activations(features, "hidden")
        scores, mixed = self._outputs(hidden)
        slope = (cotangent_fn(scores) * scores * (1 - scores)) @ self.outward.T * (1 - mixed**2) @ self.mixing.T
        inside = np.repeat(slope[:, None] / hidden.shape[1], hidden.shape[1], axis=1)
        if wrt == "hidden":
            return scores, hidden, np.asarray(inside, np.float32)
        return scores, features, np.asarray((inside * (hidden > 0)) @ self.inward.T, np.float32)


def listener(seed: int = 0, *, n_hidden: int = 12, n_mixed: int = 6, **options: Any) -> Listener:
    """One with random weights."""
    rng = np.random.default_rng(seed)
    shapes = (N_BANDS, n_hidden), (n_hidden, n_mixed), (n_mixed, 2)
    return Listener(*(rng.normal(size=shape) / shape[0] ** 0.5 / 2 for shape in shapes), **options)
