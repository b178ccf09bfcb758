"""The vector of a song: the mean of the windows that count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import tag, tagger
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudioError
from tests.song_collection import SR, WINDOW_S, bands, song

CLIP = Path(__file__).parents[2] / "audiolime_ext" / "data" / "ezer_ev.ogg"


def test_it_is_the_mean_of_the_windows_as_the_model_answers_them() -> None:
    samples = song(0)
    found = song_vector((samples, SR), bands)
    windows = samples.reshape(4, -1)
    np.testing.assert_allclose(found.windows, bands(windows), rtol=1e-6)
    np.testing.assert_allclose(found.mean, bands(windows).mean(axis=0), rtol=1e-6)
    assert found.times_s.tolist() == [0, 0.5, 1, 1.5]
    assert found.mean.dtype == found.windows.dtype == np.float32
    assert (found.duration_s, found.notes) == (2.0, ())


def test_on_a_real_song_it_is_the_mean_that_tag_gives() -> None:
    spec = "musicnn:MSD_musicnn?layer=penultimate"
    found = song_vector(CLIP, spec)
    np.testing.assert_allclose(found.mean, tag(CLIP, spec).mean, rtol=1e-6)
    assert found.mean.shape == (200,)


def test_silent_windows_and_the_one_that_is_filled_up_do_not_count() -> None:
    loud = song(1, duration_s=1.0)
    silence = np.zeros(SR, np.float32)
    found = song_vector((np.concatenate([loud, silence, loud[: SR // 8]]), SR), bands)
    np.testing.assert_allclose(found.mean, bands(loud.reshape(2, -1)).mean(axis=0), rtol=1e-6)
    assert found.times_s.tolist() == [0, 0.5]


def test_a_song_that_is_shorter_than_a_window_is_one_window_and_says_how_it_is_filled_up() -> None:
    short = song(2, duration_s=0.3)
    found = song_vector((short, SR), bands)
    filled = np.pad(short, (0, round(WINDOW_S * SR) - len(short)))
    np.testing.assert_allclose(found.mean, bands(filled[None])[0], rtol=1e-6)
    assert found.notes == ("0.30 s are less than the model's window of 0.50 s: filled up with silence",)


def test_a_model_of_any_length_answers_for_the_whole_song() -> None:
    whole = tagger(lambda batch: np.abs(batch).mean(axis=1, keepdims=True), sr=SR, version="1")
    samples = song(3)
    assert song_vector((samples, SR), whole).mean == pytest.approx(np.abs(samples).mean(), rel=1e-5)


def test_the_middle_is_heard_where_that_is_asked_for() -> None:
    samples = song(4)
    found = song_vector((samples, SR), bands, middle_s=1.0)
    np.testing.assert_allclose(found.mean, bands(samples[SR // 2 : SR * 3 // 2].reshape(2, -1)).mean(axis=0), rtol=1e-6)
    whole = song_vector((samples, SR), bands, middle_s=60.0)
    np.testing.assert_array_equal(whole.mean, song_vector((samples, SR), bands).mean)


def test_of_a_song_whose_middle_is_silent_no_more_than_that_is_said() -> None:
    samples = np.concatenate([song(1), np.zeros(SR, np.float32), song(2)])
    with pytest.raises(AudioError, match=r"the middle 0\.5 s of .* are silent; hear more of it"):
        song_vector((samples, SR), bands, middle_s=0.5)
    assert song_vector((samples, SR), bands, middle_s=3.0).mean.any()


def test_a_song_without_sound_has_no_vector() -> None:
    with pytest.raises(AudioError, match="is silent; a song without sound is like no other"):
        song_vector((np.zeros((2, SR), np.float32), SR), bands)


@pytest.mark.parametrize("step", [0, 1 / 32768])
def test_a_song_whose_channels_cancel_has_no_vector_for_a_model_that_listens_in_mono(step: float) -> None:
    left = song(5)
    right = -left + step * np.sign(np.sin(np.arange(left.size)), dtype=np.float32)
    with pytest.raises(AudioError, match="cancel: a model that listens in mono hears nothing of it"):
        song_vector((np.stack([left, right]), SR), bands)
