"""A playlist from a collection: the whole way, on one screen.

What is asked for becomes places and songs to choose from (`wanted`, `filling`, `choosing`), rules are checked against
numbers (`rules`), the best order is looked for (`solving`, `narrowing`, `search`), and what was found is told,
transition by transition, beside the order that a simple recommender would play (`judging`).

Nearness is the similarity as it is; hubs are corrected for if that is asked for. Measured on 401 songs of 31 free
soundtracks (musicnn's penultimate layer, `examples/library/playlists.md`), the correction makes no clear difference:
where 245 songs are put in order, those of one soundtrack follow each other in .31 of the transitions with and without,
the mean similarity is .73, and the poorest transition .38 with and .34 without; where songs are chosen, one search
found more transitions within a soundtrack with it, another one fewer. So what is shown is what is made as small as can
be.

Invariants: *rules are kept or the list is refused*; *what is left out, and why, is said*; *the same question has the
same answer*.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.choosing import choice_of
from audiolime_ext.recommendation.playlists.curve import Curve, curve_of
from audiolime_ext.recommendation.playlists.filling import wanted_gaps
from audiolime_ext.recommendation.playlists.greedy import Greedy
from audiolime_ext.recommendation.playlists.judging import holding, limit_of, remarks, transitions_of
from audiolime_ext.recommendation.playlists.pool import Places, Pool
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.recommendation.playlists.rules import Rules, rules_of
from audiolime_ext.recommendation.playlists.search import Task
from audiolime_ext.recommendation.playlists.solving import solved
from audiolime_ext.recommendation.playlists.wanted import Wanted, position, wanted_places
from audiolime_ext.recommendation.queries import waiting
from audiolime_ext.recommendation.similar import listed, require_seed
from audiolime_ext.recommendation.space import SpaceKind, space_of
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.text import counted


@tells_progress
def playlist(
    index: Index | str | os.PathLike[str],
    *,
    n: int | None = None,
    minutes: float | None = None,
    start: Any = None,
    end: Any = None,
    songs: Any = None,
    fill: Any = None,
    gap_minutes: float | None = None,
    fixed: Mapping[int, Any] | None = None,
    per_artist: int | None = None,
    artist_gap: int | None = None,
    curve: Any = None,
    column: str | None = None,
    table: str | os.PathLike[str] | None = None,
    curve_weight: float = 1.0,
    exclude: Any = (),
    hubs: HubCorrection | None = None,
    space: SpaceKind | None = None,
    seed: int = 0,
    progress: Told = None,
) -> Playlist:
    """Songs of a collection in an order in which each is near to the next, as a whole.

    Parameters
    ----------
    index : Index or path
        Collection, as ``audiolime index`` wrote it.
    n : int or None
        Number of songs, up to 2,000; None: all of `songs`, or as many as `minutes` or gaps say.
    minutes : float or None
        Length of the list in minutes, in place of `n`: a wish. What is more than half a song of mean length off costs
        as much as a distance of 1 for each such song.
    start, end : path, name, Song or None
        First and last song; None: any.
    songs : path of a playlist, list of songs, or None
        Songs to put in order: all of them or, with `n` or `minutes`, some of them; None: those of the index.
    fill : path of a playlist, list of songs and `Gap`, or None
        Songs that stay in their order, with gaps between them that are filled (in a file: ``# gap 3``, ``# gap 12
        min``, which are counted with songs of mean length). Without gaps, `n` is the number of songs in all: others
        come between the first and the last one, where the list then costs least.
    gap_minutes : float or None
        Length of gaps that do not say how long they are.
    fixed : mapping of int to song, or None
        Place, from 1 on, → the song that is to be there.
    per_artist : int or None
        Most songs of one artist; None: any number.
    artist_gap : int or None
        Least number of places from one song of an artist to the next (2: they never follow each other); None: 1.
    curve : str, sequence of (float, float), or None
        Curve that the list follows: ``"rising"``, ``"falling"``, ``"peak"``, or points from 0 to 1 (``"0:0.2 0.5:0.9
        1:0.4"``); None: none.
    column : str or None
        Name of what the curve is of: an output of the model, ``year``, ``duration_s``, or a column of `table`.
    table : path or None
        CSV about the songs, with the columns ``path`` and `column`.
    curve_weight : float
        Weight of being off the curve by all of its height, in distances between songs.
    exclude : song or list of songs
        Songs that are not wanted.
    hubs : {"mutual proximity", "local scaling"} or None
        Correction for songs that are near to everything; None: none.
    space : {"centred", "standardised", "plain"} or None
        Space in which vectors are compared; None: standardised where the model's outputs have names, else centred.
    seed : int
        Random seed of the search.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Raises
    ------
    UsageError
        If a song is not known or has no place, a number or a curve is none, or the rules cannot be kept.

    Examples
    --------
    >>> from audiolime_ext.collection.songs import Song
    >>> names = ["Reel", "Drone", "Jig", "Hum", "Polka", "Air"]
    >>> songs = tuple(Song(name, title=name, artist="AABBCC"[at]) for at, name in enumerate(names))
    >>> vectors = np.array([[120, 0.9], [60, 0.2], [112, 0.8], [64, 0.1], [126, 0.7], [80, 0.4]], np.float32)
    >>> collection = Index(Path("."), "", "", ("tempo", "energy"), songs, vectors)
    >>> playlist(collection, n=6, start="Hum", curve="rising", column="tempo").names
    ('B – Hum', 'A – Drone', 'C – Air', 'B – Jig', 'A – Reel', 'C – Polka')
    >>> playlist(collection, n=4, per_artist=1)
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: 4 songs by at most 1 per artist need 4 artists; the index has 3, which give 3 ...
    """
    require_seed(seed)
    _require_rules(per_artist, artist_gap)
    index = _opened(index)
    asked = {"start": start, "end": end, "songs": songs, "fixed": fixed}
    wanted = _wanted(index, fill, gap_minutes, n=n, minutes=minutes, **asked)
    where, line = space_of(index, space), curve_of(index, curve, column, table, curve_weight)
    telling = Telling.of(index, where, hubs)
    excluded = [position(index, one, "a song to exclude") for one in listed(exclude)]
    choice = choice_of(index, where, wanted, line, excluded, by_length=wanted.seconds is not None)
    pool = Pool(index, where, choice.positions, telling.crowd)
    rules = rules_of(index, pool.positions, per_artist, artist_gap)
    task, order, greedy = solved(pool, rules, wanted, line, choice, seed)
    notes = [*waiting(index), *wanted.notes, *(line.notes if line else ()), *telling.notes, *choice.notes]
    notes += _of_rules(rules, order)
    if wanted.seconds is not None and task.lengths is not None:
        length = float(task.lengths[order].sum()) / 60
        notes.append(f"{length:.1f} minutes, where {wanted.seconds / 60:g} were wanted")
    return _told(task, order, greedy, telling, line, choice.whole, notes, seed)


def _wanted(index: Index, fill: Any, gap_minutes: float | None, **asked: Any) -> Wanted:
    """What is asked for; a list that is filled has its own order, and nothing besides."""
    if fill is None:
        if gap_minutes is not None:
            raise UsageError("gap minutes are for a list whose gaps are filled; give the list (fill, --fill)")
        return wanted_places(index, **asked)
    n = asked.pop("n")
    if besides := [name for name, value in asked.items() if value]:
        raise UsageError(f"the songs of a list that is filled stay where they are; leave out {', '.join(besides)}")
    return wanted_gaps(index, fill, n, gap_minutes)


def _opened(index: Any) -> Index:
    if not isinstance(index, (Index, str, os.PathLike)):
        raise UsageError(f"the index is given as {type(index).__name__}; give an Index, or the path of one")
    found = index if isinstance(index, Index) else load_index(Path(index))
    if not found.songs:
        raise UsageError("the index holds no songs; index some that can be heard")
    return found


def _told(
    task: Task,
    order: Places,
    greedy: Greedy,
    telling: Telling,
    curve: Curve | None,
    whole: str,
    notes: list[str],
    seed: int,
) -> Playlist:
    pool, index = task.pool, task.pool.index
    limit = limit_of(pool, whole)
    found, holds = transitions_of(telling, pool, order, limit), holding(pool, order, limit)
    notes += [*remarks(found, holds, limit), *telling.of_stems([one.pair for one in found])]
    at = pool.positions[order]
    ranks = () if curve is None else tuple(None if np.isnan(rank) else float(rank) for rank in curve.ranks[at])
    return Playlist(
        tuple(index.songs[one] for one in at),
        tuple(names_in(index)[one] for one in at),
        found,
        greedy,
        limit.below,
        limit.of,
        holds,
        index.folder,
        index.model,
        telling.space.kind,
        telling.correction or "similarity",
        tuple((np.flatnonzero(task.given >= 0) + 1).tolist()),
        "" if curve is None else curve.column,
        () if curve is None else tuple(curve.wanted(task.n).tolist()),
        ranks,
        task.cost(order),
        seed,
        tuple(dict.fromkeys(notes)),
    )


def _of_rules(rules: Rules, order: Places) -> list[str]:
    unknown = int((rules.artists[order] < 0).all(axis=1).sum())
    if not rules.strict or not unknown:
        return []
    songs = counted(unknown, "song in the list", "songs in the list")
    return [f"the artist of {songs} is not known: each counts as one of an artist of its own"]


def _require_rules(per_artist: Any, artist_gap: Any) -> None:
    for name, number in (("per_artist", per_artist), ("artist_gap", artist_gap)):
        whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
        if number is not None and (not whole or number < 1):
            raise UsageError(f"{name} is {number!r}; give a whole number from 1 on")
