"""A map beside what switching sounds off does: planted agreement, and planted disagreement."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, explain_track
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.checks.randomised import random_maps
from audiolime_ext.gradients.parts.agreed import Agreement
from audiolime_ext.gradients.parts.agreement import agreement, correlation_ends, state_of
from audiolime_ext.gradients.parts.component_power import band_power
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from factorizations.oracle import OracleFactorization
from tests.gradients.networks import SR, Network, linear, one_place
from tests.gradients.stems import ALL, LOW, either, hears_bass, hears_both, overfull, saturated, stems

LEVEL = [0.1, 0.1, 0.1]
PAIR = stems(LEVEL, LEVEL)


def compared(network: Network, oracle: OracleFactorization = PAIR, **options: Any) -> Agreement:
    found = relevance(oracle.mixture, network, **options)
    return agreement(found, explain(oracle.mixture, network, factorization=oracle))


def row(found: Agreement, name: str) -> Any:
    return next(one for one in found.rows if one.component == name)


def test_what_a_network_reads_of_one_stem_lies_there_and_agrees() -> None:
    found = compared(hears_bass())
    bass, cymbals = row(found, "bass"), row(found, "cymbals")
    assert bass.on_for >= 0.95
    assert bass.on_for > bass.chance.energy + 0.3
    assert (bass.state, cymbals.state, found.agrees) == ("agrees", "neither", True)
    assert bass.relevance == pytest.approx(bass.weight, abs=0.02)
    assert bass.removal == pytest.approx(-bass.weight, abs=1e-6)
    assert found.sentences() == ("the map and the weights agree on every component",)


@pytest.mark.parametrize("method", ["gradients", "integrated"])
def test_where_a_network_is_saturated_only_the_integral_agrees_with_the_intervention(method: str) -> None:
    found = compared(saturated(), method=method)
    bass, cymbals = row(found, "bass"), row(found, "cymbals")
    assert bass.weight == pytest.approx(0.9, abs=0.02)
    if method == "integrated":
        assert (bass.state, cymbals.state) == ("agrees", "neither")
        assert found.in_unit
        return
    assert (bass.state, cymbals.state, found.agrees) == ("missed", "idle", False)
    told = {sentence.partition(":")[0]: sentence for sentence in found.sentences()}
    assert f"the map puts {100 * cymbals.on_for:.0f} % of what is for loud there" in told["cymbals"]
    assert "switching it off changes nothing (−0.0" in told["cymbals"]
    assert "it weighs +0.9" in told["bass"]
    assert "adds up to nothing" in told["bass"]
    assert "note: the map has no unit of its own" in str(found)


def test_a_slope_against_what_the_sound_does_is_named() -> None:
    found = compared(overfull(), method="gradients")
    bass = row(found, "bass")
    assert (bass.state, bass.n_opposed) == ("opposite", 1)
    assert bass.weight > 0.05
    assert bass.on_against >= 0.95
    assert found.sentences()[0].startswith("bass: the map is against loud there (−")
    assert row(compared(overfull()), "bass").state == "agrees"


def test_a_map_that_is_zero_everywhere_is_said_to_be() -> None:
    told = agreement(
        replace(relevance(PAIR.mixture, hears_both()), values=np.zeros((183, 32))),
        explain(PAIR.mixture, hears_both(), factorization=PAIR),
    )
    assert [one.state for one in told.rows] == ["missed", "missed"]
    assert all(one.endswith("and the map is zero everywhere") for one in told.sentences())


def test_what_another_sound_stands_in_for_agrees_and_is_said_to() -> None:
    found = compared(either())
    assert [one.state for one in found.rows] == ["agrees", "agrees"]
    assert all(abs(one.removal or 0) < 0.05 for one in found.rows)
    assert found.agrees
    assert "switching it off alone changes nothing" in found.sentences()[1]
    assert "in other mixes it counts" in found.sentences()[1]


def test_relevance_and_weights_add_up_to_the_same_difference() -> None:
    found = compared(hears_both())
    values = sum(one.relevance for one in found.rows)
    assert values == pytest.approx(sum(one.weight for one in found.rows), abs=0.01)


def test_an_excerpt_of_several_windows_is_their_mean() -> None:
    oracle, network = stems([0.1, 0.02, 0.05], LEVEL), hears_both()
    explained = explain(oracle.mixture, network, factorization=oracle, start_s=0.0, duration_s=3.0)
    found = agreement(relevance(oracle.mixture, network), explained)
    assert (found.n_windows, len(found.windows)) == (3, 1)
    assert row(found, "bass").relevance == pytest.approx(row(found, "bass").weight, abs=0.02)


def test_windows_of_the_map_outside_the_excerpt_are_said_to_be_left_out() -> None:
    found = compared(hears_both())
    assert found.n_windows == 1
    assert "2 windows of the map within no excerpt that was weighed, left out" in found.notes


def with_map(values: Any) -> Relevance:
    return replace(relevance(PAIR.mixture, hears_both()), values=values)


def test_a_random_map_is_divided_by_chance() -> None:
    explained = explain(PAIR.mixture, hears_both(), factorization=PAIR)
    given = relevance(PAIR.mixture, hears_both())
    found = agreement(with_map(np.random.default_rng(0).normal(size=given.values.shape)), explained)
    for one in found.rows:
        assert one.on_for == pytest.approx(one.chance.cells, abs=0.03)
        assert one.on_against == pytest.approx(one.chance.cells, abs=0.03)


def test_a_map_of_the_sounds_power_is_divided_as_the_energy_is() -> None:
    oracle = stems([0.2, 0.2, 0.2], [0.1, 0.1, 0.1])
    given = relevance(oracle.mixture, hears_both())
    assert given.bands_hz is not None
    assert given.top_hz is not None
    bands: Any = {"bands_hz": given.bands_hz, "top_hz": given.top_hz}
    power = np.sum([band_power(one, SR, given.times_s, **bands) for one in oracle.samples], axis=0)
    found = agreement(replace(given, values=power), explain(oracle.mixture, hears_both(), factorization=oracle))
    bass = row(found, "bass")
    assert bass.chance.energy == pytest.approx(0.8, abs=0.05)
    assert bass.on_for == pytest.approx(bass.chance.energy, abs=0.005)
    assert abs(bass.chance.energy - bass.chance.cells) > 0.05


def test_random_networks_put_less_on_what_the_trained_one_reads() -> None:
    network = hears_bass()
    given = relevance(PAIR.mixture, network)
    maps = random_maps(given, network, seeds=(0, 1, 2))
    found = agreement(given, explain(PAIR.mixture, network, factorization=PAIR), random=maps)
    bass = row(found, "bass")
    assert found.n_random == 3
    assert bass.chance.random == pytest.approx(bass.chance.cells, abs=0.2)
    assert (bass.on_all or 0) > bass.chance.random + 0.3
    assert "random" in str(found)


SECONDS = 14
LOUD = [0.02 * (1 + (5 * i) % SECONDS) for i in range(SECONDS)]
SONG = stems([0 if i in (4, 9) else level for i, level in enumerate(LOUD)], [0.1] * SECONDS)


def over_windows(network: Network) -> Agreement:
    track = explain_track(SONG.mixture, network, factorization=SONG, cache=False)
    return agreement(relevance(SONG.mixture, network), track)


def test_two_windows_that_are_not_explained_are_left_out_and_counted() -> None:
    found = over_windows(hears_bass())
    assert (len(found.windows), found.n_abstained, found.n_unmatched) == (SECONDS - 2, 2, 0)
    assert "note: 2 windows are not explained by the map, and left out" in str(found)
    assert {round(one.start_s) for one in found.windows} == {*range(SECONDS)} - {4, 9}
    assert row(found, "bass").state == "agrees"


def test_relevance_follows_the_weight_over_windows_for_each_component() -> None:
    found = row(over_windows(hears_both()), "bass").correlation
    assert found.n == SECONDS
    assert found.value > 0.9
    assert found.low > 0.5
    assert found.low <= found.value <= found.high


def test_over_few_windows_there_is_no_correlation() -> None:
    assert all(one.correlation is None for one in compared(hears_both()).rows)
    network = hears_both()
    track = explain_track(PAIR.mixture, network, factorization=PAIR, cache=False)
    found = agreement(relevance(PAIR.mixture, network), track)
    assert all(one.correlation is None for one in found.rows)
    assert "no correlations over 3 windows; at least 10 are needed" in found.notes


def test_windows_of_a_track_that_the_map_does_not_hold_are_counted() -> None:
    network = hears_both()
    track = explain_track(SONG.mixture, network, factorization=SONG, cache=False)
    found = agreement(relevance(SONG.mixture, network, start_s=2.0, duration_s=5.0), track)
    assert (len(found.windows), found.n_unmatched) == (5, SECONDS - 5)


def test_where_no_window_is_explained_nothing_is_compared() -> None:
    network = hears_bass()
    explained = explain(PAIR.mixture, network, factorization=PAIR, start_s=0.0, duration_s=3.0)
    found = agreement(relevance(PAIR.mixture, network, near=2.0), explained)
    assert (found.rows, found.agrees, found.n_abstained) == ((), None, 3)
    assert "so nothing is compared" in str(found)


def test_components_that_each_window_has_for_itself_are_told_by_their_own_windows() -> None:
    song, network = stems([0.3] * 4, [0.01] * 4), Network(linear(0.5 * one_place(ALL, LOW)), labels=["loud"])
    track = explain_track(song.mixture, network, factorization="slic:8", cache=False)
    assert track.split_anew
    every = agreement(relevance(song.mixture, network), track)
    alone = agreement(relevance(song.mixture, network), track.open_window(2))
    by_name = {one.component: one for one in every.rows}
    assert len(alone.rows) >= 2
    for one in alone.rows:
        same = by_name[one.component]
        assert (same.relevance, same.weight, same.state) == pytest.approx((one.relevance, one.weight, one.state))
    assert any(one.state == "agrees" and one.weight > 0.2 for one in every.rows)
    assert any(note.startswith("each window was split anew") for note in every.notes)
    bands = explain_track(song.mixture, network, factorization="bands:4", cache=False)
    assert not bands.split_anew
    told = agreement(relevance(song.mixture, network), bands)
    assert (told.rows[0].state, len(told.rows)) == ("agrees", 4)
    assert sum(one.weight for one in told.rows) == pytest.approx(sum(one.relevance for one in told.rows), abs=0.02)


def test_segments_are_components_too() -> None:
    network = hears_bass()
    oracle = stems([0.1], [0.1])
    found = agreement(
        relevance(oracle.mixture, network), explain(oracle.mixture, network, factorization=oracle, segments=2)
    )
    assert len(found.rows) == 4
    halves = [one.on_for or 0 for one in found.rows if one.component.startswith("bass")]
    assert halves == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.parametrize(
    ("relevant", "weight", "reach", "removal", "state"),
    [
        (0.4, 0.3, 0.0, -0.3, "agrees"),
        (-0.4, 0.3, 0.0, -0.3, "opposite"),
        (0.4, 0.0, 0.0, 0.0, "idle"),
        (0.4, 0.0, 0.0, -0.2, "open"),
        (0.4, 0.0, 0.0, None, "open"),
        (0.0, 0.3, 0.0, None, "missed"),
        (0.0, 0.0, 0.0, None, "neither"),
        (0.0, 0.3, None, None, "open"),
        (0.4, 0.3, 0.3, None, "open"),
        (0.0, 0.04, 0.02, None, "open"),
    ],
)
def test_states_are_by_what_counts_with_all_of_the_interval(
    relevant: float, weight: float, reach: float | None, removal: float | None, state: str
) -> None:
    assert state_of(relevant, weight, reach, removal, 0.05) == state


@pytest.mark.parametrize(("relevant", "gap", "state"), [(0.4, 0.1, "agrees"), (0.1, 0.06, "open"), (0.0, 0.06, "open")])
def test_relevance_counts_by_more_than_the_gap_of_the_map(relevant: float, gap: float, state: str) -> None:
    assert state_of(relevant, 0.3, 0.0, -0.3, 0.05, gap=gap) == state


def test_a_map_that_misses_its_sum_by_much_says_so_and_leaves_open() -> None:
    found = compared(saturated(), n_steps=2, most_steps=2)
    assert found.gap > 0.3
    assert "so less is known of it: more steps would help" in str(found)
    assert row(found, "bass").state == "open"
    assert found.agrees is None


@pytest.mark.parametrize(("rho", "n"), [(0.0, 12), (0.6, 12), (0.6, 40)])
def test_intervals_of_rank_correlations_hold_them_as_often_as_they_say(rho: float, n: int) -> None:
    """Of 1,000 draws from a normal distribution; a standard error is .007."""
    rng, truth = np.random.default_rng(0), 6 / np.pi * np.arcsin(rho / 2)
    held = 0
    for _ in range(1000):
        a, b = rng.normal(size=(2, n))
        ranks = [np.argsort(np.argsort(one)) for one in (a, rho * a + np.sqrt(1 - rho**2) * b)]
        low, high = correlation_ends(float(np.asarray(np.corrcoef(ranks))[0, 1]), n)
        held += low <= truth <= high
    assert 0.93 <= held / 1000 <= 0.98


def test_the_result_is_plain_values_a_table_and_html() -> None:
    found = compared(saturated(), method="gradients")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["rows"][0]["chance"]["energy"] == pytest.approx(found.rows[0].chance.energy)
    assert plain["sentences"] == list(found.sentences())
    table = found.to_dataframe()
    assert list(table["component"]) == ["bass", "cymbals"]
    assert table["chance_energy"].sum() == pytest.approx(1)
    assert "<table>" in found._repr_html_()
    assert "<script>" not in replace(found, label="<script>")._repr_html_()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sha256": "other"}, "the weights of another recording"),
        ({"model": "musicnn:MSD_musicnn"}, "the map is of the model musicnn:MSD_musicnn"),
        ({"target": "log-odds"}, "the map is of the target log-odds, and the weights of score"),
        ({"label": "soft"}, "which has no weights; name the label that has: label="),
        ({"bands_hz": None}, "does not say which frequencies its bands are"),
    ],
)
def test_a_map_of_something_else_is_refused(change: dict[str, Any], complaint: str) -> None:
    network = hears_bass()
    explained = explain(PAIR.mixture, network, factorization=PAIR)
    found = relevance(PAIR.mixture, network)
    with pytest.raises(UsageError, match=complaint):
        agreement(replace(found, **change), explained)


def test_a_random_map_on_another_grid_is_refused() -> None:
    network = hears_bass()
    explained = explain(PAIR.mixture, network, factorization=PAIR)
    other = relevance(PAIR.mixture, network, duration_s=1.0)
    with pytest.raises(UsageError, match="lies on another grid"):
        agreement(relevance(PAIR.mixture, network), explained, random=[other])


def test_another_off_than_the_maps_baseline_is_noted() -> None:
    network = hears_both()
    found = relevance(PAIR.mixture, network, baseline=np.full((61, 32), 0.1, np.float32), near=0)
    told = agreement(found, explain(PAIR.mixture, network, factorization=PAIR))
    assert "the map starts from the given features, and components are switched off to silence" in told.notes
