"""What is heard of a song: its middle, and the same made like all others."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.recommendation.evaluation.excerpts import CONDITIONS, LEVEL_DB, alike, middle


def test_excerpts_made_alike_have_one_level_one_rate_and_nothing_above_8_khz() -> None:
    rng = np.random.default_rng(0)
    noise = Audio(rng.normal(0, 0.01, (1, 44100 * 2)).astype(np.float32), 44100, "noise")
    made = alike(noise)
    assert (made.sr, made.n_samples) == (16000, 32000)
    level_db = 10 * np.log10(np.mean(np.square(made.samples, dtype=float)))
    assert level_db == pytest.approx(LEVEL_DB, abs=1.5)
    again = alike(Audio(noise.samples * 8, 44100, "loud"))
    np.testing.assert_allclose(again.samples, made.samples, atol=1e-3)


def test_silence_made_alike_is_silence() -> None:
    assert np.abs(alike(Audio(np.zeros((1, 16000), np.float32), 16000, "nothing")).samples).max() < 1e-4


def test_the_middle_of_a_song_is_compared() -> None:
    ramp = np.arange(100, dtype=np.float32)[None]
    cut = middle(Audio(np.concatenate([ramp, ramp + 2]), 10, "ramp"), 4.0)
    np.testing.assert_array_equal(cut.samples[0], np.arange(30, 70) + 1)
    assert middle(Audio(ramp, 10, "ramp"), 40.0).n_samples == 100


def test_the_halves_are_the_whole() -> None:
    ramp = Audio(np.arange(101, dtype=np.float32)[None], 10, "ramp")
    first, second = (CONDITIONS[name](ramp).samples for name in ("the first half", "the second half"))
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), ramp.samples)
