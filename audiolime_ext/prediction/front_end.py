"""Spectra that a model is given in place of waveforms, where its spec string says ``log-mel:n_fft,hop_length,n_mels``.

There is one kind, that of musicnn and of many models after it: frames that are not centred, a periodic Hann window, the
*power* spectrum S in Slaney's mel bands from 0 Hz to sr / 2, then log10(1 + 10000·S) in float32. librosa computes the
same: ``np.log10(1 + 10000 * librosa.feature.melspectrogram(y=y, sr=sr, …, center=False))``, transposed. A model that
takes anything else brings its own front end: as a layer of its own, or in Python by `tagger(…, front_end=…)`.

A front end that says where its frames and bands lie, as `Mel` does, lets what is found in its spectra be told in
seconds and Hz, and be heard. `MelSpectra` says so of any function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import mel_spectrogram
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.text import counted

_FORM = "log-mel:n_fft,hop_length,n_mels, such as log-mel:512,256,96"


@runtime_checkable
class Mel(Protocol):
    """A front end whose spectra are in Slaney's mel bands from 0 Hz to sr / 2, and whose frames are not centred."""

    @property
    def sr(self) -> int:
        """Sampling rate in Hz."""
        ...

    @property
    def n_fft(self) -> int:
        """Length of the transform in samples; of the frames, too, unless there is a shorter ``win_length``."""
        ...

    @property
    def hop_length(self) -> int:
        """Step between frames in samples; the first begins at the first sample."""
        ...

    @property
    def n_mels(self) -> int:
        """Number of mel bands, the last axis."""
        ...


@dataclass(frozen=True)
class MelSpectra:
    """A function from signals to mel spectra of whatever scale, with what it does in words that others can read.

    Parameters
    ----------
    function : callable
        Function from float32 signals (n_batch, n_samples) to spectra (n_batch, n_frames, n_mels).
    sr : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Length of the transform and step of the frames in samples.
    n_mels : int
        Number of mel bands.
    win_length : int or None
        Length of a frame in samples; None: `n_fft`.

    Examples
    --------
    >>> front_end = MelSpectra(LogMel(16000, 512, 256, 96), 16000, 512, 256, 96)
    >>> isinstance(front_end, Mel), front_end(np.zeros((2, 16000), np.float32)).shape
    (True, (2, 61, 96))
    """

    function: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    sr: int
    n_fft: int
    hop_length: int
    n_mels: int
    win_length: int | None = None

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra of signals."""
        return self.function(batch)


@dataclass(frozen=True)
class LogMel:
    """Logarithmic mel spectra of a batch of signals.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Length and step of the frames in samples; `n_fft` is even.
    n_mels : int
        Number of mel bands.

    Examples
    --------
    >>> front_end = LogMel.parse("log-mel:512,256,96", sr=16000)
    >>> front_end(np.zeros((2, 16000), np.float32)).shape
    (2, 61, 96)
    """

    sr: int
    n_fft: int
    hop_length: int
    n_mels: int

    @classmethod
    def parse(cls, text: str, *, sr: int) -> LogMel:
        """The front end that ``log-mel:n_fft,hop_length,n_mels`` describes.

        Raises
        ------
        UsageError
            If the text has another form, or there are no such spectra.
        """
        name, _, numbers = text.partition(":")
        if name != "log-mel":
            raise unknown("front end", name, [_FORM])
        try:
            n_fft, hop_length, n_mels = map(int, numbers.split(","))
        except ValueError as error:
            raise UsageError(f"front_end is {text!r}; write {_FORM}") from error
        if n_fft < 2 or n_fft % 2 or hop_length < 1 or not 1 <= n_mels <= n_fft // 2 + 1:
            raise UsageError(f"front_end is {text!r}; n_fft must be even, hop_length ≥ 1, n_mels ≤ n_fft / 2 + 1")
        return cls(sr, n_fft, hop_length, n_mels)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra, shape (n_batch, n_frames, n_mels), float32, of signals (n_batch, n_samples)."""
        if batch.shape[-1] < self.n_fft:
            raise UsageError(
                f"{counted(batch.shape[-1], 'sample is', 'samples are')} less than one frame of {self.n_fft}; "
                "give a longer window"
            )
        mel = mel_spectrogram(batch, sr=self.sr, n_fft=self.n_fft, hop_length=self.hop_length, n_mels=self.n_mels)
        return np.asarray(np.log10(np.float32(10000) * mel + np.float32(1)), np.float32)

    def n_frames(self, n_samples: int) -> int:
        """Number of frames in `n_samples` samples."""
        return 1 + (n_samples - self.n_fft) // self.hop_length

    def n_samples(self, n_frames: int) -> int:
        """The fewest samples that hold `n_frames` frames."""
        return self.n_fft + (n_frames - 1) * self.hop_length
