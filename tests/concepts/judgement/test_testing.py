"""All concepts of all classes: what is planted is found, in its class alone; of random ones hardly any."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.discovery.discovering import clusters
from audiolime_ext.concepts.discovery.drawing import Structure, draw
from audiolime_ext.concepts.judgement.testing import (
    Concept,
    JudgedConcept,
    Pool,
    Trial,
    all_tested,
    tried,
    with_discoveries,
)
from audiolime_ext.errors import UsageError

LABELS = ("clap", "plain", "other")
N_SONGS, PER_SONG, N_FEATURES = 25, 20, 40


def pool(seed: int, *, clap: float = 0.0) -> Pool:
    """Patches of three classes; in the first, two of each song's patches hold a planted sound."""
    rng = np.random.default_rng(seed)
    n = len(LABELS) * N_SONGS
    found = rng.normal(size=(n, PER_SONG, N_FEATURES)) + rng.normal(size=(n, 1, N_FEATURES)) / 2
    found[:N_SONGS, :2, 0] += clap
    songs = np.repeat(np.arange(n), PER_SONG)
    return Pool(found.reshape(-1, N_FEATURES), songs, np.repeat(LABELS, N_SONGS * PER_SONG))


def gradients(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The first class hears the first feature; all else is noise."""
    rng = np.random.default_rng(seed)
    made = {label: rng.normal(0, 0.3, (3 * N_SONGS, N_FEATURES)) for label in LABELS}
    made["clap"][:, 0] += 1
    return {label: (one, np.repeat(np.arange(N_SONGS), 3)) for label, one in made.items()}


def concepts_of(patches: Pool, label: str, *, n_clusters: int = 8) -> list[Concept]:
    own = np.flatnonzero(patches.classes == label)
    found = clusters(patches.activations[own], patches.songs[own], n_clusters=n_clusters)
    return [
        Concept(f"{label} {i}", label, one.structure, own[one.standing])
        for i, one in enumerate(found)
        if one.structure is not None
    ]


def test_a_planted_sound_is_significant_for_its_class_and_for_no_other() -> None:
    patches = pool(0, clap=6)
    concepts = [one for label in LABELS for one in concepts_of(patches, label)]
    found = all_tested(patches, concepts, gradients(1), n_null=1000)
    significant = [one for one in found if one.verdict == "significant"]
    assert {(one.of, one.label) for one in significant} == {("clap", "clap")}
    best = min(found, key=lambda one: one.p)
    planted = concepts[[one.name for one in concepts].index(best.concept)]
    assert (planted.standing % PER_SONG < 2).mean() >= 0.9
    assert best.low is not None
    assert best.low > 0
    assert best.derivative > best.chance[2]
    assert best.accuracy.value > 0.9


def test_of_concepts_that_are_drawn_at_random_hardly_any_means_anything() -> None:
    """Twenty draws of random patches in the place of clusters: at most three call anything significant."""
    patches, slopes = pool(0), gradients(1)
    said = 0
    for seed in range(20):
        rng = np.random.default_rng([7, seed])
        concepts = []
        for label in LABELS:
            own = np.flatnonzero(patches.classes == label)
            structure = Structure(10, 2)
            for i, standing in enumerate(draw(patches.songs[own], structure, 5, rng=rng)):
                concepts.append(Concept(f"{label} {i}", label, structure, own[standing]))
        found = all_tested(patches, concepts, slopes, n_null=300, seed=seed)
        said += any(one.verdict == "significant" for one in found)
    assert said <= 3


def test_a_sound_that_fills_its_class_is_found() -> None:
    """Beside random patches of its own class it would be nothing, as they hold it, too."""
    patches = pool(0)
    patches.activations[patches.classes == "clap", 0] += 4
    found = all_tested(patches, concepts_of(patches, "clap"), gradients(1), n_null=500)
    own = [one for one in found if one.label == "clap" and one.accuracy.separates]
    assert len(own) > 4
    assert sum(one.verdict == "significant" for one in own) > len(own) / 2
    assert min(one.effect for one in own) > 0


def test_what_is_said_of_a_concept_hangs_neither_on_the_number_of_random_ones_nor_on_other_concepts() -> None:
    patches = pool(0)
    patches.activations[patches.classes == "clap", 0] += 4
    concepts = concepts_of(patches, "clap")
    few, more = (all_tested(patches, concepts, gradients(1), n_null=n) for n in (50, 120))
    assert [one.effect for one in few] == [one.effect for one in more]
    assert [one.accuracy for one in few] == [one.accuracy for one in more]
    alone = all_tested(patches, concepts[:1], gradients(1), n_null=50)
    together = [one for one in few if one.concept == concepts[0].name]
    assert [one.effect for one in alone] == [one.effect for one in together]


def test_concepts_that_are_tested_alone_are_what_they_are_beside_others() -> None:
    patches, rng = pool(0, clap=6), np.random.default_rng(0)
    standing = np.flatnonzero(np.arange(len(patches.songs)) % PER_SONG == 0)[:N_SONGS]
    apart, random, others = (draw(patches.songs, Structure(N_SONGS, 1), n, rng=rng) for n in (1, 300, 300))
    trial = Trial(("clap",), ("",), standing[None], apart[None], random, others[:, None])
    found = {one.label: one for one in tried(patches.activations, patches.songs, trial, gradients(1))}
    assert found["clap"].p < 0.01
    assert found["clap"].effect > 1
    assert min(found[label].p for label in LABELS[1:]) > 0.01
    assert not any(one.discovered for one in found.values())


def one(p: float, *, of: str = "a", label: str = "a", low: float = 0.6) -> JudgedConcept:
    from audiolime_ext.concepts.judgement.separating import Accuracy

    told = Accuracy(0.8, low, 0.9)
    return JudgedConcept("x", of, label, 1.0, 0.5, 1.5, 0.1, p, 1.0, p, (-1, 0, 1), (0, 0.5, 1), told, 25, linear=False)


def test_own_classes_and_others_are_families_of_their_own_and_only_what_separates_is_in_them() -> None:
    family = [one(0.04), *[one(0.5)] * 3, *[one(0.04, low=0.4)] * 9, one(0.04, of="b")]
    verdicts = [each.verdict for each in with_discoveries(family)]
    assert verdicts == ["not significant"] * 4 + ["not a concept"] * 9 + ["significant"]
    assert with_discoveries([one(0.01), *[one(0.5)] * 3])[0].verdict == "significant"
    given = with_discoveries([one(0.02, of=""), *[one(0.5)] * 9, *[one(0.5, of="b")] * 9])
    assert given[0].verdict == "significant"


def test_silent_patches_which_are_all_the_same_do_not_end_the_work() -> None:
    """Of random concepts some hold nothing else on either side: their directions lead nowhere."""
    patches, rng = pool(0, clap=6), np.random.default_rng(1)
    patches.activations[rng.random(len(patches.songs)) < 0.6] = 0
    structure, own = Structure(5, 1), np.flatnonzero((patches.classes == "clap") & (patches.activations[:, 0] > 4))
    standing = own[draw(patches.songs[own], structure, 1, rng=rng)[0]]
    found = all_tested(patches, [Concept("clap 1", "clap", structure, standing)], gradients(1), n_null=5000)
    assert found[0].p < 0.05
    assert all(np.isfinite(one.chance).all() for one in found)
    nothing = Pool(np.zeros((600, 4)), np.repeat(np.arange(30), 20), np.repeat(["a", "b"], 300))
    slopes = {label: (np.ones((5, 4)), np.arange(5)) for label in "ab"}
    told = all_tested(nothing, [Concept("a 1", "a", structure, np.arange(0, 100, 20))], slopes, n_null=50)
    assert {one.verdict for one in told} == {"not a concept"}


def test_one_class_is_refused() -> None:
    with pytest.raises(UsageError, match="two classes or more"):
        all_tested(Pool(np.zeros((4, 2)), np.arange(4), np.repeat(["a"], 4)), [], {})
