"""Where an audit's results are kept: one SQLite file that only the driver writes, one recording at a time.

A store belongs to one *identity*: model and factorization with their fingerprints, the labels, the settings and the
version of the audit. Within it a *task* is the content of a recording (the SHA-256 of its bytes), the excerpt, and
anything else that its results follow from. Invariants:

- *All or nothing*: a recording arrives by one transaction, with all its measurements. SIGKILL or a power cut at any
  moment leaves what was committed and nothing else (see `audiolime_ext.audit.store.database`).
- *Once*: what is done is not written again, in whatever order and however often it is offered.
- *One writer*: a lock beside the file is held while it is open; the system releases it when the process dies.
  Workers must be spawned, not forked: a forked one would hold the lock, too, and it may not write.
- *Same table*: what is read comes in the order of names and keys, whichever was finished first.

Measurements are vectors, one number for each label (or one for all), kept as float32; None where undetermined.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from audiolime_ext.audit.store import database
from audiolime_ext.audit.store.packing import packed, packed_pairs, unpacked, unpacked_pairs, values
from audiolime_ext.audit.store.records import (
    AUDIT_VERSION,
    Entry,
    Failure,
    Identity,
    Measurement,
    Reading,
    Recording,
    Task,
    Vectors,
    entry_of,
    failure_of,
    reading_of,
    recording_of,
)
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files import legible, to_json, utf8
from audiolime_ext.plain import held
from audiolime_ext.writing.fresh import make_folder
from audiolime_ext.writing.places import require_writable_file

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


class AuditStore:
    """An open store; `create_or_resume` opens one to write, `read` one to read.

    Examples
    --------
    >>> import tempfile
    >>> identity = Identity("mine:tag", "f1", "hpss", "2", ("guitar", "piano"))
    >>> task = Task("9f2c")
    >>> folder = tempfile.TemporaryDirectory()
    >>> with AuditStore.create_or_resume(Path(folder.name, "audit.sqlite"), identity) as store:
    ...     _ = store.put(task, "a.wav", [Measurement("necessity", "drums", (1.5, None))], {"sr": 44100})
    >>> with AuditStore.read(Path(folder.name, "audit.sqlite")) as store:
    ...     store.missing([task, Task("77aa")]), [found for _, found in store.measurements("necessity")]
    ([Task(sha256='77aa', ...)], [Measurement(measure='necessity', component='drums', values=(1.5, None), donor=None)])
    >>> folder.cleanup()
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: Any, identity: Identity, n_forgotten: int = 0
    ) -> None:
        self.path, self.identity, self.n_forgotten = path, identity, n_forgotten  # failures of an earlier form
        self._connection, self._lock, self._process = connection, lock, os.getpid()
        self._names: dict[str, int] = {}
        self._by_number: dict[int, str] = {}

    @classmethod
    def create_or_resume(cls, path: str | Path, identity: Identity) -> AuditStore:
        """Open a store to write; one that exists must have this identity.

        Raises
        ------
        UsageError
            If it has another identity, is not a store, or is being written by another process.
        CorruptError
            If it is damaged.
        OutputError
            If it cannot be written.
        """
        make_folder(Path(path).parent)
        lock = database.lock(Path(path))
        try:
            return cls.opened(Path(path), identity, lock)
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def require_place(path: Path) -> None:
        """Raise `OutputError` if it is clear before any work that no store can be written at `path`."""
        require_writable_file(path, in_new_folder=True)
        require_writable_file(path.with_name(f"{path.name}-journal"), in_new_folder=True)  # SQLite's

    @classmethod
    def opened(cls, path: Path, identity: Identity, lock: Any, *, file: Path | None = None) -> AuditStore:
        """Open a store to write whose lock is held; `file` is where it is for the time being."""
        connection = database.connect(file or path, "rwc")
        try:
            database.create(path, connection, identity)
            database.compare(path, database.identity(path, connection), identity)
            database.require_whole(path, connection)
            n_forgotten = database.seal(path, connection, forget=file is None)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, lock, identity, n_forgotten)

    @classmethod
    def read(cls, path: str | Path, *, whole: bool = True) -> AuditStore:
        """Open a store to read, even while an audit writes to it.

        Parameters
        ----------
        path : str or Path
            File of the store.
        whole : bool
            True to read all of it once, to see that it is what was written; False where that was seen just before.

        Raises
        ------
        MissingError
            If there is none.
        UsageError
            If it is not a store, or was written by another version.
        CorruptError
            If it is damaged.
        """
        path = Path(path)
        if not path.is_file():
            raise MissingError(f"there is no audit at {legible(path)}; name the store that an audit wrote, or run one")
        connection = database.connect(path, "rw")  # not "ro": the next to open it rolls back what a killed writer began
        try:
            connection.execute("PRAGMA query_only = ON")
            identity = database.identity(path, connection)
            if identity.version != AUDIT_VERSION:
                database.compare(path, identity, Identity(**{**vars(identity), "version": AUDIT_VERSION}))
            if whole:
                database.require_whole(path, connection)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, None, identity)

    @database.legible_reading
    def missing(self, tasks: Iterable[Task], *, max_tries: int = 1) -> list[Task]:
        """The tasks that are still to do, each once, in their order; one that failed `max_tries` times is not."""
        done = {key for (key,) in self._connection.execute("SELECT task FROM recordings")}
        done |= {key for (key,) in self._connection.execute("SELECT task FROM failures WHERE tries >= ?", (max_tries,))}
        return [task for key, task in {task.key: task for task in tasks}.items() if key not in done]

    def put(
        self, task: Task, name: str, measurements: Sequence[Measurement], facts: Mapping[str, Any] | None = None
    ) -> bool:
        """Keep everything about one recording, in one transaction; False if it was there already: the first stays.

        Parameters
        ----------
        task : Task
            Task that was measured.
        name : str
            Name of the recording, for people.
        measurements : sequence of Measurement
            Measurements of the recording, all of them.
        facts : mapping of str to plain values, or None
            Small facts that follow from the task. Classes and songs do not belong here: they are read from the
            manifest, which may change without anything being measured again.

        Raises
        ------
        ValueError
            If measurements are not finite, have a wrong length, or come twice.
        OutputError
            If they cannot be written; then nothing of the recording is kept.
        """
        blocks: dict[str, list[Measurement]] = {}
        for m in sorted(measurements, key=lambda m: (m.measure, m.component, m.donor or "")):
            blocks.setdefault(m.measure, []).append(m)
        numbers = {name: packed([m.values for m in rows], len(self.identity.labels)) for name, rows in blocks.items()}
        if len({(m.measure, m.component, m.donor) for m in measurements}) < len(measurements):
            raise ValueError(f"{name}: two measurements of the same measure, component and donor")
        text = to_json(dict(facts or {}))
        with self._transaction() as connection:
            if connection.execute("SELECT 1 FROM recordings WHERE task = ?", (task.key,)).fetchone():
                return False
            connection.execute("DELETE FROM failures WHERE task = ?", (task.key,))
            insert = "INSERT INTO recordings (task, name, facts) VALUES (?, ?, ?)"
            recording = connection.execute(insert, (task.key, utf8(name), text)).lastrowid
            for measure, rows in blocks.items():
                row = recording, self._name(measure), self._of(rows), numbers[measure]
                connection.execute("INSERT INTO measurements VALUES (?, ?, ?, ?)", row)
        return True

    def fail(self, task: Task, name: str, reason: str) -> None:
        """Keep that a recording could not be measured, and count the attempts; a later `put` replaces it."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO failures SELECT ?, ?, ?, 1 WHERE NOT EXISTS (SELECT 1 FROM recordings WHERE task = ?) "
                "ON CONFLICT (task) DO UPDATE SET reason = excluded.reason, tries = tries + 1",
                (task.key, utf8(name), utf8(reason), task.key),
            )

    def adopt(self, failure: Failure) -> None:
        """Keep a failure of another store, unless the recording was measured, or has failed as often here."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO failures SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM recordings WHERE task = ?) "
                "ON CONFLICT (task) DO UPDATE SET reason = excluded.reason, tries = excluded.tries "
                "WHERE excluded.tries > tries",
                (failure.task, failure.name, failure.reason, failure.tries, failure.task),
            )

    @database.legible_reading
    def recordings(self) -> list[Recording]:
        """The recordings that were measured, by name."""
        rows = self._connection.execute("SELECT task, name, facts FROM recordings ORDER BY name, task")
        return [recording_of(*row) for row in rows]

    @database.legible_reading
    def failures(self) -> list[Failure]:
        """The recordings that could not be measured, by name."""
        rows = self._connection.execute("SELECT task, name, reason, tries FROM failures ORDER BY name, task")
        return [failure_of(*row) for row in rows]

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
            with database.legible_database(self.path):
                kept = recording_of(task, name, facts)
            yield kept, [row for block in found for row in self._unpacked(block)]

    @database.legible_reading
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

    def describe(self, entries: Sequence[Entry], reading: Reading) -> None:
        """Keep the manifest and how results are read, in place of what was there."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM manifest")
            rows = [(line, to_json(vars(entry))) for line, entry in enumerate(entries)]
            connection.executemany("INSERT INTO manifest VALUES (?, ?)", rows)
            connection.execute("DELETE FROM reading")
            connection.execute("INSERT INTO reading VALUES (?)", (to_json(vars(reading)),))

    @database.legible_reading
    def entries(self) -> list[Entry]:
        """The manifest's recordings, in its order."""
        rows = self._connection.execute("SELECT entry FROM manifest ORDER BY line")
        return [entry_of(text) for (text,) in rows]

    @database.legible_reading
    def reading(self) -> Reading:
        """How results are read."""
        found = self._connection.execute("SELECT content FROM reading").fetchone()
        return Reading() if found is None else reading_of(found[0], len(self.identity.labels))

    def close(self) -> None:
        """Close the file and release its lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> AuditStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None or os.getpid() != self._process:
            raise UsageError("only the process that opened a store for writing may write to it; hand it the results")
        try:
            with database.transaction(self.path, self._connection):
                yield self._connection
        except BaseException:
            self._names.clear()  # they may hold numbers of names that were rolled back
            raise

    def _name(self, name: str) -> int:
        if name not in self._names:
            self._connection.execute("INSERT OR IGNORE INTO names (name) VALUES (?)", (name,))
            (found,) = self._connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
            self._names[name] = int(found)
        return self._names[name]

    def _of(self, rows: Sequence[Measurement]) -> bytes:
        """The components and donors of rows, by the numbers of their names."""
        return packed_pairs(
            [(self._name(row.component), 0 if row.donor is None else self._name(row.donor)) for row in rows]
        )

    @database.legible_reading
    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    @database.legible_reading
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
