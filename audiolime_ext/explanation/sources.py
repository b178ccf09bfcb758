"""Sources of components: a source's weight is the sum of its segments' weights, with the error of that sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution

Array = NDArray[np.float64]

NOTHING_DB = -200.0
CANCELLED = 1e-6  # of the largest weight: errors of segments that cancel in their sum, but for rounding


def source_weights(attribution: Attribution, column: int, groups: Sequence[int]) -> tuple[Array, Array | None]:
    """Weights of whole sources, (n_sources,), and their covariance; None where it is not known.

    Nothing where they are exact: all masks were evaluated, or those of whole stems, which Owen values are made of. (The
    errors of segments cancel in the sum; other errors of the answers do not.)
    """
    belongs = np.repeat(np.eye(len(groups)), groups, axis=1)
    weights = belongs @ attribution.weights[column]
    if attribution.exact:
        return weights, np.zeros((len(groups),) * 2)
    if attribution.covariance is not None:
        covariance = belongs @ attribution.covariance[column] @ belongs.T
        nothing = (CANCELLED * float(np.abs(attribution.weights[column]).max())) ** 2
        return weights, np.where(np.abs(covariance) <= nothing, 0.0, covariance)
    return weights, np.zeros((len(groups),) * 2) if attribution.method == "owen" else None


def source_name(component: str, n_segments: int) -> str:
    """The source of a component, of which it may be one of several segments.

    Examples
    --------
    >>> source_name("lead guitar 0.30–0.60 s", 5), source_name("lead guitar", 1)
    ('lead guitar', 'lead guitar')
    """
    return component if n_segments == 1 else component.rsplit(" ", 2)[0]


def together_db(levels_db: Sequence[float]) -> float:
    """Level of components together that do not sound at the same time, or are not alike.

    Examples
    --------
    >>> round(together_db([-3.0, -3.0]), 2), together_db([-200.0])
    (0.01, -200.0)
    """
    if len(levels_db) == 1:
        return float(levels_db[0])
    power = float(np.sum(10 ** (np.asarray(levels_db) / 10)))
    return max(10 * float(np.log10(power)), NOTHING_DB)
