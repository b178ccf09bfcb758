"""A model's scores over time: for each window of a recording, on the model's own grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.silence import silence_warnings, sounding
from audiolime_ext.prediction.asking import asking_notes, n_at_once, predict
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.progress.stages import Told, stage, tells_progress
from audiolime_ext.text import share_of


@dataclass(frozen=True, eq=False)
class Taggram:
    """A model's scores over a recording.

    Parameters
    ----------
    labels : tuple of str
        Names of the outputs, n_labels of them.
    times_s : ndarray of float64, shape (n_windows,)
        Starts of the windows in seconds.
    scores : ndarray of float64, shape (n_windows, n_labels)
        Answers of the model.
    padded : ndarray of bool, shape (n_windows,)
        True where a window is filled up with zeros, as the last may be; it is not in the mean.
    silent : ndarray of bool, shape (n_windows,), or None
        True where next to nothing sounds (see `silence`), which is not in the mean either. None: everything sounds, or
        nothing at all does.
    notes : tuple of str
        Sentences on what else to know.
    quiet : tuple of str
        Sentences among `notes` that say where next to nothing sounds.
    """

    labels: tuple[str, ...]
    times_s: NDArray[np.float64]
    scores: Scores = field(repr=False)
    padded: NDArray[np.bool_]
    silent: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()

    @property
    def counted(self) -> NDArray[np.bool_]:
        """True for windows that are whole and not silent, shape (n_windows,)."""
        return ~self.padded if self.silent is None else ~(self.padded | self.silent)

    @property
    def mean(self) -> Scores:
        """Mean over the windows that are whole and not silent, shape (n_labels,)."""
        return np.asarray(self.scores[self.counted].mean(axis=0))

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values: what ``audiolime tag --json`` prints of a recording."""
        arrays = ("times_s", "scores", "padded", "counted", "mean")
        named = {"labels": list(self.labels), "notes": list(self.notes)}
        return named | {name: getattr(self, name).tolist() for name in arrays}


@takes_plain
@tells_progress
def tag(
    audio: Any,
    model: Any,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    sr: int | None = None,
    progress: Told = None,
) -> Taggram:
    """Scores of every window of an excerpt, on the model's own grid.

    Parameters
    ----------
    audio : path, (ndarray, int), Audio, …
        Recording, as anything that `load_audio` reads.
    model : str, Model or callable
        Model, its spec string (``"musicnn:MSD_musicnn"``), or any function from float32 (n_batch, n_samples) to
        (n_batch, n_labels).
    start_s, duration_s : float, float or None
        Start and length of the excerpt in seconds; the grid of windows starts at `start_s`. None: to the end.
    sr : int or None
        Sampling rate at which a plain function listens, in Hz; None: the recording's own.
    progress : callable of one Progress, bool or None
        Function that is told how far each stage of the work is, at most ten times a second (see
        `audiolime_ext.progress.stages`); False: nothing is shown; None: a bar, or a line now and then in a log.

    Raises
    ------
    AudioError
        If the recording cannot be read, or the excerpt lies beyond its end, or is shorter than a window and not the
        whole recording.
    ModelError
        If the model fails.
    UsageError
        If there is no such model.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger
    >>> loud = tagger(lambda b: np.abs(b).max(axis=1, keepdims=True), labels=["peak"], window_s=1.0)
    >>> tag((np.ones(2500, np.float32), 1000), loud).times_s
    array([0., 1., 2.])
    """
    audio, model = load_audio(audio), load_model(model, sr=sr)
    grid = Grid.of(model, audio.sr, audio.n_samples)
    first, end = _heard_span(audio, grid, *audio.span(start_s, duration_s))
    starts = [first + start for start in grid.starts(end - first)]
    n_whole, length = len(starts), end - first if grid.fill else grid.window or end - first
    if grid.hop is not None and not grid.fill and starts[-1] + grid.hop < end:
        starts.append(starts[-1] + grid.hop)
    size = n_at_once(model)
    rows = []
    with stage("tagging", len(starts), "window") as tagging:
        for at in range(0, len(starts), size):
            batch = starts[at : at + size]
            heard = grid.listen(audio.samples, audio.sr, batch[0], batch[-1] + length)
            beyond = max(0, batch[-1] + length - end)
            if beyond:
                heard[..., heard.shape[-1] - beyond :] = 0.0
            cuts = np.stack([heard[:, start - batch[0] : start - batch[0] + grid.lead + length] for start in batch])
            rows.append(predict(model, grid.cut(cuts) if grid.fill else cuts[:, None]))
            tagging.advance(len(batch))
    scores, times_s = np.concatenate(rows), np.array(starts) / grid.sr
    padded = np.arange(len(starts)) >= n_whole
    silent = _silent(audio, times_s.tolist(), length / grid.sr, padded, grid.n_channels)
    span = audio.span(start_s, duration_s)
    quiet = tuple(_silence_notes(audio, span, grid, padded, silent))
    notes = (*quiet, *grid.filling((end - first) / grid.sr), *asking_notes(model, audio.sr))
    return Taggram(label_names(model, scores.shape[1]), times_s, scores, padded, silent, notes, quiet)


def whole_windows(audio: Audio, grid: Grid, begin: int, stop: int) -> list[float]:
    """Starts in seconds of the whole windows between two samples of a recording: those that `tag` does not fill up.

    Raises
    ------
    AudioError
        If the excerpt is too short for the model.
    """
    first, end = _heard_span(audio, grid, begin, stop)
    return [(first + start) / grid.sr for start in grid.starts(end - first)]


def _heard_span(audio: Audio, grid: Grid, begin: int, stop: int) -> tuple[int, int]:
    """An excerpt in samples of the model's rate; refused where the model cannot hear it."""
    first, end = round(begin / audio.sr * grid.sr), round(stop / audio.sr * grid.sr)
    if stop - begin < audio.n_samples:
        longer = f", and the recording is {audio.duration_s:.3f} s long: choose a longer excerpt, or an earlier start"
        grid.require(end - first, f"the excerpt of {audio.name!r}", longer)
    grid.require(end - first, f"{audio.name!r}")
    return first, end


def _silence_notes(
    audio: Audio, span: tuple[int, int], grid: Grid, padded: NDArray[np.bool_], silent: NDArray[np.bool_] | None
) -> list[str]:
    """That next to nothing sounds in an excerpt, given in samples, or in some of its windows."""
    notes = []
    start_s, duration_s = span[0] / audio.sr, (span[1] - span[0]) / audio.sr
    for silence in silence_warnings(audio, start_s, duration_s, grid.n_channels):
        level = silence.rpartition(":")[0]
        heard = "silence" if " is silent" in level else "next to nothing"
        notes.append(f"{level}; these are the model's scores for {heard}")
    if silent is not None:
        n_silent, n = int((silent & ~padded).sum()), int((~padded).sum())
        notes.append(f"{share_of(n_silent, n, 'window')} silent, and not in the mean")
    return notes


def _silent(
    audio: Audio, times_s: Sequence[float], length_s: float, padded: NDArray[np.bool_], n_channels: int
) -> NDArray[np.bool_] | None:
    """True for windows that are whole and silent, shape (n_windows,); None where no whole window is, or all are."""
    whole = [start for start, filled_up in zip(times_s, padded.tolist(), strict=True) if not filled_up]
    sounds = sounding(audio, [(start, min(length_s, audio.duration_s - start)) for start in whole], n_channels)
    if sounds.all() or not sounds.any():
        return None
    return np.concatenate([~sounds, np.zeros(int(padded.sum()), bool)])
