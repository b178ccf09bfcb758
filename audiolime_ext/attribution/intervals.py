"""How far a sampled attribution is from the one that all masks would give: covariances, standard errors, quantiles.

Masks are drawn in complementary pairs, each pair independently of the others and with replacement, so *a pair is one
observation* and the two scores inside it are not. The covariance is the sandwich estimator of weighted least squares
with clusters of two. A fitted residual is smaller than the true one, most where its pair has leverage over the fit, so
the residuals of a pair are divided by what the fit left of them (HC3, of clusters: CR3). Ignoring this makes intervals
too narrow near ten evaluations per component, where a single pair can carry much of the fit. Invariant: *the covariance
is that of the jackknife*, the sum of squared changes when each draw in turn is left out of the fit.

A pair drawn c times enters c times: leverage is that of one draw. Taking the c draws together as one cluster, whose
leverage may come near one, makes intervals far too wide.

Intervals are marginal: each component's covers in 95 of 100 samples, not all of them together. They speak of the choice
of masks and nothing else: the model is taken as it is, and so are the excerpt and the sources. Below ten evaluations
per component none are given.

References: MacKinnon and White, "Some heteroskedasticity-consistent covariance matrix estimators with improved finite
sample properties", Journal of Econometrics 29, 1985 (HC3); Bell and McCaffrey, "Bias reduction in standard errors for
linear regression with multi-stage samples", Survey Methodology 28, 2002 (clusters).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EVALS_PER_COMPONENT = 10
LEAST_LEFT = 1e-6


def enough_for_intervals(masks: NDArray[np.bool_], counts: NDArray[np.int64]) -> bool:
    """Whether distinct sorted masks are complementary pairs, drawn together, and ten or more for each component.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.perturbation import choose_masks
    >>> [enough_for_intervals(m.masks, m.counts) for m in (choose_masks(12, max_evals=k) for k in (100, 120))]
    [False, True]
    """
    paired = bool((masks == ~masks[::-1]).all() and (counts == counts[::-1]).all())
    return paired and len(masks) >= EVALS_PER_COMPONENT * masks.shape[1]


def paired_covariance(
    design: Array, weights: Array, residuals: Array, draws: NDArray[np.int64], *, fixed: Array | None = None
) -> Array | None:
    """Covariance of weighted least squares coefficients over draws of row pairs, shape (n_outputs, p, p).

    None where the fit leaves it open: a coefficient is not determined, or by one draw alone.

    Parameters
    ----------
    design
        Shape (n_pairs, 2, p): both rows of each pair.
    weights
        Shape (n_pairs, 2), of one draw.
    residuals
        Shape (n_pairs, 2, n_outputs), of the fit to all draws.
    draws
        How often each pair was drawn, shape (n_pairs,).
    fixed
        What the normal equations of the fit hold besides: a ridge, rows that were not drawn. Shape (p, p).

    Examples
    --------
    The mean of four draws; each residual counts 4/3 of what it is, because each draw is a quarter of its own mean.

    >>> import numpy as np
    >>> rows, halves = np.ones((4, 2, 1)), np.full((4, 2), 0.5)
    >>> residuals = np.array([1.0, -1.0, 1.0, -1.0])[:, None, None] * np.ones((4, 2, 1))
    >>> paired_covariance(rows, halves, residuals, np.ones(4, int)).ravel().round(4)
    array([0.4444])
    """
    design, weights, residuals = (rows[draws > 0] for rows in (design, weights, residuals))
    draws = draws[draws > 0]
    weighted = design * weights[:, :, None]
    moment = np.einsum("gap,gaq->pq", weighted * draws[:, None, None], design, optimize=True)
    if fixed is not None:
        moment = moment + fixed
    if np.linalg.matrix_rank(moment, hermitian=True) < len(moment):
        return None
    influence = weighted @ np.linalg.inv(moment)
    left = np.eye(2) - np.einsum("gap,gbp->gab", design, influence, optimize=True)
    if np.linalg.det(left).min() < LEAST_LEFT:
        return None
    freed = np.linalg.solve(left, residuals)
    root = np.sqrt(draws)[:, None]
    covariance = np.empty((residuals.shape[2], design.shape[2], design.shape[2]))
    for output in range(len(covariance)):  # one after the other: all at once would need much memory
        pulls = np.einsum("gap,ga->gp", influence, freed[:, :, output]) * root
        covariance[output] = pulls.T @ pulls
    return covariance


def in_pairs(rows: Array) -> Array:
    """Each row with its opposite, the first with the last and so on, shape (n_pairs, 2, …).

    Examples
    --------
    >>> import numpy as np
    >>> in_pairs(np.arange(4.0)).tolist()
    [[0.0, 3.0], [1.0, 2.0]]
    """
    half = len(rows) // 2
    return np.stack([rows[:half], rows[::-1][:half]], axis=1)


def standard_errors(covariance: Array) -> Array:
    """Square roots of the diagonals, shape (n_outputs, p)."""
    return np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))


def t_quantile(probability: float, dof: float) -> float:
    """Quantile of Student's t; `dof` may be infinite (then the normal distribution's).

    Examples
    --------
    >>> round(t_quantile(0.975, 10), 4), round(t_quantile(0.975, math.inf), 4)
    (2.2281, 1.96)
    """
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if math.isinf(dof) else stdtrit(dof, probability))
