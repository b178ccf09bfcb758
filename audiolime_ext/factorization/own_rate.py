"""Separators that work at a rate of their own: resampling to it and back, and what that leaves out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import context_span, resample_span, resampled_length
from audiolime_ext.factorization.stems import Stems, with_residual


def rolled_off(audio: Audio, sr: int, first: int, end: int) -> Samples | None:
    """What resampling to a separator's higher rate and back leaves out of samples `first`…`end` of a recording.

    A resampler keeps only what lies a little below half the lower rate. What it leaves out is not sound that a
    separator missed, and not a component: it stays on in every mix (see `audiolime_ext.components.components`). What a
    separator of a *lower* rate cannot hold is sound that it missed, and the answer is None.

    Examples
    --------
    >>> import numpy as np
    >>> song = Audio(np.sin(2 * np.pi * 440 / 8000 * np.arange(8000, dtype=np.float32))[None], sr=8000)
    >>> bool(np.abs(rolled_off(song, 44100, 2000, 6000)).max() < 1e-4), rolled_off(song, 4000, 2000, 6000)
    (True, None)
    """
    if audio.sr >= sr:
        return None
    low, high = context_span(sr, audio.sr, first, end)
    low, high = max(low, 0), min(high, resampled_length(audio.n_samples, audio.sr, sr))
    there = resample_span(audio.samples, audio.sr, sr, low, high)
    return audio.samples[:, first:end] - resample_span(there, sr, audio.sr, first, end, offset=low)


def separated_at(
    sr: int,
    estimate: Callable[[int, int], Samples],
    names: Sequence[str],
    audio: Audio,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Stems:
    """Stems by a separator that has a rate of its own, at the recording's rate and channels, with their residual.

    Parameters
    ----------
    sr : int
        The separator's sampling rate in Hz.
    estimate : callable
        Function from (`first`, `end`), samples of the recording at `sr`, to the separator's estimates of that span,
        float32 (n_stems, n_channels, end − first); for a mono recording two channels may come, whose mean is taken.
    names : sequence of str
        Names of the estimates.
    audio : Audio
        The recording.
    start_s, duration_s : float
        Start and length of the excerpt in seconds; `duration_s` None: up to the end.

    Raises
    ------
    AudioError
        If the excerpt does not lie within the recording.

    Examples
    --------
    >>> import numpy as np
    >>> song = Audio(np.ones((1, 8000), np.float32), sr=8000)
    >>> separated_at(4000, lambda first, end: np.zeros((1, 2, end - first), np.float32), ["nothing"], song).names
    ('nothing', 'residual')
    """
    first, end = audio.span(start_s, duration_s)
    low, high = context_span(sr, audio.sr, first, end)
    low, high = max(low, 0), min(high, resampled_length(audio.n_samples, audio.sr, sr))
    estimates = estimate(low, high)
    own_rate = np.empty((len(estimates), audio.n_channels, end - first), np.float32)
    for i in range(len(estimates)):  # one by one: what a resampler copies is large
        channels = estimates[i].mean(axis=0, keepdims=True) if audio.n_channels == 1 else estimates[i]
        own_rate[i] = resample_span(channels, sr, audio.sr, first, end, offset=low)
    del estimates, channels  # before the residual needs as much
    lost = rolled_off(audio, sr, first, end)
    return with_residual(audio.samples[:, first:end], names, own_rate, audio.sr, rolled_off=lost)
