"""What a page says, decided in Python: sentences, colours, cells, tables."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.report.player.player import stem_colors
from audiolime_ext.report.song.facts import colors_shared, stems_are, terms, title_of
from audiolime_ext.report.song.page import page_html
from audiolime_ext.report.song.view import as_track, make_view
from factorizations.oracle import OracleFactorization

SR = 8000


def strengths(batch: np.ndarray) -> np.ndarray:
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), [100, 1000]) / SR)
    heard = np.abs(batch @ turns) * 2 / batch.shape[1]
    return np.stack([0.1 + 0.8 * heard[:, 0], 0.5 - 0.4 * heard[:, 1], np.full(len(batch), 0.05)], axis=1)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    """Vocals that come in after two seconds, and a bass."""
    time = np.arange(4 * SR) / SR
    vocals = np.where(time < 2, 0, np.sin(2 * np.pi * 100 * time)) * 0.5
    bass = 0.5 * np.sin(2 * np.pi * 1000 * time)
    return OracleFactorization({"vocals": (vocals.astype(np.float32), SR), "bass": (bass.astype(np.float32), SR)})


MODEL = tagger(strengths, sr=SR, labels=["sung", "hushed", "never"], window_s=1.0)


@pytest.fixture(scope="module")
def track(band: OracleFactorization) -> TrackExplanation:
    return explain_track(band.mixture, MODEL, factorization=band, labels=["sung", "hushed"], cache=False)


@pytest.fixture(scope="module")
def excerpt(band: OracleFactorization) -> Explanation:
    return explain(band.mixture, MODEL, factorization=band, labels=["sung"], start_s=2.0, segments=4)


def test_cells_are_the_explanations_numbers(track: TrackExplanation) -> None:
    data = make_view(track).data
    assert data["labels"] == ["sung", "hushed"]
    for row, label in zip(data["cells"], data["labels"], strict=True):
        full, empty = track.score(label)
        np.testing.assert_allclose([cell["full"] for cell in row], full, atol=1e-5)
        np.testing.assert_allclose([cell["empty"] for cell in row], empty, atol=1e-5)
        weights = np.array([cell["weights"] for cell in row])
        np.testing.assert_allclose(weights, np.stack(list(track.weights(label).values()), axis=1), atol=1e-5)
        np.testing.assert_allclose(weights.sum(axis=1), full - empty, atol=1e-4)


def test_alone_and_without_are_the_models_own_answers(track: TrackExplanation) -> None:
    sung = make_view(track).data["cells"][0]
    assert [cell["top"] for cell in sung] == [[], [], [0], [0]]
    assert sung[3]["alone"] == pytest.approx(0.5, abs=1e-3)
    assert sung[3]["without"] == pytest.approx(0.1, abs=1e-3)
    assert sung[0]["alone"] is None
    assert sung[3]["say"] == "“sung” (0.50; silence: 0.10) comes most from vocals: +0.40."
    assert sung[0]["say"].startswith("bass is all there is here: nothing to tell apart for “sung” (0.10; silence:")


def test_the_table_is_the_mean_over_the_windows(band: OracleFactorization, track: TrackExplanation) -> None:
    view = make_view(track)
    (sung, hushed) = view.table
    assert (sung["full"], sung["weights"], sung["leads"]) == (
        "0.30",
        ["+0.20", "0.00"],
        "vocals in 2 of 2 windows of 0.30 or more",
    )
    assert hushed["weights"] == ["0.00", "−0.20"]
    assert hushed["leads"].endswith("windows of 0.30 or more; nothing to tell apart in 2 (bass is all there is)")
    assert (
        view.sums
        == "In each row, silence plus all sources is the mean score; numbers are rounded, so a sum may differ a little."
    )
    never = explain_track(band.mixture, MODEL, factorization=band, labels=["never"], cache=False)
    assert make_view(never).table[0]["leads"] == "no window reaches 0.30"


def test_an_excerpt_is_a_track_of_one_window(excerpt: Explanation) -> None:
    view = make_view(as_track(excerpt), parts=excerpt.components)
    assert len(view.data["windows"]) == 1
    assert view.taggram_rows == ()
    parts = view.data["components"]
    red = stem_colors(["vocals"])[0]
    assert parts[1] == {"name": "vocals 0.25–0.50 s", "color": red, "stem": "vocals", "on": [0.25, 0.5]}
    assert {part["stem"] for part in parts} == {"vocals", "bass"}


def test_the_taggram_shows_explained_labels_first(track: TrackExplanation) -> None:
    view = make_view(track)
    assert view.taggram_rows == ("sung", "hushed", "never")
    scores = np.array(view.data["taggram"]["scores"])
    np.testing.assert_allclose(scores, track.taggram.scores, atol=1e-3)


@pytest.mark.parametrize(
    ("spec", "words"), [("oracle:stems", "true stems"), ("spleeter:2stems", "estimated"), ("hpss", "not instruments")]
)
def test_it_says_what_kind_of_stems_these_are(spec: str, words: str) -> None:
    assert words in stems_are(spec)


def test_the_summary_says_which_windows_it_is_of(band: OracleFactorization, track: TrackExplanation) -> None:
    how: dict[str, Any] = {"factorization": band, "labels": ["sung"], "cache": False}
    some, one = (explain_track(band.mixture, MODEL, at=at, **how) for at in ([2.0, 3.0], [0.5]))
    assert make_view(track).summary_title == "Over all 4 windows"
    assert (make_view(some).summary_title, make_view(one).summary_title) == (
        "In the 2 windows chosen",
        "In the one window chosen",
    )
    assert make_view(some).table[0]["full"] == "0.50"  # of the two that are sung; of all four it is 0.30
    assert make_view(some).facts == "2 windows of 1.0 s, chosen from 0:00.0 to 0:04.0"


def test_the_summary_counts_the_windows_that_its_means_are_of() -> None:
    time = np.arange(3 * SR) / SR
    for first, said in ((1, "Over the 2 windows that are not silent"), (2, "In the one window that is not silent")):
        stems = {"vocals": np.sin(880 * np.pi * time) * (time >= first), "bass": np.zeros(3 * SR)}
        late = OracleFactorization({name: (0.1 * wave.astype(np.float32), SR) for name, wave in stems.items()})
        ask = partial(explain_track, late.mixture, MODEL, factorization=late, labels=["sung"], cache=False)
        assert make_view(ask()).summary_title == said
        chosen = make_view(ask(at=[0.0, 2.0])).summary_title
        assert chosen == "In the one window chosen that is not silent"


def test_an_excerpt_is_called_one_window(excerpt: Explanation) -> None:
    view = make_view(as_track(excerpt), parts=excerpt.components)
    assert (view.facts, view.summary_title) == ("0:02.0 to 0:03.0, one window of 1.0 s", "In this window")


def test_how_it_was_computed_is_told_in_sentences_of_its_own(
    band: OracleFactorization, track: TrackExplanation
) -> None:
    view = make_view(track)
    assert any("Shapley value" in line and "numbers are rounded" in line for line in view.computed)
    assert view.computed[0] == "Separator: own stems. Model: own model."
    assert not any("Shapley" in text or "prediction" in text for text in (view.title, view.facts, view.stems_are))
    lime = explain_track(band.mixture, MODEL, factorization=band, labels=["sung"], method="lime", cache=False)
    assert not any("Shapley" in line for line in make_view(lime).computed)
    assert make_view(lime).sums == "", "they need not add up"


@pytest.mark.parametrize(
    ("factorization", "model", "names", "said"),
    [
        ("spleeter:2stems", "musicnn:MTT_musicnn", "va", "Split by Spleeter into v and a, heard by the model musicnn"),
        ("ova:cerberus:drums", "vibenet", "vabcd", "Split by Cerberus into 5 parts, heard by the model VibeNet"),
        (
            "oracle:songs/one",
            "onnx:nets/own.onnx?labels=l.txt",
            "va",
            "Split into its true stems, heard by the model own.onnx",
        ),
        ("bands:mel-3", "features", "abc", "Split into 3 frequency bands, heard by the model features"),
        ("mine", "other.module:net", "abc", "Split by mine into a, b and c, heard by the model net"),
        (None, None, "ab", "Split into stems that were given, heard by a model without a name"),
    ],
)
def test_titles_are_words_and_no_specs(
    track: TrackExplanation, factorization: str | None, model: str | None, names: str, said: str
) -> None:
    told = replace(track, provenance=replace(track.provenance, factorization=factorization, model=model))
    assert title_of(told, names=names) == said
    exact = f"One: split by {factorization or 'own stems'}, heard by {model or 'own model'}"
    assert title_of(told, "One", names=names, exact=True) == exact


def test_titles_that_words_do_not_tell_apart_are_specs(track: TrackExplanation) -> None:
    one, two = (
        replace(track, provenance=replace(track.provenance, factorization="hpss", model=f"musicnn:{name}"))
        for name in ("MSD_musicnn", "MTT_musicnn")
    )
    html = page_html([one, two], audio=None)
    assert "Split by hpss, heard by musicnn:MSD_musicnn</h2>" in html
    assert "Split by hpss, heard by musicnn:MTT_musicnn</h2>" in html
    assert "<h2>Split into harmonic and percussive parts, heard by the model musicnn</h2>" in page_html(one, audio=None)


def test_words_are_explained_by_what_is_explained(track: TrackExplanation) -> None:
    said = dict(terms(track))
    assert list(said) == ["Label", "Window", "Score", "Source", "Silence"]
    assert "1.0 s" in said["Window"]
    noise = replace(track.provenance, settings=replace(track.provenance.settings, baseline="noise"))
    assert list(dict(terms(replace(track, provenance=noise))))[-1] == "Noise"


def test_sources_that_share_a_colour_are_said_to(band: OracleFactorization) -> None:
    assert colors_shared([str(i) for i in range(8)]) == []
    (said,) = colors_shared([str(i) for i in range(12)])
    assert said == "12 sources share 8 colours: some look alike, so go by their names"
    many = explain_track(band.mixture, MODEL, factorization="bands:mel-9", labels=["sung"], at=[2.0], cache=False)
    assert make_view(many).warnings[0] == "9 sources share 8 colours: some look alike, so go by their names"
