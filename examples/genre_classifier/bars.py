"""Black bars: what training puts on pictures so that a network does not rely on one place, and the same as sound.

A bar covers at most a tenth of the time or of the mel bands of a picture, and all of the other axis. In the founding
recipe every picture is there four times: as it is, with a bar across the bands, with one across time, and with both.
As sound a bar in time is silence, and a bar of bands is a hole in the spectrum.

References
----------
D. S. Park et al.: SpecAugment, Interspeech 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import mel_edges_hz

LARGEST = 0.1  # share of an axis
KINDS = ("none", "bands", "time", "both")  # the four versions of a picture

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bar:
    """A bar from `begin` to `end`, shares of an axis from 0 to 1."""

    axis: Literal["time", "bands"]
    begin: float
    end: float


def drawn(kind: str, size: int, rng: np.random.Generator) -> tuple[Bar, ...]:
    """Bars of whole pixels of a picture of `size` pixels, for one of `KINDS`."""
    axes: dict[str, tuple[Literal["time", "bands"], ...]] = {"none": (), "both": ("bands", "time")}
    bars = []
    for axis in axes.get(kind, (kind,)):  # type: ignore[arg-type]
        width = int(rng.integers(1, int(LARGEST * size) + 1))
        begin = int(rng.integers(0, size - width + 1))
        bars.append(Bar(axis, begin / size, (begin + width) / size))
    return tuple(bars)


def blackened(picture: Floats, bars: Sequence[Bar]) -> Floats:
    """A picture (time, bands) with bars on it; a copy."""
    found = picture.copy()
    for bar in bars:
        along = found if bar.axis == "time" else found.T
        begin, end = (round(share * len(along)) for share in (bar.begin, bar.end))
        along[begin:end] = 0
    return found


def silenced(samples: Floats, bars: Sequence[Bar], *, sr: int, n_mels: int) -> Floats:
    """The sound of a picture with bars on it: samples (..., n_samples) of a window, without what the bars cover."""
    found = np.asarray(samples, np.float64).copy()
    n_samples = found.shape[-1]
    for bar in bars:
        if bar.axis == "time":
            found[..., round(bar.begin * n_samples) : round(bar.end * n_samples)] = 0
            continue
        edges_hz = mel_edges_hz(sr, n_mels)
        low_hz, high_hz = (np.interp(share * n_mels + 0.5, np.arange(n_mels + 2), edges_hz) for share in
                           (bar.begin, bar.end))  # fmt: skip
        spectrum, hz = np.fft.rfft(found), np.fft.rfftfreq(n_samples, 1 / sr)
        spectrum[..., (hz >= low_hz) & (hz < high_hz)] = 0
        found = np.fft.irfft(spectrum, n_samples)
    return np.asarray(found, np.float32)
