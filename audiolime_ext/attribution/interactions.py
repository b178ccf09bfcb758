"""Interactions: what two components do together beyond what each does alone, and three beyond single ones and pairs.

The Shapley interaction index of a pair averages ``f(S ∪ {i, j}) − f(S ∪ {i}) − f(S ∪ {j}) + f(S)`` over the sets S of
the others, weighted as in the Shapley value. Positive: they need each other ("drums and bass together"); negative:
either suffices; zero: they add up. The index of three averages the same alternating sum over the eight subsets of
{i, j, k}. A model that answers to parity (an odd number of three sources) has no interaction of two, only one of three.

Reference: Grabisch and Roubens, "An axiomatic approach to the concept of interaction among players in cooperative
games", International Journal of Game Theory 28, 1999.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError


def shapley_interactions(neighborhood: Neighborhood) -> NDArray[np.float64]:
    """Shapley interaction index of every pair, shape (n_outputs, n_components, n_components), symmetric, diagonal 0.

    Raises
    ------
    UsageError
        If not every mask was evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> both = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> shapley_interactions(Neighborhood(chosen.masks, chosen.counts, True, both))[0]
    array([[0., 1.],
           [1., 0.]])
    """
    n = neighborhood.masks.shape[1]
    found = np.zeros((neighborhood.scores.shape[1], n, n))
    for (i, j), values in _of_order(2, neighborhood).items():
        found[:, i, j] = found[:, j, i] = values
    return found


def three_way_interactions(neighborhood: Neighborhood) -> dict[tuple[int, int, int], NDArray[np.float64]]:
    """Shapley interaction index of every set of three components, shape (n_outputs,) each; empty for fewer than three.

    Raises
    ------
    UsageError
        If not every mask was evaluated.

    Examples
    --------
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> odd = (chosen.masks.sum(axis=1, keepdims=True) % 2).astype(float)
    >>> three_way_interactions(Neighborhood(chosen.masks, chosen.counts, True, odd))
    {(0, 1, 2): array([4.])}
    """
    return {(i, j, k): values for (i, j, k), values in _of_order(3, neighborhood).items()}


def _of_order(order: int, neighborhood: Neighborhood) -> dict[tuple[int, ...], NDArray[np.float64]]:
    masks, n = neighborhood.masks, neighborhood.masks.shape[1]
    if not neighborhood.exhaustive:
        raise UsageError(f"interactions need all {2**n} masks; allow more evaluations or fewer components")
    left = n - order
    share = np.array([factorial(k) * factorial(left - k) / factorial(left + 1) for k in range(left + 1)])
    signs, sizes = np.where(masks, 1.0, -1.0), masks.sum(axis=1)
    found = {}
    for chosen in combinations(range(n), order):
        columns = list(chosen)
        others = sizes - masks[:, columns].sum(axis=1)
        found[chosen] = np.asarray((signs[:, columns].prod(axis=1) * share[others]) @ neighborhood.scores)
    return found
