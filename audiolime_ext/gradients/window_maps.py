"""What a gradient method says of each window: a map over its features, and the numbers to judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.targets import Target
from audiolime_ext.text import counted, share_of

Floats = NDArray[np.float64]

RELATIVE, ABSOLUTE = 1e-2, 1e-3  # of the difference that a map must sum to, and in the target's own unit


@dataclass(frozen=True, eq=False)
class WindowMaps:
    """Maps of one method for one value of a target.

    Parameters
    ----------
    method : str
        Name of the method.
    values : ndarray of float64, shape (n_windows, …)
        Relevance of each feature; zeros where the method abstains.
    full : ndarray of float64, shape (n_windows,)
        Target's value for each window.
    base : ndarray of float64, shape (n_windows,), or None
        Its value for the baseline; None: the method has none, and its maps sum to nothing in particular.
    gaps : ndarray of float64, shape (n_windows,), or None
        Distance of each map's sum from ``full − base``.
    steps : ndarray of int, shape (n_windows,), or None
        Number of nodes of the integral; None: there was none.
    abstained : ndarray of bool, shape (n_windows,)
        True where full and base are the same value, so that there is nothing to explain; of gradients, where there is
        hardly a slope.
    notes : tuple of str
        Sentences on what else to know.
    references : tuple of str
        BibTeX entries of the method.
    places : tuple of ndarray, or None
        Places of the nodes of each window's integral on the way, from 0 (the baseline) to 1; None: not known.
    """

    method: str
    values: Floats = field(repr=False)
    full: Floats
    base: Floats | None
    gaps: Floats | None
    steps: NDArray[np.int64] | None
    abstained: NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    places: tuple[Floats, ...] | None = field(default=None, repr=False)

    @property
    def moved(self) -> Floats:
        """What each map should sum to: ``full − base``; `UsageError` where there is no baseline."""
        if self.base is None:
            raise UsageError(f"{self.method} has no baseline, so its maps sum to nothing in particular")
        return self.full - self.base

    @property
    def nodes(self) -> NDArray[np.int64]:
        """Number of nodes of each window's integral, shape (n_windows,); zeros where there was none."""
        return np.zeros(len(self.full), np.int64) if self.steps is None else self.steps

    @property
    def complete(self) -> NDArray[np.bool_]:
        """True for windows whose map sums to what it should, to `tolerance`; all where nothing is promised."""
        if self.gaps is None:
            return np.ones(len(self.full), bool)
        return np.asarray(self.gaps <= tolerance(self.moved))

    def with_notes(self, *notes: str) -> WindowMaps:
        """The same with more notes; none stands twice."""
        return replace(self, notes=tuple(dict.fromkeys([*self.notes, *notes])))


def tolerance(moved: Floats) -> Floats:
    """How far the sum of a map may be from what it should be: 1 %, or .001 where that is more.

    Examples
    --------
    >>> tolerance(np.array([0.5, -0.02]))
    array([0.005, 0.001])
    """
    return np.asarray(np.maximum(RELATIVE * np.abs(moved), ABSOLUTE))


def counting_from(near: Any, target: Target) -> float:
    """The difference from which on a window is explained: the one that is given, or the target's own.

    Raises
    ------
    UsageError
        If it is not a finite number from 0 on.
    """
    if near is None:
        return target.near
    if not (isinstance(near, (int, float)) and 0 <= near < np.inf):
        raise UsageError(f"near is {near!r}; it is a difference of values, a finite number from 0 on: 0 explains all")
    return float(near)


def together(parts: Sequence[WindowMaps], target: Target, near: float) -> WindowMaps:
    """Maps of windows that were made one by one, as if they were made at once; `near` as `judged` has it.

    Sentences that count windows are made anew; the others stand once.
    """

    def column(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    columns = {name: column(name) for name in ("values", "full", "base", "gaps", "steps", "abstained")}
    counting = {note for part in parts for note in judged(replace(part, notes=()), target, near).notes}
    notes = [note for part in parts for note in part.notes if note not in counting]
    return judged(replace(parts[0], **columns, notes=(), places=None), target, near).with_notes(*notes)


def judged(maps: WindowMaps, target: Target, near: float) -> WindowMaps:
    """The same with sentences on windows that are not explained, do not sum up, or whose values are clipped.

    `near` is the difference below which the method abstained.
    """
    n, notes = len(maps.full), []
    if (quiet := int(maps.abstained.sum())) > 0:
        notes.append(f"{share_of(quiet, n, 'window')} not explained: {_why(maps, near)}")
    if (short := int((~maps.complete & ~maps.abstained).sum())) > 0:
        off = float((maps.gaps / np.maximum(np.abs(maps.moved), ABSOLUTE))[~maps.complete & ~maps.abstained].max())
        notes.append(
            f"the sum is further from the difference than 1 % in {short} of {counted(n, 'map')} (by {100 * off:.0f} % "
            "at most; gaps are in the result): more steps may help (most_steps, --most-steps; of noisy ones n_steps), "
            "but not where the value jumps"
        )
    values = [maps.full, *([] if maps.base is None else [maps.base])]
    if target.limit is not None and (np.abs(values) >= target.limit).any():
        notes.append(
            f"some values lie beyond ±{target.limit:g} and were clipped: the maps depend on that limit, beyond which "
            "gradients are zero"
        )
    return maps.with_notes(*notes)


def _why(maps: WindowMaps, near: float) -> str:
    """Why a window is not explained."""
    if maps.base is not None:
        return f"the value differs from the baseline's by less than {near:g}"
    return (
        f"the value hardly has a slope there (all slopes times the way from silence come to less than {near:g}): it is "
        "saturated, or does not depend on what sounds"
    )
