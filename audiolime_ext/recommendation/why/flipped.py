"""What was found of the smallest change by which another song would win: numbers, a sentence, and its sound.

*Nothing is clipped unsaid*: where the changed window is louder than full scale, it and the unchanged one are lowered
alike, so that they stay comparable, and the names of both say by how much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.track.remix import Remix


@dataclass(frozen=True, eq=False)
class Flip:
    """The smallest change that puts B before A, or that there is none.

    Parameters
    ----------
    songs : tuple of (str, str)
        Names of A and B.
    changes_db : mapping of str to float
        Stem → change of its level in dB, above 0 where it becomes louder; empty where B is first already, or no change
        was found.
    margin_before : float
        Margin of the song as it is; above 0 where B comes before A.
    margin_after : float or None
        Margin of the changed song; None where there is no change.
    without : mapping of str to float
        Stem → margin of the song without it; NaN where what is left is as near to one song as to the other. Empty for a
        song of one stem.
    most_db, step_db : float
        Largest change that was tried, and distance of the changes that were tried first.
    n_evals : int
        Number of mixes that the model was asked about, each of one window.
    window : int
        Number of the window that is played: the one whose answer moves furthest along with the song's.
    remix : Remix
        Song with its stems, for listening.
    """

    songs: tuple[str, str]
    changes_db: Mapping[str, float]
    margin_before: float
    margin_after: float | None
    without: Mapping[str, float]
    most_db: float
    step_db: float
    n_evals: int
    window: int = field(repr=False)
    remix: Remix = field(repr=False)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that change; none where nothing has to, or nothing does it."""
        return tuple(self.changes_db)

    @property
    def change_db(self) -> float | None:
        """By how many dB each of them changes, above 0; None where there is no change."""
        return abs(next(iter(self.changes_db.values()))) if self.changes_db else None

    @property
    def first(self) -> bool:
        """Whether B comes before A as it is."""
        return self.margin_before > 0

    def __str__(self) -> str:
        a, b = map(legible, self.songs)
        if self.first:
            told = f"{b} comes before {a} as it is"
        elif self.changes_db:
            told = f"with {self._change}, {b} would come before {a}"
        else:
            several = " or of several together" if len(self.remix.asked.whole.names) > 1 else ""
            steps = "" if self.step_db >= self.most_db else f" (tried in steps of {self.step_db:g} dB)"
            told = f"no change of one stem{several} within {self.most_db:g} dB puts {b} before {a}{steps}"
        return "; ".join(filter(None, [told, self._removals]))

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; null where a margin is not a number."""
        return {
            "songs": list(self.songs),
            "first": self.first,
            "changes_db": dict(self.changes_db),
            "margin_before": _number(self.margin_before),
            "margin_after": self.margin_after,
            "without": {stem: _number(margin) for stem, margin in self.without.items()},
            "most_db": self.most_db,
            "step_db": self.step_db,
            "n_evals": self.n_evals,
            "sentence": str(self),
        }

    def before(self) -> Audio:
        """The window of most effect as it is, lowered as `after` is; its name says by how much."""
        return self._played[0]

    def after(self) -> Audio:
        """The same window with the change; both are lowered by `lowered_db`, so that neither is clipped in playing.

        Raises
        ------
        UsageError
            If there is no change to listen to.
        """
        return self._played[1]

    @property
    def lowered_db(self) -> float:
        """By how many dB both are softer than the recording; 0 where the louder one stays within full scale."""
        return self._played[2]

    @cached_property
    def _played(self) -> tuple[Audio, Audio, float]:
        if not self.changes_db:
            raise UsageError(f"there is no change to listen to: {self}")
        at = self.remix.windows[self.window]
        where = f"{self.remix.asked.recording.name}, {at.start_s:.2f}–{at.start_s + at.duration_s:.2f} s"
        both = [self.remix.listen(self.window, changes, name="") for changes in ({}, self.changes_db)]
        peak = max(1.0, *(float(np.abs(one.samples).max()) for one in both))
        lowered_db = 20 * math.log10(peak)
        softer = "" if peak == 1.0 else f" (lowered by {lowered_db:.1f} dB)"
        names = (f"{where}{softer}", f"{where}, with {self._change}{softer}")
        before, after = (
            Audio(one.samples / np.float32(peak), one.sr, name) for one, name in zip(both, names, strict=True)
        )
        return before, after, lowered_db

    @property
    def _change(self) -> str:
        louder, softer = ([s for s, db in self.changes_db.items() if (db > 0) == up] for up in (True, False))
        told = [(louder, "louder"), (softer, "softer")]
        how = [f"{_listed(stems)} {self.change_db:g} dB {way}" for stems, way in told if stems]
        every = set(self.changes_db) == set(self.remix.asked.whole.names) and len(how) == 1
        return " and ".join(how) + (" (the whole song)" if every else "")

    @property
    def _removals(self) -> str:
        """Which stems, taken out, would put B first, or no longer."""
        if not self.without:
            return ""
        turning = [stem for stem, margin in self.without.items() if (margin > 0) != self.first]
        if not turning:
            return f"taking out one stem does not {'change that' if self.first else 'do it'}"
        then = "it would not" if self.first else "it would, too" if self.changes_db else "it would come first"
        return f"without {' or '.join(turning)} {then}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
