"""The SQLite file of an audit's store: its tables and transactions, the audit's identity, the errors for other files.

SQLite's rollback journal is synced before every commit. The write-ahead log is off: it needs shared memory, which
network file systems lack, and a second file.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from audiolime_ext.audit.store.records import Identity
from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.files import legible

if TYPE_CHECKING:
    from filelock import BaseFileLock

Kept = TypeVar("Kept")

APPLICATION_ID = 0x61756474  # "audt"
PAGE_BYTES = 512  # blocks have a few kB each, and the last page of each is half empty
BUSY_S = 30.0  # how long a reader waits for a commit
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
    except sqlite3.OperationalError as error:
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


def identity(path: Path, connection: sqlite3.Connection) -> Identity:
    """The identity of the audit whose results are in a store.

    Raises
    ------
    MissingError
        If nothing is in it yet.
    UsageError
        If it is not a store.
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
        rows = connection.execute("SELECT name, value FROM identity")
        return as_kept({_FORMERLY.get(name, name): json.loads(value) for name, value in rows}, Identity)


@contextmanager
def legible_database(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, and values that cannot be read, into `audiolime_ext.errors`."""
    try:
        yield
    except AudiolimeError:
        raise
    except sqlite3.OperationalError as error:
        raise OutputError(f"cannot use {legible(path)}: {error}; name a file that can be read and written") from error
    except sqlite3.DatabaseError as error:
        raise UsageError(f"{legible(path)} is not an audit store ({error}); name another file, or a new one") from error
    except (AttributeError, LookupError, TypeError, ValueError, zlib.error) as error:
        raise CorruptError(
            f"{legible(path)} is damaged ({error}); use a backup of it, or audit into a new store"
        ) from error


def as_kept(content: object, kind: type[Kept]) -> Kept:
    """Make one of `audiolime_ext.audit.store.records` from plain values; `ValueError` where they do not fit."""
    import msgspec

    return msgspec.convert(content, kind)


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
