"""Ticks that leave out what would stand too close, whatever size axes come to have. This module loads matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import FixedLocator


class Apart(FixedLocator):
    """Of fixed places on a vertical axis those whose numbers do not touch: the highest, and what is far enough below.

    Parameters
    ----------
    places : sequence of float
        Places on the axis.
    apart_in : float
        Least distance of two of them in inches.
    """

    def __init__(self, places: Sequence[float], apart_in: float) -> None:
        super().__init__(places)
        self.places = sorted(map(float, places), reverse=True)
        self.apart_in = apart_in

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The places that are kept, as the axes are now."""
        axes = self.axis.axes  # type: ignore[union-attr]  # a locator in use has its axis
        low, high = sorted(axes.get_ylim())
        an_inch = (high - low) * axes.figure.dpi / max(axes.get_window_extent().height, 1.0)
        kept: list[float] = []
        for place in self.places:
            if not kept or kept[-1] - place >= self.apart_in * an_inch:
                kept.append(place)
        return kept[::-1]
