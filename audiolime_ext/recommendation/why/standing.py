"""Where a candidate stands among all songs of an index: by the nearness that ranks, hubs corrected.

A query may be altered, such as by leaving a stem out: its vector is then the one that the model answers to what is
left, with the length that it has, and all songs are ranked anew. What is said of a removal comes from there, never from
the shares of the frozen score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.song_parts import Vectors
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.neighbours import view_of
from audiolime_ext.recommendation.queries import Query
from audiolime_ext.recommendation.ranking import positions_of
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Standing:
    """Where candidates stand for a query.

    Parameters
    ----------
    ranks : tuple of int
        Place of each candidate among the songs, 1 for the nearest.
    n_songs : int
        Number of songs of the index that could be listed.
    outside : tuple of bool
        True for a candidate that is none of these, and has a place among them and itself.
    similarities, nearness : tuple of float
        Centred cosine of each candidate, and the number that ranks.
    nearest : Song or None
        Song of the index that is nearest; None: there is no other song.
    nearest_name : str or None
        Name of it, told apart from those of other songs of the index.
    """

    ranks: tuple[int, ...]
    n_songs: int
    outside: tuple[bool, ...]
    similarities: tuple[float, ...]
    nearness: tuple[float, ...]
    nearest: Song | None
    nearest_name: str | None = None

    def place(self, candidate: int) -> str:
        """The place of a candidate in words: ``the 2nd nearest of 10 songs``."""
        songs = counted(self.n_songs + self.outside[candidate], "song")
        itself = ", itself counted" if self.outside[candidate] else ""
        return f"the {ordinal(self.ranks[candidate])} of {songs}{itself}"


@dataclass(frozen=True, eq=False)
class Field:
    """The songs among which candidates stand.

    Parameters
    ----------
    telling : Telling
        Index in its space, with the correction for hubs.
    query : Query
        Song whose neighbours are ranked; it is not among them.
    candidates : tuple of Query
        Songs whose places are looked for.
    """

    telling: Telling
    query: Query
    candidates: tuple[Query, ...]

    def standing(self, vector: NDArray[np.floating]) -> Standing:
        """Where the candidates stand for a query of this vector, shape (n_features,).

        Raises
        ------
        UsageError
            If the vector has no direction in the space.
        """
        index, space, crowd = self.telling.index, self.telling.space, self.telling.crowd
        direction = space.direction(vector, self.query.name)
        products = space.similarities(index, direction)
        own = positions_of([self.query])
        near = products.astype(np.float64)
        view = None
        if crowd is not None:
            view = view_of(crowd, direction, own, products)
            near = crowd.log_nearness(products, view, crowd.seen_from_songs(slice(None)))
        listable = space.usable.copy()
        listable[own] = False
        songs = np.flatnonzero(listable)
        pairs = [self._pair(candidate, direction, view) for candidate in self.candidates]
        ranks = tuple(
            1 + int((near[np.setdiff1d(songs, positions_of([candidate]))] > nearness).sum())
            for candidate, (_, nearness) in zip(self.candidates, pairs, strict=True)
        )
        first = int(songs[np.argmax(near[songs])]) if len(songs) else None
        nearest, called = (None, None) if first is None else (index.songs[first], names_in(index)[first])
        similarities, nearness = zip(*pairs, strict=True) if pairs else ((), ())
        shown = nearness if crowd is None else tuple(float(np.exp(one)) for one in nearness)
        there = set(songs.tolist())
        outside = tuple(candidate.position not in there for candidate in self.candidates)
        return Standing(ranks, len(songs), outside, tuple(similarities), shown, nearest, called)

    def margin(self, vector: NDArray[np.floating]) -> float:
        """How much nearer the second candidate is than the first, by what ranks; above 0 where it comes first."""
        direction = self.telling.space.direction(vector, self.query.name)
        crowd, view = self.telling.crowd, None
        if crowd is not None:
            products = self.telling.space.similarities(self.telling.index, direction)
            view = view_of(crowd, direction, positions_of([self.query]), products)
        (_, first), (_, second) = (self._pair(candidate, direction, view) for candidate in self.candidates[:2])
        return second - first

    def _pair(self, candidate: Query, direction: Vectors, view: object) -> tuple[float, float]:
        """Similarity and nearness (its logarithm, where hubs are corrected) of a candidate."""
        space, crowd = self.telling.space, self.telling.crowd
        other = space.direction(candidate.vector, candidate.name)
        similarity = float(np.clip(direction @ other, -1.0, 1.0))
        if crowd is None:
            return similarity, similarity
        if candidate.position is not None:
            seen = crowd.seen_from_songs(np.array([candidate.position]))
        else:
            seen = view_of(crowd, other, positions_of([]), space.similarities(self.telling.index, other))
        return similarity, float(np.squeeze(crowd.log_nearness(similarity, view, seen)))


def ordinal(n: int) -> str:
    """A place in words.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 112)]
    ['nearest', '2nd nearest', '3rd nearest', '4th nearest', '11th nearest', '22nd nearest', '112th nearest']
    """
    if n == 1:
        return "nearest"
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending} nearest"
