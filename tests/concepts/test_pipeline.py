"""What is asked for is checked before any work, songs are drawn fairly, and nothing is measured twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.concepts.pipeline import measure_concepts, plan_concepts
from audiolime_ext.concepts.store import ConceptStore
from audiolime_ext.errors import UsageError
from tests.concepts.planted import collection, hears_the_beep

MODEL = hears_the_beep()
GIVEN: dict[str, Any] = {"splits": ["bands:2"], "duration_s": 1.0, "workers": 0}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collection(tmp_path_factory.mktemp("songs"), n_songs=12)


def test_songs_are_drawn_from_groups_in_turn(songs: Path) -> None:
    lines = [f"{label}/{label}{i}.wav,{label},{'one' if i < 8 else i}" for label in "ab" for i in range(12)]
    (songs / "songs.csv").write_text("\n".join(["path,label,group", *lines]))
    planned = plan_concepts(songs / "songs.csv", MODEL, "hidden", n_songs=6, **GIVEN)
    for label in "ab":
        groups = Counter(entry.group for entry in planned.entries if entry.label == label)
        assert sorted(groups.values()) == [1, 1, 1, 1, 2]
    assert planned.notes == ("of 24 songs, 12 drawn: at most 6 of each class (seed 0)",)
    (songs / "songs.csv").unlink()


def test_what_is_done_is_not_done_again_and_a_poisoned_file_costs_itself_alone(songs: Path, tmp_path: Path) -> None:
    asked = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(MODEL, name)

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            asked.append(len(batch))
            return MODEL(batch)

    (songs / "a" / "bad.wav").write_bytes(b"no sound")
    try:
        store = measure_concepts(songs, Counting(), "hidden", store=tmp_path / "x.concepts", progress=False, **GIVEN)
        first = sum(asked)
        with ConceptStore.read(store) as opened:
            assert len(opened.measured()) == 24
            assert [failure.name for failure in opened.failures()] == ["bad.wav"]
        measure_concepts(songs, Counting(), "hidden", store=store, progress=False, **GIVEN)
    finally:
        (songs / "a" / "bad.wav").unlink()
    assert sum(asked) - first <= 1  # noise, by which a model is tried


def test_workers_measure_the_same(songs: Path, tmp_path: Path) -> None:
    """In processes of its own a model is built by its spec, so this one is saved as a module's."""
    given = {**GIVEN, "workers": 0}
    spec = "tests.concepts.planted:MODEL"
    here, there = (
        measure_concepts(songs, spec, "hidden", store=tmp_path / name, progress=False, **{**given, "workers": n})
        for name, n in (("here.concepts", 0), ("there.concepts", 2))
    )
    with ConceptStore.read(here) as one, ConceptStore.read(there) as other:
        for (entry, mine), (_, theirs) in zip(one.measured(), other.measured(), strict=True):
            assert mine.patches == theirs.patches, entry
            np.testing.assert_array_equal(mine.activations, theirs.activations)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": "conv9"}, "unknown layer 'conv9'.*hidden"),
        ({"labels": ["a"]}, "two classes or more"),
        ({"labels": ["a", "c"]}, "no song of the class 'c'; classes are a, b"),
        ({"model": tagger(lambda b: b[:, :2], sr=8000, labels=["a", "b"])}, "no layers that can be read"),
        ({"model": replace(MODEL, fingerprint=None)}, "no fingerprint"),
        ({"model": replace(MODEL, labels=None)}, "states no labels"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_the_work(songs: Path, change: dict[str, Any], message: str) -> None:
    given = {"model": MODEL, "layer": "hidden", **GIVEN, **change}
    model, layer = given.pop("model"), given.pop("layer")
    with pytest.raises(UsageError, match=message):
        plan_concepts(songs, model, layer, **given)


def test_few_songs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has 6 songs, and 10 are needed"):
        plan_concepts(collection(tmp_path, n_songs=6), MODEL, "hidden", **GIVEN)


def test_a_store_of_another_layer_or_model_is_refused(songs: Path, tmp_path: Path) -> None:
    store = measure_concepts(songs, MODEL, "hidden", store=tmp_path / "x.concepts", progress=False, **GIVEN)
    for other in (replace(MODEL, fingerprint="another"), MODEL):
        given = GIVEN if other is not MODEL else {**GIVEN, "splits": ["bands:3"]}
        with pytest.raises(UsageError, match="another model or other settings"):
            measure_concepts(songs, other, "hidden", store=store, progress=False, **given)
