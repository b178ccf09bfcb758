"""The SQLite file of an audit's store: its tables, and the audit's identity."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from audiolime_ext.audit.store.records import Identity
from audiolime_ext.collection.engine.failures import FAILURES
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.database import Form, is_empty
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import differences, from_json, held

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
"""
FORM = Form(
    what="an audit store",
    application_id=0x61756474,  # "audt"
    version=1,  # 0: without sums
    schema=SCHEMA + FAILURES,
    sealed={
        "identity": ("name", "value"),
        "names": ("id", "name"),
        "recordings": ("id", "task", "name", "facts"),
        "measurements": ("recording", "measure", "of", "numbers"),
        "manifest": ("line", "entry"),
        "reading": ("content",),
        "failures": ("task", "name", "reason", "tries"),
    },
    busy="another audit is writing to {path}; wait until it ends, or name another store for this one",
    instead="use a backup of it, or audit into a new store",
    place="store",
)


def create(path: Path, connection: sqlite3.Connection, identity: Identity) -> None:
    """Create the tables of a store in an empty file; leave any other file alone."""
    insert = "INSERT INTO identity VALUES (?, ?)"
    FORM.create(path, connection, lambda: connection.executemany(insert, identity.plain().items()))


def seal(path: Path, connection: sqlite3.Connection, *, forget: bool) -> int:
    """Let the sums of `seals` follow what is written; a store of an earlier form gets its sums now.

    Its failures are forgotten, if wanted, so that they are tried again: an earlier version blamed some recordings for
    faults of their donors. Returns how many were.
    """
    with FORM.legibly(path), FORM.transaction(path, connection):
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        older = forget and form < FORM.version
        n_forgotten = connection.execute("DELETE FROM failures").rowcount if older else 0
        FORM.seal(connection)
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
    with FORM.legibly(path):
        if is_empty(connection):
            raise MissingError(
                f"{legible(path)} holds no audit yet; the audit that began it was stopped at once, so run it again"
            )
        FORM.require_known(path, connection)
        rows = connection.execute("SELECT name, value FROM identity")
        plain = {_FORMERLY.get(name, name): from_json(value) for name, value in rows}
        return held(plain, Identity, "its table identity")


def compare(path: Path, found: Identity, wanted: Identity) -> None:
    """Raise `UsageError` if a store belongs to another audit; it says what differs and what to do."""
    if differing := differences(found.plain(), wanted.plain()):
        told = "; ".join(differing)
        raise UsageError(
            f"{legible(path)} holds the results of another audit: {told}. Name a new store for this audit, or give "
            "this one another name first, or run it with what the store was made with"
        )
