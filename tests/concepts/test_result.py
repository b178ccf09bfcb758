"""From sounds to concepts: a planted beep is found, is significant for its class, and is missed when it is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts, find_concepts
from audiolime_ext.concepts.store import ConceptStore
from audiolime_ext.errors import UsageError
from tests.concepts.planted import collection, hears_the_beep


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    given: dict[str, Any] = {"splits": ["slic:6", "slic:10"], "duration_s": 1.0, "workers": 0, "progress": False}
    return measure_concepts(
        collection(folder / "songs"), hears_the_beep(), "hidden", store=folder / "a.concepts", **given
    )


@pytest.fixture(scope="module")
def found(measured: Path) -> Concepts:
    return find_concepts(measured, n_clusters=6, n_null=1000, progress=False)


def test_the_beep_is_what_is_significant(found: Concepts, measured: Path) -> None:
    with ConceptStore.read(measured) as store:
        fall = {
            (entry.key, patch.split, patch.number): float(removal[store.identity.labels.index("a")])
            for entry, song in store.measured()
            for patch, removal in zip(song.patches, song.removals, strict=True)
        }
    raised = {one.concept for one in found.significant if one.effect > 0}
    assert {name.split()[0] for name in raised} == {"a"}
    for concept in found.kept:
        hears = [fall[entry.key, patch.split, patch.number] > 1 for entry, patch in concept.patches]
        assert sum(hears) >= 0.9 * len(hears) if concept.name in raised else sum(hears) <= 0.2 * len(hears)


def test_what_happens_without_the_beep_agrees_with_the_gradients(found: Concepts) -> None:
    for one in found.significant:
        told = found.removals[one.concept, one.label]
        assert told.p < 0.05
        assert told.beyond * one.effect > 0
        assert told.low > 1


def test_concepts_are_found_and_tested_on_songs_of_their_own(found: Concepts) -> None:
    used = {entry.key for concept in found.kept for entry, _ in concept.patches}
    assert len(used) == 24
    assert {one.n_songs for one in found.tested} == {12}


def test_a_seed_says_all(found: Concepts, measured: Path) -> None:
    again = find_concepts(measured, n_clusters=6, n_null=1000, progress=False)
    assert again.tested == found.tested
    assert again.removals == found.removals


def test_the_beep_returns_with_other_seeds_and_in_other_halves(found: Concepts, measured: Path) -> None:
    elsewhere = find_concepts(measured, n_clusters=6, n_null=300, returning="halves", progress=False)
    for told, changed in ((found, "from other starts"), (elsewhere, "in other halves")):
        assert set(told.returning) == {one.name for one in told.kept}
        assert all(told.returning[one.concept] >= 0.8 for one in found.significant if one.effect > 0)
        assert sum(f"of {len(told.kept)} concepts" in note and changed in note for note in told.notes) == 1


def test_the_beep_is_in_a_group_of_its_class_alone_and_noise_is_in_shared_ones(found: Concepts) -> None:
    assert found.groups is not None
    told = found.groups
    assert told.names == tuple(one.name for one in found.kept)
    raised = {one.concept for one in found.significant if one.effect > 0}
    beeps = {int(told.group[told.names.index(name)]) for name in raised}
    assert len(beeps) == 1
    assert not beeps & set(told.shared)
    assert set(told.shared.values()) == {("a", "b")}


def test_songs_with_scores_beside_songs_without_are_refused(measured: Path, tmp_path: Path) -> None:
    with ConceptStore.read(measured) as store:
        identity, known = store.identity, store.measured()
    with ConceptStore.create_or_resume(tmp_path / "mixed.concepts", identity) as mixed:
        mixed.describe([entry for entry, _ in known])
        for i, (entry, song) in enumerate(known):
            mixed.put(entry.task, entry.name, replace(song, bounded=i > 0))
    with pytest.raises(UsageError, match="between 0 and 1 to 47 of 48 songs and beyond to the others"):
        find_concepts(tmp_path / "mixed.concepts")


def test_an_empty_store_is_refused(measured: Path, tmp_path: Path) -> None:
    with ConceptStore.read(measured) as store:
        identity = store.identity
    with ConceptStore.create_or_resume(tmp_path / "new.concepts", identity):
        pass
    with pytest.raises(UsageError, match="no song of the store is measured yet"):
        find_concepts(tmp_path / "new.concepts")
