"""From vectors to similarities: what is subtracted, how vectors are scaled, how hubs are tamed.

Every method is given every treatment, and keeps the one that is best (by MAP) on one half of the soundtracks; what is
reported is measured on the other half, so that no method wins by what was tried on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.hubs import local_scaling, mutual_proximity
from examples.library.methods import Method

Array = NDArray[np.float64]

PLAIN, CENTRED, STANDARDISED, OWN = "plain", "centred", "standardised", "its own"
CORRECTIONS = {"mutual proximity": mutual_proximity, "local scaling": local_scaling}


def cosine(first: Array, second: Array) -> Array:
    """Cosine of each of the first vectors with each of the second; 0 where one has no direction."""
    directions = [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12) for one in (first, second)]
    return np.asarray(directions[0] @ directions[1].T)


def scaled(vectors: Array, collection: Array) -> Mapping[str, Array]:
    """The vectors as they are, less the collection's mean, and divided by its standard deviation as well."""
    mean, spread = collection.mean(axis=0), collection.std(axis=0)
    centred = vectors - mean
    return {PLAIN: vectors, CENTRED: centred, STANDARDISED: centred / np.where(spread > 0, spread, 1)}


def similarities(method: Method, arrays: list[NDArray[Any]]) -> Iterator[tuple[str, Array]]:
    """Treatment and similarities (n, n), for every treatment that a method can have."""
    if method.nearness is not None:
        yield OWN, np.asarray(method.nearness(arrays), float)
    if not method.is_vector:
        return
    vectors = np.stack([array.mean(axis=0) for array in arrays]).astype(float)
    for name, one in scaled(vectors, vectors).items():
        near = cosine(one, one)
        yield name, near
        yield from ((f"{name}, {correction}", correct(near)) for correction, correct in CORRECTIONS.items())
