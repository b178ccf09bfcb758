"""Joining the stores that parts of an audit wrote: shards on a batch system, or one after the other.

Invariants: *merged shards are the store that one run over everything writes*, measurement by measurement, because
every shard draws its donors from the whole manifest (see `audiolime_ext.audit.measurement.plan`); and *merging again
changes nothing*.

All stores must have one identity, say the same of every recording (its path may differ from machine to machine), and
be read in the same way. Everything is compared before anything is written, and everything is written into a new file,
which then takes the place of the target: a merge that is killed leaves the target as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from audiolime_ext.audit.store import database
from audiolime_ext.audit.store.database import FORM
from audiolime_ext.audit.store.records import Entry, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.collection.engine.jobs import Task
from audiolime_ext.collection.table import cell_of
from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import fresh_file, make_folder
from audiolime_ext.files.names import legible


def merge(stores: Iterable[str | Path], out: str | Path) -> int:
    """Merge stores into one, and return how many of its recordings are new.

    Parameters
    ----------
    stores : iterable of str or Path
        Stores to read; `out` may be among them.
    out : str or Path
        Store to write; what it already holds stays.

    Raises
    ------
    MissingError
        If one of them does not exist.
    CorruptError
        If one of them is damaged.
    UsageError
        If they are not of one audit, contradict each other, or `out` is being written by another process.
    OutputError
        If `out` cannot be written; it is then as it was.
    """
    out = Path(out)
    paths = [path for path in map(Path, stores) if not (path.exists() and out.exists() and path.samefile(out))]
    if not paths:
        raise UsageError(f"there is nothing to merge into {out}; name the stores that the shards wrote")
    with ExitStack() as stack:
        parts = [stack.enter_context(AuditStore.read(path)) for path in paths]
        first = parts[0].identity
        for part in parts[1:]:
            database.compare(part.path, part.identity, first)
        _joined(parts)
        make_folder(out.parent)
        lock = FORM.lock(out)
        stack.callback(lock.release)
        with fresh_file(out.resolve()) as temporary:
            if out.exists():
                FORM.copy(out, temporary)
            lock.acquire()  # once more: it is held until the file has taken its place
            with AuditStore.opened(out, first, lock, file=temporary) as whole:
                return _written(whole, parts)


def _written(whole: AuditStore, parts: Sequence[AuditStore]) -> int:
    """Write what the parts hold into a store, and return how many recordings are new."""
    whole.describe(*_joined([whole, *parts]))
    recorded = chain.from_iterable(part.one_by_one() for part in parts)
    n_new = sum(whole.put(Task.from_key(r.task), r.name, found, r.facts) for r, found in recorded)
    for part in parts:
        for failure in part.failures():
            whole.adopt(failure)
    return n_new


def _joined(stores: Sequence[AuditStore]) -> tuple[list[Entry], Reading]:
    """The manifest and the reading of all stores: those of the first, and the entries that others add.

    Raises
    ------
    UsageError
        If two of them contradict each other.
    """
    entries: dict[str, tuple[Entry, AuditStore]] = {}
    described = [(store, found) for store in stores if (found := store.entries())]
    for store, found in described:
        for entry in found:
            known, where = entries.setdefault(entry.key, (entry, store))
            if _said(known) != _said(entry):
                raise UsageError(
                    f"{entry.name} is {_told(known)} in {where.path} and {_told(entry)} in {store.path}; run both "
                    "again with one manifest (nothing is measured again), and merge into a new store"
                )
        if store.reading() != described[0][0].reading():
            raise UsageError(
                f"{described[0][0].path} and {store.path} have different thresholds or different tables of what is "
                "meant to matter; run both again with the same (nothing is measured again), and merge into a new store"
            )
    return [entry for entry, _ in entries.values()], described[0][0].reading() if described else Reading()


def _said(entry: Entry) -> tuple[object, ...]:
    return sorted(entry.labels), None if entry.song == entry.path else entry.song, entry.split


def _told(entry: Entry) -> str:
    split = "" if entry.split is None else f" ({entry.split})"
    return f"{cell_of(entry.labels)} of '{legible(entry.song)}'{split}"
