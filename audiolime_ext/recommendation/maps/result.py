"""A map of a collection: where each song lies, how far that can be trusted, and what may be said of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.display import Plotted
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.recommendation.maps import telling, words
from audiolime_ext.recommendation.maps.nearness import Ints as Ints
from audiolime_ext.recommendation.maps.nearness import Points as Points
from audiolime_ext.recommendation.maps.regions import Kind, Region

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class MapSettings:
    """How t-SNE lays out a map.

    Parameters
    ----------
    perplexity : float
        Number of neighbours, roughly, that a song is placed by.
    early_exaggeration : float
        Factor of the attraction in the first 250 iterations; 1: none.
    learning_rate : float
        Step length, in scikit-learn's definition, which is a quarter of that of other implementations.
    max_iterations : int
        Iterations after which a map that still moves is left as it is: it is *not settled*.
    tolerance : float
        Mean move of a song in 250 iterations, as a share of the map's spread, below which a map has settled.
    seed : int
        Random seed of starts, subsamples, noise and permutations.
    """

    perplexity: float = 16.0
    early_exaggeration: float = 1.0
    learning_rate: float = 10.0
    max_iterations: int = 4000
    tolerance: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Movement:
    """How a map came to rest.

    Parameters
    ----------
    iterations : ndarray of int, shape (n_steps,)
        Number of iterations after each step.
    moves : ndarray of float64, shape (n_steps,)
        Mean move of a song within that step, as a share of the map's spread.
    settled : bool
        True if the last move is below the tolerance.
    """

    iterations: Ints = field(repr=False)
    moves: Points = field(repr=False)
    settled: bool


@dataclass(frozen=True, eq=False)
class Layout:
    """Songs laid out in a plane: `positions`, shape (n_songs, 2), how they came to rest, and how true to the vectors.

    Parameters
    ----------
    positions : ndarray of float64, shape (n_songs, 2)
        Places; their unit means nothing.
    movement : Movement
        Moves by which the songs came to rest.
    trustworthiness : float
        Share, 0 to 1, in which neighbours on the map are neighbours in the original space (Venna and Kaski 2001).
    clumping : float
        Depth of the deepest valley between songs in the original space, from 0 on (of noise: the median over sets of
        it); see `audiolime_ext.recommendation.maps.clumps`.
    """

    positions: Points = field(repr=False)
    movement: Movement
    trustworthiness: float
    clumping: float


@dataclass(frozen=True, eq=False)
class Stability:
    """How far a map is the same when it is made again, each number 0 to 1.

    Parameters
    ----------
    k : int
        Number of neighbours on the map that are compared.
    by_starts, by_subsamples : ndarray of float64, shape (n_songs,)
        Mean share of a song's k neighbours on the map that it has again, from random starts, and with 80 % of songs.
    n_starts, n_subsamples : int
        Numbers of maps that were made for that.
    chance, chance_of_subsamples : float
        Shares of neighbours that a song would have again by chance: among all songs, and among 80 % of them.
    """

    k: int
    by_starts: Points = field(repr=False)
    by_subsamples: Points = field(repr=False)
    n_starts: int
    n_subsamples: int
    chance: float = 0.0
    chance_of_subsamples: float = 0.0

    @property
    def each(self) -> Points:
        """The lower of the two for each song, shape (n_songs,)."""
        return np.minimum(self.by_starts, self.by_subsamples)


@dataclass(frozen=True)
class GroupPair:
    """Songs of two groups, or of one with itself.

    Parameters
    ----------
    first, second : str
        Names of the groups.
    distance : float
        Mean cosine distance over pairs of different songs, 0 to 2.
    n_pairs : int
        Number of pairs.
    p : float
        Share of permutations of the groups in which the distance is as small (one group) or as large (two groups), of
        this pair alone: not corrected for the number of pairs.
    """

    first: str
    second: str
    distance: float
    n_pairs: int
    p: float


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of a column, and how far they are apart in the original space.

    Parameters
    ----------
    column : str
        Name of the column.
    of_songs : tuple of str or None
        Group of each song of the map; None: it has none.
    counts : mapping of str to int
        Group → number of its songs, largest first.
    silhouette : float
        Mean silhouette over all songs by cosine distance, −1 to 1. It may hide groups that differ: see `regions`.
    p : float
        Share of permutations of the groups with a silhouette as high.
    pairs : tuple of GroupPair
        Distances within and between groups.
    n_permutations : int
        Number of permutations.
    regions : tuple of Region
        Verdict on each group of two songs or more, the largest first.
    """

    column: str
    of_songs: tuple[str | None, ...] = field(repr=False)
    counts: Mapping[str, int]
    silhouette: float
    p: float
    pairs: tuple[GroupPair, ...] = field(repr=False)
    n_permutations: int
    regions: tuple[Region, ...] = field(default=(), repr=False)

    def of_kind(self, kind: Kind) -> tuple[Region, ...]:
        """The groups of one verdict: "own", "overlaps", "chance" or "few"."""
        return tuple(one for one in self.regions if one.kind == kind)

    @property
    def within(self) -> dict[str, GroupPair]:
        """Group → its songs among each other; groups of one song have no such pair."""
        return {pair.first: pair for pair in self.pairs if pair.first == pair.second}


