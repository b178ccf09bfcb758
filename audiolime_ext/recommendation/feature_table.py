"""A table of songs and their features, such as Spotify's.

CSV as in `audiolime_ext.collection.table`. A line is a song: its title (``title``, ``track_name`` or ``name``), its
artists (``artist``, ``artists`` or ``artist_name``; several separated by ``;``) and numbers, by Spotify's names [1]_ or
by others that are given. A line that lacks a title, an artist or a number is left out, and a note counts these; what is
no number is an error, told by its line.

References
----------
.. [1] Spotify, "Get Track's Audio Features", Web API reference (withdrawn for new applications in November 2024).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audiolime_ext.collection.table import Problems, read_table
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted

SPOTIFY = (
    *("danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness"),
    *("liveness", "valence", "tempo"),
)
_ALSO = {
    **dict.fromkeys(("track_name", "name"), "title"),
    **dict.fromkeys(("artists", "artist_name"), "artist"),
}


@dataclass(frozen=True)
class FeatureRow:
    """A line of a table.

    Parameters
    ----------
    line : int
        Number of the line.
    title, artist : str
        Title and artists, as they are written there.
    values : tuple of float
        Features, in the order of the table's names.
    """

    line: int
    title: str
    artist: str
    values: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True)
class FeatureTable:
    """Songs and their features.

    Parameters
    ----------
    names : tuple of str
        Names of the features.
    rows : tuple of FeatureRow
        Lines that are complete.
    notes : tuple of str
        Sentences on what was left out.
    """

    names: tuple[str, ...]
    rows: tuple[FeatureRow, ...] = field(repr=False)
    notes: tuple[str, ...] = ()


def load_features(
    source: str | Path, *, features: Sequence[str] = SPOTIFY, columns: Mapping[str, str] | None = None
) -> FeatureTable:
    r"""Read a table of features.

    Parameters
    ----------
    source : str or Path
        Table to read.
    features : sequence of str
        Names of the columns that are features; those that the table lacks are not among the result's.
    columns : mapping of str to str, or None
        Our column → its name in the table, such as ``{"title": "Song"}``; None: the names are ours.

    Raises
    ------
    UsageError
        If the file cannot be read, or something in it is no number; the message lists all lines.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "spotify.csv")
    ...     _ = path.write_text("track_name,artists,tempo,energy\nLongtime,Wizkid;Skepta,101.9,0.66\nAir,,120,0.5\n")
    ...     table = load_features(path)
    >>> table.names, table.rows[0].values, table.notes
    (('energy', 'tempo'), (0.66, 101.9), ('1 line lacks a title, an artist or a number, and is left out',))
    """
    source = Path(source)
    problems = Problems(source)
    wanted = [name.lower() for name in features]
    known = ("title", "artist", *wanted)
    table = read_table(source, problems, known=known, needed=known[:2], also=_ALSO, columns=columns)
    names = tuple(name for name in wanted if any(name in cells for _, cells in table))
    if table and not names:
        problems.add(1, f"no column is a feature; known are {', '.join(wanted)}")
    rows = [_row(line, cells, names, problems) for line, cells in table]
    problems.raise_any()
    whole = tuple(row for row in rows if row is not None)
    if not whole:
        raise UsageError(f"{legible(source)} holds no line with a title, an artist and numbers; write one per song")
    lacking = counted(len(rows) - len(whole), "line lacks", "lines lack")
    left = f"{lacking} a title, an artist or a number, and {'is' if len(rows) - len(whole) == 1 else 'are'} left out"
    return FeatureTable(names, whole, (*problems.notes, *([left] if len(whole) < len(rows) else [])))


def _row(line: int, cells: Mapping[str, str], names: Sequence[str], problems: Problems) -> FeatureRow | None:
    values = [_number(cells[name], name, line, problems) for name in names]
    title, artist = cells["title"], cells["artist"]
    numbers = [value for value in values if value is not None]
    return FeatureRow(line, title, artist, tuple(numbers)) if title and artist and len(numbers) == len(values) else None


def _number(cell: str, name: str, line: int, problems: Problems) -> float | None:
    """The number in a cell; None where there is none: the cell is empty, or says so."""
    if cell.lower() in ("", "nan", "na", "n/a", "null", "none"):
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        problems.add(line, f"{name} {cell!r}; write a number, such as 0.5, or leave the cell empty")
        return None
    return value
