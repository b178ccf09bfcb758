"""Which songs are evaluated: those that every index holds and that have a group, and which group that is.

Indexes of the same songs are matched by content (`Song.key`), so that each method answers the same queries among the
same songs. What is left out is said: songs that are not in all indexes, that have no group, or whose vector is not
finite. A group of one song asks nothing, as nothing is relevant to it; it is still searched.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.columns import column_of
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.omissions import left_out
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible, told_apart
from audiolime_ext.recommendation.retrieval import hidden_from, same
from audiolime_ext.text import counted

MOST_SONGS = 4000
Mask = NDArray[np.bool_]
Table = str | os.PathLike[str] | None


@dataclass(frozen=True, eq=False)
class Songs:
    """Songs that are evaluated.

    Parameters
    ----------
    indexes : mapping of str to Index
        Name → index; the first one says what is known of the songs.
    places : ndarray of int, shape (n_indexes, n_songs)
        Place of each song in each index.
    groups : tuple of str
        Group of each song.
    artists : tuple of str or None, or None
        Artist of each song, None where it is not known; None: artists do not matter.
    notes : tuple of str
        Sentences on what is left out.
    """

    indexes: dict[str, Index] = field(repr=False)
    places: NDArray[np.intp] = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    artists: tuple[str | None, ...] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Index:
        """The first index."""
        return next(iter(self.indexes.values()))

    @property
    def songs(self) -> tuple[Song, ...]:
        """The songs, as the first index knows them."""
        return tuple(self.first.songs[place] for place in self.places[0])

    @property
    def hidden(self) -> Mask:
        """Which song (column) a query (row) must not find, shape (n_songs, n_songs)."""
        return hidden_from(len(self.groups), self.artists)

    @property
    def queries(self) -> Mask:
        """True for songs to which another one is relevant, shape (n_songs,)."""
        return np.asarray((same(self.groups) & ~self.hidden).any(axis=1))

    @property
    def on_artists(self) -> list[str]:
        """Sentences on what it means to leave out songs of the query's artist."""
        if self.artists is None:
            return []
        notes, n_all = [], int((same(self.groups) & ~np.eye(len(self.groups), dtype=bool)).any(axis=1).sum())
        if n_lost := n_all - int(self.queries.sum()):
            notes.append(
                f"without songs of the query's artist {n_lost} of {counted(n_all, 'song')} have nothing left to find; "
                "what is measured is about the others"
            )
        if n_unknown := sum(artist is None for artist in self.artists):
            notes.append(
                f"the artist of {n_unknown} of {counted(len(self.artists), 'song')} is not known: nothing is left out "
                "there"
            )
        return notes

    @property
    def asking(self) -> dict[str, int]:
        """Group → number of its queries, largest first, of groups that have some."""
        found = Counter(group for group, asks in zip(self.groups, self.queries, strict=True) if asks)
        return dict(found.most_common())

    def vectors(self, number: int) -> NDArray[np.float64]:
        """The vectors of an index by its number, shape (n_songs, n_features)."""
        index = list(self.indexes.values())[number]
        return np.asarray(index.vectors[self.places[number]], float)

    def only(self, places: NDArray[np.intp], *notes: str) -> Songs:
        """Some of the songs, with notes on the others."""
        artists = None if self.artists is None else tuple(self.artists[place] for place in places)
        groups = tuple(self.groups[place] for place in places)
        return Songs(self.indexes, self.places[:, places], groups, artists, (*self.notes, *filter(None, notes)))


def songs_of(
    indexes: Sequence[Index],
    group: str,
    *,
    table: Table = None,
    artists: bool = False,
    most: int | None = None,
    seed: int = 0,
) -> Songs:
    """The songs of some indexes that have a group.

    Parameters
    ----------
    indexes : sequence of Index
        Indexes of the same songs, or of some that are the same.
    group : str
        Name of the column that says which songs belong together, as `column_of` understands it.
    table : path or None
        Table that has the column; None: it is a tag, the folder, or an output of the model.
    artists : bool
        True to know each song's artist, from the tags.
    most : int or None
        Number of songs of a group that are taken at most, from 2 on, drawn by lot; None: all, up to 4,000 in all.
    seed : int
        Random seed of that lot.

    Raises
    ------
    UsageError
        If there is no such column, or no two groups of two songs.
    """
    named = named_indexes(indexes)
    first = indexes[0]
    at = [{song.key: place for place, song in enumerate(index.songs)} for index in indexes]
    shared = [song.key for song in first.songs if all(song.key in places for places in at)]
    if not shared:
        raise UsageError(
            f"{' and '.join(map(legible, named))} have no song in common (by content); compare indexes of the same "
            "files, made by different models"
        )
    column = column_of(first, group, table)
    values = column.values
    known = [key for key in shared if values[at[0][key]] is not None]
    places = np.array([[one[key] for key in known] for one in at], np.intp).reshape(len(at), len(known))
    usable = np.all([_usable(one.vectors[rows]) for one, rows in zip(indexes, places, strict=True)], axis=0)
    names = [song.name for index in indexes for song in index.songs if song.key not in set(shared)]
    notes = (
        *column.notes,
        left_out(list(dict.fromkeys(names)), "song is not in all indexes", "songs are not in all indexes"),
        left_out(
            _names(first, at[0], shared, known), f"song has no {legible(group)}", f"songs have no {legible(group)}"
        ),
        left_out(
            [first.songs[place].name for place in places[0][~usable]],
            "vector is not finite, or zero",
            "vectors are not finite, or zero",
        ),
    )
    of = tuple(str(values[place]) for place in places[0])
    whose = tuple(first.songs[place].artist for place in places[0]) if artists else None
    found = Songs(named, places, of, whose).only(np.flatnonzero(usable), *notes)
    found = _fewer(found, most, seed)
    require_groups(found, group)
    return found


