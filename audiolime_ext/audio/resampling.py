"""Excerpts of a recording at another sampling rate.

Invariant: *the same second gives the same samples, whatever excerpt was asked for*. The resampler (soxr) is run on a
piece that starts on a common grid of both rates (441 samples at 44.1 kHz are 160 at 16 kHz) and reaches 50 ms beyond
what is asked for, so that an excerpt equals the same part of the resampled whole to 1e-5.
"""

from __future__ import annotations

import math

import numpy as np

from audiolime_ext.audio.recording import Samples

RESAMPLING_CONTEXT_S = 0.05


def padded_span(samples: Samples, first: int, end: int) -> Samples:
    """``samples[..., first:end]`` with zeros where that reaches beyond either end."""
    n = samples.shape[-1]
    inside = samples[..., min(max(first, 0), n) : max(min(end, n), 0)]
    before, after = min(max(0, -first), end - first), min(max(0, end - n), end - first)
    if not before and not after:
        return inside
    return np.pad(inside, [(0, 0)] * (samples.ndim - 1) + [(before, after)])


def resample_span(samples: Samples, sr: int, new_sr: int, first: int, end: int, *, offset: int = 0) -> Samples:
    """Samples `first`…`end` of the recording at another rate.

    Parameters
    ----------
    samples : ndarray of float32, shape (..., n_samples)
        The recording at `sr`, or its part from sample `offset` on. Zeros are assumed beyond it, so a part should reach
        `RESAMPLING_CONTEXT_S` (and one step of the common grid) beyond what is asked for.
    sr, new_sr : int
        Sampling rates in Hz: of `samples`, and of the result.
    first, end : int
        Start and end of the span in samples at `new_sr`, counted from the recording's beginning; they may lie beyond
        its ends.
    offset : int
        Position of the first of `samples` in the recording, in samples at `sr`.

    Returns
    -------
    Shape (..., end − first), float32.
    """
    if sr == new_sr:
        return padded_span(samples, first - offset, end - offset)
    import soxr

    begin, stop = context_span(sr, new_sr, first, end)
    piece = padded_span(samples, begin - offset, stop - offset)
    flat = np.ascontiguousarray(piece.reshape(-1, piece.shape[-1]).T)
    resampled = np.asarray(soxr.resample(flat, sr, new_sr), np.float32).T
    start = first - begin * new_sr // sr  # a whole number: `begin` lies on the common grid
    wanted = np.ascontiguousarray(resampled[:, start : start + end - first])
    last = resampled_length(offset + samples.shape[-1], sr, new_sr)
    wanted[:, : max(0, -first)] = 0.0  # the resampler rings beyond the recording's ends
    wanted[:, max(0, last - first) :] = 0.0
    return wanted.reshape(*samples.shape[:-1], end - first)


def context_span(sr: int, new_sr: int, first: int, end: int) -> tuple[int, int]:
    """What `resample_span` reads for `first`…`end` at `new_sr`, as (first, end) in samples at `sr`, unclipped."""
    if sr == new_sr:
        return first, end
    divisor = math.gcd(sr, new_sr)
    step, new_step = sr // divisor, new_sr // divisor
    context = math.ceil(RESAMPLING_CONTEXT_S * sr / step)
    return (first // new_step - context) * step, (-(-end // new_step) + context) * step


def resampled_length(n_samples: int, sr: int, new_sr: int) -> int:
    """The number of samples that `n_samples` become at another rate, rounded up.

    Examples
    --------
    >>> resampled_length(44101, 44100, 16000)
    16001
    """
    return -(-n_samples * new_sr // sr)
