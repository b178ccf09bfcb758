"""What an excerpt is like as a recording, whatever is played in it: its level, and where a codec cut it off.

A classifier may learn from them which label, studio or file format a class comes from. Here they are measured; what
concepts have in common is told by `audiolime_ext.concepts.artefacts.checks`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples

SHARP_DB = 20.0  # by how much all that lies above a cut is softer than the 1 kHz below it
LOWEST_CUT_HZ = 7000.0  # below it music itself ends, now and then
_BAND_HZ, _N_BELOW = 250.0, 4
_FULL = 0.97  # of what the model hears: an end above it is no cut to the model


@dataclass(frozen=True)
class Traits:
    """What an excerpt is like as a recording.

    Parameters
    ----------
    window_s : float
        Length of a window in seconds.
    level_db : float
        Level of the excerpt as the model hears it, in dB of a full-scale square wave; −200 is silence.
    cut_hz : float or None
        Frequency in Hz at which the excerpt ends sharply, below what the model could hear; None: it does not.
    """

    window_s: float
    level_db: float
    cut_hz: float | None


def traits_of(excerpt: Audio, windows: Samples, sr: int, lead: int) -> Traits:
    """The traits of an excerpt.

    Parameters
    ----------
    excerpt : Audio
        Excerpt at the recording's own rate.
    windows : ndarray of float32, shape (n_windows, n_channels, lead + n_samples)
        Signals of the excerpt as the model hears it.
    sr, lead : int
        Rate in Hz at which the model listens, and the samples before each window.

    Examples
    --------
    >>> tone = Audio(0.1 * np.sin(np.arange(16000, dtype=np.float32))[None], 16000)
    >>> traits_of(tone, tone.samples[None], 16000, 0)
    Traits(window_s=1.0, level_db=-23.0, cut_hz=None)
    """
    power = float(np.mean(np.square(windows, dtype=np.float64)))
    level_db = round(10 * np.log10(max(power, 1e-20)), 1)
    found = cut_hz(excerpt)
    found = excerpt.sr / 2 if found is None else found
    window_s = (windows.shape[-1] - lead) / sr
    return Traits(float(window_s), float(level_db), found if found < _FULL * sr / 2 else None)


def cut_hz(audio: Audio) -> float | None:
    """The frequency in Hz above which a recording holds next to nothing, although it sounds up to there.

    The mean power of bands of 250 Hz is compared: all bands above a cut lie `SHARP_DB` below each of the four before
    it, but for one in between. None: it has no such end from `LOWEST_CUT_HZ` on.

    Examples
    --------
    >>> noise = np.fft.rfft(np.random.default_rng(0).normal(0, 0.1, 44100))
    >>> noise[16000:] = 0
    >>> cut_hz(Audio(np.fft.irfft(noise).astype(np.float32)[None], 44100))
    16000.0
    """
    levels = _levels(audio)
    lowest = max(_N_BELOW, round(LOWEST_CUT_HZ / _BAND_HZ))
    bands = range(lowest, len(levels) - 1)
    drops = [levels[band - _N_BELOW : band].min() - levels[band + 1 :].max() for band in bands]
    if not drops or max(drops) < SHARP_DB:
        return None
    return bands[int(np.argmax(drops))] * _BAND_HZ


def _levels(audio: Audio) -> NDArray[np.float64]:
    """Mean power of the whole bands below half the rate, in dB."""
    n_fft = spectrogram.frame_length(audio.sr)
    short = max(0, n_fft - audio.n_samples)
    spectrum = spectrogram.stft(np.pad(audio.samples, [(0, 0), (0, short)]), n_fft=n_fft, hop_length=n_fft // 2)
    power = np.mean(np.square(np.abs(spectrum), dtype=np.float64), axis=(0, 1))
    band = (np.arange(len(power)) * audio.sr / n_fft / _BAND_HZ).astype(np.intp)
    sums, counts = np.bincount(band, power), np.bincount(band)
    whole = int(audio.sr / 2 / _BAND_HZ)
    return np.asarray(10 * np.log10(np.maximum(sums[:whole] / np.maximum(counts[:whole], 1), 1e-20)))
