"""Figures show the results' own numbers, in the user's axes or in figures of their own, and change nothing else."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.text import Text

from audiolime_ext import Audio, Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.audio.spectrogram import hz_to_mel
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.verdicts import conclude
from audiolime_ext.cli import main
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.recommendation.maps.pipeline import embedding_map
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.training.result import Point, TrainedEmbedding
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.report.figures.bars import MOST_BARS
from audiolime_ext.report.figures.figure import plot, write_figure
from audiolime_ext.report.figures.sheet import Room
from audiolime_ext.report.figures.styles import style_of
from audiolime_ext.report.figures.top_tags import plot_top_tags
from factorizations.oracle import OracleFactorization
from tests.cli.test_commands import SR, furnish
from tests.recommendation.maps.planted import QUICK, clusters, library
from tests.recommendation.planted import document
from tests.recommendation.why import songs
from tests.simulated_audit import simulate

MPL: Any = matplotlib  # its types name all settings
HZ = {"vocals": 250.0, "drums": 2000.0, "bass": 100.0}
LOUD = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)), sr=SR, labels=["loud"], window_s=1.0)


def power(batch: Any, hz: float) -> Any:
    """How strong a tone is, 0 to 1."""
    turn = np.exp(-2j * np.pi * hz * np.arange(batch.shape[1]) / SR)
    return np.minimum(1.0, 3 * np.abs(batch @ turn) / batch.shape[1])


TONES = tagger(
    lambda b: np.stack([power(b, HZ["vocals"]), 0.5 * power(b, HZ["drums"])], axis=1),
    sr=SR,
    labels=["sung", "beaten, and called by a name that is much too long for any figure"],
    window_s=1.0,
)


def band(seconds: float = 3.0, names: Any = ("vocals", "drums")) -> OracleFactorization:
    time = np.arange(round(seconds * SR)) / SR
    gains = np.linspace(0.3, 0.1, len(names))
    waves = {
        name: gain * np.sin(2 * np.pi * HZ.get(name, 50.0 * (2 + i)) * time)
        for i, (name, gain) in enumerate(zip(names, gains, strict=True))
    }
    return OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in waves.items()})


@pytest.fixture(scope="module")
def excerpt() -> Explanation:
    oracle = band()
    return explain(oracle.mixture, TONES, factorization=oracle, labels=[0, 1], start_s=0.5)


@pytest.fixture(scope="module")
def segments() -> Explanation:
    oracle = band()
    options: dict[str, Any] = {"segments": 4, "method": "shapley", "max_evals": 100, "duration_s": 2.0}
    return explain(oracle.mixture, TONES, factorization=oracle, labels="sung", start_s=0.5, **options)


@pytest.fixture(scope="module")
def many() -> Explanation:
    oracle = band(names=[f"a source with the number {number:02d}" for number in range(50)])
    return explain(oracle.mixture, LOUD, factorization=oracle, labels="loud", start_s=0.5, max_evals=400)


@pytest.fixture(scope="module")
def track() -> TrackExplanation:
    oracle = band(3.5)
    return explain_track(oracle.mixture, LOUD, factorization=oracle, labels="loud", cache=False)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Results:
    path = tmp_path_factory.mktemp("audit") / "audit.sqlite"
    simulate(path, n_recordings=120, n_labels=3)
    return Results.read(path)


@pytest.fixture(scope="module")
def results(
    excerpt: Explanation, segments: Explanation, many: Explanation, track: TrackExplanation, audit: Results
) -> dict[str, Any]:
    made, model = [songs.any_song(seed) for seed in range(4)], songs.hearing("drums")
    asked = why(songs.pair(made[0]), songs.pair(made[1]), index=songs.index_of(made, model), model=model, cache=False)
    found = similar(document().songs[0].name, index=document(), k=4)
    named = {"excerpt": excerpt, "segments": segments, "many": many, "track": track, "audit": audit}
    laid_out = embedding_map(library(clusters(3, 60)), settings=QUICK, group="folder", query="song 3")
    told = {"why": asked, "similar": found, "audio": excerpt.mixture, "map": laid_out}
    return {**named, **told, "training": TRAINING}


POINTS = (Point(0, None, 0.1), Point(50, 2.5, 0.4, 3.0), Point(100, 1.5, 0.6, 3.0), Point(150, 1.0, 0.5, 3.0))
ABOUT = {"name": "founding", "n_features": 128}
TRAINING = TrainedEmbedding(Path("own.onnx"), ABOUT, POINTS, 100, 200, 90, 10, 0, "", Path("own.training"))
KINDS = {
    **{
        "excerpt": ("bars", "spectrogram"),
        "segments": ("bars", "time", "spectrogram"),
        "many": ("bars", "spectrogram"),
    },
    **{"track": ("time", "bars", "spectrogram"), "audit": ("verdicts",), "audio": ("spectrogram",)},
    **{"why": ("bars", "matrix"), "similar": ("bars",), "map": ("map", "movement", "matrix"), "training": ("curves",)},
}
ALL = [(name, kind) for name, kinds in KINDS.items() for kind in kinds]


def axes_of(result: Any, **options: Any) -> list[Any]:
    """The axes of a figure, whose parts have no types that say enough."""
    return list(result.plot(**options).axes)


def widths(axis: Any) -> list[float]:
    return [patch.get_width() for patch in axis.patches]


def texts(figure: Figure) -> list[tuple[Text, Any]]:
    """All texts that are seen, with the places that they take."""
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    figure.draw(renderer)
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible() and text.get_text()]
    unseen = unseen_ticks(figure)
    return [(text, text.get_window_extent(renderer)) for text in found if text not in unseen]


def unseen_ticks(figure: Figure) -> set[Text]:
    """Ticks beyond the limits, and ticks that are left over, have texts, too, that nobody sees."""
    unseen = set()
    for axis in figure.axes:
        for one, (low, high) in ((axis.xaxis, axis.get_xlim()), (axis.yaxis, axis.get_ylim())):
            seen = one.get_ticklabels()
            low, high, spare = min(low, high), max(low, high), 1e-6 * abs(high - low)
            for tick in one.majorTicks:
                inside = low - spare <= tick.get_loc() <= high + spare
                unseen |= {label for label in (tick.label1, tick.label2) if label not in seen or not inside}
    return unseen


def test_bars_are_the_weights(excerpt: Explanation) -> None:
    first, second = axes_of(excerpt)
    for axis, label in ((first, 0), (second, 1)):
        np.testing.assert_allclose(widths(axis), list(excerpt.weights(label).values()))
        assert [tick.get_text() for tick in axis.get_yticklabels()] == ["vocals", "drums"]
    assert first.get_xlim() == second.get_xlim()
    assert (first.get_xlabel(), second.get_xlabel()) == ("", "contribution to the score")
    song, about = first.get_title(loc="left").split("\n")
    assert song == "mixture, 0.50–1.50 s"
    full, empty = excerpt.score("sung")
    assert about == f"sung: score {full:.2f}, silence {empty:.2f}"


def test_estimates_have_intervals_and_exact_weights_have_none(segments: Explanation, excerpt: Explanation) -> None:
    axis = axes_of(segments)[0]
    (errors,) = [one for one in axis.containers if type(one).__name__ == "ErrorbarContainer"]
    interval = segments.attribution.interval()
    assert interval is not None
    drawn = np.array([line[:, 0] for line in errors[2][0].get_segments()])
    np.testing.assert_allclose(drawn, np.stack([ends[0] for ends in interval], axis=1))
    assert "95" in axis.get_xlabel()
    assert all(type(one).__name__ != "ErrorbarContainer" for one in axes_of(excerpt)[0].containers)


def test_of_fifty_components_the_heaviest_are_drawn_and_the_others_summed(many: Explanation) -> None:
    axis = axes_of(many)[0]
    weights = np.array(list(many.weights().values()))
    assert len(axis.patches) == MOST_BARS
    np.testing.assert_allclose(sum(widths(axis)), weights.sum())
    np.testing.assert_allclose(widths(axis)[0], weights[np.abs(weights).argmax()])
    names = [tick.get_text() for tick in axis.get_yticklabels()]
    assert names[-1] == "39 others, together"
    assert len(set(names)) == MOST_BARS


def test_units_are_those_of_the_target(excerpt: Explanation) -> None:
    odds = excerpt.with_target("log-odds")
    assert axes_of(odds, label=0)[0].get_xlabel() == "contribution to the log-odds"
    assert "log-odds \N{MINUS SIGN}" in axes_of(odds, label=1)[0].get_title(loc="left")
    assert axes_of(excerpt.attribute("banzhaf"), label=0)[0].get_xlabel() == "Banzhaf value, of the score"


def test_nothing_to_explain_is_drawn_as_nothing() -> None:
    oracle = band(1.0, ("drums",))
    flat = tagger(lambda b: np.full((len(b), 1), -2.0), sr=SR, labels=["flat"], window_s=1.0)
    axis = axes_of(explain(oracle.mixture, flat, factorization=oracle))[0]
    assert widths(axis) == [0.0]
    assert axis.get_xlim()[0] < 0 < axis.get_xlim()[1]


def test_weights_over_time_rise_from_silence_to_the_score(track: TrackExplanation) -> None:
    taggram, below, _ = axes_of(track)
    assert taggram.get_xlim() == below.get_xlim() == (0.0, 3.0)
    tops = [path.vertices[:, 1].max() for area in below.collections for path in area.get_paths()]
    np.testing.assert_allclose(max(tops), track.score("loud")[0].max(), rtol=1e-5)
    assert below.get_xlabel() == "seconds of the recording"


def test_a_window_that_is_filled_up_is_not_in_the_taggram(track: TrackExplanation) -> None:
    assert track.taggram.padded.tolist() == [False, False, False, True]
    mesh = axes_of(track)[0].collections[0]
    assert mesh.get_array().size == 3


def test_what_no_window_was_asked_about_is_empty_in_the_taggram() -> None:
    apart = tagger(lambda b: np.abs(b).mean(axis=1, keepdims=True), sr=SR, labels=["loud"], window_s=1.0, hop_s=1.5)
    oracle = band(4.2)
    found = explain_track(oracle.mixture, apart, factorization=oracle, labels="loud", cache=False)
    mesh = axes_of(found)[0].collections[0]
    assert mesh.get_coordinates()[0, :, 0].tolist() == pytest.approx([0.0, 1.0, 1.5, 2.5, 3.0, 4.0])
    assert np.isnan(np.ma.filled(mesh.get_array(), np.nan))[0].tolist() == [False, True, False, True, False]


def test_weights_of_segments_lie_at_their_seconds(segments: Explanation) -> None:
    axis = axes_of(segments, kind="time")[0]
    assert axis.get_xlim() == (0.5, 2.5)
    assert [patch.get_x() for patch in axis.patches[:4]] == [0.5, 1.0, 1.5, 2.0]
    heights = np.array([-patch.get_height() for patch in axis.patches])
    weights = np.array(list(segments.weights().values()))
    np.testing.assert_allclose(heights / heights.max(), weights / weights.max())


def test_a_tone_lies_at_its_frequency_and_nothing_lies_beyond_the_ends() -> None:
    tone = Audio(np.sin(2 * np.pi * 1000 * np.arange(SR) / SR).astype(np.float32)[None], SR, "tone")
    axis = axes_of(tone)[0]
    assert axis.get_title(loc="left") == "tone"
    image = np.asarray(axis.images[0].get_array())
    _, end_s, low, high = axis.images[0].get_extent()
    step = (high - low) / len(image)
    loudest = low + (image.mean(axis=1).argmax() + 0.5) * step
    ticks = {tick.get_text(): place for tick, place in zip(axis.get_yticklabels(), axis.get_yticks(), strict=True)}
    assert ticks["1"] == hz_to_mel(1000)
    assert abs(loudest - ticks["1"]) < 1.5 * step
    assert (end_s, axis.get_xlim()) == (1.0, (0.0, 1.0))


def test_what_explains_is_in_colour_where_it_sounds(excerpt: Explanation) -> None:
    axis = axes_of(excerpt, kind="spectrogram", label="sung")[0]
    assert axis.get_title(loc="left").endswith("in colour: vocals")
    assert axis.get_xlim() == (0.5, 1.5)
    _, layer = axis.images
    opaque = np.asarray(layer.get_array())[..., 3].mean(axis=1)
    _, _, low, high = layer.get_extent()
    loudest = low + (opaque.argmax() + 0.5) * (high - low) / len(opaque)
    assert abs(loudest - hz_to_mel(HZ["vocals"])) < 1.0
    assert opaque[-1] == 0.0


@pytest.mark.parametrize("whole_track", [False, True])
def test_a_picture_ends_where_the_model_hears_nothing(whole_track: bool) -> None:
    oracle = band(2.0)
    deaf = tagger(lambda b: power(b, HZ["bass"])[:, None], sr=SR // 4, labels=["low"], window_s=1.0)
    asked: Any = explain_track if whole_track else explain
    axis = axes_of(asked(oracle.mixture, deaf, factorization=oracle), kind="spectrogram")[0]
    heard = hz_to_mel(SR / 8)
    band_mel = hz_to_mel(SR / 2) / 97
    assert heard - band_mel < axis.get_ylim()[1] <= heard + 0.5 * band_mel
    shapes = [np.asarray(image.get_array()).shape[:2] for image in axis.images]
    assert len(set(shapes)) == 1
    assert np.max(axis.images[0].get_array()) == 0.0, "0 dB is the loudest band that is drawn"
    assert tuple(axis.images[0].get_extent()[2:]) == axis.get_ylim()


def test_rises_less_falls_lead_from_the_dotted_line_to_the_score() -> None:
    oracle = band()
    torn = tagger(
        lambda b: 0.5 + 0.5 * power(b, HZ["vocals"])[:, None] - power(b, HZ["drums"])[:, None],
        sr=SR,
        labels=["torn"],
        window_s=1.0,
    )
    found = explain_track(oracle.mixture, torn, factorization=oracle, labels="torn", cache=False)
    axis = axes_of(found, kind="time", heatmap=False)[0]
    (silence, score) = [one for one in axis.collections if type(one).__name__ == "LineCollection"]
    dotted, black = (np.array([line[0, 1] for line in one.get_segments()]) for one in (silence, score))
    assert silence.get_linestyle() != score.get_linestyle()
    assert silence.get_zorder() > max(one.get_zorder() for one in axis.collections if one not in (silence, score))
    grey, *areas = [one.get_paths()[0].vertices[:, 1] for one in axis.collections if one not in (silence, score)]
    assert (grey.min(), grey.max()) == (0.0, dotted.max())
    rises = max(area.max() for area in areas) - dotted[0]
    falls = dotted[0] - min(area.min() for area in areas)
    assert min(rises, falls) > 0.05
    assert black[0] == pytest.approx(dotted[0] + rises - falls)
    (legend,) = axis.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["score", "silence", "vocals", "drums"]


@pytest.mark.parametrize("kind", ["time", "bars", "spectrogram"])
def test_a_long_name_of_a_song_is_whole(kind: str) -> None:
    oracle, name = band(2.0), "the_name_of_a_song_which_is_longer_than_any_line_of_a_column_of_a_paper"
    song = Audio(oracle.mixture.samples, SR, name)
    found = explain_track(song, TONES, factorization=oracle, labels=[0], cache=False)
    titles = [axis.get_title(loc="left") for axis in axes_of(found, kind=kind, style="paper")]
    assert any(name in title.replace("\n", "") for title in titles)


def test_where_nothing_is_in_colour_the_title_says_why_as_top_does() -> None:
    oracle = band(1.0, ("drums",))
    found = explain(oracle.mixture, TONES, factorization=oracle, labels=1)
    title = axes_of(found, kind="spectrogram")[0].get_title(loc="left").replace("\n", " ")
    assert "drums is all there is here" in title
    assert found.top().message in title


@pytest.mark.parametrize("height", [1.5, 2.0, 4.0])
def test_numbers_of_kilohertz_do_not_touch(excerpt: Explanation, height: float) -> None:
    figure = plot(excerpt.mixture, figsize=(3.4, height), shown=False)
    boxes = sorted((box for text, box in texts(figure) if text in figure.axes[0].get_yticklabels()), key=lambda b: b.y0)
    assert len(boxes) > 1
    assert all(one.y1 < other.y0 + 0.2 * one.height for one, other in pairwise(boxes))
    shown = {text.get_text() for text in figure.axes[0].get_yticklabels()}
    assert ("0.25" in shown and "0.5" in shown) == (height == 4.0)


@pytest.mark.parametrize("kind", ["bars", "time", "spectrogram"])
def test_a_tracks_title_is_of_the_windows_and_says_that_scores_are_means(track: TrackExplanation, kind: str) -> None:
    titles = [axis.get_title(loc="left") for axis in axes_of(track, kind=kind)]
    (title,) = [title for title in titles if title.startswith("mixture")]
    song, about = title.split("\n")[:2]
    assert song == "mixture, 0.00–3.00 s"
    assert about == f"loud: score {track.mean_score()[0]:.2f} in the mean, silence 0.00"


def test_characters_that_the_font_lacks_are_told_once() -> None:
    odd = band(1.0, ("太鼓", "drums \N{DRUM WITH DRUMSTICKS}"))
    found = explain(odd.mixture, LOUD, factorization=odd)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure = found.plot(style="paper")
        for ending in ("png", "pdf", "svg"):
            figure.savefig(io.BytesIO(), format=ending)
        figure.canvas.draw()
    (message,) = [str(one.message) for one in told]
    assert message.startswith("the font lacks 太 鼓 \N{DRUM WITH DRUMSTICKS}, which")
    assert "plt.rcParams['font.family'] = [" in message
    assert told[0].filename == __file__


def test_names_of_segments_are_whole_and_have_the_recordings_seconds() -> None:
    oracle = band(3.0, ("vocals", "accompaniment"))
    cut = explain(oracle.mixture, TONES, factorization=oracle, labels="sung", start_s=0.5, duration_s=2.0, segments=4)
    names = [tick.get_text() for tick in axes_of(cut, style="paper")[0].get_yticklabels()]
    assert names[3:5] == ["vocals 2.00–2.50 s", "accompaniment 0.50–1.00 s"]
    vocals, drums = oracle.samples[:, 0].copy()
    vocals[: SR // 2], vocals[SR:] = 0.0, 0.0
    short = OracleFactorization({"vocals": (vocals, SR), "drums": (drums, SR)})
    cut = explain(short.mixture, TONES, factorization=short, labels="sung", start_s=0.5, duration_s=2.0, segments=4)
    title = axes_of(cut, kind="spectrogram")[0].get_title(loc="left").replace("\n", " ")
    assert title.startswith("mixture, 0.50–2.50 s")
    assert title.endswith("in colour: vocals 0.50–1.00 s")


def test_names_that_begin_alike_are_told_apart_where_they_are_cut() -> None:
    room = Room(2.0, style_of("paper", own=True))
    cut = room.names(["accompaniment of the whole orchestra 1", "accompaniment of all the singers 12", "drums"])
    assert [name[-2:] for name in cut] == [" 1", "12", "ms"]
    assert all("…" in name for name in cut[:2])


def test_that_two_labels_have_the_same_picture_is_said(track: TrackExplanation) -> None:
    oracle = band(3.5, ("vocals",))
    both = tagger(lambda b: np.repeat(power(b, 250.0), 2).reshape(-1, 2), sr=SR, labels=["one", "two"], window_s=1.0)
    wave = oracle.mixture.samples[0]
    mixed = OracleFactorization({"vocals": (wave, SR), "hum": (0.05 * np.sign(wave), SR)})
    found = explain_track(mixed.mixture, both, factorization=mixed, labels=["one", "two"], cache=False)
    for result in (found, found.at(0)):
        first, second = (axis.get_title(loc="left") for axis in axes_of(result, kind="spectrogram")[:2])
        assert "same picture" not in first
        assert "the same picture as for one" in second.replace("\n", " ")


@pytest.mark.parametrize("own_stems", [False, True])
def test_a_tracks_picture_ends_where_its_title_says(own_stems: bool) -> None:
    oracle = band(3.5)
    if own_stems:
        oracle.scope = "window"
    found = explain_track(oracle.mixture, TONES, factorization=oracle, labels="sung", cache=False)
    axis = axes_of(found, kind="spectrogram")[0]
    assert axis.get_title(loc="left").startswith("mixture, 0.00–3.00 s")
    assert axis.get_xlim() == tuple(axis.images[0].get_extent()[:2]) == (0.0, 3.0)
    assert axis.images[0].get_array().shape[1] == 300


def test_stems_of_windows_that_overlap_lie_at_their_seconds() -> None:
    time = np.arange(3 * SR) / SR
    late = np.where(time > 1.5, 0.3 * np.sin(2 * np.pi * 250 * time), 0.0).astype(np.float32)
    oracle = OracleFactorization({"vocals": (late, SR), "drums": (0.2 * np.sin(12000 * time).astype("f"), SR)})
    oracle.scope = "window"
    half = replace(TONES, hop_s=0.5)
    found = explain_track(oracle.mixture, half, factorization=oracle, labels="sung", cache=False)
    layer = np.asarray(axes_of(found, kind="spectrogram")[0].images[1].get_array())[..., 3]
    loud = layer.max(axis=0) > 0.5
    assert (loud.argmax() / len(loud)) == pytest.approx(0.5, abs=0.02)


def test_means_of_a_track_have_lines_from_the_lowest_to_the_highest_window() -> None:
    time = np.arange(3 * SR) / SR
    rising = (0.1 * (1 + np.floor(time)) * np.sin(2 * np.pi * 250 * time)).astype(np.float32)
    oracle = OracleFactorization({"vocals": (rising, SR), "drums": (0.1 * np.sin(12000 * time).astype("f"), SR)})
    found = explain_track(oracle.mixture, TONES, factorization=oracle, labels="sung", cache=False)
    axis = axes_of(found, kind="bars")[0]
    (lines,) = [one for one in axis.containers if type(one).__name__ == "ErrorbarContainer"]
    ends = np.array([line[:, 0] for line in lines[2][0].get_segments()])
    windows = np.array(list(found.weights("sung").values()))
    assert np.ptp(windows[0]) > 0.1
    np.testing.assert_allclose(ends, np.stack([windows.min(axis=1), windows.max(axis=1)], axis=1), atol=1e-9)
    assert axis.get_xlabel() == "contribution to the score: mean, lowest and highest of 3 windows"


def test_what_stands_around_data_can_be_left_out(track: TrackExplanation, excerpt: Explanation) -> None:
    with_all = track.plot(kind="time")
    without = track.plot(kind="time", title=False, legend=False, colorbar=False, heatmap=False)
    assert (len(with_all.axes), len(without.axes)) == (3, 1)
    assert (len(with_all.legends), len(without.legends)) == (1, 0)
    assert without.axes[0].get_title(loc="left") == ""
    assert without.get_figheight() < with_all.get_figheight() - 1.0
    assert track.plot(kind="time", heatmap=False).axes[0].get_title(loc="left").startswith("mixture, 0.00–3.00 s")
    assert len(axes_of(excerpt, kind="spectrogram", label=0, colorbar=False)) == 1


def test_a_picture_is_kept_as_it_is_in_a_pdf(excerpt: Explanation) -> None:
    mine = Figure(figsize=(3.4, 2.0), layout="constrained")
    excerpt.plot(kind="spectrogram", label=0, ax=mine.subplots())
    kept = io.BytesIO()
    mine.savefig(kept, format="pdf")
    n_bands, n_columns = np.asarray(mine.axes[0].images[0].get_array()).shape
    assert f"/Width {n_columns}".encode() in kept.getvalue()
    assert f"/Height {n_bands}".encode() in kept.getvalue()


def test_borders_of_segments_are_drawn(segments: Explanation) -> None:
    lines = axes_of(segments, kind="spectrogram")[0].lines
    assert [line.get_xdata()[0] for line in lines] == [1.0, 1.5, 2.0]


def test_an_audits_rates_lie_beside_their_limit(audit: Results) -> None:
    put, _ = conclude(audit)
    axis = axes_of(audit, label="class 0")[0]
    mine = {one.component: one for one in put if one.label == "class 0"}
    (shown,) = [one for one in mine.values() if one.is_finding]
    assert shown.rate is not None
    assert shown.rate.rate is not None
    assert axis.get_yticklabels()[0].get_text() == f"class 0 by {shown.component}"
    assert [text.get_text() for text in axis.texts][:2] == ["shown: depends on", "ruled out"]
    points = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "s"]
    assert points == [100 * shown.rate.rate]
    assert 100 * shown.limit.share in [line.get_xdata()[0] for line in axis.lines]


def test_a_training_is_drawn_with_chance_and_the_weights_that_are_kept() -> None:
    recall, loss = axes_of(TRAINING)
    curve, kept, chance = recall.lines
    assert ([*curve.get_xdata()], [*curve.get_ydata()]) == ([0, 50, 100, 150], [10, 40, 60, 50])
    assert ([*kept.get_xdata()], [*kept.get_ydata()]) == ([100], [60])
    assert [*chance.get_ydata()] == [10, 10]
    assert [*loss.lines[0].get_xdata()] == [50, 100, 150]
    with pytest.raises(UsageError, match="a training has no labels"):
        TRAINING.plot("rock")


def test_why_two_songs_are_near_is_drawn_as_it_is_told(results: dict[str, Any]) -> None:
    found = results["why"]
    np.testing.assert_allclose(widths(axes_of(found)[0]), [found.silence, *found.weights.values()])
    np.testing.assert_allclose(axes_of(found, kind="matrix")[0].images[0].get_array(), found.matrices[0].cells)
    similar_songs = results["similar"]
    drawn = axes_of(similar_songs)
    np.testing.assert_allclose(widths(drawn[0]), list(similar_songs.rows[0].contributions.values()))
    with pytest.raises(UsageError, match="both songs need some"):
        similar_songs.plot(kind="matrix")


def test_a_map_is_drawn_beside_noise_with_its_groups_and_what_is_marked(results: dict[str, Any]) -> None:
    found = results["map"]
    shown, noise = axes_of(found)
    *groups, query = shown.collections
    assert {len(group.get_offsets()) for group in groups} == {20}
    np.testing.assert_allclose(np.concatenate([group.get_offsets() for group in groups]), found.layout.positions)
    np.testing.assert_allclose(query.get_offsets(), found.layout.positions[[3]])
    np.testing.assert_allclose(noise.collections[0].get_offsets(), found.noise.positions)
    lines = axes_of(found, kind="movement")[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), found.layout.movement.moves)
    rows = np.asarray(axes_of(found, kind="matrix")[0].images[0].get_array())
    assert rows.shape == (60, 12)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0)
    both = axes_of(replace(found, marked={"query": (3,), "candidates": (3, 5)}))[0].collections[-2:]
    assert [one.get_offsets().tolist() for one in both] == [found.layout.positions[[at]].tolist() for at in (3, 5)]


@pytest.mark.parametrize("style", ["screen", "paper"])
@pytest.mark.parametrize(("name", "kind"), ALL)
def test_no_text_is_cut_and_no_names_overlap(results: dict[str, Any], name: str, kind: str, style: str) -> None:
    figure = plot(results[name], kind=kind, style=style, shown=False)
    assert figure.get_figwidth() == (3.4 if style == "paper" else 7.0)
    found = texts(figure)
    assert {text.get_fontsize() for text, _ in found} == {8.0 if style == "paper" else 10.0}
    spare = 0.02 * figure.dpi
    for text, box in found:
        assert box.x0 > -spare, text
        assert box.y0 > -spare, text
        assert box.x1 < figure.bbox.x1 + spare, text
        assert box.y1 < figure.bbox.y1 + spare, text
    boxes = [box for _, box in found]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            along = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(across, along) < 0.25 * float(found[i][0].get_fontsize()) * figure.dpi / 72, found[i][0]


@pytest.mark.parametrize("mark", [",", ":", ";"])
def test_a_line_of_a_title_begins_with_no_mark(mark: str) -> None:
    room = Room(2.0, style_of("paper", own=True))
    title = room.title(("a name that takes the whole line", f"{mark} all cells: 0.52"), bar=True)
    assert title.splitlines()[-1] == "all cells: 0.52"


def test_a_text_that_is_cut_would_be_seen(excerpt: Explanation) -> None:
    figure = excerpt.plot(style="paper")
    figure.axes[0].set_title("long " * 40, loc="left")
    figure.set_layout_engine("none")
    assert max(box.x1 for _, box in texts(figure)) > figure.bbox.x1


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_no_setting_of_matplotlib_is_changed(results: dict[str, Any], name: str, kind: str) -> None:
    before = dict.copy(MPL.rcParams)  # `rcParams.items()` would choose a backend
    plot(results[name], kind=kind, style="paper", shown=False).savefig(io.BytesIO(), format="pdf")
    assert dict.copy(MPL.rcParams) == before


def test_fonts_are_embedded_whole_by_the_users_own_savefig(excerpt: Explanation, tmp_path: Path) -> None:
    figure, plain = excerpt.plot(style="paper"), Figure()
    plain.subplots()
    with MPL.rc_context({"pdf.fonttype": 3, "ps.fonttype": 3}):
        for one, kept in ((figure, False), (plain, True)):
            one.savefig(tmp_path / "f.pdf")
            assert (b"/Type3" in (tmp_path / "f.pdf").read_bytes()) == kept
            one.savefig(tmp_path / "f.ps")
            assert (b"/FontType 42" in (tmp_path / "f.ps").read_bytes()) != kept
            canvas: Any = one.canvas
            canvas.print_figure(tmp_path / "printed.pdf")
            assert (b"/Type3" in (tmp_path / "printed.pdf").read_bytes()) == kept


@pytest.mark.parametrize("fonttype", [3, 42])
def test_in_pdf_pages_the_users_setting_chooses_the_fonts(excerpt: Explanation, tmp_path: Path, fonttype: int) -> None:
    with MPL.rc_context({"pdf.fonttype": fonttype}), PdfPages(tmp_path / "f.pdf") as pages:
        pages.savefig(excerpt.plot(style="paper"))
    assert (b"/Type3" in (tmp_path / "f.pdf").read_bytes()) == (fonttype == 3)


def test_a_dark_theme_with_large_type_leaves_a_figure_as_it_is(excerpt: Explanation) -> None:
    def picture(**settings: Any) -> Any:
        with MPL.rc_context(settings):
            figure = excerpt.plot()
            canvas: Any = FigureCanvasAgg(figure)
            canvas.draw()
            return np.asarray(canvas.buffer_rgba())

    dark = {"figure.facecolor": "black", "axes.facecolor": "black", "text.color": "white", "xtick.color": "white"}
    found = picture(**dark, **{"font.size": 20.0, "xtick.labelsize": 20.0, "axes.grid": True, "text.usetex": True})
    np.testing.assert_array_equal(found, picture())
    assert found[0, 0].tolist() == [255, 255, 255, 255]


def test_it_draws_into_the_users_axes_and_returns_their_figure(excerpt: Explanation, track: TrackExplanation) -> None:
    mine = Figure(figsize=(8, 4))
    axes: Any = mine.subplots(2, 2)
    assert excerpt.plot(label=0, ax=axes[0, 0]) is mine
    assert excerpt.plot(ax=axes[:, 1]) is mine
    np.testing.assert_allclose(widths(axes[1, 1]), list(excerpt.weights(1).values()))
    assert axes[1, 1].get_xlim() == axes[0, 1].get_xlim()
    assert track.plot(ax=axes[1, 0]) is mine
    assert axes[1, 0].get_ylabel() == "score"
    assert len(mine.axes) == 4
    half: Any = Figure().subfigures(1, 2)
    assert excerpt.plot(0, ax=half[0].subplots()) is half[0].canvas.figure


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pie"}, "kind='pie' is no figure of this Explanation; it has: bars, spectrogram, time"),
        ({"kind": "time"}, "explain with segments=6"),
        ({"label": "sing"}, "unknown label 'sing'; did you mean 'sung'"),
        ({"label": 0, "labels": [1]}, "give one of the two"),
        ({"labels": []}, "labels is empty"),
        ({"figsize": (7, float("nan"))}, "figsize is a width, or a width and a height, in inches"),
        ({"figsize": "large"}, "not 'large'"),
        ({"figsize": (3, 4, 5)}, r"not \(3, 4, 5\)"),
        ({"figsize": -3}, "from 2 wide"),
        ({"figsize": 1}, "from 2 wide, to be read, and 0.5 high to 100; not 1"),
        ({"figsize": (3,)}, r"not \(3,\)"),
        ({"figsize": 3, "ax": "axes"}, "figsize is for a new figure"),
        ({"ax": "axes"}, "2 labels to draw and 1 axes given"),
        ({"ax": 7}, r"as plt\.subplots\(\) gives them, or None; not int"),
        ({"style": "papers"}, "unknown style 'papers'; did you mean 'paper'"),
    ],
)
def test_what_cannot_be_drawn_is_said(excerpt: Explanation, options: dict[str, Any], message: str) -> None:
    if options.get("ax") == "axes":
        options = {**options, "ax": Figure().subplots()}
    with pytest.raises(UsageError, match=message):
        excerpt.plot(**options)


def test_a_width_alone_keeps_the_height_of_the_content(excerpt: Explanation) -> None:
    assert excerpt.plot(style="paper", figsize=7).get_size_inches().tolist()[0] == 7.0
    assert excerpt.plot(figsize=(5, 2)).get_size_inches().tolist() == [5.0, 2.0]
    assert excerpt.plot().get_figheight() > excerpt.plot(label=0).get_figheight()


def test_a_figure_that_cannot_be_written_is_said(excerpt: Explanation, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_figure(excerpt, tmp_path / "nowhere" / "f.pdf")
    with pytest.raises(UsageError, match=r"ends in \.png, \.pdf or \.svg"):
        write_figure(excerpt, tmp_path / "f.docx")
    assert write_figure(excerpt, tmp_path / "f.svg").read_bytes().startswith(b"<?xml")


def test_explain_writes_a_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    command = ["explain", "song.wav", "-f", "hpss", "-m", "studio_models:windowed"]
    assert main([*command, "--figure", "f.pdf"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "figure: f.pdf"
    assert main([*command, "--track", "--figure", "t.svg", "--no-cache", "--json"]) == 0
    assert '"figure": "t.svg"' in capsys.readouterr().out
    assert Path("f.pdf").read_bytes().startswith(b"%PDF")
    assert Path("t.svg").read_bytes().startswith(b"<?xml")
    for wrong, said in (
        (["--figure", "f.docx"], "ends in .png, .pdf or .svg"),
        (["other.wav", "--figure", "f.pdf"], "--figure draws one recording, and 2 are given"),
        (["--kind", "bars"], "name its file with --figure FILE"),
        (["--figure", "f.pdf", "--kind", "time"], "add --segments"),
    ):
        assert (
            main(
                [
                    *command[:2],
                    *(word for word in wrong if word.endswith(".wav")),
                    *command[2:],
                    *(word for word in wrong if not word.endswith(".wav")),
                ]
            )
            == 2
        )
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["$$", r"a $\frac$", "\ud800", "\x1b[2J", "_under"])
def test_a_name_is_drawn_whatever_it_is(tmp_path: Path, name: str) -> None:
    plot_top_tags([(name, name), ("Jazz", "jazz")], tmp_path / "figure.svg")
    hiss = np.random.default_rng(0).normal(0, 0.1, SR).astype(np.float32)
    odd = OracleFactorization({name: (hiss, SR), "drums": (0.5 * hiss, SR)})
    track = explain_track(odd.mixture, LOUD, factorization=odd, cache=False)
    for figure in (track.plot(), track.open_window(0).plot(), track.plot(kind="spectrogram")):
        figure.savefig(tmp_path / "figure.pdf")
