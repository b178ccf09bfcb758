"""Who hears: the model of an index, the same network untrained, and what costs nothing.

An embedding is worth its training only where it beats what needs none. Three such anchors: the *mean log-mel* spectrum
(96 bands up to 8 kHz, log10(1 + 10,000 × power), averaged over the excerpt: a timbre, no time at all), *20 MFCC* with
their mean and deviation (as librosa computes them by default at 22,050 Hz), and *the untrained network*: the model's
own architecture with weights drawn anew, which says how much of the measure is architecture.

References
----------
B. Logan: Mel frequency cepstral coefficients for music modeling, ISMIR 2000.
J. Pons, X. Serra: Randomly weighted CNNs for (music) audio classification, ICASSP 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.audio.spectrogram import mel_spectrogram
from audiolime_ext.cache import identity
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.capabilities import Randomisable
from audiolime_ext.prediction.contract import Model

Vector = NDArray[np.float32]
LOG_MEL, MFCC = "mean log-mel", "MFCC"
_LOUDEST_DB = 80.0  # that far below the loudest a band counts as silent


@dataclass(frozen=True)
class Ear:
    """What makes a vector of an excerpt.

    Parameters
    ----------
    name : str
        Name for tables.
    hear : callable of an Audio, giving an ndarray of shape (n_features,)
        Vector of an excerpt.
    key : mapping of str to plain values, or None
        Values that identify it, so that its vectors can be kept; None: they are not.
    """

    name: str
    hear: Callable[[Audio], Vector] = field(repr=False)
    key: Mapping[str, Any] | None = field(default=None, repr=False)


def of_model(model: Model, name: str) -> Ear:
    """A model as it hears the songs of an index: the mean of its answers to the windows that count."""
    return Ear(name, lambda audio: song_vector(audio, model).mean, identity(model))


def untrained(model: Model, name: str, *, seed: int = 0) -> Ear | None:
    """The model with all its weights drawn anew; None where it cannot be had without training."""
    if not isinstance(model, Randomisable):
        return None
    return of_model(model.randomised(model.trained_layers, seed=seed), f"{name} untrained")


def free() -> tuple[Ear, Ear]:
    """What costs nothing: the mean log-mel spectrum, and MFCC."""
    return Ear(LOG_MEL, mean_log_mel, {"free": LOG_MEL, "of": 1}), Ear(MFCC, mfcc, {"free": MFCC, "of": 1})


def mean_log_mel(audio: Audio) -> Vector:
    """The mean log-mel spectrum of a recording, shape (96,): log10(1 + 10,000 × power) at 16 kHz.

    Raises
    ------
    AudioError
        If it is shorter than 32 ms.

    Examples
    --------
    >>> mean_log_mel(Audio(np.zeros((1, 16000), np.float32), 16000)).max().item()
    0.0
    """
    samples = _mono(audio, 16000, least=512)
    mel = mel_spectrogram(samples, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    return np.asarray(np.log10(np.float32(10000) * mel + np.float32(1)).mean(axis=0))


def mfcc(audio: Audio) -> Vector:
    """Means and then deviations of 20 MFCC, shape (40,): 128 mel bands in dB at 22,050 Hz, frames of 93 ms.

    Raises
    ------
    AudioError
        If it is shorter than 93 ms.

    Examples
    --------
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, (1, 22050)).astype(np.float32)
    >>> louder = mfcc(Audio(2 * hiss, 22050)) - mfcc(Audio(hiss, 22050))
    >>> bool(louder[0] > 60), bool(np.abs(louder[1:]).max() < 0.1)
    (True, True)
    """
    from scipy.fft import dct

    samples = np.pad(_mono(audio, 22050, least=2048), 1024)  # frames are centred
    mel = mel_spectrogram(samples, sr=22050, n_fft=2048, hop_length=512, n_mels=128)
    power_db = 10 * np.log10(np.maximum(mel, 1e-10))
    found = dct(np.maximum(power_db, power_db.max() - _LOUDEST_DB), norm="ortho")[:, :20]
    return np.concatenate([found.mean(axis=0), found.std(axis=0)])


def _mono(audio: Audio, sr: int, *, least: int) -> Samples:
    n_samples = resampled_length(audio.n_samples, audio.sr, sr)
    if n_samples < least:
        raise AudioError(f"{audio.name!r} lasts {audio.duration_s:.3f} s; {least / sr:.3f} s are needed to hear it")
    return resample_span(audio.samples.mean(axis=0), audio.sr, sr, 0, n_samples)
