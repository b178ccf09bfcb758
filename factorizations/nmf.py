"""Parts by non-negative matrix factorization, fitted to the recording itself; needs no download.

``nmf:8`` writes the magnitude spectrogram as a sum of eight parts, each of which is one spectrum, its *template*, that
grows louder and softer: a note or a chord, a drum, a hiss. What recurs becomes a part, whatever plays it. The parts
have no names of their own, so they are called ``part 1``, ``part 2``, …, by energy. Options, as in
``nmf:8?n_fft=4096&seed=1``: the length of a frame in samples (default: the power of two nearest to 46 ms; a frame
starts every quarter of it) and the seed.

1. Templates are fitted by scikit-learn's `NMF` (squared error, coordinate descent), as in `librosa.decompose`, to the
   magnitudes of the recording, channels averaged in power; for a long recording, to 8192 frames spread evenly over it
   (as many as in a minute and a half).
2. With the templates fixed, it is found for each block of 256 frames how loud each template is in each frame.
3. A part is the mixture's own complex spectrum under a mask: the part's power as a share of the power of all parts, as
   in a Wiener filter. The masks are the same for all channels. Where no part sounds, all have equal shares.

Invariants: *parts sum to the recording*, as the shares sum to one; *the same second gives the same parts*, whatever
excerpt is asked for, as blocks are counted from the recording's start; *memory beyond the parts does not grow with the
recording*. The templates are kept as long as the `Audio` that they were fitted to.

References: Smaragdis and Brown, "Non-negative matrix factorization for polyphonic music transcription", WASPAA 2003.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.progress.stages import stage, tracked
from audiolime_ext.registry import options
from audiolime_ext.text import counted

FEWEST, MOST = 2, 64
SHORTEST_FFT, LONGEST_FFT = 64, 65536
MOST_FRAMES = 8192  # that templates are fitted to
BLOCK = 256  # frames
_OVERLAP = 4  # frames that hold a sample
_VERSION = "1"  # of this module's arithmetic

VARIANTS: Mapping[str, None] = {"N": None}

_REFERENCES = (
    """@inproceedings{smaragdis2003nmf,
  author = {Smaragdis, Paris and Brown, Judith C.},
  title = {Non-Negative Matrix Factorization for Polyphonic Music Transcription},
  booktitle = {Proc. of the IEEE Workshop on Applications of Signal Processing to Audio and Acoustics (WASPAA)},
  year = {2003}
}""",
)


class NMFFactorization:
    """Split a recording into `n_parts` parts that recur in it.

    Parameters
    ----------
    n_parts : int
        Number of parts, from 2 to 64.
    n_fft : int or None
        Length of a frame in samples, a multiple of 4 from 64 to 65536; None: `spectrogram.frame_length`.
    seed : int
        Seed of scikit-learn's fit.

    Raises
    ------
    UsageError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000)
    >>> NMFFactorization(3).factorize(noise, start_s=0.5).names
    ('part 1', 'part 2', 'part 3')
    """

    scope: Scope = "recording"
    references: tuple[str, ...] = _REFERENCES

    def __init__(self, n_parts: int, *, n_fft: int | None = None, seed: int = 0) -> None:
        if not FEWEST <= n_parts <= MOST:
            raise UsageError(f"{counted(n_parts, 'part')}; from {FEWEST} to {MOST} are possible, such as nmf:8")
        if n_fft is not None and (n_fft % _OVERLAP or not SHORTEST_FFT <= n_fft <= LONGEST_FFT):
            raise UsageError(f"n_fft is {n_fft}; it must be a multiple of 4 from {SHORTEST_FFT} to {LONGEST_FFT}")
        if not 0 <= seed < 2**32:
            raise UsageError(f"seed is {seed}; it must lie between 0 and 2^32 - 1")
        self.n_parts, self.n_fft, self.seed = n_parts, n_fft, seed
        said = [f"n_fft={n_fft}"] * (n_fft is not None) + [f"seed={seed}"] * (seed != 0)
        self.spec: str | None = f"nmf:{n_parts}{'?' * bool(said)}{'&'.join(said)}"
        self.fingerprint = f"{self.spec}-{_VERSION}-{MOST_FRAMES}-{BLOCK}"
        self._fitted: WeakKeyDictionary[Audio, NDArray[np.float64]] = WeakKeyDictionary()

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Parts of one excerpt, fitted to all of `audio`; see `audiolime_ext.factorization.contract.Factorization`."""
        first, end = audio.span(start_s, duration_s)
        parts = np.zeros((self.n_parts, audio.n_channels, end - first), np.float32)
        if (templates := self.templates(audio)).any():
            for number, at, piece in self._pieces(audio.samples, templates, first, end):
                begin, stop = max(at, first), min(at + piece.shape[-1], end)
                parts[number, :, begin - first : stop - first] += piece[:, begin - at : stop - at]
        names = [f"part {number}" for number in range(1, self.n_parts + 1)]
        return with_residual(audio.samples[:, first:end], names, parts, audio.sr)

    def templates(self, audio: Audio) -> NDArray[np.float64]:
        """One spectrum for each part, the strongest first, shape (n_parts, n_fft / 2 + 1); zeros for silence."""
        if audio not in self._fitted:
            n_fft = self.n_fft or spectrogram.frame_length(audio.sr)
            with stage("fitting the parts"):
                self._fitted[audio] = _templates(_spread(audio.samples, n_fft), self.n_parts, self.seed)
        return self._fitted[audio]

    def _pieces(
        self, samples: Samples, templates: NDArray[np.float64], first: int, end: int
    ) -> Iterator[tuple[int, int, Samples]]:
        """What each block adds to each part of ``[first, end)``: the part, where it starts, (n_channels, n_samples)."""
        n_fft = 2 * (templates.shape[1] - 1)
        hop = n_fft // _OVERLAP
        first_frame, end_frame = spectrogram.frames_over(first, end, n_fft=n_fft, hop_length=hop)
        starts = range(first_frame // BLOCK * BLOCK, end_frame, BLOCK)
        for at in tracked(starts, "separating", "block"):
            spectrum = _spectra(samples, at, at + BLOCK, n_fft)
            loudness = _activations(_magnitudes(spectrum), templates) ** 2
            used = slice(max(first_frame - at, 0), min(end_frame - at, BLOCK))
            total = loudness[used] @ templates**2
            for number, template in enumerate(templates**2):
                power = np.outer(loudness[used, number], template)
                mask = np.divide(power, total, out=np.full_like(total, 1 / self.n_parts), where=total > 0)
                masked = mask.astype(np.float32) * spectrum[:, used]
                yield number, (at + used.start) * hop - n_fft, spectrogram.istft(masked, hop_length=hop)


def _spectra(samples: Samples, first: int, end: int, n_fft: int) -> spectrogram.Spectrum:
    """Spectra of the frames `first`…`end`, shape (n_channels, n_frames, n_bins)."""
    hop = n_fft // _OVERLAP
    return spectrogram.stft(padded_span(samples, first * hop - n_fft, (end - 1) * hop), n_fft=n_fft, hop_length=hop)


def _magnitudes(spectrum: spectrogram.Spectrum) -> NDArray[np.float64]:
    """Root of the channels' mean power, shape (n_frames, n_bins)."""
    return np.asarray(np.sqrt(np.mean(np.abs(spectrum.astype(np.complex128)) ** 2, axis=0)))


def _spread(samples: Samples, n_fft: int) -> NDArray[np.float64]:
    """Magnitudes of at most `MOST_FRAMES` frames, spread evenly over the recording."""
    first, end = spectrogram.frames_over(0, samples.shape[-1], n_fft=n_fft, hop_length=n_fft // _OVERLAP)
    frames = np.linspace(first, end - 1, min(end - first, MOST_FRAMES)).astype(int)
    return np.concatenate([_magnitudes(_spectra(samples, frame, frame + 1, n_fft)) for frame in frames])


def _templates(magnitudes: NDArray[np.float64], n_parts: int, seed: int) -> NDArray[np.float64]:
    if not magnitudes.any():
        return np.zeros((n_parts, magnitudes.shape[1]))
    from sklearn.decomposition import NMF

    model = NMF(n_parts, random_state=seed)
    with _without_warnings():
        activations = model.fit_transform(magnitudes)
    energy = (activations**2).sum(axis=0) * (model.components_**2).sum(axis=1)
    return np.asarray(model.components_[np.argsort(-energy, kind="stable")])


def _activations(magnitudes: NDArray[np.float64], templates: NDArray[np.float64]) -> NDArray[np.float64]:
    """How loud each template is in each frame, shape (n_frames, n_parts)."""
    from sklearn.decomposition import non_negative_factorization

    with _without_warnings():
        found, _, _ = non_negative_factorization(
            magnitudes, H=templates, n_components=len(templates), init="custom", update_H=False
        )
    return np.asarray(found)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """A fit that has not converged after scikit-learn's 200 rounds is as good as any: its masks sum to one."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def make(argument: str) -> NMFFactorization:
    """``nmf:8``, from 2 to 64 parts, with the options ``n_fft`` and ``seed``.

    Raises
    ------
    UsageError
        If the number or an option is not possible.
    """
    number, given = options(argument, ["n_fft", "seed"])
    if not number.isdecimal() or not FEWEST <= int(number) <= MOST:
        raise UsageError(f"nmf:{number} is not possible; write nmf:N with N from {FEWEST} to {MOST}, such as nmf:8")
    for name, value in given.items():
        if not value.isdecimal():
            raise UsageError(f"{name} is {value!r}; it must be a whole number, such as nmf:8?n_fft=4096&seed=1")
    return NMFFactorization(int(number), **{name: int(value) for name, value in given.items()})
