"""The study's arithmetic on networks whose answers are known, and that its page says what its numbers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain
from audiolime_ext.audio.recording import Audio
from audiolime_ext.faithfulness.curves import area_under
from audiolime_ext.gradients.checks.faithfulness import _ranks, faithfulness
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.asking import predict
from tests.gradients.networks import Network, linear, one_place
from tests.gradients.stems import ALL, HIGH, LOW, Forgetful, hears_bass, stems
from tests.studies import attributions
from tests.studies.attributions import areas, heard_part, masks_of, recordings, rows_of, spread
from tests.studies.attributions_told import comparisons, holm, read, sign_flip, told

PAIR = stems([0.1, 0.2], [0.1, 0.1])
BASS = hears_bass()
PLACE: dict[str, Any] = {"start_s": 1.0, "duration_s": 1.0}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def given() -> Relevance:
    return relevance(PAIR.mixture, BASS, **PLACE)


def test_areas_are_those_of_the_room(given: Relevance) -> None:
    heard = hear(PAIR.mixture, BASS, **PLACE)
    places = _ranks(given.values[None], np.random.default_rng(0))[0]
    found = areas(lambda x: BASS.answer(x.astype(float))[0], 0, heard.features[0], heard.silence, places)
    curves = faithfulness(given, BASS, n_steps=attributions.N_STEPS, n_random=1).curves[:, 0, 0]
    assert found == pytest.approx([area_under(one) for one in curves], abs=1e-4)


def test_the_heard_part_is_measured_as_the_room_does_it(given: Relevance) -> None:
    network = Network(linear(np.concatenate([0.2 * one_place(ALL, LOW), 0.1 * one_place(ALL, HIGH)])), ["low", "high"])
    two = relevance(PAIR.mixture, network, label="low", **PLACE)
    full = np.asarray(predict(network, hear(PAIR.mixture, network, **PLACE).signals[:, None]))[0]
    cells = two.highlights(60, side="for")
    found = heard_part(two, np.where(cells, 0.0, 0.9), network, full, 0)
    measures = faithfulness(two, network, percentile=60, n_steps=1, n_random=1).measures
    assert 0 < (found.pop("energy") or 0) < 1
    assert found == pytest.approx({name: mean.value for name, mean in measures.items()}, abs=1e-4)


def test_a_components_cells_sum_to_its_weight_and_lie_where_it_sounds(given: Relevance) -> None:
    e = explain(PAIR.mixture, BASS, factorization=PAIR, labels=["loud"], level_check=False, **PLACE)
    masks, weights = masks_of(given, e), e.attribution.weights[0]
    for i, name in enumerate(e.names):
        alone = spread(np.where(np.arange(len(weights)) == i, weights, 0.0), masks)
        assert alone.sum() == pytest.approx(weights[i])
        own, others = (LOW, HIGH) if name == "bass" else (HIGH, LOW)
        assert np.abs(alone[:, others]).sum() <= 0.01 * np.abs(alone[:, own]).sum()
    assert spread(weights, masks).sum() == pytest.approx(weights.sum())


class Two(Forgetful):
    """A network of two labels that can be drawn at random: the bass, and everything."""

    def __init__(self, weights: Any = None) -> None:
        own = np.concatenate([0.4 * one_place(ALL, LOW), 0.1 * one_place(ALL, ALL)]) if weights is None else weights
        super().__init__(own)
        self.labels = ["bass", "all"]

    def randomised(self, layers: Any, *, seed: int = 0) -> Any:
        drawn = np.random.default_rng(seed).normal(0, 3, self.weights.shape) / self.weights[0].size
        return Two(drawn)


def test_of_a_network_that_hears_the_bass_its_maps_are_better_than_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {name: one for name, one in attributions.GRADIENTS.items() if name != "Grad-CAM"}
    monkeypatch.setattr(attributions, "GRADIENTS", chosen)
    monkeypatch.setattr(attributions, "SPLITS", {"bands": "bands:mel-4"})
    network = Two()
    random = network.randomised(network.trained_layers)
    clip: Audio = PAIR.mixture
    rows = rows_of(clip, 1.0, ["bass", "all"], network, random, lambda x: network.answer(x.astype(float))[0])
    by_name = {row["method"]: row for row in rows}
    assert list(by_name) == [*chosen, "Shapley, bands", "LIME, bands", *attributions.CHANCE]
    for name in ("integrated gradients", "SmoothGrad", "Shapley, bands", "LIME, bands"):
        assert by_name[name]["insertion"] > by_name["random"]["insertion"] + 0.05
        assert by_name[name]["deletion"] < by_name["random"]["deletion"] - 0.05
        assert by_name[name]["score_drop"] > by_name["random"]["score_drop"]
    assert by_name["integrated gradients"]["insertion"] >= by_name["Shapley, bands"]["insertion"]
    assert by_name["random"]["energy"] < by_name["loudest"]["energy"]
    assert abs(by_name["SmoothGrad"]["randomised"]) < 0.5
    assert by_name["integrated gradients"]["gap"] == pytest.approx(0, abs=1e-4)
    assert (by_name["Shapley, bands"]["n_predictions"], by_name["SmoothGrad"]["n_gradients"]) == (16, 16)


def test_what_is_clear_is_clear_after_correction() -> None:
    rng = np.random.default_rng(0)
    assert sign_flip(np.full(8, 0.1)) == 2 / 2**8
    assert sign_flip(np.array([np.nan, 1.0, -1.0])) == 1
    assert holm([0.02, 0.001]) == [0.02, 0.002]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    columns = ["deletion", "insertion"]
    noise = {name: {key: rng.normal(size=16) for key in columns} for name in ("a", "b", *attributions.CHANCE)}
    assert not any(one.is_clear for one in comparisons(noise))
    noise["a"]["insertion"] = noise["random"]["insertion"] + rng.uniform(0.5, 1.5, 16)
    clear = {(one.method, one.over, one.measure): one.gain for one in comparisons(noise) if one.is_clear}
    assert clear[("a", "random", "insertion")] > 0
    assert {measure for _, _, measure in clear} == {"insertion"}
    noise["a"]["deletion"] = noise["random"]["deletion"] + rng.uniform(0.5, 1.5, 16)
    clear = {(one.method, one.over, one.measure): one.gain for one in comparisons(noise) if one.is_clear}
    assert clear[("a", "random", "deletion")] < 0


def test_one_song_of_each_soundtrack_is_drawn_after_the_bundled_clip(tmp_path: Path) -> None:
    lines = ["path,group", *(f"{group}/{i}.ogg,{group}" for group in "abc" for i in range(4))]
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    found = recordings(tmp_path, 10)
    assert found[0] == attributions.BUNDLED
    assert sorted(path.parent.name for path in found[1:]) == ["a", "b", "c"]
    assert recordings(tmp_path, 2) == found[:2]


def test_the_page_says_what_the_numbers_say() -> None:
    page = (ROOT / "docs" / "explanation" / "maps.md").read_text(encoding="utf-8")
    numbers = read(ROOT / "tests" / "studies" / "attributions.csv")
    assert told(numbers) in page
    n = len(numbers["random"]["insertion"])
    assert f"{n} windows of {n} recordings" in page
