"""What a planted listener hears in a mix: how much of each true source is in it, and plain acoustics.

An *informed* ear knows the true sources of one excerpt. It projects a mix onto them by least squares, so that of a mix
of true stems it hears exactly those that are on; of a separator's stem it hears how much of each true source has landed
there. It does so for the whole excerpt, for tenths of it, for its first and last quarter, and below and above each
source's own middle frequency.

Acoustic measures know nothing of sources: level, level at the sides, bands, brightness, onsets.

Gains are cut to 0…1: a listener that answers to twice the sound by twice the score is none that a model resembles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples

Array = NDArray[np.float64]

N_PARTS = 10
EDGE = 0.25  # of the excerpt: what "first" and "last" mean
LOW_HZ, HIGH_HZ = 250.0, 3000.0
FRAME_S = 0.032
_RIDGE = 1e-9  # of the largest energy, so that a source that is silent somewhere has a gain of 0 there


@dataclass(frozen=True, eq=False)
class Heard:
    """A batch of mixes as the ear hears it.

    Parameters
    ----------
    gains
        How much of each source is in each mix, 0 to 1, shape (n_mixes, n_sources).
    first, last, low, high
        The same within the first and the last quarter, and below and above each source's middle frequency.
    parts
        The same within tenths of the excerpt, shape (n_mixes, n_sources, 10).
    level, side, bass, treble
        RMS of the mix, of half the difference of its channels, below 250 Hz and above 3 kHz, relative to the RMS of the
        mixture of all sources; shape (n_mixes,).
    brightness
        Centroid of the spectrum, in units of half the rate.
    onsets
        Sum of the rises of the spectrum from frame to frame, relative to the mixture's.
    rhythm
        How alike these rises are over time to those of each source alone (cosine), shape (n_mixes, n_sources).
    """

    gains: Array
    first: Array
    last: Array
    low: Array
    high: Array
    parts: Array
    level: Array
    side: Array
    bass: Array
    treble: Array
    brightness: Array
    onsets: Array
    rhythm: Array

    @property
    def decibels(self) -> Array:
        """Gains in dB, from −40 dB (0) to 0 dB (1)."""
        return np.asarray(np.clip(1 + np.log10(np.maximum(self.gains, 1e-6)) / 2, 0, 1))


@dataclass(frozen=True, eq=False)
class Ear:
    """The ear for one excerpt.

    Parameters
    ----------
    sources
        Its true sources, shape (n_sources, n_channels, n_samples).
    sr
        Their rate in Hz.
    """

    sources: Samples = field(repr=False)
    sr: int

    @cached_property
    def _spectra(self) -> NDArray[np.complex128]:
        return np.fft.rfft(np.asarray(self.sources, np.float64))

    @cached_property
    def hz(self) -> Array:
        """Of the bins of the excerpt's spectrum."""
        return np.asarray(np.fft.rfftfreq(self.sources.shape[-1], 1 / self.sr), np.float64)

    @cached_property
    def middle_hz(self) -> Array:
        """The frequency that halves each source's energy, shape (n_sources,)."""
        power = np.cumsum(np.square(np.abs(self._spectra)).sum(axis=1), axis=-1)
        return np.asarray(self.hz[np.argmax(power >= power[:, -1:] / 2, axis=-1)])

    @cached_property
    def _level(self) -> float:
        return float(np.sqrt(np.square(self.sources.sum(axis=0), dtype=np.float64).mean()))

    @cached_property
    def _rises(self) -> tuple[Array, float]:
        """Of each source alone, (n_sources, n_frames); the sum of those of the mixture."""
        return self._flux(self.sources), float(self._flux(self.sources.sum(axis=0)[None]).sum())

    @property
    def spans(self) -> tuple[slice, slice, list[slice]]:
        """First quarter, last quarter, tenths, in samples."""
        n = self.sources.shape[-1]
        edges = np.round(np.linspace(0, n, N_PARTS + 1)).astype(int)
        tenths = [slice(first, end) for first, end in pairwise(edges.tolist())]
        return slice(0, round(EDGE * n)), slice(n - round(EDGE * n), n), tenths

    def misfit(self, batch: Samples) -> Array:
        """How much of the energy of each mix no gains of the sources explain, shape (n_mixes,)."""
        mixes = np.asarray(batch, np.float64).reshape(len(batch), -1)
        rows = np.asarray(self.sources, np.float64).reshape(len(self.sources), -1)
        basis, strengths, _ = np.linalg.svd(rows.T, full_matrices=False)
        explained = np.square(mixes @ basis[:, strengths > _RIDGE * strengths[0]]).sum(axis=1)
        return np.asarray(np.square(mixes).sum(axis=1) - explained)

    def hear(self, batch: Samples) -> Heard:
        """The batch, shape (n_mixes, n_channels, n_samples)."""
        mixes = np.asarray(batch, np.float64)
        spectra = np.fft.rfft(mixes)
        first, last, tenths = self.spans
        rises, rises_of_all = self._rises
        flux = self._flux(batch)
        power = np.square(np.abs(spectra)).sum(axis=1)
        total = power.sum(axis=1)
        sides = (mixes[:, 0] - mixes[:, -1]) / 2
        return Heard(
            gains=_gains(mixes, self.sources),
            first=_gains(mixes[..., first], self.sources[..., first]),
            last=_gains(mixes[..., last], self.sources[..., last]),
            low=self._gains_where(spectra, lambda middle: self.hz < middle),
            high=self._gains_where(spectra, lambda middle: self.hz >= middle),
            parts=np.stack([_gains(mixes[..., part], self.sources[..., part]) for part in tenths], axis=-1),
            level=np.sqrt(np.square(mixes).mean(axis=(1, 2))) / self._level,
            side=np.sqrt(np.square(sides).mean(axis=1)) / self._level,
            bass=np.sqrt(power[:, self.hz < LOW_HZ].sum(axis=1) / self._power),
            treble=np.sqrt(power[:, self.hz > HIGH_HZ].sum(axis=1) / self._power),
            brightness=(power @ self.hz) / np.maximum(total, 1e-9) / (self.sr / 2) * (total > 1e-9),
            onsets=flux.sum(axis=1) / rises_of_all,
            rhythm=(flux @ rises.T) / np.maximum(_lengths(flux)[:, None] * _lengths(rises), 1e-9),
        )

    @cached_property
    def _power(self) -> float:
        return float(np.square(np.abs(self._spectra.sum(axis=0))).sum())

    def _gains_where(self, spectra: NDArray[np.complex128], inside: Callable[[float], NDArray[np.bool_]]) -> Array:
        """Gains of each source within a band of its own."""
        found = np.empty((len(spectra), len(self.sources)))
        for i, middle in enumerate(self.middle_hz):
            band = inside(float(middle))
            found[:, i] = _gains(_real(spectra[..., band]), _real(self._spectra[..., band]))[:, i]
        return found

    def _flux(self, batch: Samples) -> Array:
        """Rises of the magnitudes from frame to frame, summed over bins: (n_mixes, n_frames − 1)."""
        n_fft = 1 << round(np.log2(FRAME_S * self.sr))
        mono = np.asarray(batch, np.float64).mean(axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(mono, n_fft, axis=-1)[:, :: n_fft // 2]
        magnitudes = np.abs(np.fft.rfft(frames * np.hanning(n_fft)))
        return np.asarray(np.maximum(np.diff(magnitudes, axis=1), 0).sum(axis=2))


def _real(spectra: NDArray[np.complex128]) -> Array:
    return np.concatenate([spectra.real, spectra.imag], axis=-1)


def _lengths(rows: Array) -> Array:
    return np.asarray(np.sqrt(np.square(rows).sum(axis=1)))


def _gains(mixes: Array, sources: NDArray[np.floating]) -> Array:
    """Least squares: how much of each source is in each mix, cut to 0…1; shape (n_mixes, n_sources)."""
    flat = np.asarray(sources, np.float64).reshape(len(sources), -1)
    gram = flat @ flat.T
    ridge = max(_RIDGE * float(gram.diagonal().max()), 1e-30)
    found = np.linalg.solve(gram + ridge * np.eye(len(gram)), flat @ mixes.reshape(len(mixes), -1).T)
    return np.asarray(np.clip(found.T, 0, 1))
