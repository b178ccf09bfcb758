"""A map on the grid of the player's spectrogram: sums are kept, places are right, and what is said is what is there."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from audiolime_ext import Audio
from audiolime_ext.audio.spectrogram import hz_to_mel
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.report.player.layer import (
    AGAINST,
    FOR,
    NOT_EXPLAINED,
    WITHIN,
    band_edges,
    frame_edges,
    layer_of,
    map_png,
    mel_to_khz,
    rebinned,
    row_edges,
    said_of,
    unexplained,
)
from audiolime_ext.report.player.pictures import N_MELS
from audiolime_ext.report.player.player import stem_colors
from tests.gradients.networks import SR, Network, linear, one_place
from tests.report.player.test_palette import DARK, SEEN_BY, contrast, nearest

NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 4 * SR)).astype(np.float32), SR, "noise")
EVERY = Network(linear(one_place(slice(None), slice(None))), labels=["loud"])
FOUND = relevance(NOISE, EVERY)
GRID: dict[str, Any] = {"start_s": 0.0, "duration_s": 4.0, "sr": SR, "n_columns": 400}


def filled(values: Any, **changes: Any) -> Relevance:
    per_window = np.array([values[FOUND.frames_of(i)].sum(axis=0) for i in range(len(FOUND.windows))])
    return replace(FOUND, values=values, per_window=per_window, **changes)


def random_map(seed: int = 0) -> Relevance:
    return filled(np.random.default_rng(seed).normal(size=FOUND.values.shape))


def drawn(found: Relevance, sr: int = SR, columns: int = 400) -> Any:
    in_time = rebinned(found.values, frame_edges(found), np.linspace(0, 4, columns + 1))
    return rebinned(in_time, band_edges(found), row_edges(sr), axis=1)


def pixels(found: Relevance, **changes: Any) -> Any:
    """Red, green, blue and opacity, shape (n_columns, n_rows, 4), low rows first."""
    image = Image.open(io.BytesIO(layer_of(found, **{**GRID, **changes}).picture)).convert("RGBA")
    return np.asarray(image)[::-1].transpose(1, 0, 2)


# Sums on another grid.


def test_a_density_is_divided_as_its_integral_says() -> None:
    """Of a density that rises evenly, cells between a and b hold (b² − a²) / 2; cells of 1 hold i + 1/2."""
    edges = np.arange(101.0)
    cells = np.arange(0.5, 100.0)
    to = np.arange(0.0, 101.0, 4.0)
    assert rebinned(cells, edges, to) == pytest.approx((to[1:] ** 2 - to[:-1] ** 2) / 2)


def test_a_cell_is_divided_by_what_new_cells_share_with_it() -> None:
    found = rebinned(np.array([[6.0], [0.0], [-3.0]]), np.array([0.0, 3.0, 4.0, 7.0]), np.array([1.0, 2.0, 3.5, 6.0]))
    assert found[:, 0] == pytest.approx([2, 2, -2])


@pytest.mark.parametrize("columns", [1, 37, 400, 1000])
@pytest.mark.parametrize("sr", [SR, 16000, 44100, 48000])
def test_the_picture_sums_to_what_the_map_sums_to(columns: int, sr: int) -> None:
    found = random_map()
    picture = drawn(found, sr, columns)
    assert picture.shape == (columns, N_MELS)
    assert picture.sum() == pytest.approx(found.values.sum(), abs=1e-9)
    top = int(np.searchsorted(row_edges(sr), hz_to_mel(SR / 2)))
    assert np.abs(picture[:, top:]).max(initial=0) == 0, "above what the model hears there is nothing"


def test_a_sum_over_half_of_the_time_is_kept_too() -> None:
    found = random_map()
    middle = round((2 - found.times_s[0]) / found.step_s + 0.5)
    share = drawn(found)[:200].sum()
    exact = rebinned(found.values.sum(axis=1), frame_edges(found), np.array([0.0, 2.0]))[0]
    assert share == pytest.approx(exact)
    assert abs(share - found.values[:middle].sum()) < np.abs(found.values[middle - 1 : middle + 1].sum(axis=1)).sum()


def test_what_is_nothing_stays_nothing_to_the_last_bit() -> None:
    values = np.zeros_like(FOUND.values)
    values[10, 5], values[40, 20] = 1e9, -1e9
    assert (drawn(filled(values)) != 0).sum() < 40


def test_relevance_above_the_recordings_own_rate_is_not_drawn_and_is_told() -> None:
    values = np.ones_like(FOUND.values)
    layer = layer_of(filled(values), **{**GRID, "sr": 4000})
    edges = band_edges(FOUND)
    beyond = (edges[-1] - hz_to_mel(2000)) / (edges[-1] - edges[0])
    told = f"{100 * beyond:.0f} % of the relevance lies above 2 kHz, where this recording ends, and is not drawn"
    assert layer.notes == (told,)
    assert layer_of(filled(values), **GRID).notes == ()


def test_bands_meet_half_way_and_the_highest_ends_below_half_of_the_rate() -> None:
    khz = mel_to_khz(band_edges(FOUND))
    assert FOUND.bands_hz is not None
    assert ((khz[:-1] < FOUND.bands_hz / 1000) & (FOUND.bands_hz / 1000 < khz[1:])).all()
    step = hz_to_mel(SR / 2) / 33
    assert band_edges(FOUND) == pytest.approx(step * (np.arange(33) + 0.5))
    assert mel_to_khz(np.array([0.0, 15.0, 42.0])) == pytest.approx([0, 1, 6.4], abs=1e-3)


def test_a_map_without_frequencies_has_no_place() -> None:
    with pytest.raises(UsageError, match="the front end does not say which frequencies its bands are"):
        layer_of(replace(FOUND, bands_hz=None, top_hz=None), **GRID)


# The picture.


def test_a_click_and_a_band_lie_where_they_sound() -> None:
    values = np.zeros_like(FOUND.values)
    frame = int(np.argmin(np.abs(FOUND.times_s - 2.5)))
    values[frame, 10], values[frame, 25] = 1.0, -1.0
    seen = pixels(filled(values), sr=16000)
    columns, rows = np.nonzero(seen[..., 3])
    assert columns / 100 + 0.005 == pytest.approx(np.full(len(columns), 2.5), abs=0.03)
    centres = (row_edges(16000)[:-1] + row_edges(16000)[1:]) / 2
    assert FOUND.bands_hz is not None
    for band, colour in ((10, FOR), (25, AGAINST)):
        inside = np.abs(centres[rows] - hz_to_mel(float(FOUND.bands_hz[band]))) < 1.0
        assert inside.any()
        shown = {
            "#{:02X}{:02X}{:02X}".format(*seen[c, r, :3]) for c, r in zip(columns[inside], rows[inside], strict=True)
        }
        assert shown == {colour}


def test_colour_is_full_for_one_in_two_hundred_and_elsewhere_the_square_root() -> None:
    sizes = np.arange(1, 1001, dtype=float).reshape(100, 10)
    image = Image.open(io.BytesIO(map_png(sizes))).convert("RGBA")
    opacity = np.asarray(image)[::-1, :, 3].T
    limit = np.percentile(sizes, WITHIN)
    assert opacity == pytest.approx(255 * np.sqrt(np.minimum(1, sizes / limit)), abs=1.6)
    assert (sizes >= limit).sum() == 5
    assert (opacity[sizes >= limit] == 255).all()
    assert (np.asarray(Image.open(io.BytesIO(map_png(np.zeros((9, 9))))).convert("RGBA"))[..., 3] == 0).all()


@pytest.mark.parametrize("seen_by", SEEN_BY)
def test_for_and_against_are_told_apart_by_any_eye(seen_by: str) -> None:
    assert nearest([FOR, AGAINST], seen_by) > 25


def test_both_are_seen_on_what_is_dark_and_the_style_sheets_have_the_same() -> None:
    assert min(contrast(one, ground) for one in (FOR, AGAINST) for ground in ("#000004", DARK)) > 7
    from audiolime_ext.report.templating import static

    style = static("player/player.css")
    assert re.findall(r"--(?:for|against): (#\w+)", style) == [FOR.lower(), AGAINST.lower()]
    page = static("song/page.css")
    assert re.findall(r"\.key-(?:for|against) { fill: (#\w+)", page) == [FOR.lower(), AGAINST.lower()]
    assert not {FOR, AGAINST} & set(stem_colors(["vocals", "drums", "bass", "other"]))


# What is not explained.


def test_windows_that_are_not_explained_are_gaps_and_no_relevance_of_zero() -> None:
    windows = tuple(replace(one, abstained=i in (1, 2)) for i, one in enumerate(FOUND.windows))
    assert unexplained(FOUND, 0.0, 4.0) == ()
    assert unexplained(replace(FOUND, windows=windows), 0.0, 4.0) == ((1.0, 3.0),)
    assert unexplained(replace(FOUND, windows=windows), 0.5, 5.0) == ((0.5, 2.5), (3.5, 5.0))
    some = relevance(NOISE, EVERY, at=[0.5, 2.0, 2.4])
    layer = layer_of(some, **GRID)
    assert np.array(layer.gaps) == pytest.approx(np.array([(0.0, 0.5), (1.5, 2.0), (3.4, 4.0)]))
    said = [layer.phrases[i] for i in layer.said]
    assert [phrase == NOT_EXPLAINED for phrase in said] == [True] * 2 + [False] * 4 + [True] * 2 + [False] * 6 + [
        True
    ] * 2
    assert pixels(some)[:45, :, 3].max() == 0


def test_a_map_of_nothing_is_one_gap() -> None:
    windows = tuple(replace(one, abstained=True) for one in FOUND.windows)
    layer = layer_of(replace(FOUND, windows=windows, values=0 * FOUND.values), **GRID)
    assert (layer.gaps, layer.phrases) == (((0.0, 4.0),), (NOT_EXPLAINED,))


# What is said.


def test_the_strongest_bands_are_named_with_their_neighbours_down_to_half() -> None:
    khz = np.array([0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
    own = np.array([[0.4, 0.6, 1.0, 0.5, 0.49, -0.3]])
    assert said_of(own, khz, "x") == ["most for “x” at 100–800 Hz, most against it at 1.6–3.2 kHz"]
    assert said_of(-own, khz, "x") == ["most for “x” at 1.6–3.2 kHz, most against it at 100–800 Hz"]


def test_a_side_below_a_tenth_is_left_out_and_a_moment_of_little_says_so() -> None:
    khz = np.array([0.0, 1.0, 2.0])
    told = said_of(np.array([[10.0, -0.9], [0.5, 0.9], [-0.5, -1.0], [0.0, 0.0]]), khz, "x")
    assert told[0] == "most for “x” at 0–1 kHz"
    assert told[1] == told[3] == "little for or against “x”"
    assert told[2] == "most against “x” at 0–2 kHz"


def test_nothing_at_all_is_little() -> None:
    assert said_of(np.zeros((1, 2)), np.array([0.0, 1.0, 2.0]), "x") == ["little for or against “x”"]


def test_what_is_said_of_a_moment_is_of_that_moment() -> None:
    low, high = (one_place(slice(None), bands)[0] for bands in (slice(0, 4), slice(24, 32)))
    values = np.zeros_like(FOUND.values)
    for i, place in enumerate((low, high, low, high)):
        values[FOUND.frames_of(i)] = place
    layer = layer_of(filled(values), **GRID)
    assert layer.moment_s == 0.25
    said = [layer.phrases[i] for i in layer.said]
    khz = mel_to_khz(band_edges(FOUND))
    ends = [f"{1000 * khz[0]:.0f}–{10 * round(100 * khz[4])} Hz", f"{khz[24]:.2g}–{khz[32]:.2g} kHz"]
    assert [phrase.rpartition(" at ")[2] for phrase in said[1:3] + said[5:7]] == [ends[0]] * 2 + [ends[1]] * 2
    assert len(layer.phrases) <= 4, "what is the same is held once"


def test_a_long_recording_has_a_bounded_number_of_moments() -> None:
    layer = layer_of(FOUND, start_s=0.0, duration_s=3600.0, sr=SR, n_columns=1000)
    assert (len(layer.said), layer.moment_s) == (1000, 3.6)
    assert layer.gaps == ((4.0, 3600.0),)
