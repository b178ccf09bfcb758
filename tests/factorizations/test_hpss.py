"""Harmonic and percussive parts: librosa's, and without what librosa compiles."""

from __future__ import annotations

import subprocess
import sys

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio
from audiolime_ext.progress.stages import reporting
from factorizations.hpss import CONTEXT_FRAMES, HOP_LENGTH, KERNEL_SIZE, N_FFT, HPSSFactorization

SR = 22050
MARGIN = CONTEXT_FRAMES * HOP_LENGTH


def music(n_channels: int = 1, n_samples: int = 40000) -> NDArray[np.float32]:
    """A held chord, clicks, a little noise."""
    rng, times = np.random.default_rng(0), np.arange(n_samples) / SR
    chord = sum(0.1 * np.sin(2 * np.pi * f * times) for f in (220.0, 277.2, 329.6))
    clicks = np.where(np.arange(n_samples) % 5000 < 60, rng.normal(0, 0.3, n_samples), 0)
    return (chord + clicks + rng.normal(0, 1e-3, (n_channels, n_samples))).astype(np.float32)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_parts_are_librosas(n_channels: int) -> None:
    samples = music(n_channels)
    padded = np.pad(samples, ((0, 0), (MARGIN, MARGIN)))  # silence before and after, as a recording has it
    spectrum = librosa.stft(padded, n_fft=N_FFT, hop_length=HOP_LENGTH)
    theirs = [
        librosa.istft(part, hop_length=HOP_LENGTH, length=padded.shape[-1])[:, MARGIN:-MARGIN]
        for part in librosa.decompose.hpss(spectrum, kernel_size=KERNEL_SIZE)
    ]
    ours = HPSSFactorization().factorize(Audio(samples, SR))
    np.testing.assert_allclose(ours.samples[:2], theirs, atol=2e-6)
    assert np.abs(theirs[0] - theirs[1]).max() > 0.1, "they are not each other's"


def test_parts_sum_to_the_recording_and_silence_has_none() -> None:
    samples = np.concatenate([np.zeros((1, 30000), np.float32), music()], axis=1)
    parts = HPSSFactorization().factorize(Audio(samples, SR)).samples
    np.testing.assert_allclose(parts.sum(axis=0), samples, atol=1e-6)
    assert np.abs(parts[:2, :, :20000]).max() < 1e-6


def test_librosa_is_not_imported() -> None:
    program = (
        "import sys, numpy as np\n"
        "from audiolime_ext import Audio\n"
        "from factorizations.hpss import HPSSFactorization\n"
        "HPSSFactorization().factorize(Audio(np.ones((1, 9000), np.float32), 8000))\n"
        "print({'librosa', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_it_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factorizations.hpss.BLOCK_FRAMES", 10)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 50 * HOP_LENGTH)).astype(np.float32)
    told: list[str] = []
    with reporting(lambda at: told.append(str(at))):
        HPSSFactorization().factorize(Audio(noise, 44100))
    assert told[-1] == "separating: 5 of 5 blocks"
