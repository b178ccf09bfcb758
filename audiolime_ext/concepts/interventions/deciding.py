"""Decisions that hang on a concept: windows in which another class wins when its sound is taken out.

A decision is the class with the largest logit, among the classes of the store. The store knows each window without one
patch at a time, so here is told how many windows change when *one* of a concept's patches is taken out, the one that
matters most; `audiolime_ext.concepts.interventions.taking_out` takes out all of them at once, and asks the model again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.interventions.removing import Members
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.text import share_of


@dataclass(frozen=True)
class Changed:
    """How many decisions change without a concept's patches.

    Parameters
    ----------
    n_windows : int
        Number of windows with a patch of the concept, in the songs on which it is tested.
    n_changed : int
        Number of those in which another class wins.
    to : dict of str to int
        Number of windows that change to each class.
    at_once : bool
        True if all patches of a window were taken out at once; False: one at a time.
    n_by_others : int or None
        Number of windows in which another class wins without as many other patches as loud; None: not asked.

    Examples
    --------
    >>> print(Changed(40, 12, {"jazz": 12}))
    12 of 40 windows are decided otherwise without one of its patches: 12 for jazz
    """

    n_windows: int
    n_changed: int
    to: dict[str, int]
    at_once: bool = False
    n_by_others: int | None = None

    def __str__(self) -> str:
        without = "all of its patches there" if self.at_once else "one of its patches"
        for_whom = ", ".join(f"{n} for {label}" for label, n in sorted(self.to.items(), key=lambda one: -one[1]))
        told = f"{share_of(self.n_changed, self.n_windows, 'window')} decided otherwise without {without}"
        instead = "" if self.n_by_others is None else f"; {self.n_by_others} without as many others as loud"
        return told + (f": {for_whom}" if for_whom else "") + instead


def changed(members: Members, removals: Floats, windows: Numbers, logits: Floats, labels: Sequence[str]) -> Changed:
    """How many decisions change when one of a concept's patches is taken out.

    Parameters
    ----------
    members : ndarray of bool, shape (n_patches,)
        True for patches of the concept.
    removals : ndarray of float64, shape (n_patches, n_classes)
        Logits by which each class is lower without each patch.
    windows : ndarray of int, shape (n_patches,)
        Window that holds each.
    logits : ndarray of float64, shape (n_windows, n_classes)
        Logits of the windows.
    labels : sequence of str, length n_classes
        Names of the classes.

    Examples
    --------
    >>> logits, removals = np.array([[2.0, 1.0], [3.0, 0.0]]), np.array([[1.5, 0.0], [0.2, 0.0], [1.0, 0.0]])
    >>> changed(np.ones(3, bool), removals, np.array([0, 0, 1]), logits, ["rock", "jazz"])
    Changed(n_windows=2, n_changed=1, to={'jazz': 1}, at_once=False, n_by_others=None)
    """
    own, before = np.flatnonzero(members), logits.argmax(axis=1)
    after = logits[windows[own]] - removals[own]
    winner = before[windows[own]]
    lead = after[np.arange(len(own)), winner] - np.where(np.arange(len(labels)) == winner[:, None], -np.inf, after).max(
        axis=1
    )
    to: Counter[str] = Counter()
    for window in np.unique(windows[own]):
        there = np.flatnonzero(windows[own] == window)
        most = there[lead[there].argmin()]
        if lead[most] < 0:
            to[labels[int(after[most].argmax())]] += 1
    return Changed(len(np.unique(windows[own])), to.total(), dict(to))
