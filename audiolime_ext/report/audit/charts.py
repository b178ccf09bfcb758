"""Pictures of numbers as plain SVG, for a page that needs no script: beeswarms, intervals, shades of a heat map.

Invariant: *the page stays light*. Of a strip with more than `MOST_DOTS` recordings, that many are drawn, evenly by
rank, so that the shape and both ends stay; all are counted. Dots of one colour are one path, a few bytes each: strokes
without length, which round caps make dots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.report.audit.effects import Strip

MOST_DOTS = 120
WIDTH, LEFT, RIGHT, ROW, TOP, BOTTOM, DOT = 640, 200, 14, 66, 6, 40, 9  # of a picture, in its own units
N_SHADES = 10

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One strip of a picture: its component, where its middle is, the paths of its dots, and why there is none."""

    component: str
    middle: int
    dots: str
    marked: str
    nothing: str = ""


@dataclass(frozen=True)
class Beeswarm:
    """Strips one above the other on one axis; `ticks` are (place, text)."""

    height: int
    lines: tuple[Line, ...]
    ticks: tuple[tuple[int, str], ...]
    width: int = WIDTH
    zero: int = 0


def beeswarm(strips: Sequence[Strip], *, limit: float) -> Beeswarm:
    """The picture of a measure: `limit` is where its axis ends on both sides."""
    lines = []
    for i, strip in enumerate(strips):
        middle = TOP + ROW // 2 + i * ROW
        nothing = "" if len(strip.values) else "undetermined" if strip.n_open else "no recording holds it"
        lines.append(Line(strip.component, middle, *dots(strip, limit=limit, middle=middle), nothing))
    ticks = tuple((across(value, limit), _signed(value)) for value in (-limit, 0.0, limit))
    return Beeswarm(TOP + ROW * len(strips) + BOTTOM, tuple(lines), ticks, zero=across(0.0, limit))


def across(value: float, limit: float) -> int:
    """Where a value lies from left to right."""
    return LEFT + DOT // 2 + round((value / limit + 1) / 2 * (WIDTH - LEFT - RIGHT - DOT))


def shade(rate: Rate | None) -> int | None:
    """A cell's shade by the lower end of the interval, 0 (never) to `N_SHADES` (always); None: not tried.

    Examples
    --------
    >>> often, once = Rate(0.76, 0.6, 0.9, 20, 20, None, 20.0, 0.95), Rate(1.0, 0.025, 1.0, 1, 1, None, 1.0, 0.95)
    >>> shade(None), shade(often), shade(once)
    (None, 6, 0)
    """
    return None if rate is None or rate.rate is None else round(rate.low * N_SHADES)


def swarm(values: Array, *, limit: float) -> NDArray[np.int64]:
    """Where the dots of a strip lie: (n, 2) whole numbers, across from −limit to limit, and off the strip's middle.

    Dots of one place are stacked to both sides by turns, closer where there are many, and never leave the strip.

    Examples
    --------
    >>> swarm(np.array([0.0, 0.0, 0.0]), limit=1.0)[:, 1].tolist()
    [0, 9, -9]
    """
    inner = WIDTH - LEFT - RIGHT - DOT
    x = LEFT + DOT // 2 + np.rint((np.clip(values / limit, -1, 1) + 1) / 2 * inner).astype(np.int64)
    place = x // DOT
    order = np.lexsort((x, place))
    first = np.searchsorted(place[order], place[order])
    rank = np.empty(len(x), np.int64)
    rank[order] = np.arange(len(x)) - first
    step = (rank + 1) // 2
    most = int(step.max(initial=0))
    height = (ROW - DOT) / 2 - 2
    y = np.rint(step * min(float(DOT), height / max(1, most)))
    return np.stack([x, np.where(rank % 2, y, -y).astype(np.int64)], axis=1)


def drawn(strip: Strip, *, most: int = MOST_DOTS) -> NDArray[np.int64]:
    """Which of a strip's values are drawn: all, or `most` of them, evenly by rank."""
    order = np.argsort(strip.values, kind="stable")
    return np.asarray(order[np.unique(np.linspace(0, len(order) - 1, min(most, len(order))).round().astype(int))])


def dots(strip: Strip, *, limit: float, middle: int) -> tuple[str, str]:
    """The strip's dots as the paths of strokes without length: those that are not marked, and those that are."""
    chosen = drawn(strip) if len(strip.values) else np.zeros(0, np.int64)
    places, marked = swarm(strip.values[chosen], limit=limit), strip.marked[chosen]
    paths = ["".join(f"M{x} {middle + y}h0" for x, y in places[which].tolist()) for which in (~marked, marked)]
    return paths[0], paths[1]


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"
