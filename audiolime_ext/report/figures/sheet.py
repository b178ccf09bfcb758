"""Panels one above the other, and how they come to lie in a new figure.

What is drawn is decided before anything is: a `Sheet` knows how many panels there are and how high each is, so that
figures are as high as their content, and axes that are too few or too many are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

from audiolime_ext.errors import UsageError
from audiolime_ext.report.figures.styles import Style, fitted, width_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = str | tuple[str, str]  # of a title

LEAST_IN, LOWEST_IN, LARGEST_IN = 2.0, 0.5, 100.0
SHARE_OF_NAMES, SHARE_OF_WHOLE = 0.4, 0.6  # of the width, that names beside an axis may take; if none is cut then
SECONDS = "seconds of the recording"
AROUND = ("title", "legend", "colorbar", "heatmap")  # what stands around data, and may be left out
LEGEND: dict[str, Any] = {"handlelength": 1.2, "handletextpad": 0.5, "columnspacing": 1.0}
_BESIDE_A_NAME = 2.7  # widths of an "m" that a legend takes for each column, besides its names
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
    without : frozenset of str
        Parts, of `AROUND`, that are left out.
    """

    width_in: float
    style: Style
    left_in: float | None = None
    without: frozenset[str] = frozenset()

    @property
    def line_in(self) -> float:
        """Height of a line of text in inches."""
        return self.style.points * 1.45 / 72

    def names(self, names: Sequence[str]) -> list[str]:
        """Names beside an axis, as they fit; those that begin alike lose their middle, not their end."""
        points = self.style.points
        room_in = SHARE_OF_NAMES * self.width_in if self.left_in is None else self.left_in
        longest_in = max((width_of(name, points) for name in names), default=0.0)
        if self.left_in is None and longest_in <= SHARE_OF_WHOLE * self.width_in:
            return [fitted(name, longest_in, points) for name in names]
        found = [fitted(name, room_in, points) for name in names]
        firsts = [name.split(" ")[0] for name in names]
        return [
            short if max(found.count(short), firsts.count(first)) == 1 else fitted(name, room_in, points, keep_end=True)
            for name, short, first in zip(names, found, firsts, strict=True)
        ]

    def n_ticks(self, beside: Sequence[str]) -> int:
        """Most ticks with numbers below an axis that has names beside it."""
        return max(2, int(self.beside(beside) / width_of("−0.000", self.style.points) / 1.2))

    def title(self, *lines: Line, beside: Sequence[str] = (), bar: bool = False) -> str:
        """A title that begins where the axis does, `beside` which stand names, and on the other side a colour `bar`.

        Of a pair, such as a song and its seconds, the second has lines of its own where both are too long for one.
        """
        if "title" in self.without:
            return ""
        room_in, found = max(self.beside(beside, bar=bar), LEAST_TITLE_IN), list[str]()
        for line in lines:
            name, rest = (line, "") if isinstance(line, str) else line
            if rest and width_of(name + rest, self.style.points) > room_in:
                rest = rest.lstrip(",:; ")
                pieces = [rest] if width_of(rest, self.style.points) <= room_in else rest.split(", ")
                found += [part for piece in (name, *pieces) for part in self._wrapped(piece, room_in)]
            else:
                found += self._wrapped(name + rest, room_in)
        return "\n".join(found)

    def below(self, text: str, beside: Sequence[str] = ()) -> str:
        """A text below an axis, in as many lines as it needs."""
        return "\n".join(self._wrapped(text, self.beside(beside)))

    def seconds(self, beside: Sequence[str] = (), *, bar: bool = False) -> str:
        """What stands below an axis of time, as it fits."""
        return SECONDS if width_of(SECONDS, self.style.points) <= self.beside(beside, bar=bar) else "seconds"

    def columns(self, names: Sequence[str], width_in: float) -> int:
        """In how many columns a legend of some names has the fewest rows within a width."""
        points, fewest = self.style.points, 1
        each_in = [width_of(name, points) + _BESIDE_A_NAME * points / 72 for name in names]
        for n in range(2, len(names) + 1):
            rows, longer = divmod(len(names), n)  # the first columns are longer
            ends = list(accumulate([rows + 1] * longer + [rows] * (n - longer), initial=0))
            fits = sum(max(each_in[begin:end]) for begin, end in pairwise(ends)) <= width_in
            if fits and -(-len(names) // n) < -(-len(names) // fewest):
                fewest = n
        return fewest

    def _wrapped(self, text: str, room_in: float) -> list[str]:
        return wrapped(text, room_in, self.style.points)

    def beside(self, names: Sequence[str], *, bar: bool = False) -> float:
        """Width of an axis in inches that has names beside it, and a colour bar if there is one."""
        bar = bar and "colorbar" not in self.without
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
    legend = 0.0 if sheet.legend is None or "legend" in room.without else 2.5 * room.line_in
    axes = below if sheet.one_axis else below * len(sheet.panels)
    lines = [panel.title.count("\n") + 1.6 if panel.title else 0.6 for panel in sheet.panels]
    panels = sum(panel.height_in + n * room.line_in for panel, n in zip(sheet.panels, lines, strict=True))
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


def fill(figure: Figure, sheet: Sheet, room: Room) -> list[Axes]:
    """Draw all panels into a new figure, and return their axes."""
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
        if sheet.legend is not None and "legend" not in room.without:
            handles, names = sheet.legend(found[-1])
            names = room.names(names)
            columns = room.columns(names, room.width_in)
            figure.legend(handles, names, loc="outside lower center", ncols=columns, **LEGEND)
    return list(found)


def add_colorbar(axis: Axes, image: Any, room: Room, *, label: str = "", **options: Any) -> None:
    """A colour bar beside an axis, unless it is left out.

    Parameters
    ----------
    axis : Axes
        Axes that the picture is in.
    image : any
        Picture, as matplotlib drew it.
    room : Room
        Room and style.
    label : str
        Name of the scale.
    **options : any
        Options of a colour bar of matplotlib.
    """
    if "colorbar" in room.without:
        return
    bar = axis.figure.colorbar(image, ax=axis, pad=0.01, **options)
    bar.set_label(label)
    bar.outline.set_visible(False)
