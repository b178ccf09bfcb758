"""The store of concepts: what was measured of each song, in one SQLite file.

As the catalogue of an index it belongs to one identity, takes a song by one transaction or not at all, holds each once,
and has one writer. Numbers are float32. What follows from them, concepts and their tests, is worked out anew from here
and takes seconds.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.engine.failures import FAIL, FAILURES, LISTED, failure_of
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.concepts.measuring import Measured
from audiolime_ext.concepts.patches import Patch
from audiolime_ext.concepts.records import Entry, Identity
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.database import Form, is_empty
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.files.plain import differences, from_json, held, require, to_json

FORM = Form(
    what="a store of concepts",
    application_id=0x61757863,  # "auxc"
    version=1,
    schema="""
CREATE TABLE identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (line INTEGER PRIMARY KEY, entry TEXT NOT NULL);
CREATE TABLE songs (id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, name TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE numbers (song INTEGER PRIMARY KEY, shapes TEXT NOT NULL, block BLOB NOT NULL);
"""
    + FAILURES,
    sealed={
        "identity": ("name", "value"),
        "entries": ("line", "entry"),
        "songs": ("id", "task", "name", "facts"),
        "numbers": ("song", "shapes", "block"),
        "failures": ("task", "name", "reason", "tries"),
    },
    busy="{path} is being written by another process; wait until it ends, or name another store",
    instead="measure the recordings into a new store",
    place="store",
)
_NUMBERS = ("activations", "removals", "windows", "logits", "gradients")


class ConceptStore:
    """An open store; `create_or_resume` opens one to write, `read` one to read."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: Any, identity: Identity) -> None:
        self.path, self.identity = path, identity
        self._connection, self._lock, self._process = connection, lock, os.getpid()

    @classmethod
    def create_or_resume(cls, path: Path, identity: Identity) -> ConceptStore:
        """Open a store to write; one that exists must have this identity.

        Raises
        ------
        UsageError
            If it has another identity, is no store of concepts, or is being written by another process.
        CorruptError
            If it is damaged.
        OutputError
            If it cannot be written.
        """
        make_folder(path.parent)
        lock = FORM.lock(path)
        try:
            connection = FORM.connect(path, "rwc")
            try:
                insert = "INSERT INTO identity VALUES (?, ?)"
                FORM.create(path, connection, lambda: connection.executemany(insert, identity.plain().items()))
                _require_same(path, _identity(path, connection), identity)
                FORM.require_whole(path, connection)
                with FORM.legibly(path), FORM.transaction(path, connection):
                    FORM.seal(connection)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.release()
            raise
        return cls(path, connection, lock, identity)

    @staticmethod
    def require_place(path: Path) -> None:
        """Raise `OutputError` or `UsageError` if it is clear before any work that no store can be written there."""
        for file in (path, path.with_name(f"{path.name}-journal")):  # SQLite's
            require_writable_file(file, in_new_folder=True)
        if path.exists():
            FORM.lock(path).release()

    @classmethod
    def read(cls, path: Path) -> ConceptStore:
        """Open a store to read, even while another process writes to it.

        Raises
        ------
        MissingError
            If there is none.
        UsageError
            If it is none, or was written by another version.
        CorruptError
            If it is damaged.
        """
        if not path.is_file():
            raise MissingError(
                f"there is no store of concepts at {legible(path)}; name the file that audiolime concepts wrote, or "
                "make one with it"
            )
        connection = FORM.connect(path, "rw")  # not "ro": the next to open it rolls back what a killed writer began
        try:
            connection.execute("PRAGMA query_only = ON")
            identity = _identity(path, connection)
            FORM.require_whole(path, connection)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, None, identity)

    @FORM.reads
    def missing(self, tasks: Iterable[Task], *, max_tries: int = 1) -> list[Task]:
        """The tasks that are still to do, each once; one that failed `max_tries` times is not."""
        done = {key for (key,) in self._connection.execute("SELECT task FROM songs")}
        done |= {key for (key,) in self._connection.execute("SELECT task FROM failures WHERE tries >= ?", (max_tries,))}
        return [task for key, task in {task.key: task for task in tasks}.items() if key not in done]

    @FORM.reads
    def failures(self) -> list[Failure]:
        """The songs that could not be measured, by name."""
        return [failure_of(*row) for row in self._connection.execute(LISTED)]

    @FORM.reads
    def entries(self) -> list[Entry]:
        """The songs of the classes, in the order in which they were given."""
        rows = self._connection.execute("SELECT entry FROM entries ORDER BY line")
        return [held(from_json(text), Entry, "its table entries") for (text,) in rows]

    @FORM.reads
    def measured(self) -> list[tuple[Entry, Measured]]:
        """What is known of the songs of the classes, in their order; those that are not measured are left out."""
        select = "SELECT facts, shapes, block FROM songs JOIN numbers ON id = song WHERE task = ?"
        rows = [(entry, self._connection.execute(select, (entry.key,)).fetchone()) for entry in self.entries()]
        n_labels = len(self.identity.labels)
        return [(entry, _measured(row, n_labels)) for entry, row in rows if row is not None]

    def describe(self, entries: Sequence[Entry]) -> None:
        """Keep which songs there are, in place of those that were there."""
        with self._transaction():
            self._connection.execute("DELETE FROM entries")
            rows = [(line, to_json(vars(entry))) for line, entry in enumerate(entries)]
            self._connection.executemany("INSERT INTO entries VALUES (?, ?)", rows)

    def put(self, task: Task, name: str, found: Measured) -> None:
        """Keep a song, in one transaction; if it is there already, the first stays."""
        execute = self._connection.execute
        given = {part: getattr(found, part) for part in _NUMBERS if getattr(found, part) is not None}
        with self._transaction():
            if execute("SELECT 1 FROM songs WHERE task = ?", (task.key,)).fetchone():
                return
            execute("DELETE FROM failures WHERE task = ?", (task.key,))
            patches = [vars(one) for one in found.patches]
            facts = to_json({"patches": patches, "bounded": found.bounded, "notes": list(found.notes)})
            insert = "INSERT INTO songs (task, name, facts) VALUES (?, ?, ?)"
            song = execute(insert, (task.key, utf8(name), facts)).lastrowid
            block = b"".join(np.asarray(values, "<f4").tobytes() for values in given.values())
            shapes = to_json({part: list(values.shape) for part, values in given.items()})
            execute("INSERT INTO numbers VALUES (?, ?, ?)", (song, shapes, block))

    def fail(self, task: Task, name: str, reason: str) -> None:
        """Keep that a song could not be measured, and count the attempts; a later `put` replaces it."""
        with self._transaction():
            self._connection.execute(FAIL.format(measured="songs"), (task.key, utf8(name), utf8(reason), task.key))

    def _transaction(self) -> Any:
        if self._lock is None or os.getpid() != self._process:
            raise UsageError("only the process that opened a store for writing may write to it; hand it the results")
        return FORM.transaction(self.path, self._connection)

    def __enter__(self) -> ConceptStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.release()


