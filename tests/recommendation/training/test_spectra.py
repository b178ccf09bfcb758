"""Levels, and how the network sees them."""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.training.spectra import (
    FAINTEST_DB,
    N_FRAMES,
    N_MELS,
    N_SAMPLES,
    RANGE_DB,
    SR,
    WINDOW_S,
    levels,
    seen,
)

NOISE = np.random.default_rng(0).normal(0, 0.1, N_SAMPLES).astype(np.float32)


def test_a_chunk_is_three_seconds() -> None:
    assert levels(NOISE).shape == (N_FRAMES, N_MELS) == (129, 128)
    assert 3 < WINDOW_S < 3.1
    assert levels(NOISE[:2047]).shape == (0, 128)


def test_levels_are_those_of_librosa() -> None:
    import librosa

    power = librosa.feature.melspectrogram(y=NOISE, sr=SR, n_fft=2048, hop_length=512, n_mels=128, center=False)
    np.testing.assert_allclose(levels(NOISE).T, librosa.power_to_db(power, amin=1e-12, top_db=None), atol=0.05)


def test_long_recordings_are_read_in_parts_that_fit_together() -> None:
    long = np.random.default_rng(1).normal(0, 0.1, 5000 * 512).astype(np.float32)
    assert (levels(long)[4090:4100] == levels(long[4090 * 512 : 4099 * 512 + 2048])).all()


def test_how_loud_a_recording_is_makes_no_difference_until_it_is_next_to_silent() -> None:
    whole, soft, softest, nothing = (seen(levels(gain * NOISE)[None].astype(np.float32)) for gain in (1, 0.01, 1e-6, 0))
    np.testing.assert_allclose(whole, soft, atol=0.1)
    assert whole.max() == 0
    assert (nothing == -RANGE_DB).all()
    assert -RANGE_DB < softest.max() < -20  # it fades into silence
    assert levels(1e-6 * NOISE).max() < FAINTEST_DB < levels(0.01 * NOISE).max()


def test_what_lies_far_below_the_loudest_point_is_cut() -> None:
    tone = np.sin(2 * np.pi * 1000 / SR * np.arange(N_SAMPLES)).astype(np.float32)
    found = seen(levels(tone)[None].astype(np.float32))
    assert (found.max(), found.min()) == (0, -RANGE_DB)
