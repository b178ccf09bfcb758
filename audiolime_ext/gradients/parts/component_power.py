"""Where each component sounds, on the grid of a map: soft masks of power.

A component is a signal at the recording's own rate. Around the centre of each frame of the map a Hann window of 46 ms
of it is transformed, and its power is shared between the map's bands as `audiolime_ext.gradients.sound.bin_shares` does
when relevance is made audible. A component's mask in a cell is its share of the power of all components there, so that

    masks sum to one wherever anything sounds,

and what a map puts on a cell is divided between the components that sound in it. Cells more than 100 dB below the
loudest are nobody's. Powers do not add up as signals do (two sounds may cancel); a mask says who is louder, no more.
What a component does not hold, such as the context that a model hears before a window, is silence.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.spectrogram import frame_length
from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.sound import bin_shares

SILENT_DB = -100.0  # of the loudest cell
_AT_ONCE = 512  # frames


def band_power(samples: Samples, sr: int, times_s: Floats, *, bands_hz: Floats, top_hz: float) -> Floats:
    """The power of a signal in frames and bands, shape (n_frames, n_bands).

    Parameters
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Signal.
    sr : int
        Sampling rate in Hz.
    times_s : ndarray of float64, shape (n_frames,)
        Centres of the frames, in seconds from the signal's start.
    bands_hz : ndarray of float64, shape (n_bands,)
        Centres of the bands, rising.
    top_hz : float
        Frequency at which the highest band ends.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000, dtype=np.float32)[None]
    >>> found = band_power(tone, 8000, np.array([0.2, 0.5]), bands_hz=np.array([1000.0, 3000.0]), top_hz=4000.0)
    >>> (found[:, 0] / found.sum(axis=1)).round(2)
    array([1., 1.])
    """
    from scipy import fft

    n_fft = frame_length(sr)
    shares, hann = bin_shares(bands_hz, top_hz, sr, n_fft), np.hanning(n_fft + 1)[:-1]
    begins = np.clip(np.round(times_s * sr).astype(np.int64) + n_fft // 2, 0, samples.shape[1] + n_fft)
    padded = np.pad(samples, [(0, 0), (n_fft, 2 * n_fft)])
    found = np.zeros((len(times_s), len(bands_hz)))
    for first in range(0, len(begins), _AT_ONCE):
        places = begins[first : first + _AT_ONCE, None] + np.arange(n_fft)
        for channel in padded:
            found[first : first + _AT_ONCE] += np.abs(fft.rfft(channel[places] * hann)) ** 2 @ shares
    return found


def soft_masks(powers: Floats) -> Floats:
    """The share of each component in every cell, shaped like the powers, (n_components, n_frames, n_bands).

    Examples
    --------
    >>> soft_masks(np.array([[[3.0, 0.0]], [[1.0, 0.0]]]))[:, 0]
    array([[0.75, 0.  ],
           [0.25, 0.  ]])
    """
    total = powers.sum(axis=0)
    sounds = total > 10 ** (SILENT_DB / 10) * total.max(initial=0.0)
    return np.where(sounds, powers / np.where(sounds, total, 1.0), 0.0)
