"""Traits: a codec's cut is found where it is, and no music is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.concepts.measurement.traits import cut_hz, traits_of

SR = 44100
RNG = np.random.default_rng(0)


def noise(falling_db: float = 0.0, sr: int = SR) -> np.ndarray:
    """A second of noise that falls by so many dB for each octave above 1 kHz, as music does."""
    spectrum = np.fft.rfft(RNG.normal(0, 0.1, sr))
    octaves = np.log2(np.maximum(np.arange(len(spectrum)), 1000) / 1000)
    return np.fft.irfft(spectrum * 10 ** (-falling_db * octaves / 20)).astype(np.float32)


def low_passed(samples: np.ndarray, hz: float, floor: float = 1e-5) -> Audio:
    spectrum = np.fft.rfft(samples)
    spectrum[round(hz * len(samples) / SR) :] = 0
    hiss = RNG.normal(0, floor, len(samples))
    return Audio((np.fft.irfft(spectrum) + hiss).astype(np.float32)[None], SR)


@pytest.mark.parametrize("hz", [11000.0, 15000.0, 16000.0, 19000.0])
@pytest.mark.parametrize("falling_db", [0.0, 9.0])
def test_a_sharp_end_is_found_where_it_is(hz: float, falling_db: float) -> None:
    found = cut_hz(low_passed(noise(falling_db), hz))
    assert found == pytest.approx(hz, abs=300)


@pytest.mark.parametrize("falling_db", [0.0, 9.0, 18.0])
def test_what_falls_gently_ends_nowhere(falling_db: float) -> None:
    assert cut_hz(Audio(noise(falling_db)[None], SR)) is None


def test_a_tone_and_silence_end_nowhere() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 9000 * np.arange(SR) / SR)
    assert cut_hz(Audio((tone + RNG.normal(0, 1e-4, SR)).astype(np.float32)[None], SR)) is None
    assert cut_hz(Audio(np.zeros((1, SR), np.float32), SR)) is None


def test_what_the_model_cannot_hear_is_no_cut() -> None:
    song = low_passed(noise(), 16000)
    heard = song.samples[None]
    assert traits_of(song, heard, SR, 0).cut_hz == pytest.approx(16000, abs=300)
    assert traits_of(song, heard, 16000, 0).cut_hz is None
    slow = Audio(noise(sr=22050)[None], 22050)
    assert traits_of(slow, heard, SR, 0).cut_hz == 11025
    assert traits_of(slow, heard, 22050, 0).cut_hz is None


def test_levels_and_windows_are_told() -> None:
    soft, loud = (
        traits_of(Audio(noise()[None], SR), np.full((2, 1, 1100), level, np.float32), 1000, 100)
        for level in (0.05, 0.1)
    )
    assert (soft.window_s, soft.level_db, loud.level_db) == (1.0, -26.0, -20.0)
