"""Recordings as audioLIME's factorizations took them: a provider of the mix, and a window that can be set in it.

The mix is mono at 16 kHz, as there. What separators and listeners are given is the recording itself, at its own rate
and with its own channels, where the provider reads a file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.errors import UsageError

TARGET_SR = 16000  # Hz, at which audioLIME heard everything unless it was told otherwise


def mono_at(audio: Audio, sr: int) -> Samples:
    """A recording in mono at another rate, shape (n_samples,), float32.

    Examples
    --------
    >>> mono_at(Audio(np.ones((2, 44100), np.float32), 44100), 16000).shape
    (16000,)
    """
    mono = audio.samples.mean(axis=0, dtype=np.float32)
    return resample_span(mono, audio.sr, sr, 0, round(audio.n_samples / audio.sr * sr))


def provided(given: Any) -> tuple[Any, float, float | None]:
    """What a provider gives to separate, and its window's start and length in seconds; other sources as they are.

    Parameters
    ----------
    given : DataProvider, object with `get_mix`, or another source
        Provider, also one of a class that was written for audioLIME, or what `load_audio` reads.

    Examples
    --------
    >>> provided("song.mp3")
    ('song.mp3', 0.0, None)
    """
    if isinstance(given, DataProvider):
        return given.recording, *given.excerpt_s
    if callable(getattr(given, "get_mix", None)):
        return (np.asarray(given.get_mix(), np.float32), TARGET_SR), 0.0, None
    return given, 0.0, None


class DataProvider:
    """Base of providers of one's own, which make the mix in `initialize_mix`.

    Parameters
    ----------
    audio_path : str or Path
        File that it reads.

    Examples
    --------
    >>> class Noise(DataProvider):
    ...     def initialize_mix(self):
    ...         return np.random.default_rng(0).normal(0, 0.1, 48000)
    >>> noise = Noise("noise.wav")
    >>> noise.set_analysis_window(16000, 8000)
    >>> len(noise.get_mix()), noise.get_audio_path()
    (8000, 'noise.wav')
    """

    def __init__(self, audio_path: str | os.PathLike[str]) -> None:
        self._audio_path = audio_path
        self._original_mix = self.initialize_mix()
        self._window: tuple[int, int] | None = None

    def initialize_mix(self) -> NDArray[Any]:
        """The whole mix, mono at 16 kHz, shape (n_samples,)."""
        raise NotImplementedError("a provider makes its mix in initialize_mix(self)")

    def get_mix(self) -> NDArray[Any]:
        """The mix within the window, mono at 16 kHz, shape (n_samples,)."""
        first, n_samples = self._window or (0, len(self._original_mix))
        return self._original_mix[first : first + n_samples]

    def get_audio_path(self) -> str | os.PathLike[str]:
        """The file's path, as it was given."""
        return self._audio_path

    def set_analysis_window(self, start_sample: int, y_length: int) -> None:
        """Set the window of `get_mix`, and of what is bound from now on.

        Parameters
        ----------
        start_sample, y_length : int
            Start and length in samples at 16 kHz.

        Raises
        ------
        UsageError
            If it does not lie within the mix.
        """
        if start_sample < 0 or y_length < 1 or start_sample + y_length > len(self._original_mix):
            raise UsageError(
                f"the window of {y_length} samples from {start_sample} on does not lie within the mix, which has "
                f"{len(self._original_mix)} at {TARGET_SR} Hz"
            )
        self._window = (int(start_sample), int(y_length))

    @property
    def recording(self) -> Audio:
        """What is separated: the mix."""
        return load_audio((np.asarray(self._original_mix, np.float32), TARGET_SR), name=Path(self._audio_path).stem)

    @property
    def excerpt_s(self) -> tuple[float, float | None]:
        """Start and length of the window in seconds; None: up to the end."""
        if self._window is None:
            return 0.0, None
        first, n_samples = self._window
        to_the_end = first + n_samples == len(self._original_mix)
        return first / TARGET_SR, None if to_the_end else n_samples / TARGET_SR


class RawAudioProvider(DataProvider):
    """A provider that reads a file.

    Parameters
    ----------
    audio_path : str or Path
        Recording: a file that `load_audio` reads.

    Raises
    ------
    AudioError
        If it cannot be read.

    Examples
    --------
    >>> import audiolime_ext
    >>> provider = RawAudioProvider(Path(audiolime_ext.__file__).parent / "data" / "ezer_ev.ogg")
    >>> provider.set_analysis_window(16000, 48000)
    >>> provider.get_mix().shape, provider.recording.sr
    ((48000,), 44100)
    """

    def initialize_mix(self) -> Samples:
        """The file's sound, mono at 16 kHz."""
        self._recording = load_audio(self._audio_path)
        return mono_at(self._recording, TARGET_SR)

    @property
    def recording(self) -> Audio:
        """The recording itself, at its own rate and with its own channels."""
        return self._recording
