"""The result: tops and abstention, sound, tables, files."""

import html
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.errors import MissingError, NothingArgues, OutputError, UsageError
from audiolime_ext.explanation.summary import as_html
from factorizations.oracle import OracleFactorization

SR = 16000
RNG = np.random.default_rng(0)
LABELS = ["drums", "not drums", "whisper", "nothing", "half"]


def part(gain: float) -> tuple[np.ndarray, int]:
    return (RNG.normal(0, gain, (2, 3 * SR))).astype(np.float32), SR


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    return OracleFactorization({"drums": part(0.2), "bass": part(0.1), "whisper": part(0.0005)})


@pytest.fixture(scope="module")
def result(band: OracleFactorization) -> Explanation:
    templates = band.samples.mean(axis=1)

    def on(batch: np.ndarray) -> np.ndarray:
        return np.round(batch @ np.linalg.pinv(templates))  # which stems are in the mix

    def model(batch: np.ndarray) -> np.ndarray:
        drums, bass, whisper = on(batch).clip(0, 1).T
        return np.stack([drums, 0.8 - 0.5 * drums, whisper, 0.3 + 0 * bass, 0.4 + 0.1 * bass], axis=1)

    return explain(band.mixture, tagger(model, sr=SR, labels=LABELS), factorization=band, labels=LABELS)


def test_the_top_component_sounds_like_its_stem(result: Explanation, band: OracleFactorization) -> None:
    top = result.top(label="drums")
    assert top
    assert top.components == ("drums",)
    assert top.weights == pytest.approx((1.0,))
    assert str(top) == "drums comes most from drums (+1.00); score 1.00, silence 0.00"
    np.testing.assert_allclose(top.listen().samples, band.samples[0], atol=1e-6)
    assert 'data-piece="0"' in top._repr_html_()


@pytest.mark.parametrize("label", ["not drums", "nothing"])
def test_where_no_weight_is_positive_nothing_argues(result: Explanation, label: str) -> None:
    top = result.top(label=label)
    assert not top
    assert top.message.startswith(f"nothing here argues for {label} (")
    with pytest.raises(NothingArgues, match="nothing here argues"):
        top.listen()


def test_an_inaudible_component_is_no_top_however_large_its_weight(result: Explanation) -> None:
    assert result.weights("whisper")["whisper"] == pytest.approx(1.0)
    assert not result.top(label="whisper")


def estimated(result: Explanation, error: float | None) -> Explanation:
    """The same weights as if they came from a sample of masks, with errors that are independent of each other."""
    weights = result.attribution.weights
    errors = None if error is None else np.full_like(weights, error)
    covariance = None if error is None else np.tile(np.eye(weights.shape[1]) * error**2, (len(weights), 1, 1))
    return replace(result, attribution=Attribution("shapley", weights, errors, False, covariance=covariance))


def test_only_weights_beyond_their_interval_are_tops(result: Explanation) -> None:
    assert not estimated(result, 0.6).top(label="drums")
    assert estimated(result, 0.3).top(label="drums")


def test_a_sample_without_error_bars_names_no_leader(result: Explanation) -> None:
    top = estimated(result, None).top(label="drums")
    assert not top
    assert str(top) == (
        "what drums (score 1.00, silence 0.00) comes most from is not known: 8 evaluations are too few for error bars"
    )


def test_scores_that_silence_explains_are_remarked(result: Explanation) -> None:
    assert result.remarks("drums") == []
    assert result.remarks("half") == ["half: the model says this for silence too (0.40; here 0.50)"]
    assert result.remarks("nothing") == [
        "nothing: the model says this for silence too (0.30; here 0.30)",
        "nothing: nothing to explain by presence (the score is that of silence, to 0.00)",
    ]


def test_audio_and_without_add_up_to_the_recording(result: Explanation, band: OracleFactorization) -> None:
    total = result.audio(["drums", "bass"]).samples + result.without(["drums", "bass"]).samples
    np.testing.assert_allclose(total, band.mixture.samples, atol=1e-5)
    np.testing.assert_allclose(result.mixture.samples, band.mixture.samples, atol=1e-5)
    np.testing.assert_allclose(result.without("drums").samples, band.samples[1:].sum(axis=0), atol=1e-5)


