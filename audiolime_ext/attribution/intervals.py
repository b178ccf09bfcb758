"""How far a sampled attribution is from the one that all masks would give: covariances, standard errors, quantiles.

Masks are drawn in complementary pairs, each pair independently of the others and with replacement, so *a pair is one
observation* and the two scores inside it are not. The covariance is the sandwich estimator of weighted least squares
with clusters of two. A fitted residual is smaller than the error that it stands for, most where its pair has leverage h
over the fit: an error of variance 1 leaves a residual of variance 1 − h, and near ten evaluations per component h is
about .2. Taken as they are, residuals give 95 % intervals that hold .91 of the time. Divided by 1 − h (CR3, the
jackknife) they have a variance of 1/(1 − h), and the intervals hold .95 to .97 of the time. Divided by the square root
of 1 − h (CR2, Bell and McCaffrey's bias-reduced linearization) they have the variance of the errors. Invariant: *where
errors are independent, with variances inverse to their weights in the fit, the covariance is right on average*.

An estimate that is right on average still varies, and more than the number of residuals says, because some pairs carry
more of it than others. Its degrees of freedom are Satterthwaite's, for the same errors: those of the chi-square
distribution that varies as much. One number serves all components: that of the weight whose variance varies most.
With both, 95 % intervals hold .94 to .96 of the time on smooth and random games, from ten evaluations for each
component to half of all masks.

The draws that were seen say nothing about a rare coalition that decides (all the others against a dictator): where none
has met it, every residual is zero, and so would be the error bars of weights that are off by a sixth. The rule of
three: what none of m draws has shown may still happen in 3 of m. So *three more draws are added*, as unlucky as this:

- Each moves the weights as the draws do that carry the variance, in proportion to what they carry. With x draws of
  equal shares the variance grows by 3/x: little for the hundreds that carry a smooth game, much for a handful.
- Where fewer than five draws carry it, or none leaves a residual beyond a twentieth of the heaviest weight, that is
  not a reliable measure. Then both scores of each added draw are off by the largest effect that was seen, be it a
  weight or a residual, and the pair is the one that moves a weight most. So no interval has zero width: for additive
  games and dictators half of it is .02 to .07 of the heaviest weight at 1024 evaluations, .08 to .4 of it at ten for
  each component.

What stays unknown: an unseen event beside residuals as large as a curved model's (there an apex's interval holds .82 of
the time at ten evaluations for each of 16 components), and one beyond all effects seen. Five and a twentieth were
chosen on games of 7 to 16 components and judged on others, of 8 to 16 (`tests/studies/coverage.py`): in all kinds, for
the component of largest weight as for the others, 95 % intervals hold .93 of the time or more, within chance.

A pair drawn c times enters c times: leverage is that of one draw. Taking the c draws together as one cluster, whose
leverage may come near one, makes intervals far too wide.

Intervals are marginal: each component's covers in 95 of 100 samples, not all of them together. They account for the
choice of masks and nothing else: the model is taken as it is, and so are the excerpt and the sources. Below ten
evaluations per component none are given.

References: Bell and McCaffrey, "Bias reduction in standard errors for linear regression with multi-stage samples",
Survey Methodology 28, 2002; Pustejovsky and Tipton, "Small-sample methods for cluster-robust variance estimation and
hypothesis testing in fixed effects models", Journal of Business & Economic Statistics 36, 2018 (weighted fits); Hanley
and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249, 1983 (the rule of three); Agresti and
Coull, "Approximate is better than exact for interval estimation of binomial proportions", The American Statistician 52,
1998 (observations added).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EVALS_PER_COMPONENT = 10
LEAST_LEFT = 1e-6
UNSEEN = 3.0  # draws that are added
FEW = 5.0  # draws that carry the variance
NOTHING = 0.05  # of the largest effect: a residual that says nothing of rare coalitions


def enough_for_intervals(masks: NDArray[np.bool_], counts: NDArray[np.int64]) -> bool:
    """Whether distinct sorted masks are complementary pairs, drawn together, and ten or more for each component.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> [enough_for_intervals(m.masks, m.counts) for m in (choose_masks(12, max_evals=k) for k in (100, 120))]
    [False, True]
    """
    paired = bool((masks == ~masks[::-1]).all() and (counts == counts[::-1]).all())
    return paired and len(masks) >= EVALS_PER_COMPONENT * masks.shape[1]


def paired_covariance(
    design: Array,
    weights: Array,
    residuals: Array,
    draws: NDArray[np.int64],
    *,
    contrasts: Array,
    heaviest: Array,
    ridge: Array | None = None,
) -> tuple[Array, float] | None:
    """Covariance of combinations of least squares coefficients over draws of row pairs, and its degrees of freedom.

    The covariance has shape (n_outputs, n, n) and includes what three unseen draws could do. None where the fit does
    not determine it: a coefficient is not determined, or by one draw alone.

    Parameters
    ----------
    design : ndarray of float64, shape (n_pairs, 2, p)
        Rows of the design matrix, both of each pair.
    weights : ndarray of float64, shape (n_pairs, 2)
        Weights of the rows in the fit, for one draw.
    residuals : ndarray of float64, shape (n_pairs, 2, n_outputs)
        Residuals of the fit to all draws.
    draws : ndarray of int64, shape (n_pairs,)
        Number of times that each pair was drawn.
    contrasts : ndarray of float64, shape (n, p)
        Combinations of coefficients, one in each row.
    heaviest : ndarray of float64, shape (n_outputs,)
        Largest effect of one component.
    ridge : ndarray of float64, shape (p, p), or None
        Matrix that the fit adds to its normal equations; None: nothing.

    Examples
    --------
    The mean of eight draws: the variance of the draws, which is 8/7, divided by eight; and seven degrees of freedom.
    Three more draws, like those eight, make it larger by 3/8.

    >>> import numpy as np
    >>> rows, halves, one = np.ones((8, 2, 1)), np.full((8, 2), 0.5), np.ones(1)
    >>> residuals = np.tile([1.0, -1.0], 4)[:, None, None] * np.ones((8, 2, 1))
    >>> found = paired_covariance(rows, halves, residuals, np.ones(8, int), contrasts=np.eye(1), heaviest=one)
    >>> covariance, dof = found
    >>> covariance.ravel().round(4), round(1 / 7 * 11 / 8, 4), round(dof, 4)
    (array([0.1964]), 0.1964, 7.0)
    """
    root = np.sqrt(weights)[:, :, None]
    rows, errors = design * root, residuals * root
    moment = np.einsum("gap,gaq->pq", rows * draws[:, None, None], rows, optimize=True)
    if ridge is not None:
        moment = moment + ridge
    if np.linalg.matrix_rank(moment, hermitian=True) < len(moment):
        return None
    inverse = np.linalg.inv(moment)
    leverage = np.einsum("gap,pq,gbq->gab", rows, inverse, rows, optimize=True)
    left, axes = np.linalg.eigh(np.eye(2) - leverage)
    if left.min() < LEAST_LEFT:
        return None
    restored = np.einsum("gab,gb,gcb->gac", axes, left**-0.5, axes, optimize=True)
    pulls = rows @ inverse @ contrasts.T
    alike, most = _of_unit_errors(pulls * root, draws)
    pulls = restored @ pulls
    covariance = np.empty((residuals.shape[2], len(contrasts), len(contrasts)))
    effects = np.maximum(heaviest, np.abs(residuals).max(axis=(0, 1)))
    for output, effect in enumerate(effects):  # one after the other: all at once would need much memory
        moved = np.einsum("gan,ga->gn", pulls, errors[:, :, output])
        shares = _shares(moved, draws, alike, nothing=NOTHING * effect)
        covariance[output] = (moved.T * (draws * (1 + UNSEEN * shares))) @ moved
        if FEW * (draws @ shares**2) > 1 or not shares.any():  # 1 / Σ shares²: as many draws of equal shares
            covariance[output] += UNSEEN * effect**2 * most * alike
    return covariance, min(_degrees_of_freedom(rows, inverse, pulls[:, :, i], draws) for i in range(len(contrasts)))


def _of_unit_errors(pulls: Array, draws: NDArray[np.int64]) -> tuple[Array, float]:
    """The weights' covariance (n, n) if scores had errors of variance 1, and the most that one draw adds to a variance.

    The latter is for a draw whose two scores are off by 1 each, in units of the weight's variance; `pulls`
    (n_pairs, 2, n) say how far an error of each score moves each weight.
    """
    covariance = np.einsum("gan,gam,g->nm", pulls, pulls, draws, optimize=True)
    most = np.abs(pulls).sum(axis=1).max(axis=0) ** 2
    return covariance, float((most / np.diag(covariance)).max())


def _shares(moved: Array, draws: NDArray[np.int64], alike: Array, *, nothing: float) -> Array:
    """Share of one draw of each pair in the variances of all weights, (n_pairs,); zeros where no draw moves any.

    `moved` (n_pairs, n) says how far a draw moves each weight. Draws that move them no more than errors of size
    `nothing` would have no share.
    """
    energy = (moved**2 / np.diag(alike)).mean(axis=1) * draws.sum()
    energy = np.where(energy > nothing**2, energy, 0.0)
    total = float(draws @ energy)
    return energy / total if total > 0 else energy


def _degrees_of_freedom(rows: Array, inverse: Array, pulls: Array, draws: NDArray[np.int64]) -> float:
    """2 mean² / variance of one weight's estimated variance, where weighted errors are independent and alike.

    The estimate sums the squares of one number for each draw: `pulls` (n_pairs, 2) times the residuals of its pair.
    Residuals have the covariance I − rows · inverse · rowsᵀ, so these numbers have diag(own) − span · inverse · spanᵀ.
    """
    own, span = (pulls**2).sum(axis=1), np.einsum("gap,ga->gp", rows, pulls)
    shared = np.einsum("gp,pq,gq->g", span, inverse, span, optimize=True)
    across = inverse @ (span.T * draws) @ span
    return float((draws @ (own - shared)) ** 2 / (draws @ (own**2 - 2 * own * shared) + (across * across.T).sum()))


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
