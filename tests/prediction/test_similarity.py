"""Is a cosine with its lengths frozen a linear target?"""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.prediction.similarity import Linear, similarity_to
from audiolime_ext.prediction.targets import make_target

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