def test_several_top_components_sound_together(result: Explanation) -> None:
    assert result.top(2, label="half").components == ("bass",)
    with pytest.raises(UsageError, match="k must be at least 1"):
        result.top(0)
    with pytest.raises(UsageError, match="did you mean 'drums'"):
        result.top(label="drum")


def test_the_json_object_is_strict_and_complete(result: Explanation) -> None:
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert found["schema_version"] == 2
    assert found["components"] == ["drums", "bass", "whisper"]
    assert found["scores"]["full"][0] == 1.0
    assert found["exact"] is True
    assert found["seed"] is None
    assert found["n_evals"] == 8
    assert max(map(abs, found["completeness_gap"])) < 1e-6
    nothing: dict[str, Any] = {"component": None, "weight": None, "components": [], "weights": [], "file": None}
    assert found["top"][1] == {"label": "not drums", **nothing}
    assert found["residual"] is None


def test_lime_results_state_kernel_intercept_and_fidelity(band: OracleFactorization) -> None:
    e = explain(band.mixture, lambda b: np.abs(b).mean(axis=1, keepdims=True), factorization=band, method="lime")
    found = e.to_dict()
    assert found["kernel"] == "exponential, cosine distance, width 0.25"
    assert found["ridge"] == 0.0
    assert len(found["intercept"]) == len(found["fidelity"]) == 1
    pair = OracleFactorization({"a": part(0.1), "b": part(0.1)})
    e = explain(pair.mixture, lambda b: np.abs(b).mean(axis=1, keepdims=True), factorization=pair, method="lime")
    assert e.to_dict()["fidelity"] == [None]


def test_write_leaves_the_excerpt_the_tops_and_the_numbers(result: Explanation, tmp_path: Path) -> None:
    clips = result.write(tmp_path / "new" / "out")
    assert set(clips) == {"drums", "half"}
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == [
        "drums.wav",
        "explanation.json",
        "half.wav",
        "mixture.wav",
    ]
    np.testing.assert_array_equal(load_audio(clips["drums"]).samples, result.top(label="drums").listen().samples)
    assert json.loads((tmp_path / "new" / "out" / "explanation.json").read_text())["top"][0]["file"] == clips["drums"]


def test_labels_become_harmless_file_names(band: OracleFactorization, tmp_path: Path) -> None:
    labels = ["../../etc", "a/b", "a b", "mixture", "<b>", "日本"]
    model = tagger(lambda b: np.abs(b).mean(axis=1, keepdims=True) * np.ones((1, 6)), labels=labels)
    e = explain(band.mixture, model, factorization=band, labels=labels)
    clips = e.write(tmp_path / "out")
    names = sorted(Path(clip).name for clip in clips.values())
    assert names == ["a-b-2.wav", "a-b.wav", "b.wav", "etc.wav", "mixture-2.wav", "日本.wav"]
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert "<b>" not in e._repr_html_()
    assert "&lt;b&gt;" in e._repr_html_()


