"""Which source makes a label's value, and whether that is known: the one rule behind every sentence.

*Sources first.* A source cut into time segments is ranked by the sum of its segments' weights, with the error of that
sum; a tenth of the drums is never compared with a whole guitar. Owen values add up to what a source weighs as a whole,
which all masks of whole sources give, so their sums are exact. Only within the source that leads are segments named:
the fewest that hold two thirds of its weight, and what is equal to one of them, where they are told apart from the
others. Where that takes more than half of them and none holds less than a quarter of an equal share, it is spread over
all.

*A leader is one that is known.* "Comes most from A" is said where A outweighs every other source beyond doubt: by more
than rounding, and, where masks are a sample, by one test for all differences (`audiolime_ext.attribution.told_apart`).
Else all that are not told apart from the heaviest are named together. Without error bars nothing is known of a sample.
Where the weights were also found a quarter of a second earlier and later, a lead that is not larger than what the two
weights move there is not told apart either. (Where stems are cut, that is not looked at: a shift puts other music
into the same segment.)

*Nothing is said where there is nothing.* A source argues for a label if its weight is positive beyond its interval,
more than a twentieth of the largest weight (which is leakage), more than rounding, and if it can be heard: above −40 dB
of the mixture. A heavier one that cannot be heard is named besides. In this order:

1. ``not said``: the score lies below the floor; the model does not say the label, so there is nothing to ask.
2. ``whole``: one source is the whole recording (`audiolime_ext.explanation.whole`), and nothing can be told apart.
3. ``unknown``: a sample without error bars, or weights of a linear fit that does not describe the model here: its R²
   over the masks is below .05, so that what the weights add up to is not what the model answers. (LIME gave +0.03 to
   the one of four sources that does nothing where the model went by an odd number of the other three. Chosen on four
   songs and 44 kinds of models: where what LIME named was wrong R² was below 0, where it was right above .05.)
4. ``nothing``: no source argues, or the value lies no higher than the baseline's, and no weight above nothing, by as
   much as counts (`audiolime_ext.prediction.kind`).
5. ``tied`` or ``leads``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.attribution.told_apart import ROUNDING, are_heaviest, exceed
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.explanation.arguing import AUDIBLE_DB, heaviest_first, what_argues
from audiolime_ext.explanation.sources import source_name, source_weights, together_db
from audiolime_ext.explanation.whole import holds_everything
from audiolime_ext.prediction.kind import Kind

Array = NDArray[np.float64]
State = Literal["leads", "tied", "unknown", "nothing", "not said", "whole"]
Within = Literal["carried", "spread", "open"]
MOST = 2 / 3  # of a source's weight: "most of it"
EVEN = 0.25  # of an equal share of it
LEAST_FIT = 0.05  # R² of a linear fit over the masks


@dataclass(frozen=True)
class Leading:
    """What is known of the sources of one label's value; positions are those of `sources`.

    Parameters
    ----------
    state : {"leads", "tied", "unknown", "nothing", "not said", "whole"}
        State of knowledge, see the module.
    sources, groups : tuple of str, tuple of int
        Names of the sources, and number of components of each.
    weights, levels_db : tuple of float
        Weight of each source as a whole, and its level in dB relative to the mixture.
    errors : tuple of float or None
        Half widths of the weights' 95 % intervals, 0 where they are exact; None where they are not known.
    full, empty, largest : float
        Value of the recording, value of the baseline, and the largest magnitude among all mixes and weights.
    first : tuple of int
        Source that leads, or all that are not told apart, the heaviest first; the one that is the whole recording.
    arguing : tuple of int
        Sources that argue for the label, the heaviest first.
    unheard : tuple of int
        Sources too soft to be heard that are not lighter than the first.
    against : int or None
        Source that takes most away, where that is much; else None.
    near : float
        Difference up to which two values or weights are as good as the same.
    as_baseline : bool
        True where the value is that of the baseline: the sources only offset each other.
    by_shift : bool
        True where `first` are told apart here, but not in the shifted excerpts.
    fit : float or None
        R² of the linear fit that gave the weights, where it does not describe the model; else None.
    within, carried, carried_weight : {"carried", "spread", "open"} or None; tuple of int; float
        Spread of the first source's weight over its segments, the components that carry most of it, and their weight.
    """

    state: State
    sources: tuple[str, ...]
    groups: tuple[int, ...]
    weights: tuple[float, ...]
    levels_db: tuple[float, ...]
    errors: tuple[float, ...] | None
    full: float
    empty: float
    largest: float
    first: tuple[int, ...] = ()
    arguing: tuple[int, ...] = ()
    unheard: tuple[int, ...] = ()
    against: int | None = None
    near: float = 0.0
    as_baseline: bool = False
    by_shift: bool = False
    fit: float | None = None
    within: Within | None = None
    carried: tuple[int, ...] = ()
    carried_weight: float = 0.0

    @property
    def known(self) -> bool:
        """Whether one source leads."""
        return self.state == "leads"

    @property
    def takes_away(self) -> bool:
        """Whether the value lies below the baseline's: all sources together take away from it."""
        return self.empty - self.full > self.near

    def components(self, k: int = 1) -> tuple[tuple[int, ...], ...]:
        """The components that make the label, source by source: the first, and what argues after it, k sources or more.

        Those that are not told apart come together. The segments that carry a leader stand for it.
        """
        if self.state not in ("leads", "tied"):
            return (self.carried,) if self.carried else ()
        together = [i for i in self.first if i in self.arguing]
        listed = [*together, *(i for i in self.arguing if i not in together)][: max(k, len(together))]
        return tuple(self.carried if self.carried and i == self.first[0] else self.columns(i) for i in listed)

    def entries(self, names: Sequence[str], weights: Array, k: int = 1) -> list[tuple[str, float]]:
        """Names and weights of `components`: a stem with all its segments by its own name, other segments by theirs."""
        wholes = {self.columns(i): source for i, source in enumerate(self.sources)}
        found = []
        for places in self.components(k):
            if places in wholes:
                found.append((wholes[places], float(weights[list(places)].sum())))
            else:
                found += [(names[i], float(weights[i])) for i in sorted(places, key=lambda i: -weights[i])]
        return found

    def columns(self, source: int) -> tuple[int, ...]:
        """Positions of a source's components."""
        start = sum(self.groups[:source])
        return tuple(range(start, start + self.groups[source]))


