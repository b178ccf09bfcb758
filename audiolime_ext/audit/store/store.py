"""Where an audit's results are kept: one SQLite file that only the driver writes, one recording at a time.

A store belongs to one *identity*: model and factorization with their fingerprints, the labels, the settings and the
version of the audit. Within it a *task* is the content of a recording (the SHA-256 of its bytes), the excerpt, and
anything else that its results follow from. Invariants:

- *All or nothing*: a recording arrives by one transaction, with all its measurements. SIGKILL or a power cut at any
  moment leaves what was committed and nothing else (see `audiolime_ext.files.database`).
- *Once*: what is done is not written again, in whatever order and however often it is offered.
- *One writer*: a lock beside the file is held while it is open; the system releases it when the process dies.
  Workers must be spawned, not forked: a forked one would hold the lock, too, and it may not write.
- *Same table*: what is read comes in the order of names and keys, whichever was finished first.

Measurements are vectors, one number for each label (or one for all), kept as float32; None where undetermined.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.audit.store import database
from audiolime_ext.audit.store.database import FORM
from audiolime_ext.audit.store.packing import packed, packed_pairs
from audiolime_ext.audit.store.reader import StoreReader
from audiolime_ext.audit.store.records import (
    AUDIT_VERSION,
    Entry,
    Identity,
    Measurement,
    Reading,
)
from audiolime_ext.collection.engine.failures import ADOPT, FAIL
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.files.plain import to_json
from audiolime_ext.files.reading import what_is


class AuditStore(StoreReader):
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
        lock = FORM.lock(Path(path))
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
        connection = FORM.connect(file or path, "rwc")
        try:
            database.create(path, connection, identity)
            database.compare(path, database.identity(path, connection), identity)
            FORM.require_whole(path, connection)
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
        if (kind := what_is(path)) is not None:
            raise UsageError(f"{legible(path)} is {kind}, and no audit's store; name the file that an audit wrote")
        if not path.is_file():
            raise MissingError(f"there is no audit at {legible(path)}; name the store that an audit wrote, or run one")
        connection = FORM.connect(path, "rw")  # not "ro": the next to open it rolls back what a killed writer began
        try:
            connection.execute("PRAGMA query_only = ON")
            identity = database.identity(path, connection)
            if identity.version != AUDIT_VERSION:
                database.compare(path, identity, Identity(**{**vars(identity), "version": AUDIT_VERSION}))
            if whole:
                FORM.require_whole(path, connection)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, None, identity)

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
            connection.execute(FAIL.format(measured="recordings"), (task.key, utf8(name), utf8(reason), task.key))

    def adopt(self, failure: Failure) -> None:
        """Keep a failure of another store, unless the recording was measured, or has failed as often here."""
        with self._transaction() as connection:
            connection.execute(ADOPT.format(measured="recordings"), (*vars(failure).values(), failure.task))

    def describe(self, entries: Sequence[Entry], reading: Reading) -> None:
        """Keep the manifest and how results are read, in place of what was there."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM manifest")
            rows = [(line, to_json(vars(entry))) for line, entry in enumerate(entries)]
            connection.executemany("INSERT INTO manifest VALUES (?, ?)", rows)
            connection.execute("DELETE FROM reading")
            connection.execute("INSERT INTO reading VALUES (?)", (to_json(vars(reading)),))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None or os.getpid() != self._process:
            raise UsageError("only the process that opened a store for writing may write to it; hand it the results")
        try:
            with FORM.transaction(self.path, self._connection):
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
