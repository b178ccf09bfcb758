"""Windows of a recording: their features, where they lie, and what silence is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import load_model, tag, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.spectrogram import mel_filterbank
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.gradients.hearing import hear, other_windows
from audiolime_ext.models.vibenet import log_mel
from audiolime_ext.prediction.front_end import MelSpectra
from tests.gradients.networks import N_BANDS, N_FRAMES, SR, Network, linear, one_place

NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, (2, 3 * SR + 100)).astype(np.float32), SR, "noise")
MODEL = Network(linear(one_place(slice(None), slice(None))))


def test_windows_are_those_that_tag_scores_without_the_last_that_is_filled_up() -> None:
    heard, tagged = hear(NOISE, MODEL), tag(NOISE, MODEL)
    assert heard.starts_s.tolist() == [0, 1, 2] == tagged.times_s[~tagged.padded].tolist()
    assert heard.features.shape == (3, N_FRAMES, N_BANDS)
    assert MODEL.answer(heard.features.astype(float))[0] == pytest.approx(tagged.scores[:3], abs=1e-6)


def test_a_click_is_in_the_frame_that_lies_where_it_sounds() -> None:
    samples = np.zeros((1, 2 * SR), np.float32)
    samples[0, round(1.4 * SR)] = 1
    heard = hear(Audio(samples, SR, "click"), MODEL, start_s=0.5)
    window, frame = np.unravel_index(heard.features.sum(axis=2).argmax(), heard.features.shape[:2])
    assert heard.starts_s[window] + heard.first_s + frame * heard.step_s == pytest.approx(1.4, abs=heard.step_s)


def test_a_tone_is_in_the_band_that_lies_at_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * SR) / SR)[None].astype(np.float32)
    heard = hear(Audio(tone, SR, "tone"), MODEL)
    assert heard.bands_hz is not None
    band = int(heard.features.mean(axis=(0, 1)).argmax())
    assert heard.bands_hz[band] == pytest.approx(1000, abs=60)
    peaks = mel_filterbank(SR, 256, N_BANDS).argmax(axis=1) * SR / 256
    assert np.abs(heard.bands_hz - peaks).max() <= SR / 256


def test_frames_of_musicnn_lie_at_their_centres_in_spite_of_its_lead() -> None:
    heard = hear(Audio(np.zeros((1, 4 * 16000), np.float32), 16000, "nothing"), load_model("musicnn:MTT_vgg"))
    assert (heard.first_s, heard.step_s) == (0.0, 256 / 16000)
    assert heard.features.shape == (1, 187, 96)
    assert heard.top_hz == pytest.approx(8000)


def test_silence_is_what_the_front_end_makes_of_zeros() -> None:
    """−100 dB for one, zero for another: never zeros by accident."""
    assert (hear(NOISE, MODEL).silence == 0).all()
    decibels = tagger(lambda mel: mel[:, 0, :1], sr=SR, front_end=log_mel, window_s=1.0)
    assert hear(NOISE, decibels).silence == pytest.approx(-100)


def test_what_the_front_end_does_not_say_is_not_made_up() -> None:
    plain = tagger(lambda mel: mel[:, 0, :1], sr=SR, front_end=lambda batch: MODEL.front_end(batch), window_s=1.0)
    heard = hear(NOISE, plain)
    assert heard.bands_hz is None
    assert (heard.first_s, heard.step_s) == pytest.approx((0.5 / N_FRAMES, 1 / N_FRAMES))
    assert "the front end does not say where its frames and bands lie" in heard.notes[-1]
    said = replace(plain, front_end=MelSpectra(plain.front_end, SR, 256, 128, N_BANDS))  # type: ignore[arg-type]
    assert hear(NOISE, said).first_s == 128 / SR


def test_a_recording_that_is_shorter_than_a_window_is_filled_up_and_that_is_said() -> None:
    heard = hear(Audio(NOISE.samples[:, :4000], SR, "short"), MODEL)
    assert heard.features.shape == (1, N_FRAMES, N_BANDS)
    assert heard.notes == ("0.50 s are less than the model's window of 1.00 s: filled up with silence",)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "the model is given signals, so there is no spectrogram"),
        ({"front_end": lambda batch: batch[:, :64]}, r"an array of shape \(3, 64\) to 3 signals"),
    ],
)
def test_without_frames_and_bands_there_is_no_map(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        hear(NOISE, tagger(lambda batch: batch[:, :1], sr=SR, window_s=1.0, **options))


def test_an_excerpt_beyond_the_recording_is_refused() -> None:
    with pytest.raises(AudioError, match="does not lie within 'noise'"):
        hear(NOISE, MODEL, start_s=9.0)


def test_another_song_with_fewer_windows_is_used_again_and_that_is_said() -> None:
    other = hear(Audio(NOISE.samples[:, : 2 * SR], SR, "other"), MODEL)
    windows, notes = other_windows(other, 3)
    assert (windows == other.features[[0, 1, 0]]).all()
    assert notes == ("other has fewer windows (2 for 3): they are used again from the first",)
    assert other_windows(other, 2)[1] == ()
