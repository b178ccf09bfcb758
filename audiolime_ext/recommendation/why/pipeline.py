"""Why a song is near to another: the whole way, on one screen.

The songs are heard in stems (`heard`), the score that ranked is made linear by freezing its length (`aims`), and its
exact Shapley values are those of the query's stems (`explaining`).

Invariants: *silence and the stems add up to the score*; *the cells of a matrix add up to the similarity, and its rows
are the shares of the query's stems*; *a claim about a song without a stem comes from ranking all songs anew*.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.ranking import ranking_of
from audiolime_ext.recommendation.separator import separator_of
from audiolime_ext.recommendation.similar import listed, require_seed
from audiolime_ext.recommendation.space import SpaceKind, space_of
from audiolime_ext.recommendation.why.aims import nearness, relevance, silent_space
from audiolime_ext.recommendation.why.explaining import explained
from audiolime_ext.recommendation.why.flip import find_flip, nearer
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.heard import HeardSong, Listening, StemSong
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.recommendation.why.standing import Field

MODEL, FACTORIZATION = "musicnn:MSD_musicnn?layer=penultimate", "spleeter:2stems"


@tells_progress
def why(
    query: Any,
    a: Any = None,
    b: Any = None,
    *,
    index: Index | str | os.PathLike[str] | None = None,
    like: Any = (),
    dislike: Any = (),
    factorization: Factorization | str | None = None,
    model: Any = None,
    hubs: HubCorrection | None = "mutual proximity",
    space: SpaceKind | None = None,
    flip: bool = False,
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    trust: bool = False,
    cache: bool = True,
    progress: Told = None,
) -> Why:
    """Why a song is near to another one, or nearer to one than to a second, by the stems of it.

    Parameters
    ----------
    query : path, name, Song, (ndarray, int), Audio, or a pair of one of these and its own factorization
        Song whose stems are switched.
    a, b : as `query`, ndarray of shape (n_features,), or None
        Song that it is compared with, and one that should be farther: then "why A over B". Of a vector, and of a song
        whose file is not there, there are no stems on that side. None for both: `like` ranks.
    index : Index, path or None
        Collection on which vectors are centred, and in which songs have places. None: vectors are measured from what
        the model says of silence.
    like, dislike : as for `similar`
        Songs from which a taste is learnt, in place of `a`: then the log-odds of the query's relevance are explained.
    factorization : Factorization, str or None
        Factorization of songs that come without their own; None: that of an index with stems, else
        ``"spleeter:2stems"``.
    model : Model, str or None
        Model; None: the one of the index or, without one, ``"musicnn:MSD_musicnn?layer=penultimate"``.
    hubs, space : as for `similar`
        Correction for hubs by which places are counted, and space in which vectors are compared.
    flip : bool
        True to look for the smallest change of a stem by which `b` comes before `a`; see
        `audiolime_ext.recommendation.why.flip`.
    max_evals : int
        Budget in mixes for each window: all 2ⁿ masks of n stems where they fit.
    seed : int
        Random seed for sampling masks beyond the budget, and songs that stand for what is not liked.
    trust : bool
        True to import a module that the index names as its model.
    cache : bool
        True to keep stems and answers on disk.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Returns
    -------
    Why

    Raises
    ------
    UsageError
        If a song is not known, there is no sound of the query, or the songs have no common model or no direction.
    AudioError
        If a recording cannot be read, is silent, or is too short for the model.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> t = np.arange(16000) / 8000  # two songs with the same drums
    >>> drums, bass, flute = (np.sin(2 * np.pi * f * t).astype(np.float32) / 4 for f in (2000, 100, 400))
    >>> songs = [OracleFactorization({"drums": (drums, 8000), "rest": (rest, 8000)}) for rest in (bass, flute)]
    >>> def bands(batch):
    ...     power = np.abs(np.fft.rfft(batch)) ** 2 / 1e6
    ...     return np.stack([power[:, lo:hi].sum(axis=1) for lo, hi in [(0, 250), (250, 1000), (1000, 4000)]], axis=1)
    >>> one, other = ((song.mixture, song) for song in songs)
    >>> found = why(one, other, model=tagger(bands, window_s=1.0), cache=False)
    >>> round(found.score, 2), {name: round(share, 2) + 0.0 for name, share in found.weights.items()}
    (0.5, {'drums': 0.5, 'rest': 0.0})
    """
    require_seed(seed)
    asking, listening = _listening(index, model, factorization, max_evals, seed, trust=trust, cache=cache)
    liked, disliked = listed(like), listed(dislike)
    _require_meant(query, a, b, liked, disliked, asking)
    if flip and b is None:
        raise UsageError("a flip is what makes B win over A; name both")
    named = [listening.found(one, name) for one, name in ((query, "the query"), (a, "A"), (b, "B")) if one is not None]
    song = listening.query(named[0])
    others = _told_apart(song, [listening.candidate(one) for one in named[1:]])
    where = silent_space(song, listening.model) if asking is None else space_of(asking.index, space)
    if asking is not None and liked:
        own, other = ([asking.query(one) for one in given] for given in (liked, disliked))
        aim = relevance(song, ranking_of(asking.index, where, own, other, learnt=True, seed=seed), where)
    else:
        aim = nearness(song, others, where)
    found, field = explained(song, others, where, asking, hubs, aim)
    return replace(found, flip=_flip(found, field)) if flip else found


def _listening(
    index: Any, model: Any, factorization: Any, max_evals: int, seed: int, *, trust: bool, cache: bool
) -> tuple[Asking | None, Listening]:
    if index is None:
        return None, Listening(load_model(model or MODEL), factorization or FACTORIZATION, None, max_evals, seed, cache)
    asking = Asking(index if isinstance(index, Index) else load_index(Path(index)), model, trust)
    if asking.index.steered:
        raise UsageError("songs are explained as they are heard; give the index without weights for its stems")
    splits = factorization or separator_of(asking.index, trust=trust) or FACTORIZATION
    return asking, Listening(asking.loaded(), splits, asking, max_evals, seed, cache)


def _require_meant(
    query: Any, a: Any, b: Any, liked: Sequence[Any], disliked: Sequence[Any], asking: Asking | None
) -> None:
    if query is None:
        raise UsageError("name the song that is explained (query)")
    if disliked and not liked:
        raise UsageError("a taste is learnt from songs that are liked; name some (like=…, --like), too")
    if liked and a is not None:
        raise UsageError("a taste ranks the query itself; give either songs to compare it with, or songs with like")
    if b is not None and a is None:
        raise UsageError("name the song that comes first (a), then the one that does not (b)")
    if not liked and a is None:
        raise UsageError("nothing is asked for: name a song that the query is compared with, or songs with like")
    if liked and asking is None:
        raise UsageError("a taste is learnt among the songs of a collection; name its index (index=…, --in)")


def _told_apart(song: StemSong, candidates: Sequence[HeardSong]) -> tuple[HeardSong, ...]:
    """The candidates; those that have the name of another song are told apart, by their files where these differ."""
    songs = (song, *candidates)
    names = [one.name for one in songs]
    files = [one.asked.recording.path if one.asked is not None else None for one in songs]
    told = [Path(file).name if file is not None else "" for file in files]
    found = []
    for one, file, letter in zip(candidates, told[1:], "AB", strict=False):
        by = file if file and file != one.name and told.count(file) == 1 else letter
        apart = replace(one, query=replace(one.query, name=f"{one.name} ({by})"))
        found.append(one if names.count(one.name) == 1 else apart)
    return tuple(found)


def _flip(found: Why, field: Field | None) -> Flip:
    """The smallest change that makes the second candidate win, by what ranks."""
    a, b = found.candidates
    margin = nearer(found.space, b.vector, a.vector) if field is None else field.margin
    return find_flip(found.query.asked, margin, songs=(a.name, b.name))