def test_an_unwritable_place_is_an_output_error_and_leaves_nothing(result: Explanation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        result.write(tmp_path / "file" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_saved_explanation_comes_back(result: Explanation, tmp_path: Path) -> None:
    loaded = Explanation.load(result.save(tmp_path / "saved"))
    assert str(loaded) == str(result)
    np.testing.assert_array_equal(loaded.neighborhood.scores, result.neighborhood.scores)
    np.testing.assert_allclose(
        loaded.top(label="drums").listen().samples, result.top(label="drums").listen().samples, atol=1e-6
    )
    assert loaded.references == result.references
    ours, theirs = result.to_dict(), loaded.to_dict()
    assert ours.pop("level_db") == pytest.approx(theirs.pop("level_db"), abs=1e-4)
    assert ours == theirs


def test_a_folder_without_a_saved_explanation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no saved explanation"):
        Explanation.load(tmp_path)


def test_loud_stems_survive_saving(tmp_path: Path) -> None:
    loud = OracleFactorization({"a": part(2.0), "b": part(1e-4)})
    e = explain(loud.mixture, lambda b: np.abs(b).mean(axis=1, keepdims=True), factorization=loud)
    back = Explanation.load(e.save(tmp_path / "loud"))
    assert np.abs(loud.samples[0]).max() > 4
    for stem, original in zip(back.components.stems.samples, e.components.stems.samples, strict=True):
        np.testing.assert_allclose(stem, original, atol=float(np.abs(original).max()) * 2**-22)


def test_the_data_frame_has_one_row_per_label_and_component(result: Explanation) -> None:
    frame: Any = result.to_dataframe()
    assert len(frame) == len(LABELS) * 3
    assert frame.set_index(["label", "component"]).loc[("drums", "drums"), "weight"] == pytest.approx(1.0)
    assert frame[["start_s", "duration_s", "method", "exact"]].iloc[0].tolist() == [0.0, 3.0, "shapley", True]
    assert frame[["std_error", "low", "high", "shift_spread"]].isna().all(axis=None), "exact: nothing was estimated"
    assert frame.set_index("label").loc["drums", "additivity"].tolist() == [pytest.approx(1.0)] * 3
    assert set(frame["model"]) == {result.provenance.model_state}


def test_the_data_frame_has_the_intervals_that_figures_draw(result: Explanation) -> None:
    sampled = estimated(result, 0.2)
    frame: Any = sampled.to_dataframe().set_index(["label", "component"])
    low, high = sampled.attribution.interval() or (np.zeros(0), np.zeros(0))
    at = sampled.column("half"), sampled.names.index("bass")
    row = frame.loc[("half", "bass")]
    assert (row["std_error"], row["low"], row["high"]) == (0.2, low[at], high[at])
    assert not row["exact"]
    without: Any = estimated(result, None).to_dataframe()
    assert without[["std_error", "low", "high"]].isna().all(axis=None)


@pytest.fixture(scope="module")
def cut() -> Explanation:
    """One stem in eight segments, of which a sample was drawn; the others whole, and so exact."""
    loud = OracleFactorization({name: part(level) for name, level in {"a": 0.5, "b": 0.01, "c": 0.01}.items()})
    model = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)), sr=SR, labels=["loud"])
    return explain(loud.mixture, model, factorization=loud, segments=8, method="owen", max_evals=420)


def test_a_whole_stem_beside_sampled_segments_is_exact_in_the_table(cut: Explanation) -> None:
    whole = [name for name in cut.names if not name.endswith(" s")]
    assert 0 < len(whole) < len(cut.names)
    frame: Any = cut.to_dataframe().set_index("component")
    assert frame["exact"].tolist() == [name in whole for name in cut.names]
    assert frame.loc[whole, ["std_error", "low", "high"]].isna().all(axis=None)
    sampled = frame[~frame["exact"]]
    assert (sampled["std_error"] > 0).all()
    assert (sampled["low"] < sampled["high"]).all()
    assert not cut.attribution.exact


def test_a_whole_stem_beside_sampled_segments_has_no_line_in_a_figure(cut: Explanation) -> None:
    (axis,) = cut.plot(style="paper").axes
    (lines,) = [one for one in axis.containers if type(one).__name__ == "ErrorbarContainer"]
    names = [tick.get_text() for tick in axis.get_yticklabels()]
    drawn = [len(line) > 0 for line in lines[2][0].get_segments()]
    assert dict(zip(names, drawn, strict=True)) == {name: name not in ("b", "c") for name in names}


def test_an_exact_weight_is_printed_without_plus_and_minus(result: Explanation) -> None:
    sampled = estimated(result, 0.2)
    errors = np.array([0.0, 0.2, 0.2]) * np.ones((len(LABELS), 1))
    text = str(replace(sampled, attribution=replace(sampled.attribution, std_errors=errors)))
    (row,) = [line.split() for line in text.splitlines() if line.startswith("drums ")][:1]
    assert ["±" in cell for cell in row[-3:]] == [False, True, True]


