"""Frequency bands of equal or mel-spaced width that sum to the recording; needs no download.

``bands:8`` cuts the spectrum into eight bands of equal width up to half the sampling rate, as SoundLIME does with
spectrograms; ``bands:mel-8`` into eight of equal width in mel, narrow where music is dense. Each band is a signal, so
it can be heard and switched like any other stem.

1. At every inner edge there is a linear-phase low-pass filter: a sinc under a Kaiser window, centred on its own sample,
   so that nothing is delayed. Band k is what low-pass k + 1 lets through and low-pass k does not. The lowest low-pass
   lets nothing through and the highest everything, so the bands telescope: they sum to the recording whatever the
   filters are, and only rounding to float32 is left.
2. A crossover is centred on the edge, and half as wide as the narrower of the two bands that meet there. Beyond it a
   band is 77 dB down or more: what lies in the middle half of a band is heard in no other.
3. The price of a narrow crossover is a long filter, which rings before an attack as well as after it: 2.5 periods of
   the crossover's width on either side. With eight bands at 44.1 kHz that is 2 ms (equal) and 13 ms (mel), about the
   span in which the ear itself masks what precedes an attack. Many narrow bands ring audibly; no filter can avoid that.

Invariants: *bands sum to the recording*; *the same second gives the same bands*, as every sample depends on a filter's
length around it and on nothing else. Filtering is by overlap-save in blocks, in float64, so memory beyond the bands
themselves does not grow with the recording.

References: Mishra, Sturm and Dixon, "Local interpretable model-agnostic explanations for music content analysis", ISMIR
2017 (SoundLIME); Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", ISCAS 1974;
O'Shaughnessy, "Speech communication: human and machine", 1987 (the mel formula).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.confusion import Confusion, read_confusion
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.text import counted

FEWEST, MOST = 2, 64
NARROWEST_HZ = 20.0
REJECTION_DB = 80.0
CROSSOVER = 0.5  # of the narrower neighbour's width
SMALLEST_FFT = 2**16
_VERSION = "1"  # of this module's arithmetic

VARIANTS: Mapping[str, None] = {"N": None, "mel-N": None}

_REFERENCES = (
    """@inproceedings{mishra2017soundlime,
  author = {Mishra, Saumitra and Sturm, Bob L. and Dixon, Simon},
  title = {Local Interpretable Model-Agnostic Explanations for Music Content Analysis},
  booktitle = {Proc. of the 18th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2017}
}""",
)


class BandsFactorization:
    """Split a recording into `n_bands` frequency bands.

    Parameters
    ----------
    n_bands : int
        Number of bands, from 2 to 64.
    mel : bool
        True for bands of equal width in mel, False for bands of equal width in Hz.

    Raises
    ------
    UsageError
        If `n_bands` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000)
    >>> BandsFactorization(4).factorize(noise).names
    ('0–1000 Hz', '1000–2000 Hz', '2000–3000 Hz', '3000–4000 Hz')
    >>> BandsFactorization(3, mel=True).factorize(noise).names
    ('0–621 Hz', '621–1791 Hz', '1791–4000 Hz')
    """

    scope: Scope = "blocks"
    references: tuple[str, ...] = _REFERENCES

    def __init__(self, n_bands: int, *, mel: bool = False) -> None:
        if not FEWEST <= n_bands <= MOST:
            raise UsageError(
                f"{counted(n_bands, 'frequency band')}; from {FEWEST} to {MOST} are possible, such as bands:8"
            )
        self.n_bands, self.mel = n_bands, mel
        self.spec: str | None = f"bands:{'mel-' if mel else ''}{n_bands}"
        self.fingerprint = f"{self.spec}-{_VERSION}-{REJECTION_DB:g}-{CROSSOVER:g}"

    def edges_hz(self, sr: int) -> NDArray[np.float64]:
        """Where the bands meet, from 0 to sr / 2, shape (n_bands + 1,).

        Raises
        ------
        UsageError
            If a band would be narrower than 20 Hz, which happens at very low sampling rates.

        Examples
        --------
        >>> BandsFactorization(4).edges_hz(44100).tolist()
        [0.0, 5512.5, 11025.0, 16537.5, 22050.0]
        """
        nyquist_hz = sr / 2
        if self.mel:
            top = math.log10(1 + nyquist_hz / 700)
            edges = 700 * (10 ** np.linspace(0.0, top, self.n_bands + 1) - 1)
        else:
            edges = np.linspace(0.0, nyquist_hz, self.n_bands + 1)
        edges[-1] = nyquist_hz
        if (narrowest := np.diff(edges).min()) < NARROWEST_HZ:
            raise UsageError(
                f"{self.spec} at {sr} Hz has a band of {narrowest:.1f} Hz, and none may be narrower than "
                f"{NARROWEST_HZ:g} Hz; choose fewer bands"
            )
        return np.asarray(edges)

    @property
    def confusion(self) -> Confusion:
        """How much of an instrument is in each band (up to 8 kHz: it was not measured above)."""
        return confusion()

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Bands of one excerpt; see `audiolime_ext.factorization.contract.Factorization`."""
        first, end = audio.span(start_s, duration_s)
        edges = self.edges_hz(audio.sr)
        names = tuple(f"{low:.0f}–{high:.0f} Hz" for low, high in pairwise(edges))
        return Stems(names, _split(audio.samples, first, end, _low_passes(edges, audio.sr)), audio.sr)