@dataclass(frozen=True, eq=False)
class EmbeddingMap(Plotted):
    """A map of a collection, and everything that was measured of it.

    Parameters
    ----------
    index : Index
        Collection that the songs are of.
    space : str
        Space in which songs are near: centred, standardised or plain.
    settings : MapSettings
        Settings of the map.
    places : ndarray of int, shape (n_songs,)
        Position in the index of each song of the map; songs without a direction are on no map.
    names : tuple of str
        Names of the songs of the map, told apart.
    layout : Layout
        The map, started from the principal components.
    principal : ndarray of float64, shape (n_songs, 2)
        The first two principal components: a view of the same songs in which distances mean something.
    explained : tuple of (float, float)
        Shares of the variance that they hold.
    noise : Layout
        A map of random directions of the same variances, with the same settings: what there is without any structure.
        It has as many places as there are songs of different directions.
    clumped : bool or None
        True if the songs fall into clumps beyond what noise and continua do; None: too few songs to say.
    p_clumped : float
        Share of sets of noise that clump as much in the original space.
    stability : Stability
        Shares of neighbours that songs have again when the map is made again.
    neighbours : ndarray of int, shape (n_songs, n_neighbours)
        Neighbours of each song in the original space, nearest first, as places on the map; −1 where there are no more.
    similarities : ndarray of float64, shape (n_songs, n_neighbours)
        Their cosines.
    groups : Groups or None
        Groups of a column; None: none was named.
    marked : mapping of str to tuple of int
        Name of what is marked, ``query`` or ``candidates`` → places on the map.
    notes : tuple of str
        Sentences on what is left out, and why.
    n_apart : int
        Number of songs in the smaller part beside the deepest valley between songs.
    n_compared : int
        Number of songs among which clumps were looked for: of more, that many were drawn.
    """

    index: Index = field(repr=False)
    space: str
    settings: MapSettings
    places: Ints = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    layout: Layout
    principal: Points = field(repr=False)
    explained: tuple[float, float]
    noise: Layout
    clumped: bool | None
    p_clumped: float
    stability: Stability
    neighbours: Ints = field(repr=False)
    similarities: Points = field(repr=False)
    groups: Groups | None = None
    marked: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    n_apart: int = 0
    n_compared: int = 0

    @property
    def n_distinct(self) -> int:
        """Number of different directions: songs of one direction are laid out once."""
        return len(self.noise.positions)

    @property
    def headline(self) -> str:
        """Whether the songs fall into clumps, in a sentence."""
        return words.headline(self)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What else is to be known, in the order in which it should be read."""
        return words.sentences(self)

    def __str__(self) -> str:
        return words.as_text(self)

    def _repr_html_(self) -> str:
        return telling.as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return telling.as_dict(self)

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per song, with its places, stability and group (needs the extra ``dataframe``)."""
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(telling.rows(self))
        return table

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write one row per song, with its places, stability and group, and return the file's path.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write_bytes(telling.as_csv(self).encode(), Path(path))
        return Path(path)
