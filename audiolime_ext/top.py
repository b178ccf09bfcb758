"""The components that argue most for a label, or the word that there are none.

When nothing argues. `top()` returns only components whose weight is positive beyond its interval (and beyond a
twentieth of the label's largest weight, which is rounding and leakage) and whose level is above −40 dB of the mixture;
else it says that nothing here argues for the label. Two remarks accompany a label whose score silence explains: "the
model says this for silence too" (silence scores at least half as much) and "nothing to explain by presence" (the
recording and silence differ by less than .05).
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Audio
from audiolime_ext.errors import NothingArgues

Array = NDArray[np.float64]

AUDIBLE_DB = -40.0
NEGLIGIBLE = 0.05
SAME_AS_SILENCE = 0.05
ROUNDING = 1e-6  # of float32 scores: less than this is nothing


@dataclass(frozen=True, eq=False)
class Top:
    """The components that argue most for a label, or the word that there are none.

    Parameters
    ----------
    label
        The tag.
    components, weights
        Names and weights, largest first; empty where nothing argues for the label. True in a condition if not.
    message
        A sentence to read.
    audio
        The components together, as they sound in the recording; None where there are none.
    """

    label: str
    components: tuple[str, ...]
    weights: tuple[float, ...]
    message: str
    audio: Audio | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.components)

    def __str__(self) -> str:
        return self.message

    def listen(self) -> Audio:
        """The sound, which notebooks show as a player.

        Raises
        ------
        NothingArgues
            If there is nothing to hear; the message says why.
        """
        if self.audio is None:
            raise NothingArgues(self.message)
        return self.audio

    def _repr_html_(self) -> str:
        player = "" if self.audio is None else self.audio._repr_html_()
        return f"<p>{html.escape(self.message)}</p>{player}"


def what_argues(weights: Array, certain: Array, levels_db: Sequence[float]) -> list[int]:
    """Positions of the components that argue for a label, the strongest first; empty where none does (see the module).

    Parameters
    ----------
    weights, certain
        Weights of the label and the lower ends of their intervals (the weights themselves where these are exact), shape
        (n_components,).
    levels_db
        Levels relative to the mixture.

    Examples
    --------
    >>> import numpy as np
    >>> weights = np.array([0.2, 0.3, -0.1, 0.4])
    >>> what_argues(weights, weights, [-3.0, -6.0, -6.0, -90.0])
    [1, 0]
    """
    least = max(NEGLIGIBLE * float(np.max(np.abs(weights), initial=0.0)), ROUNDING)
    order = [int(i) for i in np.argsort(-weights, kind="stable")]
    return [i for i in order if certain[i] > least and levels_db[i] > AUDIBLE_DB]


def score_remarks(label: str, full: float, empty: float, off: str) -> list[str]:
    """What to know of a score that the baseline `off` explains (see the module).

    Examples
    --------
    >>> score_remarks("guitar", 0.4, 0.31, "silence")
    ['guitar: the model says this for silence too (0.31; here 0.40)']
    """
    found = []
    if full < SAME_AS_SILENCE:
        found.append(f"{label}: the model hardly says this here ({full:.2f}; {off} {empty:.2f})")
    elif empty >= full / 2:
        found.append(f"{label}: the model says this for {off} too ({empty:.2f}; here {full:.2f})")
    if abs(full - empty) < SAME_AS_SILENCE:
        gap = f"the score is that of {off}, to {abs(full - empty):.2f}"
        found.append(f"{label}: nothing to explain by presence ({gap})")
    return found
