"""The concepts of a store: found in half of the songs, tested on the other, by gradients and by interventions.

::

    store ─► two halves of the songs ─┬─► clusters of the first half's patches, concepts that a person names
                                      └─► tests on the second: gradients beside random concepts, sounds taken out
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.concepts.artefacts.augmenting import Moved, recognised
from audiolime_ext.concepts.artefacts.flagging import all_flags, first_halves
from audiolime_ext.concepts.discovery.discovering import N_CLUSTERS, Cluster, clusters
from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.discovery.grouping import groups_of
from audiolime_ext.concepts.discovery.halves import halves
from audiolime_ext.concepts.discovery.stability import returning_of
from audiolime_ext.concepts.given.asked import parse_all
from audiolime_ext.concepts.given.tested import divided, given_tested
from audiolime_ext.concepts.interventions.intervening import accuracies, halves_of, interventions
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats
from audiolime_ext.concepts.judgement.testing import N_NULL, Concept, JudgedConcept, Pool, all_tested
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.partners import control_notes
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.result import Concepts, Discovered
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.text import counted

FEWEST_RANDOM = 20


@tells_progress
def find_concepts(
    store: str | os.PathLike[str],
    *,
    given: Sequence[str] = (),
    model: Any = None,
    n_clusters: int = N_CLUSTERS,
    n_null: int = N_NULL,
    strength: float = STRENGTH,
    seed: int = 0,
    returning: Literal["starts", "halves"] = "starts",
    progress: Told = None,
) -> Concepts:
    """Find the concepts of a store and test them.

    Parameters
    ----------
    store : path
        File that `audiolime_ext.concepts.pipeline.measure_concepts` wrote.
    given : sequence of str
        Concepts to test beside those that are found, such as ``drums=stem:spleeter:5stems/drums``; the four forms are
        those of `audiolime_ext.concepts.given.asked`.
    model : Model or None
        Model of the store, which hears given sounds; None: it is built by its spec.
    n_clusters : int
        Number of clusters of each class.
    n_null : int
        Number of random concepts for each structure.
    strength : float
        Strength of the regressions' regularisation.
    seed : int
        Random seed of halves, clusters and random concepts.
    returning : {"starts", "halves"}
        Way in which concepts are looked for again: in the same songs from other starts, or in other halves of songs.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar.

    Raises
    ------
    MissingError, UsageError, CorruptError
        If there is no such store, it or an argument cannot be used, or it is damaged.
    """
    _require_random(n_null)
    identity, entries, measured, failures, missing = _read(Path(store))
    asked = parse_all(given, [f"{label} {n + 1}" for label in identity.labels for n in range(n_clusters)])
    first, notes = halves(entries, seed=seed)
    options: dict[str, Any] = {"n_null": n_null, "strength": strength}
    slopes: dict[str, tuple[Floats, Numbers]] | None = None
    if n_without := sum(found.gradients is None for found in measured):
        of = "" if n_without == len(measured) else f" of {n_without} of {counted(len(measured), 'song')}"
        missing.append(f"no gradients were taken{of}, so concepts are tested by their sound alone")
    else:
        slopes = {label: in_windows("gradients", entries, measured, first, label) for label in identity.labels}
    answers = given_tested(asked, *divided(identity, entries, measured, first, model, seed), slopes, **options)
    pool = pool_of(entries, measured, first)
    kept, dropped, concepts, middles = _discover(pool, entries, measured, identity, n_clusters, seed)
    tested: list[JudgedConcept] = []
    if slopes is None:
        sure = accuracies(pool, concepts, strength=strength, seed=seed)
    else:
        tested = all_tested(pool, concepts, slopes, **options, seed=seed)
        sure = {one.concept: one.accuracy for one in tested}
    moved: tuple[Moved, ...] = ()
    if identity.augmentation:
        moves = {label: in_windows("movements", entries, measured, first, label) for label in identity.labels}
        moved = recognised(pool, concepts, moves, **options, seed=seed)
    others = halves_of(entries, measured, first, middles, seed=seed)
    told = interventions({(one.of, one.name): one.number for one in kept}, others, sure)
    notes += [*missing, *control_notes(identity, measured), *answers.notes]
    members = {one.name: (one.of, one.number, one.cluster.members) for one in kept}
    groups, ungrouped = groups_of(pool, concepts, strength=strength, seed=seed)
    own = {label: {one.name: one.cluster.members for one in kept if one.of == label} for label in identity.labels}
    shares, stable = returning_of(own, entries, measured, first, n_clusters=n_clusters, seed=seed, of=returning)
    notes += [*ungrouped, *stable]
    return Concepts(
        *(identity, kept, dropped, (*tested, *answers.tested), told.removals | answers.removals),
        *(failures, seed, tuple(notes)),
        *(told.additions, told.judged, told.changed),
        {one.name: others[one.of].held(one.number) for one in kept},
        all_flags(members, first_halves(entries, measured, first, middles), moved),
        moved,
        groups,
        shares,
        answers.given,
    )


def _require_random(n_null: int) -> None:
    """Raise `UsageError` for too few random concepts."""
    if n_null < FEWEST_RANDOM:
        raise UsageError(
            f"n_null is {n_null}; give {FEWEST_RANDOM} random concepts or more, of which p-values are made"
        )


def _read(
    store: Path,
) -> tuple[Identity, list[Entry], list[Measured], tuple[Failure, ...], list[str]]:
    """What a store holds, and notes on what it lacks.

    Raises
    ------
    UsageError
        If too little was measured, or what was measured does not fit together.
    """
    with ConceptStore.read(store) as opened:
        identity, known, failures = opened.identity, opened.measured(), tuple(opened.failures())
        n_entries = len(opened.entries())
    if not known and failures:
        raise UsageError(
            f"none of {counted(n_entries, 'song')} could be measured, such as {failures[0].name}: {failures[0].reason}"
        )
    if not known:
        raise UsageError("no song of the store is measured yet; run audiolime concepts again, or measure_concepts()")
    entries, measured = [entry for entry, _ in known], [found for _, found in known]
    _require_songs(entries, identity.labels)
    if (n := sum(found.bounded for found in measured)) not in (0, len(measured)):
        raise UsageError(
            f"the model answers between 0 and 1 to {n} of {counted(len(measured), 'song')} and beyond to the others, "
            "so logits were taken of some alone; say its activation (sigmoid, softmax), and measure anew"
        )
    lacks = n_entries - len(known)
    notes = [f"{counted(lacks, 'song')} of {n_entries} not measured, and left out"] if lacks else []
    return identity, entries, measured, failures, notes


def _require_songs(entries: Sequence[Entry], labels: Sequence[str]) -> None:
    """Raise `UsageError` for a class without a song for each half."""
    for label in labels:
        if (n := sum(entry.label == label for entry in entries)) < 2:
            raise UsageError(
                f"{counted(n, 'song is', 'songs are')} measured of the class {label!r}, and 2 at least are needed, one "
                "to find concepts in and one to test them on; measure its other songs, too: run audiolime concepts "
                "again, with --retries where they failed"
            )


def pool_of(entries: Sequence[Entry], measured: Sequence[Measured], first: Sequence[bool]) -> Pool:
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


def in_windows(
    name: str, entries: Sequence[Entry], measured: Sequence[Measured], first: Sequence[bool], label: str
) -> tuple[Floats, Numbers]:
    """Numbers of a class's windows in the half on which concepts are tested, and the song of each."""
    own = [i for i, entry in enumerate(entries) if entry.label == label and not first[i]]
    parts: list[Any] = [getattr(measured[i], name) for i in own]
    return np.concatenate(parts).astype(np.float64), np.repeat(own, [len(part) for part in parts])
