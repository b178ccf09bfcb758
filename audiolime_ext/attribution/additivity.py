"""How additive a model is here: how much of what it answers is the sum of what single components do.

Every function of n switches is a sum of products of some of them (its Walsh expansion), and over all 2ⁿ masks, each
counted once, the products are orthogonal: the sum of the squared coefficients of all products of k switches is the part
of the variance that needs k components at once. The part of single switches is the R² of the best sum of single effects
(least squares over all masks). Invariants: *a sum has 1; parity of two or more has 0; the parts of all orders add up to
1*.

Where segments were asked about within stems (`audiolime_ext.attribution.coarse_to_fine`), the masks of whole stems are
complete, and these are used.

Reference: O'Donnell, "Analysis of Boolean Functions", 2014, chapter 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.owen import whole_stems
from audiolime_ext.components.masks import Neighborhood, enumerate_masks
from audiolime_ext.errors import UsageError

Array = NDArray[np.float64]

ROUNDING = 1e-6  # of the largest score: scores that differ by less are one score, in float32


def complete(neighborhood: Neighborhood) -> Neighborhood | None:
    """All masks there are: as they were evaluated, or those of whole stems; None where neither are complete.

    Examples
    --------
    >>> from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine
    >>> stems = complete(coarse_to_fine(lambda masks: masks[:, :1] * 1.0, (20, 20), max_evals=200))
    >>> stems.masks.shape, stems.scores.ravel().tolist()
    ((4, 2), [0.0, 1.0, 0.0, 1.0])
    """
    return neighborhood if neighborhood.exhaustive else whole_stems(neighborhood)


def shares_of_orders(neighborhood: Neighborhood) -> Array:
    """The part of the variance over all masks that needs 1, 2, … n components at once, shape (n_outputs, n).

    NaN for an output that is the same for all masks.

    Raises
    ------
    UsageError
        If not every mask was evaluated.

    Examples
    --------
    All of three: single sources explain three sevenths.

    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> every = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> (7 * shares_of_orders(Neighborhood(chosen.masks, chosen.counts, True, every))).round(9)
    array([[3., 3., 1.]])
    """
    n = neighborhood.masks.shape[1]
    if not neighborhood.exhaustive:
        raise UsageError(f"how additive a model is takes all {2**n} masks; allow more evaluations or fewer components")
    power = _walsh(neighborhood) ** 2
    sizes = enumerate_masks(n).sum(axis=1)
    parts = np.stack([power[sizes == size].sum(axis=0) for size in range(1, n + 1)], axis=1)
    scores = neighborhood.scores
    varies = np.ptp(scores, axis=0) > ROUNDING * np.abs(scores).max(axis=0)
    total = np.where(varies, parts.sum(axis=1), np.nan)
    return np.asarray(parts / total[:, None])


def additivity(neighborhood: Neighborhood) -> Array | None:
    """R² of the best sum of single effects over all masks, shape (n_outputs,); NaN where the score does not vary.

    None where not all masks were evaluated, nor all of whole stems.

    Examples
    --------
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> total = chosen.masks.sum(axis=1)
    >>> scores = np.stack([total, total % 2, total * 0], axis=1).astype(float)
    >>> additivity(Neighborhood(chosen.masks, chosen.counts, True, scores))
    array([ 1.,  0., nan])
    """
    every = complete(neighborhood)
    return None if every is None else shares_of_orders(every)[:, 0]


def _walsh(neighborhood: Neighborhood) -> Array:
    """Coefficients of the products of ±1, shape (2ⁿ, n_outputs); the bits of a row's number are its factors."""
    masks, n = neighborhood.masks, neighborhood.masks.shape[1]
    found = neighborhood.scores[np.argsort(masks @ (1 << np.arange(n)))].reshape(*(2,) * n, -1)
    for axis in range(n):
        off, on = np.split(found, 2, axis=axis)
        found = np.concatenate([off + on, off - on], axis=axis) / 2
    return np.asarray(found.reshape(2**n, -1))
