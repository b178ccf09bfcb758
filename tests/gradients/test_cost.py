"""What relevance will cost: as many gradients as are then asked for, and seconds that follow from a trial."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.checks.faithfulness import faithfulness
from audiolime_ext.gradients.cost import Cost, checks_of, cost, gradients_of
from audiolime_ext.gradients.pipeline import METHODS, relevance
from tests.gradients.networks import SR, Celled, Network, logistic, one_place
from tests.gradients.stems import hears_bass

NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 4 * SR)).astype(np.float32), SR, "noise")
VALUES = {"integrated": 2, "gradients": 1, "smooth-integrated": 30, "grad-cam": 0}  # of windows, copies, baselines


@pytest.mark.parametrize("method", METHODS)
def test_as_many_gradients_are_asked_for_as_was_said(method: str) -> None:
    network = Celled() if method == "grad-cam" else Network(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0))
    before = cost(NOISE, network, method=method, strongest=1)
    network.batches.clear()
    relevance(NOISE, network, method=method, strongest=1, layer="cells" if method == "grad-cam" else None, near=0)
    assert before.least <= sum(network.batches) - VALUES[method] <= before.most


def test_the_windows_are_those_of_the_excerpt_and_the_strongest_of_them() -> None:
    network = Network(logistic(one_place(slice(None), slice(0, 6))))
    some = cost(NOISE, network, method="integrated", strongest=3, n_values=2)
    assert (some.n_windows, some.n_explained, some.n_values) == (4, 3, 2)
    assert some.gradient_s > 0
    every = cost(NOISE, network, method="integrated", strongest=None, start_s=1.0, duration_s=2.0)
    assert (every.n_windows, every.n_explained) == (2, 2)
    assert max(network.batches) <= network.batch_size  # type: ignore[operator]


def test_seconds_are_the_product() -> None:
    assert Cost(9, 3, 9, 256, 0.5, n_values=2).seconds == (27.0, 768.0)
    assert str(Cost(1, 1, 1, 1, 0.5)) == "1 window × 1 gradient: 1 s"


@pytest.mark.parametrize("what", ["default", "all"])
def test_checks_ask_as_often_as_was_said(what: str) -> None:
    network = hears_bass()
    found = relevance(NOISE, network, strongest=1, near=0, n_steps=9, most_steps=9)
    least, most = checks_of(network, "integrated", what)
    network.batches.clear()
    faithfulness(found, network)
    assert sum(network.batches) == checks_of(network, "integrated", "default")[0]
    n_layers = len(network.trained_layers) if what == "all" else 0
    assert (least, most) == (66 + 9 * n_layers, 66 + 256 * n_layers)
    assert cost(NOISE, network, method="integrated", strongest=1, checks=what).checks == (least, most)
    plain = Network(logistic(one_place(slice(None), slice(0, 6))))
    assert checks_of(plain, "integrated", what) == (66, 66), "its weights cannot be drawn at random"


def test_integrals_take_no_gradient_twice_up_to_their_limit() -> None:
    assert gradients_of("integrated") == (9, 256)
    assert [gradients_of("integrated", most) for most in (9, 30)] == [(9, 9), (9, 30)]


def test_a_model_without_gradients_is_not_tried() -> None:
    with pytest.raises(UsageError, match="cannot be differentiated"):
        cost(NOISE, tagger(lambda batch: batch[:, :1], sr=SR), method="integrated", strongest=1)