def _low_passes(edges_hz: NDArray[np.float64], sr: int) -> list[NDArray[np.float64]]:
    """Taps of the low-pass at each inner edge; an odd number, symmetric about the middle one."""
    beta = 0.1102 * (REJECTION_DB - 8.7)  # Kaiser's formulas for more than 50 dB
    widths = np.diff(edges_hz)
    taps = []
    for edge_hz, below, above in zip(edges_hz[1:-1], widths, widths[1:], strict=False):
        crossover_hz = CROSSOVER * min(below, above)
        half = math.ceil((REJECTION_DB - 7.95) / 14.36 * sr / crossover_hz / 2)
        cutoff = 2 * edge_hz / sr
        taps.append(cutoff * np.sinc(cutoff * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, beta))
    return taps


def _split(samples: Samples, first: int, end: int, low_passes: list[NDArray[np.float64]]) -> Samples:
    """Bands of samples `first`…`end`, shape (n_bands, n_channels, end − first), block by block."""
    reach = max(len(taps) for taps in low_passes) // 2
    n_fft = max(SMALLEST_FFT, 1 << (8 * reach).bit_length())
    step = n_fft - 2 * reach
    gains = _gains(low_passes, n_fft)
    bands = np.empty((len(gains), len(samples), end - first), np.float32)
    for at in range(first, end, step):
        stop = min(at + step, end)
        piece = padded_span(samples, at - reach, at - reach + n_fft).astype(np.float64)  # float32 would leave 1e-7
        spectrum = np.fft.rfft(piece)
        for band, gain in zip(bands, gains, strict=True):
            band[:, at - first : stop - first] = np.fft.irfft(spectrum * gain, n_fft)[:, reach : reach + stop - at]
    return bands


def _gains(low_passes: list[NDArray[np.float64]], n_fft: int) -> NDArray[np.float64]:
    """What each band lets through at every bin, shape (n_bands, n_fft / 2 + 1); it sums to one over the bands."""
    n_bins = n_fft // 2 + 1
    cumulative = [np.zeros(n_bins), *(_zero_phase(taps, n_fft) for taps in low_passes), np.ones(n_bins)]
    return np.diff(cumulative, axis=0)


def _zero_phase(taps: NDArray[np.float64], n_fft: int) -> NDArray[np.float64]:
    """Transform of symmetric taps laid around sample 0: a real gain for each bin."""
    circle = np.zeros(n_fft)
    circle[: len(taps)] = taps
    return np.asarray(np.fft.rfft(np.roll(circle, -(len(taps) // 2))).real)


def confusion(_argument: str = "") -> Confusion:
    """What was measured of instruments in 32 narrow bands; `Confusion.split_as` converts it to other bands."""
    return read_confusion(Path(__file__).parent / "weights" / "confusion-bands.json")


def make(argument: str) -> BandsFactorization:
    """``bands:8`` (equal width in Hz) or ``bands:mel-8`` (equal width in mel); from 2 to 64 bands."""
    number = argument.removeprefix("mel-")
    if not number.isdecimal() or not FEWEST <= int(number) <= MOST:
        raise UsageError(
            f"bands:{argument} is not possible; write bands:N (equally wide) or bands:mel-N (narrower below) "
            f"with N from {FEWEST} to {MOST}, such as bands:8"
        )
    return BandsFactorization(int(number), mel=argument != number)
