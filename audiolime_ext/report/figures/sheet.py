"""Panels one above the other, and how they come to lie in a new figure.

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = str | tuple[str, str]  # of a title

LEAST_IN, LOWEST_IN, LARGEST_IN = 2.0, 0.5, 100.0
SHARE_OF_NAMES = 0.4  # of the width, that names beside an axis may take
LEAST_TITLE_IN = 1.1
BESIDE_BAR = 0.84  # of an axis' width, that a colour bar leaves it
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
    left_in : float or None
        Width in inches beside axes that keep their width of `width_in`; None: names are within it.
    """

    width_in: float
    style: Style
    left_in: float | None = None

    @property
    def line_in(self) -> float:
        """Height of a line of text in inches."""
        return self.style.points * 1.45 / 72

    def names(self, names: Sequence[str]) -> list[str]:
        """Names beside an axis, as they fit; those that would look alike lose their middle, not their end."""
        points = self.style.points
        room_in = SHARE_OF_NAMES * self.width_in if self.left_in is None else self.left_in
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

        Of a pair, such as a song and its seconds, the second has lines of its own where both are too long for one.
        """
        room_in, found = max(self.beside(beside, bar=bar), LEAST_TITLE_IN), list[str]()
        for line in lines:
            name, rest = (line, "") if isinstance(line, str) else line
            if rest and width_of(name + rest, self.style.points) > room_in:
                rest = rest.lstrip(",:; ")
                pieces = [rest] if width_of(rest, self.style.points) <= room_in else rest.split(", ")
                found += [name, *(part for piece in pieces for part in self._wrapped(piece, room_in))]
            else:
                found += [name + rest] if rest else self._wrapped(name, room_in)
        return "\n".join(fitted(line, room_in, self.style.points) for line in found)

    def below(self, text: str, beside: Sequence[str] = ()) -> str:
        """A text below an axis, in as many lines as it needs."""
        return "\n".join(self._wrapped(text, self.beside(beside)))

    def _wrapped(self, text: str, room_in: float) -> list[str]:
        if width_of(text, self.style.points) <= room_in:
            return [text]
        return textwrap.wrap(text, max(12, int(room_in / width_of("n", self.style.points))))

    def beside(self, names: Sequence[str], *, bar: bool = False) -> float:
        """Width of an axis in inches that has names beside it, and a colour bar if there is one."""
        if self.left_in is not None:
            return self.width_in * (BESIDE_BAR if bar else 1.0)
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
    pair = isinstance(figsize, Sequence) and not isinstance(figsize, str)
    wanted = list(figsize) if pair else [figsize, LOWEST_IN]
    numbers = len(wanted) == 2 and all(isinstance(side, Real) and not isinstance(side, bool) for side in wanted)
    if not numbers or not (LEAST_IN <= wanted[0] <= LARGEST_IN and LOWEST_IN <= wanted[1] <= LARGEST_IN):
        raise UsageError(
            f"figsize is a width, or a width and a height, in inches, such as 7 or (7, 3): from {LEAST_IN:g} wide, to "
            f"be read, and {LOWEST_IN:g} high to {LARGEST_IN:g}; not {figsize!r}"
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
