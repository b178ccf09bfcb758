"""Deletion and insertion of cells, and the audible part: right maps, wrong maps, and closed forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness import removal
from audiolime_ext.gradients.checks.again import maps_of
from audiolime_ext.gradients.checks.faithfulness import faithfulness
from audiolime_ext.gradients.checks.randomised import random_maps
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from tests.gradients.networks import Network, linear, one_place
from tests.gradients.stems import ALL, HIGH, LOW, hears_bass, stems

PAIR = stems([0.1, 0.05, 0.0, 0.1], [0.1, 0.1, 0.0, 0.05])
BASS = hears_bass()


@pytest.fixture(scope="module")
def given() -> Relevance:
    return relevance(PAIR.mixture, BASS)


def test_of_a_linear_network_the_curves_are_sums_of_its_map(given: Relevance) -> None:
    found = faithfulness(given, BASS, n_steps=8)
    maps = maps_of(given)
    cells = -np.sort(-maps.reshape(len(maps), -1), axis=1)
    n = cells.shape[1]
    taken = np.stack([cells[:, : int(np.ceil(n * k / 8))].sum(axis=1) for k in range(9)], axis=1)
    full = np.array([one.value for one in given.explained])[:, None]
    assert found.curves[0, 0] == pytest.approx(full - taken, abs=1e-4)
    assert found.curves[1, 0] == pytest.approx(taken, abs=1e-4)


def test_a_random_order_is_a_straight_line_for_a_linear_network(given: Relevance) -> None:
    found = faithfulness(given, BASS, n_random=4)
    line = found.curves[0, 2, :, :1] * (1 - np.array(found.fractions))
    assert found.curves[0, 2] == pytest.approx(line, abs=0.05 * float(line.max()))
    assert found.curves[1, 2] == pytest.approx(found.curves[0, 2, :, ::-1])


def test_the_maps_order_is_better_than_loudest_first_and_a_reversed_map_is_worse_than_random(given: Relevance) -> None:
    right, wrong = (faithfulness(one, BASS) for one in (given, replace(given, values=-given.values)))
    for kind in ("deletion", "insertion"):
        for over in ("random", "loudest"):
            gain = right.gain(kind, over)
            assert (gain.low or 0) > 0
            assert gain.is_clear
            assert gain.n == 3
        worse = wrong.gain(kind, "random")
        assert worse.is_clear
        assert (worse.value or 0) < 0
    assert "deletion: the map's order is worse than a random order (by −" in str(wrong)
    assert right.sentences()[0].startswith("deletion: the map's order is better than a random order (by ")


def test_the_audible_part_is_measured_as_stems_are(given: Relevance) -> None:
    found = faithfulness(given, BASS, percentile=0)
    part, rest = given.listen(0), given.rest(0)
    own = [0, 1, 3]
    p, o, r = (BASS(hear(one, BASS).signals[own, 0])[:, 0] for one in (PAIR.mixture, part, rest))
    pairs = list(zip(p.tolist(), o.tolist(), r.tolist(), strict=True))
    assert found.measures["score_drop"].value == pytest.approx(np.mean(p - r), abs=1e-5)
    drops = [removal.average_drop(a, b).value for a, b, _ in pairs]
    assert found.measures["average_drop"].value == pytest.approx(np.mean([one or 0 for one in drops]), abs=1e-3)
    assert np.mean(o) > 2 * np.mean(r)
    assert found.share == pytest.approx(given.highlights(0, side="for")[given.covered].mean())
    assert found.measures["input_fidelity"].value is None
    assert any(
        note.startswith("input_fidelity is not of all windows: the model has one output") for note in found.notes
    )


def test_of_several_labels_the_highest_of_the_part_is_looked_at() -> None:
    weights = np.concatenate([0.4 * one_place(ALL, LOW), 0.2 * one_place(ALL, HIGH)])
    network = Network(linear(weights), labels=["low", "high"])
    oracle = stems([0.1, 0.1], [0.1, 0.1])
    low = faithfulness(relevance(oracle.mixture, network, label="low"), network, percentile=60)
    high = faithfulness(relevance(oracle.mixture, network, label="high"), network, percentile=60)
    assert low.measures["input_fidelity"].value == 1
    assert high.measures["input_fidelity"].value == 0
    contrast = relevance(oracle.mixture, network, target=["low", "high"], near=0)
    told = faithfulness(contrast, network, target=["low", "high"])
    assert told.label == "low − high"
    assert (told.gain("deletion", "random").value or 0) > 0


def test_windows_that_are_not_explained_are_left_out_and_counted(given: Relevance) -> None:
    found = faithfulness(given, BASS)
    assert found.curves.shape == (2, 3, 3, 11)
    assert "1 window is not explained by the map, and left out" in found.notes


def test_a_map_without_a_baseline_takes_cells_for_silence() -> None:
    found = faithfulness(relevance(PAIR.mixture, BASS, method="gradients"), BASS)
    assert found.curves[0, :, :, -1] == pytest.approx(np.zeros((3, 4)), abs=1e-6)
    assert any("starts from nothing; cells that are taken away are those of silence" in note for note in found.notes)


def test_bands_without_frequencies_are_not_heard_and_it_is_said(given: Relevance) -> None:
    found = faithfulness(replace(given, bands_hz=None, top_hz=None), BASS)
    assert found.measures == {}
    assert any("no part can be heard" in note for note in found.notes)


def test_it_is_plain_values_and_the_same_for_the_same_seed(given: Relevance) -> None:
    one, two = (faithfulness(given, BASS, seed=2) for _ in range(2))
    assert json.dumps(one.to_dict(), allow_nan=False) == json.dumps(two.to_dict(), allow_nan=False)
    assert one.to_dict()["curves"][0]["points"][0]["n"] == 3
    with pytest.raises(UsageError, match="curves are deletion and insertion, by map, loudest, random"):
        one.area("deletion", "chance")


@pytest.mark.parametrize(
    ("change", "options", "complaint"),
    [
        ({"target": "contrast"}, {}, "which its name does not make; give it: target="),
        ({"baseline": "the mean window"}, {}, "the map starts from the mean window, and not from silence"),
        ({"model": "musicnn:MSD_musicnn"}, {}, "the map is of the model musicnn:MSD_musicnn"),
        ({"sha256": "other"}, {}, "is not the recording"),
        ({}, {"n_steps": 0}, "n_steps is 0 and n_random 3"),
    ],
)
def test_a_map_of_something_else_is_refused(
    given: Relevance, change: dict[str, Any], options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        faithfulness(replace(given, **change), BASS, **options)


def test_another_model_is_refused(given: Relevance) -> None:
    with pytest.raises(UsageError, match="the model answers another value"):
        faithfulness(given, Network(linear(2 * BASS.weights), labels=["loud"]))


def test_where_no_window_is_explained_there_is_nothing_to_check() -> None:
    with pytest.raises(UsageError, match="no window of the map is explained"):
        faithfulness(relevance(PAIR.mixture, BASS, near=5), BASS)


FOUR = stems([0.3, 0.1, 0.2, 0.05], [0.1, 0.2, 0.1, 0.3])
OTHER = stems([0.02, 0.15, 0.01, 0.08], [0.1, 0.1, 0.1, 0.1])


@pytest.mark.parametrize("baseline", ["silence", "mean", "other", "features"])
@pytest.mark.parametrize("excerpt", [{}, {"start_s": 1.0, "duration_s": 3.0}])
def test_curves_of_the_strongest_windows_end_at_the_values_that_the_map_states(
    baseline: str, excerpt: dict[str, Any], tmp_path: Path
) -> None:
    start: Any = {
        "other": OTHER.mixture,
        "features": hear(OTHER.mixture, BASS).features[: 4 if not excerpt else 3],
    }.get(baseline, baseline)
    some = relevance(FOUR.mixture, BASS, baseline=start, strongest=2, near=0, **excerpt)
    assert len(some.windows) == 2
    found = faithfulness(some, BASS, baseline=start, n_steps=2, n_random=1)
    stated = [[getattr(one, name) for one in some.windows] for name in ("value", "baseline")]
    for order in range(3):
        np.testing.assert_allclose(found.curves[0, order, :, [0, -1]], stated, atol=1e-6)
        np.testing.assert_allclose(found.curves[1, order, :, [-1, 0]], stated, atol=1e-6)
    loaded = Relevance.load(some.save(tmp_path))
    kept = faithfulness(loaded, BASS, baseline=start, audio=FOUR.mixture, n_steps=2, n_random=1)
    assert (kept.curves == found.curves).all()


def test_windows_that_were_named_wherever_they_lie_are_asked_again(tmp_path: Path) -> None:
    some = relevance(FOUR.mixture, BASS, baseline="mean", at=[0.25, 1.5, 2.75], strongest=2, near=0)
    loaded = Relevance.load(some.save(tmp_path))
    found = faithfulness(loaded, BASS, baseline="mean", audio=FOUR.mixture, n_steps=2, n_random=1)
    stated = [[getattr(one, name) for one in some.windows] for name in ("value", "baseline")]
    np.testing.assert_allclose(found.curves[0, 0, :, [0, -1]], stated, atol=1e-6)
    (random,) = random_maps(some, BASS, baseline="mean")
    assert [one.start_s for one in random.windows] == [one.start_s for one in some.windows]


def test_another_baseline_of_the_same_name_is_refused() -> None:
    some = relevance(FOUR.mixture, BASS, baseline=OTHER.mixture, strongest=2, near=0)
    same_name = stems([0.3, 0.3, 0.3, 0.3], [0.1, 0.1, 0.1, 0.1]).mixture
    with pytest.raises(UsageError, match="with another value than this baseline has"):
        faithfulness(some, BASS, baseline=same_name)
