"""What has too little room is said once, with what to do; what has room is drawn without a word."""

from __future__ import annotations

import warnings
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from audiolime_ext import Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.report.figures.fits import LEAST_HIGH_IN, LEAST_WIDE_IN
from tests.cli.test_commands import SR
from tests.report.figures.test_figure import HZ, TONES, band, power

MPL: Any = matplotlib  # its types name all settings


@pytest.fixture(scope="module")
def track() -> TrackExplanation:
    oracle = band(3.5, ("vocals", "accompaniment"))
    return explain_track(oracle.mixture, TONES, factorization=oracle, labels=[0], cache=False)


@pytest.fixture(scope="module")
def excerpt() -> Explanation:
    oracle = band(1.0)
    return explain(oracle.mixture, TONES, factorization=oracle, labels=[0])


def column(excerpt: Explanation, track: TrackExplanation, size: tuple[float, float], **options: Any) -> list[Any]:
    """A spectrogram above weights over time, as in a column of a paper: the axes, laid out."""
    figure = Figure(figsize=size, layout="constrained")
    axes: Any = figure.subplots(2, 1)
    excerpt.plot(kind="spectrogram", ax=axes[0], **options)
    track.plot(kind="time", ax=axes[1], **options)
    figure.draw_without_rendering()
    return list(axes)


@pytest.mark.parametrize("points", [8.0, 10.0])
def test_a_column_of_a_paper_has_room_for_two_figures(
    excerpt: Explanation, track: TrackExplanation, points: float
) -> None:
    with MPL.rc_context({"font.size": points}), warnings.catch_warnings():
        warnings.simplefilter("error")
        axes = column(excerpt, track, (3.4, 4.0))
    for axis in axes:
        box = axis.get_window_extent()
        assert box.width > 0.55 * axis.figure.bbox.width
        assert box.height > 0.12 * axis.figure.bbox.height
    legend = axes[1].get_legend().get_window_extent()
    assert legend.x1 <= axes[1].figure.bbox.x1
    assert 0 <= legend.y0 < legend.y1 < axes[1].xaxis.label.get_window_extent().y0 + 1


def test_what_does_not_fit_is_said_once_with_what_to_do(excerpt: Explanation, track: TrackExplanation) -> None:
    with pytest.warns(UserWarning, match="too little room") as told:
        column(excerpt, track, (3.4, 1.8), style="paper")
    ours = [one for one in told if str(one.message).startswith("there is too little room")]
    assert ["a title is higher" in str(one.message) for one in ours] == [True, False], "one a plot"
    assert "no room is left for data" in str(ours[1].message)
    assert "title=False, legend=False, colorbar=False, heatmap=False" in str(ours[1].message)
    assert ours[1].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        axes = column(excerpt, track, (3.4, 2.2), style="paper", title=False, legend=False, colorbar=False)
    assert min(axis.get_window_extent().height for axis in axes) > LEAST_HIGH_IN * axes[0].figure.dpi


def test_names_that_lie_over_each_other_are_said(track: TrackExplanation) -> None:
    oracle = band(1.0, [f"source {number}" for number in range(8)])
    many = explain(oracle.mixture, TONES, factorization=oracle, labels=[0])
    with pytest.warns(UserWarning, match="names beside an axis lie over each other"):
        many.plot(style="paper", figsize=(3.4, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        many.plot(style="paper", figsize=(3.4, 2.0))
        track.plot(kind="time", style="paper", figsize=(3.4, 1.7), heatmap=False)


def test_room_that_a_later_figure_takes_from_an_earlier_one_is_said(excerpt: Explanation) -> None:
    labels = ["guitar", "drums", "vocals", "energetic", "singing", "calm"]
    oracle = band(3.5)
    model = tagger(lambda b: np.repeat(power(b, HZ["vocals"])[:, None], 6, axis=1), sr=SR, labels=labels, window_s=1.0)
    track = explain_track(oracle.mixture, model, factorization=oracle, labels=["guitar"], cache=False)
    with MPL.rc_context({"font.size": 8}):
        figure = Figure(figsize=(3.4, 3.9), layout="constrained")
        axes: Any = figure.subplots(3, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            track.plot(kind="time", ax=axes[:2])
        with pytest.warns(UserWarning, match="names beside an axis lie over each other"):
            excerpt.plot(kind="spectrogram", ax=axes[2])


@pytest.mark.parametrize(("height", "said"), [(1.7, True), (4.5, False)])
def test_a_title_that_is_much_higher_than_its_data_is_said(excerpt: Explanation, height: float, said: bool) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure = Figure(figsize=(3.4, height), layout="constrained")
        excerpt.plot(kind="spectrogram", style="paper", ax=figure.subplots(2, 1)[0])
    assert any("a title is higher than the data below it" in str(one.message) for one in told) is said


def test_a_figure_that_is_as_high_as_needed_has_room_for_its_title() -> None:
    oracle = band(1.0, ("drums",))
    found = explain(oracle.mixture, TONES, factorization=oracle, labels=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.plot(style="paper", figsize=3.4)


def test_a_text_beyond_the_figure_or_over_other_axes_is_said(excerpt: Explanation) -> None:
    figure = Figure(figsize=(3.4, 4.0))
    axes: Any = figure.subplots(2, 1)
    figure.subplots_adjust(left=0.02)
    with pytest.warns(UserWarning, match=r"lies over other axes; 'kHz' is cut"):
        excerpt.plot(kind="spectrogram", ax=axes[0])


def test_narrow_axes_are_said(excerpt: Explanation) -> None:
    figure = Figure(figsize=(4.0, 3.0))
    axis: Any = figure.add_axes((0.4, 0.3, 0.9 * LEAST_WIDE_IN / 4.0, 0.5))
    with pytest.warns(UserWarning, match=r"0\.6 × 1\.5 inches are left for data"):
        excerpt.plot(ax=axis, title=False)