def test_plus_and_minus_is_explained_where_it_is_printed(result: Explanation) -> None:
    meaning = "± is half the width of a weight's own 95 % interval"
    sampled = estimated(result, 0.2)
    for text in (str(sampled), html.unescape(as_html(sampled))):
        assert "±" in text.replace(meaning, "")
        assert meaning in text
    assert "±" not in str(result)


def test_without_pandas_the_extra_is_named(result: Explanation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingError, match=r"pip install 'audiolime-ext\[dataframe\]'"):
        result.to_dataframe()


def test_references_are_bibtex_of_what_was_used(result: Explanation) -> None:
    assert "haunschmid2020audiolime" in result.references
    assert "shapley1953value" in result.references
    assert "ribeiro2016why" not in result.references


def test_the_table_names_everything_a_reader_needs(result: Explanation) -> None:
    text = str(result)
    for word in (
        "score",
        "silence",
        "drums",
        "level (dB)",
        "exact",
        "8 predictions",
        "nothing here argues for nothing",
    ):
        assert word in text
    assert not any(math.isnan(level) for level in result.components.levels_db)


def test_the_same_answers_are_seen_by_other_methods_without_a_prediction(result: Explanation) -> None:
    for method in ("lime", "banzhaf", "leave-one-out", "shapley"):
        other = result.attribute(method)
        assert other.neighborhood is result.neighborhood
        assert other.attribution.method == method
        assert other.weights("drums")["drums"] == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(UsageError, match="did you mean 'shapley'"):
        result.attribute("shaply")


def test_a_sample_serves_only_the_methods_it_was_drawn_for(band: OracleFactorization) -> None:
    model = lambda b: np.abs(b).mean(axis=1, keepdims=True)  # noqa: E731
    e = explain(band.mixture, model, factorization=band, segments=4, max_evals=100, method="shapley")
    assert e.attribute("auto").attribution.method == "shapley"
    with pytest.raises(UsageError, match="lime needs other masks than were sampled for shapley"):
        e.attribute("lime")


def test_what_two_components_do_together_comes_first(band: OracleFactorization) -> None:
    templates = np.linalg.pinv(band.samples.mean(axis=1))

    def exclusive(batch: np.ndarray) -> np.ndarray:
        on = np.round(batch @ templates).astype(bool)
        return np.asarray((on[:, 0] ^ on[:, 1])[:, None], float)

    e = explain(band.mixture, tagger(exclusive, sr=SR, labels=["either, not both"]), factorization=band)
    assert max(map(abs, e.weights().values())) < 1e-9
    pair, value = next(iter(e.interactions().items()))
    assert pair == ("drums", "bass")
    assert value == pytest.approx(-2.0)
    assert not e.top()


def test_the_shift_spread_is_that_of_the_label(band: OracleFactorization) -> None:
    rng = np.random.default_rng(0)
    oracle = OracleFactorization({n: (rng.normal(0, 0.1, (1, 3 * SR)).astype(np.float32), SR) for n in "ab"})

    def model(batch: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(batch)[:, [100, 200, 300]])

    plain = tagger(model, labels=["x", "y", "z"], version="1")
    e = explain(
        oracle.mixture, plain, factorization=oracle, start_s=1.0, duration_s=1.0, labels=["z", "y"], shifts=True
    )
    assert e.checks.shifts is not None
    for label in e.labels:
        row = e.checks.shifts[e.all_labels.index(label)]
        assert e.shift_spread(label) == dict(zip(e.names, row.tolist(), strict=True))
    assert e.to_dict()["shift_spread"] == [list((e.shift_spread(label) or {}).values()) for label in ("z", "y")]
    assert e.shift_spread("z") != e.shift_spread("x")
    assert explain(oracle.mixture, plain, factorization=oracle).shift_spread() is None
