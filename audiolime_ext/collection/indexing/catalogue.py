"""The catalogue of an index: what was measured and which files there are, in one SQLite file.

A catalogue belongs to one *identity*: the model with its fingerprint, what of each song is heard, whether windows are
kept, and by what songs are split. Within it a song is the content of a file. Invariants:

- *All or nothing*, *one writer*: see `audiolime_ext.collection.engine.keeping`.
- *Once*: what is done is not measured again, whatever its file is called now. Songs whose files are gone stay here, out
  of the index, so that nothing is measured again when they come back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from audiolime_ext.collection.engine.failures import ADOPT, FAILURES
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.collection.engine.keeping import SongStore
from audiolime_ext.collection.indexing.records import Embedded, Facts, File, Identity, Rows
from audiolime_ext.errors import MissingError
from audiolime_ext.files.database import Form
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held
from audiolime_ext.progress.stages import tracked

NAME = "catalogue.sqlite"
FORM = Form(
    what="the catalogue of an index",
    application_id=0x61757869,  # "auxi"
    version=2,  # from 2 on, the parts of a song's vector may follow it in the column mean
    schema="""
CREATE TABLE identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE songs (id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, name TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE vectors (song INTEGER PRIMARY KEY, mean BLOB NOT NULL, windows BLOB NOT NULL);
CREATE TABLE files (line INTEGER PRIMARY KEY, file TEXT NOT NULL);
"""
    + FAILURES,
    sealed={
        "identity": ("name", "value"),
        "songs": ("id", "task", "name", "facts"),
        "vectors": ("song", "mean", "windows"),
        "files": ("line", "file"),
        "failures": ("task", "name", "reason", "tries"),
    },
    busy="{path} is being written by another process; wait until it ends, or name another index",
    instead="index the recordings into a new folder",
    place="index",
)
SMALL = ("identity", "songs", "files", "failures")  # tables that are read as a whole; vectors have a file of their own


class Catalogue(SongStore[Identity]):
    """An open catalogue; `create_or_resume` opens one to write, `read` one to read."""

    form, identity_type = FORM, Identity
    empty = "{path} holds no index yet; run the command that began it again"
    other = (
        "{path} is the index of another model or with other settings: {told}. Name another folder to index beside it "
        "(-o), or use what it was made with"
    )

    @classmethod
    def called(cls, path: Path) -> str:
        """The name of the folder."""
        return legible(path.parent)

    @classmethod
    def create_or_resume(cls, folder: Path, identity: Identity) -> Catalogue:
        """Open the catalogue of an index to write; one that exists must have this identity.

        Raises
        ------
        UsageError
            If it has another identity, is no index, or is being written by another process.
        CorruptError
            If it is damaged.
        OutputError
            If it cannot be written.
        """
        return cls._to_write(folder / NAME, identity)

    @classmethod
    def require_free(cls, folder: Path) -> None:
        """Raise `OutputError` or `UsageError` if it is clear before any work that no index can be written there."""
        cls._require_place(folder / NAME)

    @classmethod
    def read(cls, folder: Path) -> Catalogue:
        """Open the catalogue of an index to read, even while another process writes to it.

        Raises
        ------
        MissingError
            If there is none.
        UsageError
            If it is none, or was written by another version.
        CorruptError
            If it is damaged.
        """
        path = folder / NAME
        if not path.is_file():
            raise MissingError(
                f"there is no index at {legible(folder)}; name the folder that audiolime index wrote, or make one: "
                f"audiolime index FOLDER -o {legible(folder)}"
            )
        return cls._to_read(path, SMALL)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Read everything as it is at one moment, whoever writes meanwhile."""
        with FORM.legibly(self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @FORM.reads
    def files(self) -> list[File]:
        """The files of the collection, in the order of their paths."""
        rows = self._connection.execute("SELECT file FROM files ORDER BY line")
        return [held(from_json(text), File, "its table files") for (text,) in rows]

    @FORM.reads
    def facts(self) -> dict[str, Facts]:
        """The facts of every song that was measured, by its task's key."""
        return {key: facts for key, (_, facts) in self.named().items()}

    @FORM.reads
    def named(self) -> dict[str, tuple[str, Facts]]:
        """The name and the facts of every song that was measured, by its task's key."""
        rows = self._connection.execute("SELECT task, name, facts FROM songs ORDER BY name, task")
        return {task: (name, held(from_json(text), Facts, "its table songs")) for task, name, text in rows}

    @property
    def state(self) -> int:
        """A number that follows from the files and the songs: another number where any of them changed."""
        with FORM.legibly(self.path):
            rows = self._connection.execute("SELECT sum FROM seals WHERE name IN ('files', 'songs', 'vectors')")
            return int.from_bytes(hashlib.sha256(b"".join(sorted(total for (total,) in rows))).digest()[:8], "big")

    def require_whole(self) -> None:
        """Raise `CorruptError` unless all of it is what was written."""
        FORM.require_whole(self.path, self._connection)

    @FORM.reads
    def vectors(self, keys: Sequence[str]) -> Iterator[Rows]:
        """Of each key its vector, and those of its windows and parts."""
        FORM.require_sums(self.path, self._connection, ("vectors",))
        select = "SELECT mean, windows FROM vectors JOIN songs ON id = song WHERE task = ?"
        return (self._rows(self._connection.execute(select, (key,)).fetchone()) for key in keys)

    def _rows(self, row: tuple[bytes, bytes]) -> Rows:
        with FORM.legibly(self.path):
            means, windows = (np.frombuffer(block, "<f4").reshape(-1, self.identity.n_features) for block in row)
            return Rows(means[0], windows, means[1:])

    def put(self, task: Task, name: str, found: Embedded) -> None:
        """Keep a song, in one transaction; if it is there already, the first stays."""
        with self._transaction():
            self._put(task, name, found)

    def take(
        self, songs: Iterable[tuple[Task, str, Embedded]], n: int, failures: Iterable[Failure], files: Sequence[File]
    ) -> int:
        """Keep `n` songs in one transaction, `files` in place of those that were there; how many songs are new."""
        shown = tracked(songs, "writing", "song", total=n)
        with self._transaction():
            n_new = sum(self._put(*song) for song in shown)
            for failure in failures:  # unless the song was measured, or has failed as often here
                self._connection.execute(ADOPT.format(measured="songs"), (*vars(failure).values(), failure.task))
            self._list("files", files)
        return n_new

    def _put(self, task: Task, name: str, found: Embedded) -> bool:
        song = self._song(task, name, vars(found.facts))
        if song is None:
            return False
        windows = found.windows if self.identity.windows and found.windows is not None else np.zeros(0)
        parts = found.parts if self.identity.stems is not None and found.parts is not None else np.zeros(0)
        means = np.append(found.mean, parts)  # flat
        blocks = (np.asarray(values, "<f4").tobytes() for values in (means, windows))
        self._connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (song, *blocks))
        return True

    def describe(self, files: Sequence[File]) -> None:
        """Keep which files there are, in place of what was there."""
        with self._transaction():
            self._list("files", files)


def files_before(folder: Path, identity: Identity) -> tuple[File, ...]:
    """The files that an index in `folder` knows, which must be of this identity; none where there is no index yet."""
    path = folder / NAME
    if not path.exists() or not path.stat().st_size:
        return ()
    with Catalogue.read(folder) as catalogue:
        Catalogue.require_same(path, catalogue.identity, identity)
        return tuple(catalogue.files())
