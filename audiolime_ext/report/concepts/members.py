"""Which patches of a store's songs belong to which concept, and which concepts lie near each other.

In the songs that concepts were found in, members are the patches of the cluster; in the other songs, the patches that
lie nearer to its middle than to that of any other cluster of the class, as where the sound is taken out
(`audiolime_ext.concepts.interventions.removing`). Two concepts are as alike as the directions from the middle of all
patches to theirs: the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audiolime_ext.concepts.discovery.discovering import Cluster
from audiolime_ext.concepts.discovery.halves import halves
from audiolime_ext.concepts.interventions.removing import nearest
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible

NO_CONCEPT = -1


@dataclass(frozen=True, eq=False)
class Song:
    """A song of the store.

    Parameters
    ----------
    entry : Entry
        The song.
    patches : tuple of Patch
        Patches of it.
    of : tuple of int
        Concept that each patch belongs to, by its place among `Concepts.kept`; −1: none.
    found : bool
        True if concepts were found in it; False if they were tested on it.
    """

    entry: Entry
    patches: tuple[Patch, ...] = field(repr=False)
    of: tuple[int, ...] = field(repr=False)
    found: bool


@dataclass(frozen=True, eq=False)
class Members:
    """The songs of a store, and how alike its concepts are.

    Parameters
    ----------
    songs : tuple of Song
        Songs, in the order of the store.
    cosines : ndarray of float64, shape (n_concepts, n_concepts)
        Cosine of the middles of each two concepts, by their place among `Concepts.kept`.
    """

    songs: tuple[Song, ...] = field(repr=False)
    cosines: Floats = field(repr=False)

    @classmethod
    def of(cls, concepts: Concepts, store: Path) -> Members:
        """The members of concepts that were found in a store.

        Raises
        ------
        UsageError
            If the store is another one, or has grown since.
        """
        with ConceptStore.read(store) as opened:
            identity, known = opened.identity, opened.measured()
        if identity != concepts.identity:
            raise UsageError(f"the concepts are not of {legible(store)}; name the store that they were found in")
        first, _ = halves([entry for entry, _ in known], seed=concepts.seed)
        belongs = [np.full(len(found.patches), NO_CONCEPT) for _, found in known]
        middles: dict[int, Floats] = {}
        for label in identity.labels:
            own = [i for i, (entry, _) in enumerate(known) if entry.label == label]
            there = _Half(known, [i for i in own if first[i]])
            others = _Half(known, [i for i in own if not first[i]])
            clusters = _clusters(concepts, label)
            if max((int(one.members.max()) for _, one in clusters), default=-1) >= len(there.places):
                raise _grown(store)
            each = np.stack([there.activations[one.members].mean(axis=0) for _, one in clusters])
            for (concept, cluster), middle in zip(clusters, each, strict=True):
                middles[concept] = middle
                there.mark(belongs, cluster.members, concept)
            of_others = nearest(others.activations, each)
            for number, (concept, _) in enumerate(clusters):
                others.mark(belongs, np.flatnonzero(of_others == number), concept)
        songs = tuple(
            Song(entry, found.patches, tuple(of.tolist()), is_first)
            for (entry, found), of, is_first in zip(known, belongs, first, strict=True)
        )
        _require_same(concepts, songs, store)
        whole = np.mean([found.activations.mean(axis=0) for _, found in known], axis=0)
        return cls(songs, _cosines([middles[n] - whole for n in range(len(concepts.kept))]))


class _Half:
    """The patches of some songs of a class, one after another, as clusters number them."""

    def __init__(self, known: Sequence[tuple[Entry, Measured]], songs: Sequence[int]) -> None:
        self.places = [(song, place) for song in songs for place in range(len(known[song][1].patches))]
        parts = [known[song][1].activations for song in songs]
        self.activations = np.concatenate(parts).astype(np.float64)

    def mark(self, belongs: Sequence[np.ndarray], members: np.ndarray, concept: int) -> None:
        for member in members.tolist():
            song, place = self.places[member]
            belongs[song][place] = concept


def _clusters(concepts: Concepts, label: str) -> list[tuple[int, Cluster]]:
    """The clusters of a class, each with its concept's place; those that are no concept with −1."""
    kept = [(n, one.cluster) for n, one in enumerate(concepts.kept) if one.of == label]
    return [*kept, *((NO_CONCEPT, cluster) for of, cluster in concepts.dropped if of == label)]


def _require_same(concepts: Concepts, songs: Sequence[Song], store: Path) -> None:
    """Raise `UsageError` unless the patches that stand for concepts are where they were."""
    of = {(song.entry.key, patch): n for song in songs for patch, n in zip(song.patches, song.of, strict=True)}
    for place, concept in enumerate(concepts.kept):
        if any(of.get((entry.key, patch)) != place for entry, patch in concept.patches):
            raise _grown(store)


def _grown(store: Path) -> UsageError:
    return UsageError(
        f"songs were measured for {legible(store)} since the concepts were found; find them again (find_concepts)"
    )


def _cosines(directions: Sequence[Floats]) -> Floats:
    if not directions:
        return np.zeros((0, 0))
    stacked = np.stack(directions)
    lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
    unit = stacked / np.where(lengths > 0, lengths, 1.0)
    return np.asarray(unit @ unit.T)
