"""Three readings of "why A and not B": which are the same, and what each sums to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.gradients.methods.contrast import difference_of_integrals, integral_of_difference, other_as_baseline
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.methods.smoothing import blurred
from audiolime_ext.prediction.similarity import cosine_to, nearer
from audiolime_ext.prediction.targets import make_target
from tests.gradients.networks import Network, relu

SHAPE = 6, 5
RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1, (3, *SHAPE)).astype(np.float32)
SILENCE = np.full(SHAPE, 0.1, np.float32)
A, B = RNG.normal(0, 1, (2, 4))
TO_A, TO_B = cosine_to(A).target("to A"), cosine_to(B).target("to B")
STEPS: dict[str, Any] = {"n_steps": 64, "most_steps": 64}


@pytest.fixture
def embedder() -> Network:
    rng = np.random.default_rng(1)
    return Network(relu(rng.normal(0, 1, (16, *SHAPE)), rng.normal(0, 1, (4, 16))))


def test_a_difference_of_integrals_is_the_integral_of_the_difference(embedder: Network) -> None:
    one = difference_of_integrals(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0, **STEPS)
    other = integral_of_difference(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0, **STEPS)
    assert one.values == pytest.approx(other.values, abs=1e-6)
    assert np.abs(one.values).max() > 0.01
    assert one.moved == pytest.approx(other.moved, abs=1e-6)
    assert one.gaps == pytest.approx(other.gaps, abs=1e-6)


def test_the_integral_of_the_difference_is_that_of_nearer(embedder: Network) -> None:
    one = integral_of_difference(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0, **STEPS)
    aim = nearer(A, B).target("A over B")
    assert one.values == pytest.approx(
        integrated_gradients(embedder, X, aim, baseline=SILENCE, near=0, **STEPS).values, abs=1e-6
    )


def test_both_integrals_of_a_difference_have_the_same_steps(embedder: Network) -> None:
    alone = [integrated_gradients(embedder, X, one, baseline=SILENCE, near=0).nodes for one in (TO_A, TO_B)]
    assert (alone[0] != alone[1]).any()
    found = difference_of_integrals(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0)
    assert found.nodes.tolist() == np.max(alone, axis=0).tolist()


def test_a_difference_sums_to_the_difference_of_what_both_gain(embedder: Network) -> None:
    found = difference_of_integrals(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0)
    gains = [integrated_gradients(embedder, X, one, baseline=SILENCE, near=0).moved for one in (TO_A, TO_B)]
    assert found.moved == pytest.approx(gains[0] - gains[1], abs=1e-6)
    assert found.values.sum(axis=(1, 2)) == pytest.approx(found.moved, abs=2e-2)


def test_the_other_song_as_the_baseline_sums_to_how_much_nearer_than_it(embedder: Network) -> None:
    """And says nothing of how near the song is to the other: cos(x, B) is never asked for."""
    other = RNG.uniform(0.5, 1, X.shape).astype(np.float32)
    found = other_as_baseline(embedder, X, TO_A, other=other, near=0)
    cosines = [cosine_to(A)(embedder.answer(one.astype(float))[0])[:, 0] for one in (X, other)]
    assert found.moved == pytest.approx(cosines[0] - cosines[1], abs=1e-5)
    assert found.complete.all()
    to_b = cosine_to(B)(embedder.answer(X.astype(float))[0])[:, 0]
    assert np.abs(found.moved - (cosines[0] - to_b)).min() > 0.05
    assert "say nothing of how near this song is to the other" in found.notes[-1]


def test_a_contrast_that_is_the_baselines_is_not_explained(embedder: Network) -> None:
    same = difference_of_integrals(embedder, X, TO_A, TO_A, baseline=SILENCE)
    assert same.abstained.all()
    assert not same.values.any()
    assert integral_of_difference(embedder, X, TO_A, TO_A, baseline=SILENCE).abstained.all()


def test_labels_of_a_classifier_are_contrasted_likewise() -> None:
    rng = np.random.default_rng(2)
    network = Network(relu(rng.normal(0, 1, (8, *SHAPE)), rng.normal(0, 0.2, (2, 8))), labels=["rock", "pop"])
    scores, contrast = make_target("score", ["rock", "pop"]), make_target(["rock", "pop"], ["rock", "pop"])
    found = integral_of_difference(network, X, scores.only(0), scores.only(1), baseline=SILENCE, near=0, **STEPS)
    assert found.values == pytest.approx(
        integrated_gradients(network, X, contrast, baseline=SILENCE, near=0, **STEPS).values, abs=1e-6
    )


def test_a_blur_may_come_before_or_after_the_difference(embedder: Network) -> None:
    maps = [integrated_gradients(embedder, X, one, baseline=SILENCE, near=0, **STEPS) for one in (TO_A, TO_B)]
    before = blurred(maps[0], frames=1.5, bands=1.0).values - blurred(maps[1], frames=1.5, bands=1.0).values
    difference = difference_of_integrals(embedder, X, TO_A, TO_B, baseline=SILENCE, near=0, **STEPS)
    assert blurred(difference, frames=1.5, bands=1.0).values == pytest.approx(before, abs=1e-6)
