"""A collection becomes a map: the whole way, on one screen.

Songs become directions (`audiolime_ext.recommendation.space`); songs of one direction are laid out once. They are laid
out from their principal components (`laying_out`), and again from elsewhere (`stability`); noise is laid out beside
them (`noise`), and it is decided in the original space whether there are clumps (`clumps`). A column of the collection
gives groups (`groups`).

Invariants: *the same songs, settings and seed have the same map*; *what is claimed of clumps and groups is measured in
the original space, never on the map*; *a song without a direction is on no map, which a note says*.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.columns import column_of
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.maps.clumps import clumps_of
from audiolime_ext.recommendation.maps.groups import groups_of
from audiolime_ext.recommendation.maps.laying_out import lay_out, principal_of
from audiolime_ext.recommendation.maps.nearness import Ints, Points, nearest, places_of_duplicates, trustworthiness
from audiolime_ext.recommendation.maps.noise import Noise
from audiolime_ext.recommendation.maps.presets import DEFAULT, settings_of
from audiolime_ext.recommendation.maps.result import EmbeddingMap, Layout, MapSettings
from audiolime_ext.recommendation.maps.stability import neighbours_compared, stability_of
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.queries import Asking, waiting
from audiolime_ext.recommendation.similar import listed
from audiolime_ext.recommendation.space import SpaceKind, space_of
from audiolime_ext.text import counted


@tells_progress
def embedding_map(
    index: Index | str | os.PathLike[str],
    *,
    settings: MapSettings | str = DEFAULT,
    space: SpaceKind | None = None,
    group: str | None = None,
    table: str | os.PathLike[str] | None = None,
    query: Any = (),
    candidates: Any = (),
    n_neighbours: int = 10,
    progress: Told = None,
) -> EmbeddingMap:
    """A map of a collection, with what may be read off it and what may not.

    Parameters
    ----------
    index : Index or path
        Collection, as ``audiolime index`` wrote it.
    settings : MapSettings or str
        Settings of t-SNE, or the name of a preset (``"local"``, ``"balanced"``, ``"global"``, ``"gathered"``,
        ``"spread"``); `audiolime_ext.recommendation.maps.presets` says how to go on from these.
    space : {"centred", "standardised", "plain"} or None
        Space in which songs are near; None: standardised where the model's outputs have names, else centred.
    group : str or None
        Column whose groups are compared: a tag (artist, album, genre, year, title), folder, or one of the `table`.
    table : path or None
        CSV with the columns ``path`` and that of `group`.
    query, candidates : song, or a list of songs
        Songs of the index that are marked on the map: by path, name, file, or as `Song`.
    n_neighbours : int
        Number of neighbours in the original space that are told of each song, from 1 on.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Raises
    ------
    UsageError
        If there are fewer than ten songs with directions of their own, a setting cannot be used, there is no such
        column, song or space, or a column has no two groups of two songs.
    MissingError
        If the extra ``maps`` is not installed.

    Examples
    --------
    >>> from audiolime_ext.collection.songs import Song
    >>> vectors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    >>> songs = tuple(Song(f"{n}", title=f"song {n}") for n in range(40))
    >>> found = embedding_map(Index(Path("."), "", "", None, songs, vectors), query="song 3")
    >>> found.layout.positions.shape, found.marked["query"], found.clumped
    ((40, 2), (3,), False)
    """
    index = index if isinstance(index, Index) else load_index(Path(index))
    where = space_of(index, space)
    places = np.flatnonzero(where.usable)
    marked, notes = _marked(index, places, query, candidates)
    column = None if group is None else column_of(index, group, table)
    if group is None and table is not None:
        raise UsageError("table says which group a song is of; name its column with group")
    _require(n_neighbours)
    everywhere = where.directions(index, places)
    distinct, same = places_of_duplicates(everywhere)
    directions = everywhere[distinct]
    chosen, lowered = settings_of(settings, len(directions))
    groups, grouped = (None, ()) if column is None else groups_of(column, everywhere, places, chosen.seed)
    start, explained = principal_of(directions)
    noise = Noise.like(directions, np.random.default_rng([chosen.seed, 2]))
    clumps = clumps_of(where.scaled(index.vectors[places[distinct]]), chosen.seed)
    layout = _layout(directions, start, chosen, clumps.depth, "laying out the map")
    drawn = noise.draw(len(directions), np.random.default_rng([chosen.seed, 3]))
    empty = _layout(drawn, principal_of(drawn)[0], chosen, clumps.of_noise, "laying out noise")
    stability = stability_of(directions, start, layout.positions, chosen)
    near, cosines = _neighbours(everywhere, n_neighbours)
    names = names_in(index)
    return EmbeddingMap(
        index,
        where.kind,
        chosen,
        places,
        tuple(names[int(place)] for place in places),
        replace(layout, positions=layout.positions[same]),
        start[same],
        explained,
        empty,
        clumps.found,
        clumps.p,
        replace(stability, by_starts=stability.by_starts[same], by_subsamples=stability.by_subsamples[same]),
        near,
        cosines,
        groups,
        marked,
        (*waiting(index), *where.notes, *_duplicates(len(places), len(distinct)), *lowered, *grouped, *notes),
        clumps.n_apart,
        clumps.n_compared,
    )


def _layout(directions: Points, start: Points, settings: MapSettings, measured: float, name: str) -> Layout:
    positions, movement = lay_out(directions, start, settings, name=name)
    k = neighbours_compared(len(directions))
    return Layout(positions, movement, trustworthiness(directions, positions, k), measured)


def _neighbours(directions: Points, n: int) -> tuple[Ints, Points]:
    """The nearest songs of each, filled up with −1 and NaN where there are fewer songs."""
    k = min(n, len(directions) - 1)
    found, cosines = nearest(directions, k)
    beyond = ((0, 0), (0, n - k))
    return np.pad(found, beyond, constant_values=-1), np.pad(cosines, beyond, constant_values=np.nan)


def _marked(index: Index, places: Ints, query: Any, candidates: Any) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """What is marked, by places on the map, and sentences on songs that are on none."""
    on_map = {int(place): at for at, place in enumerate(places)}
    marked, notes = dict[str, tuple[int, ...]](), list[str]()
    for name, given in (("query", query), ("candidates", candidates)):
        found = [_position(index, one, name) for one in listed(given)]
        kept = dict.fromkeys(on_map[position] for position in found if position in on_map)
        if kept:
            marked[name] = tuple(kept)
        notes += [
            f"{names_in(index)[position]} is not marked, for it is on no map: it has no direction"
            for position in dict.fromkeys(found)
            if position not in on_map
        ]
    return marked, notes


def _position(index: Index, given: Any, name: str) -> int:
    known = Asking(index).known(given)
    if known is None or known.position is None:
        shown = legible(given) if isinstance(given, (str, os.PathLike)) else f"a {type(given).__name__}"
        raise UsageError(
            f"{name} names {shown}, which the index does not hold; a map has places for its own songs only, so index "
            "the song, too"
        )
    return known.position


def _duplicates(n_songs: int, n_distinct: int) -> list[str]:
    if n_songs == n_distinct:
        return []
    more = counted(n_songs - n_distinct, "song has", "songs have")
    return [f"{more} the direction of another one, and the same place: the map is made of {n_distinct}"]


def _require(n_neighbours: Any) -> None:
    if isinstance(n_neighbours, bool) or not isinstance(n_neighbours, (int, np.integer)) or n_neighbours < 1:
        raise UsageError(f"n_neighbours is {n_neighbours!r}; give a whole number from 1 on")
