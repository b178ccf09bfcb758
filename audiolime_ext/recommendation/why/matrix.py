"""Which stem of one song is like which stem of another: the nearness of two songs as a sum over pairs of their parts.

With c the collection's centre, w the scale of its space and n the frozen length of a song's direction, a song's
direction is the sum of its parts, w(f(silence) − c)/n + Σ wφᵢ/n, with φᵢ the stem's Shapley vector
(`audiolime_ext.collection.song_parts`). The similarity of two songs is the product of their directions; so it is a sum
of the products of all parts of the one with all parts of the other, *the cells of the matrix*:

- all cells add up to the centred cosine;
- a row adds up to what that part of the query does for the similarity to the whole other song, a column the same for
  the other song's part: the Shapley values of the frozen score;
- a cell is the bivariate Shapley value of the frozen score, of stems that are switched in both songs at once;
- exchanging the songs transposes it.

What silence says has a row and a column of its own: where the collection's centre is not silence, even two silences
are alike. Where silence lies very far from all songs, as among features with units (a loudness of −70), the parts are
far larger than the similarity, and cancel; that is said, and then no pair of stems is named as the one that adds most.
A *plain* cosine would measure every stem by what silence says: the cells would show loss of sound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.song_parts import SILENCE, SongParts
from audiolime_ext.recommendation.space import Space
from audiolime_ext.text import text_table

Array = NDArray[np.float64]

FAR = 2.0  # twice the largest similarity that two songs can have


@dataclass(frozen=True, eq=False)
class StemMatrix:
    """Pairs of parts, and how much each adds to the similarity of two songs.

    Parameters
    ----------
    rows, columns : tuple of str
        Parts of the query and of the other song: silence, then the stems.
    cells : ndarray of float64, shape (n_rows, n_columns)
        Part of the similarity that each pair adds; all of them add up to it.

    Examples
    --------
    >>> found = StemMatrix(("silence", "drums"), ("silence", "bass"), np.array([[0.1, 0.0], [-0.2, 0.4]]))
    >>> round(found.similarity, 3), found.largest(), round(found.with_silence, 3)
    (0.3, ('drums', 'bass', 0.4), -0.1)
    >>> print(found)
             silence   bass
    silence    +0.10  +0.00
    drums      -0.20  +0.40
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Array = field(repr=False)

    @property
    def similarity(self) -> float:
        """The similarity of the two songs: the sum of all cells."""
        return float(self.cells.sum())

    @property
    def by_row(self) -> dict[str, float]:
        """What each part of the query adds."""
        return dict(zip(self.rows, self.cells.sum(axis=1).tolist(), strict=True))

    @property
    def by_column(self) -> dict[str, float]:
        """What each part of the other song adds."""
        return dict(zip(self.columns, self.cells.sum(axis=0).tolist(), strict=True))

    def largest(self) -> tuple[str, str, float]:
        """The pair of stems that adds most: the query's, the other's, and how much."""
        row, column = np.unravel_index(int(np.argmax(self.cells[1:, 1:])), self.cells[1:, 1:].shape)
        return self.rows[1 + row], self.columns[1 + column], float(self.cells[1 + row, 1 + column])

    @property
    def with_silence(self) -> float:
        """What all pairs add of which one is silence, or both are."""
        return float(self.cells.sum() - self.cells[1:, 1:].sum())

    @property
    def cancels(self) -> bool:
        """Whether parts are far larger than any similarity, so that it is a small difference of large numbers."""
        return bool(np.abs(self.cells).max() > FAR)

    def transposed(self) -> StemMatrix:
        """The same with the songs exchanged."""
        return StemMatrix(self.columns, self.rows, np.ascontiguousarray(self.cells.T))

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows of it as text."""
        rows = zip(self.rows, self.cells, strict=True)
        return ["", *self.columns], [[name, *(f"{cell:+.2f}" for cell in row)] for name, row in rows]

    def __str__(self) -> str:
        return text_table(*self.table())

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"rows": list(self.rows), "columns": list(self.columns), "cells": self.cells.tolist()}


def stem_matrix(space: Space, one: SongParts, other: SongParts) -> StemMatrix:
    """The matrix of two songs.

    Parameters
    ----------
    space : Space
        Space in which songs are compared.
    one, other : SongParts
        Parts of the two songs' vectors.

    Raises
    ------
    UsageError
        If a song has no direction in that space, or the songs are of other models.
    """
    a, b = directed(space, one), directed(space, other)
    return StemMatrix((SILENCE, *one.names), (SILENCE, *other.names), a @ b.T)


def directed(space: Space, parts: SongParts) -> Array:
    """The parts of a song's direction, shape (1 + n_stems, n_features); they add up to length 1.

    Raises
    ------
    UsageError
        If the song has no direction in that space, or the vectors are of another model.
    """
    space.direction(parts.whole, "the song's vector")  # refuses what has none
    points = np.concatenate([space.scaled(parts.vectors[:1]), parts.vectors[1:] * space.scale])
    return np.asarray(points / np.linalg.norm(points.sum(axis=0)))
