"""From sounds to concepts: a planted beep is found, is significant for its class, and is missed when it is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts
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


def test_songs_of_another_class_rise_when_the_beep_is_added(found: Concepts) -> None:
    assert {one.concept for one in found.significant}
    for one in found.significant:
        own, other = (found.additions[one.concept, label] for label in ("a", "b"))
        assert own.p < 0.05
        assert own.low > 1
        assert other.high < -1
    assert found.disagreements == tuple(told for told in found.disagreements if "by gradients" not in told)


def test_the_beep_is_a_sound_and_noise_is_a_place(found: Concepts) -> None:
    raised = {one.concept for one in found.significant}
    places = {name for name, some in found.flags.items() if "place" in [flag.kind for flag in some]}
    assert set(found.flags) == {one.name for one in found.kept}
    assert not raised & places
    assert len(places) >= 5


def test_concepts_are_found_again_in_the_songs_on_which_they_are_tested(found: Concepts) -> None:
    for concept in found.kept:
        again = found.again[concept.name]
        assert not {entry.key for entry, _ in again} & {entry.key for entry, _ in concept.patches}
        assert {entry.label for entry, _ in again} == {concept.of}
        windows = {(entry.key, patch.window) for entry, patch in again}
        assert found.changed[concept.name].n_windows == len(windows)


def rewritten(measured: Path, to: Path, change: Any, **identity: Any) -> Path:
    """The same store with each song's measurements changed."""
    with ConceptStore.read(measured) as store:
        of, known = replace(store.identity, **identity), store.measured()
    with ConceptStore.create_or_resume(to, of) as made:
        made.describe([entry for entry, _ in known])
        for entry, song in known:
            made.put(entry.task, entry.name, change(song))
    return to


def test_without_gradients_interventions_are_the_test(found: Concepts, measured: Path, tmp_path: Path) -> None:
    store = rewritten(measured, tmp_path / "x.concepts", lambda song: replace(song, gradients=None))
    deaf = find_concepts(store, n_clusters=6, n_null=1000, progress=False)
    assert deaf.tested == ()
    assert deaf.notes[0].startswith("no gradients were taken")
    large = {
        one.concept for one in deaf.heard if one.verdict == "significant" and one.label == "a" and one.surest.low > 1
    }
    assert large == {one.concept for one in found.significant if one.effect > 0}
    assert {one.verdict for one in deaf.heard if one.concept not in large and abs(one.surest.effect) < 0.01} <= {
        "not significant",
        "not a concept",
    }


def test_without_controls_nothing_is_known_of_places_and_that_is_said(measured: Path, tmp_path: Path) -> None:
    def alone(song: Measured) -> Measured:
        return replace(song, elsewhere=None, added=None, partner="", n_beyond=0)

    store = rewritten(measured, tmp_path / "x.concepts", alone, controls=False)
    found = find_concepts(store, n_clusters=6, n_null=100, progress=False)
    assert found.additions == {}
    assert found.removals
    assert "place" not in {flag.kind for some in found.flags.values() for flag in some}
    assert [note for note in found.notes if note.startswith("measured without controls")]


def test_concepts_are_found_and_tested_on_songs_of_their_own(found: Concepts) -> None:
    used = {entry.key for concept in found.kept for entry, _ in concept.patches}
    assert len(used) == 24
    assert {one.n_songs for one in found.tested} == {12}


def test_a_seed_says_all(found: Concepts, measured: Path) -> None:
    again = find_concepts(measured, n_clusters=6, n_null=1000, progress=False)
    assert again.tested == found.tested
    assert again.removals == found.removals
    assert again.additions == found.additions
    assert again.flags == found.flags
    assert again.changed == found.changed


def test_the_beep_returns_with_other_seeds_and_in_other_halves(found: Concepts, measured: Path) -> None:
    elsewhere = find_concepts(measured, n_clusters=6, n_null=300, returning="halves", progress=False)
    for told, changed in ((found, "from other starts"), (elsewhere, "in other halves")):
        assert set(told.returning) == {one.name for one in told.kept}
        assert all(told.returning[one.concept] >= 0.8 for one in found.significant if one.effect > 0)
        assert sum(f"of {len(told.kept)} clusters" in note and changed in note for note in told.notes) == 1


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