def _identity(path: Path, connection: sqlite3.Connection) -> Identity:
    with FORM.legibly(path):
        if is_empty(connection):
            raise MissingError(f"{legible(path)} holds no concepts yet; run audiolime concepts again")
        FORM.require_known(path, connection)
        rows = connection.execute("SELECT name, value FROM identity")
        return held({name: from_json(value) for name, value in rows}, Identity, "its table identity")


def _require_same(path: Path, found: Identity, wanted: Identity) -> None:
    if differing := differences(found.plain(), wanted.plain()):
        raise UsageError(
            f"{legible(path)} was measured with another model or other settings: {'; '.join(differing)}. Name another "
            "store to measure beside it (-o), or use what it was made with"
        )


def _measured(row: tuple[str, str, bytes], n_labels: int) -> Measured:
    """What was kept of a song; `ValueError` for what is no such thing."""
    facts, shapes, block = row
    told = held(from_json(facts), dict[str, Any], "its table songs")
    patches = tuple(held(one, Patch, "its table songs") for one in held(told["patches"], list[Any]))
    sizes = held(from_json(shapes), dict[str, tuple[int, int]], "its table numbers")
    require("its table numbers: other numbers than are known", set(sizes) in ({*_NUMBERS}, {*_NUMBERS[:-1]}))
    numbers = np.frombuffer(block, "<f4")
    require("its table numbers: a block of another size", numbers.size == sum(a * b for a, b in sizes.values()))
    require("its table numbers: values that are not finite", bool(np.isfinite(numbers).all()))
    ends = np.cumsum([0, *(a * b for a, b in sizes.values())]).tolist()
    parts: dict[str, NDArray[np.float32]] = {
        part: numbers[begin:end].reshape(size)
        for (part, size), begin, end in zip(sizes.items(), ends, ends[1:], strict=False)
    }
    require("its table numbers: not a row for each patch", len(parts["activations"]) == len(patches))
    require("its table numbers: not a column for each class", parts["removals"].shape == (len(patches), n_labels))
    kept: dict[str, Any] = {field.name: parts.get(field.name) for field in fields(Measured) if field.name in _NUMBERS}
    kept |= {"bounded": held(told["bounded"], bool), "notes": tuple(held(told["notes"], list[str]))}
    return Measured(patches=patches, **kept)
