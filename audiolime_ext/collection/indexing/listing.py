r"""Which recordings an index holds: a folder with all folders below it, or a table with a path on every line.

::

    path,title,artist,album,genre,year
    a/1.ogg,Feelings,Sectoid,Feelings,rock,2009

Only ``path`` is needed, relative to the table's folder or to `root`. Manifests of audits will do: ``label`` stands in
for a genre, ``group`` for an album. Other columns are ignored, and named in a note. What a table does not say, the tags
of the file do.

``fma:DIR?subset=small&split=test`` names tracks of FMA (see `audiolime_ext.collection.importers.fma`).

A file is read to know its content where its size or the time of its last change is another than before. Files of the
same content are one song. Paths are kept relative to the index where a recording lies below the folder that holds the
index, so that both can move together; else they are absolute.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audiolime_ext.audio.folders import audio_endings, look_into
from audiolime_ext.audio.tags import FIELDS as TAGS
from audiolime_ext.audio.tags import MISSING, read_tags, readable, year_of
from audiolime_ext.collection.engine.jobs import Task
from audiolime_ext.collection.importers import fma
from audiolime_ext.collection.indexing.records import File
from audiolime_ext.collection.manifest import recording_at, refuse_root
from audiolime_ext.collection.omissions import left_out
from audiolime_ext.collection.table import Problems, read_table
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, is_folder, legible, told_apart
from audiolime_ext.files.reading import require_file, sha256_of
from audiolime_ext.progress.stages import tracked

COLUMNS = ("path", *TAGS, "label", "group")
_FMA = "fma:"


@dataclass(frozen=True)
class Recording:
    """A song to be measured: the first of the files with its content.

    Parameters
    ----------
    path : str
        Path of the file, as it is opened.
    sha256 : str
        SHA-256 of its bytes.
    name : str
        Name that tells it from all others, for people.
    """

    path: str
    sha256: str
    name: str

    @property
    def task(self) -> Task:
        """What is to be measured."""
        return Task(self.sha256)

    @property
    def key(self) -> str:
        """The task's key."""
        return self.task.key


@dataclass(frozen=True)
class Listing:
    """The files of a collection in the order of their paths, its songs, and notes on what was left out."""

    files: tuple[File, ...]
    songs: tuple[Recording, ...]
    notes: tuple[str, ...]


def listing(
    source: str | Path, folder: Path, before: Iterable[File] = (), *, root: str | Path | None = None
) -> Listing:
    """The recordings of a folder or a table.

    Parameters
    ----------
    source : str or Path
        Folder, or table.
    folder : Path
        Folder of the index.
    before : iterable of File
        Files that the index knows from before.
    root : str, Path or None
        Folder that the paths of a table are relative to; None: the table's own.

    Raises
    ------
    UsageError
        If there is no recording, or something is wrong with the table; the message lists everything that is.
    """
    given, notes = _from(str(source), folder, None if root is None else Path(root))
    known = {file.path: file for file in before if file.path is not None}
    files, songs, first, names = list[File](), list[Recording](), dict[str, Path](), told_apart(map(str, given))
    doubles, untagged = list[str](), list[str]()
    if not readable():
        notes.append(MISSING)
    for path in _shown(sorted(given)):
        file, why = _file(path, kept_as(path, folder), known, given[path])
        if why:
            untagged.append(f"{names[str(path)]} ({why})")
        files.append(file)
        if file.sha256 in first:
            doubles.append(f"{names[str(path)]} is {names[str(first[file.sha256])]}")
            continue
        first[file.sha256] = path
        songs.append(Recording(str(path), file.sha256, names[str(path)]))
    same = "of the same content as another, and one song with it"
    notes.append(left_out(doubles, f"file is {same}", f"files are {same}"))
    notes.append(left_out(untagged, "file has tags that cannot be read", "files have tags that cannot be read"))
    return Listing(tuple(files), tuple(songs), tuple(filter(None, notes)))


