"""A column of a collection: what each song has of it, by its tags, by the model's answers, or by a table beside it.

Without a table a column is a tag (artist, album, genre, year, title), ``folder``, ``duration_s``, or one of the model's
outputs, where these have names. A table is a CSV whose lines name songs by ``path``, relative to the table's folder, or
by the key that a catalogue gave a song without a file; what it says of songs that the index does not hold is left
alone, and a song that it does not name has no value. Neither has one whose cell is empty or says so (`MISSING`), which
a note counts. Spaces around a value do not count.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.table import Problems, read_columns
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted

TAGS = ("artist", "album", "genre", "year", "title")
COLUMNS = (*TAGS, "folder", "duration_s")
MISSING = ("nan", "none", "null", "n/a")  # in whatever case, as programs write that there is nothing


@dataclass(frozen=True)
class Column:
    """A column: its `name`, and of each song the value, None where it has none.

    Parameters
    ----------
    name : str
        Name of the column.
    values : tuple of str or None
        Value of each song, in the order of the index.
    notes : tuple of str
        Sentences on what was taken for no value.
    """

    name: str
    values: tuple[str | None, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    def numbers(self) -> NDArray[np.float64]:
        """The values as numbers, shape (n_songs,); NaN where there is none.

        Raises
        ------
        UsageError
            If one is no finite number.

        Examples
        --------
        >>> Column("tempo", ("120", None, "98.5")).numbers()
        array([120. ,   nan,  98.5])
        """
        return np.array([float("nan") if value is None else self._number(value) for value in self.values])

    def _number(self, value: str) -> float:
        try:
            found = float(value)
        except ValueError:
            found = float("nan")
        if not np.isfinite(found):
            raise UsageError(f"{legible(self.name)} is {legible(value)!r} for a song; it must be a number for each")
        return found


def column_of(index: Index, name: str, table: str | os.PathLike[str] | None = None) -> Column:
    """A column of an index, or of a table about its songs.

    Parameters
    ----------
    index : Index
        Songs.
    name : str
        Name of the column; letter case does not count.
    table : path or None
        CSV with the columns ``path`` (a path, or a song's key) and `name`; None: the column is one of `COLUMNS`, or an
        output of the model.

    Raises
    ------
    UsageError
        If there is no such column, no song has a value of it, or the table cannot be used.

    Examples
    --------
    >>> from audiolime_ext.collection.songs import Song
    >>> songs = (Song("1", "a/1.ogg", artist="Bach"), Song("2", "b/2.ogg"))
    >>> index = Index(Path("."), "", "", ("tempo",), songs, np.array([[120.0], [90.5]], np.float32))
    >>> [column_of(index, name).values for name in ("artist", "folder", "tempo")]
    [('Bach', None), ('a', 'b'), ('120.0', '90.5')]
    """
    values, notes = (_of_index(index, name), ()) if table is None else _of_table(index, name, Path(table))
    if all(value is None for value in values):
        where = legible(index.folder if table is None else table)
        hint = "a table about them, as CSV with the column path, can say it" if table is None else "correct its paths"
        raise UsageError(f"no song has a value of {legible(name)} in {where}; {hint}")
    return Column(name, tuple(values), notes)


def _of_index(index: Index, name: str) -> list[str | None]:
    wanted = name.lower()
    if wanted in TAGS:
        tags = (getattr(song, wanted) for song in index.songs)
        return [None if tag is None else str(tag).strip() or None for tag in tags]
    if wanted == "folder":
        return [None if song.path is None else str(PurePosixPath(song.place).parent) for song in index.songs]
    if wanted == "duration_s":
        return [None if song.duration_s is None else repr(song.duration_s) for song in index.songs]
    labels = [label.lower() for label in index.labels or ()]
    if wanted not in labels:
        raise unknown("column", name, (*COLUMNS, *(index.labels or ())))
    answers = index.vectors[:, labels.index(wanted)].astype(float)
    return [repr(float(answer)) if np.isfinite(answer) else None for answer in answers]


def _of_table(index: Index, name: str, table: Path) -> tuple[list[str | None], tuple[str, ...]]:
    """What a table says of each song, and a note on cells that say that there is nothing."""
    problems = Problems(table)
    said, keyed = dict[str, str](), dict[str, str]()
    for line, cells in read_columns(table, ("path", name)):
        path = os.path.realpath(table.parent / cells["path"])
        if path in said:
            problems.add(line, f"{legible(cells['path'])!r} is named twice; keep one line")
        said[path] = keyed[cells["path"]] = cells[name]
    problems.raise_any()
    found = [_said_of(said, keyed, index, song) for song in index.songs]
    missing = [value for value in found if value is not None and value.lower() in MISSING]
    values = [None if value in missing else value for value in found]
    if all(value is None for value in values):
        n = counted(len(said), "line")
        raise UsageError(
            f"none of the {n} of {legible(table)} names a song of {legible(index.folder)} with a value of "
            f"{legible(name)}; its paths are relative to the folder that it lies in, and a song without a file is "
            "named by its key in the catalogue"
        )
    if not missing:
        return values, ()
    words = " or ".join(dict.fromkeys(map(repr, missing)))
    return values, (f"{counted(len(missing), 'song has', 'songs have')} {words} as {legible(name)}, taken for none",)


def _said_of(said: Mapping[str, str], keyed: Mapping[str, str], index: Index, song: Song) -> str | None:
    """What is said of a song by its files or, where the catalogue has none, by its key."""
    if song.path is None:
        return keyed.get(song.key) or None
    files = (os.path.realpath(index.folder / path) for path in (song.path, *song.also))
    return next((value for file in files if (value := said.get(file))), None)
