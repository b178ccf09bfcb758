"""Weighted sums of signals: what every mask amounts to.

BLAS is avoided on purpose. Its threads go on spinning for a while when a product is done, on the cores that the model
needs next: on two cores musicnn then takes twice as long. SciPy's sparse product uses one thread and is about as fast,
as half of the entries of masks are 0.

Invariant: *a mix is the same, bit for bit, whatever other mixes are made with it*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples


def mix(stems: Samples, gains: NDArray[np.float32], edges: NDArray[np.float64], crossfade: float) -> Samples:
    """Weighted sums of stems, segment by segment.

    Parameters
    ----------
    stems : ndarray of float32, shape (n_stems, n_channels, n_samples)
        Waveforms of the stems.
    gains : ndarray of float32, shape (n_mixes, n_stems, n_segments)
        Gain of each stem in each segment.
    edges : ndarray of float64, shape (n_segments + 1,)
        Edges of the segments in samples; the first and the last segment reach to the ends.
    crossfade : float
        Length in samples of the linear ramps around each inner edge; shortened where segments are shorter.

    Returns
    -------
    Shape (n_mixes, n_channels, n_samples), float32.

    Examples
    --------
    >>> import numpy as np
    >>> stems = np.ones((2, 1, 4), np.float32)
    >>> mix(stems, np.array([[[1], [0]], [[1], [1]]], np.float32), np.array([0, 4]), 0)[:, 0]
    array([[1., 1., 1., 1.],
           [2., 2., 2., 2.]], dtype=float32)
    """
    n_mixes, n_stems, n_segments = gains.shape
    n_channels, n_samples = stems.shape[1:]
    flat = stems.reshape(n_stems, n_channels, n_samples)
    mixed = np.zeros((n_mixes, n_channels, n_samples), np.float32)
    half = max(0.5, min(crossfade, float(np.diff(edges).min())) / 2)
    time = np.arange(n_samples)
    rises = [np.ones(n_samples)]
    rises += [np.clip((time - (edge - half)) / (2 * half), 0.0, 1.0) for edge in edges[1:-1]]
    rises += [np.zeros(n_samples)]
    for at in range(n_segments):
        window = (rises[at] - rises[at + 1]).astype(np.float32)
        where = np.flatnonzero(window)
        if not len(where):
            continue
        part = slice(where[0], where[-1] + 1)
        pieces = flat[..., part] * window[part]
        mixed[..., part] += weighted_sums(gains[:, :, at], pieces.reshape(n_stems, -1)).reshape(n_mixes, n_channels, -1)
    return mixed


def weighted_sums(gains: NDArray[np.float32], signals: Samples) -> Samples:
    """Weighted sums of signals: ``gains @ signals``.

    Parameters
    ----------
    gains : ndarray of float32, shape (n_sums, n_signals)
        Gain of each signal in each sum.
    signals : ndarray of float32, shape (n_signals, n_samples)
        Waveforms.

    Returns
    -------
    Shape (n_sums, n_samples), float32.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_sums(np.array([[1, 0], [0.5, 2]], np.float32), np.ones((2, 3), np.float32))
    array([[1. , 1. , 1. ],
           [2.5, 2.5, 2.5]], dtype=float32)
    """
    from scipy.sparse import csr_array

    return np.asarray(csr_array(gains) @ signals)
