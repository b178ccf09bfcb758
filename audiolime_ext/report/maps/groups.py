"""The groups of a map's songs: a legend of colours and shapes, and tables of how far they are apart.

Any number of groups is told apart: eight colours and seven shapes make 56 pairs, and neighbours in the legend differ in
both; with more groups pairs come again, and a click on a name shows that group alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps.result import GroupPair, Groups
from audiolime_ext.recommendation.maps.words import rows_of_groups
from audiolime_ext.report.neighbours.heat import shade
from audiolime_ext.report.player.player import PALETTE
from audiolime_ext.text import counted, minus

MOST_IN_A_TABLE = 12
SHAPES = {  # within −1 to 1; the script draws the same paths
    "circle": "M-1 0A1 1 0 1 1 1 0A1 1 0 1 1 -1 0Z",
    "square": "M-.85 -.85H.85V.85H-.85Z",
    "triangle": "M0 -1.1L1.05 .8H-1.05Z",
    "diamond": "M0 -1.25L1.05 0L0 1.25L-1.05 0Z",
    "cross": "M-.4 -1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4Z",
    "point": "M0 1.1L-1.05 -.8H1.05Z",
    "star": "M0 -1.3L.36 -.42L1.24 -.4L.56 .16L.8 1.05L0 .55L-.8 1.05L-.56 .16L-1.24 -.4L-.36 -.42Z",
}
NO_GROUP = "no group"


@dataclass(frozen=True)
class Entry:
    """A group of the legend: its name, number of songs, colour and shape."""

    name: str
    n_songs: int
    color: str
    shape: str


@dataclass(frozen=True)
class Between:
    """Mean distances between groups: names, and for each a row of (number, shade, words)."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]


@dataclass(frozen=True)
class GroupView:
    """What the page says of the groups."""

    column: str
    heading: str
    legend: tuple[Entry, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    between: Between | None
    told: str


def legend_of(groups: Groups) -> tuple[Entry, ...]:
    """The groups, the largest first, each with its own colour and shape; at the end songs that have none.

    Parameters
    ----------
    groups : Groups
        Groups of a map's songs.

    Examples
    --------
    >>> found = Groups("genre", ("a", "b", None), {"a": 1, "b": 1}, 0.0, 1.0, (), 999)
    >>> [(entry.name, entry.color, list(SHAPES.values()).index(entry.shape)) for entry in legend_of(found)]
    [('a', '#0072B2', 0), ('b', '#E69F00', 1), ('no group', '#8a9099', 0)]
    """
    shapes = list(SHAPES.values())
    entries = [
        Entry(legible(name), n, PALETTE[i % len(PALETTE)], shapes[i % len(shapes)])
        for i, (name, n) in enumerate(groups.counts.items())
    ]
    n_without = sum(name is None for name in groups.of_songs)
    return (*entries, Entry(NO_GROUP, n_without, "#8a9099", shapes[0])) if n_without else tuple(entries)


def group_view(groups: Groups) -> GroupView:
    """The groups as the page shows them.

    Parameters
    ----------
    groups : Groups
        Groups of a map's songs.
    """
    header, rows = rows_of_groups(groups)
    between = [pair for pair in groups.pairs if pair.first != pair.second]
    table = _between(groups, between) if len(groups.counts) <= MOST_IN_A_TABLE and between else None
    column = legible(groups.column)
    heading = column[:1].upper() + column[1:]
    told = _told(groups, between)
    return GroupView(column, heading, legend_of(groups), tuple(header), tuple(map(tuple, rows)), table, told)


def _number(distance: float) -> str:
    return "–" if distance != distance else minus(f"{distance:.3f}")


def _between(groups: Groups, pairs: list[GroupPair]) -> Between:
    names = list(groups.counts)
    told = {frozenset((pair.first, pair.second)): pair for pair in pairs}
    distances = [pair.distance for pair in pairs if pair.distance == pair.distance]
    low, high = min(distances, default=0.0), max(distances, default=0.0)

    def cells(row: str) -> Iterator[tuple[str, str, str]]:
        for column in names:
            pair = told.get(frozenset((row, column)))
            if pair is None or row == column or pair.distance != pair.distance:
                yield "", "p0", ""
                continue
            words = f"{legible(row)} and {legible(column)}: p of farther apart = {pair.p:.2g}, of this pair alone"
            yield _number(pair.distance), shade(pair.distance - low, high - low), words

    return Between(tuple(map(legible, names)), tuple((legible(name), tuple(cells(name))) for name in names))


def _told(groups: Groups, pairs: list[GroupPair]) -> str:
    if not pairs or len(groups.counts) <= MOST_IN_A_TABLE:
        return ""
    far = [pair for pair in pairs if pair.distance == pair.distance]
    if not far:
        return ""
    most, least = max(far, key=lambda pair: pair.distance), min(far, key=lambda pair: pair.distance)
    names = [f"{legible(pair.first)} and {legible(pair.second)} ({_number(pair.distance)})" for pair in (most, least)]
    return f"Of {counted(len(pairs), 'pair')} of groups, farthest apart are {names[0]}, nearest {names[1]}."