def _usable(vectors: NDArray[np.float32]) -> Mask:
    return np.asarray(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))


def named_indexes(indexes: Sequence[Index]) -> dict[str, Index]:
    """Indexes by name: that of the folder, and as much of the path as tells them apart, without ``.index``.

    Raises
    ------
    UsageError
        If there is none, or one is given twice.
    """
    if not indexes:
        raise UsageError("no index is given; name one that audiolime index made")
    paths = [os.path.realpath(index.folder) for index in indexes]
    if twice := [path for path, n in Counter(paths).items() if n > 1]:
        raise UsageError(f"the index {legible(twice[0])} is given twice; name it once")
    names = list(told_apart(paths).values())
    short = [name.removesuffix(".index") for name in names]
    return dict(zip(short if len(set(short)) == len(short) else names, indexes, strict=True))


def _names(index: Index, at: dict[str, int], shared: Sequence[str], known: Sequence[str]) -> list[str]:
    there = set(known)
    return [index.songs[at[key]].name for key in shared if key not in there]


def _fewer(songs: Songs, most: int | None, seed: int) -> Songs:
    """At most so many songs of each group, and no more in all than can be compared in pairs."""
    counts = Counter(songs.groups)
    allowed = most
    if len(songs.groups) > MOST_SONGS:
        fits = (
            n for n in range(max(counts.values()), 2, -1) if sum(min(n, one) for one in counts.values()) <= MOST_SONGS
        )
        allowed = min(next(fits, 2), most or MOST_SONGS)
    if allowed is None:
        return songs
    places = drawn(songs.groups, allowed, seed)
    note = f"at most {allowed} songs of a group are taken, drawn by lot: {len(places)} of {len(songs.groups)}"
    if len(places) > MOST_SONGS:
        kept = np.random.default_rng(seed).permutation(sorted(counts))[: MOST_SONGS // 2].tolist()
        places = [place for place in places if songs.groups[place] in set(kept)]
        note = (
            f"{note}; and {len(kept)} of {counted(len(counts), 'group')}, for more than {MOST_SONGS} songs are too many"
        )
    return songs.only(np.array(places, np.intp), note if len(places) < len(songs.groups) else "")


def drawn(groups: Sequence[str], most: int, seed: int) -> list[int]:
    """At most `most` places of each group, drawn by a seed, in order.

    Examples
    --------
    >>> drawn(["a", "a", "a", "b"], 2, seed=0)
    [0, 2, 3]
    """
    rng = np.random.default_rng(seed)
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    return sorted(place for group in sorted(places) for place in rng.permutation(places[group])[:most].tolist())


def require_groups(songs: Songs, column: str) -> None:
    """Raise `UsageError` unless two groups ask, with the reason and what to do."""
    groups = Counter(songs.groups)
    if len(songs.asking) >= 2:
        return
    if songs.artists is not None and sum(n > 1 for n in groups.values()) >= 2:
        raise UsageError(
            f"nearly every group of {legible(column)!r} is one artist: without songs of the query's artist fewer than "
            "two groups have anything to find. Leave --artists out (artists=False), or group by a style"
        )
    if len(groups) == 1:
        raise UsageError(
            f"all songs have the {legible(column)} {legible(next(iter(groups)))!r}: where all are relevant, every "
            "order is right; group by a column that tells songs apart"
        )
    raise UsageError(
        f"of {counted(len(groups), 'group')} by {legible(column)!r}, {len(songs.asking)} with two songs or more; two "
        "such groups are needed: group by a column whose values several songs share"
    )
