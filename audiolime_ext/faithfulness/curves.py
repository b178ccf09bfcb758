"""Deletion and insertion: how the score moves as components go, or come, in the order of their weights.

Deletion starts with everything and takes away the heaviest component first; insertion starts with nothing and adds the
heaviest first. A curve has n + 1 points, at 0, 1/n, …, 1 of the components, joined by straight lines, and the area
under it is a mean score: a good explanation has a small deletion area and a large insertion area. Components of equal
weight (to 1e-6, the rounding of float32 scores) have no order; a point of the curve is then the mean over all sets that
the order allows, which is the exact expectation over all orderings of the tied ones.

The reference is the same area averaged over *all* n! orderings of the components. Its k-th point is the mean score of
the masks with k components on, and read from either end it is the same curve: deletion and insertion share it.

Reference: V. Petsiuk, A. Das and K. Saenko, RISE: randomized input sampling for explanation of black-box models, BMVC
2018.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks, enumerate_masks
from audiolime_ext.faithfulness.measure import Array, Measure, answered
from audiolime_ext.prediction.kind import ROUNDING
from audiolime_ext.text import counted

MOST_MASKS = 4096  # the most that ties, or the mean over all orderings, may need


def deletion_area(weights: Array, game: Game, column: int) -> Measure:
    """Area under the score as components are taken away, heaviest first.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_components,)
        Weights of the components for the label.
    game : Game
        Game that answers masks.
    column : int
        Position of the label among the outputs.
    """
    return _area(weights, game, column, delete=True)


def insertion_area(weights: Array, game: Game, column: int) -> Measure:
    """Area under the score as components are added to silence, heaviest first; parameters as for `deletion_area`."""
    return _area(weights, game, column, delete=False)


def random_area(n: int, game: Game, column: int) -> Measure:
    """The mean of either area over all orderings of n components: what a random order gets on average."""
    if 2**n > MOST_MASKS:
        return Measure.undefined(f"the mean over all orderings of {counted(n, 'component')} needs {2**n} masks")
    masks = enumerate_masks(n)
    scores = answered(game, masks)
    if isinstance(scores, str):
        return Measure.undefined(scores)
    sizes = masks.sum(axis=1)
    return Measure(area_under(np.array([scores[sizes == k, column].mean() for k in range(n + 1)])))


def heaviest(weights: Array) -> list[Masks] | None:
    """For k = 0…n the sets that may be the k heaviest, each bool (n_sets, n); None if ties give too many.

    Examples
    --------
    >>> import numpy as np
    >>> [rows.astype(int).tolist() for rows in heaviest(np.array([1.0, 2.0, 1.0]))]
    [[[0, 0, 0]], [[0, 1, 0]], [[1, 1, 0], [0, 1, 1]], [[1, 1, 1]]]
    """
    groups = _tied_groups(weights)
    if sum(2.0 ** len(group) for group in groups if len(group) > 1) > MOST_MASKS:
        return None
    before = np.zeros(len(weights), bool)
    sets = [before[None]]
    for group in groups:
        for size in range(1, len(group) + 1):
            rows = np.array([before | np.isin(np.arange(len(weights)), picked) for picked in combinations(group, size)])
            sets.append(rows)
        before = sets[-1][0]
    return sets


def _tied_groups(weights: Array) -> list[list[int]]:
    groups: list[list[int]] = []
    for index in np.argsort(-weights, kind="stable").tolist():
        if groups and weights[groups[-1][-1]] - weights[index] <= ROUNDING:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _area(weights: Array, game: Game, column: int, *, delete: bool) -> Measure:
    sets = heaviest(weights)
    if sets is None:
        return Measure.undefined("too many components have the same weight to average over their orders")
    masks = np.concatenate(sets)
    masks = ~masks if delete else masks
    scores = answered(game, masks)
    if isinstance(scores, str):
        return Measure.undefined(scores)
    points = np.split(scores[:, column], np.cumsum([len(rows) for rows in sets])[:-1])
    return Measure(area_under(np.array([point.mean() for point in points])))


def area_under(curve: Array) -> float:
    """Area under a curve whose points are equally far apart, from 0 to 1: its mean.

    Examples
    --------
    >>> area_under(np.array([0.0, 1.0, 1.0]))
    0.75
    """
    return float((curve[1:] + curve[:-1]).mean() / 2)
