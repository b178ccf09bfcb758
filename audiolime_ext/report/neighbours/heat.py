"""The matrix of two songs' stems as a table of shades, whose cells play both stems.

A cell says how much a stem of the query and a stem of the other song add to their nearness together; all cells with
those of silence add up to it. Shades say the size and the sign, numbers the same in words: nobody needs to see colours.
What silence says cannot be played.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.excerpts import Excerpt, pair_spans
from audiolime_ext.report.neighbours.shares import signed

N_SHADES = 5


@dataclass(frozen=True)
class Cell:
    """A cell: its number and shade; `label` for a reader of screens, and where the stems are played, or None."""

    number: str
    shade: str
    row: str
    column: str
    label: str
    query_span: tuple[float, float] | None = None
    other_span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Heat:
    """The matrix with one song: `role` of its player, and rows of a name, cells and their sum."""

    role: str
    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...], str], ...]
    sums: tuple[str, ...]
    total: str


def shade(value: float, reach: float) -> str:
    """The class of a cell's shade: ``p`` for what adds, ``n`` for what takes away, from 0 to `N_SHADES`.

    Examples
    --------
    >>> shade(0.5, 1.0), shade(-1.0, 1.0), shade(0.01, 1.0), shade(0.0, 0.0)
    ('p3', 'n5', 'p0', 'p0')
    """
    step = 0 if reach <= 0 else min(N_SHADES, int(N_SHADES * abs(value) / reach + 0.5))
    return f"{'n' if value < 0 and step else 'p'}{step}"


def heat_maps(why: Why, found: tuple[Excerpt, ...]) -> list[Heat]:
    """The matrix of each candidate that was heard in stems; shades are on one scale."""
    by_role = {excerpt.role: excerpt for excerpt in found}
    known = [matrix.cells for matrix in why.matrices if matrix is not None]
    reach = max((float(np.abs(cells).max()) for cells in known), default=0.0)
    return [
        _heat(why, place, by_role["query"], by_role[role], reach)
        for place, role in enumerate(("a", "b")[: len(why.candidates)])
        if role in by_role
    ]


def _heat(why: Why, place: int, query: Excerpt, other: Excerpt, reach: float) -> Heat:
    matrix = why.matrices[place]
    assert matrix is not None
    name = legible(why.candidates[place].name)
    rows = []
    for i, row in enumerate(matrix.rows):
        cells = tuple(
            _cell(why, query, other, (row, column), float(matrix.cells[i, j]), reach, plays=bool(i and j))
            for j, column in enumerate(matrix.columns)
        )
        rows.append((row, cells, signed(float(matrix.cells[i].sum()))))
    sums = tuple(signed(float(value)) for value in matrix.cells.sum(axis=0))
    return Heat(other.role, name, matrix.columns, tuple(rows), sums, signed(matrix.similarity))


def _cell(
    why: Why, query: Excerpt, other: Excerpt, pair: tuple[str, str], value: float, reach: float, *, plays: bool
) -> Cell:
    about = f"{pair[0]} of {legible(query.song.name)} and {pair[1]} of {legible(other.song.name)}: {signed(value)}"
    if not plays:
        return Cell(signed(value), shade(value, reach), *pair, about)
    spans = pair_spans(why, query, other, pair, -1 if value < 0 else 1)
    at = [excerpt.written(span) for excerpt, span in zip((query, other), spans, strict=True)]
    return Cell(signed(value), shade(value, reach), *pair, f"{about}; play {at[0]}, then {at[1]}", *spans)

