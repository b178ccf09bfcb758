"""Models that are randomised: one that forgets is told from one that only claims to."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.randomisation import RandomisationCheck, randomisation_check, spearman
from audiolime_ext.models.musicnn import LEAD, WINDOW, MusicnnModel, make
from tests.faithfulness.bands import band, listener


def test_rank_correlation_shares_ranks_among_ties() -> None:
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 40, 30])) == pytest.approx(0.8)
    assert spearman(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert spearman(np.ones(3), np.arange(3.0)) is None
    assert spearman(np.zeros(3), np.arange(3.0)) is None


class Linear:
    """Hears which of eight stems are on and adds up their weights; `forgets` says whether randomising does anything."""

    def __init__(self, weights: NDArray[np.float64], *, forgets: bool) -> None:
        self.oracle = band(8)
        self.trained_layers = ("head",)
        self.forgets, self._weights = forgets, weights
        self._model = listener(self.oracle, {str(i): partial(np.dot, b=row) for i, row in enumerate(weights)})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_model"], name)

    def __call__(self, batch: NDArray[np.float32]) -> Any:
        return self._model(batch)

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> Linear:
        drawn = np.random.default_rng(seed).normal(size=self._weights.shape)
        return Linear(drawn if self.forgets else 2 * self._weights, forgets=self.forgets)


def checked(model: Linear) -> RandomisationCheck:
    return randomisation_check(model.oracle.mixture, model, factorization=model.oracle, seeds=(1, 2))


def test_a_model_that_forgets_passes_and_one_that_only_claims_to_does_not() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 8))
    honest, claimed = checked(Linear(weights, forgets=True)), checked(Linear(weights, forgets=False))
    assert honest.correlations.shape == (1, 2, 3)
    assert honest.passed is True
    assert claimed.means == pytest.approx([1.0])
    assert claimed.passed is False
    assert json.loads(json.dumps(honest.to_dict(), allow_nan=False))["layers"] == ["head"]
    assert "randomised down to" in str(honest)


def test_a_randomised_model_that_answers_the_same_to_everything_decides_nothing() -> None:
    mute = RandomisationCheck(("a",) * 4, ("rock",), ("head",), np.full((1, 1, 1), np.nan))
    assert mute.means == [None]
    assert mute.passed is None


def test_the_check_refuses_what_it_cannot_judge() -> None:
    model = Linear(np.ones((1, 8)), forgets=True)
    with pytest.raises(UsageError, match="cannot be randomised"):
        randomisation_check(model.oracle.mixture, model._model, factorization=model.oracle)
    with pytest.raises(UsageError, match="at least one layer and one seed"):
        randomisation_check(model.oracle.mixture, model, factorization=model.oracle, layers=[])
    with pytest.raises(UsageError, match=r"over 2 components says nothing"):
        randomisation_check(model.oracle.mixture, model, factorization="hpss")


@pytest.mark.parametrize("variant", ["MSD_musicnn", "MTT_vgg"])
def test_randomised_networks_are_reproducible_alive_and_leave_the_original_alone(variant: str) -> None:
    trained = make(variant)
    windows = np.random.default_rng(0).normal(0, 0.1, (2, LEAD + WINDOW)).astype(np.float32)
    windows[1] *= np.linspace(0, 1, LEAD + WINDOW, dtype=np.float32) ** 2
    before = trained(windows)
    for k in range(1, len(trained.trained_layers) + 1):
        drawn = trained.randomised(trained.trained_layers[:k], seed=3)
        scores = drawn(windows)
        assert np.isfinite(scores).all()
        assert np.abs(scores[0] - scores[1]).mean() > 0.01  # it still hears something
        assert np.abs(scores - before).mean() > 0.1
        np.testing.assert_array_equal(trained.randomised(trained.trained_layers[:k], seed=3)(windows), scores)
        assert (drawn.spec, drawn.labels) == (None, trained.labels)
        assert drawn.fingerprint not in (
            trained.fingerprint,
            trained.randomised(trained.trained_layers[:k]).fingerprint,
        )
    np.testing.assert_array_equal(trained(windows), before)


def test_a_layer_is_drawn_the_same_whichever_others_are() -> None:
    trained: MusicnnModel = make("MSD_musicnn")
    one, two = trained.randomised(["dense_1"]), trained.randomised(["dense_1", "dense"])
    np.testing.assert_array_equal(one._weights["dense_1/kernel"], two._weights["dense_1/kernel"])
    assert np.array_equal(one._weights["dense/kernel"], trained._weights["dense/kernel"])
    assert not np.array_equal(two._weights["dense/kernel"], trained._weights["dense/kernel"])
    with pytest.raises(UsageError, match=r"unknown layer 'dense_2'; did you mean 'dense_1'"):
        trained.randomised(["dense_2"])


def test_explanations_of_a_randomised_musicnn_decorrelate(ezer_ev: Path) -> None:
    model = make("MSD_musicnn")
    place: dict[str, Any] = {"factorization": "hpss", "segments": 4, "start_s": 3.0, "method": "shapley"}
    found = randomisation_check(ezer_ev, model, layers=model.trained_layers[:3], top_labels=10, max_evals=20, **place)
    assert found.layers == ("dense_1", "dense", "conv2d_7")
    assert found.correlations.shape == (3, 1, 10)
    assert all(mean is not None and abs(mean) < 0.35 for mean in found.means)  # 2.9 standard errors of no correlation
    assert found.passed is True
