"""Are groups of concepts claimed where there are none, and found where there are?

``python -m tests.studies.concept_groups [N_SETS]`` draws sets of directions and prints the share of sets that would be
called groups (p at most .05), as `audiolime_ext.concepts.discovery.grouping` judges them. Of clusters the spread of
their centres is told, that of the directions around them being 1. Of 8 sets each, whose shares are therefore rough::

    concepts                 6    12    30   100
    isotropic             0.00  0.00  0.00  0.00
    variances 1/k         0.00  0.00  0.00  0.00
    variances 1/k²        0.00  0.00  0.00  0.00
    heavy tails           0.00  0.00  0.00  0.00
    away from the origin  0.00  0.00  0.12  0.00
    half circle           0.00  0.00  0.00  0.00
    3 clusters, 0.5       0.00  0.00  0.00  1.00
    3 clusters, 1         0.00  0.00  1.00  1.00
    3 clusters, 3         1.00  1.00  1.00  1.00
    8 clusters, 1         0.00  0.00  1.00  1.00

So groups are claimed of hardly any noise, and of a dozen concepts only where they are plain.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from audiolime_ext.concepts.discovery.grouping import LEVEL, chance_of, groups_in
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.text import text_table

SIZES, N_FEATURES = (6, 12, 30, 100), 200
Drawn = Callable[[int, np.random.Generator], Floats]


def _normal(n: int, rng: np.random.Generator, power: float = 0.0) -> Floats:
    return np.asarray(rng.normal(size=(n, N_FEATURES)) * np.arange(1, N_FEATURES + 1) ** -power)


def _curve(n: int, rng: np.random.Generator) -> Floats:
    angles = np.pi * rng.random(n)
    along = np.pad(np.stack([np.cos(angles), np.sin(angles)], axis=1), ((0, 0), (0, N_FEATURES - 2)))
    return np.asarray(4 * along + 0.2 * rng.normal(size=along.shape))


def _clusters(n: int, rng: np.random.Generator, n_clusters: int, spread: float) -> Floats:
    centres = spread * rng.normal(size=(n_clusters, N_FEATURES))
    return np.asarray(centres[np.arange(n) % n_clusters] + rng.normal(size=(n, N_FEATURES)))


KINDS: dict[str, Drawn] = {
    "isotropic": _normal,
    "variances 1/k": lambda n, rng: _normal(n, rng, 0.5),
    "variances 1/k²": lambda n, rng: _normal(n, rng, 1.0),
    "heavy tails": lambda n, rng: rng.standard_t(3, size=(n, N_FEATURES)),
    "away from the origin": lambda n, rng: _normal(n, rng, 0.5) + 1,
    "half circle": _curve,
    "3 clusters, 0.5": lambda n, rng: _clusters(n, rng, 3, 0.5),
    "3 clusters, 1": lambda n, rng: _clusters(n, rng, 3, 1.0),
    "3 clusters, 3": lambda n, rng: _clusters(n, rng, 3, 3.0),
    "8 clusters, 1": lambda n, rng: _clusters(n, rng, 8, 1.0),
}


def share(draw: Drawn, n: int, n_sets: int) -> float:
    """The share of sets of n directions that are called groups."""
    claimed = 0
    for seed in range(n_sets):
        rng = np.random.default_rng([n, seed])
        directions = draw(n, rng)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        claimed += chance_of(directions, groups_in(directions)[0], rng) <= LEVEL
    return claimed / n_sets


if __name__ == "__main__":
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    rows = [[name, *(f"{share(draw, n, n_sets):.2f}" for n in SIZES)] for name, draw in KINDS.items()]
    print(text_table(["concepts", *map(str, SIZES)], rows))
