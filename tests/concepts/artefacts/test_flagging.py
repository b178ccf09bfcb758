"""Flags of all concepts: a place, what an augmentation does, and its bar, each where it is and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audiolime_ext.concepts.artefacts.augmenting import Moved
from audiolime_ext.concepts.artefacts.flagging import FirstHalf, all_flags
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits

MIDDLES = np.eye(3)
NOTE = (0.5, 1.0, 200.0, 900.0)
CLUSTERS = np.arange(24) // 2 % 3  # of the patches of twelve songs, two for each
CONCEPTS = {f"a {number + 1}": ("a", number, np.flatnonzero(number == CLUSTERS)) for number in range(3)}
Known = list[tuple[Entry, Measured]]


def songs(lands: np.ndarray | None, *, silent: np.ndarray | None = None, left: np.ndarray | None = None) -> Known:
    """Songs with two patches of one cluster each."""
    known: Known = []
    for song in range(12):
        own = slice(2 * song, 2 * song + 2)
        entry = Entry(f"{song}.wav", str(song), f"song {song}", "a", f"album {song}")
        quiet = [False, False] if silent is None else silent[own].tolist()
        patches = tuple(Patch("slic:10", i, "", 0, 0.1, 1.0, None if quiet[i] else NOTE) for i in range(2))
        numbers = np.zeros((2, 3), np.float32)
        found = Measured(patches, numbers, numbers, numbers, numbers, None, True, Traits(3.0, -20.0, None))
        if lands is not None:
            found = replace(found, elsewhere=MIDDLES[lands[own]].astype(np.float32), added=numbers, partner="x")
        known.append((entry, found if left is None else replace(found, augmented=numbers, left=left[own])))
    return known


def kinds(known: Known, moved: tuple[Moved, ...] = ()) -> dict[str, list[str]]:
    found = all_flags(CONCEPTS, {"a": FirstHalf.of(known, MIDDLES)}, moved)
    return {name: [flag.kind for flag in some if flag.kind != "few"] for name, some in found.items()}


def test_only_patches_that_stay_under_another_songs_audio_are_a_place() -> None:
    lands = np.where(CLUSTERS == 0, 0, (CLUSTERS + 1) % 3)  # cluster 2 lands in 0 as well, so half of what is there
    lands[CLUSTERS == 2] = 1
    assert kinds(songs(lands)) == {"a 1": ["place"], "a 2": [], "a 3": []}
    assert kinds(songs(np.zeros(24, int))) == {"a 1": [], "a 2": [], "a 3": []}  # all land in it, whatever they are


def test_without_controls_and_of_silence_nothing_is_said_of_places() -> None:
    assert "place" not in kinds(songs(None))["a 1"]
    assert kinds(songs(CLUSTERS, silent=CLUSTERS == 0))["a 1"] == ["silence"]


def test_an_augmentation_is_flagged_where_it_moves_windows_towards_a_concept() -> None:
    moved = Moved("a 1", "a", 2.0, -0.5, 0.5, 0.001, 1.0, 0.5, 10, True)
    away, chance = replace(moved, concept="a 2", towards=-2.0), replace(moved, concept="a 3", discovered=False)
    found = kinds(songs(None), (moved, away, chance))
    assert found == {"a 1": ["what the augmentation does"], "a 2": [], "a 3": []}


def test_the_black_bar_of_the_augmentation_is_counted() -> None:
    silent = CLUSTERS == 0
    silent[:1] = False
    left = np.ones((24, 3), np.float32)
    left[CLUSTERS == 1, 1] = 0.001
    flags = all_flags(CONCEPTS, {"a": FirstHalf.of(songs(None, silent=silent, left=left), MIDDLES)})
    texts = {flag.kind: flag.text for flag in flags["a 1"]}
    assert texts["augmentation's bar"].startswith("7 of 8 patches are the black bar of the augmentation")
    assert [flag.kind for flag in flags["a 2"] if flag.kind != "few"] == ["augmentation's place"]
    assert [flag.kind for flag in flags["a 3"] if flag.kind != "few"] == []
    harmless = np.ones((24, 3), np.float32)
    assert kinds(songs(None, silent=silent, left=harmless))["a 1"] == ["silence"]
