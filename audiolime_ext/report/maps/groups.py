"""The groups of a map's songs: a legend of colours and shapes, and tables of how far they are apart.

Any number of groups is told apart: eight colours and seven shapes make 56 pairs, and neighbours in the legend differ in
both; with more groups pairs come again, and a click on a name shows that group alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps.result import GroupPair, Groups
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
class GroupRow:
    """A group of the table: its name and numbers, as they are written."""

    name: str
    n_songs: int
    within: str
    p: str


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
    silhouette: str
    rows: tuple[GroupRow, ...]
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
    within = {pair.first: pair for pair in groups.pairs if pair.first == pair.second}
    rows = tuple(_row(name, n, within.get(name), groups.n_permutations) for name, n in groups.counts.items())
    between = [pair for pair in groups.pairs if pair.first != pair.second]
    table = _between(groups, between) if len(groups.counts) <= MOST_IN_A_TABLE and between else None
    column = legible(groups.column)
    heading = column[:1].upper() + column[1:]
    return GroupView(column, heading, legend_of(groups), _silhouette(groups), rows, table, _told(groups, between))


def p_value(p: float, n_permutations: int) -> str:
    """A share of permutations as it is written; none of them is no zero.

    Examples
    --------
    >>> p_value(0.2345, 999), p_value(0.001, 999), p_value(0.0, 99), p_value(float("nan"), 999)
    ('0.23', '0.001', '< 0.01', '–')
    """
    if p != p:
        return "–"
    least = 1 / (n_permutations + 1)
    if p < least * (1 - 1e-9):
        return f"< {least:.2g}"
    return f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _row(name: str, n: int, pair: GroupPair | None, n_permutations: int) -> GroupRow:
    if pair is None or not pair.n_pairs:
        return GroupRow(legible(name), n, "–", "–")
    return GroupRow(legible(name), n, _number(pair.distance), p_value(pair.p, n_permutations))


def _number(distance: float) -> str:
    return "–" if distance != distance else minus(f"{distance:.3f}")


def _silhouette(groups: Groups) -> str:
    """The silhouette in a sentence, which says no more than it shows."""
    p = p_value(groups.p, groups.n_permutations)
    number = minus(f"{groups.silhouette:+.3f}")
    many = f"{counted(groups.n_permutations, 'time')} with the groups dealt out at random"
    if groups.silhouette >= 0.25 and groups.p < 0.05:
        reads = "songs are clearly nearer to their own group than to the next one"
    elif groups.p < 0.05 and groups.silhouette > 0:
        reads = "songs are nearer to their own group than to the next one, but by little: groups overlap"
    elif groups.p < 0.05:
        reads = "groups overlap: many songs are nearer to another group; still they differ by more than chance"
    else:
        reads = "groups are no regions of the model’s space"
    return f"Silhouette {number} (p {p if p.startswith('<') else f'= {p}'}; measured again {many}): {reads}."


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
            words = f"{legible(row)} and {legible(column)}: p {p_value(pair.p, groups.n_permutations)}"
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
