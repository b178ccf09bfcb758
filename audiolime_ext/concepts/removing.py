"""The same question by intervention: does a class fall when a concept's sound is taken out?

A gradient says where a logit would go if a layer moved; taking a patch out of its window says what the model does when
the sound is not there. Where they disagree, the intervention is what happened. In the songs on which a concept is
tested, its members are the patches that lie nearer to its middle than to that of any other cluster of its class. For
each song the mean change by taking one of them out stands beside that by any patch of the same energy: louder patches
change more, whatever they are. So changes are compared within thirds of the patches' energy. The p-value is that of
changing which patches of a song, within a third, are the members (a permutation within songs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.concepts.cavs import Floats
from audiolime_ext.concepts.drawing import Numbers
from audiolime_ext.concepts.tcav import p_value
from audiolime_ext.gradients.relevance import mean_intervals

Flags = NDArray[np.bool_]

N_PERMUTED = 2000
FEWEST_SONGS = 5
_N_LEVELS = 3


@dataclass(frozen=True)
class Removed:
    """What taking a concept's patches out does to a class.

    Parameters
    ----------
    effect : float
        Mean over songs of the logits by which the class is lower without a member.
    low, high : float
        Ends of its 95 % interval, Student's over songs.
    other : float
        The same of any patch of these songs, as loud as the members.
    p : float
        Permutation p of the difference of the two.
    n_songs, n_patches : int
        Number of songs with a member, and of members.
    """

    effect: float
    low: float
    high: float
    other: float
    p: float
    n_songs: int
    n_patches: int

    @property
    def beyond(self) -> float:
        """How much more the class falls than by any patch as loud."""
        return self.effect - self.other


def nearest(activations: Floats, middles: Floats) -> Numbers:
    """The middle that each patch lies nearest to, shape (n_patches,)."""
    distances = np.square(middles).sum(axis=1) - 2 * activations @ middles.T
    return np.asarray(distances.argmin(axis=1))


def removed(members: Flags, removals: Floats, energies: Floats, songs: Numbers, *, seed: int = 0) -> Removed | None:
    """What taking a concept's patches out does; None where fewer than five songs have a member.

    Parameters
    ----------
    members : ndarray of bool, shape (n_patches,)
        True for members.
    removals, energies : ndarray of float64, shape (n_patches,)
        Logits by which the class is lower without each patch, and its share of the energy.
    songs : ndarray of int, shape (n_patches,)
        Song of each.
    seed : int
        Random seed.

    Examples
    --------
    >>> songs, members = np.repeat(np.arange(8), 10), np.arange(80) % 10 == 0
    >>> removals = np.where(members, 2.0, 0.1) + np.random.default_rng(0).normal(0, 0.01, 80)
    >>> found = removed(members, removals, np.ones(80), songs)
    >>> round(found.effect, 1), round(found.other, 1), found.p < 0.01
    (2.0, 0.6, True)
    """
    with_some = np.unique(songs[members])
    if len(with_some) < FEWEST_SONGS:
        return None
    kept = np.isin(songs, with_some)
    members, removals, energies = members[kept], removals[kept], energies[kept]
    songs = np.unique(songs[kept], return_inverse=True)[1]
    cells = _cells(energies, songs)
    sums, counts = np.bincount(cells, removals), np.bincount(cells)
    expected = (sums / np.maximum(counts, 1))[cells]
    own, other = (_over_songs(values[None], members[None], songs)[0] for values in (removals, expected))
    rng = np.random.default_rng(seed)
    shuffled = _shuffled(members, cells, rng)
    null = _over_songs((removals - expected)[None], shuffled, songs).mean(axis=1)
    ends, beyond = mean_intervals(own[:, None], 0.95), float((own - other).mean())
    assert ends is not None  # of five songs or more
    found = float(own.mean()), float(ends[0][0]), float(ends[1][0]), float(other.mean())
    return Removed(*found, p_value(beyond, null), len(own), int(members.sum()))


def _cells(energies: Floats, songs: Numbers) -> Numbers:
    """A number for each song and third of its patches by energy."""
    level = np.empty(len(energies), np.intp)
    for song in np.unique(songs):
        own = np.flatnonzero(songs == song)
        ranks = np.argsort(np.argsort(energies[own], kind="stable"), kind="stable")
        level[own] = ranks * _N_LEVELS // len(own)
    return songs * _N_LEVELS + level


def _shuffled(members: Flags, cells: Numbers, rng: np.random.Generator) -> Flags:
    """Which patches are members where these are drawn anew within each cell, shape (N_PERMUTED, n_patches)."""
    order = np.argsort(cells, kind="stable")
    drawn = np.empty((N_PERMUTED, len(cells)), bool)
    drawn[:, order] = members[np.argsort(cells + rng.random((N_PERMUTED, len(cells))), axis=1)]
    return drawn


def _over_songs(values: Floats, members: Flags, songs: Numbers) -> Floats:
    """The mean of each song's members, shape (n, n_songs); every song has one."""
    of_song = (songs[:, None] == np.arange(songs.max() + 1)).astype(np.float64)
    return np.asarray((np.where(members, values, 0.0) @ of_song) / (members @ of_song))
