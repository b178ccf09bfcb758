"""Concepts that a person names: a planted beep means something to its class, and what is none does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.errors import UsageError
from tests.concepts.listener import SR
from tests.concepts.planted import BEEP_HZ, collection, hears_the_beep

MODEL, SPEC = hears_the_beep(), "tests.concepts.planted:MODEL"
GIVEN: dict[str, Any] = {"duration_s": 1.0, "workers": 0, "progress": False}


def beeps(folder: Path, *, hz: float = BEEP_HZ, n: int = 10) -> Path:
    """Short tones, quiet and loud, each a file of a quarter of a second."""
    folder.mkdir()
    t = np.arange(SR // 4) / SR
    for i in range(n):
        tone = (0.2 + 0.02 * i) * np.sin(2 * np.pi * hz * t) * np.hanning(len(t))
        Audio(tone[None].astype(np.float32), SR).write(folder / f"{i}.wav")
    return folder


def mixed(folder: Path) -> Path:
    """Two classes in which every other song holds a beep, and a table that says which, and something else."""
    whole, lines = collection(folder / "whole", n_songs=40), ["path,beep,other"]
    for i in range(40):
        for label, of in (("c", "ab"[i % 2]), ("d", "ba"[i % 2])):
            path = folder / "songs" / label / f"{label}{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            (whole / of / f"{of}{i}.wav").rename(path)
            lines.append(f"songs/{label}/{label}{i}.wav,{int(of == 'a')},{i // 2 % 2}")
    (folder / "table.csv").write_text("\n".join(lines))
    return folder / "songs"


def found(store: Path, *given: str, **options: Any) -> Concepts:
    given_options = {"model": MODEL, "n_clusters": 4, "n_null": 1000, "progress": False, **options}
    return find_concepts(store, given=given, **given_options)


def verdicts(concepts: Concepts) -> dict[tuple[str, str], str]:
    return {(one.concept, one.label): one.verdict for one in concepts.tested if not one.of}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of noise without a beep, by a network that hears beeps."""
    folder = tmp_path_factory.mktemp("quiet")
    songs, store = collection(folder / "songs", beep=False), folder / "a.concepts"
    return measure_concepts(songs, MODEL, "hidden", store=store, splits=["slic:6", "bands:mel-6"], **GIVEN)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose class a holds a beep."""
    folder = tmp_path_factory.mktemp("planted")
    songs, store = collection(folder / "songs"), folder / "a.concepts"
    return measure_concepts(songs, MODEL, "hidden", store=store, splits=["slic:6", "bands:mel-6"], **GIVEN)


def test_a_folder_of_beeps_is_what_the_network_hears_and_a_folder_of_other_tones_is_not(
    quiet: Path, tmp_path: Path
) -> None:
    folders = beeps(tmp_path / "beeps"), beeps(tmp_path / "high", hz=3000)
    concepts = found(quiet, *(f"{folder.name}=sounds:{folder}" for folder in folders))
    told = verdicts(concepts)
    assert (told["beeps", "a"], told["high", "a"]) == ("significant", "not significant")
    assert next(one.effect for one in concepts.tested if (one.concept, one.label) == ("beeps", "a")) > 0.5
    assert [(one.name, one.kind, one.n_units) for one in concepts.given] == [
        ("beeps", "sounds", 10),
        ("high", "sounds", 10),
    ]
    assert sum("also holds how they were recorded" in note for note in concepts.notes) == 2


def test_songs_in_a_range_mean_something_where_the_range_does(tmp_path: Path) -> None:
    songs = mixed(tmp_path)
    model = replace(MODEL, labels=("c", "d"))
    store = measure_concepts(songs, model, "hidden", store=tmp_path / "a.concepts", splits=["bands:2"], **GIVEN)
    table = tmp_path / "table.csv"
    given = f"beep=feature:{table}:beep>.5", f"other=feature:{table}:other>.5", f"heard=label:{SPEC}:a>.9"
    concepts = found(store, *given, model=model)
    told = verdicts(concepts)
    assert told["beep", "c"] == told["heard", "c"] == "significant"
    assert told["other", "c"] != "significant"
    of = {one.name: one for one in concepts.given}
    assert of["beep"].n_units == of["heard"].n_units == 20
    assert of["heard"].text == f"a > 0.9 by {SPEC}"


def test_a_stem_is_missed_where_it_is_taken_out(planted: Path) -> None:
    concepts = found(planted, "beep=stem:bands:mel-6/621–1114 Hz", "high=stem:bands:mel-6/2722–4000 Hz")
    with_beep, without = (concepts.removals[name, "a"] for name in ("beep", "high"))
    assert with_beep.low > 2
    assert with_beep.beyond > 0.5
    assert with_beep.p < 0.05
    assert without.high < 0.1
    assert {one.n_songs for one in concepts.tested} == {12}


def test_without_gradients_only_stems_are_tested(planted: Path, quiet: Path, tmp_path: Path) -> None:
    with ConceptStore.read(planted) as store:
        identity, known = store.identity, store.measured()
    with ConceptStore.create_or_resume(tmp_path / "x.concepts", identity) as other:
        other.describe([entry for entry, _ in known])
        for entry, song in known:
            other.put(entry.task, entry.name, replace(song, gradients=None))
    given = "beep=stem:bands:mel-6/621–1114 Hz", f"tones=sounds:{beeps(tmp_path / 'beeps')}"
    concepts = found(tmp_path / "x.concepts", *given)
    assert not concepts.tested
    assert concepts.removals["beep", "a"].beyond > 0.5
    assert "beep: the model cannot be differentiated, so it is tested by taking the stem out alone" in concepts.notes
    assert any(note.startswith("tones: the model cannot be differentiated") for note in concepts.notes)


def test_few_units_are_told_and_not_tested(quiet: Path, tmp_path: Path) -> None:
    concepts = found(quiet, f"few=sounds:{beeps(tmp_path / 'few', n=4)}")
    assert not verdicts(concepts)
    assert "few: 4 units stand for it, and 5 are needed; it is not tested" in concepts.notes


def test_what_is_found_is_the_same_with_and_without_given_concepts(quiet: Path, tmp_path: Path) -> None:
    alone, beside = found(quiet), found(quiet, f"tones=sounds:{beeps(tmp_path / 'beeps')}")
    assert beside.tested[: len(alone.tested)] == alone.tested
    again = found(quiet, f"tones=sounds:{tmp_path / 'beeps'}")
    assert again.tested == beside.tested


@pytest.mark.parametrize(
    ("given", "model", "message"),
    [
        ("a 2=stem:bands:mel-6/0–261 Hz", MODEL, "two concepts are called 'a 2'"),
        ("x=sounds:tests", None, "no spec to build it by"),
        ("x=sounds:tests", replace(MODEL, fingerprint="another"), "another model now than the one that the store"),
        ("x=sounds:tests", MODEL, "holds no recording that can be used"),
        ("x=label:nothing:a>.5", MODEL, "nothing"),
    ],
)
def test_what_cannot_be_asked_is_refused(quiet: Path, given: str, model: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        found(quiet, given, model=model)
