"""Which source leads a label over a recording: "piano leads jazz in 2 of 3 windows".

Each place is judged by the rule of `audiolime_ext.explanation.leading`. One in which the leader is not told apart, in
which one component is all there is, or in which the score is that of the baseline is counted for no component, and
said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from audiolime_ext.explanation.leading import Leading
from audiolime_ext.text import counted


@dataclass(frozen=True)
class Leaders:
    """How often each component is known to lead.

    Parameters
    ----------
    label : str
        Label, as it is called in sentences.
    n_reached : int
        Number of windows in which the label reaches the track's `min_score`.
    counts : dict of str to int
        Component → number of these windows in which it leads, largest first; where none argues nothing is counted.
    n_windows, min_score : int, float
        Number of windows of the track, and its least score.
    n_not_told_apart, n_whole, n_as_baseline : int
        Number of these windows in which sources argue and the leader is not known, in which one component is the whole
        recording, and in which the value is that of the baseline and sources only offset each other.
    whole : str or None
        Component that is the whole recording, where it is one and the same.
    off : str
        Name of the baseline.

    Examples
    --------
    >>> print(Leaders("jazz", 3, {"piano": 2}, n_windows=60, min_score=0.3, n_not_told_apart=1))
    piano leads jazz in 2 of 3 windows; not told apart in 1; 57 more stay below 0.3
    """

    label: str
    n_reached: int
    counts: dict[str, int]
    n_windows: int
    min_score: float
    n_not_told_apart: int = 0
    n_whole: int = 0
    n_as_baseline: int = 0
    whole: str | None = None
    off: str = "silence"

    @classmethod
    def count(
        cls, label: str, windows: Iterable[Leading | None], *, n_windows: int, min_score: float, off: str = "silence"
    ) -> Leaders:
        """Count what is known in each window; None stands for a silent one."""
        judged = list(windows)
        sounding = [found for found in judged if found is not None]
        offset = [found for found in sounding if found.state in ("leads", "tied") and found.as_baseline]
        led = Counter(found.sources[found.first[0]] for found in sounding if found.known and not found.as_baseline)
        open_ = [f for f in sounding if f.state == "unknown" or (f.state == "tied" and not f.as_baseline)]
        wholes = [found.sources[found.first[0]] for found in sounding if found.state == "whole"]
        return cls(
            label,
            len(judged),
            dict(led.most_common()),
            n_windows,
            min_score,
            n_not_told_apart=len(open_),
            n_whole=len(wholes),
            n_as_baseline=len(offset),
            whole=wholes[0] if len(set(wholes)) == 1 else None,
            off=off,
        )

    @property
    def besides(self) -> str:
        """The windows that are counted for no component, in words: ``not told apart in 1``."""
        only = "" if self.whole is None else f" ({self.whole} is all there is)"
        said = [
            (self.n_not_told_apart, f"not told apart in {self.n_not_told_apart}"),
            (self.n_whole, f"nothing to tell apart in {self.n_whole}{only}"),
            (self.n_as_baseline, f"nearly as for {self.off} in {self.n_as_baseline}"),
        ]
        return ", ".join(words for count, words in said if count)

    def __str__(self) -> str:
        if not self.n_reached:
            none = "not in its one window" if self.n_windows == 1 else f"in none of {self.n_windows} windows"
            return f"{self.label} reaches {self.min_score:g} {none}"
        if self.counts:
            first, *others = self.counts.items()
            rest = "".join(f", {name} in {count}" for name, count in others)
            led = f"{first[0]} leads {self.label} in {first[1]} of {counted(self.n_reached, 'window')}{rest}"
            return "; ".join(filter(None, (led, self.besides, self._below)))
        anywhere = "in its one window" if self.n_reached == 1 else f"in any of {self.n_reached} windows"
        known = f"no source is known to lead {self.label} {anywhere}: {self.besides}"
        said = known if self.besides else f"nothing argues for {self.label} {anywhere}"
        return "; ".join(filter(None, (said, self._below)))

    @property
    def _below(self) -> str:
        """How many windows were not looked at: ``4 more stay below 0.3``."""
        n = self.n_windows - self.n_reached
        return f"{n} more {'stays' if n == 1 else 'stay'} below {self.min_score:g}" if n > 0 else ""
