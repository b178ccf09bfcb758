"""SQLite files of ours: one kind for the stores of audits, one for the catalogues of indexes.

Each kind is a `Form`. Its tables carry sums, by which a row that was changed or lost is noticed (see
`audiolime_ext.files.seals`). SQLite's rollback journal is synced before every commit: what was committed survives
SIGKILL and a power cut. The write-ahead log is off: it needs shared memory, which network file systems lack.

One process writes, and holds a lock beside the file meanwhile; the system releases it when the process dies.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from audiolime_ext.errors import AudiolimeError, CorruptError, OutputError, UsageError
from audiolime_ext.files import seals
from audiolime_ext.files.names import legible

if TYPE_CHECKING:
    from filelock import BaseFileLock

Args = ParamSpec("Args")
Found = TypeVar("Found")

PAGE_BYTES = 512  # blocks have a few kB each, and the last page of each is half empty
BUSY_S = 30.0  # how long a reader waits for a commit
_NOT_OURS = ("file is not a database", "another program's")  # SQLite's words, and ours
_NO_ACCESS = (
    "locked",
    "busy",
    "unable to open",
    "readonly",
    "disk I/O",
    "disk is full",
    "interrupted",
    "not authorized",
)


@dataclass(frozen=True)
class Form:
    """A kind of SQLite file.

    Parameters
    ----------
    what : str
        Name of the kind, with its article, such as "an audit store".
    application_id : int
        Number in the file's head by which it is known.
    version : int
        Version of the form, in the file's head; files of a later one are refused.
    schema : str
        Statements that make the tables, each ended by a semicolon and a new line.
    sealed : mapping of str to tuple of str
        Tables that have sums, with their columns.
    busy : str
        Sentence for when another process writes; ``{path}`` stands for the file.
    instead : str
        Advice for a file that is damaged.
    place : str
        Word for such a file in advice, such as "store".
    """

    what: str
    application_id: int
    version: int
    schema: str = field(repr=False)
    sealed: Mapping[str, tuple[str, ...]] = field(repr=False)
    busy: str
    instead: str
    place: str

    def lock(self, path: Path) -> BaseFileLock:
        """Take the lock beside a file; it is held until it is released or the process dies.

        Raises
        ------
        UsageError
            If another process holds it.
        OutputError
            If it cannot be made.
        """
        from filelock import FileLock, Timeout

        held = FileLock(path.with_name(f"{path.name}.lock"))
        try:
            held.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(self.busy.format(path=legible(path))) from error
        except OSError as error:
            raise OutputError(
                f"cannot write {legible(path)}: {error.strerror or error}; name a {self.place} in a folder that can be "
                "written to"
            ) from error
        return held

    def connect(self, path: Path, mode: str) -> sqlite3.Connection:
        """Open a file; `mode` is as in SQLite's URIs: ``"rw"``, or ``"rwc"`` to create it where there is none."""
        with self.legibly(path):
            uri = f"{path.absolute().as_uri()}?mode={mode}"
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
            try:
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file; others keep theirs
                connection.execute("PRAGMA synchronous = FULL")
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def transaction(self, path: Path, connection: sqlite3.Connection) -> Iterator[None]:
        """Commit everything that is executed within, or nothing of it."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            if not _no_access(error):
                raise self._damaged(path, error) from error
            raise OutputError(
                f"cannot write {legible(path)}: {error}; nothing was left half-written. Free some space, or make the "
                "file writable, and try again"
            ) from error

    def create(self, path: Path, connection: sqlite3.Connection, begin: Callable[[], object]) -> None:
        """Create the tables in an empty file, and what `begin` writes with them; leave any other file alone."""
        with self.legibly(path), self.transaction(path, connection):
            if is_empty(connection):
                connection.execute(f"PRAGMA application_id = {self.application_id}")
                for statement in filter(str.strip, self.schema.split(";\n")):
                    connection.execute(statement)
                begin()

    def copy(self, path: Path, file: Path) -> None:
        """Copy a file into an empty one; what a killed writer left undone is rolled back first."""
        with self.legibly(path), closing(self.connect(path, "rw")) as connection, closing(sqlite3.connect(file)) as new:
            connection.backup(new)

    def seal(self, connection: sqlite3.Connection) -> None:
        """Let the sums follow whatever this connection writes; a file of an earlier form gets its sums now."""
        seals.keep(connection, self.sealed)
        connection.execute(f"PRAGMA user_version = {self.version}")

    def require_known(self, path: Path, connection: sqlite3.Connection) -> None:
        """Raise `UsageError` unless a file is of this kind, and not of a later version."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != self.application_id:
            raise sqlite3.DatabaseError("another program's database")
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form > self.version:
            raise UsageError(
                f"{legible(path)} was written by a newer version of audiolime_ext (form {form}; this one reads up to "
                f"{self.version}); update audiolime_ext, or name another {self.place}"
            )

    def require_whole(self, path: Path, connection: sqlite3.Connection) -> None:
        """Raise `CorruptError` unless a file's structure is sound and its rows are those that were written."""
        with self.legibly(path):
            connection.execute("BEGIN")
            try:
                for (complaint,) in connection.execute("PRAGMA integrity_check(1)"):
                    if complaint != "ok":
                        raise ValueError(complaint)
                (form,) = connection.execute("PRAGMA user_version").fetchone()
                if form or seals.sealed(connection):
                    seals.require(connection, self.sealed)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    def require_sums(self, path: Path, connection: sqlite3.Connection, tables: Iterable[str]) -> None:
        """Raise `CorruptError` unless the rows of these tables are those that were written, and have sums."""
        with self.legibly(path):
            seals.require(connection, {table: self.sealed[table] for table in tables})

    @contextmanager
    def legibly(self, path: Path) -> Iterator[None]:
        """Turn SQLite's errors, and values that cannot be read, into `audiolime_ext.errors`."""
        try:
            yield
        except AudiolimeError:
            raise
        except sqlite3.DatabaseError as error:
            if _no_access(error):
                raise OutputError(
                    f"cannot use {legible(path)}: {error}; name a file that can be read and written"
                ) from error
            if not any(words in str(error) for words in _NOT_OURS):
                raise self._damaged(path, error) from error
            raise UsageError(
                f"{legible(path)} is not {self.what} ({error}); name another file, or a new one"
            ) from error
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError, zlib.error) as error:
            raise self._damaged(path, error) from error

    def reads(self, method: Callable[Concatenate[Any, Args], Found]) -> Callable[Concatenate[Any, Args], Found]:
        """Let a method of an open file's reader, which has its `path`, raise the errors of `legibly`."""

        @wraps(method)
        def reading(reader: Any, /, *args: Args.args, **options: Args.kwargs) -> Found:
            with self.legibly(reader.path):
                return method(reader, *args, **options)

        return reading

    def _damaged(self, path: Path, error: Exception) -> CorruptError:
        return CorruptError(f"{legible(path)} is damaged ({error}); {self.instead}")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether a file has no tables yet."""
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _no_access(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that cannot be used, not its content."""
    return any(words in str(error) for words in _NO_ACCESS)