def leading(
    names: Sequence[str],
    levels_db: Sequence[float],
    neighborhood: Neighborhood,
    attribution: Attribution,
    column: int,
    kind: Kind,
    *,
    shifts: Array | None = None,
) -> Leading:
    """What is known of the sources of one label's value.

    Parameters
    ----------
    names, levels_db : sequence of str, sequence of float
        Names of the components, and their levels in dB relative to the mixture.
    neighborhood : Neighborhood
        Masks with values; its `groups` say which components belong to one source.
    attribution : Attribution
        Weights that follow from these.
    column : int
        Position of the label among the values.
    kind : Kind
        Kind of the values.
    shifts : ndarray of float64, shape (n_labels, n_components), or None
        Largest change of each weight in shifted excerpts; None where they were not asked about.

    Examples
    --------
    >>> from audiolime_ext.attribution.shapley import shapley_values
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> scores = (chosen.masks @ np.array([0.3, 0.3, 0.1]))[:, None]
    >>> near = Neighborhood(chosen.masks, chosen.counts, True, scores)
    >>> found = leading("abc", [-5.0] * 3, near, shapley_values(near), 0, Kind.of(scores, ["rock"]))
    >>> found.state, [found.sources[i] for i in found.first]
    ('tied', ['a', 'b'])
    """
    groups = neighborhood.groups or (1,) * len(names)
    firsts = np.cumsum([0, *groups[:-1]])
    answers = neighborhood.scores[:, column]
    weights, covariance = source_weights(attribution, column, groups)
    reach = None if covariance is None else _reach(attribution, column, covariance)
    rounding = ROUNDING * float(np.abs(answers).max())
    found = _sources(names, levels_db, groups, weights, reach, answers, kind)
    levels, full, empty, near = np.array(found["levels_db"]), found["full"], found["empty"], found["near"]

    def state(name: State, **more: object) -> Leading:
        return Leading(name, **{**found, **more})

    def segments(source: int) -> dict[str, object]:
        own = slice(firsts[source], firsts[source] + groups[source])
        how, carried = _within(attribution, column, own, levels_db, rounding)
        weight = float(attribution.weights[column, list(carried)].sum())
        return {"within": how, "carried": carried, "carried_weight": weight}

    if full < kind.floor:
        return state("not said")
    whole = _whole(neighborhood, groups, levels, column)
    if whole is not None:
        return state("whole", first=(whole,), **segments(whole))
    fit = None if attribution.fidelity is None else float(attribution.fidelity[column])
    if fit is not None and fit < LEAST_FIT:
        return state("unknown", fit=fit)
    if covariance is None or reach is None:
        return state("unknown")
    certain = weights - reach
    arguing = what_argues(weights, certain, levels, rounding=rounding)
    if not arguing or (full - empty <= near and weights.max() <= near):
        return state("nothing", arguing=tuple(arguing))
    tied = _not_below(weights, covariance, attribution.dof, arguing[0], rounding)
    first = [i for i in tied if levels[i] > AUDIBLE_DB]
    by_shift = _within_shifts(first, arguing, weights, None if set(groups) != {1} else shifts, column)
    found |= {
        "first": (*first, *by_shift),
        "arguing": tuple(arguing),
        "unheard": tuple(i for i in tied if levels[i] <= AUDIBLE_DB),
        "against": _against(weights, 2 * weights - certain, arguing[0]),
        "by_shift": bool(by_shift),
    }
    return state("tied") if len(found["first"]) > 1 else state("leads", **segments(first[0]))


