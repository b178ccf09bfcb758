"""The songs that a playlist can be made of, and how far each is from each.

The distance of two songs is 1 less their nearness: the similarity in the collection's space (−1 to 1, so that distances
lie between 0 and 2) or, where hubs are corrected, the corrected nearness (0 to 1). Of up to 4,096 songs all distances
are worked out at once; of more, those from the songs that are looked at.

Invariant: *the same two songs have one distance*, to 1e-6, in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation.crowd import Crowd
from audiolime_ext.recommendation.space import Space

MOST_WHOLE = 4_096  # songs of which all pairs are kept: 64 MiB

Array = NDArray[np.float64]
Rows = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pool:
    """Songs that a playlist can be made of; they are numbered from 0 on.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.
    positions : ndarray of int, shape (n_songs,)
        Positions in the index of the songs of the pool.
    crowd : Crowd or None
        Correction for hubs; None: none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> from audiolime_ext.recommendation.space import space_of
    >>> vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)
    >>> index = Index(Path("."), "", "", None, tuple(map(Song, "abcd")), vectors)
    >>> Pool(index, space_of(index, "plain"), np.array([0, 2, 3])).among([0, 1, 2]).round(2)
    array([[0. , 0.4, 2. ],
           [0.4, 0. , 1.6],
           [2. , 1.6, 0. ]])
    """

    index: Index
    space: Space
    positions: Places = field(repr=False)
    crowd: Crowd | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def among(self, songs: Sequence[int] | Places) -> Array:
        """Distances of some songs from each other, shape (n, n); 0 from themselves."""
        chosen = np.asarray(songs, np.intp)
        if self._is_small:
            return self._whole[np.ix_(chosen, chosen)].astype(np.float64)
        found = self._distances(chosen, chosen).astype(np.float64)
        found[chosen[:, None] == chosen] = 0.0
        return found

    def towards(self, songs: Sequence[int] | Places) -> Rows:
        """Distances of some songs from all songs, shape (n, n_songs); 0 from themselves."""
        chosen = np.asarray(songs, np.intp)
        if self._is_small:
            return self._whole[chosen]
        found = self._distances(chosen, np.arange(len(self)))
        found[np.arange(len(chosen)), chosen] = 0.0
        return found

    def along(self, order: Places) -> Array:
        """Distance of each song of an order from the next one, shape (n − 1,)."""
        if self._is_small:
            return self._whole[order[:-1], order[1:]].astype(np.float64)
        some, others = order[:-1], order[1:]
        near = np.clip(np.einsum("ij,ij->i", self._directions[some], self._directions[others]), -1.0, 1.0)
        if self.crowd is not None:
            views = (self.crowd.seen_from_songs(self.positions[one]) for one in (some, others))
            near = np.exp(self.crowd.log_nearness(near, *views))
        return np.asarray(1 - near, np.float64)

    def part(self, songs: Places) -> Pool:
        """The pool of some of its songs."""
        return Pool(self.index, self.space, self.positions[songs], self.crowd)

    @property
    def _is_small(self) -> bool:
        return len(self) <= MOST_WHOLE

    @cached_property
    def _whole(self) -> Rows:
        every = np.arange(len(self))
        found = self._distances(every, every)
        found = np.asarray((found + found.T) / 2, np.float32)
        np.fill_diagonal(found, 0.0)
        return found

    @cached_property
    def _directions(self) -> Rows:
        found = np.zeros((len(self), self.index.vectors.shape[1]), np.float32)
        for begin in range(0, len(self), MOST_WHOLE):
            some = slice(begin, begin + MOST_WHOLE)
            found[some] = self.space.directions(self.index, self.positions[some])
        return found

    def _distances(self, some: Places, others: Places) -> Rows:
        similarities = np.clip(self._directions[some] @ self._directions[others].T, -1.0, 1.0)
        if self.crowd is None:
            return np.asarray(1 - similarities, np.float32)
        seen = self.crowd.seen_from_songs(self.positions[others])
        for row, song in zip(similarities, some, strict=True):
            view = self.crowd.seen_from_songs(self.positions[song : song + 1])
            row[:] = np.exp(self.crowd.log_nearness(row, view, seen))
        return np.asarray(1 - similarities, np.float32)
