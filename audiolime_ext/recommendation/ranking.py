"""By what songs are ranked: nearness to a song, to a profile of several, or a taste that was learnt.

Each is one vector with which all songs' directions are multiplied. The *profile* of several songs is the mean of their
directions, at length 1: each counts the same, whatever the lengths of their vectors. A *taste* is that of
`audiolime_ext.recommendation.relevance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.queries import Query
from audiolime_ext.recommendation.relevance import N_DRAWN, Taste, learn
from audiolime_ext.recommendation.space import Space, Vector
from audiolime_ext.text import counted

_OPPOSED = 1e-6


@dataclass(frozen=True, eq=False)
class Ranking:
    """By what songs are ranked.

    Parameters
    ----------
    profile : ndarray of float64, shape (n_features,)
        Direction of the query, or of the profile of several.
    own : ndarray of int
        Positions of the songs that it is made of.
    taste : Taste or None
        Taste that ranks; None: nearness to the profile does.
    notes : tuple of str
        Sentences on how it was learnt.
    """

    profile: Vector = field(repr=False)
    own: NDArray[np.intp] = field(repr=False)
    taste: Taste | None = None
    notes: tuple[str, ...] = ()

    @property
    def towards(self) -> Vector:
        """The vector that directions are multiplied with."""
        return self.profile if self.taste is None else self.taste.weights


def ranking_of(
    index: Index, space: Space, liked: Sequence[Query], disliked: Sequence[Query], *, learnt: bool, seed: int
) -> Ranking:
    """By what songs are ranked; `learnt`: by a taste, else by nearness to the songs that are liked.

    Raises
    ------
    UsageError
        If the songs have no common direction, one is liked and disliked, or none is there that could be disliked.
    """
    if both := np.intersect1d(positions_of(liked), positions_of(disliked)).tolist():
        raise UsageError(f"{names_in(index)[both[0]]!r} is both liked and disliked; give it once")
    directions = np.array([space.direction(query.vector, query.name) for query in liked])
    profile = directions.mean(axis=0)
    length = float(np.linalg.norm(profile))
    if length < _OPPOSED:
        raise UsageError("the songs are opposites, and no song is near to all of them; ask for some of them only")
    ranking = Ranking(profile / length, positions_of(liked))
    if not learnt:
        return ranking
    notes: tuple[str, ...] = ()
    if disliked:
        others = np.array([space.direction(query.vector, query.name) for query in disliked])
    else:
        others = _rest(index, space, ranking.own, seed)
        drawn = f"{counted(len(others), 'song')} drawn from the others (seed {seed})"
        notes = (f"no song is disliked: {drawn} stand for those that are not liked",)
    return Ranking(ranking.profile, ranking.own, learn(directions, others), notes)


def positions_of(queries: Sequence[Query]) -> NDArray[np.intp]:
    """Where queries are in the index; those that are not in it have no position."""
    return np.unique(np.array([query.position for query in queries if query.position is not None], np.intp))


def _rest(index: Index, space: Space, own: NDArray[np.intp], seed: int) -> Vector:
    others = np.setdiff1d(np.flatnonzero(space.usable), own)
    if not len(others):
        raise UsageError("the index holds no other song that could be disliked; index more songs")
    return space.directions(
        index, np.sort(np.random.default_rng(seed).choice(others, min(N_DRAWN, len(others)), replace=False))
    )
