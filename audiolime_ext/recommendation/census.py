"""Which songs of a collection are hubs and which are orphans, before and after a correction.

A song's *k-occurrence* is the number of songs that have it among their k nearest; its mean is k. A hub has five times
as many or more, an orphan none [1]_. Every pair is looked at among 2,000 songs at most: of larger collections that many
are drawn, and what is said holds *among them*.

References
----------
.. [1] Flexer, Schnitzer and Schlüter, "A MIREX Meta-Analysis of Hubness in Audio Music Similarity", ISMIR 2012.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.recommendation.hubs import (
    CORRECTIONS,
    LEAST_SONGS,
    HubCorrection,
    k_occurrence,
    local_scaling,
    mutual_proximity,
    skewness,
)
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.recommendation.names import told_apart
from audiolime_ext.recommendation.space import SpaceKind, space_of
from audiolime_ext.text import counted, text_table

MOST_COUNTED = 2000
HUB = 5  # times the mean
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class HubCensus:
    """In how many songs' lists each song is.

    Parameters
    ----------
    k : int
        Length of a list.
    correction : {"mutual proximity", "local scaling"} or None
        Correction by which lists were made; None: none.
    songs : tuple of Song
        Songs that were counted.
    counts : ndarray of int, shape (n_songs,)
        Number of lists that each song is in.
    drawn_from : int
        Number of songs in the collection that have a direction.
    """

    k: int
    correction: HubCorrection | None
    songs: tuple[Song, ...] = field(repr=False)
    counts: NDArray[np.intp] = field(repr=False)
    drawn_from: int

    @property
    def skewness(self) -> float:
        """Skewness of the counts: 0 where all songs are in equally many lists, above 1 where there are hubs."""
        return skewness(self.counts)

    @cached_property
    def hubs(self) -> tuple[tuple[Song, int], ...]:
        """Songs in five times the mean number of lists or more, with that number, largest first."""
        order = np.argsort(-self.counts, kind="stable")
        return tuple((self.songs[at], int(self.counts[at])) for at in order if self.counts[at] >= HUB * self.k)

    @cached_property
    def orphans(self) -> tuple[Song, ...]:
        """Songs in no list."""
        return tuple(self.songs[at] for at in np.flatnonzero(self.counts == 0))

    def __str__(self) -> str:
        drawn = "" if len(self.songs) == self.drawn_from else f", drawn from {self.drawn_from},"
        by = "uncorrected" if self.correction is None else f"by {self.correction}"
        head = (
            f"{counted(len(self.songs), 'song')}{drawn} and their {min(self.k, len(self.songs) - 1)} nearest, {by}: "
            f"{counted(len(self.hubs), 'hub')}, {counted(len(self.orphans), 'orphan')}, skewness {self.skewness:.2f}"
        )
        names = dict(zip((song.key for song in self.songs), told_apart(self.songs), strict=True))
        rows = [[names[song.key], str(count)] for song, count in self.hubs[:_SHOWN]]
        return "\n".join([head, *([text_table(["hub", "in lists"], rows)] if rows else [])])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "k": self.k,
            "correction": self.correction,
            "n_songs": len(self.songs),
            "drawn_from": self.drawn_from,
            "skewness": self.skewness,
            "hubs": [{"key": song.key, "path": song.path, "n_lists": count} for song, count in self.hubs],
            "orphans": [{"key": song.key, "path": song.path} for song in self.orphans],
        }


def hub_census(
    index: Index,
    *,
    k: int = 10,
    hubs: HubCorrection | None = "mutual proximity",
    space: SpaceKind | None = None,
) -> HubCensus:
    """Count in how many lists of nearest songs each song is.

    Parameters
    ----------
    index : Index
        Songs and their vectors.
    k : int
        Length of a list, from 1 on.
    hubs : {"mutual proximity", "local scaling"} or None
        Correction for hubs; None: none.
    space : {"centred", "standardised", "plain"} or None
        Space in which songs are compared; None: the index's own (see `space_of`).

    Raises
    ------
    UsageError
        If there is no such correction or space, k is below 1, or a correction is asked for with fewer than 30 songs.

    Examples
    --------
    >>> from pathlib import Path
    >>> vectors = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
    >>> index = Index(Path("."), "", "", None, tuple(Song(str(n)) for n in range(200)), vectors)
    >>> plain, corrected = (hub_census(index, hubs=kind).skewness for kind in (None, "mutual proximity"))
    >>> plain > corrected
    True
    """
    if hubs is not None and hubs not in CORRECTIONS:
        raise unknown("correction for hubs", hubs, CORRECTIONS)
    if k < 1:
        raise UsageError(f"k is {k}; a list holds 1 song at least")
    where = space_of(index, space)
    return remembered(index, ("census", k, hubs, where.kind), lambda: _counted(index, k, hubs, space))


def _counted(index: Index, k: int, hubs: HubCorrection | None, space: SpaceKind | None) -> HubCensus:
    where = space_of(index, space)
    usable = np.flatnonzero(where.usable)
    if hubs is not None and len(usable) < LEAST_SONGS:
        raise UsageError(
            f"{counted(len(usable), 'song is', 'songs are')} too few to correct hubs; index {LEAST_SONGS}, or ask "
            "without a correction (--hub-correction none, hubs=None)"
        )
    chosen = usable
    if len(usable) > MOST_COUNTED:
        chosen = np.sort(np.random.default_rng(0).choice(usable, MOST_COUNTED, replace=False))
    directions = where.directions(index, chosen)
    nearness = directions @ directions.T
    if hubs is not None:
        nearness = mutual_proximity(nearness) if hubs == "mutual proximity" else local_scaling(nearness)
    counts = k_occurrence(nearness, k) if len(chosen) else np.zeros(0, np.intp)
    return HubCensus(k, hubs, tuple(index.songs[at] for at in chosen), counts, len(usable))
