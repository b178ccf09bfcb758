"""Which seconds of a song are played: the window in which a stem adds most to the nearness.

What a stem adds in one window is its Shapley vector there, as `audiolime_ext.collection.song_parts` has it of the whole
song; it adds to the nearness of another song what its product with that song's part is. A window that lacks the stem
adds nothing.

Invariant: *a window that is played lies within the excerpt that holds it*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.collection.song_parts import SongParts, Vectors
from audiolime_ext.track.asked import AskedTrack

_ROUNDING_S = 1e-6


@dataclass(frozen=True, eq=False)
class Moment:
    """A window that sounds.

    Parameters
    ----------
    start_s, end_s : float
        Start and end in seconds of the recording.
    parts : SongParts
        Parts of what the model answers there.
    """

    start_s: float
    end_s: float
    parts: SongParts = field(repr=False)

    def adds(self, stem: str | None, towards: Vectors) -> float:
        """What a stem (None: everything) adds along a vector of shape (n_features,); 0 where the window lacks it."""
        if stem is None:
            return float(self.parts.whole @ towards)
        if stem not in self.parts.names:
            return 0.0
        return float(self.parts.vectors[1 + self.parts.names.index(stem)] @ towards)


def moments(asked: AskedTrack) -> tuple[Moment, ...]:
    """The windows of a song that sound, with the parts of their answers."""
    found = []
    for answer in asked.answers:
        if answer.names:
            near = answer.neighborhood
            parts = SongParts(answer.names, np.concatenate([near.empty[None], shapley_values(near).weights.T]))
            end_s = min(answer.start_s + answer.duration_s, asked.recording.duration_s)
            found.append(Moment(answer.start_s, end_s, parts))
    return tuple(found)


def most(found: Sequence[Moment], stem: str | None, towards: Vectors, *, sign: int = 1) -> Moment:
    """The moment in which a stem adds most along a vector, or takes most away where `sign` is −1.

    Parameters
    ----------
    found : sequence of Moment
        Moments to choose from.
    stem : str or None
        Stem; None: the song as it is.
    towards : ndarray of float64, shape (n_features,)
        Vector that the answers are multiplied by.
    sign : int
        Number 1 for what adds most, −1 for what takes most away.

    Examples
    --------
    >>> quiet, loud = (Moment(t, t + 3, SongParts(("bass",), np.array([[0.0], [t]]))) for t in (0.0, 3.0))
    >>> most([quiet, loud], "bass", np.ones(1)).start_s, most([quiet, loud], "bass", np.ones(1), sign=-1).start_s
    (3.0, 0.0)
    """
    return max(found, key=lambda moment: sign * moment.adds(stem, towards))


def within(found: Sequence[Moment], start_s: float, end_s: float) -> tuple[Moment, ...]:
    """The moments that lie within some seconds, whole."""
    return tuple(
        moment for moment in found if moment.start_s >= start_s - _ROUNDING_S and moment.end_s <= end_s + _ROUNDING_S
    )


def around(moment: Moment, length_s: float, duration_s: float) -> tuple[float, float]:
    """The seconds of an excerpt around a moment, as (start, end), within a recording of `duration_s`.

    A moment that is longer than the excerpt is cut: its middle is taken.

    Examples
    --------
    >>> nothing = SongParts((), np.zeros((1, 1)))
    >>> around(Moment(1.0, 4.0, nothing), 20.0, 60.0), around(Moment(0.0, 60.0, nothing), 20.0, 60.0)
    ((0.0, 20.0), (20.0, 40.0))
    """
    length_s = min(length_s, duration_s)
    start_s = (moment.start_s + moment.end_s - length_s) / 2
    start_s = min(max(0.0, start_s), duration_s - length_s)
    return start_s, start_s + length_s
