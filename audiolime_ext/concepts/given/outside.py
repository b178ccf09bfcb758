"""What is heard or read beside a store for its given concepts: a table about songs, another model, a folder of sounds.

The other model is asked about the same excerpts, and its answers are kept in the cache. A recording of the folder is
heard alone: where it is longer than a window, the loudest of it, and where it is shorter, on silence. What is missing,
silent or unreadable is left out and named.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audiolime_ext.audio.folders import look_into
from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.cache import Cache, Store, identity
from audiolime_ext.collection.columns import MISSING, Column
from audiolime_ext.collection.table import Problems, read_columns
from audiolime_ext.concepts.given.asked import Asked
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.work import Ears
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.progress.stages import stage
from audiolime_ext.text import counted

_SHOWN = 3


def by_table(asked: Asked, entries: Sequence[Entry]) -> tuple[Floats, list[str]]:
    """What a table says of each song; NaN: nothing."""
    table = Path(asked.place)
    problems, said = Problems(table), dict[str, tuple[int, str]]()
    for line, cells in read_columns(table, ("path", asked.what)):
        path = os.path.realpath(table.parent / cells["path"])
        if path in said:
            problems.add(line, f"{legible(cells['path'])!r} is named twice; keep one line")
        said[path] = line, cells[asked.what]
    problems.raise_any()
    found = [said.get(os.path.realpath(entry.path), (0, "")) for entry in entries]
    values = tuple(None if not cell or cell.lower() in MISSING else cell for _, cell in found)
    places = tuple(f"line {line} of {legible(table)}" for line, _ in found)
    numbers = Column(asked.what, values, places).numbers()
    if np.isnan(numbers).all():
        raise UsageError(
            f"{legible(table)} has no value of {legible(asked.what)} for any of the songs that concepts are made of; "
            "its column path names files, relative to the folder that it lies in"
        )
    return numbers, _left_out(entries, numbers, "without a value")


def by_model(asked: Asked, entries: Sequence[Entry], duration_s: float) -> tuple[Floats, list[str]]:
    """The score that another model gives each song's excerpt, the mean of its windows; NaN: it cannot hear it."""
    model = load_model(asked.place)
    if model.labels is None:
        raise UsageError(f"{asked.place} states no labels, so there is none to ask for; say labels= in its spec")
    (column,) = label_indices([asked.what], model.labels)
    scores, why, store = np.full(len(entries), np.nan), "", Store(Cache.of_user())
    with stage(f"asking {asked.place}", len(entries), "song") as counting:
        for i, entry in enumerate(entries):
            try:
                scores[i] = _scores(entry, model, duration_s, store)[column]
            except AudioError as error:
                why = why or str(error)
            counting.advance(1)
    if np.isnan(scores).all():
        raise UsageError(f"{asked.place} can hear none of the songs that concepts are made of: {why}")
    return scores, _left_out(entries, scores, f"that {asked.place} cannot hear ({why})")


def _scores(entry: Entry, model: Model, duration_s: float, store: Store) -> Floats:
    """The mean of a model's answers to the windows of a song's excerpt; they are kept in the cache."""
    by = identity(model)
    span = {"start_s": entry.start_s, "length_s": entry.duration_s, "duration_s": duration_s}
    key = by and {"kind": "scores of an excerpt", "version": 1, "recording": entry.sha256, **span, "model": by}
    if (kept := store.read(key)) is not None:
        return np.asarray(kept.arrays["mean"])
    audio = load_audio(entry.path)
    if audio.sha256 != entry.sha256:
        raise AudioError("it was changed since the store was measured")
    start_s, length_s = Ears(model, "", (), (), (), duration_s).span(audio, entry)
    mean = tag(audio, model, start_s=start_s, duration_s=length_s, progress=False).mean
    store.write(key, {"mean": mean}, {}, recording=audio.name, by=str(model.spec))
    return mean


def _left_out(entries: Sequence[Entry], values: Floats, why: str) -> list[str]:
    names = [legible(entry.name) for entry, gone in zip(entries, np.isnan(values).tolist(), strict=True) if gone]
    if not names:
        return []
    shown = ", ".join(names[:_SHOWN] + ["…"] * (len(names) > _SHOWN))
    return [f"{counted(len(names), 'song')} {why}, left out: {shown}"]


def alone(folder: Path, model: Model, duration_s: float) -> tuple[list[Samples], list[str]]:
    """What the model hears of each file, and notes on files that are left out."""
    if not folder.is_dir():
        raise UsageError(f"{legible(folder)} is no folder; name one that holds recordings of the concept")
    there = look_into(folder)
    signals, notes = [], [there.note] if there.note else []
    for path in there.files:
        try:
            signals.append(loudest(load_audio(path), model, duration_s))
        except AudioError as error:
            notes.append(f"left out: {error}")
    if not signals:
        left = f" ({'; '.join(notes)})" if notes else ""
        raise UsageError(f"{legible(folder)} holds no recording that can be used{left}; name a folder that does")
    return signals, notes


def loudest(audio: Audio, model: Model, duration_s: float) -> Samples:
    """The window of a recording that holds most energy; a shorter recording lies in the middle of silence.

    Parameters
    ----------
    audio : Audio
        Recording.
    model : Model
        Model that hears it.
    duration_s : float
        Length in seconds of what a model hears that has no windows.

    Returns
    -------
    Shape (n_channels, n_samples), at the model's rate, the lead included.

    Raises
    ------
    AudioError
        If it is silent.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=10, window_s=1.0)
    >>> click = np.zeros((1, 40), np.float32)
    >>> click[0, 31] = 1
    >>> [int(loudest(Audio(part, 10), model, 1.0).argmax()) for part in (click, click[:, 29:33])]
    [5, 5]
    """
    grid = Grid.of(model, audio.sr)
    length = grid.window or round(duration_s * grid.sr)
    heard = grid.listen(audio.samples, audio.sr, 0, max(1, round(audio.duration_s * grid.sr)))
    sound = heard[:, grid.lead :]
    if not np.abs(sound).any():
        raise AudioError(f"{audio.name!r} is silent")
    if (lacking := length - sound.shape[-1]) > 0:
        return np.pad(sound, ((0, 0), (grid.lead + lacking // 2, lacking - lacking // 2)))
    grown = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64).sum(axis=0))])
    starts = np.append(np.arange(0, sound.shape[-1] - length, max(1, length // 4)), sound.shape[-1] - length)
    held = grown[starts + length] - grown[starts]
    most = np.flatnonzero(held >= held.max() * (1 - 1e-9))
    start = starts[most[len(most) // 2]]  # of windows that hold the same, one in the middle
    return heard[:, start : start + grid.lead + length]
