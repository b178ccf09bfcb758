"""Which songs are not listed: those that were asked about and, if wanted, all of their artists or albums.

Artists are the same where their tags are, letter case and spaces aside, and whichever of its two forms Unicode has of
an accented letter; songs of several artists (between semicolons) are each one's. Albums are the same where their titles
are, whoever the artist: a compilation has many. A tag that is missing is not the same as any other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.recommendation.queries import Query
from audiolime_ext.text import counted

Tag = Literal["artist", "album"]


def left_out(index: Index, queries: Sequence[Query], tags: Sequence[Tag]) -> tuple[set[int], tuple[str, ...]]:
    """Positions of the songs that are not listed, and notes on those that share a tag with a query.

    Parameters
    ----------
    index : Index
        Songs that could be listed.
    queries : sequence of Query
        Queries, which are never listed themselves.
    tags : sequence of {"artist", "album"}
        Tags in which a listed song must differ from every query.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> songs = (Song("a", artist="Sectoid"), Song("b", artist="sectoid"), Song("c", artist="Muldjord"), Song("d"))
    >>> index = Index(Path("."), "", "", None, songs, np.eye(4, dtype=np.float32))
    >>> left_out(index, [Query("a", index.vectors[0], 0, songs[0])], ["artist"])
    ({0, 1}, ('1 song of the same artist is not listed',))
    """
    own = {place for query in queries for place in (query.position, query.former) if place is not None}
    excluded, notes = set(own), list[str]()
    for tag in tags:
        known = with_tag(index, tag)
        told = [getattr(query.song, tag) for query in queries if query.song and getattr(query.song, tag)]
        wanted = {name for one in told for name in _each(one, tag)}
        same = {int(at) for name in wanted for at in known.get(name, ())} - own
        untold = [query.name for query in queries if query.song is None or not getattr(query.song, tag)]
        if same:
            of_it = f"of the same {tag}"
            notes.append(f"{counted(len(same), f'song {of_it} is', f'songs {of_it} are')} not listed")
        if untold:
            notes.append(f"the {tag} of {', '.join(untold)} is not known: songs of the same {tag} may be listed")
        excluded |= same
    return excluded, tuple(notes)


def with_tag(index: Index, tag: Tag) -> Mapping[str, NDArray[np.intp]]:
    """Folded tag → positions."""

    def gathered() -> dict[str, NDArray[np.intp]]:
        found: dict[str, list[int]] = {}
        for at, song in enumerate(index.songs):
            if name := getattr(song, tag):
                for each in _each(name, tag):
                    found.setdefault(each, []).append(at)
        return {name: np.array(positions, np.intp) for name, positions in found.items()}

    return remembered(index, ("tag", tag), gathered)


def _each(told: str, tag: Tag) -> set[str]:
    """The names in a tag: of several artists each."""
    return {_folded(name) for name in (told.split(";") if tag == "artist" else [told]) if name.strip()}


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())
