"""Panels one above the other, and how they come to lie in a new figure or in the user's axes.

What is drawn is decided before anything is: a `Sheet` knows how many panels there are and how high each is, so that
figures are as high as their content, and axes that are too few or too many are refused.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

from audiolime_ext.errors import UsageError
from audiolime_ext.report.figures.styles import Style, fitted, width_of
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = str | tuple[str, str]  # of a title

LEAST_IN, LARGEST_IN = 0.5, 100.0
SHARE_OF_NAMES = 0.4  # of the width, that names beside an axis may take
EDGE_IN, BAR_IN = 0.25, 0.6  # of what stands beside an axis besides names; of a colour bar with its ticks


@dataclass(frozen=True)
class Room:
    """How much room a panel has, and in which style it is drawn.

    Parameters
    ----------
    width_in : float
        Width of the whole panel in inches.
    style : Style
        Style of the figure.
    """

    width_in: float
    style: Style

    @property
    def line_in(self) -> float:
        """Height of a line of text in inches."""
        return self.style.points * 1.45 / 72

    def names(self, names: Sequence[str]) -> list[str]:
        """Names beside an axis, as they fit; those that would look alike lose their middle, not their end."""
        room_in, points = SHARE_OF_NAMES * self.width_in, self.style.points
        found = [fitted(name, room_in, points) for name in names]
        return [
            short if found.count(short) == 1 else fitted(name, room_in, points, keep_end=True)
            for name, short in zip(names, found, strict=True)
        ]

    def n_ticks(self, beside: Sequence[str]) -> int:
        """Most ticks with numbers below an axis that has names beside it."""
        return max(2, int(self.beside(beside) / width_of("−0.000", self.style.points) / 1.2))

    def title(self, *lines: Line, beside: Sequence[str] = (), bar: bool = False) -> str:
        """A title that begins where the axis does, `beside` which stand names, and on the other side a colour `bar`.

        Of a pair, such as a song and its seconds, the second has a line of its own where both are too long for one.
        """
        room_in, found = self.beside(beside, bar=bar), []
        for line in lines:
            name, rest = (line, "") if isinstance(line, str) else line
            if rest and width_of(name + rest, self.style.points) > room_in:
                rest = rest.lstrip(",:; ")
                found += [name, *([rest] if width_of(rest, self.style.points) <= room_in else rest.split(", "))]
            else:
                found.append(name + rest)
        return "\n".join(fitted(line, room_in, self.style.points) for line in found)

    def below(self, text: str, beside: Sequence[str] = ()) -> str:
        """A text below an axis, in as many lines as it needs."""
        most = max(12, int(self.beside(beside) / width_of("n", self.style.points)))
        return "\n".join(textwrap.wrap(text, most))

    def beside(self, names: Sequence[str], *, bar: bool = False) -> float:
        """Width of an axis in inches that has names beside it, and a colour bar if there is one."""
        taken = EDGE_IN + (BAR_IN if bar else 0.0)
        return self.width_in - taken - max((width_of(name, self.style.points) for name in names), default=0.0)


@dataclass(frozen=True)
class Panel:
    """One axes: how high it is, and what draws into it.

    Parameters
    ----------
    height_in : float
        Height of the axes in inches.
    draw : callable of Axes
        Function that draws into the axes.
    title : str
        Title, of one line or more.
    besides : bool
        True if it is left out where the user's axes are only as many as the other panels.
    """

    height_in: float
    draw: Callable[[Axes], None] = field(repr=False)
    title: str = ""
    besides: bool = False


@dataclass(frozen=True)
class Sheet:
    """All panels of a figure.

    Parameters
    ----------
    panels : tuple of Panel
        Panels, from top to bottom.
    of : str
        Word for what there is a panel of, such as "label".
    legend : callable of Axes giving (handles, names), or None
        Function from the last panel to what a legend lists; None: there is no legend.
    one_axis : bool
        True if all panels have the same x axis, which is written below the last only.
    """

    panels: tuple[Panel, ...]
    of: str = "label"
    legend: Callable[[Axes], tuple[list[Any], list[str]]] | None = None
    one_axis: bool = True


def size_of(sheet: Sheet, figsize: Any, room: Room) -> tuple[float, float]:
    """Width and height of a figure in inches: as high as its panels, unless both are given."""
    if isinstance(figsize, Sequence):
        return room.width_in, float(figsize[1])
    below = 3.0 * room.line_in
    legend = 0.0 if sheet.legend is None else 2.5 * room.line_in
    axes = below if sheet.one_axis else below * len(sheet.panels)
    panels = sum(panel.height_in + (panel.title.count("\n") + 1.6) * room.line_in for panel in sheet.panels)
    return room.width_in, round(panels + axes + legend, 2)


def width_asked(figsize: Any, style: Style) -> float:
    """The width of a figure in inches.

    Raises
    ------
    UsageError
        If `figsize` is neither a width nor a width and a height that a figure can have.

    Examples
    --------
    >>> from audiolime_ext.report.figures.styles import STYLES
    >>> width_asked(None, STYLES["paper"]), width_asked(7, STYLES["paper"]), width_asked((6, 2), STYLES["screen"])
    (3.4, 7.0, 6.0)
    """
    if figsize is None:
        return style.width_in
    wanted = list(figsize) if isinstance(figsize, Sequence) and not isinstance(figsize, str) else [figsize]
    numbers = all(isinstance(side, Real) and not isinstance(side, bool) for side in wanted)
    if len(wanted) not in (1, 2) or not numbers or not all(LEAST_IN <= side <= LARGEST_IN for side in wanted):
        raise UsageError(
            f"figsize is a width, or a width and a height, in inches from {LEAST_IN:g} to {LARGEST_IN:g}, such as 7 or "
            f"(7, 3); not {figsize!r}"
        )
    return float(wanted[0])


def fill(figure: Figure, sheet: Sheet, room: Room) -> None:
    """Draw all panels into a new figure."""
    from matplotlib import rc_context

    with rc_context(room.style.rc):
        heights = [panel.height_in for panel in sheet.panels]
        found = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False, sharex=sheet.one_axis)[:, 0]
        for axis, panel in zip(found, sheet.panels, strict=True):
            panel.draw(axis)
            axis.set_title(panel.title, loc="left")
            if sheet.one_axis and axis is not found[-1]:
                axis.set_xlabel("")
                axis.tick_params(labelbottom=False)
        if sheet.legend is not None:
            handles, names = sheet.legend(found[-1])
            names = room.names(names)
            each_in = max(width_of(name, room.style.points) for name in names) + 4.5 * room.style.points / 72
            columns = max(1, min(len(names), int(room.width_in / each_in)))
            figure.legend(handles, names, loc="outside lower center", ncols=columns, handlelength=1.5)


def fill_axes(axes: Sequence[Axes], sheet: Sheet, style: Style) -> None:
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
    with rc_context(style.rc):
        for axis, panel in zip(axes, panels, strict=True):
            panel.draw(axis)
            axis.set_title(panel.title, loc="left")
        if sheet.legend is not None:
            makes_room = axes[-1].figure.get_layout_engine() is not None
            outside: Any = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if makes_room else {"loc": "best"}
            axes[-1].legend(*sheet.legend(axes[-1]), **outside)


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
