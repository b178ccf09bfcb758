"""Pairwise interactions: what two components do together beyond what each does alone.

The Shapley interaction index of a pair averages ``f(S ∪ {i, j}) − f(S ∪ {i}) − f(S ∪ {j}) + f(S)`` over the sets S of
the others, weighted as in the Shapley value. Positive: they need each other ("drums and bass together"); negative:
either suffices; zero: they add up.

Reference: Grabisch and Roubens, "An axiomatic approach to the concept of interaction among players in cooperative
games", International Journal of Game Theory 28, 1999.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.perturbation import Neighborhood


def shapley_interactions(neighborhood: Neighborhood) -> NDArray[np.float64]:
    """Shapley interaction index of every pair, shape (n_outputs, n_components, n_components), symmetric, diagonal 0.

    Raises
    ------
    UsageError
        If not every mask was evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.perturbation import choose_masks
    >>> chosen = choose_masks(2)
    >>> both = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> shapley_interactions(Neighborhood(chosen.masks, chosen.counts, True, both))[0]
    array([[0., 1.],
           [1., 0.]])
    """
    masks, scores = neighborhood.masks, neighborhood.scores
    n = masks.shape[1]
    if not neighborhood.exhaustive:
        raise UsageError(f"interactions need all {2**n} masks; allow more evaluations or fewer components")
    found = np.zeros((scores.shape[1], n, n))
    share = np.array([factorial(k) * factorial(n - k - 2) / factorial(n - 1) for k in range(max(n - 1, 0))])
    signs, sizes = np.where(masks, 1.0, -1.0), masks.sum(axis=1)
    for i in range(n):
        for j in range(i):
            others = sizes - masks[:, i] - masks[:, j]
            coefficients = signs[:, i] * signs[:, j] * share[others]
            found[:, i, j] = found[:, j, i] = coefficients @ scores
    return found