def kept_as(path: Path, folder: Path) -> str:
    """The path by which an index in `folder` knows a recording.

    Examples
    --------
    >>> kept_as(Path("/music/rock/1.ogg"), Path("/music/all.index"))
    '../rock/1.ogg'
    >>> kept_as(Path("/other/1.ogg"), Path("/music/all.index"))
    '/other/1.ogg'
    """
    whole, beside = Path(os.path.abspath(path)), Path(os.path.abspath(folder)).parent  # noqa: PTH100 - links stay
    return os.path.join(os.pardir, whole.relative_to(beside)) if whole.is_relative_to(beside) else str(whole)  # noqa: PTH118


def _from(source: str, folder: Path, root: Path | None) -> tuple[dict[Path, Mapping[str, str]], list[str]]:
    """The paths of the recordings, each with what the table says, and notes."""
    if source.startswith(_FMA):
        refuse_root(source, root)
        tracks = fma.make(source.removeprefix(_FMA))
        return {track.path: _said(track) for track in tracks.rows}, list(tracks.notes)
    if is_folder(source):
        refuse_root(source, root)
        return _of_folder(Path(source), folder)
    if not is_file(source):
        raise UsageError(f"there is no folder or table {legible(source)!r}; name a folder of recordings, or a table")
    if Path(source).suffix.lower() in audio_endings():
        raise UsageError(f"{legible(source)} is a recording; name the folder that it is in, or a table of recordings")
    return _of_table(Path(source), root)


def _said(track: fma.Track) -> dict[str, str]:
    given = {tag: getattr(track, tag) for tag in TAGS}
    return {tag: str(value) for tag, value in given.items() if value is not None}


def _of_folder(source: Path, folder: Path) -> tuple[dict[Path, Mapping[str, str]], list[str]]:
    found = look_into(source, deep=True, but=folder)
    if not found.files:
        left = f" ({found.note})" if found.note else ""
        raise UsageError(
            f"{legible(source)} is a folder without recordings{left}; name one that holds some, at any depth"
        )
    return {path: {} for path in found.files}, [found.note] if found.note else []


def _of_table(source: Path, root: Path | None) -> tuple[dict[Path, Mapping[str, str]], list[str]]:
    problems = Problems(source)
    table = read_table(source, problems, known=COLUMNS, needed=COLUMNS[:1], also={"song": "group"})
    rows: dict[Path, Mapping[str, str]] = {}
    real = set[str]()
    for line, cells in table:
        path = recording_at(line, cells["path"], root or source.parent, problems)
        if (same := os.path.realpath(path)) in real:
            problems.add(line, f"{cells['path']!r} is named twice; keep one line")
        real.add(same)
        rows[path] = cells
    if not rows and not problems.found:
        problems.add(0, "it names no recordings; write one per line below the header")
    problems.raise_any()
    return rows, list(problems.notes)


def _shown(paths: list[Path]) -> Iterator[Path]:
    return tracked(paths, "reading the files", "file")


def _file(path: Path, name: str, known: Mapping[str, File], said: Mapping[str, str]) -> tuple[File, str]:
    """A file as it is now, and why its tags cannot be read; what is known of one that did not change is not read."""
    before, as_it_is = known.get(name), _as_it_is(path, name)
    if before is not None and (before.size, before.mtime_ns) == (as_it_is.size, as_it_is.mtime_ns):
        if not said and any(getattr(before, tag) for tag in TAGS):  # else tags may have become readable
            return before, ""
        as_it_is = replace(as_it_is, sha256=before.sha256)
    tags, year = read_tags(path), year_of(said.get("year", ""))
    file = replace(
        as_it_is if as_it_is.sha256 else replace(as_it_is, sha256=_sha256(path)),
        title=said.get("title") or tags.title,
        artist=said.get("artist") or tags.artist,
        album=said.get("album") or said.get("group") or tags.album,
        genre=said.get("genre") or said.get("label") or tags.genre,
        year=year or tags.year,
    )
    return file, tags.reason if readable() else ""


def _as_it_is(path: Path, name: str) -> File:
    try:
        stat = path.stat()
        return File(name, "", stat.st_size, stat.st_mtime_ns)
    except OSError:  # reported when it is to be measured
        return File(name, "")


def _sha256(path: Path) -> str:
    """The SHA-256 of a file; of its name where it cannot be read, which is reported when it is to be measured."""
    try:
        return sha256_of(require_file(path))
    except OSError:
        return hashlib.sha256(os.fsencode(path)).hexdigest()
