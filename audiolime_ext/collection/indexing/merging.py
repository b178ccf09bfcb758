"""Joining the indexes that parts of a collection's work wrote: shards on a batch system, or one after the other.

Invariants: *merged shards are the index that one run over everything writes*; *merging again changes nothing*; and
everything is compared before anything is written, in one transaction.

All indexes must have one identity. Their files are joined by what they are called; where two name a file that has
another content in each, it was changed between the runs, and the merge is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from audiolime_ext.collection.engine.jobs import Task
from audiolime_ext.collection.index import Index, load_index, write_matrices
from audiolime_ext.collection.indexing.catalogue import NAME, Catalogue
from audiolime_ext.collection.indexing.listing import kept_as
from audiolime_ext.collection.indexing.records import Embedded, File
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible


def merge_indexes(indexes: Iterable[str | Path], out: str | Path) -> Index:
    """Merge indexes into one.

    Parameters
    ----------
    indexes : iterable of str or Path
        Folders of the indexes to read; `out` may be among them.
    out : str or Path
        Folder of the index to write; what it already holds stays.

    Raises
    ------
    MissingError
        If one of them does not exist.
    CorruptError
        If one of them is damaged.
    UsageError
        If they are of different models or settings, contradict each other, or `out` is being written by another
        process.
    OutputError
        If `out` cannot be written; nothing is in it then that was not there before.
    """
    out = Path(out)
    folders = [folder for folder in map(Path, indexes) if folder.resolve() != out.resolve()]
    if not folders:
        raise UsageError(f"there is nothing to merge into {legible(out)}; name the indexes that the shards wrote")
    with ExitStack() as stack:
        parts = [(folder, stack.enter_context(Catalogue.read(folder))) for folder in folders]
        first = parts[0][1].identity
        for folder, part in parts[1:]:
            Catalogue.require_same(folder / NAME, part.identity, first)
        for _, part in parts:
            part.require_whole()
        whole = stack.enter_context(Catalogue.create_or_resume(out, first))
        files = _joined([(out, whole), *parts], out)
        songs = (song for _, part in parts for song in _songs(part))
        failures = [failure for _, part in parts for failure in part.failures()]
        whole.take(songs, sum(len(part.facts()) for _, part in parts), failures, files)
        write_matrices(out, whole)
    return load_index(out)


def _songs(part: Catalogue) -> Iterator[tuple[Task, str, Embedded]]:
    named = part.named()
    for (key, (name, facts)), rows in zip(named.items(), part.vectors(list(named)), strict=True):
        yield Task.from_key(key), name, Embedded(rows.mean, rows.windows, facts, rows.parts)


def _joined(parts: Sequence[tuple[Path, Catalogue]], out: Path) -> list[File]:
    """The files of all parts in the order of their paths, as an index in `out` knows them.

    Raises
    ------
    UsageError
        If two parts name a file that has another content in each.
    """
    files: dict[str, tuple[File, Path]] = {}
    for folder, part in parts:
        for file in part.files():
            path = None if file.path is None else kept_as(folder / file.path, out)
            known, where = files.setdefault(path or file.sha256, (replace(file, path=path), folder))
            if known.sha256 != file.sha256:
                raise UsageError(
                    f"{legible(path or file.sha256)} has another content in {legible(where)} than in "
                    f"{legible(folder)}: it was changed between the runs. Index both again, and merge into a new folder"
                )
    return [files[path][0] for path in sorted(files)]
