"""All of a concept at once: what decides is taken out, and as much of anything else decides nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.interventions.taking_out import as_loud, removing_all, without
from audiolime_ext.concepts.measurement.patches import patches_of
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.errors import AudioError, UsageError
from factorizations.oracle import OracleFactorization
from factorizations.slic import SlicFactorization
from tests.concepts.listener import SR, Listener
from tests.concepts.planted import collection, hears_the_beep

TONES = {500: 0.3, 1200: 0.1, 2000: 0.25}


def needs_the_beep() -> Listener:
    """It hears the beep as class a, and takes whatever has none for class b: one unit is always on."""
    model = hears_the_beep()
    inward, mixing, outward = model.inward.copy(), model.mixing.copy(), model.outward.copy()
    inward[:, 7], mixing[7], outward[2] = 0, [0, 0, 1.0], [-1.5, 1.5]
    return replace(model, inward=inward, mixing=mixing, outward=outward, least=model.least - np.eye(1, 8, 7)[0])


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collection(tmp_path_factory.mktemp("songs"), n_songs=20)


@pytest.fixture(scope="module")
def found(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Concepts:
    options: dict[str, Any] = {"splits": ["slic:6", "slic:10"], "duration_s": 1.0, "workers": 0, "progress": False}
    store = tmp_path_factory.mktemp("store") / "x.concepts"
    return find_concepts(
        measure_concepts(songs, needs_the_beep(), "hidden", store=store, controls=False, **options),
        n_clusters=6,
        n_null=200,
        progress=False,
    )


def test_decisions_hang_on_the_beep_and_on_nothing_else(found: Concepts) -> None:
    own = {name: told for name, told in found.changed.items() if name.startswith("a") and told.n_windows >= 5}
    beeps = {name for name, told in own.items() if found.removals[name, "a"].low > 1}
    assert beeps
    assert set(own) - beeps
    for name, told in own.items():
        at_once = removing_all(found, name, needs_the_beep())
        assert at_once.at_once
        assert at_once.n_windows == told.n_windows
        if name in beeps:
            assert told.n_changed >= 0.9 * told.n_windows
            assert (at_once.n_changed, at_once.to) == (told.n_windows, {"b": told.n_windows})
            assert at_once.n_by_others == 0
        else:
            assert told.n_changed <= 0.1 * told.n_windows


def test_what_cannot_be_taken_out_is_refused(found: Concepts, songs: Path) -> None:
    name = next(iter(found.again))
    with pytest.raises(UsageError, match="unknown concept 'a 99'"):
        removing_all(found, "a 99", needs_the_beep())
    with pytest.raises(UsageError, match="with another model"):
        removing_all(found, name, replace(needs_the_beep(), fingerprint="another"))
    path = Path(found.again[name][0][0].path)
    whole = path.read_bytes()
    try:
        Audio(np.ones((1, SR), np.float32), SR).write(path)
        with pytest.raises(AudioError, match="was changed meanwhile"):
            removing_all(found, name, needs_the_beep())
    finally:
        path.write_bytes(whole)


def test_all_patches_taken_out_leave_next_to_nothing_and_windows_without_one_are_left_out() -> None:
    model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=SR, window_s=1.0)
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR)
    splits = [SlicFactorization(6), SlicFactorization(10)]
    patches = patches_of(noise, model, splits, start_s=0.0, duration_s=2.0)
    first = [one for one in patches.of if one.window == 0]
    rest = without(patches, first)
    assert list(rest) == [0]
    assert np.square(rest[0]).sum() < 0.2 * np.square(patches.windows[0]).sum()
    assert as_loud(patches, first) == []


def test_others_are_as_loud_of_the_same_window_and_not_the_same_sound() -> None:
    t = np.arange(SR) / SR
    tones = {f"{hz} Hz": (np.sin(2 * np.pi * hz * t) * size).astype(np.float32) for hz, size in TONES.items()}
    song = Audio(np.sum(list(tones.values()), axis=0)[None], SR)
    oracle = OracleFactorization({name: (sound, SR) for name, sound in tones.items()})
    model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=SR, window_s=1.0)
    patches = patches_of(song, model, [oracle, oracle], start_s=0.0, duration_s=1.0)
    (other,) = as_loud(patches, [patches.of[0]])
    assert other.name == "2000 Hz"
    assert [one.name for one in as_loud(patches, patches.of[1:3])] == ["500 Hz", "500 Hz"]
