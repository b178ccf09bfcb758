"""Random patches in a concept's place: as many, from as many songs, drawn from the same class.

What is tested is whether *these* patches of a class mean more to the model than others of its patches. So the null
hypothesis is that a concept's patches were drawn at random, and songs are the units: patches of one song are alike. A
concept is therefore tested in one of a few `STRUCTURES`, the same number of patches from each of some songs, and a
random one has the same structure. Then the two differ in nothing but in which patches they are.

The patches of other classes that a CAV leads away from are drawn anew for each of both. (Were they the same for all,
random directions would share them, and lie closer together than any concept's does to them.) The songs that it is
tested on are the same. Where the other classes have fewer songs, patches of all of these are drawn, for both. So
p-values are exact: of random concepts a share of p has a p-value of p or less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Structure:
    """How many patches stand for a concept.

    Parameters
    ----------
    n_songs : int
        Number of songs.
    per_song : int
        Number of patches of each.

    Examples
    --------
    >>> print(Structure(20, 2))
    2 patches of each of 20 songs
    """

    n_songs: int
    per_song: int

    @property
    def n_patches(self) -> int:
        """Number of patches in all."""
        return self.n_songs * self.per_song

    def within(self, songs: Numbers) -> Structure:
        """The same of as many songs as there are, where there are fewer, but of no fewer than are ever tested.

        Parameters
        ----------
        songs : ndarray of int, shape (n_patches,)
            Song of each patch that may be drawn.

        Examples
        --------
        >>> print(Structure(20, 2).within(np.repeat(np.arange(12), 3)))
        2 patches of each of 12 songs
        """
        n_rich = int(np.count_nonzero(np.unique(songs, return_counts=True)[1] >= self.per_song))
        return replace(self, n_songs=min(self.n_songs, max(n_rich, STRUCTURES[-1].n_songs)))

    def __str__(self) -> str:
        return f"{counted(self.per_song, 'patch', 'patches')} of each of {counted(self.n_songs, 'song')}"


STRUCTURES = (Structure(20, 2), Structure(20, 1), Structure(10, 2), Structure(10, 1), Structure(5, 2), Structure(5, 1))


def central(distances: NDArray[np.float64], songs: Numbers) -> tuple[Structure, Numbers] | None:
    """The first structure that a concept has patches for, and those nearest to its middle; None: it has too few songs.

    Parameters
    ----------
    distances : ndarray of float64, shape (n_patches,)
        Distance of each of its patches from its middle.
    songs : ndarray of int, shape (n_patches,)
        Song of each.

    Returns
    -------
    Structure, and positions of the patches, song by song.

    Examples
    --------
    >>> found = central(np.arange(12.0), np.repeat(np.arange(6), 2))
    >>> print(found[0], found[1])
    2 patches of each of 5 songs [0 1 2 3 4 5 6 7 8 9]
    """
    order = np.lexsort((distances, songs))
    _, begins, counts = np.unique(songs[order], return_index=True, return_counts=True)
    for structure in STRUCTURES:
        rich = np.flatnonzero(counts >= structure.per_song)
        if len(rich) >= structure.n_songs:
            own = [order[begins[i] : begins[i] + structure.per_song] for i in rich]
            nearest = np.argsort([distances[one].mean() for one in own], kind="stable")[: structure.n_songs]
            return structure, np.concatenate([own[i] for i in np.sort(nearest)])
    return None


def draw(songs: Numbers, structure: Structure, n_draws: int, *, rng: np.random.Generator) -> Numbers:
    """Random patches of a structure, shape (n_draws, n_patches).

    Parameters
    ----------
    songs : ndarray of int, shape (n_patches,)
        Song of each patch that may be drawn.
    structure : Structure
        Structure of each draw.
    n_draws : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    UsageError
        If there are too few songs with enough patches.

    Examples
    --------
    >>> songs = np.repeat(np.arange(6), 3)
    >>> drawn = draw(songs, Structure(5, 2), 100, rng=np.random.default_rng(0))
    >>> drawn.shape, {len(set(one)) for one in songs[drawn].tolist()}, {len(set(one)) for one in drawn.tolist()}
    ((100, 10), {5}, {10})
    """
    owners, counts = np.unique(songs, return_counts=True)
    rich = owners[counts >= structure.per_song]
    if len(rich) < structure.n_songs:
        raise UsageError(
            f"{counted(len(rich), 'song has', 'songs have')} {structure.per_song} patches or more, and "
            f"{structure.n_songs} are needed; give "
            "more recordings of the class"
        )
    own = [np.flatnonzero(songs == song) for song in rich]
    chosen = rng.permuted(np.tile(np.arange(len(rich)), (n_draws, 1)), axis=1)[:, : structure.n_songs]
    drawn = np.empty((n_draws, structure.n_songs, structure.per_song), np.intp)
    for number, patches in enumerate(own):
        where = np.nonzero(chosen == number)
        orders = rng.permuted(np.tile(patches, (len(where[0]), 1)), axis=1)
        drawn[where] = orders[:, : structure.per_song]
    return drawn.reshape(n_draws, -1)
