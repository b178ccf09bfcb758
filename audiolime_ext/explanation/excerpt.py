"""The excerpt that is explained where the user left it open: the window in which the first label is strongest.

A window in which nothing sounds (see `silence`) is never chosen, whatever a model says of silence: nothing could be
switched there. Nor does it count where the labels are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.silence import require_sound
from audiolime_ext.components.components import Components, build
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.taggram import Taggram, tag
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The excerpt that is explained, and how it is split: `components` are its switchable parts.

    Parameters
    ----------
    recording : Audio
        Recording that is split.
    separator : Factorization
        Factorization that splits it.
    model : Model
        Model that is explained.
    start_s, duration_s : float
        Start and length of the excerpt in seconds of the recording.
    inner_s : tuple of float
        Boundaries of its time segments in seconds from its start, without the first and the last.
    baseline : str or Audio
        Sound of what is off, see `audiolime_ext.components.baselines`.
    """

    recording: Audio
    separator: Factorization
    model: Model
    start_s: float
    duration_s: float
    inner_s: tuple[float, ...] = ()
    baseline: Any = "silence"

    @property
    def grid(self) -> Grid:
        """The model's windows."""
        return Grid.of(self.model, self.recording.sr, self.recording.n_samples)

    @cached_property
    def components(self) -> Components:
        """Its components."""
        return self.at(self.start_s)

    def at(self, start_s: float) -> Components:
        """The components of the recording from another second on."""
        return self._built(self.recording, self.separator, start_s, self.baseline)

    def of_donor(self, given: Any) -> Components:
        """As much from the middle of another recording; `given` may be a pair of it and its own factorization.

        Raises
        ------
        AudioError
            If it is too short, or silent there.
        """
        source, own = given if isinstance(given, tuple) and hasattr(given[1], "factorize") else (given, self.separator)
        audio, needed_s = load_audio(source), self.duration_s
        if audio.duration_s < needed_s:
            raise AudioError(f"the donor {audio.name!r} is {audio.duration_s:.2f} s long; {needed_s:.2f} s are needed")
        start_s = (audio.duration_s - needed_s) / 2
        require_sound(audio, start_s, needed_s)
        return self._built(audio, own, start_s, "silence")

    def _built(self, audio: Audio, separator: Factorization, start_s: float, baseline: Any) -> Components:
        span: dict[str, Any] = {"start_s": start_s, "duration_s": self.duration_s, "segments": self.inner_s}
        return build(audio, separator, self.grid, **span, baseline=baseline)


def choose_excerpt(
    audio: Audio,
    model: Model,
    start_s: float | None,
    duration_s: float | None,
    labels: Sequence[str | int] | None,
    top_labels: int,
) -> tuple[float, float, Sequence[str | int] | None, tuple[str, ...]]:
    """Start, duration and labels where the user left them open, and notes on what was chosen and filled up."""
    if labels is not None and not labels:
        raise UsageError("labels is empty; name at least one label, or None for the highest ones")
    if top_labels < 1:
        raise UsageError(f"top_labels must be at least 1, not {top_labels}")
    if labels is not None and model.labels is not None:
        label_indices(labels, model.labels)  # an unknown label is said before the long work
    grid = Grid.of(model, audio.sr, audio.n_samples)
    grid.require(round(audio.duration_s * grid.sr), f"{audio.name!r}")
    audio.require_seconds(start_s or 0.0, duration_s)
    if duration_s is not None:
        grid.require(round(duration_s * grid.sr), "the excerpt")
    if model.window_s is None:
        begin = start_s or 0.0
        return float(begin), float(audio.duration_s - begin if duration_s is None else duration_s), labels, ()
    length = min(model.window_s, audio.duration_s) if duration_s is None else duration_s
    if start_s is not None:
        return float(start_s), float(length), labels, tuple(grid.filling(length))
    taggram = tag(audio, model)
    if labels is None:
        labels = [int(i) for i in np.argsort(-taggram.mean, kind="stable")[:top_labels]]
    column = label_indices(labels, taggram.labels)[0]
    strongest = int(np.argmax(np.where(taggram.counted, taggram.scores[:, column], -np.inf)))
    start = min(float(taggram.times_s[strongest]), max(0.0, audio.duration_s - length))
    note, silent = _chosen(taggram, column, int(taggram.counted.sum())), int((~taggram.padded & ~taggram.counted).sum())
    note += f" ({silent} silent {_windows(silent)} left out)" if silent else ""
    return start, float(length), labels, (note, *grid.filling(length))


def _chosen(taggram: Taggram, column: int, n_windows: int) -> str:
    """Scores of a label can be strong; other values are high."""
    kind, label = Kind.of(taggram.scores, taggram.labels), taggram.labels[column]
    windows = counted(n_windows, "window")
    if kind.noun == "score":
        return f"the excerpt is where {label!r} is strongest of {windows}"
    called = kind.called(label) if kind.numbered else repr(label)
    return f"the excerpt is where {called} is highest of {windows}"


def _windows(n: int) -> str:
    return "window was" if n == 1 else "windows were"
