"""What a collection offers to put in: why nothing could be tried of a pair, and how many songs could be donors.

A donor must be of another song than its host. So a collection of one song has none, however many recordings it holds;
and how many songs of a larger one are tried also depends on how many donors the audit was told to draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.results import Results


def untried(results: Results, label: str, component: str, kind: str = "own") -> str:
    """The reason why nothing was put in of a pair of which there are no trials.

    Parameters
    ----------
    results : Results
        Results of an audit.
    label, component : str
        Names of the class and of the component.
    kind : {"own", "matched"}
        Kind of what would have been put in.
    """
    asked, j = results.asked(kind), results.components.index(component)
    column = results.labels.index(label)
    is_of = results.is_of[:, column]
    hosts, donors = asked.recordings, asked.donors
    given = ~is_of[hosts] & is_of[donors]
    if not results.identity.settings.get("n_donors", 1):
        return "the audit drew no donors (--n-donors 0)"
    if not given.any():
        if len({entry.song for entry in results.entries}) == 1:
            return "all recordings are of one song, and a donor must be of another"
        return f"no recording of {label!r} was a donor of one of another class"
    held = given & (asked.components == j) & results.present[donors, j]
    if not held.any():
        return f"no donor of {label!r} that was drawn and measured offers {component}"
    apart = held & ~results.holds_everything[donors, j] & ~results.holds_everything[hosts, j]
    if not apart.any():
        return f"{component} is nearly all of the sound wherever it could be put in"
    return f"the model decides for {label!r} anyway, wherever {component} could be put in"


def n_offered(results: Results, label: str, component: str) -> int | None:
    """The number of songs that could be donors of a pair; None where the audit drew as many donors as there are.

    Parameters
    ----------
    results : Results
        Results of an audit.
    label, component : str
        Names of the class and of the component.
    """
    songs = np.array([entry.song for entry in results.entries], object)
    drawn = results.identity.settings.get("n_donors")
    if drawn is None or drawn >= _n(songs) - 1:
        return None
    of_it = results.done & results.is_of[:, results.labels.index(label)]
    return _n(songs[of_it & results.present[:, results.components.index(component)]])


def _n(songs: NDArray[np.object_]) -> int:
    return len(set(songs.tolist()))
