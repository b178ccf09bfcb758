"""The concepts of a store: found in half of the songs, tested on the other, by gradients and by interventions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.concepts.artefacts import Flag
from audiolime_ext.concepts.augmenting import Moved, recognised
from audiolime_ext.concepts.cavs import STRENGTH, Floats
from audiolime_ext.concepts.deciding import Changed
from audiolime_ext.concepts.discovering import N_CLUSTERS, Cluster, clusters
from audiolime_ext.concepts.drawing import Numbers
from audiolime_ext.concepts.flagging import FirstHalf, all_flags
from audiolime_ext.concepts.halves import halves
from audiolime_ext.concepts.intervening import JudgedBySound, accuracies, disagreements, halves_of, interventions
from audiolime_ext.concepts.measuring import Measured
from audiolime_ext.concepts.partners import control_notes
from audiolime_ext.concepts.patches import Patch
from audiolime_ext.concepts.records import Entry, Identity
from audiolime_ext.concepts.removing import Added, Removed
from audiolime_ext.concepts.store import ConceptStore
from audiolime_ext.concepts.testing import N_NULL, Concept, JudgedConcept, Pool, all_tested
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Discovered:
    """A concept that was found in a class.

    Parameters
    ----------
    number : int
        Number of its cluster among those of the class, from 0.
    of : str
        Class of its patches.
    cluster : Cluster
        Patches of it, by their place in the class's half.
    patches : tuple of (Entry, Patch)
        Song and place of each patch, the nearest to the middle (the prototype) first.
    """

    number: int
    of: str
    cluster: Cluster = field(repr=False)
    patches: tuple[tuple[Entry, Patch], ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Its class and a number, from 1."""
        return f"{self.of} {self.number + 1}"


