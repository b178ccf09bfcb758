"""Superpixels: each is heard where its name says it is, they sum to the excerpt, and long excerpts are refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, explain, tagger
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.registry import build
from audiolime_ext.track.pipeline import explain_track
from factorizations.slic import SlicFactorization, make, mel_shares

SR = 16000


def noise(seconds: float, sr: int = SR, n_channels: int = 2) -> Audio:
    samples = np.random.default_rng(0).normal(0, 0.1, (n_channels, max(1, round(seconds * sr))))
    return Audio(samples.astype(np.float32), sr, "noise")


@pytest.fixture(scope="module")
def blips() -> Audio:
    """Soft noise, and four tones of a quarter second at places and pitches of their own."""
    samples = noise(4.0).samples * np.float32(0.001)
    for number, hz in enumerate((500, 4000, 1000, 2500)):
        begin = number * SR + SR // 2
        tone = np.hanning(SR // 4) * np.sin(2 * np.pi * hz * np.arange(SR // 4) / SR)
        samples[:, begin : begin + SR // 4] += (0.3 * tone).astype(np.float32)
    return Audio(samples, SR, "blips")


@pytest.mark.parametrize("sr", [400, 8000, 44100, 96000])
@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("n_regions", [2, 20])
def test_regions_sum_to_the_excerpt_but_for_rounding(sr: int, seconds: float, n_regions: int) -> None:
    audio = noise(seconds, sr)
    stems = SlicFactorization(n_regions).factorize(audio)
    np.testing.assert_allclose(stems.samples.sum(axis=0, dtype=np.float64), audio.samples, atol=5e-7)


def test_noise_too_has_about_as_many_regions_as_asked_for() -> None:
    for n_regions in (10, 40, 160):
        assert 0.6 * n_regions < len(SlicFactorization(n_regions).factorize(noise(3.0)).names) < 1.2 * n_regions


def box(name: str) -> list[float]:
    found = re.fullmatch(r"([\d.]+)–([\d.]+) s, (\d+)–(\d+) Hz( \(\d+\))?", name)
    assert found is not None, name
    return [float(found[i]) for i in range(1, 5)]


def test_a_region_is_heard_where_its_name_says_it_is(blips: Audio) -> None:
    """A tone's energy lies in regions whose boxes hold it, in the seconds of the recording."""
    stems = SlicFactorization(40).factorize(blips, start_s=1.0, duration_s=3.0)
    for number, hz in list(enumerate((500, 4000, 1000, 2500)))[1:]:
        middle_s = number + 0.625
        energy = (stems.samples[:, 0, round((middle_s - 1.125) * SR) : round((middle_s - 0.875) * SR)] ** 2).sum(axis=1)
        begin_s, end_s, low_hz, high_hz = box(stems.names[int(np.argmax(energy))])
        assert begin_s <= middle_s <= end_s
        assert low_hz <= hz <= high_hz


def test_regions_follow_the_sound_more_closely_than_a_grid(blips: Audio) -> None:
    """The four tones are nearly all of the sound: few regions hold them, whole."""

    def in_the_four_strongest(separator: SlicFactorization) -> float:
        energy = np.sort((separator.factorize(blips).samples ** 2).sum(axis=(1, 2)))
        return float(energy[-4:].sum() / energy.sum())

    assert in_the_four_strongest(make("40")) > 0.9 > in_the_four_strongest(make("40?compactness=1000"))


def test_bins_are_shared_between_bands_and_no_share_is_lost() -> None:
    for sr, n_fft in ((400, 32), (8000, 512), (44100, 2048), (96000, 4096)):
        shares, edges_hz = mel_shares(sr, n_fft)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-12)
        assert (shares.sum(axis=0) > 0).all()
        assert (edges_hz[0], edges_hz[-1]) == (0.0, pytest.approx(sr / 2))


def test_only_the_excerpt_counts(blips: Audio) -> None:
    one = SlicFactorization(10).factorize(blips, start_s=1.0, duration_s=1.0)
    alone = SlicFactorization(10).factorize(blips.excerpt(1.0, 1.0))
    np.testing.assert_array_equal(one.samples, alone.samples)
    assert [box(name)[0] - 1 for name in one.names] == pytest.approx([box(name)[0] for name in alone.names], abs=0.06)


def test_silence_has_silent_regions() -> None:
    stems = SlicFactorization(6).factorize(Audio(np.zeros((1, SR), np.float32), SR))
    assert len(stems.names) > 1
    assert not stems.samples.any()


def test_an_excerpt_that_would_need_too_much_memory_is_refused() -> None:
    long = Audio(np.zeros((2, 300 * 44100), np.float32), 44100, "long")
    message = r"the regions of 300\.0 s would need 2\.1 GB; choose an excerpt \(--duration\) of at most 141 s, or fewer"
    with pytest.raises(AudioError, match=rf"slic:20 is for short excerpts: {message}"):
        SlicFactorization(20).factorize(long)
    assert SlicFactorization(20).factorize(long, start_s=200, duration_s=1).sr == 44100


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("", r"slic: is not possible; write slic:N with N from 2 to 256, such as slic:20"),
        ("1", r"slic:1 is not possible"),
        ("257", r"slic:257 is not possible"),
        ("many", r"slic:many is not possible"),
        ("20?compactness=0", r"compactness is '0'; it must be a number above 0"),
        ("20?compactness=soft", r"compactness is 'soft'"),
        ("20?compactness=nan", r"compactness is 'nan'"),
        ("20?sigma=1", r"unknown option 'sigma'.*allowed: compactness"),
    ],
)
def test_what_is_not_possible_is_refused(argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build("factorization", f"slic:{argument}")


@pytest.mark.parametrize(("spec", "written"), [("slic:020", "slic:20"), ("slic:20?compactness=.10", "slic:20")])
def test_a_spec_is_written_in_one_way(spec: str, written: str) -> None:
    assert build("factorization", spec).spec == written


def high(batch: NDArray[np.float32]) -> NDArray[np.float64]:
    """How loud it is around 4 kHz."""
    spectrum = np.abs(np.fft.rfft(batch))
    hz = np.fft.rfftfreq(batch.shape[1], 1 / SR)
    return np.asarray(np.sqrt((spectrum[:, abs(hz - 4000) < 200] ** 2).mean(axis=1, keepdims=True)))


def test_a_model_that_listens_to_one_blip_is_explained_by_its_region(blips: Audio) -> None:
    e = explain(
        blips, tagger(high, sr=SR, labels=["4 kHz"]), factorization="slic:12", start_s=1, duration_s=2, max_evals=512
    )
    begin_s, end_s, low_hz, high_hz = box(e.top().components[0])
    assert begin_s <= 1.625 <= end_s
    assert low_hz <= 4000 <= high_hz


def test_a_track_says_once_that_each_window_has_regions_of_its_own(blips: Audio) -> None:
    model = tagger(high, sr=SR, labels=["4 kHz"], window_s=1.0)
    track = explain_track(blips, model, factorization="slic:4", max_evals=32, cache=False)
    assert track.notes == ("each window was split anew: parts of one name need not be one sound",)
