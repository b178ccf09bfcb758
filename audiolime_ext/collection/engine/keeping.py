"""Results of songs in one SQLite file of one identity: what an index and a store of concepts have in common.

- *All or nothing*: a song arrives by one transaction.
- *Once*: what is done is not measured again.
- *One writer*, who holds a lock beside the file; readers may come meanwhile.

Whoever keeps results so has a `audiolime_ext.files.database.Form` with the tables ``identity`` (name, value), ``songs``
(id, task, name, facts) and ``failures``, and an identity that is a frozen dataclass with ``plain()``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar

from audiolime_ext.collection.engine.failures import FAIL, LISTED, failure_of
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.database import Form, is_empty
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import utf8
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.files.plain import differences, from_json, held, to_json

Kept = TypeVar("Kept", bound="SongStore[Any]")
Known = TypeVar("Known")


class SongStore(Generic[Known]):
    """An open file of results; a kind of file is a subclass that says its form, and what its identity is.

    Parameters
    ----------
    path : Path
        File.
    connection : sqlite3.Connection
        Connection to it.
    lock : filelock.BaseFileLock or None
        Lock of the one who writes; None: it is read.
    identity : dataclass
        Identity of the file.
    """

    form: ClassVar[Form]
    identity_type: ClassVar[type]
    empty: ClassVar[str]  # sentence for a file that has no tables yet; {path} stands for the file
    other: ClassVar[str]  # sentence for one of another identity; {path} for the file, {told} for what differs

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: Any, identity: Known) -> None:
        self.path, self.identity = path, identity
        self._connection, self._lock, self._process = connection, lock, os.getpid()

    @classmethod
    def _to_write(cls: type[Kept], path: Path, identity: Any) -> Kept:
        """Open a file to write; errors as `create_or_resume` of the kinds has them."""
        make_folder(path.parent)
        lock = cls.form.lock(path)
        try:
            connection = cls.form.connect(path, "rwc")
            try:
                insert = "INSERT INTO identity VALUES (?, ?)"
                cls.form.create(path, connection, lambda: connection.executemany(insert, identity.plain().items()))
                cls.require_same(path, cls._identity(path, connection), identity)
                cls.form.require_whole(path, connection)
                with cls.form.legibly(path), cls.form.transaction(path, connection):
                    cls.form.seal(connection)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.release()
            raise
        return cls(path, connection, lock, identity)

    @classmethod
    def _to_read(cls: type[Kept], path: Path, tables: Iterable[str] | None = None) -> Kept:
        """Open a file to read, of which these tables, or all of it, are what was written."""
        connection = cls.form.connect(path, "rw")  # not "ro": the next to open it rolls back what a killed writer began
        try:
            connection.execute("PRAGMA query_only = ON")
            identity = cls._identity(path, connection)
            if tables is None:
                cls.form.require_whole(path, connection)
            else:
                cls.form.require_sums(path, connection, tables)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, None, identity)

    @classmethod
    def _require_place(cls, path: Path) -> None:
        """Raise `OutputError` or `UsageError` if it is clear before any work that `path` cannot be written."""
        for file in (path, path.with_name(f"{path.name}-journal")):  # SQLite's
            require_writable_file(file, in_new_folder=True)
        if path.exists():
            cls.form.lock(path).release()

    @classmethod
    def require_same(cls, path: Path, found: Any, wanted: Any) -> None:
        """Raise `UsageError` if two identities are not the same; it says what differs and what to do."""
        if differing := differences(found.plain(), wanted.plain()):
            raise UsageError(cls.other.format(path=cls.called(path), told="; ".join(differing)))

    @classmethod
    def called(cls, path: Path) -> str:
        """What a person calls the file at `path`."""
        raise NotImplementedError

    @classmethod
    def _identity(cls, path: Path, connection: sqlite3.Connection) -> Any:
        with cls.form.legibly(path):
            if is_empty(connection):
                raise MissingError(cls.empty.format(path=cls.called(path)))
            cls.form.require_known(path, connection)
            rows = connection.execute("SELECT name, value FROM identity")
            return held({name: from_json(value) for name, value in rows}, cls.identity_type, "its table identity")

    def missing(self, tasks: Iterable[Task], *, max_tries: int = 1) -> list[Task]:
        """The tasks that are still to do, each once; one that failed `max_tries` times is not."""
        with self.form.legibly(self.path):
            done = {key for (key,) in self._connection.execute("SELECT task FROM songs")}
            failed = self._connection.execute("SELECT task FROM failures WHERE tries >= ?", (max_tries,))
            done |= {key for (key,) in failed}
        return [task for key, task in {task.key: task for task in tasks}.items() if key not in done]

    def failures(self) -> list[Failure]:
        """The songs that could not be measured, by name."""
        with self.form.legibly(self.path):
            return [failure_of(*row) for row in self._connection.execute(LISTED)]

    def fail(self, task: Task, name: str, reason: str) -> None:
        """Keep that a song could not be measured, and count the attempts; a later `put` replaces it."""
        with self._transaction():
            self._connection.execute(FAIL.format(measured="songs"), (task.key, utf8(name), utf8(reason), task.key))

    def _song(self, task: Task, name: str, facts: Any) -> int | None:
        """The new row of a song, within a transaction; None: it is there already, and the first stays."""
        execute = self._connection.execute
        if execute("SELECT 1 FROM songs WHERE task = ?", (task.key,)).fetchone():
            return None
        execute("DELETE FROM failures WHERE task = ?", (task.key,))
        insert = "INSERT INTO songs (task, name, facts) VALUES (?, ?, ?)"
        return execute(insert, (task.key, utf8(name), to_json(facts))).lastrowid

    def _list(self, table: str, rows: Iterable[Any]) -> None:
        """Put dataclasses into a table (line, …) in place of what was there, within a transaction."""
        self._connection.execute(f"DELETE FROM {table}")
        lines = [(line, to_json(vars(row))) for line, row in enumerate(rows)]
        self._connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", lines)

    def _transaction(self) -> AbstractContextManager[None]:
        if self._lock is None or os.getpid() != self._process:
            raise UsageError(
                f"only the process that opened {self.form.what} for writing may write to it; hand it the results"
            )
        return self.form.transaction(self.path, self._connection)

    def __enter__(self: Kept) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.release()
