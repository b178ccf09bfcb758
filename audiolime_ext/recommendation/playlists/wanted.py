"""What a playlist is to be made of: which songs, which of them at which place, and which not.

Songs are named as everywhere (`audiolime_ext.recommendation.names`), and must be in the index: a playlist is made of
its songs. Of a list that is read from a file, lines that name no song of the index, or one that was named before, are
left out, and notes say so; of songs that are named one by one, such a name is an error.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, legible
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.recommendation.names import names_in, places_of
from audiolime_ext.recommendation.playlists.m3u import Gap, Named, read_m3u8
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.similar import listed
from audiolime_ext.text import counted

MOST_PLACES = 2_000
_SHOWN = 3


@dataclass(frozen=True)
class Wanted:
    """What a playlist is to be made of.

    Parameters
    ----------
    songs : tuple of int or None
        Positions in the index of the songs to choose from; None: all of it.
    fixed : mapping of int to int
        Place, from 0 on (−1: the last one), → position in the index.
    n : int or None
        Number of songs; None: it is not said.
    seconds : float or None
        Wanted length; None: it is not said.
    without_gaps : bool
        True for a list to fill in which no gap is marked: its songs keep their order, and others may come anywhere
        between them; `fixed` then says the order only.
    notes : tuple of str
        Sentences on what was left out of a list.
    """

    songs: tuple[int, ...] | None = None
    fixed: Mapping[int, int] = field(default_factory=dict)
    n: int | None = None
    seconds: float | None = None
    without_gaps: bool = False
    notes: tuple[str, ...] = ()


def position(index: Index, given: Any, what: str = "a song") -> int:
    """The position in the index of a song that is named.

    Raises
    ------
    UsageError
        If there is no such song in the index.
    """
    if not isinstance(given, (str, os.PathLike, Song)):
        raise UsageError(f"{what} is given as {type(given).__name__}; name a song of the index, by its path or name")
    query = Asking(index).known(given)
    if query is None or query.position is None:
        raise UsageError(
            f"{legible(str(given))} is not in the index, and a playlist is made of its songs; add it to the index "
            "(audiolime index), or leave it out"
        )
    return query.position


def positions(
    index: Index, given: Any, what: str, *, fills: bool = False
) -> tuple[tuple[int | Gap, ...], tuple[str, ...]]:
    """The songs (and gaps) of a list, or of a playlist file that is named; and notes on what was left out of a file.

    Parameters
    ----------
    index : Index
        Songs.
    given : path or sequence of song and Gap
        List.
    what : str
        Name of it, for errors.
    fills : bool
        True where its gaps are filled: a line that seems to be meant as a gap, and is none, is then an error.
    """
    if isinstance(given, (str, os.PathLike)):
        return _of_file(index, Path(given), what, fills=fills)
    found = [one if isinstance(one, Gap) else position(index, one, what) for one in listed(given)]
    songs = [one for one in found if not isinstance(one, Gap)]
    if len(set(songs)) < len(songs):
        twice = next(one for one in songs if songs.count(one) > 1)
        raise UsageError(f"{names_in(index)[twice]!r} is named twice in {what}; no song comes twice, so name it once")
    if not songs:
        raise UsageError(f"{what} is empty; name at least one song")
    return tuple(found), ()


def wanted_places(
    index: Index, *, n: Any, minutes: Any, start: Any, end: Any, songs: Any, fixed: Mapping[Any, Any] | None
) -> Wanted:
    """What is asked for, of a list that is not filled.

    Raises
    ------
    UsageError
        If a song is not known, two songs are to have one place or one song two, or a number is none.
    """
    require_count(n, minutes)
    notes: tuple[str, ...] = ()
    chosen: tuple[int, ...] | None = None
    if songs is not None:
        found, notes = positions(index, songs, "the list of songs")
        chosen = tuple(one for one in found if not isinstance(one, Gap))
        if len(chosen) < len(found):
            notes += ("gaps are filled by fill, not where a list is put in order: they count as nothing",)
    if songs is None and n is None and minutes is None:
        raise UsageError("how long is it to be? give a number of songs (n, -n), minutes, or a list to put in order")
    if fixed is not None and not isinstance(fixed, Mapping):
        raise UsageError(
            f"fixed is given as {type(fixed).__name__}; give a mapping of places to songs, as {{1: 'Air'}}"
        )
    places: dict[int, int] = {}
    for place, song in (fixed or {}).items():
        if isinstance(place, bool) or not isinstance(place, (int, np.integer)) or place < 1:
            raise UsageError(f"a song is fixed at place {place!r}; places are whole numbers from 1 on")
        places[int(place) - 1] = position(index, song, f"the song at place {place}")
    for place, song, what in ((0, start, "the first song"), (-1, end, "the last song")):
        if song is None:
            continue
        at = position(index, song, what)
        if places.get(place, at) != at:
            raise UsageError(f"two songs are to be at place {place + 1}; fix one of them")
        places[place] = at
    if chosen is not None and (outside := [at for at in places.values() if at not in chosen]):
        raise UsageError(
            f"{names_in(index)[outside[0]]!r} has a place, and is not in the list of songs; add it to the list"
        )
    if songs is None or n is not None or minutes is not None:
        return Wanted(chosen, places, n, None if minutes is None else 60.0 * float(minutes), notes=notes)
    return Wanted(chosen, places, len(chosen or ()), notes=notes)


def require_count(n: Any, minutes: Any) -> None:
    """Raise `UsageError` unless a number of songs, or minutes, can be that of a list."""
    if n is not None and minutes is not None:
        raise UsageError("n is a number of songs, and minutes are a length; give one of the two")
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= MOST_PLACES):
        raise UsageError(f"n is {n!r}; give a number of songs, a whole number from 1 to {MOST_PLACES}")
    number = isinstance(minutes, (int, float)) and not isinstance(minutes, bool)
    if minutes is not None and not (number and 0 < minutes < np.inf):
        raise UsageError(f"minutes are {minutes!r}; give a number above 0")


def _of_file(index: Index, path: Path, what: str, *, fills: bool) -> tuple[tuple[int | Gap, ...], tuple[str, ...]]:
    read = read_m3u8(path)
    if fills and read.odd_gaps:
        raise UsageError(f"{read.odd_gaps[0]}; write how many songs (# gap 3), or minutes (# gap 12 min)")
    found, lost, twice = list[int | Gap](), list[str](), list[str]()
    for entry in read.entries:
        at = entry if isinstance(entry, Gap) else _entry(index, entry)
        if at is None:
            lost.append(legible(entry.path.name) if isinstance(entry, Named) else "")
        elif not isinstance(at, Gap) and at in found:
            twice.append(names_in(index)[at])
        else:
            found.append(at)
    if not any(not isinstance(one, Gap) for one in found):
        named = f"; not in the index: {_some(lost)}" if lost else ""
        raise UsageError(f"{legible(path)}, {what}, names no song of the index{named}")
    notes = [*read.notes]
    if lost:
        songs = counted(len(lost), "song is", "songs are")
        notes.append(f"{songs} left out, not in the index: {_some(lost)}")
    if twice:
        notes.append(f"named twice in the list, and once in the playlist: {_some(twice)}")
    return tuple(found), tuple(notes)


def _entry(index: Index, entry: Named) -> int | None:
    """The song of the index that a line names: by its path, by its content, or by the path in another Unicode form.

    A song of a catalogue, which has no file, is named by its key: by the line as it stands, or as seen from here.
    """
    for path in entry.readings:
        if (at := _at(index, path)) is not None:
            return at
    for key in (entry.line, os.path.relpath(entry.path)):
        if (at := places_of(index).get(key)) is not None and index.songs[at].path is None:
            return at
    for path in entry.readings:
        query = Asking(index).known(path) if is_file(path) else None
        if query is not None and query.position is not None:
            return query.position
    composed = remembered(index, "composed places", lambda: {_composed(path): at for path, at in _real(index).items()})
    return next((composed[key] for path in entry.readings if (key := _composed(_realpath(path))) in composed), None)


def _at(index: Index, path: Path) -> int | None:
    """The song whose file lies at a path: as the index writes it, or where both really lie."""
    known = places_of(index)
    for place in (os.path.relpath(path, index.folder), os.fspath(path)):
        if place in known:
            return known[place]
    return _real(index).get(_realpath(path))


def _real(index: Index) -> Mapping[str, int]:
    """Where the file of each song really lies → its position."""

    def gathered() -> dict[str, int]:
        files = [(one, at) for at, song in enumerate(index.songs) for one in (song.path, *song.also) if one is not None]
        folders = {folder: os.path.realpath(index.folder / folder) for folder in {Path(one).parent for one, _ in files}}
        return {os.path.join(folders[Path(one).parent], Path(one).name): at for one, at in reversed(files)}  # noqa: PTH118

    return remembered(index, "real places", gathered)


def _realpath(path: Path) -> str:
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - a song that is a link stays one


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
