"""Superpixels of the mel spectrogram: regions of time and frequency that look alike; needs no download.

SoundLIME switches the cells of a grid in the spectrogram on and off. In ``slic:20`` the cells follow the sound: about
twenty regions of similar loudness, a note, a drum's stroke, the silence between two, each a signal that can be heard. A
region is named by where it is in the recording: ``3.1–3.6 s, 300–940 Hz`` is the box around the middle 90 % of its
frames and bands. ``slic:20?compactness=1`` draws regions that are more nearly square (default 0.1).

1. Frames are the power of two nearest to 46 ms long and start every quarter of it. Up to 64 mel bands are triangles
   that overlap to one: each bin of the spectrum is shared between the two bands whose centres it lies between.
2. scikit-image's `slic` divides the picture of the bands' levels in dB, from the loudest down to 80 dB below it.
3. A region is the mixture's own complex spectrum under a mask: for each bin, how much of it belongs to bands that are
   in the region. The masks are the same for all channels.

Scope: the *window*. Regions are found in the excerpt that is asked for, all of it at once and nothing around it, so
another excerpt has other regions. An excerpt whose regions would need more than a gigabyte is refused.

Invariant: *regions sum to the excerpt*, as every cell of the picture is in one region.

References: Mishra, Sturm and Dixon, "Local interpretable model-agnostic explanations for music content analysis", ISMIR
2017 (SoundLIME); Achanta and others, "SLIC superpixels compared to state-of-the-art superpixel methods", TPAMI 2012.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.registry import options
from audiolime_ext.text import counted

FEWEST, MOST = 2, 256
COMPACTNESS = 0.1
SIGMA = 1.0  # the picture is smoothed: in noise the regions would be specks, which `slic` merges into one
MOST_MELS = 64
RANGE_DB = 80.0
MOST_BYTES = 1e9  # of all regions
_OVERLAP = 4  # frames that hold a sample
_VERSION = "1"  # of this module's arithmetic

Labels = NDArray[np.intp]

VARIANTS: Mapping[str, None] = {"N": None}

_REFERENCES = (
    """@inproceedings{mishra2017soundlime,
  author = {Mishra, Saumitra and Sturm, Bob L. and Dixon, Simon},
  title = {Local Interpretable Model-Agnostic Explanations for Music Content Analysis},
  booktitle = {Proc. of the 18th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2017}
}""",
    """@article{achanta2012slic,
  author = {Achanta, Radhakrishna and Shaji, Appu and Smith, Kevin and Lucchi, Aurelien and Fua, Pascal
    and S{\\"u}sstrunk, Sabine},
  title = {{SLIC} Superpixels Compared to State-of-the-Art Superpixel Methods},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume = {34},
  number = {11},
  pages = {2274--2282},
  year = {2012},
  doi = {10.1109/TPAMI.2012.120}
}""",
)


class SlicFactorization:
    """Split an excerpt into about `n_regions` regions of its mel spectrogram.

    Parameters
    ----------
    n_regions : int
        Number of regions to aim at, from 2 to 256; how many there are in the end depends on the picture.
    compactness : float
        Weight of nearness against likeness, above 0.

    Raises
    ------
    UsageError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> silence = Audio(np.zeros((1, 8000), np.float32), 8000)
    >>> SlicFactorization(4).factorize(silence).names[:2]
    ('0.0–0.5 s, 21–1114 Hz', '0.0–0.5 s, 1225–3862 Hz')
    """

    scope: Scope = "window"
    references: tuple[str, ...] = _REFERENCES

    def __init__(self, n_regions: int, *, compactness: float = COMPACTNESS) -> None:
        if not FEWEST <= n_regions <= MOST:
            raise UsageError(f"{counted(n_regions, 'region')}; from {FEWEST} to {MOST} are possible, such as slic:20")
        if not 0 < compactness < float("inf"):
            raise UsageError(f"compactness is {compactness:g}; it must be a number above 0, such as 0.1")
        self.n_regions, self.compactness = n_regions, compactness
        said = "" if compactness == COMPACTNESS else f"?compactness={compactness:g}"
        self.spec: str | None = f"slic:{n_regions}{said}"
        self.fingerprint = f"{self.spec}-{_VERSION}-{MOST_MELS}-{RANGE_DB:g}"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Regions of one excerpt; see `audiolime_ext.factorization.contract.Factorization`.

        Raises
        ------
        AudioError
            If the excerpt does not lie within the recording, or its regions would need more than a gigabyte.
        """
        first, end = audio.span(start_s, duration_s)
        mixture = audio.samples[:, first:end]
        if (needed := 4.0 * self.n_regions * mixture.size) > MOST_BYTES:
            raise AudioError(
                f"{self.spec} is for short excerpts: the regions of {(end - first) / audio.sr:.1f} s would need "
                f"{needed / 1e9:.1f} GB; choose an excerpt (--duration) of at most "
                f"{int(MOST_BYTES / needed * (end - first) / audio.sr)} s, or fewer regions"
            )
        n_fft = spectrogram.frame_length(audio.sr)
        spectrum = _spectrum(mixture, n_fft)
        shares, edges_hz = mel_shares(audio.sr, n_fft)
        labels = self._labels(_levels(spectrum, shares))
        hop_s = n_fft // _OVERLAP / audio.sr
        edges_s = np.clip(
            first / audio.sr + (np.arange(len(labels) + 1) - 1.5) * hop_s, first / audio.sr, end / audio.sr
        )
        names = _names(labels, edges_s, edges_hz)
        regions = _regions(spectrum, labels, shares, mixture.shape[1])
        return with_residual(mixture, names, regions, audio.sr)

    def _labels(self, picture: NDArray[np.float64]) -> Labels:
        """Region of each cell, shape (n_frames, n_mels), numbered from 0 without gaps."""
        from skimage.segmentation import slic

        found = slic(picture, self.n_regions, compactness=self.compactness, sigma=SIGMA, channel_axis=None)
        return np.asarray(np.unique(found, return_inverse=True)[1]).reshape(picture.shape)


def mel_shares(sr: int, n_fft: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How each bin is shared between mel bands, and where the bands meet.

    Returns
    -------
    Shares (n_bins, n_mels), whose rows sum to one; edges in Hz from 0 to sr / 2, (n_mels + 1,).

    Examples
    --------
    >>> shares, edges_hz = mel_shares(44100, 2048)
    >>> shares.shape, bool(np.allclose(shares.sum(axis=1), 1)), edges_hz[[0, 1, -1]].round().tolist()
    ((1025, 64), True, [0.0, 39.0, 22050.0])
    """
    n_bins = n_fft // 2 + 1
    n_mels = min(MOST_MELS, n_bins // 2)
    top = np.log10(1 + sr / 2 / 700)  # O'Shaughnessy's mel formula, but for a factor
    place = np.log10(1 + np.arange(n_bins) * sr / n_fft / 700) / top * n_mels - 0.5
    shares = np.maximum(0.0, 1 - np.abs(np.clip(place, 0, n_mels - 1)[:, None] - np.arange(n_mels)))
    return shares, 700 * (10 ** np.linspace(0.0, top, n_mels + 1) - 1)


def _spectrum(mixture: Samples, n_fft: int) -> spectrogram.Spectrum:
    """All frames that hold any of the mixture, between zeros, shape (n_channels, n_frames, n_bins)."""
    hop = n_fft // _OVERLAP
    padded = np.pad(mixture, [(0, 0), (n_fft - hop, n_fft - hop + -mixture.shape[1] % hop)])
    return spectrogram.stft(padded, n_fft=n_fft, hop_length=hop)


def _levels(spectrum: spectrogram.Spectrum, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Picture of the bands' levels from 0 (80 dB below the loudest) to 1, shape (n_frames, n_mels)."""
    power = np.mean(np.abs(spectrum.astype(np.complex128)) ** 2, axis=0) @ (shares / shares.sum(axis=0))
    loudest = power.max()
    if loudest == 0:
        return np.zeros(power.shape)
    levels_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    return np.asarray(1 + levels_db / RANGE_DB)


def _regions(spectrum: spectrogram.Spectrum, labels: Labels, shares: NDArray[np.float64], n_samples: int) -> Samples:
    """The signal of each region, shape (n_regions, n_channels, n_samples)."""
    n_fft = 2 * (spectrum.shape[-1] - 1)
    hop = n_fft // _OVERLAP
    regions = np.empty((labels.max() + 1, len(spectrum), n_samples), np.float32)
    for number, region in enumerate(regions):
        mask = (labels == number).astype(np.float32) @ shares.T.astype(np.float32)
        region[:] = spectrogram.istft(mask * spectrum, hop_length=hop)[:, n_fft - hop :][:, :n_samples]
    return regions


def _names(labels: Labels, edges_s: NDArray[np.float64], edges_hz: NDArray[np.float64]) -> list[str]:
    """Names that say where each region is; one in the same box as another, to a tenth of a second, is numbered."""
    names: list[str] = []
    for number in range(labels.max() + 1):
        (begin, end), (low, high) = (_middle(cells) for cells in np.nonzero(labels == number))
        name = f"{edges_s[begin]:.1f}–{edges_s[end]:.1f} s, {edges_hz[low]:.0f}–{edges_hz[high]:.0f} Hz"
        same = sum(other.startswith(name) for other in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names


def _middle(cells: Labels) -> tuple[int, int]:
    """First and end of what is left without the lowest and the highest 5 %; a region has frayed edges."""
    low, high = np.quantile(cells, [0.05, 0.95], method="nearest")
    return int(low), int(high) + 1


def make(argument: str) -> SlicFactorization:
    """``slic:20``, from 2 to 256 regions, with the option ``compactness``.

    Raises
    ------
    UsageError
        If the number or the option is not possible.
    """
    number, given = options(argument, ["compactness"])
    if not number.isdecimal() or not FEWEST <= int(number) <= MOST:
        raise UsageError(f"slic:{number} is not possible; write slic:N with N from {FEWEST} to {MOST}, such as slic:20")
    try:
        compactness = float(given.get("compactness", COMPACTNESS))
    except ValueError:
        compactness = 0.0
    if not 0 < compactness < float("inf"):
        raise UsageError(f"compactness is {given['compactness']!r}; it must be a number above 0, such as 0.1")
    return SlicFactorization(int(number), compactness=compactness)
