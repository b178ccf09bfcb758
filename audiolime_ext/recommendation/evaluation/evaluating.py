"""How well an embedding finds songs that belong together: the whole way, on one screen.

Songs have a group, by a column of the index or of a table (`songs`); a song asks for its neighbours, and those of its
group are right (`audiolime_ext.recommendation.retrieval`). Each method has nine treatments (`treatments`), chosen by
one half of the groups and measured by the other (`crossing`). It is compared with chance and with what costs nothing
(`anchors`, `ears`), with other indexes, and with itself where codec and mastering are the same for all (`excerpts`,
`hearing`); `words` says what may be said.

Invariants: *all methods answer the same queries among the same songs*; *no query is measured with a treatment that it
helped to choose*; *"surely" allows for how often was compared*; *what is left out is said*.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.stages import Told, tells_progress, tracked
from audiolime_ext.recommendation.evaluation.judging import Judging
from audiolime_ext.recommendation.evaluation.listening import Method, listen
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation, Measured
from audiolime_ext.recommendation.evaluation.songs import songs_of
from audiolime_ext.recommendation.evaluation.words import equal_vectors, notes_on
from audiolime_ext.recommendation.queries import waiting
from audiolime_ext.recommendation.retrieval import MEASURES
from audiolime_ext.recommendation.similar import require_seed


@tells_progress
def evaluate_embedding(
    indexes: Index | str | os.PathLike[str] | Sequence[Index | str | os.PathLike[str]],
    group: str,
    *,
    table: str | os.PathLike[str] | None = None,
    k: int = 10,
    artists: bool = False,
    anchors: bool = False,
    alike: bool = False,
    most: int | None = None,
    trust: bool = False,
    seed: int = 0,
    progress: Told = None,
) -> EmbeddingEvaluation:
    """Measure how well songs find others of their group by the vectors of an index, or of several.

    Parameters
    ----------
    indexes : Index, path, or a sequence of these
        Indexes of the same songs, as ``audiolime index`` wrote them; the first one is compared with everything.
    group : str
        Name of the column that says which songs belong together: a tag (album, artist, genre, year), ``folder``, an
        output of the model, or a column of `table`.
    table : path or None
        CSV with the columns ``path`` and `group`; None: the column is one of the index.
    k : int
        Number of neighbours for R@k and NDCG@k, from 1 on.
    artists : bool
        True to neither find nor count songs of the query's artist.
    anchors : bool
        True to hear the songs again by what costs nothing (mean log-mel, MFCC), by the untrained network where the
        model can be had untrained, and in halves.
    alike : bool
        True to hear the songs once more cut off at 8 kHz, at one level, and encoded by one codec.
    most : int or None
        Number of songs of a group that are taken at most, from 2 on, drawn by lot; None: all, up to 4,000 in all.
    trust : bool
        True to import a module that an index names as its model.
    seed : int
        Random seed of the halves, the draws and the deals.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Raises
    ------
    UsageError
        If there is no such column, no two groups have two songs, indexes share no songs, a model is another than the
        index's, or no song can be heard.
    ModelError
        If a model fails.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> songs = tuple(Song(str(n), f"{n}.ogg", album=f"album {n // 4}") for n in range(24))
    >>> vectors = np.repeat(np.eye(6), 4, axis=0) + np.random.default_rng(0).normal(0, 0.1, (24, 6))
    >>> index = Index(Path("mine.index"), "", "", None, songs, vectors.astype(np.float32))
    >>> found = evaluate_embedding(index, "album", progress=False)
    >>> print(found.headline)
    mine has a mean average precision (MAP) of 1.000 (chance: 0.239); it is surely ahead of chance.
    """
    _require(k, most)
    require_seed(seed)
    opened = [one if isinstance(one, Index) else load_index(one) for one in _listed(indexes)]
    songs = songs_of(opened, group, table=table, artists=artists, most=most, seed=seed)
    vectors = listen(songs, anchors=anchors, alike=alike, trust=trust, seed=seed)
    songs = vectors.songs
    judging = Judging(songs, k, seed)
    methods, deals = _measured(judging, vectors.methods)
    chance = {
        name: (judging.chance.mean(name), *np.quantile(deals[:, at], [0.025, 0.975]).tolist())
        for at, name in enumerate(MEASURES)
    }
    comparisons = judging.compared(methods)
    ceilings = {name: judging.means(of) for name, of in vectors.ceilings(k).items()}
    alone = int((~songs.queries).sum())
    notes = [*songs.notes, *vectors.notes, *equal_vectors(vectors.methods)]
    notes += notes_on(group, songs.asking, alone, comparisons)
    notes += [note for index in opened for note in waiting(index)]
    notes += songs.on_artists
    return EmbeddingEvaluation(
        group, k, songs.asking, len(songs.groups), tuple(methods), chance, comparisons, ceilings, artists, tuple(notes)
    )


def _measured(judging: Judging, methods: Sequence[Method]) -> tuple[list[Measured], NDArray[np.float64]]:
    """All methods, and what deals of the groups give the first one."""
    found, dealt = [], []
    for method in tracked(methods, "ranking songs", "method"):
        one = judging.measured(method)
        if method.is_index:
            one, deals = judging.against_deals(method, one)
            dealt.append(deals)
        found.append(one)
    return found, dealt[0]


def _listed(indexes: Any) -> list[Any]:
    single = (Index, str, os.PathLike)
    return [indexes] if isinstance(indexes, single) or not isinstance(indexes, Sequence) else list(indexes)


def _require(k: Any, most: Any) -> None:
    for name, given, least in (("k", k, 1), ("most", 2 if most is None else most, 2)):
        if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < least:
            raise UsageError(f"{name} is {given!r}; give a whole number from {least} on")
