"""Panels in the user's axes, which keep their place: what stands around data finds room within them.

Where the figure has a layout engine, it makes room, and a legend stands below the last axes. Else it stands above the
data, whose axis reaches higher, and axes whose title needs more room than there is above them become lower, as those
with a colour bar become narrower. With a style that is asked for, type and lines of these axes are the style's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audiolime_ext.errors import UsageError
from audiolime_ext.report.figures.sheet import LEGEND, Panel, Room, Sheet
from audiolime_ext.report.figures.styles import Style
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

LEAST_SHARE, LARGEST_SHARE = 0.4, 0.6  # of the axes' height, that titles leave them; that a legend takes
_BETWEEN_IN = 0.05


def room_of(axes: Sequence[Axes], style: Style, without: frozenset[str] = frozenset()) -> Room:
    """The room of the user's axes, the narrowest of which counts."""
    across = axes[0].figure.bbox.width / axes[0].figure.dpi
    if _has_layout(axes):
        return Room(min(map(_share, axes)) * across, style, without=without)
    width_in = min(axis.get_position().width for axis in axes) * across
    left_in = max(0.3, min(axis.get_position().x0 for axis in axes) * across - 0.1)
    return Room(width_in, style, left_in, without)


def _share(axis: Axes) -> float:
    """The share of the figure's width that a layout gives axes and what stands beside them."""
    spec: Any = axis.get_subplotspec()
    if spec is None:
        return float(axis.get_position().width)
    around: Any = axis.figure.subplotpars
    return float(min(1.0, spec.get_position(axis.figure).width / (around.right - around.left)))


def fill_axes(axes: Sequence[Axes], sheet: Sheet, room: Room) -> None:
    """Draw the panels into the user's axes; of those `besides`, only where there are axes for them.

    Raises
    ------
    UsageError
        If there are not as many axes as panels.
    """
    from matplotlib import rc_context

    panels = sheet.panels if len(axes) == len(sheet.panels) else [one for one in sheet.panels if not one.besides]
    if len(axes) != len(panels):
        raise UsageError(
            f"{counted(len(panels), sheet.of)} to draw and {counted(len(axes), 'axes', 'axes')} given; hand over "
            f"ax=[…] with one for each, or draw fewer"
        )
    with rc_context(room.style.rc):
        for axis, panel in zip(axes, panels, strict=True):
            panel.draw(axis)
            axis.set_title(panel.title, loc="left", fontsize=room.style.points)
            if room.style.name:
                _dress(axis, room.style)
            if sheet.one_axis and any(_is_above(axis, other) for other in axes):
                axis.set_xlabel("")
                axis.tick_params(labelbottom=False)
        if not _has_layout(axes):
            _lower(axes, panels, room)
        if sheet.legend is not None and "legend" not in room.without:
            _add_legend(axes, panels, sheet.legend(axes[-1]), room)


def _dress(axis: Axes, style: Style) -> None:
    """Give axes that were made under other settings the type and the lines of a style."""
    axis.tick_params(labelsize=style.points, width=style.line)
    for text in (axis.xaxis.label, axis.yaxis.label):
        text.set_fontsize(style.points)
    for spine in axis.spines.values():
        spine.set_linewidth(style.line)


def _has_layout(axes: Sequence[Axes]) -> bool:
    return axes[0].figure.get_layout_engine() is not None


def _is_above(axis: Axes, other: Axes) -> bool:
    """Whether one stands in the column of another and above it."""
    here, there = axis.get_position(), other.get_position()
    return bool(abs(here.x0 - there.x0) < 0.01 and here.y0 >= there.y1)


@dataclass(frozen=True, eq=False)
class Lowered:
    """Where axes lie, as matplotlib asks whenever it draws: as low as titles need, wherever a layout has put them.

    Parameters
    ----------
    axes : sequence of Axes
        Axes that have titles.
    titles_in : sequence of float
        Height of each title in inches.
    of : Axes
        Axes that count; those beside them become as low.
    own : Axes
        Axes that lie there: the same, or a colour bar beside them.
    """

    axes: Sequence[Axes]
    titles_in: Sequence[float]
    of: Axes
    own: Axes

    def get_subplotspec(self) -> Any:
        """The place in the user's grid, as ``tight_layout`` asks for it."""
        return self.own.get_subplotspec()

    def __call__(self, axis: Axes, renderer: Any = None) -> Bbox:
        """The place of the axes."""
        from matplotlib.transforms import Bbox

        whole: Any = self.of.figure
        places = [one.get_position(original=True) for one in self.axes]
        others = [one.get_position(original=True) for one in whole.axes]
        top, less = self.of.get_position(original=True).y1, 0.0
        for place, title_in in zip(places, self.titles_in, strict=True):
            if abs(place.y1 - top) < 0.01:
                over = [p.y0 for p in others if p.y0 >= place.y1 and p.x0 < place.x1 and place.x0 < p.x1]
                less = max(less, title_in * whole.dpi / whole.bbox.height - (min([1.0, *over]) - place.y1))
        own = axis.get_position(original=True)
        return Bbox.from_bounds(own.x0, own.y0, own.width, max(LEAST_SHARE * own.height, own.height - less))


