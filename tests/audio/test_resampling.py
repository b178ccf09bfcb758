"""Excerpts at another sampling rate: the same second gives the same samples, and a tone stays in its place."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audio.resampling import context_span, padded_span, resample_span, resampled_length

RATES = [(44100, 16000), (48000, 16000), (22050, 16000), (8000, 16000), (44100, 48000), (16000, 44100), (44101, 16000)]


def excerpts(n: int) -> list[tuple[int, int]]:
    """Places in a recording of n samples: at both ends, across them, and odd ones between."""
    rng = np.random.default_rng(1)
    starts = [0, n - 2000, *(int(start) for start in rng.integers(0, n - 2000, 6))]
    return [(-300, 700), (n - 700, n + 300), *((start, start + 2000) for start in starts)]


def largest_error(sr: int, new_sr: int, misaligned: int = 0) -> float:
    """The largest difference between excerpts and the resampled whole, `misaligned` samples off the grid by mistake."""
    samples = np.random.default_rng(0).normal(0, 0.1, (2, 2 * sr)).astype(np.float32)
    n = round(2.0 * new_sr)
    whole = resample_span(samples, sr, new_sr, -1000, n + 1000)
    errors = []
    for first, end in excerpts(n):
        begin, stop = (max(0, edge) for edge in context_span(sr, new_sr, first, end))
        part = samples[:, begin + misaligned : stop + misaligned]
        found = resample_span(part, sr, new_sr, first, end, offset=begin)
        assert found.shape == (2, end - first)
        errors.append(np.max(np.abs(found - whole[:, first + 1000 : end + 1000])))
    return float(max(errors))


@pytest.mark.parametrize(("sr", "new_sr"), RATES)
def test_the_same_second_gives_the_same_samples_whatever_excerpt(sr: int, new_sr: int) -> None:
    assert largest_error(sr, new_sr) < 1e-5


@pytest.mark.parametrize(("sr", "new_sr"), RATES)
def test_being_off_the_grid_by_one_sample_fails_that_check(sr: int, new_sr: int) -> None:
    assert largest_error(sr, new_sr, misaligned=1) > 1e-3


@pytest.mark.parametrize(("sr", "new_sr"), RATES)
def test_resampling_keeps_a_tone_in_its_place(sr: int, new_sr: int) -> None:
    time, new_time = np.arange(sr) / sr, np.arange(new_sr) / new_sr
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)[None]
    inner = slice(new_sr // 4, new_sr // 2)
    found = resample_span(tone, sr, new_sr, inner.start, inner.stop)
    np.testing.assert_allclose(found[0], np.sin(2 * np.pi * 440 * new_time)[inner], atol=1e-4)


def test_zeros_stand_beyond_both_ends() -> None:
    samples = np.arange(1, 5, dtype=np.float32)[None]
    np.testing.assert_array_equal(padded_span(samples, -2, 6), [[0, 0, 1, 2, 3, 4, 0, 0]])
    np.testing.assert_array_equal(padded_span(samples, 6, 8), [[0, 0]])
    np.testing.assert_array_equal(padded_span(samples, -3, -1), [[0, 0]])
    np.testing.assert_array_equal(resample_span(samples, 8000, 8000, 1, 5), [[2, 3, 4, 0]])


@pytest.mark.parametrize(("sr", "new_sr"), RATES)
def test_a_length_counts_the_last_sample_that_was_begun(sr: int, new_sr: int) -> None:
    assert resampled_length(sr, sr, new_sr) == new_sr
    assert resampled_length(sr + 1, sr, new_sr) == new_sr + -(-new_sr // sr)


@pytest.mark.parametrize(("sr", "new_sr"), RATES)
def test_the_resampler_does_not_ring_beyond_a_recordings_ends(sr: int, new_sr: int) -> None:
    step = np.ones((1, sr), np.float32)
    around = resample_span(step, sr, new_sr, -100, new_sr + 100)
    assert not around[:, :100].any()
    assert not around[:, -100:].any()
    assert around[:, 100:-100].all()
