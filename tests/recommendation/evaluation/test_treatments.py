"""Treatments are what they are called."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.treatments import TREATMENTS, cosine, nearness, scaled, usual
from audiolime_ext.recommendation.hubs import local_scaling, mutual_proximity
from audiolime_ext.recommendation.similar import similar
from tests.recommendation.planted import collection, crowded

VECTORS = np.random.default_rng(0).normal(size=(6, 3)) * [1, 10, 100] + 5


def test_there_are_three_spaces_each_with_three_corrections() -> None:
    assert len(TREATMENTS) == 9
    assert TREATMENTS[:3] == ("centred", "centred, mutual proximity", "centred, local scaling")


def test_spaces_are_what_they_are_called() -> None:
    for name, moved in {"centred": VECTORS - VECTORS.mean(0), "plain": VECTORS}.items():
        units = moved / np.linalg.norm(moved, axis=1, keepdims=True)
        np.testing.assert_allclose(nearness(VECTORS, name), units @ units.T, atol=1e-12)
    scores = (VECTORS - VECTORS.mean(0)) / VECTORS.std(0)
    np.testing.assert_allclose(nearness(VECTORS, "standardised"), cosine(scores, scores))


def test_corrections_are_those_of_the_package() -> None:
    near = nearness(VECTORS, "centred")
    np.testing.assert_array_equal(nearness(VECTORS, "centred, mutual proximity"), mutual_proximity(near))
    np.testing.assert_array_equal(nearness(VECTORS, "centred, local scaling"), local_scaling(near))


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_the_scale_of_vectors_does_not_matter(treatment: str) -> None:
    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(nearness(scale * VECTORS, treatment), nearness(VECTORS, treatment), atol=1e-9)


def test_an_output_that_never_varies_harms_nothing() -> None:
    constant = np.column_stack([VECTORS, np.full(6, 7.0)])
    np.testing.assert_allclose(nearness(constant, "standardised"), nearness(VECTORS, "standardised"))
    assert scaled(constant, constant, "centred")[:, 3].tolist() == [0.0] * 6


@pytest.mark.parametrize("labels", [None, ("a", "b", "c")])
@pytest.mark.parametrize("n_songs", [12, 60])
def test_the_usual_treatment_ranks_as_similar_does(labels: tuple[str, ...] | None, n_songs: int) -> None:
    vectors = crowded(n_songs, 3)
    treatment = usual(named=labels is not None, n_songs=n_songs)
    near = nearness(vectors.astype(float), treatment)
    for query in range(3):
        found = similar(f"song {query}", collection(vectors, labels=labels), k=5, progress=False)
        order = [at for at in np.argsort(-near[query]) if at != query]
        assert [row.song.key for row in found.rows] == [f"key {at}" for at in order[:5]]


def test_an_unknown_treatment_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'centred'"):
        nearness(VECTORS, "centered")
