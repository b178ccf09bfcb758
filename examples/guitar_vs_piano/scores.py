"""What audits say of a model, beside what the model is.

- *Verdict*, from the standard songs: is anything called a confounder, and is the first the one that was planted?
- *Commission errors*: wrong recordings that have the confounder and would be right without it (truly rendered without).
  Is the confounder the component with the largest weight for the wrong class?
- *Omission errors*: wrong recordings that lack the confounder and would be right with it. No weight can show what is
  missing; so every component but the class's own instrument is taken from each donor. Does the confounder's, of all,
  make most of them right?
- Other errors are counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.results import Results
from examples.guitar_vs_piano.audits import MEANT
from examples.guitar_vs_piano.confounders import LABELS, Confounder

STEM = {"drums": "drums", "bass": "bass", "level": "bass", "reverb": "bass"}
_IN_HPSS = {"drums": "percussive"}
BOTH = tuple(part for parts in MEANT.values() for part in parts)  # hold guitar and piano


def component_of(confounder: Confounder, factorization: str) -> str | None:
    """The component that holds a confounder; None where none does."""
    return _IN_HPSS.get(confounder.name) if factorization == "hpss" else STEM[confounder.name]


@dataclass(frozen=True)
class Error:
    """A wrong recording: its song, its kind, and whether the confounder was named."""

    song: str
    kind: str
    named: bool


def errors(std: Results, bad: Results, confounder: Confounder, component: str) -> list[Error]:
    """The wrong recordings of both sets."""
    found = []
    for here, there, swapped in ((std, bad, False), (bad, std, True)):
        right = {name: correct(there, i) for i, name in enumerate(names(there))}
        weights = here.matrix("attribution")
        for i, entry in enumerate(here.entries):
            if correct(here, i):
                continue
            has_it = (entry.labels[0] == confounder.on) != swapped
            if not right[names(here)[i]]:
                found.append(Error(entry.song, "other", False))
            elif has_it:
                found.append(Error(entry.song, "commission", _argues_most(here, weights[i], i) == component))
            else:
                found.append(Error(entry.song, "omission", _corrects_most(here, i) == component))
    return found


def names(results: Results) -> list[str]:
    """Song and class of each recording: the same in both sets."""
    return [f"{entry.song} {entry.labels[0]}" for entry in results.entries]


def correct(results: Results, i: int) -> bool:
    """Whether a recording's class is decided for."""
    return bool(results.decided[i, LABELS.index(results.entries[i].labels[0])])


def attributed(results: Results, component: str) -> float:
    """The share of right recordings with a component in which it has the largest weight for their class.

    Of a clean model that is where attribution alone misleads: it says what the decision would lose with the component
    beside what it would lose with others, not whether anything else of its kind would do.
    """
    weights, place = results.matrix("attribution"), results.components.index(component)
    there = [i for i in range(len(results.entries)) if correct(results, i) and results.present[i, place]]
    return float(np.mean([_argues_most(results, weights[i], i) == component for i in there])) if there else float("nan")


def _argues_most(results: Results, weights: NDArray[Any], i: int) -> str | None:
    """The component with the largest positive weight for the class that was decided for."""
    column = weights[:, int(results.decided[i].argmax())]
    if not np.nanmax(column, initial=0.0) > 0:
        return None
    return results.components[int(np.nanargmax(column))]


def _corrects_most(results: Results, i: int) -> str | None:
    """The component of donors that most often makes a recording right; None where none ever does."""
    label = results.entries[i].labels[0]
    asked = results.asked("own")
    right = results.decide(asked.values)[:, LABELS.index(label)]
    shares = {}
    for place, component in enumerate(results.components):
        rows = (asked.recordings == i) & (asked.components == place) & results.present[asked.donors, place]
        if component not in (label, "residual", *BOTH) and rows.any():
            shares[component] = float(right[rows].mean())
    best = max(shares, key=lambda component: shares[component], default=None)
    return best if best is not None and shares[best] > 0 else None
