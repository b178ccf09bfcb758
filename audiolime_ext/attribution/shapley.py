"""Shapley values of an evaluated neighbourhood.

The Shapley value of a component is its average marginal contribution over all orders in which the components can be
switched on. It is the weighted least squares fit of LIME with the Shapley kernel, made to hold exactly at "all off" and
"all on". Invariant: *the weights add up to score(all on) − score(all off)*.

With every mask evaluated the average is taken as it is defined, so the values are exact. With a sample the fit is
solved (KernelSHAP); masks were drawn by the kernel, so each counts as often as it was drawn. A complementary pair
enters the fit only by half the difference of its two scores. That is linear for games of single and pairwise effects,
so a sample gives these their exact values too.

On music, much of what such a fit leaves unexplained depends only on the number of components that are on: the first
sounds matter more than the last. From ten evaluations per component on, two more columns take that out of the
residuals, and out of the sampling error. All components have the same part in such a function, and it is zero at "all
off" and "all on", so its Shapley values are zero: what is estimated stays the same. On musicnn with 50 components the
fit without these columns needs 1.5 to 2.6 times as many evaluations (`tests/studies/error_curves.py`).

Error bars: see `audiolime_ext.attribution.intervals`.

References: Shapley, "A value for n-person games", 1953; Lundberg and Lee, "A unified approach to interpreting model
predictions", NeurIPS 2017; Covert and Lee, AISTATS 2021.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import enough_for_intervals, in_pairs, paired_covariance, standard_errors
from audiolime_ext.components.masks import Neighborhood

_REFERENCES = (
    """@incollection{shapley1953value,
  author = {Shapley, Lloyd S.},
  title = {A Value for n-Person Games},
  booktitle = {Contributions to the Theory of Games II},
  publisher = {Princeton University Press},
  year = {1953}
}""",
    """@inproceedings{lundberg2017unified,
  author = {Lundberg, Scott M. and Lee, Su-In},
  title = {A Unified Approach to Interpreting Model Predictions},
  booktitle = {Advances in Neural Information Processing Systems 30},
  year = {2017}
}""",
)


def shapley_values(neighborhood: Neighborhood) -> Attribution:
    """Shapley values for all outputs at once.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> either = chosen.masks.any(axis=1, keepdims=True).astype(float)
    >>> shapley_values(Neighborhood(chosen.masks, chosen.counts, True, either)).weights
    array([[0.5, 0.5]])
    """
    if neighborhood.exhaustive:
        weights = (_coefficients(neighborhood.masks) @ neighborhood.scores).T
        return Attribution(
            "shapley",
            weights,
            np.zeros_like(weights),
            True,
            references=_REFERENCES,
            covariance=np.zeros((*weights.shape, weights.shape[1])),
        )
    return _fit(neighborhood)


def _coefficients(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much the score of each mask counts in each value, shape (n_components, n_masks)."""
    n = masks.shape[1]
    joining = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    sizes = masks.sum(axis=1)
    with_it = joining[np.maximum(sizes - 1, 0)]
    without_it = joining[np.minimum(sizes, n - 1)]
    return np.asarray(np.where(masks, with_it[:, None], -without_it[:, None]).T)


def _fit(neighborhood: Neighborhood) -> Attribution:
    """Least squares over the drawn masks under Σ weights = full − empty: the last component is eliminated."""
    masks, scores, counts = (x[1:-1] for x in (neighborhood.masks, neighborhood.scores, neighborhood.counts))
    total = neighborhood.full - neighborhood.empty
    design = np.concatenate([masks[:, :-1].astype(float) - masks[:, -1:], _of_their_number(neighborhood)], axis=1)
    target = scores - neighborhood.empty - masks[:, -1:] * total
    root = np.sqrt(counts)[:, None]
    free, *_ = np.linalg.lstsq(design * root, target * root, rcond=None)
    weights = (_contrasts(masks.shape[1], design.shape[1]) @ free).T
    weights[:, -1] += total  # the last weight is what the others leave
    covariance, dof = _sampling_error(neighborhood, design, target - design @ free, weights)
    return Attribution(
        "shapley",
        weights,
        None if covariance is None else standard_errors(covariance),
        False,
        references=_REFERENCES,
        covariance=covariance,
        dof=dof,
    )


def _sampling_error(
    neighborhood: Neighborhood,
    design: NDArray[np.float64],
    residuals: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64] | None, float | None]:
    """Covariance of the weights, (n_outputs, n, n), and its degrees of freedom; None where the sample is too small."""
    masks, counts = neighborhood.masks, neighborhood.counts
    if not enough_for_intervals(masks, counts):
        return None, None
    draws, contrasts = counts[1 : len(counts) // 2], _contrasts(masks.shape[1], design.shape[1])
    found = paired_covariance(
        in_pairs(design),
        np.ones((len(draws), 2)),
        in_pairs(residuals),
        draws,
        contrasts=contrasts,
        heaviest=np.abs(weights).max(axis=1),
    )
    return (None, None) if found is None else found


def _of_their_number(neighborhood: Neighborhood) -> NDArray[np.float64]:
    """Columns for the number of components that are on, zero at both ends; none where the sample is small.

    Only odd functions of the distance to one half: opposite masks cancel the even ones.
    """
    masks = neighborhood.masks[1:-1]
    share = masks.mean(axis=1)
    bend = share * (1 - share) * (share - 0.5)
    columns = np.stack([bend, bend * (share - 0.5) ** 2], axis=1)
    n_sizes = len(np.unique(np.abs(2 * masks.sum(axis=1) - masks.shape[1])))  # with fewer than 3 they may be one column
    wanted = 2 if n_sizes > 2 and enough_for_intervals(neighborhood.masks, neighborhood.counts) else 0
    return columns[:, :wanted]


def _contrasts(n: int, n_columns: int) -> NDArray[np.float64]:
    """From the coefficients of the fit to the weights, shape (n, n_columns); the last weight less the total."""
    free = np.concatenate([np.eye(n - 1), -np.ones((1, n - 1))])
    return np.concatenate([free, np.zeros((n, n_columns - (n - 1)))], axis=1)