def _lower(axes: Sequence[Axes], panels: Sequence[Panel], room: Room) -> None:
    """Make axes lower whose titles have no room above them, and those beside them as much."""
    titles_in = [
        (panel.title.count("\n") + 1) * room.line_in + 2 * _BETWEEN_IN if panel.title else 0.0 for panel in panels
    ]
    for axis in axes:
        for one in (axis, *(drawn.colorbar.ax for drawn in (*axis.images, *axis.collections) if drawn.colorbar)):
            place: Any = Lowered(axes, titles_in, axis, one)
            one.set_axes_locator(place)
            one.apply_aspect(place(one))


def _add_legend(axes: Sequence[Axes], panels: Sequence[Panel], listed: Any, room: Room) -> None:
    """A legend below the last axes; where nothing would make room for it there, above the data."""
    handles, names = listed
    last, points = axes[-1], room.style.points
    look = {**LEGEND, "fontsize": points, "borderpad": 0.3}
    if _has_layout(axes):
        columns = room.columns(names, room.beside(["0.00"]))
        from audiolime_ext.report.figures.fits import NarrowLegend

        drawn: Any = last.legend(handles, names, ncols=columns, frameon=False, **look, **_below(last, points))
        drawn.__class__ = NarrowLegend
        return
    box, dpi = last.get_window_extent(), last.figure.dpi
    columns = room.columns(names, 0.95 * box.width / dpi)
    share = (-(-len(names) // columns) * 1.4 + 1.2) * points / 72 / (box.height / dpi)
    low, high = last.get_ylim()
    for axis in (axis for axis, panel in zip(axes, panels, strict=True) if not panel.besides):
        ticks = [tick for tick in axis.get_yticks() if low <= tick <= high]
        axis.set_ylim(low, low + (high - low) / (1 - min(share, LARGEST_SHARE)))
        axis.yaxis.set_major_locator(_apart(ticks, axis))
    last.legend(handles, names, loc="upper center", ncols=columns, frameon=True, **look)


def _apart(ticks: Sequence[float], axis: Axes) -> Any:
    """Ticks where data can be, as many as do not touch."""
    from audiolime_ext.report.figures.ticks import Apart

    return Apart(ticks, 1.3 * float(axis.yaxis.label.get_fontsize()) / 72)


def _below(axis: Axes, points: float) -> dict[str, Any]:
    """Where a legend stands that begins with an axis, below its numbers and their name."""
    from matplotlib import rcParams
    from matplotlib.transforms import ScaledTranslation

    ticks = rcParams["xtick.major.size"] + rcParams["xtick.major.pad"] + 1.2 * points
    named = rcParams["axes.labelpad"] + 1.3 * float(axis.xaxis.label.get_fontsize()) if axis.get_xlabel() else 0.0
    down = ScaledTranslation(0.0, -(ticks + named) / 72, axis.figure.dpi_scale_trans)
    at = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "borderaxespad": 0.2}
    return {**at, "bbox_transform": axis.transAxes + down}


def axes_of(ax: Any) -> list[Axes]:
    """The user's axes as a list.

    Raises
    ------
    UsageError
        If something else than axes of one figure of matplotlib is given.
    """
    import numpy as np
    from matplotlib.axes import Axes

    found = [ax] if isinstance(ax, Axes) else list(np.ravel(np.asarray(ax, object)))
    wrong = [one for one in found if not isinstance(one, Axes)]
    if wrong or not found:
        given = type(wrong[0]).__name__ if wrong else "nothing"
        raise UsageError(f"ax takes axes of matplotlib, as plt.subplots() gives them, or None; not {given}")
    if len({id(one.figure) for one in found}) > 1:
        raise UsageError("ax takes axes of one figure; these belong to several")
    return found
