"""Weights from noisy answers: the noise of an answer becomes the error of a weight.

Every method's weights are sums of scores times coefficients that only the masks decide, w = Σ c_m · s_m. So where each
answer has its own noise of variance σ², a weight has the variance σ² Σ c_m², and two weights have the covariance
σ² Σ c_m d_m. The coefficients are found by attributing a score that is 1 for one mask and 0 for the others.

One σ stands for all mixes, the mean over some of them. Where masks were sampled, the residuals of the fit hold noise
already, and it counts twice: the intervals are then somewhat too wide, never too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import standard_errors
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.prediction.repeatability import Noise

Attribute = Callable[[Neighborhood], Attribution]


def attribute_noisy(attribute: Attribute, neighborhood: Neighborhood, noise: Noise | None) -> Attribution:
    """A method's weights; where the model's answers vary, their noise is in the errors, and nothing is exact.

    Examples
    --------
    The difference of two answers, each ±0.1:

    >>> from audiolime_ext.attribution.shapley import shapley_values
    >>> from audiolime_ext.components.masks import choose_masks
    >>> one, tenth = choose_masks(1), np.array([0.1])
    >>> near = Neighborhood(one.masks, one.counts, True, np.array([[0.2], [0.7]]))
    >>> found = attribute_noisy(shapley_values, near, Noise(51, 3 * tenth, 0 * tenth, 7 * tenth, sd=tenth, dof=35))
    >>> found.exact, found.weights, found.std_errors.round(3)
    (False, array([[0.5]]), array([[0.141]]))
    """
    plain = attribute(neighborhood)
    if noise is None or noise.alike:
        return plain
    if plain.std_errors is None:
        return replace(plain, exact=False)
    coefficients = attribute(replace(neighborhood, scores=np.eye(len(neighborhood.masks)))).weights
    of_answers = noise.sd[:, None, None] ** 2 * (coefficients.T @ coefficients)
    of_masks = plain.covariance
    if of_masks is None:
        of_masks = np.stack([np.diag(errors**2) for errors in plain.std_errors])
    covariance = of_masks + of_answers
    dof = noise.dof if plain.dof is None else min(noise.dof, plain.dof)
    return replace(plain, exact=False, covariance=covariance, std_errors=standard_errors(covariance), dof=dof)
