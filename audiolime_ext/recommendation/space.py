"""The space of a collection: what "near" means among its vectors.

A song's *direction* is its vector, less the collection's centre, at length 1; the similarity of two songs is the
cosine of their directions, −1 to 1. There are three spaces:

- *centred*, for vectors whose outputs have no names: the centre is the mean of the songs. What all songs have in common
  says nothing about which are alike.
- *standardised*, for vectors whose outputs have names, with units of their own (beats a minute beside shares of one):
  each output is also divided by its standard deviation over the songs. Otherwise the one with the largest numbers
  decides alone: with a tempo near 100 beside six numbers below 1, all songs are .9999 alike. An output that hardly
  varies (a standard deviation below 1/10,000 of its mean) is left out, which a note says.
- *plain*: the vectors as they are, for comparison.

The similarity of two directions is a sum over the outputs, so that each output has a *contribution*, and
*contributions add up to the similarity*, to 1e-9. Directions are not stored: with x a song's vector, c the centre, w
one over the deviations and g = w·q, the similarity to a direction q is (x·g − c·g) / |w(x − c)|; so one product of the
matrix with a vector serves a query, and the matrix may lie in a file.

Songs without a direction are listed nowhere, and notes count them: vectors that are not finite, and those that lie at
the centre (closer to it than a millionth of the vectors' mean length), such as zero vectors where nothing is centred.
Fewer than three songs have no centre of their own: their space is plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.recommendation.kept import Arrays, Shapes, kept, remembered
from audiolime_ext.text import counted

SpaceKind = Literal["centred", "standardised", "plain"]
SPACES: tuple[SpaceKind, ...] = ("centred", "standardised", "plain")
AVERAGE = "the average of the collection"
LEAST_SONGS = 3  # for a centre
_CONSTANT = 1e-4  # standard deviation over mean
_NO_LENGTH = 1e-6  # times the mean length
_ROWS = 16_384  # at a time

Vector = NDArray[np.float64]
Numbers = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Space:
    """A space of vectors; see the module.

    Parameters
    ----------
    kind : {"centred", "standardised", "plain"}
        Kind of the space.
    centre, scale : ndarray of float64, shape (n_features,)
        Point that all directions start from, and factor of each output; 0: the output is left out.
    lengths : ndarray of float32, shape (n_songs,)
        Length of each song's scaled difference from the centre; 0: the song has no direction.
    least_length : float
        Length up to which a difference is none.
    notes : tuple of str
        Sentences on what is left out, and why.
    """

    kind: SpaceKind
    centre: Vector = field(repr=False)
    scale: Vector = field(repr=False)
    lengths: NDArray[np.float32] = field(repr=False)
    least_length: float = 0.0
    notes: tuple[str, ...] = ()

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """True for songs that have a direction, shape (n_songs,)."""
        return np.asarray(self.lengths > 0)

    @cached_property
    def n_usable(self) -> int:
        """Number of songs that have a direction."""
        return int(self.usable.sum())

    @property
    def meaning(self) -> str:
        """What a similarity says, by what vectors are seen from: the collection's average, silence, or nothing."""
        from_silence = "the answer to silence" if self.centre.any() else ""
        return meaning(from_silence if self.kind == "plain" else AVERAGE)

    def direction(self, vector: Numbers, name: str = "the vector") -> Vector:
        """The direction of a vector, shape (n_features,), length 1.

        Raises
        ------
        UsageError
            If it has another number of outputs, is not finite, or lies at the centre.
        """
        if vector.shape != self.centre.shape:
            raise UsageError(
                f"{name} has shape {vector.shape} where the index holds vectors of shape {self.centre.shape}: they are "
                "of another model; give a vector of the index's model, or index the songs with the other one"
            )
        if not np.isfinite(vector).all():
            raise UsageError(f"{name} holds NaN or infinity; a song without numbers is like no other, so leave it out")
        point = self.scaled(vector[None])
        length = float(np.linalg.norm(point))
        if length <= self.least_length:
            where = "is zero" if self.kind == "plain" else "lies at the centre of the collection"
            raise UsageError(f"{name} {where}, so it is as near to one song as to any other; choose another song")
        return np.asarray(point[0] / length)

    def directions(self, index: Index, positions: NDArray[np.intp]) -> Vector:
        """The directions of songs that have one, shape (n_positions, n_features)."""
        points = self.scaled(index.vectors[positions])
        return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))

    def similarities(self, index: Index, towards: Vector) -> NDArray[np.float32]:
        """Products of every song's direction with a vector, shape (n_songs,), NaN where there is none.

        They are in single precision: to some 1e-6, and less exactly for songs that are very close to the centre.
        """
        weights = self.scale * towards
        found = index.vectors @ weights.astype(np.float32)
        found -= np.float32(self.centre @ weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            found /= self.lengths
        found[~self.usable] = np.nan
        return np.asarray(found)

    def blocks(self, index: Index) -> Iterator[tuple[slice, Vector]]:
        """All songs' directions, some thousand at a time; zeros for those that have none."""
        for rows in _blocks(len(index.vectors)):
            points = self.scaled(index.vectors[rows])
            with np.errstate(divide="ignore", invalid="ignore"):
                points /= self.lengths[rows, None]
            points[~self.usable[rows]] = 0.0
            yield rows, points

    def scaled(self, vectors: Numbers) -> Vector:
        """Differences of vectors from the centre, times the scale, shape (n, n_features)."""
        with np.errstate(invalid="ignore", over="ignore"):
            return (vectors.astype(np.float64) - self.centre) * self.scale


def meaning(seen_from: str = "") -> str:
    """What a similarity says in words, where vectors are seen from a point; "": as they are.

    Examples
    --------
    >>> meaning()
    '1: what the model answers to the two differs in size only; 0: it has nothing in common; below 0: it is opposed'
    """
    if not seen_from:
        return (
            "1: what the model answers to the two differs in size only; 0: it has nothing in common; below 0: it is "
            "opposed"
        )
    return (
        f"1: the two differ from {seen_from} in the same way; 0: in ways that have nothing in common; below 0: in "
        "opposed ways"
    )


def space_of(index: Index, kind: SpaceKind | None = None) -> Space:
    """The space of a collection.

    Parameters
    ----------
    index : Index
        Songs and their vectors.
    kind : {"centred", "standardised", "plain"} or None
        Kind of space; None: standardised where the outputs have names, else centred.

    Raises
    ------
    UsageError
        If there is no such kind.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> songs = tuple(Song(name) for name in "abcd")
    >>> vectors = np.array([[101.9, 0.85], [109.9, 0.82], [136.0, 0.71], [99.9, 0.62]], np.float32)
    >>> index = Index(Path("."), "", "", ("tempo", "danceability"), songs, vectors)
    >>> for kind in ("plain", "standardised"):
    ...     space = space_of(index, kind)
    ...     space.similarities(index, space.direction(index.vectors[0])).round(2) + 0.0
    array([1., 1., 1., 1.], dtype=float32)
    array([ 1.  ,  0.93, -0.73, -0.46], dtype=float32)
    """
    if kind is not None and kind not in SPACES:
        raise unknown("space", kind, SPACES)
    chosen: SpaceKind = kind or ("centred" if index.labels is None else "standardised")
    return remembered(index, ("space", chosen), lambda: _space(index, chosen))


def _space(index: Index, kind: SpaceKind) -> Space:
    n_songs, n_features = index.vectors.shape
    each = {"centre": (n_features,), "scale": (n_features,), "lengths": (n_songs,)}
    shapes: Shapes = {**each, "least_length": (), "n_finite": ()}
    arrays, unkept = kept(index, f"space-{kind}", shapes, lambda: _measured(index, kind))
    centre, scale, lengths = arrays["centre"], arrays["scale"], arrays["lengths"]
    n_usable = int((lengths > 0).sum())
    notes = [unkept] if unkept else []
    if kind != "plain" and int(arrays["n_finite"]) < LEAST_SONGS:
        kind = "plain"
        few = counted(n_songs, "song has", "songs have")
        notes.append(f"{few} no centre of their own: vectors are compared as they are")
    if n_usable < n_songs:
        notes.append(
            f"{counted(n_songs - n_usable, 'song')} cannot be compared: the vector is not finite, or has no direction"
        )
    if constant := [name for name, factor in zip(index.labels or (), scale, strict=False) if factor == 0]:
        notes.append(f"left out, for it hardly varies over the songs: {', '.join(constant)}")
    return Space(kind, centre, scale, lengths, float(arrays["least_length"]), tuple(notes))


def _measured(index: Index, kind: SpaceKind) -> Arrays:
    """Centre, scale and lengths, in passes over the matrix."""
    vectors = index.vectors
    n_features = vectors.shape[1]
    finite = np.concatenate([[], *(np.isfinite(vectors[rows]).all(axis=1) for rows in _blocks(len(vectors)))]) > 0
    n_finite = int(finite.sum())
    centre, scale = np.zeros(n_features), np.ones(n_features)
    if kind != "plain" and n_finite >= LEAST_SONGS:
        blocks = [rows for rows in _blocks(len(vectors)) if finite[rows].any()]
        centre = sum(vectors[rows][finite[rows]].sum(axis=0, dtype=np.float64) for rows in blocks) / n_finite
        if kind == "standardised":
            squares = sum(np.square(vectors[rows][finite[rows]] - centre).sum(axis=0) for rows in blocks)
            deviations = np.sqrt(squares / n_finite)
            varies = deviations > _CONSTANT * np.abs(centre)
            scale = np.divide(1.0, deviations, out=np.zeros(n_features), where=varies)
    lengths, norms = np.zeros(len(vectors)), np.zeros(len(vectors))
    for rows in _blocks(len(vectors)):
        block = np.where(finite[rows, None], vectors[rows], centre)
        lengths[rows] = np.linalg.norm((block - centre) * scale, axis=1)
        norms[rows] = np.linalg.norm(block * scale, axis=1)
    least = _NO_LENGTH * norms[finite].mean() if n_finite else 0.0
    lengths[(lengths <= least) | ~finite] = 0.0
    numbers = {"least_length": np.array(least), "n_finite": np.array(n_finite)}
    return {"centre": centre, "scale": scale, "lengths": lengths.astype(np.float32), **numbers}


def _blocks(n_songs: int) -> Iterator[slice]:
    for begin in range(0, n_songs, _ROWS):
        yield slice(begin, min(begin + _ROWS, n_songs))
