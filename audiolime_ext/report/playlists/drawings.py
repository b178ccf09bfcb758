"""Drawings of a playlist: how near each song is to the next, and the curve that it follows.

Both are 100 wide and 100 high, and are stretched to the page; what they say stands in words beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audiolime_ext.recommendation.playlists.result import Playlist

LEAST_HEIGHT = 1.0  # of a bar, so that it is seen


@dataclass(frozen=True)
class Bar:
    """A transition: a bar from the bottom up; `weak` ones have another colour."""

    x: float
    width: float
    y: float
    height: float
    weak: bool


@dataclass(frozen=True, eq=False)
class Steps:
    """How near each song is to the next: bars, the limit of what is weak, and the simple order's as a line.

    Parameters
    ----------
    bars : tuple of Bar
        Bars of the transitions.
    limit : float or None
        Height of the limit, from the top; None: there is none.
    greedy : str
        Points of the line.
    low, high : float
        Nearness at the bottom, and at the top.
    """

    bars: tuple[Bar, ...]
    limit: float | None
    greedy: str
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """The curve: points of what is wanted, and where each song lies, as (x, width, y)."""

    wanted: str
    songs: tuple[tuple[float, float, float], ...]


def steps_of(found: Playlist) -> Steps | None:
    """The drawing of the transitions; None where there is none."""
    if not found.transitions:
        return None
    every = (*found.nearness, *found.greedy.nearness, *([] if found.weak_below is None else [found.weak_below]))
    low, high = min(0.0, *every), max(every)
    spread = high - low or 1.0
    each = 100 / len(found.transitions)

    def down(near: float) -> float:
        return round(100 * (high - near) / spread, 3)

    bars = tuple(
        Bar(
            round((at + 0.1) * each, 3),
            round(0.8 * each, 3),
            min(down(one.pair.nearness), 100 - LEAST_HEIGHT),
            max(round(100 - down(one.pair.nearness), 3), LEAST_HEIGHT),
            one.weak,
        )
        for at, one in enumerate(found.transitions)
    )
    points = [((at + 0.5) * each, down(near)) for at, near in enumerate(found.greedy.nearness)]
    limit = None if found.weak_below is None else down(found.weak_below)
    return Steps(bars, limit, _points(points), low, high)


def line_of(found: Playlist) -> Line | None:
    """The drawing of the curve; None where there is none."""
    if not found.column:
        return None
    each = 100 / len(found.songs)
    wanted = [((at + 0.5) * each, 100 * (1 - rank)) for at, rank in enumerate(found.wanted)]
    ranks = [(at, rank) for at, rank in enumerate(found.ranks) if rank is not None]
    songs = tuple((round((at + 0.1) * each, 3), round(0.8 * each, 3), round(100 * (1 - rank), 3)) for at, rank in ranks)
    return Line(_points(wanted), songs)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.3f},{y:.3f}" for x, y in points)
