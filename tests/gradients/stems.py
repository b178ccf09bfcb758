"""Two stems in bands that do not touch, and networks that hear one or both, or in a way that misleads gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from factorizations.oracle import OracleFactorization
from tests.gradients.networks import SR, Array, Network, linear, one_place, sigmoid

LOW, HIGH = slice(0, 8), slice(20, 32)  # bands; those between are nobody's
LOW_HZ, HIGH_HZ = (100, 600), (2000, 3800)
ALL = slice(None)


def in_band(n: int, low: float, high: float, seed: int) -> Array:
    """Noise of standard deviation 1 in a band of Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=n))
    hz = np.fft.rfftfreq(n, 1 / SR)
    found = np.fft.irfft(spectrum * ((hz >= low) & (hz < high)), n)
    return np.asarray(found / found.std())


def stems(low: Sequence[float], high: Sequence[float]) -> OracleFactorization:
    """A low and a high stem, with their level in each second."""
    levels = {"bass": (low, LOW_HZ), "cymbals": (high, HIGH_HZ)}
    sounds = {
        name: (in_band(len(own) * SR, *band, seed) * np.repeat(own, SR)).astype(np.float32)
        for seed, (name, (own, band)) in enumerate(levels.items())
    }
    return OracleFactorization({name: (one, SR) for name, one in sounds.items()})


class Forgetful(Network):
    """A network of one layer of weights, which can be drawn at random; or that only claims to forget."""

    trained_layers = ("head",)

    def __init__(self, weights: Array, *, forgets: bool = True) -> None:
        super().__init__(linear(weights), labels=["loud"])
        self.weights, self.forgets = weights, forgets

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> Any:
        drawn = np.random.default_rng(seed).normal(0, 3, self.weights.shape) / self.weights[0].size
        return Forgetful(drawn if self.forgets else -2 * self.weights, forgets=self.forgets)


def hears_bass() -> Forgetful:
    return Forgetful(0.2 * one_place(ALL, LOW))


def hears_both() -> Forgetful:
    return Forgetful(0.15 * one_place(ALL, LOW) + 0.1 * one_place(ALL, HIGH))


def saturated() -> Network:
    """.9 as soon as there is bass, which it hears by a saturated sigmoid; and .01 for the level of the cymbals."""
    of_bass, of_cymbals = one_place(ALL, LOW), 0.01 * one_place(ALL, HIGH)

    def answer(x: Array) -> tuple[Array, Array]:
        on = sigmoid(np.einsum("ktb,ntb->nk", 20 * of_bass, x) - 8)
        scores = 0.9 * on + np.einsum("ktb,ntb->nk", of_cymbals, x)
        return scores, (18 * on * (1 - on))[:, :, None, None] * of_bass + of_cymbals

    return Network(answer, labels=["loud"])


def overfull() -> Network:
    """m · exp(1 − m) of the bass's level m: more than silence has, and less the more of it there is."""
    place = one_place(ALL, LOW)

    def answer(x: Array) -> tuple[Array, Array]:
        m = np.einsum("ktb,ntb->nk", place, x)
        return m * np.exp(1 - m), ((1 - m) * np.exp(1 - m))[:, :, None, None] * place

    return Network(answer, labels=["loud"])


def either() -> Network:
    """.8 as soon as one of the two sounds."""
    places = np.concatenate([one_place(ALL, LOW), one_place(ALL, HIGH)])

    def answer(x: Array) -> tuple[Array, Array]:
        level = np.einsum("ktb,ntb->nk", places, x).sum(axis=1, keepdims=True)
        scores = 0.8 * np.tanh(4 * level)
        slopes = 3.2 * (1 - np.tanh(4 * level) ** 2)
        return scores, slopes[:, :, None, None] * places.sum(axis=0)[None, None]

    return Network(answer, labels=["loud"])