def _sources(
    names: Sequence[str],
    levels_db: Sequence[float],
    groups: Sequence[int],
    weights: Array,
    reach: Array | None,
    answers: Array,
    kind: Kind,
) -> dict[str, Any]:
    """What is known whatever leads; `answers` are the label's, from all off to all on."""
    spans = list(zip(np.cumsum([0, *groups[:-1]]), groups, strict=True))
    full, empty, near = float(answers[-1]), float(answers[0]), kind.nearness(float(np.ptp(answers)))
    return {
        "sources": tuple(source_name(names[at], n) for at, n in spans),
        "groups": tuple(groups),
        "weights": tuple(weights.tolist()),
        "levels_db": tuple(together_db(levels_db[at : at + n]) for at, n in spans),
        "errors": None if reach is None else tuple(reach.tolist()),
        "full": full,
        "empty": empty,
        "largest": float(max(np.abs(answers).max(), np.abs(weights).max(initial=0.0))),
        "near": near,
        "as_baseline": abs(full - empty) <= near,
    }


def _reach(attribution: Attribution, column: int, covariance: Array) -> Array:
    """Half the widths of the sources' own 95 % intervals; those of the attribution where sources are its components."""
    if not covariance.any():
        return np.zeros(len(covariance))
    interval = attribution.interval()
    if interval is not None and interval[0].shape[1] == len(covariance):
        return np.asarray(attribution.weights[column] - interval[0][column])
    dof = np.inf if attribution.dof is None else attribution.dof
    return np.asarray(t_quantile(0.975, dof) * np.sqrt(np.maximum(np.diag(covariance), 0.0)))


def _whole(neighborhood: Neighborhood, groups: Sequence[int], levels_db: Array, column: int) -> int | None:
    masks = np.repeat(np.eye(len(groups), dtype=bool), groups, axis=1)
    answers = [neighborhood.answer(mask) for mask in masks]
    alone = np.array([np.nan if answer is None else answer[column] for answer in answers])
    full, empty = neighborhood.full[column], neighborhood.empty[column]
    return holds_everything(levels_db.tolist(), alone, float(full), float(empty))


def _not_below(weights: Array, covariance: Array, dof: float | None, heaviest: int, rounding: float) -> list[int]:
    """The heaviest that argues and all that it does not outweigh beyond doubt, heaviest first."""
    others = np.delete(np.arange(len(weights)), heaviest)
    told = exceed(weights, covariance, dof, np.array([heaviest]), others, rounding=rounding)[0]
    tied = {heaviest, *others[~told].tolist()}
    return [i for i in heaviest_first(weights, rounding) if i in tied]


def _within_shifts(
    first: Sequence[int], arguing: Sequence[int], weights: Array, shifts: Array | None, column: int
) -> list[int]:
    """What a single leader does not outweigh by more than the two weights change in shifted excerpts."""
    if len(first) != 1 or shifts is None:
        return []
    moved = shifts[column] + shifts[column][first[0]]
    return [i for i in arguing[1:] if weights[first[0]] - weights[i] <= moved[i]]


def _against(weights: Array, highest: Array, heaviest: int) -> int | None:
    """What takes most away, if for certain and by more than a quarter of what the heaviest adds."""
    worst = int(np.argmin(weights))
    return worst if weights[worst] < -weights[heaviest] / 4 and highest[worst] < 0 else None


def _within(
    attribution: Attribution, column: int, own: slice, levels_db: Sequence[float], rounding: float
) -> tuple[Within | None, tuple[int, ...]]:
    """How the weight of a source lies in its segments, and which components carry most of it."""
    weights = attribution.weights[column, own]
    n = len(weights)
    if n == 1:
        return None, ()
    if attribution.exact:
        covariance = np.zeros((n, n))
    elif attribution.covariance is None:
        return "open", ()
    else:
        covariance = attribution.covariance[column, own, own]
    order = np.argsort(-weights, kind="stable")
    k = int(np.argmax(np.cumsum(weights[order]) >= MOST * weights.sum() - rounding)) + 1
    while k < n and weights[order[k - 1]] - weights[order[k]] <= rounding:
        k += 1
    chosen = sorted(int(i) + own.start for i in order[:k])
    even = k == n or (k > n / 2 and weights.min() >= EVEN * weights.sum() / n)
    if weights.sum() <= rounding or even or any(levels_db[i] <= AUDIBLE_DB for i in chosen):
        return ("spread" if np.sqrt(np.diag(covariance).max()) <= rounding else "open"), ()
    if not are_heaviest(weights, covariance, attribution.dof, k, rounding=rounding):
        return "open", ()
    return "carried", tuple(chosen)
