"""In the user's axes panels have one scale, and what stands around data covers nothing and is not cut."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from audiolime_ext import TrackExplanation, explain, explain_track
from tests.report.figures.test_figure import TONES, band, texts

pytestmark = pytest.mark.filterwarnings("ignore:there is too little room")  # see `test_fits`


@pytest.fixture(scope="module")
def track() -> TrackExplanation:
    oracle = band(3.5)
    return explain_track(oracle.mixture, TONES, factorization=oracle, labels=[0, 1], cache=False)


def into(result: Any, rows: int, columns: int, **options: Any) -> tuple[Figure, list[Any]]:
    """A figure of 640 × 480 pixels, and its axes, that a result is drawn into."""
    figure = Figure(figsize=(6.4, 4.8), layout=options.pop("layout", None))
    axes: Any = figure.subplots(rows, columns)
    result.plot(ax=axes, **options)
    return figure, list(np.ravel(axes))


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (1, 2)])
def test_weights_over_time_have_one_scale(track: TrackExplanation, shape: tuple[int, int], layout: Any) -> None:
    _, axes = into(track, *shape, kind="time", layout=layout)
    assert axes[-1].get_ylim() == axes[-2].get_ylim()
    assert axes[-1].get_ylim()[1] > track.score("sung")[0].max()


def test_weights_of_segments_have_one_scale() -> None:
    oracle = band()
    cut = explain(oracle.mixture, TONES, factorization=oracle, labels=[0, 1], duration_s=2.0, segments=2)
    _, axes = into(cut, 2, 1, kind="time")
    weights = [cut.attribution.weights[column] for column in (0, 1)]
    largest = [max(abs(patch.get_height()) for patch in axis.patches) for axis in axes]
    np.testing.assert_allclose(largest[0] / largest[1], np.abs(weights[0]).max() / np.abs(weights[1]).max())


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (1, 2)])
def test_the_legend_covers_no_data(track: TrackExplanation, shape: tuple[int, int]) -> None:
    figure, axes = into(track, *shape, kind="time")
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    box = axes[-1].get_legend().get_window_extent(canvas.get_renderer())
    highest = max(axis.transData.transform((0, track.score("sung")[0].max()))[1] for axis in axes[-1:])
    assert highest < box.y0
    assert box.y1 <= axes[-1].get_window_extent().y1


@pytest.mark.parametrize("kind", ["time", "bars", "spectrogram"])
@pytest.mark.parametrize("shape", [(2, 1), (1, 2)])
def test_titles_are_whole(track: TrackExplanation, kind: str, shape: tuple[int, int]) -> None:
    figure, axes = into(track, *shape, kind=kind)
    found = {text.get_text(): box for text, box in texts(figure)}
    for axis in axes:
        title = axis.get_title(loc="left")
        assert found[title].y1 <= 480
        assert found[title].x1 <= 640
        assert "silence 0.00" in title.replace("\n", " ")
    first, second = (found[axis.get_title(loc="left")] for axis in axes)
    assert min(first.x1, second.x1) < max(first.x0, second.x0) or second.y1 < axes[0].get_window_extent().y0


def test_in_a_column_the_seconds_stand_below_the_last_axes_only(track: TrackExplanation) -> None:
    _, axes = into(track, 3, 1, kind="time")
    assert [axis.get_xlabel() for axis in axes] == ["", "", "seconds of the recording"]
    _, axes = into(track, 1, 2, kind="time")
    assert all(axis.get_xlabel().startswith("seconds") for axis in axes)


def test_titles_stay_whole_where_the_user_lays_the_figure_out_afterwards(track: TrackExplanation) -> None:
    figure, axes = into(track, 1, 3, kind="time")
    FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.tight_layout()
    found = {text.get_text(): box for text, box in texts(figure)}
    assert max(found[axis.get_title(loc="left")].y1 for axis in axes) <= 481
    assert len(pickle.dumps(figure)) > 0


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_the_legend_is_below_the_last_axes_where_there_is_a_layout(track: TrackExplanation, layout: Any) -> None:
    figure, axes = into(track, 1, 2, kind="time", layout=layout)
    figure.draw_without_rendering()
    legend, below = axes[-1].get_legend(), axes[-1].xaxis.label
    assert [text.get_text() for text in legend.get_texts()] == ["score", "silence", "vocals", "drums"]
    assert (legend.get_window_extent().y1 < below.get_window_extent().y0 + 1) == (layout is not None)
    assert legend.get_window_extent().y0 >= 0
    assert axes[-1].get_window_extent().width > 0.3 * figure.bbox.width
    assert max(axes[-1].get_yticks()) <= track.score("sung")[0].max() + 0.1
    legend.remove()
    _, axes = into(track, 1, 2, kind="time", layout=layout, legend=False)
    assert axes[-1].get_legend() is None


def test_a_style_that_is_named_gives_type_and_lines_to_the_users_axes(track: TrackExplanation) -> None:
    figure, axes = into(track, 2, 1, kind="time", layout="constrained", style="paper")
    assert {text.get_fontsize() for text, _ in texts(figure)} == {8.0}
    assert {spine.get_linewidth() for axis in axes for spine in axis.spines.values()} == {0.5}
    plain, _ = into(track, 2, 1, kind="time", layout="constrained")
    assert {text.get_fontsize() for text, _ in texts(plain)} == {10.0}


def test_areas_are_hatched_in_the_users_axes_too(track: TrackExplanation) -> None:
    for options, hatched in (({"style": "screen"}, False), ({"style": "paper"}, True), ({}, True)):
        _, axes = into(track, 2, 1, kind="time", **options)
        assert any(area.get_hatch() for area in axes[-1].collections if hasattr(area, "get_hatch")) == hatched
