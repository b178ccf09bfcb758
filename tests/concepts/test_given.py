"""Concepts that a person names: what a planted beep is made of means something to its class, and what is not does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts, find_concepts
from audiolime_ext.concepts.store import ConceptStore
from audiolime_ext.errors import UsageError
from tests.concepts.listener import SR
from tests.concepts.planted import BEEP_HZ, collection, hears_the_beep

MODEL = hears_the_beep()
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
    """Two classes in which every other song holds a beep, and a table that says which, and how long its name is."""
    whole = collection(folder / "whole", n_songs=40)
    lines = ["path,beep,even"]
    for label in "ab":
        (folder / "songs" / label).mkdir(parents=True)
        for i in range(40):
            song = whole / ("a" if i % 2 else "b") / f"{'a' if i % 2 else 'b'}{i}.wav"
            sound = np.array(Audio.excerpt(_read(song)).samples) * (1.0 if label == "a" else 0.999)
            Audio(sound.astype(np.float32), SR).write(folder / "songs" / label / f"{label}{i}.wav")
            lines.append(f"songs/{label}/{label}{i}.wav,{i % 2},{i // 2 % 2 if i else ''}")
    (folder / "table.csv").write_text("\n".join(lines))
    return folder / "songs"


def _read(path: Path) -> Audio:
    from audiolime_ext.audio.recording import load_audio

    return load_audio(path)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose class a holds a beep."""
    folder = tmp_path_factory.mktemp("planted")
    songs, store = collection(folder / "songs"), folder / "a.concepts"
    return measure_concepts(songs, MODEL, "hidden", store=store, splits=["slic:6", "bands:mel-6"], **GIVEN)


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which half of the songs of each class hold a beep."""
    folder = tmp_path_factory.mktemp("halved")
    songs, store = mixed(folder), folder / "a.concepts"
    return measure_concepts(songs, MODEL, "hidden", store=store, splits=["bands:2"], **GIVEN)


def found(store: Path, *given: str, **options: Any) -> Concepts:
    return find_concepts(store, given=given, model=MODEL, n_clusters=4, n_null=1000, progress=False, **options)


def verdicts(concepts: Concepts) -> dict[tuple[str, str], str]:
    return {(one.concept, one.label): one.verdict for one in concepts.tested if not one.of}


def test_show(planted: Path, halved: Path, tmp_path: Path) -> None:
    with ConceptStore.read(planted) as s:
        print({p.name for _, m in s.measured() for p in m.patches if p.split.startswith("bands")})
    names = []
    with ConceptStore.read(planted) as s:
        names = [p.name for p in s.measured()[0][1].patches if p.split.startswith("bands")]
    c = found(planted, f"beeps=sounds:{beeps(tmp_path / 'beeps')}", f"high=sounds:{beeps(tmp_path / 'high', hz=3000)}", *[f"s{i}=stem:bands:mel-6/{n}" for i, n in enumerate(names)])
    for one in c.tested:
        if not one.of: print(one.concept, one.label, one.verdict, round(one.effect,2), round(one.p,4), one.accuracy)
    print(c.given); print(c.notes)
    for k,v in c.removals.items(): print(k, v)
    c = found(halved, f"beep=feature:{halved.parent/'table.csv'}:beep>.5", f"even=feature:{halved.parent/'table.csv'}:even>.5", "heard=label:tests.concepts.planted:MODEL:a>.5")
    for one in c.tested:
        if not one.of: print(one.concept, one.label, one.verdict, round(one.effect,2), round(one.p,4), one.accuracy)
    print(c.given); print(c.notes)
    assert 0
