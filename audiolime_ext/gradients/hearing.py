"""A recording as the windows that a network is given: features, where they lie in time and frequency, and silence.

The windows are those of `audiolime_ext.prediction.taggram.tag`, without the last where it is not whole. Features have
axes for frames and bands. Frame i of a window is at the centre of the samples that it holds; bands are at the peaks of
their filters. Both are known where the front end says them, as `audiolime_ext.prediction.front_end.Mel` does. Elsewhere
frames are taken to be spread evenly over the window, and bands have numbers only; a note says so.

Silence is *what the front end makes of zeros*, window by window as long as the others: −100 dB for one, 0 for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.spectrogram import mel_edges_hz
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.gradients.differentiating import Features, Floats
from audiolime_ext.prediction.asking import asking_notes, n_at_once
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.front_end import Mel
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.steps import features as made_by
from audiolime_ext.prediction.taggram import whole_windows
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Heard:
    """Windows of a recording, as the network is given them.

    Parameters
    ----------
    audio : Audio
        Recording.
    signals : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Signals of the windows at the model's rate, with its lead in front.
    features : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Input of the network, which the front end makes of them.
    silence : ndarray of float32, shape (n_frames, n_bands)
        Input that it makes of silence.
    starts_s : ndarray of float64, shape (n_windows,)
        Starts of the windows in seconds.
    first_s, step_s : float
        Centre of a window's first frame, from its start, and step to the next, in seconds.
    window_s : float
        Length of a window in seconds.
    bands_hz : ndarray of float64, shape (n_bands,), or None
        Centres of the bands; None: not known.
    top_hz : float or None
        Frequency at which the highest band ends; None: not known.
    notes : tuple of str
        Sentences on what was taken for granted.
    """

    audio: Audio
    signals: Samples = field(repr=False)
    features: Features = field(repr=False)
    silence: Features = field(repr=False)
    starts_s: Floats
    first_s: float
    step_s: float
    window_s: float
    bands_hz: Floats | None = field(repr=False)
    top_hz: float | None
    notes: tuple[str, ...] = ()

    def only(self, chosen: NDArray[np.intp]) -> Heard:
        """Some of the windows, by their numbers."""
        given = self.signals[chosen], self.features[chosen], self.starts_s[chosen]
        return replace(self, signals=given[0], features=given[1], starts_s=given[2])


def hear(
    audio: Audio,
    model: Model,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    at: Sequence[float] | None = None,
) -> Heard:
    """The whole windows of an excerpt, or chosen ones, through the model's front end.

    Parameters
    ----------
    audio : Audio
        Recording.
    model : Model
        Model with a front end.
    start_s, duration_s : float, float or None
        Start and length of the excerpt in seconds; None: to the end.
    at : sequence of float or None
        Starts of the windows within the excerpt, in seconds, wherever they lie; None: those of `tag`, in order.

    Raises
    ------
    UsageError
        If the model has no front end, or this makes no frames and bands; or `at` is empty, or the model has no window.
    AudioError
        If the excerpt does not lie within the recording, or is too short for the model; or a window that was chosen is
        not within it.
    ModelError
        If the front end fails.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> model = tagger(lambda mel: mel.mean((1, 2))[:, None], sr=8000, front_end="log-mel:256,128,32", window_s=1.0)
    >>> windows = hear(Audio(np.ones((1, 20000), np.float32), 8000), model)
    >>> windows.features.shape, windows.starts_s, windows.first_s, windows.step_s
    ((2, 61, 32), array([0., 1.]), 0.016, 0.016)
    """
    grid = Grid.of(model, audio.sr, audio.n_samples)
    begin, stop = audio.span(start_s, duration_s)
    starts_s = whole_windows(audio, grid, begin, stop) if at is None else _chosen(at, audio, grid, begin, stop)
    excerpt = round(stop / audio.sr * grid.sr) - round(begin / audio.sr * grid.sr)
    length = excerpt if grid.window is None or grid.fill else grid.window
    signals = np.concatenate([_signal(audio, grid, round(start * grid.sr), length) for start in starts_s])
    features, silence = _features(model, signals), _features(model, np.zeros_like(signals[:1]))[0]
    n_frames, n_bands = silence.shape
    heard_s = (signals.shape[-1] - grid.lead) / grid.sr
    front_end, notes = (
        getattr(model, "front_end", None),
        [*grid.filling(excerpt / grid.sr), *asking_notes(model, audio.sr)],
    )
    if isinstance(front_end, Mel) and front_end.n_mels == n_bands:
        held = getattr(front_end, "win_length", None) or front_end.n_fft
        first_s, step_s = held / 2 / front_end.sr - grid.lead / grid.sr, front_end.hop_length / front_end.sr
        edges = mel_edges_hz(front_end.sr, n_bands)
        bands_hz, top_hz = edges[1:-1], float(edges[-1])
    else:
        step_s = heard_s / n_frames
        first_s, bands_hz, top_hz = step_s / 2, None, None
        notes.append(
            "the front end does not say where its frames and bands lie: frames are taken to be evenly spread over the "
            "window, and bands are numbered"
        )
    made = audio, signals, features, silence
    return Heard(*made, np.array(starts_s), first_s, step_s, heard_s, bands_hz, top_hz, tuple(notes))


def takes_starts(audio: Audio, model: Model) -> bool:
    """Whether a model's windows can be named by their starts: it has windows, and the recording is not shorter."""
    grid = Grid.of(model, audio.sr, audio.n_samples)
    return grid.window is not None and grid.fill is None


