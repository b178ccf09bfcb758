"""The SQLite file of an audit's store: its tables and transactions, the audit's identity, the errors for other files.

SQLite's rollback journal is synced before every commit. The write-ahead log is off: it needs shared memory, which
network file systems lack, and a second file.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from audiolime_ext.audit.store import seals
from audiolime_ext.audit.store.records import Identity
from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held

if TYPE_CHECKING:
    from filelock import BaseFileLock

Args = ParamSpec("Args")
Found = TypeVar("Found")

APPLICATION_ID = 0x61756474  # "audt"
FORM = 1  # of the file, in its user_version; 0: without seals
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
_FORMERLY = {"tagger": "model", "tagger_fingerprint": "model_fingerprint"}  # names of version 0.1
SCHEMA = """
CREATE TABLE identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE recordings (id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, name TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE measurements (
    recording INTEGER NOT NULL, measure INTEGER NOT NULL,
    of BLOB NOT NULL,  -- int32, zlib: the component and the donor of each row, 0 where there is no donor
    numbers BLOB NOT NULL  -- see audiolime_ext.audit.store.packing
);
CREATE TABLE manifest (line INTEGER PRIMARY KEY, entry TEXT NOT NULL);
CREATE TABLE reading (content TEXT NOT NULL);
CREATE TABLE failures (task TEXT PRIMARY KEY, name TEXT NOT NULL, reason TEXT NOT NULL, tries INTEGER NOT NULL)
    WITHOUT ROWID;
"""


def lock(path: Path) -> BaseFileLock:
    """Take the lock beside a store; it is held until it is released or the process dies.

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
        raise UsageError(
            f"another audit is writing to {legible(path)}; wait until it ends, or name another store for this one"
        ) from error
    except OSError as error:
        raise OutputError(
            f"cannot write {legible(path)}: {error.strerror or error}; name a store in a folder that can be written to"
        ) from error
    return held


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file; `mode` is as in SQLite's URIs: ``"rw"``, or ``"rwc"`` to create it where there is none."""
    with legible_database(path):
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
def transaction(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
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
            raise _damaged(path, error) from error
        raise OutputError(
            f"cannot write {legible(path)}: {error}; nothing was left half-written. Free some space, or make the file "
            "writable, and try again"
        ) from error


def create(path: Path, connection: sqlite3.Connection, identity: Identity) -> None:
    """Create the tables of a store in an empty file; leave any other file alone."""
    with legible_database(path), transaction(path, connection):
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for statement in filter(str.strip, SCHEMA.split(";\n")):
                connection.execute(statement)
            connection.executemany("INSERT INTO identity VALUES (?, ?)", identity.plain().items())


def copy(path: Path, file: Path) -> None:
    """Copy a store into an empty file; what a killed writer left undone is rolled back first."""
    with legible_database(path), closing(connect(path, "rw")) as connection, closing(sqlite3.connect(file)) as other:
        connection.backup(other)


def seal(path: Path, connection: sqlite3.Connection, *, forget: bool) -> int:
    """Let the sums of `seals` follow what is written; a store of an earlier form gets its sums now.

    Its failures are forgotten, if wanted, so that they are tried again: an earlier version blamed some recordings for
    faults of their donors. Returns how many were.
    """
    with legible_database(path), transaction(path, connection):
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        n_forgotten = connection.execute("DELETE FROM failures").rowcount if forget and form < FORM else 0
        seals.keep(connection)
        connection.execute(f"PRAGMA user_version = {FORM}")
        return n_forgotten


def identity(path: Path, connection: sqlite3.Connection) -> Identity:
    """The identity of the audit whose results are in a store.

    Raises
    ------
    MissingError
        If nothing is in it yet.
    UsageError
        If it is not a store, or one of a newer version.
    CorruptError
        If it is damaged.
    """
    with legible_database(path):
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            raise MissingError(
                f"{legible(path)} holds no audit yet; the audit that began it was stopped at once, so run it again"
            )
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise sqlite3.DatabaseError("another program's database")
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form > FORM:
            raise UsageError(
                f"{legible(path)} was written by a newer version of audiolime_ext (form {form}; this one reads up to "
                f"{FORM}); update audiolime_ext, or name another store"
            )
        rows = connection.execute("SELECT name, value FROM identity")
        plain = {_FORMERLY.get(name, name): from_json(value) for name, value in rows}
        return held(plain, Identity, "its table identity")


def require_whole(path: Path, connection: sqlite3.Connection) -> None:
    """Raise `CorruptError` unless a store's structure is sound and its rows are those that were written."""
    with legible_database(path):
        connection.execute("BEGIN")
        try:
            for (complaint,) in connection.execute("PRAGMA integrity_check(1)"):
                if complaint != "ok":
                    raise ValueError(complaint)
            (form,) = connection.execute("PRAGMA user_version").fetchone()
            if form or seals.sealed(connection):
                seals.require(connection)
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")


@contextmanager
def legible_database(path: Path) -> Iterator[None]:
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
            raise _damaged(path, error) from error
        raise UsageError(f"{legible(path)} is not an audit store ({error}); name another file, or a new one") from error
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, zlib.error) as error:
        raise _damaged(path, error) from error


def legible_reading(method: Callable[Concatenate[Any, Args], Found]) -> Callable[Concatenate[Any, Args], Found]:
    """Let a method of an open store that reads raise the errors of `legible_database`."""

    @wraps(method)
    def reading(self: Any, /, *args: Args.args, **options: Args.kwargs) -> Found:
        with legible_database(self.path):
            return method(self, *args, **options)

    return reading


def _no_access(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that cannot be used, not its content."""
    return any(words in str(error) for words in _NO_ACCESS)


def _damaged(path: Path, error: Exception) -> CorruptError:
    return CorruptError(f"{legible(path)} is damaged ({error}); use a backup of it, or audit into a new store")


def compare(path: Path, found: Identity, wanted: Identity) -> None:
    """Raise `UsageError` if a store belongs to another audit; it says what differs and what to do."""
    theirs, ours = found.plain(), wanted.plain()
    differing = [name for name in ours if theirs[name] != ours[name]]
    if differing:
        told = "; ".join(f"{name.replace('_', ' ')} {theirs[name]}, now {ours[name]}" for name in differing)
        raise UsageError(
            f"{legible(path)} holds the results of another audit: {told}. Name a new store for this audit, or run it "
            "with what the store was made with"
        )
