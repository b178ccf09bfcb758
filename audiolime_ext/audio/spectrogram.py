"""Short-time Fourier transforms and mel filters, as the published networks saw them in training.

Conventions: frames start at the first sample and are not centred; a caller who wants other frames cuts or pads the
samples first. Windows are periodic Hann windows. Spectra have shape (..., n_frames, n_bins), frames before bins, as the
networks read them. Everything is float32 and complex64.

librosa has the same functions; importing it costs seconds, which is why it is used in the tests only.

References
----------
D. Griffin, J. Lim: Signal estimation from modified short-time Fourier transform, IEEE TASSP 32(2), 1984.
M. Slaney: Auditory Toolbox, Interval Research technical report 1998-010 (the mel scale and the filters' norm).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

_LINEAR_HZ_PER_MEL = 200 / 3  # below 1 kHz
_KNEE_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27  # above, 27 mels from 1 kHz to 6.4 kHz


def frame_length(sr: int) -> int:
    """The power of two nearest to 46 ms, at least 32 samples: the usual frame length for music.

    Examples
    --------
    >>> [frame_length(sr) for sr in (8000, 22050, 44100, 48000)]
    [512, 1024, 2048, 2048]
    """
    return max(32, 1 << round(float(np.log2(0.046 * sr))))


def frames_over(first: int, end: int, *, n_fft: int, hop_length: int) -> tuple[int, int]:
    """Frames that hold any of the samples ``[first, end)``, as (first, end); frame f ends before f · hop_length.

    Examples
    --------
    >>> frames_over(0, 1, n_fft=1024, hop_length=256)
    (1, 5)
    """
    return first // hop_length + 1, (end - 1) // hop_length + n_fft // hop_length + 1


@lru_cache(maxsize=8)
def hann(n_fft: int) -> Samples:
    """Periodic Hann window of `n_fft` samples, float32, read-only."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    window.flags.writeable = False
    return window


def stft(samples: Samples, *, n_fft: int, hop_length: int, win_length: int | None = None) -> Spectrum:
    """Spectra of all frames that lie within the samples.

    Parameters
    ----------
    samples : ndarray of float32, shape (..., n_samples)
        Waveforms; n_samples ≥ `win_length`.
    n_fft, hop_length : int
        Length of the transform, and the step from one frame to the next, in samples.
    win_length : int or None
        Length of a frame in samples, behind which zeros follow up to `n_fft`; None: `n_fft`.

    Returns
    -------
    Shape (..., n_frames, n_fft / 2 + 1), complex64, n_frames = 1 + (n_samples − win_length) // hop_length.

    Examples
    --------
    >>> import numpy as np
    >>> stft(np.ones((2, 2048), np.float32), n_fft=512, hop_length=256).shape
    (2, 7, 257)
    """
    from scipy import fft  # five times as fast as NumPy's on float32

    length = n_fft if win_length is None else win_length
    frames = np.lib.stride_tricks.sliding_window_view(samples, length, axis=-1)[..., ::hop_length, :]
    return np.asarray(fft.rfft(frames * hann(length), n_fft, axis=-1, overwrite_x=True), np.complex64)


def istft(spectrum: Spectrum, *, hop_length: int) -> Samples:
    """Samples from the spectra of overlapping frames: the least-squares inverse of `stft`.

    The frames are windowed again, added up and divided by the sum of the squared windows, which is constant where
    `n_fft` is a multiple of `hop_length`, three times it or more. The first and last ``n_fft − hop_length`` samples are
    covered by fewer frames; they are faded, as neighbouring pieces are meant to be added to them.

    Parameters
    ----------
    spectrum : ndarray of complex64, shape (..., n_frames, n_fft / 2 + 1)
        Spectra of the frames, as `stft` gives them.
    hop_length : int
        Step from one frame to the next, in samples.

    Returns
    -------
    Shape (..., (n_frames − 1) · hop_length + n_fft), float32.

    Raises
    ------
    ValueError
        If the windows do not add up to a constant.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(4096).astype(np.float32)
    >>> again = istft(stft(noise, n_fft=1024, hop_length=256), hop_length=256)
    >>> bool(np.allclose(again[768:-768], noise[768:-768], atol=1e-5))
    True
    """
    from scipy import fft

    n_frames, n_fft = spectrum.shape[-2], 2 * (spectrum.shape[-1] - 1)
    overlap, rest = divmod(n_fft, hop_length)
    if rest or overlap < 3:
        raise ValueError(f"n_fft {n_fft} must be a multiple of hop_length {hop_length}, three times it or more")
    window = hann(n_fft) / np.float32(0.375 * overlap)
    frames = fft.irfft(spectrum, n_fft, axis=-1) * window
    parts = frames.reshape(*frames.shape[:-1], overlap, hop_length)
    samples = np.zeros((*frames.shape[:-2], n_frames + overlap - 1, hop_length), np.float32)
    for part in reversed(range(overlap)):  # earlier frames first, so that cut-out frames round in the same way
        samples[..., part : part + n_frames, :] += parts[..., part, :]
    return samples.reshape(*frames.shape[:-2], -1)


