"""Maps of relevance as figures: what is red, what is blue, and where it lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.report.figures.figure import plot
from audiolime_ext.report.figures.relevance import limit_of
from tests.gradients.networks import SR, Network, linear, one_place

mpl.use("Agg")


@pytest.fixture(scope="module")
def found() -> Relevance:
    """Low bands for it, high ones against it, of three seconds of noise."""
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 3 * SR)).astype(np.float32), SR, "noise")
    weights = one_place(slice(None), slice(0, 8)) - one_place(slice(None), slice(24, 32))
    return relevance(noise, Network(linear(weights), labels=["low"]), near=0)


def test_what_is_for_the_value_is_red_and_what_is_against_it_blue(found: Relevance) -> None:
    figure = plot(found, shown=False)
    _, shades = figure.axes[0].images
    drawn = np.asarray(shades.get_array())
    assert drawn.shape == (32, len(found.values), 4)
    reds, blues, seen = drawn[..., 0], drawn[..., 2], drawn[..., 3] > 0
    assert (reds >= blues)[:8][seen[:8]].all()
    assert (blues >= reds)[24:][seen[24:]].all()
    assert seen.any(axis=1).tolist() == [True] * 8 + [False] * 16 + [True] * 8
    assert figure.axes[0].get_xlim() == pytest.approx((found.times_s[0] - 0.008, found.times_s[-1] + 0.008))
    assert figure.axes[0].get_ylabel() == "kHz"


def test_one_in_two_hundred_cells_lies_beyond_the_scale(found: Relevance) -> None:
    sizes = np.abs(found.values[found.values != 0])
    assert (sizes > limit_of(found)).mean() == pytest.approx(0.005, abs=5e-4)
    assert limit_of(replace(found, values=np.zeros_like(found.values))) == 1


def test_without_the_recording_or_frequencies_there_is_the_map_alone(found: Relevance) -> None:
    for plain in (replace(found, audio=None), replace(found, bands_hz=None, top_hz=None)):
        axis = plot(plain, shown=False).axes[0]
        assert len(axis.images) == 1
        assert axis.get_ylabel() == "band"


def test_bars_are_the_bands_means_with_their_intervals(found: Relevance) -> None:
    axis: Any = plot(found, kind="bands", shown=False).axes[0]
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([band.mean for band in found.bands()])
    (lines,) = axis.collections
    ends = np.array([[band.low or 0.0, band.high or 0.0] for band in found.bands()])
    assert np.array([path.vertices[:, 1] for path in lines.get_paths()]) == pytest.approx(ends)
    assert axis.get_xlabel() == "kHz"
    assert found.bands_hz is not None
    for place, text in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True):
        hz = 1000 * float(text.get_text())
        assert abs(found.bands_hz[round(place)] - hz) == pytest.approx(np.abs(found.bands_hz - hz).min())
    numbered: Any = plot(replace(found, bands_hz=None, top_hz=None), kind="bands", shown=False).axes[0]
    assert [path.vertices.tolist() for path in numbered.collections[0].get_paths()] == [
        path.vertices.tolist() for path in lines.get_paths()
    ]
    assert numbered.get_xlabel() == "band"
    one = replace(found, windows=found.windows[:1], per_window=found.per_window[:1], bands_hz=None, top_hz=None)
    alone = plot(one, kind="bands", shown=False).axes[0]
    assert not alone.collections
    assert alone.get_xlabel() == "band"


def test_what_is_not_there_is_refused(found: Relevance) -> None:
    with pytest.raises(UsageError, match="this is of 'low' alone"):
        plot(found, labels=["high"], shown=False)
    none = replace(found, windows=tuple(replace(one, abstained=True) for one in found.windows))
    with pytest.raises(UsageError, match="no window is explained, so bands have no sums"):
        plot(none, kind="bands", shown=False)
