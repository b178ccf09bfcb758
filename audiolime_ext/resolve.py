"""What the user left open: spec strings become objects, a missing excerpt is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audiolime_ext import registry
from audiolime_ext.audio import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization import Factorization
from audiolime_ext.kind import Kind
from audiolime_ext.prediction import FunctionTagger, Tagger, as_tagger, label_indices
from audiolime_ext.taggram import Grid, Taggram, tag


def resolve_tagger(given: Any, *, sr: int | None = None) -> Tagger:
    """The tagger that a spec string names, or that a predict function is; see `as_tagger` and `registry.build`."""
    if not isinstance(given, str):
        return as_tagger(given, sr=sr)
    built = as_tagger(registry.build("tagger", given), sr=sr)
    return replace(built, spec=given) if isinstance(built, FunctionTagger) else built


def resolve_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given.

    Raises
    ------
    UsageError
        If it is none.
    """
    built = registry.build("factorization", given) if isinstance(given, str) else given
    if not callable(getattr(built, "factorize", None)) or isinstance(built, type):
        raise UsageError(f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}")
    return built


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
    whole = taggram.scores[~taggram.padded, column]
    start = min(float(taggram.times_s[int(np.argmax(whole))]), max(0.0, audio.duration_s - length))
    return start, float(length), labels, (_chosen(taggram, column, len(whole)),)


def _chosen(taggram: Taggram, column: int, n_windows: int) -> str:
    """Scores of a label can be strong; other values are high."""
    kind, label = Kind.of(taggram.scores, taggram.labels), taggram.labels[column]
    if kind.noun == "score":
        return f"the excerpt is where {label!r} is strongest of {n_windows} windows"
    called = kind.called(label) if kind.numbered else repr(label)
    return f"the excerpt is where {called} is highest of {n_windows} windows"
