"""Everything in an audit's store as one long table, CSV or Parquet, to work on with other tools.

One line for each number, recording by recording in the manifest's order:

=================  ==========================================================================================
``recording``      its row in the manifest, counted from 0
``path``           its file, as `audiolime_ext.files.names.legible` writes it
``song``           the song that it is a sample of
``classes``        its classes, separated by ``;``, as a manifest has them
``split``          as in the manifest
``measure``        see `audiolime_ext.audit.measurement.measure`
``component``      empty for what concerns the whole recording
``donor``          where something was put in: the row in the manifest of the recording that it comes from;
                   ``donor_song`` is its song
``label``          empty for ``presence``
``score``          the model's score; empty for ``attribution`` and ``presence``, which are not scores
``effect``         the effect, see below
``flipped``        1 if the decision on the label changes, 0 if not
=================  ==========================================================================================

With g the clipped log-odds, ``effect`` is the *necessity* g(x) − g(x without j) for ``without``; the *sufficiency*
g(j) − g(silence) for ``alone``, empty where silence gets the label already; the rise g(after) − g(before) for
transplants, placebos and the controls of ``without``; the weight itself for ``attribution``, and the level in dB for
``presence``. ``flipped`` compares the same mixes as the effect. Both are empty for scores that are not compared:
``score``, ``silence``, ``own before`` and ``matched before``.

Invariant: read back, scores, weights and levels are the numbers in the store, exactly. Only one recording is in memory
at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audit.measurement.effects import KINDS, flips, necessity, sufficiency
from audiolime_ext.audit.store.records import Measurement
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.collection.table import cell_of
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import fresh_file
from audiolime_ext.files.names import legible

MEASURES = (
    "score",
    "silence",
    "attribution",
    "presence",
    "without",
    "alone",
    "equal level",
    "white noise",
    "spectral noise",
    "own",
    "own before",
    "matched",
    "matched before",
    "again",
    "nudged",
    "moved",
)
COLUMNS = {
    "recording": "int32",
    "path": "string",
    "song": "string",
    "classes": "string",
    "split": "string",
    "measure": "string",
    "component": "string",
    "donor": "int32",
    "donor_song": "string",
    "label": "string",
    "score": "float32",
    "effect": "float64",
    "flipped": "int8",
}  # and their types in Parquet
_ENDINGS = (".csv", ".parquet")
_NO_SCORES = ("attribution", "presence")
_ALONE = ("score", "silence", *(f"{kind} before" for kind in KINDS))
_AT_A_TIME = 50_000  # lines that are written together

Line = tuple[Any, ...]


def export(
    store: str | Path,
    path: str | Path,
    *,
    measures: Collection[str] | None = None,
    labels: Collection[str] | None = None,
) -> int:
    """Write what is in a store as a table, and return how many lines it has.

    Parameters
    ----------
    store : str or Path
        Store of the audit.
    path : str or Path
        File to write; it ends in ``.csv`` or ``.parquet``.
    measures, labels : collection of str, or None
        Measures and labels to write; None: all.

    Raises
    ------
    MissingError
        If there is no such store, or pyarrow, which Parquet needs, is not installed.
    UsageError
        If there is no such measure or label, or the path has another ending.
    OutputError
        If the table cannot be written; nothing is left half-written.
    """
    path, results = Path(path), Results.read(store)
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError(f"{legible(path)} must end in {' or '.join(_ENDINGS)}: the ending says which table to write")
    for kind, given, known in (("measure", measures, MEASURES), ("label", labels, results.labels)):
        for name in given or ():
            if name not in known:
                raise unknown(kind, name, known)
    lines = _lines(results, MEASURES if measures is None else measures, results.labels if labels is None else labels)
    write = _write_csv if path.suffix.lower() == ".csv" else _parquet()
    with fresh_file(path) as temporary:
        return write(temporary, lines)


def _lines(results: Results, measures: Collection[str], labels: Collection[str]) -> Iterator[Line]:
    place = {entry.key: i for i, entry in enumerate(results.entries)}
    columns = [(i, label) for i, label in enumerate(results.labels) if label in labels]
    with AuditStore.read(results.path, whole=False) as store:
        for recording, found in store.one_by_one([entry.key for entry in results.entries]):
            at = place[recording.task]
            entry = results.entries[at]
            head = at, legible(entry.path), legible(entry.song), cell_of(entry.labels), entry.split
            of = _Of(found, results)
            for one in found:
                if one.measure in measures and (one.donor is None or one.donor in place):
                    yield from of.lines(head, one, place, columns)


class _Of:
    """The measurements of one recording, and what follows from them."""

    def __init__(self, found: Iterable[Measurement], results: Results) -> None:
        self.results = results
        self.values = {(one.measure, one.component, one.donor): np.array(one.values, np.float64) for one in found}

    def lines(
        self, head: Line, one: Measurement, place: dict[str, int], columns: Sequence[tuple[int, str]]
    ) -> Iterator[Line]:
        """One line for each label."""
        donor = None if one.donor is None else place[one.donor]
        song = None if donor is None else legible(self.results.entries[donor].song)
        head = (*head, one.measure, one.component or None, donor, song)
        if one.measure == "presence":
            yield (*head, None, None, one.values[0], None)
            return
        effects, flipped = self._compared(one)
        for i, label in columns:
            score = None if one.measure in _NO_SCORES else one.values[i]
            yield (*head, label, score, effects[i], flipped[i])

    def _compared(self, one: Measurement) -> tuple[Sequence[float | None], Sequence[int | None]]:
        """Effects and flips for every label."""
        nothing = (None,) * len(one.values)
        if one.measure in _ALONE:
            return nothing, nothing
        if one.measure == "attribution":
            return one.values, nothing
        after, thresholds = np.array(one.values, np.float64), self.results.reading.thresholds
        if one.measure == "alone":
            before = self.values["silence", "", None]
            effects = sufficiency(after, before, thresholds)
        else:
            before = self._before(one)
            effects = necessity(before, after) if one.measure == "without" else necessity(after, before)
        changed = flips(before, after, thresholds)
        unknowns = np.isnan(effects)
        return (
            [None if out else effect for effect, out in zip(effects.tolist(), unknowns, strict=True)],
            [None if out else int(flip) for flip, out in zip(changed, unknowns, strict=True)],
        )

    def _before(self, one: Measurement) -> Any:
        scaled = self.values.get((f"{one.measure} before", one.component, one.donor))
        return self.values["score", "", None] if scaled is None else scaled


def _write_csv(path: Path, lines: Iterable[Line]) -> int:
    n = 0
    with path.open("w", encoding="utf-8", errors="legible", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines:
            writer.writerow(line)
            n += 1
    return n


def _parquet() -> Any:
    arrow, parquet = require("pyarrow", extra="parquet"), require("pyarrow.parquet", extra="parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])

    def write(path: Path, lines: Iterable[Line]) -> int:
        n, lines = 0, iter(lines)
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            while some := list(islice(lines, _AT_A_TIME)):
                columns = [
                    arrow.array(column, field.type)
                    for column, field in zip(zip(*some, strict=True), schema, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
                n += len(some)
        return n

    return write