def mel_spectrogram(
    samples: Samples, *, sr: int, n_fft: int, hop_length: int, n_mels: int, win_length: int | None = None
) -> Samples:
    """Power in mel bands, frame by frame.

    Parameters
    ----------
    samples : ndarray of float32, shape (..., n_samples)
        Waveforms; n_samples ≥ `win_length`.
    sr : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Length of the transform, and the step from one frame to the next, in samples.
    n_mels : int
        Number of mel bands.
    win_length : int or None
        Length of a frame in samples, see `stft`; None: `n_fft`.

    Returns
    -------
    Shape (..., n_frames, n_mels), float32, with the frames of `stft`.

    Examples
    --------
    >>> import numpy as np
    >>> mel_spectrogram(np.ones((2, 2048), np.float32), sr=16000, n_fft=512, hop_length=256, n_mels=96).shape
    (2, 7, 96)
    """
    from scipy.sparse import csr_array  # not BLAS: `mixing` says why

    spectrum = stft(samples, n_fft=n_fft, hop_length=hop_length, win_length=win_length)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    bands = csr_array(mel_filterbank(sr, n_fft, n_mels)) @ power.reshape(-1, power.shape[-1]).T
    return np.ascontiguousarray(bands.T).reshape(*power.shape[:-1], n_mels)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE_HZ / _LINEAR_HZ_PER_MEL
    return np.where(mel < knee, mel * _LINEAR_HZ_PER_MEL, _KNEE_HZ * np.exp(_LOG_STEP * (mel - knee)))


def hz_to_mel(hz: float) -> float:
    """A frequency, from 0 Hz on, in mel: even below 1 kHz, logarithmic above.

    Examples
    --------
    >>> hz_to_mel(0.0), round(hz_to_mel(1000.0), 6), round(hz_to_mel(6400.0), 6)
    (0.0, 15.0, 42.0)
    """
    if hz < _KNEE_HZ:
        return hz / _LINEAR_HZ_PER_MEL
    return float(_KNEE_HZ / _LINEAR_HZ_PER_MEL + np.log(hz / _KNEE_HZ) / _LOG_STEP)


def mel_edges_hz(sr: int, n_mels: int) -> NDArray[np.float64]:
    """Where the bands of `mel_filterbank` begin, peak and end, shape (n_mels + 2,): band i has edges i to i + 2.

    Examples
    --------
    >>> mel_edges_hz(16000, 4).round().tolist()
    [0.0, 603.0, 1237.0, 2305.0, 4294.0, 8000.0]
    """
    return _mel_to_hz(np.linspace(0.0, hz_to_mel(sr / 2), n_mels + 2))


@lru_cache(maxsize=8)
def mel_filterbank(sr: int, n_fft: int, n_mels: int) -> Samples:
    """Triangular filters, evenly spaced in mel from 0 Hz to sr / 2, each of the same area.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz.
    n_fft : int
        Length of a frame in samples.
    n_mels : int
        Number of mel bands.

    Returns
    -------
    Shape (n_mels, n_fft / 2 + 1), float32, read-only: ``filters @ power`` are the mel bands of a power spectrum.

    Examples
    --------
    >>> mel_filterbank(16000, 512, 96).shape
    (96, 257)
    """
    bins_hz = np.arange(n_fft // 2 + 1) * (sr / n_fft)
    edges_hz = mel_edges_hz(sr, n_mels)
    low, centre, high = (edges_hz[i : i + n_mels, None] for i in range(3))
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    filters = (np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)
    filters.flags.writeable = False
    return filters
