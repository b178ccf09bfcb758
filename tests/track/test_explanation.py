"""The result for a recording: over time, on average, who leads, in words and as JSON."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import TrackExplanation, explain_track, tagger
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.errors import MissingError, OutputError, UsageError
from audiolime_ext.track.leaders import Leaders
from factorizations.oracle import OracleFactorization

SR = 8000
PIANO, DRUMS, WHISPER = [1.0, 1.0, 0.6, 0.0], [0.0, 1.0, 1.0, 1.0], [0.001] * 4
LABELS = ["jazz", "metal", "noise"]


def tone(hz: float, gains: list[float]) -> tuple[np.ndarray, int]:
    time_s = np.arange(len(gains) * SR) / SR
    return (0.2 * np.repeat(gains, SR) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32), SR


@pytest.fixture(scope="module")
def track() -> TrackExplanation:
    """Jazz is the piano (.6), and less with drums (−.2); metal the drums (.5); noise the whisper, which none hears."""
    oracle = OracleFactorization({"piano": tone(440, PIANO), "drums": tone(3000, DRUMS), "whisper": tone(100, WHISPER)})

    def model(batch: np.ndarray) -> np.ndarray:
        turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), [440, 3000, 100]) / SR)
        piano, drums, whisper = (np.abs(batch @ turns) * 2 / batch.shape[1] / 0.2).T
        return np.stack([0.2 + 0.6 * piano - 0.2 * drums, 0.5 * drums, 400 * whisper], axis=1)

    listener = tagger(model, labels=LABELS, window_s=1.0)
    return explain_track(oracle.mixture, listener, factorization=oracle, labels=LABELS, cache=False)


def test_arrays_have_windows_labels_and_components(track: TrackExplanation) -> None:
    assert track.names == ("piano", "drums", "whisper")
    assert track.all_weights.shape == (4, 3, 3)
    assert track.full.shape == track.empty.shape == (4, 3)
    assert track.levels_db.shape == (4, 3)
    assert track.std_errors is not None
    assert not track.std_errors.any()
    assert track.duration_s == 1.0
    np.testing.assert_allclose(track.weights("jazz")["piano"], [0.6, 0.6, 0.36, 0], atol=1e-4)
    np.testing.assert_allclose(track.weights()["drums"], [0, -0.2, -0.2, -0.2], atol=1e-4)
    assert track.mean(0) == pytest.approx({"piano": 0.39, "drums": -0.15, "whisper": 0.0}, abs=1e-4)
    full, empty = track.score("metal")
    np.testing.assert_allclose(full - empty, sum(track.weights("metal").values()), atol=1e-9)


def test_who_leads_is_counted_by_the_rule_of_top(track: TrackExplanation) -> None:
    assert track.leaders("jazz") == Leaders("jazz", 3, {"piano": 2}, 4, 0.3, n_whole=1, whole="piano")
    assert str(track.leaders("metal")) == (
        "drums leads metal in 2 of 3 windows; nothing to tell apart in 1 (drums is all there is); 1 more stays "
        "below 0.3"
    )
    assert str(track.leaders("noise")) == "nothing argues for noise in any of 4 windows", "it is below −40 dB"
    for i, time_s in enumerate(track.times_s):
        for label in LABELS:
            alone = track.at(time_s)
            assert tuple(track.what_argues(i, label)) == alone.what_argues(label)
            assert track.leading(i, label) == alone.leading(label)
    strict = replace(track, min_score=0.9)
    assert str(strict.leaders("jazz")) == "jazz reaches 0.9 in none of 4 windows"


def test_only_weights_beyond_their_interval_lead(track: TrackExplanation) -> None:
    def unsure(error: float) -> TrackExplanation:
        doubted = []
        for window in track.windows:
            weights = window.attribution.weights
            errors, covariance = np.full_like(weights, error), np.tile(np.eye(3) * error**2, (3, 1, 1))
            found = Attribution("shapley", weights, errors, False, covariance=covariance)
            doubted.append(replace(window, attribution=found))
        return replace(track, windows=tuple(doubted))

    assert unsure(0.01).leaders("jazz").counts == {"piano": 2}
    assert unsure(0.15).leaders("jazz").counts == {"piano": 2}
    assert unsure(0.2).leaders("jazz").counts == {"piano": 1}
    assert unsure(0.5).leaders("jazz").counts == {}
    assert not unsure(0.5).exact
    assert "sampled, seed 0" in str(unsure(0.5))


@pytest.mark.parametrize(("t_s", "start_s"), [(0.0, 0.0), (0.99, 0.0), (1.0, 1.0), (3.9, 3.0)])
def test_a_second_is_looked_up_in_the_window_that_holds_it(track: TrackExplanation, t_s: float, start_s: float) -> None:
    opened = track.at(t_s)
    assert opened.components.start_s == start_s
    assert opened.labels == tuple(LABELS)
    assert bool(opened.top(label="metal")) is (start_s == 1.0)  # before, the model says nothing; after, drums are all
    assert opened.audio("drums").duration_s == 1.0


@pytest.mark.parametrize("t_s", [-0.1, 4.0, float("nan")])
def test_a_second_that_was_not_explained_is_refused(track: TrackExplanation, t_s: float) -> None:
    with pytest.raises(UsageError, match=r"no explained window holds .* s; the nearest one starts at [03]\.000 s"):
        track.at(t_s)


def test_the_summary_shows_means_and_leaders(track: TrackExplanation) -> None:
    lines = str(track).splitlines()
    assert lines[:2] == [
        "mixture, 0.00 s to 4.00 s: 4 windows of 1.00 s",
        "own stems and own model, Shapley values (exact) from 32 predictions",
    ]
    assert re.split(r"  +", lines[3]) == [
        "mean of the windows", "score", "highest", "at", "silence", "piano", "drums", "whisper",
    ]  # fmt: skip
    assert re.split(r"  +", lines[4]) == ["jazz", "0.44", "0.80", "0:00.0", "0.20", "+0.39", "-0.15", "+0.00"]
    assert re.split(r"  +", lines[5]) == ["- lowest weight", "+0.00", "-0.20", "+0.00"]
    assert re.split(r"  +", lines[6]) == ["- highest weight", "+0.60", "+0.00", "+0.00"]
    besides = "nothing to tell apart in 1 (piano is all there is); 1 more stays below 0.3"
    assert lines[14] == f"piano leads jazz in 2 of 3 windows; {besides}"


def test_the_table_has_a_row_for_each_place(track: TrackExplanation) -> None:
    header, *rows = track.table("metal").splitlines()
    assert header.split() == ["start", "window", "metal", "explanation"]
    assert rows[0].split(maxsplit=4)[3:] == ["0.00", "the model does not say metal"]
    assert rows[1].split() == ["0:01.0", "1.00–2.00", "s", "0.50", "drums", "(+0.50)"]
    assert rows[3].endswith("drums is all there is: nothing to tell apart")
    assert str(track.leaders("metal")) in track.by_window("metal").splitlines()


def test_many_components_are_summed_up_by_the_leading_ones(track: TrackExplanation) -> None:
    chosen = choose_masks(8, max_evals=40)
    near = Neighborhood(chosen.masks, chosen.counts, False, np.full((len(chosen.masks), 3), 0.5))
    attribution = Attribution("shapley", np.tile(np.linspace(0.1, 0.8, 8), (3, 1)), None, False)
    parts: dict[str, Any] = {"names": tuple("abcdefgh"), "levels_db": (-6.0,) * 8}
    parts |= {"neighborhood": near, "attribution": attribution}
    many = replace(track, windows=tuple(replace(window, **parts) for window in track.windows))
    assert "h +0.80, g +0.70, f +0.60, e +0.50" in str(many)
    assert many.to_dict()["std_errors"] is None


def test_the_json_object_is_strict_and_complete(track: TrackExplanation, tmp_path: Path) -> None:
    found = json.loads(json.dumps(track.to_dict(), allow_nan=False))
    assert (found["schema_version"], found["kind"]) == (2, "track")
    assert np.array(found["weights"]).shape == (4, 3, 3)
    gap = np.array(found["scores"]["full"]) - np.array(found["scores"]["empty"]) - np.sum(found["weights"], axis=2)
    assert np.abs(gap).max() < 1e-9
    nowhere = {"n_not_told_apart": 0, "n_as_baseline": 0}
    assert found["leaders"][1] == {"label": "metal", "n_reached": 3, "counts": {"drums": 2}, "n_whole": 1, **nowhere}
    assert found["taggram"]["labels"] == LABELS
    path = track.write(tmp_path / "out")
    assert path == tmp_path / "out" / "track.json"
    assert json.loads(path.read_text(encoding="utf-8")) == found
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is not a folder; name another folder"):
        track.write(tmp_path / "file" / "out")


def test_the_dataframe_has_a_row_per_window_label_and_component(track: TrackExplanation) -> None:
    frame: Any = track.to_dataframe()
    assert len(frame) == 4 * 3 * 3
    row = frame[(frame.start_s == 2) & (frame.label == "jazz") & (frame.component == "piano")].iloc[0]
    assert row.weight == pytest.approx(0.36, abs=1e-4)
    assert row.score == pytest.approx(0.36, abs=1e-4)
    assert (row.duration_s, row.method, row.exact, row.model) == (1.0, "shapley", True, track.provenance.model_state)
    assert frame[["std_error", "low", "high"]].isna().all(axis=None), "exact: nothing was estimated"


def test_the_dataframe_has_the_intervals_of_windows_that_were_sampled(track: TrackExplanation) -> None:
    window = track.windows[1]
    errors = np.full_like(window.attribution.weights, 0.1)
    sampled = replace(window.attribution, std_errors=errors, exact=False, dof=10)
    low, high = sampled.interval() or (errors, errors)
    windows = (track.windows[0], replace(window, attribution=sampled), *track.windows[2:])
    frame: Any = replace(track, windows=windows).to_dataframe().set_index(["start_s", "label", "component"])
    row = frame.loc[(1.0, "metal", "drums")]
    at = track.column("metal"), window.names.index("drums")
    assert (row.std_error, row.low, row.high, row.exact) == (0.1, low[at], high[at], False)
    exact = frame.loc[(2.0, "metal", "drums")]
    assert np.isnan(exact["low"])


def test_a_dataframe_without_pandas_names_the_extra(track: TrackExplanation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingError, match="dataframe"):
        track.to_dataframe()


def test_everything_used_is_cited(track: TrackExplanation) -> None:
    assert "haunschmid2020audiolime" in track.references
    assert "shapley1953value" in track.references


def test_the_result_is_frozen(track: TrackExplanation) -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        track.min_score = 0.5  # type: ignore[misc]
