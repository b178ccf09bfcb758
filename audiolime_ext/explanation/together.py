"""A word on sources whose effects depend on each other: no weight shows that.

Of one: the source that leads, where taking it out of the mix changes the score by clearly more or less than its weight.
A weight is an average over mixes, and a reader who sees both numbers must be told so.

All masks of whole sources tell; where not all were evaluated nothing is said. Of two: a pair whose interaction is
larger than every weight. Of three: where a model answers to an odd number of three sources, every weight is the same
and every pair nothing; then there are three whose interaction is larger than every weight and every pair's. Of more, or
where several threes do the same: a score most of which neither single sources nor pairs explain (`MOSTLY` of its
variance; half is a convention, and means what it says).

Nothing is said of what is no larger than what counts as the same value, nor of a label that the model says of no mix.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.additivity import ROUNDING, shares_of_orders
from audiolime_ext.attribution.interactions import shapley_interactions, three_way_interactions
from audiolime_ext.attribution.owen import whole_stems
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice, fitting

Array = NDArray[np.float64]

MOSTLY = 0.5
AVERAGES = ("shapley", "owen", "banzhaf")  # methods whose weight is the mean change when a source joins a mix


def remarks(sources: Sequence[str], neighborhood: Neighborhood, voice: Voice, column: int) -> list[str]:
    """That sources act together, for one label; empty where weights tell more.

    Parameters
    ----------
    sources : sequence of str
        Names of the sources.
    neighborhood : Neighborhood
        Masks with values; its `groups` say which components belong to one source.
    voice : Voice
        Way in which the label and numbers are written.
    column : int
        Position of the label among the values.
    """
    game = whole_stems(neighborhood)
    if game is None:
        return []
    scores = game.scores[:, column : column + 1]
    near = voice.kind.nearness(float(np.ptp(neighborhood.scores[:, column])))
    least = max(ROUNDING * float(np.abs(scores).max()), near)
    if scores.max() < voice.kind.floor or np.ptp(scores) <= least:
        return []
    one = Neighborhood(game.masks, game.counts, True, scores)
    heaviest = float(np.abs(shapley_values(one).weights).max())
    pairs = shapley_interactions(one)[0]
    return _of_three(sources, one, voice, max(heaviest, float(np.abs(pairs).max())), least) or _of_two(
        sources, pairs, voice, max(heaviest, least), float(np.abs(scores).max())
    )


def of_leader(found: Leading, voice: Voice, method: str, alone: float | None, without: float | None) -> list[str]:
    """That what the leading source does to the mix is not what its weight says, for one label; empty where it is.

    Parameters
    ----------
    found : Leading
        Knowledge of the label's sources.
    voice : Voice
        Way in which the label and numbers are written.
    method : str
        Name of the attribution method.
    alone, without : float or None
        Value of the leading source alone, and of all others; None: not known.

    Examples
    --------
    >>> from audiolime_ext.prediction.kind import Kind
    >>> about = {"levels_db": (-3, -3), "errors": (0, 0), "full": 0.2, "empty": 0.0, "largest": 0.3, "near": 0.05}
    >>> found = Leading("leads", ("low", "high"), (1, 1), (0.15, 0.05), first=(0,), **about)
    >>> print(*of_leader(found, Voice("pop", Kind("score"), page=True), "shapley", 0.3, 0.2))
    pop: added to silence, low changes the score by +0.30, added to high by 0.00; the +0.15 above is an average over the
    mixes
    >>> of_leader(found, Voice("pop", Kind("score"), page=True), "shapley", 0.15, 0.05)
    []
    """
    if not found.known or alone is None or without is None or method not in AVERAGES:
        return []
    leader = found.first[0]
    weight, last = found.weights[leader], found.full - without
    if abs(last - weight) <= found.near:
        return []
    voice = fitting(found, voice)
    first, least, mean = (voice.signed(value, found.largest) for value in (alone - found.empty, last, weight))
    others = found.sources[1 - leader] if len(found.sources) == 2 else "all the others"
    return [
        f"{voice.kind.called(voice.label)}: added to {voice.off}, {found.sources[leader]} changes the "
        f"{voice.kind.noun} by {first}, added to {others} by {least}; the {mean} above is an average over the mixes"
    ]


def _of_two(sources: Sequence[str], pairs: Array, voice: Voice, most: float, largest: float) -> list[str]:
    i, j = sorted(int(at) for at in np.unravel_index(int(np.argmax(np.abs(pairs))), pairs.shape))
    if abs(pairs[i, j]) <= most:
        return []
    added = _added(float(pairs[i, j]), voice, largest)
    return [
        f"{voice.kind.called(voice.label)}: {sources[i]} and {sources[j]} interact: together they add "
        f"{_on_average(len(sources) > 2)}{added} than the sum of what each adds without the other; no {_shown(voice)} "
        "shows this"
    ]


def _on_average(others: bool) -> str:
    """An interaction is a mean over the mixes of the other sources, where there are any."""
    return "on average " if others else ""


def _shown(voice: Voice) -> str:
    return "single bar" if voice.page else "single weight"


def _added(beyond: float, voice: Voice, largest: float) -> str:
    return f"{voice.number(abs(beyond), largest)} {'more' if beyond > 0 else 'less'} to the {voice.kind.noun}"


def _of_three(sources: Sequence[str], one: Neighborhood, voice: Voice, most: float, least: float) -> list[str]:
    if len(sources) < 3:
        return []
    name, largest = voice.kind.called(voice.label), float(np.abs(one.scores).max())
    found = {three: float(values[0]) for three, values in three_way_interactions(one).items()}
    first, *others = sorted(found, key=lambda three: -abs(found[three]))
    stands_out = not others or abs(found[first]) - abs(found[others[0]]) > ROUNDING * abs(found[first])
    if stands_out and abs(found[first]) > max(most * (1 + ROUNDING), least):
        i, j, k = (sources[member] for member in first)
        return [
            f"{name}: {i}, {j} and {k} interact: all three together add {_on_average(len(sources) > 3)}"
            f"{_added(found[first], voice, largest)} than what they add alone and in pairs lets one expect; no "
            f"{_shown(voice)} and no pair shows this"
        ]
    beyond = float(1 - shares_of_orders(one)[0, :2].sum())
    if beyond > MOSTLY:
        return [
            f"{name}: more than two sources act together here: single ones and pairs leave {100 * beyond:.0f} % of the "
            f"{voice.kind.noun}'s variation unexplained, so no {_shown(voice)} says what the model goes by"
        ]
    return []
