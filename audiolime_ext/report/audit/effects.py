"""The effect of every component on a class in every recording, as strips of log-odds.

The recordings of a class are those that belong to it or are decided for it; a strip has those that hold the component.
The measures are *necessity*, what the class loses without the component; *sufficiency*, what the component gains alone;
and *attribution*, its Shapley value. A recording is marked where the decision for the class flips (for sufficiency:
where the component alone gains the class).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.measurement.effects import decide, necessity, sufficiency
from audiolime_ext.audit.verdict.results import Results

MEASURES = ("necessity", "sufficiency", "attribution")

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Strip:
    """One measure of one component over the recordings of a class.

    Parameters
    ----------
    component : str
        Name of the component.
    values : ndarray of float64, shape (n_recordings,)
        Log-odds, one for each recording in which the measure is determined.
    marked : ndarray of bool, shape (n_recordings,)
        Flag of each recording: True where the decision flips.
    n_open : int
        Number of recordings in which the measure is undetermined.
    """

    component: str
    values: Array = field(repr=False)
    marked: NDArray[np.bool_] = field(repr=False)
    n_open: int = 0

    @property
    def median(self) -> float | None:
        """Median of the values; None where there are none."""
        return float(np.median(self.values)) if len(self.values) else None


@dataclass(frozen=True, eq=False)
class Effects:
    """A class's strips by measure, one for each component, and the number of its recordings."""

    label: str
    n_recordings: int
    strips: dict[str, tuple[Strip, ...]]

    @property
    def strongest(self) -> float:
        """The largest median necessity, by which classes are sorted."""
        return max((abs(strip.median or 0.0) for strip in self.strips["necessity"]), default=0.0)


def effects(results: Results, *, first: Collection[str] = ()) -> tuple[Effects, ...]:
    """The effects on every class: the classes in `first`, then the others by the strength of their effects."""
    if not results.done.any():
        return ()
    matrices = {name: results.matrix(name) for name in ("without", "alone", "attribution")}
    silence = results.matrix("silence")[:, 0]
    found = [_effects(results, label, matrices, silence) for label in results.classes]
    return tuple(sorted(found, key=lambda one: (one.label not in first, -one.strongest, one.label)))


def _effects(results: Results, label: str, matrices: dict[str, Any], silence: Any) -> Effects:
    column, thresholds = results.labels.index(label), results.reading.thresholds
    rows = np.flatnonzero(results.done & (results.is_of[:, column] | results.decided[:, column]))
    whole, nothing = results.scores[rows], silence[rows]
    told = results.decided[rows, column]
    strips: dict[str, list[Strip]] = {measure: [] for measure in MEASURES}
    for j, name in enumerate(results.components):
        there = results.present[rows, j]
        without, alone, weights = (matrices[which][rows, j] for which in ("without", "alone", "attribution"))
        lost = told & ~decide(without, thresholds)[:, column]
        gained = decide(alone, thresholds)[:, column]
        of = {
            "necessity": (necessity(whole, without)[:, column], lost),
            "sufficiency": (sufficiency(alone, nothing, thresholds)[:, column], gained),
            "attribution": (weights[:, column].astype(np.float64), lost),
        }
        for measure, (values, marked) in of.items():
            known = there & np.isfinite(values)
            n_open = int((there & ~np.isfinite(values)).sum())
            strips[measure].append(Strip(name, values[known], marked[known], n_open))
    return Effects(label, len(rows), {measure: tuple(found) for measure, found in strips.items()})


def reach(all_effects: Sequence[Effects]) -> float:
    """How far the axis of all pictures goes to both sides: the same for all, so that they can be compared."""
    strips = [strip for one in all_effects for row in one.strips.values() for strip in row]
    return float(np.ceil(max((float(np.abs(strip.values).max(initial=0.0)) for strip in strips), default=0.0)) or 1.0)
