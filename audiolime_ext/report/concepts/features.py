"""What people say of songs: seven attributes by vibenet and the tempo, or columns of a table.

Features have different units, so that a picture of several needs one scale: each is drawn as the share of the store's
songs that have no more of it (its percentile), and told in its own unit. They are of the excerpts that the store is
of; vibenet hears each as a whole, so compare excerpts of one length. The tempo is librosa's (the extra ``beats``), and
may be half or twice what a listener taps.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.compiled import librosa
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.table import cells_of, separator_of
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.sounds import span_of
from audiolime_ext.errors import AudiolimeError, MissingError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.progress.stages import tracked
from audiolime_ext.text import counted, share_of

VIBENET = "vibenet"
TEMPO = "tempo"
MOST_AXES = 12
FEWEST_AXES = 3
NONE = (
    "This page was made without features of the songs, so no radar is drawn. With --table (in Python: features=) it "
    "has those of a CSV file, which has the column path and a column for each feature; without --no-features (in "
    'Python: features="vibenet") it has seven attributes by vibenet, and the tempo.'
)


@dataclass(frozen=True)
class Features:
    """Features of songs.

    Parameters
    ----------
    names : tuple of str
        Names of the features.
    values : mapping of str to tuple of (float or None)
        Song, by its entry's key → its values; None: not known.
    notes : tuple of str
        Sentences on what else to know.
    """

    names: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]] = field(repr=False)
    notes: tuple[str, ...] = ()

    def percentiles(self) -> dict[str, tuple[int | None, ...]]:
        """The share of songs, in per cent, that have no more of each feature.

        Examples
        --------
        >>> Features(("tempo",), {"a": (90.0,), "b": (120.0,), "c": (None,)}).percentiles()
        {'a': (50,), 'b': (100,), 'c': (None,)}
        """
        every = range(len(self.names))
        columns = [np.sort([x for one in self.values.values() if (x := one[n]) is not None]) for n in every]
        return {
            key: tuple(
                None if value is None else round(100 * float(np.searchsorted(column, value, "right")) / len(column))
                for value, column in zip(values, columns, strict=True)
            )
            for key, values in self.values.items()
        }


def features_of(entries: Sequence[Entry], given: str | os.PathLike[str] | None, duration_s: float) -> Features | str:
    """The features of songs, or why there are none.

    Parameters
    ----------
    entries : sequence of Entry
        Songs.
    given : str, path or None
        Word "vibenet", or a CSV file with the column path and a column for each feature; None: no features.
    duration_s : float
        Length of the excerpts in seconds, where an entry does not say.

    Raises
    ------
    UsageError
        If the table cannot be used.
    """
    if given is None:
        return NONE
    if str(given) != VIBENET:
        return _of_table(entries, Path(given))
    try:
        return heard_features(entries, load_model(VIBENET), duration_s)
    except MissingError as error:
        return f"No radar is drawn, since vibenet cannot be asked: {legible(str(error))}"


def heard_features(entries: Sequence[Entry], model: Any, duration_s: float) -> Features:
    """What a model says of songs, and their tempo.

    Parameters
    ----------
    entries : sequence of Entry
        Songs.
    model : Model
        Model with labels.
    duration_s : float
        Length of the excerpts in seconds, where an entry does not say.
    """
    notes = []
    try:
        beats: Any = librosa().feature.tempo
    except MissingError as error:
        beats = None
        notes.append(f"the tempo is left out: {error}")
    names = (*model.labels, *([] if beats is None else [TEMPO]))
    values: dict[str, tuple[float | None, ...]] = {}
    for entry in tracked(entries, "asking for features", "song"):
        try:
            values[entry.key] = _heard(entry, model, beats, duration_s)
        except AudiolimeError:
            values[entry.key] = (None,) * len(names)
    lacking = sum(all(one is None for one in row) for row in values.values())
    notes += [f"{share_of(lacking, len(entries), 'song')} without features, since they cannot be heard"] * (lacking > 0)
    return Features(names, values, tuple(notes))


def _heard(entry: Entry, model: Any, beats: Callable[..., Any] | None, duration_s: float) -> tuple[float | None, ...]:
    audio = load_audio(entry.path)
    cut = audio.excerpt(*span_of(entry, audio, duration_s))
    found = tag(cut, model, progress=False)
    scores: list[float | None] = [float(one) for one in found.scores[found.counted].mean(axis=0)]
    if beats is not None:
        scores.append(float(np.ravel(beats(y=cut.samples.mean(axis=0), sr=cut.sr))[0]))
    return tuple(scores)


def _of_table(entries: Sequence[Entry], table: Path) -> Features:
    """The columns of a table that hold numbers."""
    header, rows = _rows(table)
    named = [n for n, name in enumerate(header) if name.lower() != "path"]
    numbers = {n: [_number(row[n]) for row in rows] for n in named}
    whole = [n for n in named if any(one is not None for one in numbers[n]) and _all_numbers(rows, numbers, n)]
    if len(whole) < FEWEST_AXES:
        raise UsageError(
            f"{legible(table)} has {counted(len(whole), 'column')} of numbers, and a radar needs {FEWEST_AXES} or more"
        )
    notes = [f"of {counted(len(whole), 'feature')}, the first {MOST_AXES} are drawn"] * (len(whole) > MOST_AXES)
    whole = whole[:MOST_AXES]
    at = [name.lower() for name in header].index("path")
    lines: dict[str, int] = {}
    for line, row in enumerate(rows):
        lines |= dict.fromkeys((os.path.realpath(table.parent / row[at]), row[at]), line)
    values: dict[str, tuple[float | None, ...]] = {}
    for entry in entries:
        found = (lines.get(name) for name in (os.path.realpath(entry.path), entry.path, entry.name))
        line = next((one for one in found if one is not None), -1)
        values[entry.key] = tuple(numbers[n][line] if line >= 0 else None for n in whole)
    lacking = sum(all(one is None for one in row) for row in values.values())
    if lacking == len(entries):
        raise UsageError(
            f"no line of {legible(table)} names a song of the store; its paths are relative to the folder that it lies "
            "in"
        )
    notes += [f"{share_of(lacking, len(entries), 'song')} not in {legible(table.name)}"] * (lacking > 0)
    return Features(tuple(legible(header[n]) for n in whole), values, tuple(notes))


def _rows(table: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = text_of(table)
        separator = separator_of(text, lambda name: name.lower() == "path")
        cells = [[cell.strip() for cell in row] for _, row in cells_of(io.StringIO(text, newline=""), separator)]
    except (OSError, ValueError) as error:
        raise UsageError(f"{legible(table)} cannot be read as a table of features: {error}") from error
    header, *rows = [row for row in cells if any(row)] or [[]]
    if [name.lower() for name in header].count("path") != 1:
        raise UsageError(f"{legible(table)} needs one column path in its first line, which names each song's file")
    return header, [row for row in rows if len(row) == len(header)]


def _all_numbers(rows: Sequence[Sequence[str]], numbers: Mapping[int, Sequence[float | None]], n: int) -> bool:
    return all(value is not None or not row[n] for row, value in zip(rows, numbers[n], strict=True))


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
