"""Frequency bands: they sum to the recording, a tone is heard in its own band only, attacks stay where they are."""

import tracemalloc

import librosa
import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.registry import build
from factorizations.bands import BandsFactorization, make

SR = 44100
SPECS = ["bands:2", "bands:8", "bands:64", "bands:mel-8", "bands:mel-64"]


def noise(seconds: float = 1.0, n_channels: int = 2, sr: int = SR) -> Audio:
    samples = np.random.default_rng(0).normal(0, 0.2, (n_channels, round(seconds * sr)))
    return Audio(samples.astype(np.float32), sr, "noise")


def tone(hz: float, sr: int = SR) -> Audio:
    """Two seconds that swell and fade, so that the tone has no attack of its own."""
    time = np.arange(2 * sr) / sr
    return Audio((np.hanning(2 * sr) * np.sin(2 * np.pi * hz * time))[None].astype(np.float32), sr, "tone")


def band_levels_db(bands: BandsFactorization, audio: Audio) -> np.ndarray:
    stems = bands.factorize(audio).samples.astype(np.float64)
    energy = (stems**2).sum(axis=(1, 2)) / (audio.samples.astype(np.float64) ** 2).sum()
    return np.asarray(10 * np.log10(energy + 1e-30))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("sr", [16000, 44100, 96000])
def test_bands_sum_to_the_recording_but_for_rounding(spec: str, sr: int) -> None:
    audio = noise(sr=sr)
    stems = make(spec.removeprefix("bands:")).factorize(audio)
    assert len(stems.names) == len(set(stems.names)) == int(spec.split(":")[1].removeprefix("mel-"))
    np.testing.assert_allclose(stems.samples.sum(axis=0, dtype=np.float64), audio.samples, atol=2e-7)


