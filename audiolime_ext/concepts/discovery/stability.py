"""Is a concept there, or does it come from how it was looked for? Concepts that are found again with other seeds.

Two things may be changed, and they answer two questions:

- *starts* (what is told by default): the same songs, k-means from other starts. A concept that does not return is an
  accident of where k-means began; one that does may still be a matter of these songs.
- *halves*: concepts are found in another half of the songs. Each patch of the first half is put to the nearest of the
  middles that were found there (Tibshirani and Walther 2005). A concept that does not return may be one of few songs.

A concept is *found again* where one cluster of the other division overlaps with it by more than half: the patches in
both as a share of those in either (Jaccard's index, `audiolime_ext.concepts.discovery.discovering.alike`). Then it is
one cluster only, and that cluster is found for no other concept. Any cluster counts, whether it would be kept as a
concept there or not. *By chance*: patches are dealt out at random to clusters of the sizes of the other division. That
says what sizes alone bring. It does not say that a concept which returns is one that a person would name; and k-means
of the same songs returns to much by itself.

References
----------
R. Tibshirani, G. Walther: Cluster Validation by Prediction Strength, Journal of Computational and Graphical Statistics
14(3), 2005.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audiolime_ext.concepts.discovery.discovering import alike, divided
from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.discovery.halves import halves
from audiolime_ext.concepts.interventions.removing import nearest
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.text import share_of

N_SEEDS, N_DEALS = 5, 20
OVERLAP = 0.5
_OFTEN = 0.8  # of the seeds


@dataclass(frozen=True)
class Again:
    """How far the concepts of a class are found again.

    Parameters
    ----------
    shares : tuple of float
        Share of the seeds in which each concept is found again.
    overlaps : tuple of float
        Mean over seeds of the largest overlap of each with another cluster, 0 to 1.
    by_chance : tuple of float
        The same overlaps where patches are dealt out at random.
    chance : float
        Share of such deals in which a concept would be found again, as a mean over concepts.
    """

    shares: tuple[float, ...]
    overlaps: tuple[float, ...]
    by_chance: tuple[float, ...]
    chance: float


def returning_of(
    concepts: Mapping[str, Mapping[str, Numbers]],
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    first: Sequence[bool],
    *,
    n_clusters: int,
    seed: int = 0,
    of: Literal["starts", "halves"] = "starts",
) -> tuple[dict[str, float], list[str]]:
    """Share of other seeds in which each concept is found again, by its name, and a sentence where there are concepts.

    Parameters
    ----------
    concepts : mapping of str to mapping of str to ndarray of int
        Patches of each class's concepts by name, by their place among those of the class's songs of the first half.
    entries : sequence of Entry
        Songs.
    measured : sequence of Measured
        Results of each song.
    first : sequence of bool
        True for songs in which the concepts were found.
    n_clusters : int
        Number of clusters of each class.
    seed : int
        Random seed with which they were found.
    of : {"starts", "halves"}
        Thing that is changed.
    """
    halved = [first, *(halves(entries, seed=seed + 1 + i)[0] for i in range(N_SEEDS) if of == "halves")]
    classes: dict[str, Again] = {}
    shares: dict[str, float] = {}
    for label, members in concepts.items():
        if not members:
            continue
        here, *elsewhere = (_activations(label, entries, measured, half) for half in halved)
        told = found_again(list(members.values()), here, elsewhere or None, n_clusters=n_clusters, seed=seed)
        classes[label] = told
        shares |= dict(zip(members, told.shares, strict=True))
    return shares, [sentence(classes, of=of)] if classes else []


def _activations(label: str, entries: Sequence[Entry], measured: Sequence[Measured], half: Sequence[bool]) -> Floats:
    """The patches of a class's songs of a half."""
    told = zip(entries, measured, half, strict=True)
    return np.concatenate([song.activations for entry, song, taken in told if taken and entry.label == label]).astype(
        np.float64
    )


def found_again(
    members: Sequence[Numbers],
    activations: Floats,
    elsewhere: Sequence[Floats] | None = None,
    *,
    n_clusters: int,
    seed: int = 0,
    n_seeds: int = N_SEEDS,
) -> Again:
    """Divide the patches of a class anew and look for its concepts.

    Parameters
    ----------
    members : sequence of ndarray of int
        Patches of each concept, by their place in `activations`.
    activations : ndarray of float64, shape (n_patches, n_features)
        Activations of the patches among which the concepts were found.
    elsewhere : sequence of ndarray of float64, or None
        Activations of the patches among which to look instead, for each seed; None: the same, so that starts alone
        differ.
    n_clusters : int
        Number of clusters.
    seed : int
        Random seed with which the concepts were found; others follow it.
    n_seeds : int
        Number of other seeds; with `elsewhere` there are as many as these.

    Examples
    --------
    >>> patches = np.random.default_rng(0).normal(size=(40, 8))
    >>> patches[::4] += 9
    >>> found = found_again([np.arange(0, 40, 4), np.arange(10)], patches, n_clusters=2)
    >>> found.shares, round(found.overlaps[0], 1), found.by_chance[0] < 0.5
    ((1.0, 0.0), 1.0, True)
    """
    overlaps, dealt = [], []
    for number, looked in enumerate([activations] * n_seeds if elsewhere is None else elsewhere, start=1):
        middles = divided(looked, n_clusters=min(n_clusters, len(looked)), seed=seed + number)[1]
        theirs = nearest(activations, middles)
        rng = np.random.default_rng([seed, number])
        overlaps.append(alike(members, _sets(theirs)))
        dealt += [alike(members, _sets(rng.permutation(theirs))) for _ in range(N_DEALS)]
    found, by_chance = np.array(overlaps), np.array(dealt)
    return Again(
        tuple((found > OVERLAP).mean(axis=0).tolist()),
        tuple(found.mean(axis=0).tolist()),
        tuple(by_chance.mean(axis=0).tolist()),
        float((by_chance > OVERLAP).mean()),
    )


def _sets(cluster: Numbers) -> list[Numbers]:
    return [np.flatnonzero(cluster == number) for number in np.unique(cluster)]


def sentence(classes: Mapping[str, Again], *, of: str = "starts") -> str:
    """What may be said of it, for all classes.

    Parameters
    ----------
    classes : mapping of str to Again
        Results of each class.
    of : {"starts", "halves"}
        Thing that was changed.

    Examples
    --------
    >>> print(sentence({"rock": Again((1.0, 0.4), (0.9, 0.4), (0.1, 0.06), 0.0)}))
    1 of 2 clusters is found again at least 4 times out of 5, from other starts among the same songs (an overlap of
    more than a half; the mean overlap is 0.65, that of random sets of the same sizes 0.08, of which 0 % would be
    found again)
    """
    shares, overlaps, by_chance = (
        np.concatenate([getattr(one, name) for one in classes.values()]) for name in ("shares", "overlaps", "by_chance")
    )
    chance = np.mean([one.chance for one in classes.values()])
    changed = {"starts": "from other starts among the same songs", "halves": "in other halves of the songs"}[of]
    often = share_of(int((shares >= _OFTEN).sum()), len(shares), "cluster")
    return (
        f"{often} found again at least 4 times out of 5, {changed} (an overlap of more than a half; the mean overlap "
        f"is {overlaps.mean():.2f}, that of random sets of the same sizes {by_chance.mean():.2f}, of which "
        f"{100 * chance:.0f} % would be found again)"
    )
