"""A catalogue that brings its own vectors, so that only a query needs audio: NPZ, Parquet or CSV.

- `columns`: which of a table's columns are what
- `arrays`, `parquet`, `spreadsheets`: the three forms, and FMA's ``echonest.csv``, each read as `rows`

Kept true of what comes of them (`read_vectors`): every song has a key of its own and numbers that are all finite in
float32. Rows of which that is not so are left out, and the notes count them and name some: rows with no name, with a
number missing, and, where features have no names, vectors of zeros alone, which are like no other. The key is the
catalogue's own or, where it has none, the path, else artist and title. Rows with one key and the same numbers are one
song, and count as such in the notes; with other numbers they are refused, since nothing says which are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.tags import joined, one_line, year_of
from audiolime_ext.collection.indexing.brought import arrays, parquet, spreadsheets
from audiolime_ext.collection.indexing.brought.rows import Rows
from audiolime_ext.collection.omissions import left_out
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.table import Problems
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible

READERS: Mapping[str, Callable[[Path, Sequence[str] | None], Rows]] = {
    ".npz": arrays.rows_of,
    ".parquet": parquet.rows_of,
    ".csv": spreadsheets.rows_of,
    ".tsv": spreadsheets.rows_of,
}


@dataclass(frozen=True, eq=False)
class Brought:
    """The songs of a catalogue, and their vectors.

    Parameters
    ----------
    folder : Path
        Folder of the catalogue's file; paths of songs are relative to it, or absolute.
    songs : tuple of Song
        Songs, in the order of the file; each has a key of its own, and a path only where the catalogue says one.
    vectors : ndarray of float32, shape (n_songs, n_features)
        Vector of each song; all numbers are finite.
    labels : tuple of str or None
        Names of the features; None: they have none.
    notes : tuple of str
        Sentences on which columns are features, and on what was left out.
    """

    folder: Path
    songs: tuple[Song, ...] = field(repr=False)
    vectors: NDArray[np.float32] = field(repr=False)
    labels: tuple[str, ...] | None
    notes: tuple[str, ...] = ()


def read_vectors(path: str | Path, *, features: Sequence[str] | None = None) -> Brought:
    r"""Read a catalogue's own vectors.

    Parameters
    ----------
    path : str or Path
        File that ends in ``.npz``, ``.parquet``, ``.csv`` or ``.tsv``; what it holds is described in `arrays`,
        `parquet`, `columns` and `spreadsheets`.
    features : sequence of str or None
        Names of the columns that are features, in this order; None: all that are, by the rule in `columns`.

    Raises
    ------
    UsageError
        If the file cannot be read, names no songs, or has no vectors; if vectors have different lengths, or one song
        has two.
    MissingError
        If it is Parquet, and pyarrow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "songs.csv")
    ...     _ = table.write_text("id,track_name,artists,energy,tempo\na1,Feelings,Ane;Bo,0.5,120\nb2,Rest,Ane,,60\n")
    ...     found = read_vectors(table)
    >>> found.songs[0].name, found.labels, found.vectors
    ('Ane; Bo – Feelings', ('energy', 'tempo'), array([[  0.5, 120. ]], dtype=float32))
    >>> found.notes[1]
    '1 row has a number that is missing or too large and is left out: line 3 (energy)'
    """
    path = Path(path)
    read, origin = READERS.get(path.suffix.lower()), legible(path)
    if read is None:
        raise UsageError(f"{origin} must end in {', '.join(READERS)}: the ending says how vectors are kept in it")
    try:
        rows = read(path, features)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(f"{origin} cannot be read: {error}") from error
    return _checked(rows, path)


def _checked(rows: Rows, path: Path) -> Brought:
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(rows.vectors, np.float32)
    if not vectors.size:
        raise UsageError(f"{legible(path)} has no {'numbers' if len(vectors) else 'songs'}; write a row for each song")
    keys = _keys(rows, len(vectors))
    kept, notes = _usable(rows, keys, vectors)
    first, again = _apart(rows, keys, vectors, kept, path)
    notes.append(left_out([str(keys[i]) for i in again], "row names a song again", "rows name a song again"))
    if not first:
        raise UsageError(f"{legible(path)} has no vector that can be used: {'; '.join(filter(None, notes))}")
    songs = tuple(_song(str(keys[i]), rows, i) for i in first)
    return Brought(path.parent, songs, vectors[first], rows.labels, (*rows.notes, *filter(None, notes)))


def _usable(rows: Rows, keys: Sequence[str | None], vectors: NDArray[np.float32]) -> tuple[list[int], list[str]]:
    """The rows that have a name and a vector, and notes on the others."""
    finite = np.isfinite(vectors)
    nameless = np.array([key is None for key in keys])
    holed = ~nameless & ~finite.all(axis=1)
    still = ~nameless & ~holed & (rows.labels is None) & ~vectors.any(axis=1)
    first_hole = finite.argmin(axis=1).tolist()
    nameless_rows, holed_rows, still_rows = (np.flatnonzero(which).tolist() for which in (nameless, holed, still))
    notes = [
        left_out([rows.name(i) for i in nameless_rows], *_is_out("has no name", "have no name")),
        left_out(
            [f"{rows.name(i)} ({rows.feature(first_hole[i])})" for i in holed_rows],
            *_is_out("has a number that is missing or too large", "have a number that is missing or too large"),
        ),
        left_out([rows.name(i) for i in still_rows], *_is_out("is all zeros", "are all zeros")),
    ]
    return np.flatnonzero(~(nameless | holed | still)).tolist(), notes


def _is_out(one: str, several: str) -> tuple[str, str]:
    return f"row {one} and is left out", f"rows {several} and are left out"


def _keys(rows: Rows, n: int) -> list[str | None]:
    """The key of each row; None where nothing names it."""
    nothing: Sequence[str | None] = (None,) * n
    keys, paths, artists, titles = (rows.texts.get(name, nothing) for name in ("key", "path", "artist", "title"))
    return [
        (key or "").strip() or path or _title(artist, title)
        for key, path, artist, title in zip(keys, paths, artists, titles, strict=True)
    ]


def _title(artist: str | None, title: str | None) -> str | None:
    return one_line(f"{artist} – {title}" if artist and title else title)


def _apart(
    rows: Rows, keys: Sequence[str | None], vectors: NDArray[np.float32], kept: Sequence[int], path: Path
) -> tuple[list[int], list[int]]:
    """The rows that name a song first, and those that say the same again."""
    first, again, problems = dict[str | None, int](), list[int](), Problems(path)
    for i in kept:
        before = first.setdefault(keys[i], i)
        if before == i:
            continue
        again.append(i)
        if not np.array_equal(vectors[before], vectors[i]):
            numbers = f"{rows.name(i)} names {legible(str(keys[i]))!r} with other numbers than {rows.name(before)}"
            problems.add(0, f"{numbers}; give each song a key of its own")
    problems.raise_any()
    return list(first.values()), again


def _song(key: str, rows: Rows, row: int) -> Song:
    said = {name: texts[row] for name, texts in rows.texts.items()}
    title, album, genre = (one_line(said.get(name)) for name in ("title", "album", "genre"))
    artist = joined((said.get("artist") or "").split(";"))
    year, duration_s = year_of(said.get("year")), _seconds(said.get("duration_s"))
    return Song(key, said.get("path") or None, (), title, artist, album, genre, year, duration_s)


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
