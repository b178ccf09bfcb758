"""Owen values: Shapley values that respect which components belong together, stems first and then their segments.

The components of a stem (its time segments) are a union: they join one after the other, and no other stem joins in
between. A stem's values add up to the Shapley value that it has as a whole, and within the stem they are the Shapley
values of one game, in which the score of a set of segments is averaged over all coalitions of the *whole* other stems:

    g(T) = Σ_H |H|! (S − |H| − 1)! / S! · f(T and all of H),   H running through the sets of the S − 1 other stems.

So the question is asked from coarse to fine. Masks in which only whole stems are switched give the stems' values, and
a stem's segments ask about that stem alone: with two stems of 25 segments an exact answer to the coarse question takes
4 masks, and the fine one is about 25 components instead of 50. Nothing is mixed from scraps of many stems, which no
model has ever heard. Invariant: *the values add up to score(all on) − score(all off)*.

Where not all sets of a stem's segments were evaluated its game is fitted as in `audiolime_ext.attribution.shapley`,
with the same error bars; a draw is then a set of segments and its opposite, each with all coalitions of the others.

Reference: Owen, "Values of games with a priori unions", in: Mathematical Economics and Game Theory, 1977.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Masks, Neighborhood
from audiolime_ext.errors import UsageError

_REFERENCES = (
    """@incollection{owen1977values,
  author = {Owen, Guilliermo},
  title = {Values of Games with a Priori Unions},
  booktitle = {Mathematical Economics and Game Theory},
  series = {Lecture Notes in Economics and Mathematical Systems},
  volume = {141},
  publisher = {Springer},
  year = {1977}
}""",
)


def owen_values(neighborhood: Neighborhood) -> Attribution:
    """Owen values of the neighbourhood's groups, for all outputs at once; without groups they are Shapley values.

    Raises
    ------
    UsageError
        If a coalition of whole stems was not evaluated that a stem's game needs.

    Examples
    --------
    Two stems, the first in two segments. Either of its segments is enough, but both stems are needed: they share the
    score equally, and so do the segments among themselves. (Shapley values would be 1/6, 1/6 and 4/6.)

    >>> from dataclasses import replace
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> score = (chosen.masks[:, :2].any(axis=1) & chosen.masks[:, 2]).astype(float)[:, None]
    >>> owen_values(Neighborhood(chosen.masks, chosen.counts, True, score, groups=(2, 1))).weights
    array([[0.25, 0.25, 0.5 ]])
    """
    n = neighborhood.masks.shape[1]
    groups = neighborhood.groups or (1,) * n
    first = np.cumsum([0, *groups])
    found = [shapley_values(game_within(neighborhood, groups, group)) for group in range(len(groups))]
    weights = np.concatenate([one.weights for one in found], axis=1)
    covariance: NDArray[np.float64] | None = np.zeros((*weights.shape, n))
    for one, begin, end in zip(found, first, first[1:], strict=False):
        if covariance is not None and one.covariance is not None:
            covariance[:, begin:end, begin:end] = one.covariance  # the games of two stems are sampled independently
        else:
            covariance = None
    errors = None if covariance is None else np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    dofs = [one.dof for one in found if one.dof is not None]
    return Attribution(
        "owen",
        weights,
        errors,
        all(one.exact for one in found),
        references=(*_REFERENCES, *found[0].references),
        covariance=covariance,
        dof=min(dofs, default=None),
    )


def game_within(neighborhood: Neighborhood, groups: tuple[int, ...], group: int) -> Neighborhood:
    """The game of one group's components, averaged over the coalitions of the other groups, each on or off as a whole.

    Parameters
    ----------
    neighborhood : Neighborhood
        Evaluated masks of all components.
    groups : tuple of int
        Number of components in each group.
    group : int
        Position of the group whose game it is.
    """
    masks = neighborhood.masks
    edges = np.cumsum([0, *groups])
    own = slice(edges[group], edges[group + 1])
    others = [other for other in range(len(groups)) if other != group]
    heads = masks[:, edges[others]]
    whole = np.ones(len(masks), bool)
    for other in others:
        part = masks[:, edges[other] : edges[other + 1]]
        whole &= (part == part[:, :1]).all(axis=1)
    rows = np.flatnonzero(whole)
    within, at = np.unique(masks[rows][:, own], axis=0, return_inverse=True)  # all off first, opposites mirrored
    at = at.ravel()
    if (np.bincount(at, minlength=len(within)) != 2 ** len(others)).any():
        raise UsageError("Owen values need each set of segments with every coalition of the other stems")
    n_on = heads[rows].sum(axis=1)
    orders = np.array([factorial(k) * factorial(len(others) - k) for k in range(len(others) + 1)], float)
    share = orders / factorial(len(groups))
    scores = np.zeros((len(within), neighborhood.scores.shape[1]))
    np.add.at(scores, at, share[n_on, None] * neighborhood.scores[rows])
    counts = np.ones(len(within), np.int64)
    counts[at] = neighborhood.counts[rows]
    return Neighborhood(within, counts, len(within) == 2 ** groups[group], scores)


def whole_stems(neighborhood: Neighborhood) -> Neighborhood | None:
    """The game of whole stems, with all segments of each together; None where not all its masks were evaluated.

    The masks for Owen values always include it, so what stems do together is known whatever was sampled within them.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> score = chosen.masks.sum(axis=1, keepdims=True).astype(float)
    >>> whole_stems(Neighborhood(chosen.masks, chosen.counts, True, score, groups=(2, 1))).scores.ravel()
    array([0., 2., 1., 3.])
    """
    groups = neighborhood.groups or (1,) * neighborhood.masks.shape[1]
    known = {mask.tobytes(): row for row, mask in enumerate(neighborhood.masks)}
    if len(known) < 2 ** len(groups):
        return None
    rows = [known.get(mask.tobytes()) for mask in coarse_masks(groups)]
    found = [row for row in rows if row is not None]
    if len(found) < len(rows):
        return None
    masks = coarse_masks((1,) * len(groups))
    return Neighborhood(masks, np.ones(len(masks), np.int64), True, neighborhood.scores[found])


def coarse_masks(groups: tuple[int, ...]) -> Masks:
    """The masks that switch whole groups, shape (2^n_groups, n_components)."""
    n = len(groups)
    return np.repeat((np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1, groups, axis=1)
