"""What makes songs alike: bars of the stems, and the matrix of stem by stem, whose cells add up to the similarity."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.result import Neighbour, Similar
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.figures.bars import Bars, most, sheet_of, with_minus
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet, add_colorbar
from audiolime_ext.report.figures.styles import INK, PALE
from audiolime_ext.report.player.player import stem_colors
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SONGS = 6  # in one figure
MOST_NAMED = 12  # cells of a side that have numbers
Labels = Sequence[str | int] | None


def bars_of_why(why: Why, labels: Labels, room: Room) -> Sheet:
    """What each stem of the query, and silence, adds to the score that is explained."""
    found, silence = why.leading, "silence"
    errors = None if found.errors is None or not any(found.errors) else np.tile([0.0, *found.errors], (2, 1))
    names = [silence, *found.sources]
    songs = " over ".join(song.name for song in why.candidates)
    score = f"{why.voice.kind.noun} {with_minus(why.voice.number(why.score, found.largest))}"
    title = [f"{why.query.name}: why {songs or 'does it fit the taste'}?", score]
    weights = np.array([why.silence, *found.weights])
    bars = Bars(names, [PALE, *stem_colors(found.sources)], weights, errors, title)
    exact = "" if errors is None else ", 95 % intervals"
    return sheet_of([bars], f"contribution to the {why.voice.kind.noun}{exact}", room, of="score")


def bars_of_similar(similar: Similar, labels: Labels, room: Room) -> Sheet:
    """What each part of the query adds to the similarity of each song; else outputs; else how near each song is."""
    rows = similar.rows[:MOST_SONGS]
    if not rows:
        raise UsageError("no song was found, so there is nothing to draw")
    if not any(row.matrix is not None or row.contributions for row in rows):
        return _nearness(similar, room)
    panels = [_of_song(row) for row in rows]
    return sheet_of(panels, "contribution to the similarity", room, of="song")


def matrix_of_why(why: Why, labels: Labels, room: Room) -> Sheet:
    """The matrix of the query's stems and those of each candidate."""
    found = [(song.name, matrix) for song, matrix in zip(why.candidates, why.matrices, strict=True) if matrix]
    return _matrices(why.query.name, found, room)


def matrix_of_similar(similar: Similar, labels: Labels, room: Room) -> Sheet:
    """The matrix of the query's stems and those of each song that was found."""
    found = [(row.song.name, row.matrix) for row in similar.rows if row.matrix is not None]
    return _matrices(", ".join(similar.queries), found[:MOST_SONGS], room)


def _of_song(row: Neighbour) -> Bars:
    parts = dict(row.contributions) if row.matrix is None else row.matrix.by_row
    names, weights = list(parts), np.array(list(parts.values()))
    colors = [PALE if name == "silence" else color for name, color in zip(names, stem_colors(names), strict=True)]
    if row.matrix is not None:
        colors = [PALE, *stem_colors(names[1:])]
    title = [(f"{row.rank}. {row.song.name}", f": similarity {with_minus(f'{row.similarity:.2f}')}")]
    return most(names, colors, Attribution("shapley", weights[None], None, True), 0, title)


def _nearness(similar: Similar, room: Room) -> Sheet:
    rows = similar.rows[: 2 * MOST_SONGS]
    names = [f"{row.rank}. {row.song.name}" for row in rows]
    left_out = len(similar.rows) - len(rows)
    more = [counted(left_out, "more song is", "more songs are") + " not drawn"] if left_out else []
    title = [f"songs similar to {', '.join(similar.queries)}", *more]
    nearness = np.array([row.nearness for row in rows])
    bars = Bars(names, [stem_colors(["drums"])[0]] * len(rows), nearness, None, title)
    return sheet_of([bars], similar.ranked_by, room, of="list")


def _matrices(query: str, found: Sequence[tuple[str, StemMatrix]], room: Room) -> Sheet:
    if not found:
        raise UsageError("there is no matrix of stems, as both songs need some; kind='bars' needs those of the query")
    largest = max(float(np.abs(matrix.cells).max()) for _, matrix in found) or 1.0
    panels = []
    for name, matrix in found:
        height = 1.5 * room.line_in * len(matrix.rows)
        says = f"columns: {name}", f"; all cells: {with_minus(f'{matrix.similarity:.2f}')}"
        title = room.title(f"rows: {query}", says, beside=room.names(matrix.rows), bar=True)
        panels.append(Panel(height, partial(_draw_matrix, matrix, largest, room), title))
    return Sheet(tuple(panels), of="matrix", one_axis=False)


def _draw_matrix(matrix: StemMatrix, largest: float, room: Room, axis: Axes) -> None:
    rows, columns = room.names(matrix.rows), room.names(matrix.columns)
    image = axis.imshow(matrix.cells, cmap="PuOr_r", vmin=-largest, vmax=largest, aspect="auto")
    if max(matrix.cells.shape) <= MOST_NAMED:
        for (row, column), cell in np.ndenumerate(matrix.cells):
            dark = abs(cell) > 0.55 * largest
            number = with_minus(f"{round(cell, 2) + 0.0:+.2f}")
            axis.text(column, row, number, ha="center", va="center", color="white" if dark else INK)
    axis.set_yticks(range(len(rows)), rows)
    wide = room.beside(rows) / len(columns) < 0.9 * max(map(len, columns)) * room.style.points / 72
    axis.set_xticks(range(len(columns)), columns, rotation=30 if wide else 0, ha="right" if wide else "center")
    axis.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axis.spines[side].set_visible(False)
    add_colorbar(axis, image, room, label="similarity", aspect=12)
