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
    places : tuple of str
        Words on where each value stands, such as ``line 3 of t.csv``; empty: not told.
    notes : tuple of str
        Sentences on what was taken for no value, and on what is left alone.
    """

    name: str
    values: tuple[str | None, ...] = field(repr=False)
    places: tuple[str, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

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
        values = enumerate(self.values)
        return np.array([float("nan") if value is None else self._number(value, at) for at, value in values])

    def _number(self, value: str, at: int) -> float:
        try:
            found = float(value)
        except ValueError:
            found = float("nan")
        if not np.isfinite(found):
            where = f"in {self.places[at]}" if self.places else "for a song"
            raise UsageError(f"{legible(self.name)} is {legible(value)!r} {where}; it must be a number for each")
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
    if table is not None:
        return _of_table(index, name, Path(table))
    values = _of_index(index, name)
    if all(value is None for value in values):
        hint = "a table about them, as CSV with the column path, can say it"
        raise UsageError(f"no song has a value of {legible(name)} in {legible(index.folder)}; {hint}")
    return Column(name, tuple(values))


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


def _of_table(index: Index, name: str, table: Path) -> Column:
    """What a table says of each song, with notes on cells that say that there is nothing, and on lines of no song."""
    problems = Problems(table)
    said, keyed = dict[str, tuple[int, str]](), dict[str, str]()
    for line, cells in read_columns(table, ("path", name)):
        path = os.path.realpath(table.parent / cells["path"])
        if path in said:
            problems.add(line, f"{legible(cells['path'])!r} is named twice; keep one line")
        said[path] = line, cells[name]
        keyed[cells["path"]] = path
    problems.raise_any()
    files = [_files_of(index, song, keyed) for song in index.songs]
    found = [next((said[file] for file in some if file in said and said[file][1]), None) for some in files]
    missing = [one[1] for one in found if one is not None and one[1].lower() in MISSING]
    values = [None if one is None or one[1] in missing else one[1] for one in found]
    if all(value is None for value in values):
        n = counted(len(said), "line")
        raise UsageError(
            f"none of the {n} of {legible(table)} names a song of {legible(index.folder)} with a value of "
            f"{legible(name)}; its paths are relative to the folder that it lies in, and a song without a file is "
            "named by its key in the catalogue"
        )
    places = tuple("" if one is None else f"line {one[0]} of {legible(table)}" for one in found)
    notes = []
    if missing:
        words = " or ".join(dict.fromkeys(map(repr, missing)))
        songs = counted(len(missing), "song has", "songs have")
        notes.append(f"{songs} {words} as {legible(name)}, taken for none")
    if lost := len(said.keys() - {file for some in files for file in some}):
        lines = counted(lost, f"line of {legible(table.name)} names", f"lines of {legible(table.name)} name")
        notes.append(f"{lines} no song of the index")
    return Column(name, tuple(values), places, tuple(notes))


def _files_of(index: Index, song: Song, keyed: Mapping[str, str]) -> list[str]:
    """Paths by which a table may name a song: those of its files or, where the catalogue has none, by its key."""
    if song.path is None:
        return [keyed[song.key]] if song.key in keyed else []
    return [os.path.realpath(index.folder / path) for path in (song.path, *song.also) if path is not None]
