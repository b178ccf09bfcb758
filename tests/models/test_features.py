"""Numbers of the sound: right for sounds whose numbers are known, and explained like any label."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soxr

from audiolime_ext import explain, load_audio, load_model
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.models.features import FEATURES, MAJOR, MIN_S, OF_SILENCE, ONSET_DB, SR, make
from audiolime_ext.models.features import _Sound as Sound
from factorizations.oracle import OracleFactorization
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

S = 6.0
TIME = np.arange(round(S * SR)) / SR
MAJOR_CADENCE = (0, 4, 7, 5, 9, 12, 7, 11, 14, 0, 4, 7)  # tonic, subdominant, dominant, tonic, at once
MINOR_CADENCE = (0, 3, 7, 5, 8, 12, 7, 11, 14, 0, 3, 7)
NOISE = np.random.default_rng(0).normal(0, 0.1, TIME.size).astype(np.float32)


@pytest.fixture(scope="module", params=["features:", "features:centroid;rolloff?window_s=1&hop_s=0.5"])
def listener(request: pytest.FixtureRequest) -> object:
    return load_model(request.param)


def tone(hz: float, gain: float = 1.0) -> np.ndarray:
    return np.asarray(gain * np.sin(2 * np.pi * hz * TIME), np.float32)


def clicks(per_minute: float, gain: float = 0.5) -> np.ndarray:
    """Bursts of noise of 10 ms."""
    found = np.zeros(TIME.size, np.float32)
    for at in np.arange(0.25, S - 0.1, 60 / per_minute):
        found[round(at * SR) : round(at * SR) + SR // 100] = gain * 10 * NOISE[: SR // 100]
    return found


def chord(*semitones: int) -> np.ndarray:
    """Tones above the middle C, with their octaves."""
    hz = [261.63 * 2 ** (n / 12) * k for n in semitones for k in (1, 2)]
    return faded(np.sum([tone(one, 0.05) for one in hz], axis=0))


def faded(sound: np.ndarray) -> np.ndarray:
    """It begins and ends softly, and is steady between."""
    edge = np.clip(np.minimum(TIME, S - TIME), 0.01, 1)
    return np.asarray(sound * edge, np.float32)


def of(sound: np.ndarray, name: str) -> float:
    return float(make(name)(sound[None])[0, 0])


@pytest.mark.parametrize(
    ("sound", "name", "expected", "tolerance"),
    [
        (clicks(120), "tempo", 120, 3),
        (clicks(90), "tempo", 90, 2),
        (clicks(120), "onset rate", 2, 0.2),
        (faded(NOISE), "tempo", 0, 0),
        (faded(NOISE), "onset rate", 0, 1.1 / S),  # that of its beginning
        (chord(0, 4, 7), "tempo", 0, 0),
        (chord(0, 4, 7), "onset rate", 0, 1.1 / S),
        (tone(1000), "level", -3.01, 0.01),
        (tone(1000, 0.1), "level", -23.01, 0.01),
        (tone(997), "loudness", -3.01, 0.1),  # ITU-R BS.1770: of a full-scale sine of 997 Hz in one channel
        (tone(997, 0.1), "loudness", -23.01, 0.1),
        (tone(1000), "zero crossings", 2 * 1000 / SR, 0.002),
        (tone(1000), "centroid", 1000, 20),
        (tone(1000), "rolloff", 1000, 25),
        (NOISE, "centroid", SR / 4, 100),
        (NOISE, "rolloff", 0.85 * SR / 2, 150),
        (NOISE, "bandwidth", SR / 4 / np.sqrt(3), 100),  # of a uniform spectrum
    ],
)
def test_known_sounds_have_known_numbers(sound: np.ndarray, name: str, expected: float, tolerance: float) -> None:
    assert of(sound, name) == pytest.approx(expected, abs=tolerance)


def test_what_counts_as_an_onset_lies_between_steady_sounds_and_music(ezer_ev: Path) -> None:
    for steady in (NOISE, 10 * NOISE, chord(0, 4, 7), tone(440)):
        assert Sound(faded(steady)).onset_strength[50:-50].max() < 2 < ONSET_DB
    song = load_audio(ezer_ev)
    mono = soxr.resample(song.samples.mean(axis=0), song.sr, SR)
    assert np.percentile(Sound(mono).onset_strength, 99) > 3.2 > ONSET_DB


def test_major_and_minor_chords_differ_in_mode_whatever_their_tonic() -> None:
    for tonic in (0, 5, 9):
        assert of(chord(*(tonic + n for n in MAJOR_CADENCE)), "mode") > 0.05, tonic
        assert of(chord(*(tonic + n for n in MINOR_CADENCE)), "mode") < -0.05, tonic
        assert Sound(chord(*(tonic + n for n in MAJOR_CADENCE))).keys[0].argmax() == tonic
        assert Sound(chord(*(tonic + n for n in MINOR_CADENCE))).keys[1].argmax() == tonic
    assert of(chord(*MAJOR_CADENCE), "key strength") > 0.7 > of(NOISE, "key strength")
    assert max(MAJOR) == MAJOR[0]


def test_pauses_have_no_brightness_and_silence_no_number() -> None:
    paused = np.where(TIME < S / 2, NOISE, 0).astype(np.float32)
    for name in ("centroid", "rolloff", "bandwidth"):
        assert of(paused, name) == pytest.approx(of(NOISE, name), rel=0.02)
    model = make("")
    loud = tone(1000, 10 ** (-66.9 / 20))  # a sine's level is 3 dB less
    for soft in (np.zeros_like(NOISE), 0.98 * loud):
        found = model(soft.astype(np.float32)[None])[0]
        assert dict(zip(FEATURES, found, strict=True)) == {name: OF_SILENCE.get(name, 0) for name in FEATURES}
    assert of(loud, "level") == pytest.approx(-69.9, abs=0.02)
    assert of(loud, "centroid") == pytest.approx(1000, abs=20)


def test_features_are_chosen_by_name_in_this_order() -> None:
    some, every = make("rolloff; centroid"), make("")
    assert some.labels == ("rolloff", "centroid")
    assert every.labels == tuple(FEATURES)
    found = dict(zip(FEATURES, every(NOISE[None])[0], strict=True))
    assert some(NOISE[None])[0].tolist() == [found["rolloff"], found["centroid"]]
    assert some.fingerprint != every.fingerprint
    with pytest.raises(UsageError, match="unknown feature 'tempi'"):
        make("tempi")
    with pytest.raises(UsageError, match=rf"window_s is 0\.1; features need {MIN_S:g} s at least"):
        make("tempo?window_s=0.1")


def test_loudness_needs_its_package_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyloudnorm", None)
    with pytest.raises(MissingError, match="features"):
        make("")
    assert make("tempo;level").labels == ("tempo", "level")


def test_the_stem_that_carries_the_tempo_is_named_and_so_is_the_one_that_is_bright() -> None:
    sounds = {"drums": clicks(120), "organ": chord(*MAJOR_CADENCE), "hiss": faded(0.3 * NOISE)}
    band = OracleFactorization({name: (sound, SR) for name, sound in sounds.items()})
    e = explain(band.mixture, "features:tempo;centroid;mode", factorization=band, duration_s=S)
    assert e.top(label="tempo").components == ("drums",)
    assert e.kind.noun == "value"
    assert e.top(label="mode").components == ("organ",)
    assert e.score("tempo") == pytest.approx((120, 0), abs=3)
