"""A map of a collection: where each song lies, how far that can be trusted, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index

Points = NDArray[np.float64]
Ints = NDArray[np.intp]


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
        Whether the last move is below the tolerance.
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
        How the songs came to rest.
    trustworthiness : float
        Share, 0 to 1, in which neighbours on the map are neighbours in the original space (Venna and Kaski 2001).
    clumping : float
        How much what is laid out falls into clumps in the original space; it is compared with that of noise, and says
        nothing by itself.
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
    chance : float
        Share of neighbours that a song would have again by chance.
    """

    k: int
    by_starts: Points = field(repr=False)
    by_subsamples: Points = field(repr=False)
    n_starts: int
    n_subsamples: int
    chance: float = 0.0

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
        Share of permutations of the groups in which the distance is as small (one group) or as large (two groups).
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
        Mean silhouette by cosine distance, −1 to 1; near 0: groups are no regions of the space.
    p : float
        Share of permutations of the groups with a silhouette as high.
    pairs : tuple of GroupPair
        Distances within and between groups.
    n_permutations : int
        Number of permutations.
    """

    column: str
    of_songs: tuple[str | None, ...] = field(repr=False)
    counts: Mapping[str, int]
    silhouette: float
    p: float
    pairs: tuple[GroupPair, ...] = field(repr=False)
    n_permutations: int


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
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
        Whether the songs fall into clumps beyond what noise does; None: too few songs to say.
    p_clumped : float
        Share of sets of noise that clump as much in the original space.
    stability : Stability
        How far songs have the same neighbours when the map is made again.
    neighbours : ndarray of int, shape (n_songs, n_neighbours)
        Neighbours of each song in the original space, nearest first, as places on the map; −1 where there are no more.
    similarities : ndarray of float64, shape (n_songs, n_neighbours)
        Their cosines.
    groups : Groups or None
        Groups of a column; None: none was named.
    marked : mapping of str to tuple of int
        What is highlighted, such as the query and the candidates → places on the map.
    notes : tuple of str
        Sentences on what is left out, and why.
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
