"""Which nodes integrate gradients best for as many evaluations: midpoints, Gauss and Legendre's, or Fejér's? By hand.

::

    python -m tests.studies.nodes

The relative error of the maps (2-norm, against 8,192 midpoints) and the gap of their sums, as medians over 40 random
networks of two hidden layers, with kinks (ReLU) and smooth (tanh)::

    network  nodes  midpoints      gap    Gauss      gap  Fejér, one less      gap
    ReLU        16    3.7e-02  1.1e-02  4.0e-02  7.0e-03          4.2e-02  8.5e-03
    ReLU        64    9.4e-03  3.8e-03  9.6e-03  2.2e-03          1.0e-02  2.8e-03
    ReLU       256    2.3e-03  7.0e-04  2.5e-03  6.9e-04          2.4e-03  6.3e-04
    tanh        16    9.1e-04  5.4e-04  3.5e-08  4.6e-08          8.8e-06  9.5e-06
    tanh        64    5.6e-05  3.3e-05  3.4e-09  2.0e-09          3.4e-09  2.0e-09

Fejér's of half as many are among them, so that growing to 255 takes 255 gradients, and with Gauss's 496.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.gradients.methods.integrated import fejer
from audiolime_ext.text import text_table

Array = NDArray[np.float64]
Nodes = tuple[Array, Array]
N_INPUTS, SIZE, HIDDEN, REFERENCE = 40, 240, 96, 8192


def midpoints(n: int) -> Nodes:
    """Middles of n equal steps from 0 to 1, and their weights."""
    return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)


def nested(n: int) -> Nodes:
    """The nodes of Fejér's second rule, one less than n: half of them are those of half as many."""
    return fejer(n - 1)


def gauss(n: int) -> Nodes:
    """The n nodes of Gauss and Legendre from 0 to 1, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


def network(kinked: bool, rng: np.random.Generator) -> Callable[[Array], tuple[Array, Array]]:
    """A network (n, SIZE) -> values (n,) and gradients (n, SIZE), with a sigmoid at its end."""
    first, second = rng.normal(0, 1.5, (HIDDEN, SIZE)) / SIZE**0.5, rng.normal(0, 1.5, (HIDDEN, HIDDEN)) / HIDDEN**0.5
    last, biases = rng.normal(0, 2, HIDDEN) / HIDDEN**0.5, rng.normal(0, 0.3, (2, HIDDEN))

    def hidden(given: Array) -> tuple[Array, Array]:
        if kinked:
            return np.maximum(given, 0), np.where(given > 0, 1.0, 0.0)
        return np.tanh(given), np.asarray(1 - np.tanh(given) ** 2)

    def answer(inputs: Array) -> tuple[Array, Array]:
        one, slope_one = hidden(inputs @ first.T + biases[0])
        two, slope_two = hidden(one @ second.T + biases[1])
        score = 1 / (1 + np.exp(-two @ last))
        back = (score * (1 - score))[:, None] * last * slope_two
        return score, (back @ second * slope_one) @ first

    return answer


def integrated(answer: Callable[[Array], tuple[Array, Array]], x: Array, nodes: Nodes) -> Array:
    """The map of one input, from zeros."""
    at, weights = nodes
    return np.asarray(x * (weights @ answer(at[:, None] * x)[1]))


def main() -> None:
    """Print the table."""
    rows = []
    for kinked in (True, False):
        rng = np.random.default_rng(0)
        cases = [(network(kinked, rng), rng.normal(0, 1.5, SIZE)) for _ in range(N_INPUTS)]
        exact = [integrated(answer, x, midpoints(REFERENCE)) for answer, x in cases]
        for n in (8, 16, 32, 64, 128, 256):
            row = ["ReLU" if kinked else "tanh", str(n)]
            for rule in (midpoints, gauss, nested):
                found = [integrated(answer, x, rule(n)) for answer, x in cases]
                pairs = list(zip(found, exact, strict=True))
                row.append(f"{np.median([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in pairs]):.1e}")
                row.append(f"{np.median([abs((a - b).sum()) for a, b in pairs]):.1e}")
            rows.append(row)
    print(text_table(["network", "nodes", "midpoints", "gap", "Gauss", "gap", "Fejér, one less", "gap"], rows))


if __name__ == "__main__":
    main()
