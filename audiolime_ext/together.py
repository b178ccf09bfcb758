"""A word on three or more components that do more together than any does by itself, or any two: no weight shows that.

Where a model answers to an odd number of three sources, every weight is the same and every pair nothing. There are two
signs, both over all masks (of whole stems, where only these are complete): three whose interaction is larger than every
weight and every pair's; or, where no three stand out, a score most of which neither single components nor pairs explain
(`MOSTLY` of its variance; half is a convention, and means what it says).
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.additivity import ROUNDING, complete, shares_of_orders
from audiolime_ext.attribution.interactions import shapley_interactions, three_way_interactions
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components import Components
from audiolime_ext.perturbation import Neighborhood

MOSTLY = 0.5


def remark(
    components: Components,
    neighborhood: Neighborhood,
    found: Attribution,
    name: str,
    column: int,
    *,
    least: float = 0.0,
) -> list[str]:
    """That three or more components act together, for one label; empty where weights and pairs tell more.

    Parameters
    ----------
    components, neighborhood, found
        What was switched, what the model answered, and the weights.
    name, column
        The label, and its place among the values.
    least
        What does no more than this is nothing.
    """
    every = complete(neighborhood)
    if every is None or every.masks.shape[1] < 3:
        return []
    names = components.names if every is neighborhood else components.sources
    scores = every.scores[:, column : column + 1]
    if np.ptp(scores) <= max(ROUNDING * np.abs(scores).max(), least):
        return []
    one = Neighborhood(every.masks, every.counts, True, scores)
    weights = found.weights[column] if every is neighborhood else shapley_values(one).weights[0]
    threes = {three: float(values[0]) for three, values in three_way_interactions(one).items()}
    three = max(threes, key=lambda chosen: abs(threes[chosen]))
    most = max(float(np.abs(weights).max()), float(np.abs(shapley_interactions(one)).max()))
    if abs(threes[three]) > max(most * (1 + ROUNDING), least):
        i, j, k = (names[member] for member in three)
        effect = "add" if threes[three] > 0 else "take away"
        return [
            f"{name}: {i}, {j} and {k} act together: they {effect} {abs(threes[three]):.2f} beyond what they do alone "
            "and in pairs, which is more than any weight or pair"
        ]
    beyond = float(1 - shares_of_orders(one)[0, :2].sum())
    if beyond > MOSTLY:
        return [
            f"{name}: more than two sources act together here: single ones and pairs leave {100 * beyond:.0f} % of the "
            "score's variation unexplained, so no weight says what the model goes by"
        ]
    return []
