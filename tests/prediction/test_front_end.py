"""The log-mel front end that spec strings can declare."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.models.musicnn import log_mel
from audiolime_ext.prediction.front_end import LogMel, Mel, MelSpectra

NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 8000)).astype(np.float32)


@pytest.mark.parametrize(("n_fft", "hop_length", "n_mels"), [(512, 256, 96), (1024, 300, 40)])
def test_it_is_what_librosa_computes(n_fft: int, hop_length: int, n_mels: int) -> None:
    front_end = LogMel.parse(f"log-mel:{n_fft},{hop_length},{n_mels}", sr=16000)
    mel = librosa.feature.melspectrogram(
        y=NOISE, sr=16000, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, center=False
    )
    np.testing.assert_allclose(front_end(NOISE), np.log10(1 + 10000 * mel).swapaxes(1, 2), atol=1e-4)


def test_it_is_musicnns_but_for_the_rounding() -> None:
    ours = LogMel(16000, 512, 256, 96)(NOISE)
    np.testing.assert_allclose(ours, log_mel(NOISE)[:, 0], atol=1e-3)
    assert np.abs(LogMel(22050, 512, 256, 96)(NOISE) - ours).max() > 1e-2  # another rate has other bands


def test_frames_and_samples_agree() -> None:
    front_end = LogMel(16000, 512, 256, 96)
    for n_frames in (1, 2, 187):
        n_samples = front_end.n_samples(n_frames)
        assert front_end(np.zeros((1, n_samples), np.float32)).shape[1] == front_end.n_frames(n_samples) == n_frames
        assert front_end.n_frames(n_samples - 1) == n_frames - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mfcc:512,256,20", r"unknown front end 'mfcc'.*log-mel:512,256,96"),
        ("log-mel", r"front_end is 'log-mel'; write log-mel:n_fft,hop_length,n_mels"),
        ("log-mel:512,256", r"write log-mel"),
        ("log-mel:512,256,many", r"write log-mel"),
        ("log-mel:511,256,96", r"n_fft must be even"),
        ("log-mel:512,0,96", r"hop_length ≥ 1"),
        ("log-mel:512,256,300", r"n_mels ≤ n_fft / 2 \+ 1"),
    ],
)
def test_what_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LogMel.parse(text, sr=16000)


def test_less_than_a_frame_is_told() -> None:
    with pytest.raises(UsageError, match=r"100 samples are less than one frame of 512"):
        LogMel(16000, 512, 256, 96)(NOISE[:, :100])


def test_a_function_that_is_said_to_make_mel_spectra_makes_the_same() -> None:
    batch = np.random.default_rng(0).normal(0, 0.1, (2, 4000)).astype(np.float32)
    log_mel = LogMel(8000, 256, 128, 32)
    said = MelSpectra(log_mel, 8000, 256, 128, 32)
    assert (said(batch) == log_mel(batch)).all()
    assert all(isinstance(front_end, Mel) for front_end in (said, log_mel))
    assert not isinstance(np.abs, Mel)
