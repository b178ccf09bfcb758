"""The excerpt that is explained where the user left it open: the window in which the first label is strongest.

A window in which nothing sounds is never chosen, whatever a model says of silence: nothing could be switched there.
Silent is what lies `SILENT_DB` below the loudest window: −60 dB, the limit under which a residual is background too.
The dither and the hiss of a pause lie there, and no music: the softest passages of a symphony are some 50 dB below
its loudest ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.kind import Kind
from audiolime_ext.prediction import Scores, Tagger, label_indices
from audiolime_ext.taggram import Grid, Taggram, tag

SILENT_DB = -60.0


def choose_excerpt(
    audio: Audio,
    model: Tagger,
    start_s: float | None,
    duration_s: float | None,
    labels: Sequence[str | int] | None,
    top_labels: int,
) -> tuple[float, float, Sequence[str | int] | None, tuple[str, ...]]:
    """Start, duration and labels where the user left them open, and a note on what was chosen."""
    if labels is not None and not labels:
        raise UsageError("labels is empty; name at least one label, or None for the highest ones")
    if top_labels < 1:
        raise UsageError(f"top_labels must be at least 1, not {top_labels}")
    if labels is not None and model.labels is not None:
        label_indices(labels, model.labels)  # an unknown label is said before the long work
    grid = Grid.of(model, audio.sr)
    grid.require(round(audio.duration_s * grid.sr), f"{audio.name!r}")
    if duration_s is not None:
        grid.require(round(duration_s * grid.sr), "the excerpt")
    if model.window_s is None:
        begin = start_s or 0.0
        return float(begin), float(audio.duration_s - begin if duration_s is None else duration_s), labels, ()
    length = min(model.window_s, audio.duration_s) if duration_s is None else duration_s
    if start_s is not None:
        return float(start_s), float(length), labels, ()
    taggram = tag(audio, model)
    if labels is None:
        labels = [int(i) for i in np.argsort(-taggram.mean, kind="stable")[:top_labels]]
    column = label_indices(labels, taggram.labels)[0]
    times_s, scores = taggram.times_s[~taggram.padded], taggram.scores[~taggram.padded, column]
    sounds = _that_sound(audio, times_s, model.window_s)
    strongest = int(np.argmax(np.where(sounds, scores, -np.inf)))
    start = min(float(times_s[strongest]), max(0.0, audio.duration_s - length))
    note = _chosen(taggram, column, int(sounds.sum()))
    silent = len(sounds) - int(sounds.sum())
    return start, float(length), labels, (f"{note} ({silent} silent {_windows(silent)} left out)" if silent else note,)


def _chosen(taggram: Taggram, column: int, n_windows: int) -> str:
    """Scores of a label can be strong; other values are high."""
    kind, label = Kind.of(taggram.scores, taggram.labels), taggram.labels[column]
    windows = "1 window" if n_windows == 1 else f"{n_windows} windows"
    if kind.noun == "score":
        return f"the excerpt is where {label!r} is strongest of {windows}"
    called = kind.called(label) if kind.numbered else repr(label)
    return f"the excerpt is where {called} is highest of {windows}"


def _that_sound(audio: Audio, times_s: Scores, window_s: float) -> NDArray[np.bool_]:
    """Which of the windows sound; all of them where none does, which is told when the excerpt is cut."""
    edges = [audio.span(start, min(window_s, audio.duration_s - start)) for start in times_s.tolist()]
    power = np.array([np.mean(np.square(audio.samples[:, begin:end], dtype=np.float64)) for begin, end in edges])
    least = 10 ** (SILENT_DB / 10) * power.max()
    return np.asarray((power >= least) & ((power > 0) | (least == 0)))


def _windows(n: int) -> str:
    return "window was" if n == 1 else "windows were"
