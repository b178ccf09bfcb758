"""What is done to each recording of a collection, and what must be known of whoever asks for it.

- `Task`: a recording, or an excerpt of one, by its content; its key is what results are found by
- `Job`: what is handed to a worker: a recording, and others of the collection that it needs (an audit's *donors*)
- `Work`: what workers do with a job; `Entry`, `Donors`, `Results`: what the driver asks of a collection

Invariant: *what comes of a job follows from the job and the work alone*, not from who does it or what else is done.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.plain import from_json, held


@dataclass(frozen=True)
class Task:
    """One recording or excerpt to be measured.

    Parameters
    ----------
    sha256 : str
        SHA-256 of the recording's bytes: the same content under another name is the same task.
    start_s, duration_s : float or None
        Start and length of the excerpt in seconds; None: the recording's beginning, and up to its end.
    detail : str
        Anything else that the results follow from, such as the hash of the true stems.

    Examples
    --------
    >>> Task("9f2c", 1.5, 10).key
    '["9f2c", 1.5, 10.0, ""]'
    """

    sha256: str
    start_s: float | None = None
    duration_s: float | None = None
    detail: str = ""

    @property
    def key(self) -> str:
        """The key by which a store finds it; a store holds each once."""
        end = None if self.duration_s is None else float(self.duration_s)
        return canonical([self.sha256, float(self.start_s or 0), end, self.detail])

    @classmethod
    def from_key(cls, key: str) -> Task:
        """The reverse of `key`; `ValueError` for what is no key."""
        return cls(*held(from_json(key), tuple[str, float, float | None, str], "the key of a recording"))


@dataclass(frozen=True)
class Failure:
    """A recording that could not be measured, why, and how often it was tried."""

    task: str
    name: str
    reason: str
    tries: int


class Entry(Protocol):
    """A recording of a collection."""

    @property
    def path(self) -> str:
        """Path of the file."""
        ...

    @property
    def task(self) -> Task:
        """What is to be measured."""
        ...

    @property
    def key(self) -> str:
        """The task's key."""
        ...

    @property
    def name(self) -> str:
        """Its name, for people."""
        ...


@dataclass(frozen=True)
class Job:
    """A recording to be measured, and others that it needs.

    Parameters
    ----------
    host : Entry
        Recording to be measured.
    donors : tuple of Entry
        Other recordings that are needed for it, such as those whose components an audit puts into it.
    usual_s : float or None
        Length of most excerpts of the collection in seconds; None: that of this one.
    probe : {"stems", "noise"} or None
        Part of the work that finds who is at fault: only read (and split) the recording, or only ask the model about
        noise of the usual length. None: all of the work.
    """

    host: Any
    donors: tuple[Any, ...] = ()
    usual_s: float | None = None
    probe: Literal["stems", "noise"] | None = None


class DonorError(AudiolimeError):
    """A recording cannot be measured because of its donor; another donor will do.

    Attributes
    ----------
    donor : str
        Key of the donor.
    reason : str
        Reason for people.
    host : str or None
        Key of the recording that the donor does not suit; None: it suits none.
    """

    def __init__(self, donor: str, reason: str, host: str | None = None) -> None:
        super().__init__(donor, reason, host)
        self.donor, self.reason, self.host = donor, reason, host

    def __str__(self) -> str:
        return self.reason


class Work(Protocol):
    """What a worker does with jobs. It is small, frozen and hashable, and travels with every job."""

    def __hash__(self) -> int: ...

    def ready(self) -> Any:
        """What all jobs need, such as models; made once in each worker.

        Raises
        ------
        AudiolimeError
            If it cannot be made; that ends everything, as it would fail for every job.
        """
        ...

    def done(self, ready: Any, job: Job) -> Any:
        """What comes of a job, small enough to travel."""
        ...


class Donors(Protocol):
    """Who draws the other recordings that a job needs."""

    unusable: set[str]

    def of(self, host: Any) -> tuple[Any, ...]:
        """Other recordings that are needed for this one."""
        ...

    def leave_out(self, donor: str, host: str | None = None) -> None:
        """Draw one no more, by its key: for one host or (None) for all."""
        ...


class NoDonors:
    """For work that needs no other recording."""

    def __init__(self) -> None:
        self.unusable: set[str] = set()

    def of(self, host: Any) -> tuple[Any, ...]:
        """None."""
        return ()

    def leave_out(self, donor: str, host: str | None = None) -> None:  # noqa: D102
        pass


class Results(Protocol):
    """Where results are kept; who opened it decides how one is written."""

    path: Path

    def missing(self, tasks: Iterable[Task], *, max_tries: int = 1) -> Collection[Task]:
        """The tasks that are still to do; one that failed `max_tries` times is not."""
        ...

    def failures(self) -> Collection[Failure]:
        """The recordings that could not be measured."""
        ...

    def fail(self, task: Task, name: str, reason: str) -> None:
        """Keep that a recording could not be measured."""
        ...


Of = TypeVar("Of", bound=Entry)


def shard_of(entries: tuple[Of, ...], shard: tuple[int, int] | None) -> tuple[Of, ...]:
    """Every n-th recording, in the order of their keys, from the i-th on; None: all of them.

    Raises
    ------
    UsageError
        If i is not one of 1 to n.
    """
    if shard is None:
        return entries
    number, n = shard
    if not 1 <= number <= n:
        raise UsageError(f"shard {number}/{n}; write 1/{n} to {n}/{n}")
    mine = {entry.key for entry in sorted(entries, key=lambda entry: entry.key)[number - 1 :: n]}
    return tuple(entry for entry in entries if entry.key in mine)


def canonical(value: Any) -> str:
    """Plain values as the one JSON text that stands for them."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
