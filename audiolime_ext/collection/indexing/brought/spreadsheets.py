r"""A catalogue as CSV: one song per line, the first line names the columns; and FMA's ``echonest.csv``.

Commas, semicolons or tabs separate the cells, in UTF-8 or UTF-16; numbers have a point. ``echonest.csv`` has three
rows of names above its songs, and mostly a fourth that says ``track_id``::

    ,        echonest,      …, echonest,    …
    ,        audio_features,…, metadata,    …
    ,        acousticness,  …, artist_name, …
    track_id,               …
    2,       0.4166,        …, AWOL,        …

Its features are its ``audio_features``. What songs are called it takes from FMA's ``tracks.csv`` beside it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.importers import fma
from audiolime_ext.collection.indexing.brought.columns import (
    KNOWN,
    in_seconds,
    numbers_of,
    require_features,
    roles_of,
    told,
)
from audiolime_ext.collection.indexing.brought.rows import Rows
from audiolime_ext.collection.table import Problems, cells_of, separator_of
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, legible
from audiolime_ext.files.reading import text_of
from audiolime_ext.text import counted

MOST = 500_000_000  # bytes: two million songs with twenty numbers each
_HEAD = 1 << 16  # characters that hold the first line
_SHOWN = 40  # characters of a cell, in a message
_ECHONEST = {"artist_name": "artist", "release": "album", "album_date": "year"}

Table = list[tuple[int, list[str]]]  # each row's line, and its cells


def rows_of(path: Path, features: Sequence[str] | None) -> Rows:
    """The rows of a table, or of FMA's ``echonest.csv``.

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """
    table = _table(path)
    _require_rectangle(table, path)
    is_echonest = table[0][1][:2] == ["", "echonest"]
    (_, names), *body = _flattened(table) if is_echonest else table
    header = [name or f"Unnamed: {i}" for i, name in enumerate(names)]  # as pandas calls them
    lines, origin = [line for line, _ in body], legible(path)
    roles = roles_of(header, features, source=origin)
    if not body:
        return Rows({}, np.empty((0, 1)), None, (), "line")
    columns = dict(zip(header, zip(*(cells for _, cells in body), strict=True), strict=True))
    found, no_numbers = _numbers(columns, roles.candidates, lines)
    require_features(found, features, no_numbers, source=origin)
    notes = [told(tuple(found), roles.aside, no_numbers, source=origin)]
    texts: dict[str, Sequence[str | None]] = {
        field: in_seconds(columns[name]) if name.lower() == "duration_ms" else columns[name]
        for field, name in roles.fields.items()
    }
    if is_echonest:
        notes += _titled(texts, path.with_name(fma.TABLE))
    return Rows(texts, np.stack(list(found.values()), axis=1), tuple(found), lines, "line", tuple(notes))


def _table(path: Path) -> Table:
    text = text_of(path, MOST)
    separator = separator_of(text[:_HEAD], lambda name: name.lower() in KNOWN)
    rows = cells_of(io.StringIO(text, newline=""), separator, strict=True)
    table = [(line, stripped) for line, cells in rows if any(stripped := [cell.strip() for cell in cells])]
    if not table:
        raise UsageError(f"{legible(path)} is empty; its first line names columns, such as id, title, tempo")
    return table


def _require_rectangle(table: Table, path: Path) -> None:
    problems, width = Problems(path), len(table[0][1])
    for line, cells in table:
        if len(cells) != width:
            held = f"{counted(len(cells), 'cell')} where the header has {width}"
            problems.add(line, f"{held}; put cells that hold a separator in quotation marks")
    problems.raise_any()


def _numbers(
    columns: Mapping[str, Sequence[str]], candidates: Sequence[str], lines: Sequence[int]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """The candidates that hold numbers, and why the others do not."""
    found, no_numbers = dict[str, NDArray[np.float64]](), dict[str, str]()
    for name in candidates:
        numbers = numbers_of(columns[name])
        if isinstance(numbers, int):
            cell = legible(columns[name][numbers][:_SHOWN])
            no_numbers[name] = f"'{cell}' in line {lines[numbers]} is no number"
        elif np.isnan(numbers).all():
            no_numbers[name] = "it is empty"
        else:
            found[name] = numbers
    return found, no_numbers


def _flattened(table: Table) -> Table:
    """FMA's ``echonest.csv`` with one row of names: who the songs are by, and the features."""
    if len(table) < 3:
        raise ValueError("it lacks some of its three rows of names")
    (_, groups), (line, (_, *names)) = table[1:3]
    below = 4 if len(table) > 3 and table[3][1][0] == "track_id" else 3
    header = ["id", *(_ECHONEST.get(name, name) for name in names)]
    kept = [0, *(i for i, group in enumerate(groups) if group == "audio_features" or header[i] in _ECHONEST.values())]
    return [(line, [cells[i] for i in kept]) for line, cells in [(line, header), *table[below:]]]


def _titled(texts: dict[str, Sequence[str | None]], table: Path) -> list[str]:
    """Put in what FMA's own table says of these songs; return a note where there is none."""
    if not is_file(table):
        return [f"there is no {legible(table)}, so FMA's songs have numbers in place of titles"]
    try:
        tracks = {str(track.number): track for track in fma.described(table)}
    except (OSError, ValueError) as error:
        raise UsageError(f"{legible(table)}, which names FMA's songs, cannot be read: {error}") from error
    these = [tracks.get(key or "") for key in texts["key"]]
    for field in ("title", "artist", "album", "genre", "year"):
        before = texts.get(field, [None] * len(these))
        said = [None if track is None else getattr(track, field) for track in these]
        texts[field] = [old if new is None else str(new) for new, old in zip(said, before, strict=True)]
    texts["path"] = [
        os.path.relpath(track.path, table.parent) if track is not None and is_file(track.path) else None
        for track in these
    ]
    return []
