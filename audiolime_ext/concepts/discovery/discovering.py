"""Patches that a layer holds for alike: concepts that nobody has named yet.

The patches of a class's songs are divided into clusters by their activations (ACE: Ghorbani et al. 2019): 25 by
k-means. Most of them are chance: a bit of one song, or what no song has twice. Kept are, as ACE keeps them, those that

- more than half of the songs have a patch in, or
- more than a quarter, with more patches than there are songs, or
- any, with more than twice as many patches as there are songs.

The founding rule lets the last kind come from a single song. A concept is tested over songs
(`audiolime_ext.concepts.discovery.drawing`), so one that has too few for the smallest structure is dropped, too; what
is dropped is told with its reason. A concept's middle is the mean of its patches, and the patches nearest to it stand
for it.

Clusters depend on where k-means starts. `alike` says how much of one division is found again in another; how far a
concept returns is asked by `audiolime_ext.concepts.discovery.stability`.

References
----------
A. Ghorbani et al.: Towards Automatic Concept-based Explanations, NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.concepts.discovery.drawing import Numbers, Structure, central
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

N_CLUSTERS = 25
_STARTS = 4


@dataclass(frozen=True, eq=False)
class Cluster:
    """Patches that are alike.

    Parameters
    ----------
    members : ndarray of int, shape (n_members,)
        Patches, the nearest to the middle first.
    distances : ndarray of float64, shape (n_members,)
        Distance of each from the middle.
    n_songs : int
        Number of songs that they are of.
    structure : Structure or None
        Structure in which the cluster is tested; None: it is dropped.
    standing : ndarray of int, shape (n,)
        Patches that stand for it there; empty where it is dropped.
    dropped : str
        Reason why it is no concept; "" where it is one.
    """

    members: Numbers = field(repr=False)
    distances: Floats = field(repr=False)
    n_songs: int
    structure: Structure | None
    standing: Numbers = field(repr=False)
    dropped: str = ""


def clusters(activations: Floats, songs: Numbers, *, n_clusters: int = N_CLUSTERS, seed: int = 0) -> list[Cluster]:
    """Divide the patches of a class into clusters, those that are kept first.

    Parameters
    ----------
    activations : ndarray of float64, shape (n_patches, n_features)
        Activations of the patches.
    songs : ndarray of int, shape (n_patches,)
        Song of each patch.
    n_clusters : int
        Number of clusters, 2 or more; fewer are made where fewer patches differ.
    seed : int
        Random seed of the starts.

    Raises
    ------
    UsageError
        If there are fewer patches than clusters.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> songs = np.repeat(np.arange(10), 4)  # of each song's four patches, one holds what all songs have
    >>> patches = rng.normal(size=(40, 8)) * np.where(np.arange(40) % 4, 1, 0.1)[:, None]
    >>> patches[::4] += 9
    >>> first = clusters(patches, songs, n_clusters=4)[0]
    >>> sorted(first.members.tolist()) == list(range(0, 40, 4)), str(first.structure)
    (True, '1 patch of each of 10 songs')
    """
    found = divided(activations, n_clusters=n_clusters, seed=seed)[0]
    made = [_cluster(activations, songs, np.flatnonzero(found == number)) for number in np.unique(found)]
    return sorted(made, key=lambda one: (bool(one.dropped), -one.n_songs, -len(one.members)))


def divided(activations: Floats, *, n_clusters: int, seed: int = 0) -> tuple[Numbers, Floats]:
    """The cluster of each patch by k-means, and the middles of clusters, (n_clusters, n_features).

    There are fewer clusters where fewer patches differ.

    It is k-means of all patches, and not of small batches: 1,250 patches of 200 or 753 numbers take some 0.2 s of one
    core, and batches found looser clusters.

    Parameters
    ----------
    activations : ndarray of float64, shape (n_patches, n_features)
        Activations of the patches.
    n_clusters : int
        Number of clusters, 2 or more.
    seed : int
        Random seed of the starts.

    Raises
    ------
    UsageError
        If there are fewer patches than clusters.

    Examples
    --------
    >>> cluster, middles = divided(np.array([[0.0], [1.0], [9.0], [10.0]]), n_clusters=2)
    >>> bool(cluster[0] == cluster[1] != cluster[2] == cluster[3]), sorted(middles.ravel().tolist())
    (True, [0.5, 9.5])
    """
    from sklearn.cluster import KMeans

    if not 2 <= n_clusters <= len(activations):
        raise UsageError(
            f"{counted(n_clusters, 'cluster')} of {counted(len(activations), 'patch', 'patches')}; from 2 to the "
            "number of patches are possible"
        )
    n_different = len(np.unique(activations, axis=0))  # of silence, say, there may be many alike
    made = KMeans(min(n_clusters, n_different), n_init=_STARTS, random_state=seed).fit(activations)
    return np.asarray(made.labels_, np.intp), np.asarray(made.cluster_centers_)


def _cluster(activations: Floats, songs: Numbers, members: Numbers) -> Cluster:
    distances = np.linalg.norm(activations[members] - activations[members].mean(axis=0), axis=1)
    order = np.argsort(distances, kind="stable")
    members, distances = members[order], distances[order]
    n_songs, n_all = len(np.unique(songs[members])), len(np.unique(songs))
    dropped = _reason(len(members), n_songs, n_all)
    found = None if dropped else central(distances, songs[members])
    if found is None:
        dropped = dropped or f"its patches are of {counted(n_songs, 'song')}, too few to test it over songs"
        return Cluster(members, distances, n_songs, None, np.empty(0, np.intp), dropped)
    return Cluster(members, distances, n_songs, found[0], members[found[1]])


def _reason(n_members: int, n_songs: int, n_all: int) -> str:
    """Why ACE drops a cluster; "" where it keeps it."""
    frequent, medium = n_songs > n_all / 2, n_songs > n_all / 4 and n_members > n_all
    if frequent or medium or n_members > 2 * n_all:
        return ""
    return f"{counted(n_members, 'patch', 'patches')} of {n_songs} of {counted(n_all, 'song')} are too few"


def alike(one: Sequence[Numbers], other: Sequence[Numbers]) -> Floats:
    """How much of each set of patches another division holds: the largest overlap, shape (len(one),), 0 to 1.

    The overlap of two sets is the number of patches in both as a share of those in either (Jaccard's index).

    Examples
    --------
    >>> alike([np.array([1, 2, 3]), np.array([7])], [np.array([2, 3]), np.array([4])])
    array([0.66666667, 0.        ])
    """
    n = max((int(some.max()) + 1 for some in (*one, *other) if len(some)), default=0)
    mine, theirs = (np.zeros((len(sets), n)) for sets in (one, other))
    for sets, held in ((one, mine), (other, theirs)):
        for row, some in zip(held, sets, strict=True):
            row[some] = 1
    both = mine @ theirs.T
    either = mine.sum(axis=1)[:, None] + theirs.sum(axis=1) - both
    return np.asarray((both / np.maximum(either, 1)).max(axis=1, initial=0.0))
