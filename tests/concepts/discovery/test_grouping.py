"""Planted groups of concepts are found across classes, and told from noise, which has none."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.discovery import grouping
from audiolime_ext.concepts.discovery.drawing import Structure
from audiolime_ext.concepts.discovery.grouping import groups_of
from audiolime_ext.concepts.judgement.testing import Concept, Pool

LABELS = ("metal", "rock", "folk")
N_SONGS, PER_SONG, N_FEATURES = 8, 24, 30


def planted(n_each: int, *, sounds: int = 3, strength: float = 6.0, alone: bool = False) -> tuple[Pool, list[Concept]]:
    """In each class so many concepts, of sounds that all classes have in turn; `alone`: each has a sound of its own."""
    rng = np.random.default_rng(0)
    n_patches = len(LABELS) * N_SONGS * PER_SONG
    given, songs = rng.normal(size=(n_patches, N_FEATURES)), np.arange(n_patches) // PER_SONG
    classes, concepts = np.repeat(LABELS, N_SONGS * PER_SONG), []
    for number in range(n_each):
        for at, label in enumerate(LABELS):
            own = np.flatnonzero((classes == label) & (np.arange(n_patches) % PER_SONG // 2 == number))
            way = len(LABELS) * number + at if alone else number % sounds
            given[own, way] += strength
            concepts.append(Concept(f"{label} {number + 1}", label, Structure(5, 2), own[:10]))
    return Pool(given, songs, classes), concepts


def test_sounds_that_classes_share_are_groups_and_each_class_is_named() -> None:
    pool, concepts = planted(6)
    found, notes = groups_of(pool, concepts)
    assert found is not None
    assert notes == ()
    sound = [(int(name.split()[1]) - 1) % 3 for name in found.names]
    assert len(set(zip(sound, found.group.tolist(), strict=True))) == 3
    assert found.shared == dict.fromkeys(range(3), ("folk", "metal", "rock"))
    assert found.p <= 0.05
    assert found.agreement == 1
    assert found.places.shape == (18, 2)
    assert found.share > 2 * found.chance
    told = found.sentences("penultimate")
    assert "18 clusters fall into 3 groups that lead the same way in this layer, penultimate" in told[0]
    assert "group 1 (6 concepts) is shared by folk, metal and rock" in told


def test_concepts_that_have_nothing_in_common_are_in_no_groups() -> None:
    found, notes = groups_of(*planted(6, alone=True))
    assert found is None
    assert "18 clusters fall into no groups in this layer: random directions" in notes[0]


def test_few_concepts_are_not_grouped() -> None:
    pool, concepts = planted(2)
    assert groups_of(pool, concepts[:4]) == (None, ("4 clusters are too few for groups, which need 5 or more",))


def test_a_concept_alone_is_told_apart_from_none() -> None:
    pool, concepts = planted(2)
    assert groups_of(pool, concepts[:1])[1] == ("1 cluster is too few for groups, which need 5 or more",)


def test_directions_that_are_the_same_are_said_to_be() -> None:
    pool, concepts = planted(2)
    found, notes = groups_of(Pool(pool.activations[:, :1], pool.songs, pool.classes), concepts)
    assert found is None
    assert "exactly the same way" in notes[0]


def test_without_the_package_for_maps_the_picture_is_of_principal_components(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(grouping, "find_spec", lambda name: None if name == "openTSNE" else find(name))
    found = groups_of(*planted(6))[0]
    assert found is not None
    assert found.way == "principal components"
    assert found.share > found.chance
    assert "principal components" in found.sentences("x")[2]


def test_a_seed_says_all() -> None:
    one, again = (groups_of(*planted(6), seed=3)[0] for _ in range(2))
    assert one is not None
    assert again is not None
    np.testing.assert_array_equal(one.group, again.group)
    np.testing.assert_array_equal(one.places, again.places)
    assert (one.p, one.agreement, one.share) == (again.p, again.agreement, again.share)
