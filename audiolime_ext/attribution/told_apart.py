"""Which weights are told apart: by more than rounding, and beyond what a sample of masks leaves open.

Several weights are compared with several others by *one test for all differences*. The largest difference between
estimates and truth, divided by its standard error, is simulated from the weights' covariance (with Student's tails);
two weights are told apart where their difference exceeds a quantile of that. So "this one is the largest" is wrong in
at most 5 of 100 samples of masks, however many others there are.

Weights from all masks have no such error, but rounding: float32 networks repeat their answers to about 1e-5 on another
machine, which is what ``audiolime rerun`` allows. So a tie is a difference of at most `ROUNDING` of the largest answer
of the model (or of the largest weight, where only weights are known).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import t_quantile

Array = NDArray[np.float64]

ERROR = 0.05
ROUNDING = 1e-5  # of the largest answer
N_DRAWS = 20_000
_NO_ERROR = 1e-9


def is_settled(attribution: Attribution, k: int, *, column: int = 0, error: float = ERROR) -> bool:
    """Whether the k heaviest components weigh more than all others; `error` is the chance that this is wrong.

    Without a covariance nothing is settled; with exact weights everything but a tie.

    Examples
    --------
    >>> import numpy as np
    >>> weights, covariance = np.array([[1.0, 0.5, 0.45]]), np.eye(3)[None] * 0.01
    >>> found = Attribution("shapley", weights, None, False, covariance=covariance, dof=50)
    >>> is_settled(found, 1), is_settled(found, 2)
    (True, False)
    """
    if attribution.covariance is None:
        return False
    weights = attribution.weights[column]
    rounding = ROUNDING * float(np.abs(weights).max())
    covariance = np.zeros((len(weights),) * 2) if attribution.exact else attribution.covariance[column]
    return are_heaviest(weights, covariance, attribution.dof, k, rounding=rounding, error=error)


def are_heaviest(
    weights: Array, covariance: Array, dof: float | None, k: int, *, rounding: float, error: float = ERROR
) -> bool:
    """Whether the k largest of the weights, shape (n,), are told apart from all others."""
    order = np.argsort(-weights, kind="stable")
    return bool(exceed(weights, covariance, dof, order[:k], order[k:], rounding=rounding, error=error).all())


def exceed(
    weights: Array,
    covariance: Array,
    dof: float | None,
    above: NDArray[np.intp],
    below: NDArray[np.intp],
    *,
    rounding: float,
    error: float = ERROR,
) -> NDArray[np.bool_]:
    """Whether each weight of `above` is larger than each of `below` beyond doubt, shape (n_above, n_below).

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        Weights of the components for one label.
    covariance : ndarray of float64, shape (n, n)
        Covariance of these weights.
    dof : float or None
        Degrees of freedom of the covariance; None where it is known.
    above, below : ndarray of intp, shapes (n_above,) and (n_below,)
        Positions of the components to compare.
    rounding : float
        Largest difference that is a tie.
    error : float
        Chance that any of the answers "yes" is wrong.

    Examples
    --------
    >>> weights, covariance = np.array([1.0, 0.5, 0.98]), np.eye(3) * 0.01
    >>> exceed(weights, covariance, None, np.array([0]), np.array([1, 2]), rounding=0.0)
    array([[ True, False]])
    """
    differences = weights[above[:, None]] - weights[below]
    variances = np.diag(covariance)
    spread = variances[above[:, None]] + variances[below] - 2 * covariance[above[:, None], below]
    errors = np.sqrt(np.maximum(spread, 0.0))
    told = np.asarray(differences > rounding)
    if (errors <= _NO_ERROR * np.abs(differences)).all():
        return told
    free = math.inf if dof is None else dof
    alone = differences > t_quantile(1.0 - error, free) * errors  # as if it were the only comparison
    if not (told & alone).any():
        return told & alone
    reach = _largest_deviation(covariance, above, below, errors, free, error)
    return np.asarray(told & (differences > reach * errors))


def _largest_deviation(
    covariance: Array, above: NDArray[np.intp], below: NDArray[np.intp], errors: Array, dof: float, error: float
) -> float:
    """Upper quantile of the largest of the standardised differences, by simulation; the same for the same input."""
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(covariance)
    noise = rng.normal(size=(N_DRAWS, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    tails = 1.0 if math.isinf(dof) else np.sqrt(rng.chisquare(dof, N_DRAWS) / dof)
    uncertain = errors > 0
    scale = np.where(uncertain, errors, 1.0)
    largest = np.full(N_DRAWS, -np.inf)
    for row, one in enumerate(above):
        deviations = (noise[:, [one]] - noise[:, below]) / scale[row]
        largest = np.maximum(largest, np.where(uncertain[row], deviations, 0.0).max(axis=1))
    return float(np.quantile(largest / tails, 1.0 - error))
