"""Concepts of a network that was trained on planted sounds: these are found and raise their class, random ones do not.

The quick form of `tests.studies.concept_rules`, which also has a bar of silence.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.extras import require
from tests.studies import concept_rules as study

require("torch", extra="torch")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    model, right = study.trained(folder)
    assert right > 0.9
    return study.measured(folder, model)


@pytest.fixture(scope="module")
def found(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Concepts:
    folders = study.plants(tmp_path_factory.mktemp("alone"))
    given = [f"{label} alone=sounds:{folder}" for label, folder in folders.items()]
    return find_concepts(store, given=given, n_clusters=15, n_null=2000, progress=False)


def raised(concepts: Concepts, name: str) -> set[str]:
    return {
        one.label for one in concepts.tested if one.concept == name and one.verdict == "significant" and one.effect > 0
    }


@pytest.mark.parametrize("label", study.PLANTS)
def test_a_concept_is_the_planted_sound_and_raises_its_class_alone(found: Concepts, label: str) -> None:
    """The one of its class that raises it most."""
    best = next(one for one in found.significant if one.of == label and one.effect > 0)
    assert study.precision(found, best.concept) >= 0.9
    assert raised(found, best.concept) == {label}


@pytest.mark.parametrize("label", study.PLANTS)
def test_a_folder_of_the_planted_sound_raises_its_class_alone(found: Concepts, label: str) -> None:
    assert raised(found, f"{label} alone") == {label}


def test_random_patches_are_called_significant_by_the_t_test_and_hardly_ever_by_ours(store: Path) -> None:
    pool, gradients = study.half_of(store)
    ours, theirs = study.called(pool, gradients, within=False, n_draws=8)
    assert ours <= 2
    assert theirs >= 7
