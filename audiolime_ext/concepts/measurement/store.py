"""The store of concepts: what was measured of each song, in one SQLite file.

It belongs to one identity, takes a song by one transaction or not at all, holds each once, and has one writer
(`audiolime_ext.collection.engine.keeping`). Numbers are float32. What follows from them, concepts and their tests, is
worked out anew from here and takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.engine.failures import FAILURES
from audiolime_ext.collection.engine.jobs import Task
from audiolime_ext.collection.engine.keeping import SongStore
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import VERSION, Entry, Identity
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.database import Form
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held, require, to_json

FORM = Form(
    what="a store of concepts",
    application_id=0x61757863,  # "auxc"
    version=2,
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
_ALWAYS = ("activations", "removals", "windows", "logits")
_SOMETIMES = (("gradients",), ("elsewhere", "added"), ("augmented", "left"))  # each of them whole, or not at all
_NUMBERS = (*_ALWAYS, *(part for parts in _SOMETIMES for part in parts))
_FACTS = ("bounded", "partner", "n_beyond", "notes")


class ConceptStore(SongStore[Identity]):
    """An open store; `create_or_resume` opens one to write, `read` one to read."""

    form, identity_type = FORM, Identity
    empty = "{path} holds no concepts yet; run audiolime concepts again"
    other = (
        "{path} was measured with another model or other settings: {told}. Name another store to measure beside it "
        "(-o), or use what it was made with"
    )

    @classmethod
    def called(cls, path: Path) -> str:
        """The path of the store."""
        return legible(path)

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
        return cls._to_write(path, identity)

    @classmethod
    def require_place(cls, path: Path) -> None:
        """Raise `OutputError` or `UsageError` if it is clear before any work that no store can be written there."""
        cls._require_place(path)

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
        found = cls._to_read(path)
        if found.identity.version != VERSION:
            version = found.identity.version
            found.__exit__(None, None, None)
            raise UsageError(
                f"{legible(path)} was written by another version of audiolime_ext (arithmetic {version}, here "
                f"{VERSION}); measure the recordings into a new store"
            )
        return found

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
            self._list("entries", entries)

    def put(self, task: Task, name: str, found: Measured) -> None:
        """Keep a song, in one transaction; if it is there already, the first stays."""
        given = {part: getattr(found, part) for part in _NUMBERS if getattr(found, part) is not None}
        told = {name: getattr(found, name) for name in _FACTS}
        facts = {"patches": [vars(one) for one in found.patches], "traits": vars(found.traits), **told}
        block = b"".join(np.asarray(values, "<f4").tobytes() for values in given.values())
        shapes = to_json({part: list(values.shape) for part, values in given.items()})
        with self._transaction():
            if (song := self._song(task, name, facts)) is not None:
                self._connection.execute("INSERT INTO numbers VALUES (?, ?, ?)", (song, shapes, block))


def _measured(row: tuple[str, str, bytes], n_labels: int) -> Measured:
    """What was kept of a song; `ValueError` for what is no such thing."""
    facts, shapes, block = row
    told = held(from_json(facts), dict[str, Any], "its table songs")
    patches = tuple(held(one, Patch, "its table songs") for one in held(told["patches"], list[Any]))
    sizes = held(from_json(shapes), dict[str, tuple[int, int]], "its table numbers")
    known = {*_ALWAYS, *(part for parts in _SOMETIMES if parts[0] in sizes for part in parts)}
    require("its table numbers: other numbers than are known", set(sizes) == known)
    numbers = np.frombuffer(block, "<f4")
    require("its table numbers: a block of another size", numbers.size == sum(a * b for a, b in sizes.values()))
    require("its table numbers: values that are not finite", bool(np.isfinite(numbers).all()))
    ends = np.cumsum([0, *(a * b for a, b in sizes.values())]).tolist()
    parts: dict[str, NDArray[np.float32]] = {
        part: numbers[begin:end].reshape(size)
        for (part, size), begin, end in zip(sizes.items(), ends, ends[1:], strict=False)
    }
    of_patches = {part for part in ("activations", "removals", "elsewhere", "added", "left") if part in parts}
    require("its table numbers: not a row for each patch", {len(parts[part]) for part in of_patches} == {len(patches)})
    of_classes = {parts[part].shape[1] for part in ("removals", "logits", "added") if part in parts}
    require("its table numbers: not a column for each class", of_classes == {n_labels})
    kept: dict[str, Any] = {part: parts.get(part) for part in _NUMBERS}
    kept |= {"bounded": held(told["bounded"], bool), "notes": tuple(held(told["notes"], list[str]))}
    kept |= {"partner": held(told["partner"], str), "n_beyond": held(told["n_beyond"], int)}
    return Measured(patches=patches, traits=held(told["traits"], Traits, "its table songs"), **kept)
