"""What an open store holds, read; `audiolime_ext.audit.store.store.AuditStore` adds the writing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from audiolime_ext.audit.store.database import FORM
from audiolime_ext.audit.store.packing import unpacked, unpacked_pairs, values
from audiolime_ext.audit.store.records import (
    Entry,
    Identity,
    Measurement,
    Reading,
    Recording,
    Vectors,
    entry_of,
    reading_of,
    recording_of,
)
from audiolime_ext.collection.engine.failures import LISTED, failure_of
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.files.plain import held

Opened = TypeVar("Opened", bound="StoreReader")

_MEASURES = "SELECT name FROM names WHERE id IN (SELECT DISTINCT measure FROM measurements) ORDER BY name"
_MEASURED = """
SELECT r.task, x.of, x.numbers FROM measurements x JOIN recordings r ON r.id = x.recording
WHERE x.measure = (SELECT id FROM names WHERE name = ?) ORDER BY r.name, r.task
"""
_OF_ONE = """
SELECT m.name, x.of, x.numbers FROM measurements x JOIN names m ON m.id = x.measure
WHERE x.rowid BETWEEN ? AND ? ORDER BY m.name
"""
_SPANS = "SELECT recording, MIN(rowid), MAX(rowid) FROM measurements GROUP BY recording"


class StoreReader:
    """An open store, as it is read; how it is opened is told in `AuditStore`."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: Any, identity: Identity, n_forgotten: int = 0
    ) -> None:
        self.path, self.identity, self.n_forgotten = path, identity, n_forgotten  # failures of an earlier form
        self._connection, self._lock, self._process = connection, lock, os.getpid()
        self._names: dict[str, int] = {}
        self._by_number: dict[int, str] = {}

    @FORM.reads
    def missing(self, tasks: Iterable[Task], *, max_tries: int = 1) -> list[Task]:
        """The tasks that are still to do, each once, in their order; one that failed `max_tries` times is not."""
        done = {key for (key,) in self._connection.execute("SELECT task FROM recordings")}
        done |= {key for (key,) in self._connection.execute("SELECT task FROM failures WHERE tries >= ?", (max_tries,))}
        return [task for key, task in {task.key: task for task in tasks}.items() if key not in done]

    @FORM.reads
    def recordings(self) -> list[Recording]:
        """The recordings that were measured, by name."""
        rows = self._connection.execute("SELECT task, name, facts FROM recordings ORDER BY name, task")
        return [recording_of(*row) for row in rows]

    @FORM.reads
    def failures(self) -> list[Failure]:
        """The recordings that could not be measured, by name."""
        return [failure_of(*row) for row in self._connection.execute(LISTED)]

    def measurements(self, measure: str | None = None) -> Iterator[tuple[str, Measurement]]:
        """Pairs (task's key, measurement) of one measure or all, sorted by measure, recording, component and donor.

        Each measure is read as a whole: a reader that pauses does not keep the writer waiting.
        """
        names = [name for (name,) in self._rows(_MEASURES)] if measure is None else [measure]
        for name in names:
            for task, of, numbers in self._rows(_MEASURED, (name,)):
                yield from ((task, measurement) for measurement in self._unpacked((name, of, numbers)))

    def one_by_one(self, keys: Iterable[str] | None = None) -> Iterator[tuple[Recording, list[Measurement]]]:
        """Recordings with all their measurements, one in memory at a time: all of them by name, or those of `keys`."""
        spans = {recording: (first, last) for recording, first, last in self._rows(_SPANS)}
        rows = self._rows("SELECT task, id, name, facts FROM recordings ORDER BY name, task")
        by_key = {row[0]: row for row in rows}
        for task, recording, name, facts in rows if keys is None else (by_key[key] for key in keys if key in by_key):
            span = spans.get(recording, (0, 0))  # what came in one transaction lies together
            found = self._rows(_OF_ONE, span)
            with FORM.legibly(self.path):
                kept = recording_of(task, name, facts)
            yield kept, [row for block in found for row in self._unpacked(block)]

    @FORM.reads
    def vectors(self, measure: str) -> Vectors:
        """All of one measure at once, in the order of `measurements`; fast for thousands of recordings."""
        rows = self._connection.execute(_MEASURED, (measure,)).fetchall()
        if not rows:
            return Vectors([], [], [], np.zeros((0, 1), np.float32))
        of = [unpacked_pairs(pairs) for _, pairs, _ in rows]
        n_labels = len(self.identity.labels)
        blocks = [unpacked(numbers, len(pairs), n_labels) for (*_, numbers), pairs in zip(rows, of, strict=True)]
        tasks = [task for (task, *_), pairs in zip(rows, of, strict=True) for _ in pairs]
        components, donors = zip(*(self._named(pair) for pair in np.concatenate(of).tolist()), strict=True)
        return Vectors(tasks, components, donors, np.concatenate(blocks))

    @FORM.reads
    def entries(self) -> list[Entry]:
        """The manifest's recordings, in its order."""
        rows = self._connection.execute("SELECT entry FROM manifest ORDER BY line")
        return [entry_of(text) for (text,) in rows]

    @FORM.reads
    def reading(self) -> Reading:
        """How results are read."""
        found = self._connection.execute("SELECT content FROM reading").fetchone()
        return Reading() if found is None else reading_of(found[0], len(self.identity.labels))

    def close(self) -> None:
        """Close the file and release its lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @FORM.reads
    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    @FORM.reads
    def _unpacked(self, block: tuple[str, bytes, bytes]) -> list[Measurement]:
        """The measurements of one measure and recording."""
        measure, of, numbers = block
        pairs = [self._named(pair) for pair in unpacked_pairs(of).tolist()]
        rows = zip(pairs, unpacked(numbers, len(pairs), len(self.identity.labels)), strict=True)
        return [Measurement(measure, component, values(row), donor) for (component, donor), row in rows]

    def _named(self, pair: Sequence[int]) -> tuple[str, str | None]:
        """A component and a donor by the numbers of their names."""
        if any(number and number not in self._by_number for number in pair):
            found = dict(self._connection.execute("SELECT id, name FROM names"))
            self._by_number = held(found, dict[int, str], "its table names")
        return self._by_number[pair[0]], self._by_number[pair[1]] if pair[1] else None
