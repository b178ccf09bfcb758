"""Recordings that are separated chunk by chunk: chunks on a fixed grid, faded into each other by triangles.

A network that hears a few seconds at once, or a filter whose memory grows with what it is given, cannot take a whole
song. Chunks of a constant length start every `stride` samples, counted from the recording's start. Where they overlap,
each is weighted by the height of its triangle, so that what lies at the edge of one chunk, where a network knows least,
comes from the middle of the other.

Invariant: *the same sample gets the same value, whatever span was asked for*, as the grid does not depend on the span.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.progress.stages import stage


def faded(
    chunk: Callable[[int], Samples], first: int, end: int, *, length: int, stride: int, stop: int | None = None
) -> Samples:
    """The samples ``[first, end)`` of a recording that is processed chunk by chunk.

    Parameters
    ----------
    chunk : callable
        Function from the sample at which a chunk starts to what is made of it, float32 (..., n_samples), with n_samples
        = `length` (fewer where the recording ends).
    first, end : int
        Start and end of the span, in samples of the recording.
    length, stride : int
        Samples of a chunk, and from the start of one to that of the next; at most `length`.
    stop : int or None
        Sample from which on no chunk starts; None: chunks start as long as there are samples.

    Returns
    -------
    Shape (..., end − first), float32.

    Examples
    --------
    >>> import numpy as np
    >>> ones, twos = np.ones((1, 4), np.float32), np.full((1, 4), 2, np.float32)
    >>> faded(lambda at: ones if at == 0 else twos, 0, 6, length=4, stride=2, stop=4).astype(float).round(2)[0]
    array([1.  , 1.  , 1.33, 1.67, 2.  , 2.  ])
    """
    ramp = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)).astype(np.float32)
    found, total = np.zeros(0, np.float32), np.zeros(end - first, np.float32)
    starts = range(max(0, (first - length) // stride + 1) * stride, min(end, end if stop is None else stop), stride)
    with stage("separating", len(starts), "chunk") as separating:
        for at in starts:
            begin, until = max(at, first), min(at + length, end)
            weight, place = ramp[begin - at : until - at], slice(begin - first, until - first)
            made = chunk(at)
            give_back()
            if not found.size:
                found = np.zeros((*made.shape[:-1], end - first), np.float32)
            found[..., place] += weight * made[..., begin - at : until - at]
            total[place] += weight
            del made  # before the next is made
            separating.advance()
    found /= total
    return found


def give_back() -> None:
    """Give free memory back to the system, where the C library can; glibc keeps what lies between used blocks."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
