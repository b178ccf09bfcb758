"""Which nodes integrate gradients best: fixed ones, or those put where the network bends? Run by hand.

::

    python -m tests.studies.nodes

The relative error of the maps (2-norm, against 8,192 midpoints) and the gap of their sums as a share of what is allowed
(1 % of the difference, or .001), as medians over 40 random networks of two hidden layers, with kinks (ReLU) and smooth
(tanh), for midpoints, for Gauss and Legendre's nodes, and for ours as `integrated_gradients` puts them::

    network  nodes  midpoints   gap    Gauss   gap  ours, at most   gap
    ReLU        16    3.7e-02  4.12  4.0e-02  2.96        3.3e-02  1.44
    ReLU        32    1.8e-02  2.61  1.9e-02  2.52        2.2e-02  0.68
    ReLU        64    9.4e-03  1.41  9.6e-03  0.71        1.9e-02  0.58
    ReLU       128    4.6e-03  0.68  4.6e-03  0.65        1.9e-02  0.57
    ReLU       256    2.3e-03  0.19  2.5e-03  0.29        1.9e-02  0.57
    tanh        16    9.1e-04  0.23  3.5e-08  0.00        2.8e-03  0.52
    tanh        64    5.6e-05  0.01  3.4e-09  0.00        2.7e-03  0.50

Ours end as soon as the gap is allowed, and take no more where they may: that is after 20 to 32 nodes where fixed ones
need 64 to 128. Maps of as many nodes are as good as with fixed ones where there are kinks, no better, and worse where
the network is smooth: what is saved are nodes that only the sum needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.window_maps import tolerance
from audiolime_ext.prediction.targets import make_target
from audiolime_ext.text import text_table

Array = NDArray[np.float64]
Nodes = tuple[Array, Array]
N_INPUTS, SIZE, HIDDEN, REFERENCE = 40, 240, 96, 8192


def midpoints(n: int) -> Nodes:
    """Middles of n equal steps from 0 to 1, and their weights."""
    return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)


def gauss(n: int) -> Nodes:
    """The n nodes of Gauss and Legendre from 0 to 1, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


class Network:
    """Random weights, two hidden layers and a sigmoid; of inputs (n, 1, SIZE)."""

    batch_size = 2

    def __init__(self, kinked: bool, rng: np.random.Generator) -> None:
        self.kinked = kinked
        self.first = rng.normal(0, 1.5, (HIDDEN, SIZE)) / SIZE**0.5
        self.second = rng.normal(0, 1.5, (HIDDEN, HIDDEN)) / HIDDEN**0.5
        self.last, self.biases = rng.normal(0, 2, HIDDEN) / HIDDEN**0.5, rng.normal(0, 0.3, (2, HIDDEN))

    def hidden(self, given: Array) -> tuple[Array, Array]:
        """What a layer makes of its input, and its slope."""
        if self.kinked:
            return np.maximum(given, 0), np.where(given > 0, 1.0, 0.0)
        return np.tanh(given), np.asarray(1 - np.tanh(given) ** 2)

    def answer(self, inputs: Array) -> tuple[Array, Array]:
        """Values (n,) and gradients (n, SIZE)."""
        one, slope_one = self.hidden(inputs @ self.first.T + self.biases[0])
        two, slope_two = self.hidden(one @ self.second.T + self.biases[1])
        score = 1 / (1 + np.exp(-two @ self.last))
        back = (score * (1 - score))[:, None] * self.last * slope_two
        return score, (back @ self.second * slope_one) @ self.first

    def vjp(self, features: Any, cotangent_fn: Callable[[Any], Any], *, wrt: str | None = None) -> tuple[Any, Any, Any]:
        """As of models that can be differentiated."""
        score, gradients = self.answer(features[:, 0].astype(np.float64))
        return score[:, None], features, cotangent_fn(score[:, None])[:, :, None] * gradients[:, None]


def integrated(network: Network, x: Array, nodes: Nodes) -> Array:
    """The map of one input, from zeros."""
    at, weights = nodes
    return np.asarray(x * (weights @ network.answer(at[:, None] * x)[1]))


def ours(network: Network, x: Array, n: int) -> Array:
    """The same with n nodes, as they are put."""
    target = make_target("score", ["score"]).only(0)
    given = x[None, None].astype(np.float32)
    found = integrated_gradients(network, given, target, baseline=np.zeros((1, SIZE)), most_steps=n, near=0)
    return np.asarray(found.values[0, 0])


def main() -> None:
    """Print the table."""
    rows = []
    for kinked in (True, False):
        rng = np.random.default_rng(0)
        cases = [(Network(kinked, rng), rng.normal(0, 1.5, SIZE)) for _ in range(N_INPUTS)]
        exact = [integrated(network, x, midpoints(REFERENCE)) for network, x in cases]
        moved = [np.ptp(network.answer(np.stack([x, 0 * x]))[0]) for network, x in cases]
        for n in (16, 32, 64, 128, 256):
            row = ["ReLU" if kinked else "tanh", str(n)]
            for rule in (midpoints, gauss, None):
                found = [ours(*case, n) if rule is None else integrated(*case, rule(n)) for case in cases]
                pairs = list(zip(found, exact, moved, strict=True))
                row.append(f"{np.median([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b, _ in pairs]):.1e}")
                row.append(f"{np.median([abs((a - b).sum()) / tolerance(np.array(far)) for a, b, far in pairs]):.2f}")
            rows.append(row)
    print(text_table(["network", "nodes", "midpoints", "gap", "Gauss", "gap", "ours, at most", "gap"], rows))


if __name__ == "__main__":
    main()
