"""Joining the stores that parts of the work wrote: shards on a batch system, or one after the other.

Invariants: *merged shards are the store that one run over everything writes*, song by song, since the songs are drawn
before they are shared out; *merging again changes nothing*; and identities are compared before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from audiolime_ext.collection.engine.jobs import Task
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import differences


def merge_concepts(stores: Iterable[str | Path], out: str | Path) -> int:
    """Merge stores into one, and return how many of its songs are new.

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
        If they are of different models or settings, or `out` is being written by another process.
    OutputError
        If `out` cannot be written.
    """
    out = Path(out)
    paths = [path for path in map(Path, stores) if path.resolve() != out.resolve()]
    if not paths:
        raise UsageError(f"there is nothing to merge into {legible(out)}; name the stores that the shards wrote")
    with ExitStack() as stack:
        parts = [stack.enter_context(ConceptStore.read(path)) for path in paths]
        for part in parts[1:]:
            _require_same(part, parts[0])
        whole = stack.enter_context(ConceptStore.create_or_resume(out, parts[0].identity))
        return _taken(whole, parts)


def _require_same(part: ConceptStore, first: ConceptStore) -> None:
    if differing := differences(part.identity.plain(), first.identity.plain()):
        raise UsageError(
            f"{legible(part.path)} and {legible(first.path)} were measured with different models or settings: "
            f"{'; '.join(differing)}. Merge stores of one model, layer and set of classes"
        )


def _taken(whole: ConceptStore, parts: list[ConceptStore]) -> int:
    """Take into a store what the parts hold, and return how many songs are new."""
    entries: dict[str, Entry] = {}
    for part in (whole, *parts):
        entries = {**{entry.key: entry for entry in part.entries()}, **entries}
    before = {entry.key for entry, _ in whole.measured()}
    whole.describe(list(entries.values()))
    known = {failure.task for failure in whole.failures()}
    new: set[str] = set()
    for part in parts:
        for entry, found in part.measured():
            whole.put(entry.task, entry.name, found)
            new |= {entry.key} - before
        for failure in part.failures():
            if failure.task not in known:
                whole.fail(Task.from_key(failure.task), failure.name, failure.reason)
                known.add(failure.task)
    return len(new)
