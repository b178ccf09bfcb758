"""What argues for a label: weights that are positive beyond doubt, of what can be heard.

A source argues if its weight is positive beyond its interval, more than a twentieth of the largest weight (which is
leakage), more than rounding, and if it can be heard: above −40 dB of the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.told_apart import ROUNDING
from audiolime_ext.components.masks import Neighborhood

Array = NDArray[np.float64]

AUDIBLE_DB = -40.0
NEGLIGIBLE = 0.05  # of the largest weight


def what_argues(weights: Array, certain: Array, levels_db: Sequence[float] | Array, *, rounding: float) -> list[int]:
    """Positions of what argues for a label, the strongest first; empty where nothing does (see the module).

    Parameters
    ----------
    weights, certain : ndarray of float64, shape (n_components,)
        Weights of the label, and the lower ends of their intervals (the weights themselves where these are exact).
    levels_db : array of float, shape (n_components,)
        Levels in dB relative to the mixture.
    rounding : float
        Largest difference that is no difference.

    Examples
    --------
    >>> import numpy as np
    >>> weights = np.array([0.2, 0.3, -0.1, 0.4])
    >>> what_argues(weights, weights, [-3.0, -6.0, -6.0, -90.0], rounding=1e-5)
    [1, 0]
    """
    least = max(NEGLIGIBLE * float(np.max(np.abs(weights), initial=0.0)), rounding)
    order = heaviest_first(weights, rounding)
    return [i for i in order if certain[i] > least and levels_db[i] > AUDIBLE_DB]


def heaviest_first(weights: Array, rounding: float) -> list[int]:
    """Positions by weight; those that are equal to rounding stay as they are, on every machine.

    Examples
    --------
    >>> heaviest_first(np.array([0.1, 0.3, 0.3 + 1e-12]), 1e-5)
    [1, 2, 0]
    """
    whole = np.round(weights / rounding) if rounding > 0 else weights
    return [int(i) for i in np.argsort(-whole, kind="stable")]


def arguing_components(
    levels_db: Sequence[float], neighborhood: Neighborhood, attribution: Attribution, column: int
) -> list[int]:
    """Positions of all components, whole stems and single segments, that argue for a label, the strongest first."""
    weights = attribution.weights[column]
    interval = None if attribution.exact else attribution.interval()
    certain = weights if interval is None else interval[0][column]
    rounding = ROUNDING * float(np.abs(neighborhood.scores[:, column]).max())
    return what_argues(weights, certain, levels_db, rounding=rounding)
