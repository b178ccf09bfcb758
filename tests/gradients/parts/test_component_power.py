"""Where components sound on a map's grid."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audio.spectrogram import mel_edges_hz
from audiolime_ext.gradients.parts.component_power import band_power, soft_masks

SR = 8000
BANDS = mel_edges_hz(SR, 32)
GRID = {"bands_hz": BANDS[1:-1], "top_hz": float(BANDS[-1])}


def test_a_tone_lies_in_its_band_and_its_seconds() -> None:
    tone = np.sin(2 * np.pi * BANDS[11] * np.arange(2 * SR) / SR).astype(np.float32)[None]
    tone[:, SR:] = 0
    found = band_power(tone, SR, np.array([0.5, 1.5]), **GRID)  # type: ignore[arg-type]
    assert found[0].argmax() == 10
    assert found[0, 9:12].sum() / found[0].sum() > 0.99
    assert found[1].sum() < 1e-9 * found[0].sum()


def test_power_is_that_of_both_channels_and_of_nothing_outside() -> None:
    noise = np.random.default_rng(0).normal(size=(1, SR)).astype(np.float32)
    one, two = (band_power(np.repeat(noise, n, 0), SR, np.array([0.5, -3.0, 9.0]), **GRID) for n in (1, 2))  # type: ignore[arg-type]
    assert two == pytest.approx(2 * one)
    assert one[0].sum() > 0
    assert (one[1:] == 0).all()


def test_masks_sum_to_one_wherever_anything_sounds() -> None:
    powers = np.random.default_rng(0).exponential(size=(3, 20, 8))
    powers[:, :5] = 0
    powers[:, 5] *= 1e-12
    masks = soft_masks(powers)
    assert masks[:, 6:].sum(axis=0) == pytest.approx(np.ones((14, 8)))
    assert (masks[:, :6] == 0).all()
    assert (soft_masks(np.zeros((2, 3, 4))) == 0).all()