@pytest.mark.parametrize("spec", ["bands:8", "bands:mel-8", "bands:mel-32"])
@pytest.mark.parametrize("sr", [16000, 44100])
@pytest.mark.parametrize("place", [0.26, 0.5, 0.74])
def test_a_tone_in_the_middle_half_of_a_band_is_heard_in_no_other(spec: str, sr: int, place: float) -> None:
    bands = make(spec.removeprefix("bands:"))
    edges = bands.edges_hz(sr)
    for band in {0, 1, bands.n_bands // 2, bands.n_bands - 1}:
        levels = band_levels_db(bands, tone(edges[band] + place * (edges[band + 1] - edges[band]), sr))
        assert levels[band] == pytest.approx(0.0, abs=0.002)
        assert np.delete(levels, band).max() < -77


def test_the_same_check_notices_a_tone_on_an_edge() -> None:
    levels = band_levels_db(BandsFactorization(8), tone(SR / 8))
    assert levels[1:3] == pytest.approx([-6.0, -6.0], abs=0.1)  # half of its amplitude in each
    assert np.delete(levels, [1, 2]).max() < -77


@pytest.mark.parametrize(("spec", "spread_s"), [("bands:8", 0.002), ("bands:mel-8", 0.010)])
def test_an_attack_stays_where_it_is_and_rings_for_milliseconds_only(spec: str, spread_s: float) -> None:
    click = np.zeros((1, SR), np.float32)
    click[0, SR // 2] = 1.0
    before, after = round((0.5 - spread_s) * SR), round((0.5 + spread_s) * SR) + 1
    for band in make(spec.removeprefix("bands:")).factorize(Audio(click, SR)).samples[:, 0].astype(np.float64):
        assert np.argmax(np.abs(band)) == SR // 2
        outside = (band[:before] ** 2).sum() + (band[after:] ** 2).sum()
        assert outside < 1e-5 * (band**2).sum()


def test_mel_bands_are_equally_wide_in_mel() -> None:
    edges = BandsFactorization(10, mel=True).edges_hz(SR)
    np.testing.assert_allclose(np.diff(librosa.hz_to_mel(edges, htk=True)), librosa.hz_to_mel(SR / 2, htk=True) / 10)
    assert (edges[0], edges[-1]) == (0.0, SR / 2)


def test_equal_bands_are_named_by_their_edges() -> None:
    names = BandsFactorization(8).factorize(noise(0.1, sr=22050)).names
    assert names[:2] == ("0–1378 Hz", "1378–2756 Hz")
    assert names[-1] == "9647–11025 Hz"


def test_recordings_shorter_than_a_filter_are_split_too() -> None:
    audio = noise(0.001)
    stems = BandsFactorization(64, mel=True).factorize(audio)
    np.testing.assert_allclose(stems.mixture, audio.samples, atol=2e-7)


def test_silence_has_silent_bands() -> None:
    stems = BandsFactorization(4).factorize(Audio(np.zeros((2, SR), np.float32), SR))
    assert not stems.samples.any()


def test_memory_beyond_the_bands_does_not_grow_with_the_recording() -> None:
    def beyond(seconds: float) -> int:
        audio = noise(seconds, n_channels=1, sr=16000)
        tracemalloc.start()
        stems = BandsFactorization(4).factorize(audio)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - stems.samples.nbytes

    assert beyond(90) < 1.1 * beyond(10) < 40e6


@pytest.mark.parametrize(
    "argument", ["", "0", "1", "65", "1000", "mel-x", "mel-", "mel-1", "mel-1000", "-8", "8.5", "8-mel"]
)
def test_impossible_bands_are_refused_with_what_is_possible(argument: str) -> None:
    with pytest.raises(UsageError, match=rf"bands:{argument} is not possible; write bands:N .* from 2 to 64, such as"):
        build("factorization", f"bands:{argument}")


@pytest.mark.parametrize("n_bands", [0, 1, 65])
def test_impossible_numbers_are_refused_in_python_too(n_bands: int) -> None:
    with pytest.raises(UsageError, match=f"{n_bands} frequency bands?; from 2 to 64 are possible"):
        BandsFactorization(n_bands)


def test_bands_too_narrow_for_a_low_rate_are_refused() -> None:
    with pytest.raises(UsageError, match=r"bands:64 at 1000 Hz has a band of 7\.8 Hz.*choose fewer bands"):
        BandsFactorization(64).factorize(noise(sr=1000))


@pytest.mark.parametrize("spec", ["bands:08", "bands:mel-08"])
def test_a_spec_is_written_in_one_way(spec: str) -> None:
    assert build("factorization", spec).spec == spec.replace("08", "8")


def listener(low_hz: float, high_hz: float, begin_s: float, end_s: float, sr: int) -> Model:
    """A model that hears how loud one band is in one stretch of time, and nothing else."""

    def level(batch: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(batch[:, round(begin_s * sr) : round(end_s * sr)])) ** 2
        hz = np.fft.rfftfreq(round(end_s * sr) - round(begin_s * sr), 1 / sr)
        return np.asarray(np.sqrt(spectrum[:, (hz > low_hz) & (hz < high_hz)].mean(axis=1, keepdims=True)))

    return tagger(level, sr=sr, labels=["level"])


@pytest.mark.parametrize("spec", ["bands:4", "bands:mel-4"])
@pytest.mark.parametrize(("band", "piece"), [(0, 1), (2, 0), (3, 1)])
def test_a_model_that_listens_to_one_band_in_one_segment_is_found_out(spec: str, band: int, piece: int) -> None:
    sr, edges_s = 16000, (0.0, 0.8, 2.0)
    edges_hz = make(spec.removeprefix("bands:")).edges_hz(sr)
    margin = (edges_hz[band + 1] - edges_hz[band]) / 3
    model = listener(
        edges_hz[band] + margin, edges_hz[band + 1] - margin, edges_s[piece] + 0.1, edges_s[piece + 1] - 0.1, sr
    )
    e = explain(noise(2.0, sr=sr), model, factorization=spec, segments=[0.8])
    full, empty = e.score("level")
    weights = np.array(list(e.weights("level").values()))
    assert e.top().components == (e.names[2 * band + piece],)
    assert weights[2 * band + piece] == pytest.approx(full - empty, rel=0.01)
    assert np.delete(np.abs(weights), 2 * band + piece).max() < 0.01 * full
