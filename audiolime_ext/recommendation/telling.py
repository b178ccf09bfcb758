"""What is told of songs that were found: how near they are, by what, and which of them are hubs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.song_parts import SongParts
from audiolime_ext.errors import unknown
from audiolime_ext.recommendation.census import MOST_COUNTED, hub_census
from audiolime_ext.recommendation.crowd import Crowd, crowd_of
from audiolime_ext.recommendation.hubs import CORRECTIONS, LEAST_SONGS, HubCorrection
from audiolime_ext.recommendation.names import names_in, places_of
from audiolime_ext.recommendation.neighbours import Found, view_of
from audiolime_ext.recommendation.queries import Query
from audiolime_ext.recommendation.ranking import Ranking, positions_of
from audiolime_ext.recommendation.result import Neighbour, Pair
from audiolime_ext.recommendation.space import Space, Vector
from audiolime_ext.recommendation.why.matrices import stem_matrices
from audiolime_ext.recommendation.why.matrix import StemMatrix, directed, stem_matrix
from audiolime_ext.text import counted, share_of

_SAME = 1 - 1e-6
_TOLD = 3
_LITTLE = 0.1  # of a direction's length
PAIRS = (
    "mostly by: what adds most to a similarity above 0, or takes most from one below 0, and what is against that: "
    "pairs of stems, the query's first, and, together, all pairs in which one is silence, or both are. All "
    "pairs{where} add up to the similarity; single ones can be larger than it, as others take away"
)


@dataclass(frozen=True, eq=False)
class Telling:
    """A collection in its space, and how hubs are corrected.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.
    crowd : Crowd or None
        Numbers that the correction needs; None: hubs are not corrected.
    correction : {"mutual proximity", "local scaling"} or None
        Kind of correction; None: none.
    notes : tuple of str
        Sentences on why hubs are not corrected, or cannot be kept.
    """

    index: Index
    space: Space
    crowd: Crowd | None = None
    correction: HubCorrection | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, index: Index, space: Space, hubs: HubCorrection | None) -> Telling:
        """With the correction that is wanted, if there are songs enough."""
        n_usable = space.n_usable
        if hubs is None:
            return cls(index, space)
        if hubs not in CORRECTIONS:
            raise unknown("correction for hubs", hubs, CORRECTIONS)
        if n_usable < LEAST_SONGS:
            few = f"{counted(n_usable, 'song is', 'songs are')} too few to tell which are near to everything"
            return cls(index, space, notes=(f"{few} (hubs), so no place is corrected for that",))
        crowd, notes = crowd_of(index, space, hubs)
        return cls(index, space, crowd, hubs, notes)

    def rows(self, found: Found, ranking: Ranking, liked: Sequence[Query]) -> tuple[Neighbour, ...]:
        """The songs that were found, as they are listed; of one song that was asked about, with its stems."""
        directions = self.space.directions(self.index, found.positions)
        nearness = found.nearness if ranking.taste is None else ranking.taste.probability(found.products)
        similarities = np.clip(directions @ ranking.profile, -1.0, 1.0).tolist()
        parts = map(self._contributions, directions * ranking.towards)
        songs = [self.index.songs[at] for at in found.positions]
        names = [names_in(self.index)[at] for at in found.positions]
        only = liked[0].parts if len(liked) == 1 and ranking.taste is None else None
        matrices = [None] * len(similarities) if only is None else self._matrices(only, found)
        table = zip(songs, names, similarities, nearness.tolist(), parts, matrices, strict=True)
        return tuple(Neighbour(rank, *row) for rank, row in enumerate(table, start=1))

    def pair(self, one: Query, other: Query) -> Pair:
        """Two songs, each of them in the index or not."""
        a, b = (self.space.direction(query.vector, query.name) for query in (one, other))
        similarity = nearness = float(np.clip(a @ b, -1.0, 1.0))
        if self.crowd is not None:
            views = [
                view_of(self.crowd, direction, positions_of([query]), self.space.similarities(self.index, direction))
                for query, direction in ((one, a), (other, b))
            ]
            nearness = float(np.exp(self.crowd.log_nearness(similarity, *views)))
        both = None if one.parts is None or other.parts is None else stem_matrix(self.space, one.parts, other.parts)
        return Pair((one.name, other.name), similarity, nearness, self._contributions(a * b), both)

    def remarks(self, rows: Sequence[Neighbour], liked: Sequence[Query], k: int) -> tuple[str, ...]:
        """Sentences on a list that is shorter than wanted, on vectors that are the same, and on hubs."""
        found = []
        if len(rows) < k:
            found.append(f"only {counted(len(rows), 'song')} can be listed" if rows else "no song can be listed")
        if same := [row.name for row in rows if row.similarity > _SAME]:
            may = "it may be the same recording" if len(same) == 1 else "they may be the same recording"
            found.append(f"as near as can be: {', '.join(same[:_TOLD])}; {may} in another file")
        return (*found, *self._lacking(liked), *self._hubs(rows, liked))

    def of_stems(self, told: Sequence[Neighbour | Pair]) -> tuple[str, ...]:
        """A sentence on what stems are told to add, where outputs have no names."""
        by_stems = self.index.labels is None and any(one.matrix for one in told)
        return (PAIRS.format(where=" (in the JSON)"),) if by_stems else ()

    def parts_of(self, ranking: Ranking) -> tuple[str, ...]:
        """A sentence on what contributions are, where a taste ranks."""
        if ranking.taste is None or self.index.labels is None:
            return ()
        added = f"with {ranking.taste.intercept:+.2f} for every song they add up to them"
        return (f"contributions are parts of the relevance's log-odds: {added}",)

    def _matrices(self, query: SongParts, found: Found) -> Sequence[StemMatrix | None]:
        stems = self.index.stems
        return [] if stems is None else stem_matrices(self.space, query, stems.names, stems.of(found.positions))

    def _contributions(self, products: Vector) -> dict[str, float]:
        if self.index.labels is None:
            return {}
        values = zip(self.index.labels, products.tolist(), self.space.scale, strict=True)
        return {name: value for name, value, scale in values if scale > 0}

    def _lacking(self, liked: Sequence[Query]) -> tuple[str, ...]:
        """Sentences on songs in which the stems that count hardly sound."""
        stems = self.index.stems
        if stems is None or not stems.weights:
            return ()
        heard = ", ".join(name for name in stems.names if stems.weights.get(name, 1) > 0)
        return tuple(
            f"{query.name} hardly has what counts ({heard}): it is near to songs that lack it, too"
            for query in liked
            if query.parts is not None and _added(self.space, query.parts) < _LITTLE
        )

    def _hubs(self, rows: Sequence[Neighbour], liked: Sequence[Query]) -> tuple[str, ...]:
        """Of large collections hubs are counted on request only, see `hub_census`: it takes seconds."""
        n_usable = self.space.n_usable
        if not LEAST_SONGS <= n_usable <= MOST_COUNTED:
            return ()
        census = hub_census(self.index, hubs=self.correction, space=self.space.kind)
        names, places = names_in(self.index), places_of(self.index)
        near = {query.song.key: "the query" for query in liked if query.song} | {row.song.key: "listed" for row in rows}
        return tuple(
            f"{names[places[song.key]]} ({near[song.key]}) is a hub: "
            f"{share_of(n, n_usable, 'song', verb=('has', 'have'))} it among their {census.k} nearest"
            for song, n in census.hubs
            if song.key in near
        )[:_TOLD]


def _added(space: Space, parts: SongParts) -> float:
    """How long what the stems add is, of a direction of length 1; the rest is what silence says."""
    return float(np.linalg.norm(directed(space, parts)[1:].sum(axis=0)))
