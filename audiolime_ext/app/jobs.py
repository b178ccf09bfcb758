"""What is to be done, is done, and was done: the queue of the app, in one SQLite file, which survives the server.

- *Nothing is lost*: a job is there from the moment that its upload is taken; what ran when the server ended waits again
  when the next one begins, `most_tries` times at the most.
- *Random names*: a job is named by 128 random bits, and so is its folder; what a client calls its file is shown, and
  never a part of a path.
- *One server* writes, and holds a lock beside the file meanwhile.

Times are seconds since 1970.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from audiolime_ext.errors import OutputError
from audiolime_ext.files.database import Form
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import utf8
from audiolime_ext.files.places import require_writable
from audiolime_ext.files.plain import from_json, to_json

State = Literal["waiting", "running", "done", "failed", "cancelled"]
FILE = "audiolime-app.jobs"
ID = re.compile(r"[A-Za-z0-9_-]{22}")
UPLOAD, PAGE, RESULT = "upload", "page.html", "result.json"
_COLUMNS = ("number", "id", "kind", "name", "options", "state", "tries", "told", "duration_s", "came_s", "ended_s")
FORM = Form(
    what="a queue of the app",
    application_id=0x61617070,  # "aapp"
    version=1,
    schema="""
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    options TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, told TEXT NOT NULL, duration_s REAL NOT NULL,
    came_s REAL NOT NULL, ended_s REAL
);
""",
    sealed={"jobs": _COLUMNS},
    busy="another audiolime serve works with {path}; end it, or name another folder with --work",
    instead="move the folder away, or name another one with --work",
    place="folder",
)


@dataclass(frozen=True)
class Job:
    """A recording that is to be explained, or was.

    Parameters
    ----------
    number : int
        Position in the queue.
    id : str
        Random name, 22 letters, digits, hyphens and underscores.
    kind : {"explain", "tag"}
        Kind of work.
    name : str
        Name of the recording, to be shown.
    options : dict
        Options of the work: model, factorization, labels, …
    state : {"waiting", "running", "done", "failed", "cancelled"}
        State of the work.
    tries : int
        Number of times that it was begun.
    told : str
        Reason why it failed, in words.
    duration_s : float
        Length of the recording in seconds.
    came_s, ended_s : float, float or None
        Times at which it came and ended.
    """

    number: int
    id: str
    kind: str
    name: str
    options: dict[str, Any] = field(repr=False)
    state: State
    tries: int
    told: str
    duration_s: float
    came_s: float
    ended_s: float | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")


class Jobs:
    """The open queue of a folder of work; it is used by one thread."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: Any) -> None:
        self.folder, self._connection, self._lock = folder, connection, lock

    @classmethod
    def open(cls, folder: Path, *, most_tries: int = 3) -> Jobs:
        """Open the queue of a folder, which is made if it is missing; what ran waits again.

        Parameters
        ----------
        folder : Path
            Folder of work: a new one, an empty one, or one of an earlier server.
        most_tries : int
            Number of times that a job is begun; one that was begun as often fails now.

        Raises
        ------
        UsageError
            If another server works with it.
        OutputError
            If it cannot be written, or holds other things.
        """
        require_writable(folder)
        is_new = not folder.exists()
        make_folder(folder)
        if is_new:
            folder.chmod(0o700)  # names of songs are nobody else's business
        path = folder / FILE
        if not path.exists() and any(folder.iterdir()):
            raise OutputError(f"{folder} holds other things; name a new or an empty folder with --work")
        lock = FORM.lock(path)
        try:
            connection = FORM.connect(path, "rwc")
            try:
                FORM.create(path, connection, lambda: None)
                FORM.require_known(path, connection)
                FORM.require_whole(path, connection)
                with FORM.legibly(path), FORM.transaction(path, connection):
                    FORM.seal(connection)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.release()
            raise
        jobs = cls(folder, connection, lock)
        jobs._take_up(most_tries)
        return jobs

    def _take_up(self, most_tries: int) -> None:
        """Let what ran wait again, and remove what belongs to no job: uploads that were cut short."""
        told = f"the server ended {most_tries} times while it worked on this recording; it is not tried again"
        ended = ("failed", told, time.time(), most_tries)
        fail = "UPDATE jobs SET state = ?, told = ?, ended_s = ? WHERE state = 'running' AND tries >= ?"
        with self._transaction():
            self._connection.execute(fail, ended)
            self._connection.execute("UPDATE jobs SET state = 'waiting' WHERE state = 'running'")
        known = {job.id for job in self.all()}
        for path in self.folder.iterdir():
            if path.is_dir() and ID.fullmatch(path.name) and path.name not in known:
                shutil.rmtree(path, ignore_errors=True)

    def __enter__(self) -> Jobs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._lock.release()

    @staticmethod
    def new_id() -> str:
        """A name that nobody can guess."""
        return secrets.token_urlsafe(16)

    def folder_of(self, id: str) -> Path:
        """The folder of a job's files."""
        if not ID.fullmatch(id):
            raise ValueError("a name of a job has 22 letters, digits, hyphens and underscores")
        return self.folder / id

    def add(self, id: str, kind: str, name: str, options: dict[str, Any], duration_s: float) -> Job:
        """Put a job at the end of the queue; its upload lies in its folder."""
        insert = (
            "INSERT INTO jobs (id, kind, name, options, state, tries, told, duration_s, came_s) "
            "VALUES (?, ?, ?, ?, 'waiting', 0, '', ?, ?)"
        )
        with self._transaction():
            self._connection.execute(insert, (id, kind, utf8(name), to_json(options), duration_s, time.time()))
        return self[id]

    def next(self) -> Job | None:
        """The first job that waits, which runs from now on; None: none waits."""
        with self._transaction():
            found = self._select("WHERE state = 'waiting' ORDER BY number LIMIT 1")
            if not found:
                return None
            begin = "UPDATE jobs SET state = 'running', tries = tries + 1 WHERE id = ?"
            self._connection.execute(begin, (found[0].id,))
        return self[found[0].id]

    def wait_again(self, id: str) -> None:
        """Let a job that runs wait, where its worker was ended for another's sake: this was no attempt."""
        again = "UPDATE jobs SET state = 'waiting', tries = max(0, tries - 1) WHERE id = ? AND state = 'running'"
        with self._transaction():
            self._connection.execute(again, (id,))

    def end(self, id: str, state: State, told: str = "") -> None:
        """Say how a job ended; of one that did not end well nothing is left but that."""
        end = "UPDATE jobs SET state = ?, told = ?, ended_s = ? WHERE id = ?"
        with self._transaction():
            self._connection.execute(end, (state, utf8(told), time.time(), id))
        if state == "done":
            (self.folder_of(id) / UPLOAD).unlink(missing_ok=True)
        else:
            shutil.rmtree(self.folder_of(id), ignore_errors=True)

    def remove(self, id: str) -> None:
        """Forget a job, and remove its files."""
        with self._transaction():
            self._connection.execute("DELETE FROM jobs WHERE id = ?", (id,))
        shutil.rmtree(self.folder_of(id), ignore_errors=True)

    def __getitem__(self, id: str) -> Job:
        if found := self._select("WHERE id = ?", (id,)):
            return found[0]
        raise KeyError(id)

    def all(self) -> list[Job]:
        """All jobs, in the order in which they came."""
        return self._select("ORDER BY number")

    def n_open(self) -> int:
        """How many wait or run."""
        return self._count("WHERE state IN ('waiting', 'running')")

    def n_all(self) -> int:
        """How many there are."""
        return self._count("")

    def n_bytes(self) -> int:
        """What the folder of work holds."""
        with suppress(OSError):  # something is being removed
            return sum(path.lstat().st_size for path in self.folder.rglob("*"))
        return 0

    def _count(self, where: str) -> int:
        with FORM.legibly(self.folder / FILE):
            return int(self._connection.execute(f"SELECT count(*) FROM jobs {where}").fetchone()[0])

    def _select(self, where: str, values: Sequence[Any] = ()) -> list[Job]:
        with FORM.legibly(self.folder / FILE):
            rows = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM jobs {where}", values).fetchall()
            return [Job(**{**dict(zip(_COLUMNS, row, strict=True)), "options": from_json(row[4])}) for row in rows]

    def _transaction(self) -> Any:
        return FORM.transaction(self.folder / FILE, self._connection)
