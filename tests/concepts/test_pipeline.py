"""What is asked for is checked before any work, songs are drawn fairly, and nothing is measured twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.engine.jobs import DonorError
from audiolime_ext.concepts.measurement.elsewhere import there
from audiolime_ext.concepts.measurement.patches import patches_of
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.measurement.work import Ears
from audiolime_ext.concepts.pipeline import measure_concepts, plan_concepts
from audiolime_ext.errors import UsageError
from factorizations.bands import BandsFactorization
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
            assert (mine.partner, mine.n_beyond, mine.traits) == (theirs.partner, theirs.n_beyond, theirs.traits)
            for part in ("activations", "removals", "elsewhere", "added"):
                np.testing.assert_array_equal(getattr(mine, part), getattr(theirs, part))


def measured(store: Path) -> dict[str, tuple[Entry, Any]]:
    with ConceptStore.read(store) as opened:
        return {entry.name: (entry, found) for entry, found in opened.measured()}


def test_each_song_is_put_beside_one_of_another_class_by_the_seed(songs: Path, tmp_path: Path) -> None:
    first, again, other = (
        measured(measure_concepts(songs, MODEL, "hidden", store=tmp_path / f"{i}.concepts", progress=False, **given))
        for i, given in enumerate(({**GIVEN}, {**GIVEN}, {**GIVEN, "seed": 1}))
    )
    labels = {entry.key: entry.label for entry, _ in first.values()}
    for name, (entry, found) in first.items():
        assert labels[found.partner] != entry.label
        assert found.elsewhere is not None
        assert found.added is not None
        assert found.elsewhere.shape == found.activations.shape
        assert found.added.shape == found.removals.shape
        np.testing.assert_array_equal(found.elsewhere, again[name][1].elsewhere)
        np.testing.assert_array_equal(found.added, again[name][1].added)
    assert any(found.partner != other[name][1].partner for name, (_, found) in first.items())


def test_the_model_is_asked_what_is_told(songs: Path, tmp_path: Path) -> None:
    """Both answers, made again by hand from the two files."""
    known = measured(measure_concepts(songs, MODEL, "hidden", store=tmp_path / "x.concepts", progress=False, **GIVEN))
    entry, found = known["a0.wav"]
    partner = next(other for other, _ in known.values() if other.key == found.partner)
    mine, theirs = (load_audio(one.path) for one in (entry, partner))
    patches = patches_of(mine, MODEL, [BandsFactorization(2)], start_s=0.0, duration_s=1.0)
    low, high = patches.alone
    scores = MODEL(np.stack([theirs.samples[0], (theirs.samples + low)[0], (theirs.samples + high)[0]]))
    logits = np.log(scores / (1 - scores))
    assert found.added is not None
    assert found.elsewhere is not None
    np.testing.assert_allclose(found.added, logits[1:] - logits[:1], atol=1e-3)
    inside = MODEL.at("hidden")(there(patches, theirs.samples[None]).under[:, 0])
    np.testing.assert_allclose(found.elsewhere, inside, atol=1e-5)


def test_a_partner_that_cannot_be_read_gives_way_to_the_next(songs: Path, tmp_path: Path) -> None:
    given = {"store": tmp_path / "x.concepts", "progress": False, **GIVEN}
    before = measured(measure_concepts(songs, MODEL, "hidden", **given))
    counts = Counter(found.partner for _, found in before.values())
    asked_most = next(entry for entry, _ in before.values() if entry.key == counts.most_common(1)[0][0])
    whole = Path(asked_most.path).read_bytes()
    planned = plan_concepts(songs, MODEL, "hidden", **GIVEN)
    Path(asked_most.path).write_bytes(whole[:20])
    try:
        said: list[str] = []
        after = measured(planned.run(tmp_path / "y.concepts", say=said.append))
    finally:
        Path(asked_most.path).write_bytes(whole)
    assert set(before) - set(after) == {asked_most.name}
    assert said == [f"1 song cannot be put beside others, which were put beside the next: {asked_most.name}"]
    for name, (_, found) in after.items():
        assert found.partner
        assert found.partner != asked_most.key
        assert (found.partner == before[name][1].partner) == (before[name][1].partner != asked_most.key)


def test_a_song_that_the_model_cannot_hear_with_a_patch_gives_way_and_it_is_told(tmp_path: Path) -> None:
    folder = collection(tmp_path / "songs", n_songs=10)
    loud = load_audio(folder / "b" / "b3.wav")
    Audio(loud.samples * np.float32(0.85 / np.abs(loud.samples).max()), loud.sr).write(folder / "b" / "b3.wav")

    class Frail:
        def __getattr__(self, name: str) -> Any:
            return getattr(MODEL, name)

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            if np.abs(batch).max() > 0.87:
                raise RuntimeError("too loud")
            return MODEL(batch)

    said: list[str] = []
    planned = plan_concepts(folder, Frail(), "hidden", **GIVEN)
    known = measured(planned.run(tmp_path / "x.concepts", say=said.append))
    assert len(known) == 20
    refused = {line.split(" cannot be put into ")[1].split(",")[0] for line in said}
    assert refused
    assert all("b3.wav cannot be put into" in line and "too loud" in line for line in said)
    key = next(entry.key for entry, _ in known.values() if entry.name == "b3.wav")
    assert all(known[name][1].partner not in ("", key) for name in refused)


def test_a_partner_that_is_too_short_suits_one_song_and_a_silent_one_none(tmp_path: Path) -> None:
    whole: Any = MODEL
    whole = replace(whole, window_s=None)
    sound = np.random.default_rng(0).normal(0, 0.1, (1, 12000)).astype(np.float32)
    entries = []
    for name, samples in {"host": sound, "short": sound[:, :8000], "silent": 0 * sound}.items():
        path = Audio(samples, 8000).write(tmp_path / f"{name}.wav")
        entries.append(Entry(str(path), load_audio(path).sha256, name, "a" if name == "host" else "b", name))
    host, short, silent = entries
    ears = Ears(whole, "hidden", (BandsFactorization(2),), ("a", "b"), (0, 1), 10.0)
    for partner, suits, message in ((short, host.key, "shorter than that"), (silent, None, "silent")):
        with pytest.raises(DonorError, match=message) as caught:
            ears.hear(load_audio(host.path), host, partner)
        assert (caught.value.donor, caught.value.host) == (partner.key, suits)


def test_without_controls_nothing_is_asked_elsewhere(songs: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {**GIVEN, "controls": False, "progress": False}
    store = measure_concepts(songs, MODEL, "hidden", store=tmp_path / "x.concepts", **given)
    for _, found in measured(store).values():
        assert (found.elsewhere, found.added, found.partner) == (None, None, "")
    with pytest.raises(UsageError, match=r"another model or other settings.*controls"):
        measure_concepts(songs, MODEL, "hidden", store=store, progress=False, **GIVEN)


def muted(samples: np.ndarray, sr: int, rng: np.random.Generator) -> np.ndarray:
    begin = int(rng.integers(0, samples.shape[1] // 2))
    samples[:, begin : begin + sr // 4] = 0
    return samples


def test_windows_are_heard_with_an_augmentation_by_the_seed(songs: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {**GIVEN, "augmentation": muted, "controls": False, "progress": False}
    one, again, other = (
        measured(measure_concepts(songs, MODEL, "hidden", store=tmp_path / f"{i}.concepts", **given, seed=seed))
        for i, seed in enumerate((0, 0, 1))
    )
    for name, (_, found) in one.items():
        assert found.augmented is not None
        assert found.left is not None
        assert found.augmented.shape == (3, found.windows.shape[1])
        assert found.left.shape == (len(found.patches), 3)
        assert (found.left < 1).all()
        np.testing.assert_array_equal(found.augmented, again[name][1].augmented)
    assert not all(np.array_equal(found.augmented, other[name][1].augmented) for name, (_, found) in one.items())
    with pytest.raises(UsageError, match="the augmentation is a function of this process"):
        plan_concepts(songs, MODEL, "hidden", **{**GIVEN, "augmentation": muted, "workers": 2})
    with pytest.raises(UsageError, match=r"another model or other settings.*augmentation"):
        measure_concepts(songs, MODEL, "hidden", store=tmp_path / "0.concepts", **{**given, "augmentation": None})


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