def nearest(heard: Heard, every: Heard) -> NDArray[np.intp]:
    """The window of an excerpt's own that each of `heard` begins nearest to, shape (n_windows,)."""
    return np.asarray(np.abs(heard.starts_s[:, None] - every.starts_s).argmin(axis=1), np.intp)


def _chosen(at: Sequence[float], audio: Audio, grid: Grid, begin: int, stop: int) -> list[float]:
    """The seconds at which windows begin, in order, each once; all lie within the excerpt."""
    if not len(at) or grid.window is None:
        why = "it is empty" if grid.window else "the model has no window"
        raise UsageError(f"at names the seconds at which windows begin, and {why}; leave it out, or name some")
    length_s, slack = min((grid.window - grid.lead) / grid.sr, audio.duration_s), 1 / grid.sr
    first_s, end_s = begin / audio.sr, stop / audio.sr
    for second in at:
        audio.require_seconds(second, length_s)
        if not first_s - slack <= second <= end_s - length_s + slack:
            inside = f"{first_s:g} s to {end_s:g} s"
            raise AudioError(f"the window of {length_s:.3f} s at {second:g} s is not within the excerpt, {inside}")
    return sorted({float(second) for second in at})


def _signal(audio: Audio, grid: Grid, first: int, length: int) -> Samples:
    """One window at the model's rate, filled up where the recording is shorter, (1, n_channels, n_samples)."""
    heard = grid.listen(audio.samples, audio.sr, first, first + length)
    return grid.cut(heard[None])[0, :1] if grid.fill else heard[None]


def _features(model: Model, signals: Samples) -> Features:
    front_end = getattr(model, "front_end", None)
    if front_end is None:
        raise UsageError(
            "the model is given signals, so there is no spectrogram in which relevance could lie; declare its "
            "front_end=, or ask integrated_gradients() about the signals themselves"
        )
    given, size = signals[:, 0] if model.n_channels == 1 else signals, n_at_once(model)
    parts = [made_by(front_end, given[at : at + size], only_arrays=True) for at in range(0, len(given), size)]
    made = np.concatenate([np.asarray(part, np.float32) for part in parts])
    if made.ndim != 3 or len(made) != len(given):
        raise UsageError(
            f"the front end answers an array of shape {made.shape} to {counted(len(given), 'signal')}; relevance needs "
            "(n_batch, n_frames, n_bands)"
        )
    return made


def other_windows(other: Heard, n: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """As many windows of another song, in its order and again from its first, with a note where it has fewer."""
    n_other = len(other.features)
    few = f"{other.audio.name} has fewer windows ({n_other} for {n}): they are used again from the first"
    return other.features[np.arange(n) % n_other], (few,) if n_other < n else ()
