"""Which song of an index a name means.

It is the song of that path; else of that name (“Artist – Title”) or title, letter case ignored; else of a file that is
called so, with or without its ending. A name of several songs is refused: one is not guessed. In sentences such songs
are told apart by their paths; whatever is shown of a song, its name as its path, is understood.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.text import counted

_SHOWN = 3
_NEAR = 0.3  # share of letter triples


def position_of(index: Index, given: str) -> int:
    """The position of the song that a name means.

    Raises
    ------
    UsageError
        If there is no such song, with those of similar names; or if there are several.
    """
    if not given:
        raise UsageError("a song has no name; name a file, or a song of the index by its path or name")
    places = places_of(index)
    for place in (given, os.path.relpath(given, index.folder)):  # a file that is gone may still be indexed
        if place in places:
            return places[place]
    names = remembered(index, "names", lambda: _names(index))
    files = remembered(index, "files", lambda: _files(index.songs))
    found = names.get(_folded(given)) or files.get(_folded(given), [])
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(_shown_places(index.songs)[at] for at in found[:_SHOWN])
        more = " …" if len(found) > _SHOWN else ""
        told = f"{counted(len(found), 'song is', 'songs are')} called {legible(given)!r}"
        raise UsageError(f"{told}; name one by its path: {legible(which)}{more}")
    near = _nearest(given, (name for song in index.songs for name in (song.name, song.path) if name))
    quoted = " or ".join(f"'{name}'" for name in near)
    hint = f"did you mean {quoted}?" if near else "name a file, or a song by its path or name"
    raise UsageError(f"there is no file and no song of the index called {legible(given)!r}; {hint}")


def places_of(index: Index) -> Mapping[str, int]:
    """Key or path of a song → its position."""
    return remembered(index, "places", lambda: _places(index.songs))


def names_in(index: Index) -> Sequence[str]:
    """The name of each song of an index, by its position; where several have one name, each with its path."""
    return remembered(index, "told apart", lambda: told_apart(index.songs))


def told_apart(songs: Sequence[Song]) -> list[str]:
    """The names of some songs; where several have one name, each with its path.

    Examples
    --------
    >>> songs = [Song("1", f"../{n}/a.ogg", title="Air", artist="Bach") for n in (1, 2)]
    >>> told_apart([*songs, Song("3", title="Jig")])
    ['Bach – Air (1/a.ogg)', 'Bach – Air (2/a.ogg)', 'Jig']
    """
    counts = Counter(song.name for song in songs)
    return [
        song.name if counts[song.name] == 1 else f"{song.name} ({place})" if song.title else place
        for song, place in zip(songs, _shown_places(songs), strict=True)
    ]


def _shown_places(songs: Sequence[Song]) -> list[str]:
    """Where songs are, without leading ``..`` unless two would read alike."""
    counts = Counter(song.place for song in songs)
    return [song.place if counts[song.place] == 1 else song.path or song.key for song in songs]


def _places(songs: Sequence[Song]) -> dict[str, int]:
    return {place: at for at, song in enumerate(songs) for place in (song.key, song.path, *song.also) if place}


def _names(index: Index) -> dict[str, list[int]]:
    """Folded path, name or title, as it is or as it is shown → positions."""
    found: dict[str, list[int]] = {}
    for at, (song, told) in enumerate(zip(index.songs, names_in(index), strict=True)):
        given = (song.path, *song.also, song.name, song.title, told, song.place)
        for name in {_folded(name) for name in given if name}:
            found.setdefault(name, []).append(at)
    return found


def _files(songs: Sequence[Song]) -> dict[str, list[int]]:
    """Folded name of a file, with and without its ending → positions."""
    found: dict[str, list[int]] = {}
    for at, song in enumerate(songs):
        paths = [PurePath(path) for path in (song.path, *song.also) if path]
        for name in {_folded(name) for path in paths for name in (path.name, path.stem)}:
            found.setdefault(name, []).append(at)
    return found


def _folded(name: str) -> str:
    return " ".join(legible(name).casefold().removeprefix("./").replace(" - ", " – ").split())


def _nearest(given: str, names: Iterable[str]) -> list[str]:
    """The names that share most triples of letters with what was given: quick among any number of names."""
    wanted = _triples(given)
    triples = ((name, _triples(name)) for name in names)
    scored = {(2 * len(wanted & found) / (len(wanted) + len(found)), name) for name, found in triples if found}
    near = sorted((pair for pair in scored if pair[0] >= _NEAR), key=lambda pair: (-pair[0], pair[1]))
    return [legible(name) for _, name in near[:_SHOWN]]


def _triples(name: str) -> set[str]:
    text = f" {re.sub(r'[^0-9a-z]+', ' ', name.casefold())} "
    return {text[at : at + 3] for at in range(len(text) - 2)}
