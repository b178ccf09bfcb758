"""Patches: with their window without them they add up to the window, in the window that holds them."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.concepts.measurement.patches import patches_of
from audiolime_ext.errors import AudioError
from factorizations.bands import BandsFactorization
from factorizations.oracle import OracleFactorization
from factorizations.slic import SlicFactorization

SR = 8000
RNG = np.random.default_rng(0)


def level(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(batch).max(axis=1, keepdims=True))


MODEL = tagger(level, sr=SR, window_s=1.0)


def test_a_patch_and_its_window_without_it_add_up_to_the_window() -> None:
    song = Audio(RNG.normal(0, 0.1, (2, 3 * SR)).astype(np.float32), SR)
    found = patches_of(song, MODEL, [SlicFactorization(6), BandsFactorization(3)], start_s=0.5, duration_s=2.0)
    assert len(found.windows) == 2
    assert found.starts_s == (0.5, 1.5)
    assert {one.split for one in found.of} == {"slic:6", "bands:3"}
    windows = found.windows[[one.window for one in found.of]]
    np.testing.assert_allclose(found.alone + found.without, windows, atol=1e-5)
    mixed = song.samples.mean(axis=0)[SR // 2 :][: 2 * SR].reshape(2, SR)
    np.testing.assert_allclose(found.windows[:, 0], mixed, atol=1e-5)


def test_a_patch_lies_where_it_sounds() -> None:
    beeps = np.zeros((3, 3 * SR), np.float32)
    for i in range(3):
        beeps[i, i * SR + 1000 : i * SR + 3000] = np.sin(np.arange(2000) * (i + 1) / 5) / (i + 1)
    oracle = OracleFactorization({name: (sound, SR) for name, sound in zip("abc", beeps, strict=True)})
    found = patches_of(oracle.mixture, MODEL, [oracle], start_s=0.0, duration_s=3.0)
    assert [(one.name, one.window) for one in found.of] == [("a", 0), ("b", 1), ("c", 2)]
    np.testing.assert_allclose([one.held for one in found.of], 1, atol=1e-6)
    assert sum(one.share for one in found.of) == pytest.approx(1, abs=1e-3)


def test_silence_is_a_patch_and_called_silent() -> None:
    tone, hiss = np.sin(np.arange(SR) / 5).astype(np.float32), RNG.normal(0, 1e-5, SR).astype(np.float32)
    oracle = OracleFactorization({"tone": (tone, SR), "hiss": (hiss, SR)})
    found = patches_of(oracle.mixture, MODEL, [oracle], start_s=0.0, duration_s=1.0)
    assert [(one.name, one.silent) for one in found.of] == [("tone", False), ("hiss", True)]


def test_a_patch_says_where_it_sounds() -> None:
    beep = np.zeros(2 * SR, np.float32)
    beep[SR + 2000 : SR + 4000] = np.sin(2 * np.pi * 2000 * np.arange(2000) / SR)
    oracle = OracleFactorization({"beep": (beep, SR), "hiss": (RNG.normal(0, 0.1, 2 * SR).astype(np.float32), SR)})
    patch = patches_of(oracle.mixture, MODEL, [oracle], start_s=0.0, duration_s=2.0).of[0]
    assert patch.window == 1
    assert patch.place is not None
    np.testing.assert_allclose(patch.place[:2], [0.25, 0.5], atol=0.02)
    np.testing.assert_allclose(patch.place[2:], 2000, atol=10)


def test_silence_and_short_excerpts_are_refused() -> None:
    silent = Audio(np.zeros((1, SR), np.float32), SR)
    with pytest.raises(AudioError, match="silent"):
        patches_of(silent, MODEL, [BandsFactorization(2)], start_s=0.0, duration_s=1.0)
    with pytest.raises(AudioError, match="needs at least 1"):
        patches_of(
            Audio(np.ones((1, 3 * SR), np.float32), SR), MODEL, [BandsFactorization(2)], start_s=0, duration_s=0.5
        )
