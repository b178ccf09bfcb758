"""The matrix of two songs' stems as a table of shades, whose cells play both stems.

A cell says how much a stem of the query and a stem of the other song add to their nearness together; all cells with
those of silence add up to it. Shades say the size and the sign, numbers the same in words: nobody needs to see colours.
What silence says cannot be played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.excerpts import ROLES, Excerpt, pair_spans
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


def heat_maps(why: Why, found: Sequence[Excerpt]) -> list[Heat]:
    """The matrix of each candidate whose stems are known; shades are on one scale. Where there is sound, cells play."""
    by_role = {excerpt.role: excerpt for excerpt in found}
    known = [matrix.cells for matrix in why.matrices if matrix is not None]
    reach = max((float(np.abs(cells).max()) for cells in known), default=0.0)
    return [
        _heat(why, matrix, (by_role["query"], by_role.get(role)), role, legible(song.name), reach)
        for role, song, matrix in zip(ROLES[1:], why.candidates, why.matrices, strict=False)
        if matrix is not None
    ]


def _heat(
    why: Why, matrix: StemMatrix, songs: tuple[Excerpt, Excerpt | None], role: str, name: str, reach: float
) -> Heat:
    rows = []
    for row, line in zip(matrix.rows, matrix.cells.tolist(), strict=True):
        cells = tuple(
            _cell(why, songs, name, (row, column), value, reach)
            for column, value in zip(matrix.columns, line, strict=True)
        )
        rows.append((row, cells, signed(sum(line))))
    sums = tuple(signed(value) for value in matrix.cells.sum(axis=0).tolist())
    return Heat(role, name, matrix.columns, tuple(rows), sums, signed(matrix.similarity))


def _cell(
    why: Why, songs: tuple[Excerpt, Excerpt | None], name: str, pair: tuple[str, str], value: float, reach: float
) -> Cell:
    query, other = songs
    about = f"{pair[0]} of {legible(why.query.name)} and {pair[1]} of {name}: {signed(value)}"
    if other is None or SILENCE in pair:
        return Cell(signed(value), shade(value, reach), *pair, about)
    spans = pair_spans(why, query, other, pair, -1 if value < 0 else 1)
    at = [excerpt.written(span) for excerpt, span in zip((query, other), spans, strict=True)]
    return Cell(signed(value), shade(value, reach), *pair, f"{about}; play {at[0]}, then {at[1]}", *spans)
