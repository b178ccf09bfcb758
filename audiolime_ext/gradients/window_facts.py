"""What a result keeps of each window and each band: plain records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WindowFacts:
    """A window that was asked about.

    Parameters
    ----------
    start_s : float
        Start in seconds.
    value : float
        Target's value.
    baseline : float or None
        Its value for the baseline; None: there is none.
    gap : float or None
        Distance of the map's sum from the difference of the two; None: the map sums to nothing in particular.
    steps : int or None
        Number of nodes of the integral; None: there was none.
    abstained : bool
        True if the two values are the same, so that the window is not explained.
    """

    start_s: float
    value: float
    baseline: float | None
    gap: float | None
    steps: int | None
    abstained: bool


@dataclass(frozen=True)
class Band:
    """What a band adds, in the mean over windows.

    Parameters
    ----------
    index : int
        Number of the band, from 0 at the lowest.
    khz : float or None
        Its centre; None: not known.
    mean : float
        Mean over the explained windows of its sum within the window.
    low, high : float or None
        Ends of the interval; None: there are fewer than two windows.

    Examples
    --------
    >>> Band(3, 0.12, 0.02, 0.01, 0.03).is_clear, Band(3, 0.12, 0.02).is_clear
    (True, False)
    """

    index: int
    khz: float | None
    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether its interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)
