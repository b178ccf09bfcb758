"""From the arrays of a method to similarities: a package's own, or every treatment of its vectors.

Every method is given every treatment (see `audiolime_ext.recommendation.evaluation.treatments`), and keeps the one that
is best (by MAP) on one half of the soundtracks; what is reported is measured on the other half, so that no method wins
by what was tried on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.evaluation.treatments import TREATMENTS, Floats, nearness
from examples.library.methods import Method

PLAIN, CENTRED, STANDARDISED, OWN = "plain", "centred", "standardised", "its own"


def similarities(method: Method, arrays: list[NDArray[Any]]) -> Iterator[tuple[str, Floats]]:
    """Treatment and similarities (n, n), for every treatment that a method can have."""
    if method.nearness is not None:
        yield OWN, np.asarray(method.nearness(arrays), float)
    if not method.is_vector:
        return
    vectors = np.stack([array.mean(axis=0) for array in arrays]).astype(float)
    yield from ((name, nearness(vectors, name)) for name in TREATMENTS)
