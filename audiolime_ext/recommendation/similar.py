"""The songs of a collection that are similar to others: the whole way, on one screen.

Queries become vectors (`queries`), vectors directions in the collection's space (`space`), several of them a profile
or a taste (`ranking`); its own songs are left out (`leaving_out`), nearness is corrected for hubs (`crowd`), and the
nearest are found (`neighbours`).

Invariants: *a song is never its own neighbour, under whatever name*; *contributions add up to the similarity*; *the
same question has the same answer, with or without what is kept in the index's folder*.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.approximate import proposer_of
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.leaving_out import Tag, left_out
from audiolime_ext.recommendation.neighbours import Wanted, find
from audiolime_ext.recommendation.queries import Asking, Query, each_once, waiting
from audiolime_ext.recommendation.ranking import ranking_of
from audiolime_ext.recommendation.result import Neighbour, Similar
from audiolime_ext.recommendation.sounds import sound_of
from audiolime_ext.recommendation.space import SpaceKind, space_of
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.text import counted


@tells_progress
def similar(
    songs: Any,
    index: Index | str | os.PathLike[str],
    *,
    k: int = 10,
    like: Any = (),
    dislike: Any = (),
    weakest: bool = False,
    pairs: Iterable[tuple[Any, Any]] = (),
    other_artists: bool = False,
    other_albums: bool = False,
    hubs: HubCorrection | None = "mutual proximity",
    space: SpaceKind | None = None,
    weights: Mapping[str, float] | None = None,
    model: Any = None,
    factorization: Any = None,
    trust: bool = False,
    seed: int = 0,
    progress: Told = None,
) -> Similar:
    """The songs of a collection that are nearest to one song, or to several.

    Parameters
    ----------
    songs : path, name, Song, (ndarray, int), Audio, ndarray of shape (n_features,), or a list of these
        Songs whose neighbours are looked for: a file, a song of the index by its path or name, sound with its rate, or
        a vector of the index's model. Of several, the neighbours of all together (their profile). An empty list: only
        `like` or `pairs` are asked for.
    index : Index or path
        Collection, as ``audiolime index`` wrote it.
    k : int
        Number of songs to list, from 1 on.
    like, dislike : as `songs`
        Songs from which a taste is learnt, by which songs are then ranked; `songs` are liked as well. Without
        `dislike`, songs drawn from the collection stand for what is not liked.
    weakest : bool
        True to list the least similar songs, least first.
    pairs : iterable of (song, song)
        Pairs whose similarity is told as well.
    other_artists, other_albums : bool
        True to leave out songs of the artists, or of the albums, of all that was asked about.
    hubs : {"mutual proximity", "local scaling"} or None
        Correction for hubs, songs that are near to everything; None: none. A taste needs none.
    space : {"centred", "standardised", "plain"} or None
        Space in which vectors are compared; None: standardised where the model's outputs have names, else centred.
    weights : mapping of str to float, or None
        Weight of each stem, or of ``"silence"``, from 0 (not heard) on, for an index with stems: ``{"drums": 2}``; 1
        where none is named. None: those of the index, all 1 unless `Index.weighted` has made it.
    model : Model, str or None
        Model that hears what is not in the index; None: the one that the index names.
    factorization : Factorization, str or None
        Factorization that splits what is not in an index with stems; None: the one that the index names.
    trust : bool
        True to import a module that the index names as its model or factorization.
    seed : int
        Random seed for drawing songs that stand for what is not liked.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Raises
    ------
    UsageError
        If a song is not known, a vector is of another model, or nothing is asked for; if weights are given that cannot
        be used, or for an index without stems.
    AudioError
        If a recording cannot be read, or is silent.

    Examples
    --------
    >>> from pathlib import Path
    >>> songs = tuple(Song(f"{n}", title=title) for n, title in enumerate(["Reel", "Jig", "Drone", "Hum"]))
    >>> vectors = np.array([[120, 0.9], [118, 0.8], [60, 0.2], [64, 0.1]], np.float32)
    >>> print(similar("Reel", Index(Path("."), "", "", ("tempo", "energy"), songs, vectors), k=2))
    most similar to Reel, by similarity in the vectors of the catalogue
       song   similarity  mostly by
    1  Jig         0.994  tempo +0.51, energy +0.49
    2  Drone      -0.987  tempo -0.53, energy -0.46
    <BLANKLINE>
    note: 4 songs are too few to tell which are near to everything (hubs), so no place is corrected for that
    """
    _require_number(k)
    require_seed(seed)
    index = index if isinstance(index, Index) else load_index(Path(index))
    index = index if weights is None else index.weighted(weights)
    asking, where = Asking(index, model, trust, factorization), space_of(index, space)
    likes = listed(like)
    given = [(asking.query(one), one) for one in (*listed(songs), *likes)]
    liked = each_once(query for query, _ in given)
    disliked = each_once(asking.query(one) for one in listed(dislike))
    named = [(asking.query(one), asking.query(other)) for one, other in _couples(pairs)]
    _require(k, index, where.n_usable > 0, liked=bool(liked), else_only_pairs=bool(named and not disliked))
    learnt = bool(disliked or likes)
    telling = Telling.of(index, where, None if learnt else hubs)
    rows: tuple[Neighbour, ...] = ()
    notes = [f"{query.name}: {note}" for query in (*liked, *disliked) for note in query.notes]
    notes += [*waiting(index), *where.notes, *telling.notes]
    if weights is not None and weights.get(SILENCE, 1) != 1:
        notes.append("what silence says is the same of all songs, or nearly: centring takes it out, whatever it weighs")
    if liked:
        ranking = ranking_of(index, where, liked, disliked, learnt=learnt, seed=seed)
        asked: dict[Tag, bool] = {"artist": other_artists, "album": other_albums}
        tags = [tag for tag, wanted in asked.items() if wanted]
        excluded, omitted = left_out(index, [*liked, *disliked], tags)
        proposer, slow = proposer_of(index, where)
        wanted = Wanted(ranking.towards, ranking.own, k, excluded, weakest)
        rows = telling.rows(find(index, where, wanted, crowd=telling.crowd, proposer=proposer), ranking, liked)
        notes += [*ranking.notes, *telling.parts_of(ranking), *omitted, *slow, *telling.remarks(rows, liked, k)]
    told = tuple(telling.pair(*pair) for pair in named)
    notes += telling.of_stems([*rows, *told])
    return Similar(
        tuple(query.name for query in liked),
        rows,
        "relevance" if learnt else telling.correction or "similarity",
        index.folder,
        index.model,
        where.kind,
        weakest,
        told,
        tuple(dict.fromkeys(notes)),
        {} if index.stems is None else index.stems.weights,
        sounds=tuple(sound_of(index, one, query) for query, one in given if query in liked),
    )


def listed(given: Any) -> list[Any]:
    """One thing that was given as a list of one, several as a list.

    Examples
    --------
    >>> listed("a.ogg"), listed(["a.ogg", "b.ogg"]), len(listed((np.zeros(100), 16000)))
    (['a.ogg'], ['a.ogg', 'b.ogg'], 1)
    """
    single = (str, os.PathLike, Song, Audio, Query, np.ndarray, Mapping)
    if isinstance(given, single) or not isinstance(given, Iterable):
        return [given]
    several = list(given)
    is_sound = isinstance(given, tuple) and len(several) == 2 and isinstance(several[1], (int, np.integer))
    return [given] if is_sound else several


def _require_number(k: Any) -> None:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise UsageError(f"k is {k!r}; give the number of songs to list, a whole number from 1 on")


def require_seed(seed: Any) -> None:
    """Raise `UsageError` for what is no random seed."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise UsageError(f"seed is {seed!r}; give a whole number from 0 on")


def _couples(pairs: Any) -> list[tuple[Any, Any]]:
    """The pairs that were given, each of two songs."""
    single = (str, os.PathLike, Mapping)
    given = [pairs] if isinstance(pairs, single) or not isinstance(pairs, Iterable) else list(pairs)
    found = [() if isinstance(one, single) or not isinstance(one, Iterable) else tuple(one) for one in given]
    if odd := [one for one, couple in zip(given, found, strict=True) if len(couple) != 2]:
        raise UsageError(f"pairs holds {odd[0]!r}; give two songs for each pair: pairs=[('a.ogg', 'b.ogg')]")
    return [(one, other) for one, other in found]


def _require(k: int, index: Index, comparable: bool, *, liked: bool, else_only_pairs: bool) -> None:
    if not liked and not else_only_pairs:
        raise UsageError("nothing is asked for: give songs, or some that are liked, or pairs")
    if not comparable:
        if not index.songs:
            raise UsageError("the index holds no songs; index some that can be heard")
        songs = counted(len(index.songs), "song")
        raise UsageError(
            f"the index holds {songs}, none of which can be compared: their vectors do not differ, or are not finite; "
            "index other songs, too, or compare vectors as they are (--space plain, space='plain')"
        )
