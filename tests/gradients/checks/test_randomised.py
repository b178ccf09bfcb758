"""Maps of networks that forget, and of one that only claims to."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.checks.faithfulness import faithfulness
from audiolime_ext.gradients.checks.randomised import MapRandomisation, map_randomisation, random_maps
from audiolime_ext.gradients.pipeline import relevance
from tests.gradients.networks import Network, linear, one_place
from tests.gradients.stems import ALL, LOW, Forgetful, hears_bass, stems

PAIR = stems([0.1, 0.1, 0.0, 0.1], [0.1, 0.1, 0.0, 0.1])


def test_a_network_that_forgets_passes_and_one_that_only_claims_to_does_not() -> None:
    honest = hears_bass()
    claimed = Forgetful(honest.weights, forgets=False)
    found, kept = (map_randomisation(relevance(PAIR.mixture, one), one, seeds=(0, 1)) for one in (honest, claimed))
    assert found.correlations.shape == (1, 2, 3)
    assert found.passed is True
    assert kept.means[-1].value == pytest.approx(1, abs=1e-6)
    assert kept.passed is False
    assert "the map stays much the same" in str(kept)
    assert "the map depends on what the network has learned" in str(found)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["layers"] == ["head"]


def test_a_map_of_the_sound_itself_is_seen_to_be_one() -> None:
    network = Forgetful(one_place(ALL, ALL))
    found = map_randomisation(relevance(PAIR.mixture, network), network)
    assert found.with_sound == pytest.approx(np.ones(3), abs=1e-6)


def test_maps_that_are_constant_decide_nothing() -> None:
    mute = MapRandomisation("loud", "gradients", ("head",), np.full((1, 1, 2), np.nan), np.ones(2))
    assert mute.means[0].value is None
    assert mute.passed is None
    assert "which decides nothing" in str(mute)


def test_random_maps_are_on_the_same_grid_and_explain_every_window() -> None:
    network = hears_bass()
    given = relevance(PAIR.mixture, network, start_s=1.0)
    maps = random_maps(given, network, seeds=(3, 4))
    assert [one.values.shape for one in maps] == [given.values.shape] * 2
    assert np.allclose(maps[0].times_s, given.times_s)
    assert not any(window.abstained for one in maps for window in one.windows)
    assert np.abs(maps[0].values - maps[1].values).max() > 0
    again = random_maps(given, network, seeds=(3,))[0]
    assert (again.values == maps[0].values).all()


def test_what_cannot_be_compared_is_refused() -> None:
    network = hears_bass()
    given = relevance(PAIR.mixture, network)
    with pytest.raises(UsageError, match="Network cannot be randomised"):
        random_maps(given, Network(linear(one_place(ALL, LOW)), labels=["loud"]))
    with pytest.raises(UsageError, match="at least one layer and one seed"):
        random_maps(given, network, seeds=())
    with pytest.raises(UsageError, match="give those that it was made with"):
        random_maps(given, network, method="gradients")
    with pytest.raises(UsageError, match="no window of the map is explained"):
        map_randomisation(relevance(PAIR.mixture, network, near=5), network)


def test_a_map_of_the_strongest_windows_is_compared_by_these_windows() -> None:
    pair = stems([0.3, 0.1, 0.2], [0.1, 0.1, 0.1])
    network = hears_bass()
    some, every = relevance(pair.mixture, network, strongest=2), relevance(pair.mixture, network)
    assert [window.start_s for window in some.windows] == [every.windows[0].start_s, every.windows[2].start_s]
    assert [window.start_s for window in random_maps(some, network)[0].windows] == [
        window.start_s for window in some.windows
    ]
    found, whole = (map_randomisation(one, network, seeds=(0,)).correlations for one in (some, every))
    np.testing.assert_allclose(found[0, 0], whole[0, 0][[0, 2]], atol=1e-6)
    curves, all_curves = (faithfulness(one, network, n_steps=4).curves for one in (some, every))
    np.testing.assert_allclose(curves[:, 0], all_curves[:, 0][:, [0, 2]], atol=1e-6)


def test_random_maps_of_the_strongest_windows_are_of_these_alone_and_from_the_same_mean() -> None:
    pair, network = stems([0.3, 0.1, 0.2, 0.05], [0.1, 0.1, 0.1, 0.1]), hears_bass()
    some = relevance(pair.mixture, network, baseline="mean", strongest=2, near=0)
    (random,) = random_maps(some, network, baseline="mean")
    drawn = network.randomised(network.trained_layers, seed=0)
    expected = relevance(pair.mixture, drawn, baseline="mean", at=[0.0, 2.0], near=0)
    assert [one.start_s for one in random.windows] == [one.start_s for one in some.windows]
    np.testing.assert_array_equal(random.values, expected.values)
    assert (random.covered == some.covered).all()
