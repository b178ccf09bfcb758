"""What the network sees: mel spectra in decibels below the loudest point of what is heard.

Recordings are brought to 22,050 Hz, mono. A frame has 2,048 samples (93 ms), the next begins 512 samples later (23 ms),
and its power is summed in 128 mel bands; 129 frames are a chunk, 67,584 samples or 3.07 s. What is kept of a song is
the level of each band in dB, in half precision; levels around −40 dB are then exact to 0.03 dB.

A chunk is seen relative to its own loudest point: 0 dB there, −80 dB at the least. So how loud a recording is makes no
difference, as long as it is not next to silent: the reference is never below `FAINTEST_DB`, some 80 dB below full
scale, so that *silence is −80 dB everywhere*, and quiet sounds fade into it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.audio.spectrogram import mel_spectrogram

SR, N_FFT, HOP, N_MELS, N_FRAMES = 22050, 2048, 512, 128, 129
N_SAMPLES = N_FFT + (N_FRAMES - 1) * HOP
WINDOW_S = N_SAMPLES / SR
RANGE_DB = 80.0
FAINTEST_DB = -40.0  # of a mel band; a tone of full scale has about 40
LEAST_DB = FAINTEST_DB - RANGE_DB
VERSION = f"1 {SR} {N_FFT} {HOP} {N_MELS}"  # of this arithmetic
_FRAMES_AT_ONCE = 4096


def levels(samples: NDArray[np.float32]) -> NDArray[np.float16]:
    """Levels of the mel bands of a recording.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Waveform at 22,050 Hz.

    Returns
    -------
    Shape (n_frames, 128), float16, in dB, −120 at the least; no frames where there are fewer than 2,048 samples.

    Examples
    --------
    >>> levels(np.zeros(N_SAMPLES, np.float32)).shape
    (129, 128)
    """
    n_frames = max(0, 1 + (len(samples) - N_FFT) // HOP)
    found = np.empty((n_frames, N_MELS), np.float16)
    for first in range(0, n_frames, _FRAMES_AT_ONCE):
        end = min(n_frames, first + _FRAMES_AT_ONCE)
        part = samples[first * HOP : (end - 1) * HOP + N_FFT]
        power = mel_spectrogram(part, sr=SR, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS)
        found[first:end] = decibels(power)
    return found


def decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power in dB, −120 at the least.

    Examples
    --------
    >>> decibels(np.array([0, 1, 100], np.float32)).round(3).tolist()
    [-120.0, 0.0, 20.0]
    """
    return np.asarray(10 * np.log10(np.maximum(power, np.float32(10 ** (LEAST_DB / 10)))), np.float32)


def seen(chunks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels as the network sees them: relative to the loudest point of each chunk, between −80 and 0 dB.

    Parameters
    ----------
    chunks : ndarray of float32, shape (n_chunks, n_frames, 128)
        Levels in dB.

    Examples
    --------
    >>> seen(np.array([[[10.0, -20.0], [-80.0, 0.0]]], np.float32)).tolist()
    [[[0.0, -30.0], [-80.0, -10.0]]]
    """
    loudest = np.maximum(chunks.max(axis=(1, 2), keepdims=True), np.float32(FAINTEST_DB))
    return np.asarray(np.clip(chunks - loudest, np.float32(-RANGE_DB), np.float32(0)), np.float32)


def mono(audio: Audio) -> NDArray[np.float32]:
    """A recording at 22,050 Hz, the mean of its channels, shape (n_samples,)."""
    n_samples = resampled_length(audio.n_samples, audio.sr, SR)
    heard = audio.samples.mean(axis=0, keepdims=True, dtype=np.float32)
    return np.asarray(resample_span(heard, audio.sr, SR, 0, n_samples)[0])
