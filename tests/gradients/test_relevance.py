"""One map of a recording: what it sums to, what is said of bands, and that it comes back from disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance, joined
from audiolime_ext.gradients.window_facts import Band
from tests.gradients.networks import SR, Network, linear, one_place

RNG = np.random.default_rng(0)


def noise(n_s: float, gains: list[float]) -> Audio:
    """Noise whose level is another in each part."""
    samples = RNG.normal(0, 0.1, round(n_s * SR)).astype(np.float32)
    return Audio(samples[None] * np.repeat(gains, len(samples) // len(gains)).astype(np.float32), SR, "noise")


@pytest.fixture(scope="module")
def found() -> Relevance:
    """Of five seconds, the second of which is silent; low bands for it, high ones against it."""
    weights = 2 * one_place(slice(None), slice(0, 8)) - one_place(slice(None), slice(24, 32))
    return relevance(noise(5, [1, 0, 1, 0.5, 1]), Network(linear(weights), labels=["low"]))


def test_the_map_sums_to_the_differences_of_the_windows_that_are_explained(found: Relevance) -> None:
    assert [one.abstained for one in found.windows] == [False, True, False, False, False]
    assert found.values.sum() == pytest.approx(
        sum(one.value - (one.baseline or 0) for one in found.explained), abs=1e-4
    )
    assert (found.covered == (np.abs(found.values).sum(axis=1) > 0)).all()
    assert found.notes[0].startswith("1 of 5 windows is not explained")


def test_bands_add_up_to_the_mean_difference(found: Relevance) -> None:
    moved = [one.value - (one.baseline or 0) for one in found.explained]
    assert sum(band.mean for band in found.bands()) == pytest.approx(np.mean(moved), abs=1e-4)
    assert found.bands_hz is not None
    assert [band.khz for band in found.bands()] == pytest.approx((found.bands_hz / 1000).tolist())


def test_intervals_are_of_the_windows(found: Relevance) -> None:
    bands = found.bands()
    assert all(band.low is not None and band.high is not None and band.low <= band.mean <= band.high for band in bands)
    assert bands[3].is_clear
    assert not bands[16].is_clear
    assert bands == found.bands()
    narrow, wide = (found.bands(level=level)[3] for level in (0.5, 0.99))
    assert (narrow.high or 0) - (narrow.low or 0) < (wide.high or 0) - (wide.low or 0)


@pytest.mark.parametrize("n", [2, 3, 6, 10])
def test_intervals_hold_the_mean_as_often_as_they_say(found: Relevance, n: int) -> None:
    """Of 4000 bands with a mean of .3 in few windows, from a normal distribution; a standard error is .0034."""
    own = np.random.default_rng(n).normal(0.3, 0.1, (n, 4000))
    bands = replace(found, windows=found.windows[:1] * n, per_window=own, bands_hz=None).bands()
    held = np.mean([(band.low or 0) <= 0.3 <= (band.high or 0) for band in bands])
    assert held == pytest.approx(0.95, abs=0.012)


def test_of_bands_of_noise_as_many_are_clear_as_is_said(found: Relevance) -> None:
    """Of 1000 bands of noise 50 are clear by chance; a standard error is 7. Those that are always zero never are."""
    own = np.random.default_rng(0).normal(size=(2, 1000)) * np.repeat([0, 1], [200, 800])
    noisy = replace(found, windows=found.windows[:1] * 2, per_window=own, bands_hz=None)
    assert 20 <= sum(band.is_clear for band in noisy.bands()) <= 60
    assert "bands of 1000 clear of zero (about 40 by chance alone): most for it" in str(noisy)


def test_one_window_has_no_intervals_and_none_has_no_bands(found: Relevance) -> None:
    one = replace(found, windows=found.windows[:1], per_window=found.per_window[:1])
    assert one.bands()[0].low is None
    none = replace(found, windows=found.windows[1:2], per_window=found.per_window[1:2])
    assert none.bands() == ()
    assert "no window is explained, so nothing is said of bands" in str(none)


def test_highlights_are_the_largest_cells_of_a_side(found: Relevance) -> None:
    sides = {"both": np.abs(found.values), "for": found.values, "against": -found.values}
    for percentile in (90, 95, 99):
        for side, values in sides.items():
            chosen, sizes = found.highlights(percentile, side=side), values[values > 0]
            assert chosen.sum() == pytest.approx((1 - percentile / 100) * sizes.size, abs=0.02 * sizes.size)
            assert values[chosen].min() >= np.percentile(sizes, percentile)
    assert (found.highlights(0, side="for") == (found.values > 0)).all()
    assert (found.highlights(0, side="against") == (found.values < 0)).all()


def test_what_speaks_weakly_for_it_is_found_beside_what_speaks_strongly_against_it() -> None:
    """The largest cells of all are against it; a few small ones are for it, and they are the part that is heard."""
    weights = 0.1 * one_place(slice(None), slice(0, 8)) - 4 * one_place(slice(None), slice(8, 32))
    against = relevance(noise(2, [1, 1]), Network(linear(weights), labels=["low"]))
    assert not (against.highlights(side="both") & (against.values > 0)).any()
    for_it = against.highlights(side="for")
    assert for_it.any()
    assert not for_it[:, 8:].any()
    assert np.abs(against.listen().samples).max() > 1e-3
    assert "nothing speaks for" not in str(against)


def test_where_nothing_speaks_for_it_the_part_is_empty_and_that_is_said() -> None:
    weights = -one_place(slice(None), slice(0, 8))
    against = relevance(noise(2, [1, 1]), Network(linear(weights), labels=["low"]))
    assert not against.highlights(0, side="for").any()
    assert not against.listen().samples.any()
    assert against.listen().name == "noise: low, by integrated gradients (empty: no cell is in it)"
    assert "(empty" not in against.listen(side="against").name
    assert "nothing speaks for low: its most relevant part is empty" in str(against).splitlines()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"percentile": 101}, "percentile is 101"), ({"side": "up"}, "side is 'up'; it is 'for', 'against' or 'both'")],
)
def test_highlights_of_nothing_are_refused(found: Relevance, options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        found.highlights(**options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="level is 1"):
        found.bands(level=1)


def test_what_is_said_is_what_is_in_it(found: Relevance) -> None:
    lines = str(found).splitlines()
    assert lines[0] == "noise, 5 windows: score of low by integrated gradients, from silence"
    assert lines[2].split() == ["window", "value", "baseline", "gap"]
    assert lines[4].endswith("not explained")
    told = next(line for line in lines if "clear of zero" in line)
    clear = [band for band in found.bands() if band.is_clear]
    assert told.startswith(
        f"means over 4 explained windows, with 95 % intervals; {len(clear)} bands of 32 clear of zero (about "
    )
    best = max(clear, key=lambda band: band.mean)
    assert f"most for it {best.khz:.2f} kHz {best.mean:+.4f}" in told
    assert "most against it" in told


def test_bands_without_frequencies_are_told_by_number(found: Relevance) -> None:
    assert "most for it band " in str(replace(found, bands_hz=None))


def test_of_bands_that_are_all_the_same_none_is_named(found: Relevance) -> None:
    same = replace(found, windows=found.windows[:1], per_window=np.full((1, 32), 0.2))
    assert "of one window, so without intervals: all of these are the same, " in str(same)


def test_windows_that_overlap_are_averaged_where_they_do() -> None:
    maps = RNG.normal(size=(3, 4, 2))
    values, covered = joined(maps, np.array([0, 2, 9]), np.array([True, True, False]))
    assert values[:2] == pytest.approx(maps[0, :2])
    assert values[2:4] == pytest.approx((maps[0, 2:] + maps[1, :2]) / 2)
    assert values[4:6] == pytest.approx(maps[1, 2:])
    assert covered.tolist() == [True] * 6 + [False] * 7


def test_it_comes_back_from_disk(found: Relevance, tmp_path: Path) -> None:
    again = Relevance.load(found.save(tmp_path / "kept"))
    assert (again.values == found.values).all()
    assert again.audio is None
    assert again.to_dict() == found.to_dict()
    assert str(again) == str(found)
    assert json.loads(json.dumps(found.to_dict()))["windows"][1]["abstained"] is True
    listened, listened_again = found.listen(), again.listen(audio=found.audio)
    assert (listened.samples == listened_again.samples).all()


def test_bands_without_frequencies_come_back_too(found: Relevance, tmp_path: Path) -> None:
    plain = replace(found, bands_hz=None, top_hz=None)
    assert Relevance.load(plain.save(tmp_path)).bands_hz is None


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda content: {**content, "format": 2}, "it is of format 2, and this version reads 1"),
        (lambda content: {**content, "times_s": content["times_s"][:-1]}, "`times_s` does not fit the map"),
        (lambda content: {**content, "bands_hz": [1.0]}, "`bands_hz` does not fit the map"),
        (lambda content: {**content, "per_window": []}, "`per_window` does not fit"),
        (lambda content: {**content, "top_hz": None}, "`top_hz` does not fit"),
        (lambda content: {**content, "windows": [{}]}, "missing required field `start_s`"),
        (lambda content: [], "Expected `object`, got `array`"),
    ],
)
def test_a_damaged_result_is_refused(found: Relevance, tmp_path: Path, spoil: object, complaint: str) -> None:
    file = found.save(tmp_path) / "relevance.json"
    file.write_text(json.dumps(spoil(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(UsageError, match=f"holds no saved relevance, or a damaged one .*{complaint}"):
        Relevance.load(tmp_path)


def test_a_map_that_holds_objects_or_is_cut_is_refused(found: Relevance, tmp_path: Path) -> None:
    file = found.save(tmp_path) / "relevance.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-8])
    with pytest.raises(UsageError, match="a damaged one"):
        Relevance.load(tmp_path)
    np.save(file, np.array([[object()]], dtype=object), allow_pickle=True)
    with pytest.raises(UsageError, match="allow_pickle=False"):
        Relevance.load(tmp_path)
    np.save(file, np.where(found.values == found.values.max(), np.nan, found.values))
    with pytest.raises(UsageError, match="the map holds NaN"):
        Relevance.load(tmp_path)
    with pytest.raises(UsageError, match="a damaged one"):
        Relevance.load(tmp_path / "nowhere")


def test_a_band_is_clear_where_its_interval_leaves_out_zero() -> None:
    assert [Band(0, None, 0.1, *ends).is_clear for ends in ((0.05, 0.2), (-0.1, 0.2), (-0.3, -0.1), ())] == [
        True,
        False,
        True,
        False,
    ]
