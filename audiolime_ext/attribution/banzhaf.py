"""Banzhaf values: the average effect of switching a component on, over all states of the others, each equally likely.

They are the coefficients of the best linear fit over all masks with equal weights, and what LIME approaches with many
components. Unlike Shapley values they do not add up to score(all on) − score(all off).

References: Banzhaf, "Weighted voting doesn't work", 1965; Hammer and Holzman, "Approximations of pseudo-Boolean
functions", 1992 (the least squares property).
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import standard_errors
from audiolime_ext.attribution.lime import sampling_error, weighted_least_squares
from audiolime_ext.components.masks import Neighborhood

_REFERENCES = (
    """@article{banzhaf1965weighted,
  author = {Banzhaf, John F.},
  title = {Weighted Voting Doesn't Work: A Mathematical Analysis},
  journal = {Rutgers Law Review},
  volume = {19},
  year = {1965}
}""",
)


def banzhaf_values(neighborhood: Neighborhood) -> Attribution:
    """Banzhaf values for all outputs at once: exact if every mask was evaluated, else the fit over a uniform sample.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> every = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> banzhaf_values(Neighborhood(chosen.masks, chosen.counts, True, every)).weights
    array([[0.25, 0.25, 0.25]])
    """
    masks, scores = neighborhood.masks, neighborhood.scores
    if neighborhood.exhaustive:
        signs = np.where(masks, 1.0, -1.0) / 2 ** (masks.shape[1] - 1)
        weights = (signs.T @ scores).T
        return Attribution("banzhaf", weights, np.zeros_like(weights), True, references=_REFERENCES)
    counts = neighborhood.counts.astype(float)
    weights, intercept = weighted_least_squares(masks, scores, counts)
    covariance, dof = sampling_error(neighborhood, counts, weights, intercept)
    errors = None if covariance is None else standard_errors(covariance)
    return Attribution("banzhaf", weights, errors, False, references=_REFERENCES, covariance=covariance, dof=dof)
