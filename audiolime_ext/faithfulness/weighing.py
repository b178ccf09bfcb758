"""What the weights themselves are worth: do they predict the model's answers, do they add up, are few of them large?

Here φ are a label's weights, f(x) the recording's score, and I a set of components that is switched off; Iᵀφ adds up
their weights. The sets are those of the evaluated neighbourhood, each counted as often as it was drawn: all 2ⁿ, equally
often, where that fitted the budget. Sampled weights are judged on the same sets that they were fitted to.

References
----------
Infidelity: C.-K. Yeh et al., On the (in)fidelity and sensitivity of explanations, NeurIPS 2019. Completeness:
M. Sundararajan, A. Taly and Q. Yan, Axiomatic attribution for deep networks, ICML 2017. Sparseness: P. Chalasani et
al., Concise explanations of neural networks using adversarial training, ICML 2020, with the Gini index of N. Hurley and
S. Rickard, Comparing measures of sparsity, 2009. Complexity and faithfulness correlation: U. Bhatt, A. Weller and
J. M. F. Moura, Evaluating and aggregating feature-based model explanations, IJCAI 2020.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.faithfulness.measure import Array, Measure
from audiolime_ext.prediction.kind import ROUNDING

_ALL_ZERO = "all weights are 0"


def infidelity(weights: Array, neighborhood: Neighborhood, column: int) -> Measure:
    """E[(Iᵀφ − (f(x) − f(x without I)))²] over the evaluated masks; 0 where the weights predict every removal.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> both = Neighborhood(chosen.masks, chosen.counts, True, chosen.masks.all(axis=1, keepdims=True).astype(float))
    >>> infidelity(np.array([0.5, 0.5]), both, 0).value
    0.125
    """
    predicted, measured = _removals(weights, neighborhood, column)
    return Measure(float(np.average((predicted - measured) ** 2, weights=neighborhood.counts)))


def completeness_gap(weights: Array, neighborhood: Neighborhood, column: int) -> Measure:
    """How far the sum of the weights is from what there is to explain: |Σφ − (f(x) − f(∅))|."""
    total = neighborhood.full[column] - neighborhood.empty[column]
    return Measure(float(abs(weights.sum() - total)))


def sparseness(weights: Array) -> Measure:
    """Gini index of |φ|: 0 where all components weigh the same, (n − 1)/n where one of n has all the weight.

    Examples
    --------
    >>> import numpy as np
    >>> sparseness(np.array([0.0, -1.0])).value, sparseness(np.array([1.0, -1.0])).value
    (0.5, 0.0)
    """
    sizes = np.sort(np.abs(weights))
    if sizes[-1] <= ROUNDING:
        return Measure.undefined(_ALL_ZERO)
    n = len(sizes)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return Measure(float(ranks @ (sizes / sizes.sum()) / n))


def complexity(weights: Array) -> Measure:
    """Entropy of |φ| / Σ|φ| in nats: 0 for a single component, log n where all weigh the same.

    Examples
    --------
    >>> import numpy as np
    >>> round(complexity(np.array([1.0, 1.0, -1.0, 0.0])).value, 4)  # log 3
    1.0986
    """
    sizes = np.abs(weights[weights != 0])
    if sizes.max(initial=0.0) <= ROUNDING:
        return Measure.undefined(_ALL_ZERO)
    share = sizes / sizes.sum()
    return Measure(float(-(share * np.log(share)).sum()) + 0.0)


def faithfulness_correlation(weights: Array, neighborhood: Neighborhood, column: int) -> Measure:
    """Pearson correlation of Iᵀφ with f(x) − f(x without I) over evaluated sets I of one size.

    The size, which the paper leaves open, is the one of which most sets were evaluated (the smallest of several).
    """
    predicted, measured = _removals(weights, neighborhood, column)
    n = len(weights)
    sizes = (~neighborhood.masks).sum(axis=1)
    tally = np.bincount(sizes, minlength=n + 1)[1:n]
    if not len(tally) or tally.max() < 3:
        return Measure.undefined("it needs three removals of equally many components; there are fewer")
    same = sizes == 1 + int(tally.argmax())
    found = pearson(predicted[same], measured[same], neighborhood.counts[same])
    if found is None or min(np.ptp(predicted[same]), np.ptp(measured[same])) <= ROUNDING:
        return Measure.undefined("removing equally many components always does the same, or should by the weights")
    return Measure(found)


def pearson(a: Array, b: Array, counts: object = None) -> float | None:
    """Correlation of two rows, each position counted as often as `counts` says; None where one of them is constant.

    Examples
    --------
    >>> import numpy as np
    >>> round(pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 6)
    1.0
    """
    share = np.ones(len(a)) if counts is None else np.asarray(counts, np.float64)
    deviations = [row - np.average(row, weights=share) for row in (a, b)]
    spreads = [float(np.sqrt(share @ deviation**2)) for deviation in deviations]
    limits = [1e-9 * float(np.sqrt(share @ row**2)) for row in (a, b)]
    if any(spread <= limit for spread, limit in zip(spreads, limits, strict=True)):
        return None
    cosine = float(share @ (deviations[0] * deviations[1])) / (spreads[0] * spreads[1])
    return min(1.0, max(-1.0, cosine))


def _removals(weights: Array, neighborhood: Neighborhood, column: int) -> tuple[Array, Array]:
    """For each evaluated mask, what its removals should cost by the weights, and what they cost."""
    predicted = ~neighborhood.masks @ weights
    return predicted, np.asarray(neighborhood.full[column] - neighborhood.scores[:, column])
