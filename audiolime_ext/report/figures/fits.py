"""Whether there is room for what is drawn: said once, with what to do. This module loads matplotlib.

What lies where is known only once the figure is laid out, which is done here without drawing it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from weakref import WeakSet

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox

from audiolime_ext.files.names import legible

LEAST_WIDE_IN, LEAST_HIGH_IN = 0.7, 0.25  # that axes need for their data
SPARE_IN = 0.02
MOST_TITLE = 1.25  # height of a title, in heights of its data
MOST_SAID = 3
_DRAWN: WeakSet[Axes] = WeakSet()  # what is drawn later takes room from what was there


class NarrowLegend(Legend):
    """A legend below its axes: a layout makes room for its height, and leaves axes as wide as they were."""

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox:
        """Its place as a layout sees it."""
        place: Any = super().get_tightbbox(renderer)
        return Bbox.from_bounds(place.x0, place.y0, 1.0, place.height)


def warn_of_little_room(axes: Sequence[Axes], *, as_high_as_needed: bool = False) -> None:
    """Warn where axes are left too small, or texts around them are cut or lie over something else.

    Axes of the same figure that were drawn into before count, too.

    Parameters
    ----------
    axes : sequence of Axes
        Axes that have been drawn into, of one figure.
    as_high_as_needed : bool
        True if the height of the figure was chosen for what it holds.
    """
    whole: Any = axes[0].figure.canvas.figure
    _DRAWN.update(axes)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")  # of what is said here, or when it is drawn
        whole.draw_without_rendering()
    ours = [axis for axis in whole.axes if axis in _DRAWN]
    found = list(dict.fromkeys(fault for axis in ours for fault in _faults(axis, whole)))
    if not as_high_as_needed and any(map(_is_below_a_higher_title, ours)):
        found.append("a title is higher than the data below it")
    if any("collapsed to zero" in str(one.message) for one in told):
        found = ["no room is left for data"]
    if not found:
        return
    more = f" and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
    warnings.warn(
        f"there is too little room: {'; '.join(found[:MOST_SAID])}{more}. Make the figure larger, or the type smaller "
        "(style='paper'; in a figure of yours, plt.rcParams['font.size'] = 8 before it is made), or leave something "
        "out: title=False, legend=False, colorbar=False, heatmap=False. A figure of yours that is made with "
        "layout='constrained' makes room",
        stacklevel=5,
    )


def _faults(axis: Axes, whole: Any) -> Iterator[str]:
    dpi, box = whole.dpi, axis.get_window_extent()
    wide, high = box.width / dpi, box.height / dpi
    if wide < LEAST_WIDE_IN or high < LEAST_HIGH_IN:
        yield f"{wide:.1f} × {high:.1f} inches are left for data"
    names = [label for label in axis.get_yticklabels() if label.get_text()]
    places = sorted((label.get_window_extent() for label in names), key=lambda place: float(place.y0))
    if any(lower.y1 > upper.y0 + 0.1 * lower.height for lower, upper in pairwise(places)):
        yield "names beside an axis lie over each other"
    legend, spare = axis.get_legend(), SPARE_IN * dpi
    texts = [axis.title, axis._left_title, axis.xaxis.label, axis.yaxis.label]  # type: ignore[attr-defined]
    others = [other.get_window_extent() for other in whole.axes if other is not axis]
    for text in (text for text in texts if text.get_visible() and text.get_text()):
        place, name = text.get_window_extent(), legible(text.get_text().splitlines()[0])
        if _beyond(place, whole.bbox, spare):
            yield f"{name!r} is cut"
        elif any(_over(place, other, spare) for other in others):
            yield f"{name!r} lies over other axes"
    if legend is not None and _beyond(legend.get_window_extent(), whole.bbox, spare):
        yield "the legend is cut"


def _is_below_a_higher_title(axis: Axes) -> bool:
    title: Any = axis._left_title  # type: ignore[attr-defined]
    return bool(title.get_text()) and title.get_window_extent().height > MOST_TITLE * axis.get_window_extent().height


def _beyond(place: Any, whole: Any, spare: float) -> bool:
    return bool(
        place.x0 < whole.x0 - spare
        or place.y0 < whole.y0 - spare
        or place.x1 > whole.x1 + spare
        or place.y1 > whole.y1 + spare
    )


def _over(one: Any, other: Any, spare: float) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    along = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(min(across, along) > spare)