@dataclass(frozen=True, eq=False)
class Concepts:
    """What a classifier has learnt of some classes.

    Parameters
    ----------
    identity : Identity
        Identity of the store.
    kept : tuple of Discovered
        Concepts.
    dropped : tuple of (str, Cluster)
        Class and cluster of what is no concept, with its reason.
    tested : tuple of JudgedConcept
        Every concept and every class, by gradients; empty where the model has none.
    removals : mapping of (str, str) to Removed
        Concept and class → what taking its patches out of its own class's songs does; only where enough songs have one.
    failures : tuple of Failure
        Songs that could not be measured.
    seed : int
        Random seed.
    notes : tuple of str
        Sentences on what else to know.
    additions : mapping of (str, str) to Added
        Concept and class → what adding its patches to songs of other classes does; empty without controls.
    heard : tuple of JudgedBySound
        Every concept and every class, by these interventions; only where enough songs have one.
    changed : mapping of str to Changed
        Concept → decisions that change when one of its patches is taken out.
    again : mapping of str to tuple of (Entry, Patch)
        Concept → patches that lie nearest to its middle in the songs of its class on which it is tested.
    flags : mapping of str to tuple of Flag
        Concept → what is suspect of it; empty where nothing is.
    moved : tuple of Moved
        Movements towards each concept by the augmentation; empty where none was given.
    """

    identity: Identity
    kept: tuple[Discovered, ...]
    dropped: tuple[tuple[str, Cluster], ...] = field(repr=False)
    tested: tuple[JudgedConcept, ...] = field(repr=False)
    removals: dict[tuple[str, str], Removed] = field(repr=False)
    failures: tuple[Failure, ...]
    seed: int
    notes: tuple[str, ...] = ()
    additions: dict[tuple[str, str], Added] = field(default_factory=dict, repr=False)
    heard: tuple[JudgedBySound, ...] = field(default=(), repr=False)
    changed: dict[str, Changed] = field(default_factory=dict, repr=False)
    again: dict[str, tuple[tuple[Entry, Patch], ...]] = field(default_factory=dict, repr=False)
    flags: dict[str, tuple[Flag, ...]] = field(default_factory=dict, repr=False)
    moved: tuple[Moved, ...] = field(default=(), repr=False)

    @property
    def significant(self) -> tuple[JudgedConcept, ...]:
        """What is significant for its own class, the largest effect first."""
        own = [one for one in self.tested if one.of == one.label and one.verdict == "significant"]
        return tuple(sorted(own, key=lambda one: -abs(one.effect)))

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Sentences on what interventions say otherwise than gradients, or than each other."""
        return disagreements(self.tested, self.heard)


@tells_progress
def find_concepts(
    store: str | os.PathLike[str],
    *,
    n_clusters: int = N_CLUSTERS,
    n_null: int = N_NULL,
    strength: float = STRENGTH,
    seed: int = 0,
    progress: Told = None,
) -> Concepts:
    """Find the concepts of a store and test them.

    Parameters
    ----------
    store : path
        File that `audiolime_ext.concepts.pipeline.measure_concepts` wrote.
    n_clusters : int
        Number of clusters of each class.
    n_null : int
        Number of random concepts for each class and structure.
    strength : float
        Strength of the regressions' regularisation.
    seed : int
        Random seed of halves, clusters and random concepts.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar.

    Raises
    ------
    MissingError, UsageError, CorruptError
        If there is no such store, it cannot be used, or it is damaged.
    """
    with ConceptStore.read(Path(store)) as opened:
        identity, known, failures = opened.identity, opened.measured(), tuple(opened.failures())
        n_entries = len(opened.entries())
    if not known:
        raise UsageError("no song of the store is measured yet; call measure_concepts() again")
    entries, measured = [entry for entry, _ in known], [found for _, found in known]
    if (n := sum(found.bounded for found in measured)) not in (0, len(measured)):
        raise UsageError(
            f"the model answers between 0 and 1 to {n} of {counted(len(measured), 'song')} and beyond to the others, "
            "so logits were taken of some alone; say its activation (sigmoid, softmax), and measure anew"
        )
    first, notes = halves(entries, seed=seed)
    if len(known) < n_entries:
        notes.append(f"{counted(n_entries - len(known), 'song')} of {n_entries} not measured, and left out")
    pool = _pool(entries, measured, first)
    kept, dropped, concepts, middles = _discover(pool, entries, measured, identity, n_clusters, seed)
    given: dict[str, Any] = {"n_null": n_null, "strength": strength, "seed": seed}
    if any(found.gradients is None for found in measured):
        tested: list[JudgedConcept] = []
        notes.append("the model cannot be differentiated, so concepts are tested by interventions alone")
        sure = accuracies(pool, concepts, strength=strength, seed=seed)
    else:
        slopes = {label: _in_windows(_slopes, entries, measured, first, label) for label in identity.labels}
        tested = all_tested(pool, concepts, slopes, **given)
        sure = {one.concept: one.accuracy for one in tested}
    moved: tuple[Moved, ...] = ()
    if identity.augmentation:
        moves = {label: _in_windows(_movements, entries, measured, first, label) for label in identity.labels}
        moved = recognised(pool, concepts, moves, **given)
    others = halves_of(entries, measured, first, middles, seed=seed)
    told = interventions({(one.of, one.name): one.number for one in kept}, others, sure)
    notes += control_notes(identity, measured)
    return Concepts(
        *(identity, kept, dropped, tuple(tested), told.removals, failures, seed, tuple(notes)),
        *(told.additions, told.judged, told.changed),
        {one.name: others[one.of].held(one.number) for one in kept},
        _flags(entries, measured, first, kept, middles, moved),
        moved,
    )


def _pool(entries: Sequence[Entry], measured: Sequence[Measured], first: Sequence[bool]) -> Pool:
    """The patches of the half in which concepts are found."""
    own = [i for i, in_first in enumerate(first) if in_first]
    sizes = [len(measured[i].patches) for i in own]
    return Pool(
        np.concatenate([measured[i].activations for i in own]).astype(np.float64),
        np.repeat(own, sizes),
        np.repeat([entries[i].label for i in own], sizes),
    )


def _discover(
    pool: Pool,
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    identity: Identity,
    n_clusters: int,
    seed: int,
) -> tuple[tuple[Discovered, ...], tuple[tuple[str, Cluster], ...], list[Concept], dict[str, Floats]]:
    places = np.concatenate([np.arange(len(measured[song].patches)) for song in dict.fromkeys(pool.songs.tolist())])
    kept, dropped, concepts, middles = [], [], [], {}
    for label in identity.labels:
        own = np.flatnonzero(pool.classes == label)
        found = clusters(pool.activations[own], pool.songs[own], n_clusters=min(n_clusters, len(own)), seed=seed)
        middles[label] = np.stack([pool.activations[own[one.members]].mean(axis=0) for one in found])
        for number, cluster in enumerate(found):
            if cluster.structure is None:
                dropped.append((label, cluster))
                continue
            at = own[cluster.members]
            patches = tuple(
                (entries[song], measured[song].patches[place])
                for song, place in zip(pool.songs[at].tolist(), places[at].tolist(), strict=True)
            )
            kept.append(Discovered(number, label, cluster, patches))
            concepts.append(Concept(kept[-1].name, label, cluster.structure, own[cluster.standing]))
    return tuple(kept), tuple(dropped), concepts, middles


def _in_windows(
    numbers: Callable[[Measured], Floats],
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    first: Sequence[bool],
    label: str,
) -> tuple[Floats, Numbers]:
    """Numbers of a class's windows in the half on which concepts are tested, and the song of each."""
    own = [i for i, entry in enumerate(entries) if entry.label == label and not first[i]]
    parts = [numbers(measured[i]) for i in own]
    return np.concatenate(parts).astype(np.float64), np.repeat(own, [len(part) for part in parts])


def _slopes(found: Measured) -> Any:
    return found.gradients


def _movements(found: Measured) -> Any:
    """What the augmentation changes in the layer."""
    assert found.augmented is not None  # in a store whose identity names one
    return found.augmented - np.tile(found.windows, (len(found.augmented) // len(found.windows), 1))


def _flags(
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    first: Sequence[bool],
    kept: Sequence[Discovered],
    middles: dict[str, Floats],
    moved: Sequence[Moved],
) -> dict[str, tuple[Flag, ...]]:
    """What is suspect of each concept, in the songs in which it was found."""
    known = [pair for pair, in_first in zip(zip(entries, measured, strict=True), first, strict=True) if in_first]
    sides = {
        label: FirstHalf.of([pair for pair in known if pair[0].label == label], own) for label, own in middles.items()
    }
    return all_flags({one.name: (one.of, one.number, one.cluster.members) for one in kept}, sides, moved)
