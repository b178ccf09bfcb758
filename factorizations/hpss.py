"""Harmonic and percussive parts by median filtering; needs no download.

Medians over 31 frames keep sustained sounds of a spectrogram (n_fft 2048, hop 512), medians over 31 bins keep attacks;
each bin is shared between the two by their squares, as in librosa's `decompose.hpss`. The two shares sum to one, so the
parts sum to the mixture. (librosa itself would compile code that is not needed here, which takes seconds at first use
and a writable folder.)

Invariant: *the same second gives the same stems*. Frames lie on one grid for the whole recording, and every block sees
20 frames beyond its ends (15 that the median reaches and 4 that the window spans), so a block equals the same part of
the whole. A minute is processed at a time.

References: Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010; Driedger, Müller and Disch,
"Extending harmonic-percussive separation of audio signals", ISMIR 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.audio.spectrogram import Spectrum, istft, stft
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.confusion import Confusion, read_confusion
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.progress.stages import tracked

N_FFT = 2048
HOP_LENGTH = 512
KERNEL_SIZE = 31
CONTEXT_FRAMES = KERNEL_SIZE // 2 + 1 + N_FFT // HOP_LENGTH
BLOCK_FRAMES = 5168  # a minute at 44.1 kHz

VARIANTS: Mapping[str, None] = {}

_REFERENCES = (
    """@inproceedings{fitzgerald2010hpss,
  author = {Fitzgerald, Derry},
  title = {Harmonic/Percussive Separation Using Median Filtering},
  booktitle = {Proc. of the 13th International Conference on Digital Audio Effects (DAFx)},
  year = {2010}
}""",
    """@inproceedings{driedger2014extending,
  author = {Driedger, Jonathan and M{\\"u}ller, Meinard and Disch, Sascha},
  title = {Extending Harmonic-Percussive Separation of Audio Signals},
  booktitle = {Proc. of the 15th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2014}
}""",
)


class HPSSFactorization:
    """Split a recording into ``harmonic`` and ``percussive``.

    Examples
    --------
    >>> import numpy as np
    >>> noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000)
    >>> HPSSFactorization().factorize(noise).names
    ('harmonic', 'percussive')
    """

    spec: str = "hpss"
    fingerprint: str = f"hpss-1-{N_FFT}-{HOP_LENGTH}-{KERNEL_SIZE}"
    scope: Scope = "blocks"
    references: tuple[str, ...] = _REFERENCES

    @property
    def confusion(self) -> Confusion:
        """How much of an instrument is in each part."""
        return confusion()

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt; see `audiolime_ext.factorization.contract.Factorization`."""
        first, end = audio.span(start_s, duration_s)
        block = BLOCK_FRAMES * HOP_LENGTH
        starts = tracked(range(first, end, block), "separating", "block")
        parts = [_split(audio.samples, at, min(at + block, end)) for at in starts]
        return with_residual(
            audio.samples[:, first:end], ("harmonic", "percussive"), np.concatenate(parts, axis=-1), audio.sr
        )


def _split(samples: Samples, first: int, end: int) -> Samples:
    """Harmonic and percussive part of samples `first`…`end`, shape (2, n_channels, end − first)."""
    begin = (first // HOP_LENGTH - CONTEXT_FRAMES) * HOP_LENGTH
    stop = (-(-end // HOP_LENGTH) + CONTEXT_FRAMES) * HOP_LENGTH
    spectrum = stft(padded_span(samples, begin, stop), n_fft=N_FFT, hop_length=HOP_LENGTH)
    waves = [istft(part, hop_length=HOP_LENGTH) for part in _parts(spectrum)]
    return np.stack(waves)[..., first - begin : end - begin]


def _parts(spectrum: Spectrum) -> tuple[Spectrum, Spectrum]:
    """Harmonic and percussive part of a spectrum, shape (n_channels, n_frames, n_bins) each; they sum to it."""
    from scipy.ndimage import median_filter

    magnitudes = np.abs(spectrum)
    sustained = median_filter(magnitudes, size=(1, KERNEL_SIZE, 1), mode="reflect")
    attacks = median_filter(magnitudes, size=(1, 1, KERNEL_SIZE), mode="reflect")
    largest = np.maximum(sustained, attacks)
    heard = largest >= np.finfo(np.float32).tiny
    largest[~heard] = 1.0
    powers = np.square(sustained / largest), np.square(attacks / largest)
    share = np.divide(powers[0], powers[0] + powers[1], out=np.full_like(magnitudes, 0.5), where=heard)
    return spectrum * share, spectrum * (1 - share)


def confusion(_argument: str = "") -> Confusion:
    """What was measured of ``hpss``."""
    return read_confusion(Path(__file__).parent / "weights" / "confusion-hpss.json")


def make(argument: str) -> HPSSFactorization:
    """``hpss``; it takes no argument."""
    if argument:
        raise UsageError(f"hpss takes no argument, not {argument!r}; write just: hpss")
    return HPSSFactorization()
