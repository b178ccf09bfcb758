"""Random patches in a concept's place: as many, from as many songs, drawn from those of all classes.

What is tested is whether *these* patches mean more to the model than any of its patches. So the null hypothesis is that
a concept's patches were drawn at random, and songs are the units: patches of one song are alike. A concept is therefore
tested in one of a few `STRUCTURES`, the same number of patches from each of some songs, and a random one has the same
structure. Then the two differ in nothing but in which patches they are.

They are drawn from all classes, not from the concept's own. In a class that is known by a sound, any handful of patches
holds some of it, and its direction leads there, too; beside such handfuls a concept that *is* the sound would be
nothing, and one that lacks it would be something. And what lies in all patches of a class, as hum or a codec's cut
does, could never be found. The price: a mixed handful of a class may be significant for the class.

The patches that a CAV leads away from are drawn in the same way, anew for each. (Were they the same for all, random
directions would share them, and lie closer together than any concept's does to them.) The songs that it is tested on
are the same. So p-values are exact: of random concepts a share of p has a p-value of p or less.

Where two sides are matched, such as a stem and another part of the same song, what is random is which is which
(`exchanged`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    def __str__(self) -> str:
        return f"{counted(self.per_song, 'patch', 'patches')} of each of {counted(self.n_songs, 'song')}"


N_APART = 4
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


def drawn_apart(songs: Numbers, structure: Structure, name: str, seed: int) -> Numbers:
    """Patches that the CAVs of a concept of this name lead away from, whatever else is tested, (N_APART, n_patches)."""
    rng = np.random.default_rng([seed, *name.encode(errors="surrogatepass")])
    return draw(songs, structure, N_APART, rng=rng)


def exchanged(
    strata: Sequence[Numbers], sizes: Sequence[int], n_draws: int, *, rng: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Random sides of matched concepts, each of shape (n_draws, sum of sizes): of each stratum as many on either.

    Parameters
    ----------
    strata : sequence of ndarray of int
        Rows that may change sides with each other, such as a song's patches, or the songs of a class.
    sizes : sequence of int
        Number of rows of each stratum that stand on one side; a stratum holds twice as many, or more.
    n_draws : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Examples
    --------
    >>> one, other = exchanged([np.arange(4), np.arange(4, 8)], [1, 2], 100, rng=np.random.default_rng(0))
    >>> one.shape, {len({*a, *b}) for a, b in zip(one.tolist(), other.tolist(), strict=True)}, int(one[:, 0].max())
    ((100, 3), {6}, 3)
    """
    orders = [rng.permuted(np.tile(rows, (n_draws, 1)), axis=1) for rows in strata]
    sides = [
        np.concatenate([order[:, k * size : (k + 1) * size] for order, size in zip(orders, sizes, strict=True)], axis=1)
        for k in (0, 1)
    ]
    return sides[0], sides[1]
