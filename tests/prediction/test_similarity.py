"""Is a cosine with its lengths frozen a linear target?"""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.similarity import Cosine, Linear, cosine_to, nearer, similarity_to
from audiolime_ext.prediction.targets import make_target
from tests.derivatives import slopes

RNG = np.random.default_rng(0)


def test_of_the_song_itself_it_is_the_centred_cosine() -> None:
    whole, other, centre, scale = RNG.normal(size=(4, 6))
    x, y = ((one - centre) * scale for one in (whole, other))
    found = similarity_to(other, whole, centre=centre, scale=scale)(whole[None])
    assert found[0, 0] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-12)


def test_it_is_linear() -> None:
    aim = similarity_to(*RNG.normal(size=(2, 6)), centre=RNG.normal(size=6))
    one, other = RNG.normal(size=(2, 6))
    assert aim((one + other)[None] / 2) == pytest.approx((aim(one[None]) + aim(other[None])) / 2, abs=1e-12)


def test_it_is_a_target_of_explanations() -> None:
    """By the function itself as by its target, under the name that is given."""
    hiss = RNG.normal(0, 0.05, 8000).astype(np.float32)
    model = tagger(lambda batch: np.stack([batch.std(axis=1), np.abs(batch).max(axis=1)], axis=1))
    aim = Linear(np.array([2.0, -1.0]), 0.5)
    found = explain((hiss, 8000), model, factorization="hpss", target=aim)
    assert found.labels == ("Linear",)
    assert found.neighborhood.empty[0] == pytest.approx(0.5)
    named = aim.target("brightness")
    assert (named.name, named.spec, make_target(aim, ["a", "b"]).name) == ("brightness", "brightness()", "Linear")


CENTRE, SCALE = np.array([0.1, -0.2, 0.3, 0.0]), np.array([1.0, 2.0, 0.5, 3.0])
A, B = np.random.default_rng(3).normal(size=(2, 4))
ANSWERS = np.random.default_rng(4).normal(size=(5, 4))
SIMILARITIES = [
    cosine_to(A, centre=CENTRE, scale=SCALE),
    nearer(A, B, centre=CENTRE, scale=SCALE),
    similarity_to(A, B, centre=CENTRE, scale=SCALE),
]


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_similaritys_derivative_is_its_slope(similarity: Cosine | Linear) -> None:
    expected = slopes(lambda given: similarity(given)[:, 0], ANSWERS)
    assert similarity.target("near").cotangent(ANSWERS) == pytest.approx(expected, abs=1e-6)


def test_nearer_is_one_cosine_less_the_other() -> None:
    to_a, to_b = (cosine_to(one, centre=CENTRE, scale=SCALE) for one in (A, B))
    assert nearer(A, B, centre=CENTRE, scale=SCALE)(ANSWERS) == pytest.approx(to_a(ANSWERS) - to_b(ANSWERS))


def test_a_cosine_does_not_change_with_the_length_of_the_answer() -> None:
    aim = cosine_to(A)
    assert aim(3 * ANSWERS) == pytest.approx(aim(ANSWERS))
    assert (aim.derivative(ANSWERS) * ANSWERS).sum(axis=1) == pytest.approx(np.zeros(5), abs=1e-12)


def test_what_lies_at_the_centre_has_no_direction() -> None:
    with pytest.raises(
        UsageError,
        match=r"has no cosine, .*; measure from another centre, take another baseline .*, or ask why\(\) and",
    ):
        cosine_to(A, centre=CENTRE)(CENTRE[None])
    with pytest.raises(UsageError, match="has length zero"):
        cosine_to(CENTRE, centre=CENTRE)
