"""Who leads a label over a recording: "piano leads jazz in 2 of 3 places"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leaders:
    """How often each component argues most for a label.

    Parameters
    ----------
    label
        The tag.
    n_places
        Windows in which the label reaches the track's `min_score`.
    counts
        Component → in how many of these places it argues most, largest first; where none argues nothing is counted.
    n_windows, min_score
        Of the track.

    Examples
    --------
    >>> print(Leaders("jazz", 3, {"piano": 2}, n_windows=60, min_score=0.3))
    piano leads jazz in 2 of 3 places
    """

    label: str
    n_places: int
    counts: dict[str, int]
    n_windows: int
    min_score: float

    def __str__(self) -> str:
        if not self.n_places:
            return f"{self.label} reaches {self.min_score:g} in none of {self.n_windows} windows"
        if not self.counts:
            return f"nothing argues for {self.label} in any of {self.n_places} places"
        first, *others = self.counts.items()
        rest = "".join(f", {name} in {count}" for name, count in others)
        return f"{first[0]} leads {self.label} in {first[1]} of {self.n_places} places{rest}"
