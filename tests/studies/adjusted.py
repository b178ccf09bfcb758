"""Fits with and without columns for the mere number of components that are on, on answers there are already.

`shapley_values` has such columns from ten evaluations per component on, and here is the fit without them. The linear
fits of LIME and Banzhaf values are kept as they are known, and here are the fits with columns for a smooth function g
of that number k. What these take of the weights is known exactly and is given back: the slope of g's weighted linear
fit over all masks, the same for all components. Invariant: *over all masks the weights are those of the method itself*.

Opposite masks cancel even functions of k − n/2 in Banzhaf's fit, so the odd one is what is left there.
"""

from __future__ import annotations

from math import comb

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.lime import exponential_kernel, weighted_least_squares
from audiolime_ext.components.masks import Neighborhood
from tests.studies.draws import Array

POWERS = (2, 3)


def unadjusted_shapley(near: Neighborhood) -> Attribution:
    """Shapley values by the fit of `shapley_values` without columns for the number of components."""
    masks, scores, counts = (x[1:-1] for x in (near.masks, near.scores, near.counts))
    total = near.full - near.empty
    design = masks[:, :-1].astype(float) - masks[:, -1:]
    root = np.sqrt(counts)[:, None]
    target = scores - near.empty - masks[:, -1:] * total
    free = np.linalg.lstsq(design * root, target * root, rcond=None)[0]
    return Attribution("shapley", np.concatenate([free, total[None] - free.sum(axis=0)]).T, None, False)


def adjusted_lime(near: Neighborhood) -> Attribution:
    """The weights of `lime`."""
    shares = np.arange(near.masks.shape[1] + 1) / near.masks.shape[1]
    return _adjusted(near, exponential_kernel(1 - np.sqrt(shares)), "lime")


def adjusted_banzhaf(near: Neighborhood) -> Attribution:
    """The weights of `banzhaf_values`."""
    return _adjusted(near, np.ones(near.masks.shape[1] + 1), "banzhaf")


def _adjusted(near: Neighborhood, kernel: Array, method: str) -> Attribution:
    """A weighted linear fit with powers of the number that are on; `kernel` has a weight for each number."""
    n = near.masks.shape[1]
    numbers, on = np.arange(n + 1), near.masks.sum(axis=1)
    bends = np.stack([(numbers / n - 0.5) ** power for power in POWERS], axis=1)
    weight = np.array([float(comb(n, k)) for k in numbers]) * kernel
    slopes = weighted_least_squares(numbers[:, None], bends, weight)[0]  # (n_powers, 1)
    design = np.column_stack([near.masks, bends[on]])
    found, _ = weighted_least_squares(design, near.scores, kernel[on] * near.counts)
    return Attribution(method, found[:, :n] + found[:, n:] @ slopes, None, near.exhaustive)
