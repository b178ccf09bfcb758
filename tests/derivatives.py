"""Derivatives by finite differences, to hold closed forms to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def slopes(function: Callable[[Array], Array], at: Array, *, step: float = 1e-5) -> Array:
    """Central differences of a function (n, …) -> (n,), each row of which depends on its own row, shaped like `at`."""
    found = np.empty(at.shape)
    for place in np.ndindex(at.shape[1:]):
        up, down = at.copy(), at.copy()
        up[(slice(None), *place)] += step
        down[(slice(None), *place)] -= step
        found[(slice(None), *place)] = (function(up) - function(down)) / (2 * step)
    return found
