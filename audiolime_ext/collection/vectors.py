"""One vector for a whole song: the mean of a model's answers to its windows.

Windows lie on the model's own grid, as in `audiolime_ext.tag`. Those that are filled up at the song's end, and those
that lie 60 dB below the loudest, do not count. A song that is shorter than a window is one window, filled up as the
model's own extractor does it, which the notes say. A song of digital silence has no vector; nor has one whose channels
cancel, for a model that listens in mono: what is left lies 60 dB below the channels.

A model that hears any length at once (``features:``, ``vibenet``) has one window, the song; so its vector is the
model's answer itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.silence import SILENT_DB, power
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag


@dataclass(frozen=True, eq=False)
class SongVector:
    """A song as a model hears it.

    Parameters
    ----------
    mean : ndarray of float32, shape (n_features,)
        Mean of the windows.
    windows : ndarray of float32, shape (n_windows, n_features)
        Answers to the windows that count.
    times_s : ndarray of float64, shape (n_windows,)
        Starts of these windows in seconds of the recording.
    duration_s : float
        Length of the recording in seconds.
    notes : tuple of str
        Sentences on what else to know: how a short song was filled up, what the file lacks.
    """

    mean: NDArray[np.float32]
    windows: NDArray[np.float32] = field(repr=False)
    times_s: NDArray[np.float64] = field(repr=False)
    duration_s: float
    notes: tuple[str, ...] = ()


def song_vector(audio: Any, model: str | Model, *, middle_s: float | None = None) -> SongVector:
    """The vector of a song.

    Parameters
    ----------
    audio : path, (ndarray, int), Audio, …
        Recording, as anything that `load_audio` reads.
    model : str or Model
        Model, or its spec string, such as ``"musicnn:MSD_musicnn?layer=penultimate"``.
    middle_s : float or None
        Seconds to hear from the song's middle, above 0; a shorter song is heard whole. None: all of it.

    Raises
    ------
    AudioError
        If the recording cannot be read, is silent, or is too short for the model.
    ModelError
        If the model fails.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger
    >>> level = tagger(lambda b: np.abs(b).max(axis=1, keepdims=True), sr=1000, labels=["peak"], window_s=1.0)
    >>> samples = np.repeat([0.5, 0.0, 0.25], 1000).astype(np.float32)
    >>> found = song_vector((samples, 1000), level)
    >>> found.mean, found.times_s
    (array([0.375], dtype=float32), array([0., 2.]))
    """
    audio, model = load_audio(audio), load_model(model)
    start_s, duration_s = span_heard(audio, model, middle_s)
    found = tag(audio, model, start_s=start_s, duration_s=duration_s)
    windows = np.asarray(found.scores[found.counted])
    return SongVector(
        windows.mean(axis=0, dtype=np.float64).astype(np.float32),
        windows.astype(np.float32),
        found.times_s[found.counted],
        audio.duration_s,
        (*audio.warnings, *found.notes),
    )


def span_heard(audio: Audio, model: Model, middle_s: float | None) -> tuple[float, float]:
    """Start and length in seconds of what a model hears of a song.

    Raises
    ------
    AudioError
        If nothing sounds there, to that model.
    """
    start_s, duration_s = middle(audio.duration_s, middle_s)
    heard, there = (power(audio, start_s, duration_s, n_channels) for n_channels in (model.n_channels, 2))
    if heard > 10 ** (SILENT_DB / 10) * there:
        return start_s, duration_s
    if there:
        raise AudioError(f"the channels of {audio.name!r} cancel: a model that listens in mono hears nothing of it")
    if duration_s < audio.duration_s:
        raise AudioError(f"the middle {duration_s:g} s of {audio.name!r} are silent; hear more of it")
    raise AudioError(f"{audio.name!r} is silent; a song without sound is like no other, so leave it out")


def middle(whole_s: float, middle_s: float | None) -> tuple[float, float]:
    """Start and length in seconds of what is heard of a song of `whole_s`.

    Examples
    --------
    >>> middle(200.0, 60.0), middle(40.0, 60.0), middle(40.0, None)
    ((70.0, 60.0), (0.0, 40.0), (0.0, 40.0))
    """
    if middle_s is None or whole_s <= middle_s:
        return 0.0, whole_s
    return (whole_s - middle_s) / 2, middle_s
