r"""Which recordings are audited, and what each is.

A manifest is a table (CSV, by commas, semicolons or tabs; UTF-8 or UTF-16) with one recording per line::

    path,label,split,group,start_s,duration_s,stems
    a/1.wav,guitar;rock,test,song 1,0,10,a/1-stems

Only ``path`` and ``label`` (several separated by ``;``; a semicolon within a name is written ``\;``) are needed. Paths
are relative to the manifest's folder, or to `root`; bytes that are not UTF-8 are written ``\xNN``, as everywhere.
``group`` (or ``song``) says which recordings are of one song, and so not independent evidence; ``stems`` is the folder
of true stems (see `audiolime_ext.audio.stem_folders`). Other columns are ignored, and named in a note.

A folder that holds one folder for each class is a manifest, too, and so are the tables of published data sets and
tracks of mirdata (see `audiolime_ext.collection.importers`).

Where a class has another name among the model's labels, a map says so (see `audiolime_ext.collection.label_map`).

Everything that is wrong is found in one pass and reported together, by line.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiolime_ext.audio.folders import FOLDER, audio_endings, look_into, skipped_note
from audiolime_ext.collection import importers
from audiolime_ext.collection.importers import mirdata_tracks
from audiolime_ext.collection.importers.draft import Draft
from audiolime_ext.collection.label_map import LabelMap, advice, load_label_map
from audiolime_ext.collection.table import Problems, named_labels, read_table, seconds
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import is_file, is_folder, legible, meant
from audiolime_ext.files.reading import what_is

COLUMNS = ("path", "label", "split", "group", "start_s", "duration_s", "stems")


@dataclass(frozen=True)
class Row:
    """A recording, or an excerpt of one.

    Parameters
    ----------
    path : Path
        The file.
    labels : tuple of str
        Classes of the recording, spelled as the model's labels where these are known.
    line : int
        Line of the manifest; 0 for a folder per class.
    split, group : str or None
        Split, and the song that the recording belongs to; None where the manifest does not say.
    start_s, duration_s : float or None
        Start and length of the excerpt in seconds; None: from the beginning, to the end.
    stems : Path or None
        Folder of its true stems; None: there is none.
    """

    path: Path
    labels: tuple[str, ...]
    line: int = 0
    split: str | None = None
    group: str | None = None
    start_s: float | None = None
    duration_s: float | None = None
    stems: Path | None = None

    @property
    def song(self) -> str:
        """The song that it is a sample of: its group, else the file itself."""
        return self.group if self.group is not None else str(self.path)


@dataclass(frozen=True)
class Manifest:
    """The recordings of an audit, in the order of `source`, and notes on what was left out."""

    source: Path
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted({label for row in self.rows for label in row.labels}))

    def songs(self, label: str) -> tuple[str, ...]:
        """The songs that hold a recording of this class, sorted."""
        return tuple(sorted({row.song for row in self.rows if label in row.labels}))


def load_manifest(
    source: str | Path | Mapping[str, Any] | Iterable[Any],
    *,
    labels: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    root: str | Path | None = None,
    label_map: Mapping[str, str | None] | str | Path | LabelMap | None = None,
) -> Manifest:
    r"""Read a manifest, a folder per class, a published data set's table, or tracks of mirdata.

    Parameters
    ----------
    source : str, Path, or mapping or iterable of tracks
        The table, the folder, or the tracks.
    labels : sequence of str or None
        The model's labels; every class must be one of them (letter case is ignored). None: any class is allowed.
    columns : mapping of str to str, or None
        Our column → its name in the table, such as ``{"label": "genre"}``; for mirdata's tracks, their attributes; for
        FMA, the kind of genres. None: the names are ours.
    ignore : collection of str
        Columns of the table to leave out without a note.
    root : str, Path or None
        Folder that the paths in a table are relative to; None: the table's own.
    label_map : mapping of str to str, str, Path, LabelMap or None
        Class → the model's label, see `audiolime_ext.collection.label_map`; None: the names are the same.

    Raises
    ------
    UsageError
        If anything is wrong; the message lists everything that is.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("a.wav", "b.wav"):
    ...         Path(folder, name).touch()
    ...     table = Path(folder, "manifest.csv")
    ...     _ = table.write_text("path,label,group\na.wav,guitar,song 1\nb.wav,piano;jazz,song 1\n")
    ...     manifest = load_manifest(table)
    >>> manifest.labels, manifest.rows[1].labels, manifest.songs("jazz")
    (('guitar', 'jazz', 'piano'), ('piano', 'jazz'), ('song 1',))
    """
    names = _Names(labels, None if label_map is None else load_label_map(label_map, labels))
    if not isinstance(source, (str, os.PathLike)):
        return _published(Path("tracks"), mirdata_tracks.drafts(source, columns or {}), names)
    source, root = Path(source), None if root is None else Path(root)
    problems = Problems(source, advice=None if labels is None else lambda name: advice(name, labels))
    if is_folder(source):
        refuse_root(source, root)
        rows = _from_folders(source, names, problems)
    elif kind := importers.format_of(source):
        label = _label_of(kind.NAME, kind.LABELS, columns or {}, ignore)
        return _published(source, kind.drafts(source, root, label), names, what=kind.LABELS[label])
    else:
        table = read_table(
            source, problems, known=COLUMNS, needed=COLUMNS[:2], also={"song": "group"}, columns=columns, ignore=ignore
        )
        rows = [_row(line, cells, root or source.parent, names, problems) for line, cells in table]
        _find_duplicates(rows, problems)
    if names.mapped is not None and problems.unknown:
        for note in names.mapped.unused(names.seen, legible(source)):
            problems.add(0, note)
    if names.mapped is not None and not problems.found:
        n_rows = len(rows)
        rows = [row for row in rows if row.labels]
        problems.notes += names.mapped.notes(names.seen, n_rows - len(rows), legible(source))
    return _manifest(source, rows, problems)


@dataclass
class _Names:
    """What classes are called: the model's labels, the map to them, and the classes that were seen."""

    allowed: Sequence[str] | None
    mapped: LabelMap | None
    seen: set[str] = field(default_factory=set)

    def label_of(self, name: str) -> str | None:
        """As `named_labels` wants it."""
        self.seen.add(name)
        return None if self.mapped is None else self.mapped.label_of(name)

    def of(self, cell: str, line: int, problems: Problems, **how: Any) -> tuple[str, ...]:
        """The labels in a cell; `how` as for `named_labels`."""
        return named_labels(cell, line, problems, allowed=self.allowed, label_of=self.label_of, **how)


def _manifest(source: Path, rows: Sequence[Row], problems: Problems) -> Manifest:
    classes = {label for row in rows for label in row.labels}
    if rows and len(classes) < 2 and not problems.found:
        problems.add(0, f"there is one class only, {min(classes)!r}; two or more are compared")
    if not rows and not problems.found:
        problems.add(0, "it names no recordings; write one per line below the header")
    problems.raise_any()
    return Manifest(source, tuple(rows), tuple(problems.notes))


def _published(source: Path, drafts: Iterable[Draft], names: _Names, *, what: str = "class") -> Manifest:
    """The recordings of a published data set whose files are there and that have a class."""
    origin = legible(source)
    try:
        found = importers.gather(drafts, labels=names.allowed, mapped=names.mapped, origin=origin, what=what)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(f"{origin} cannot be read: {error}; get a complete copy") from error
    rows = [Row(d.path, d.labels, d.line, split=d.split, group=d.group) for d in found.drafts]
    return _manifest(source, rows, Problems(source, notes=list(found.notes)))


def _label_of(name: str, known: Collection[str], columns: Mapping[str, str], ignore: Collection[str]) -> str:
    """Which of a data set's columns is the class."""
    if other := [*(ours for ours in columns if ours != "label"), *ignore]:
        raise UsageError(f"the columns of {name}'s table are known; leave {other[0]!r} out")
    label = columns.get("label", next(iter(known)))
    if label not in known:
        raise unknown(f"column of {name}'s for the label", label, known)
    return label


def recording_at(line: int, given: str, folder: Path, problems: Problems) -> Path:
    """The file that a line names, relative to `folder`; what is wrong with it goes to `problems`."""
    path = meant(folder / given)
    if not given:
        problems.add(line, "no path")
    elif kind := what_is(path):
        problems.add(line, f"{given!r} is {kind}; name a file")
    elif not is_file(path):
        problems.add(
            line,
            f"there is no file {given!r}; paths are relative to the folder of the manifest, or to another: --root DIR",
        )
    return path


def refuse_root(source: str | Path, root: Path | None) -> None:
    """Raise `UsageError` where a root was given for a folder, which says itself where its recordings are."""
    if root is not None:
        raise UsageError(
            f"{legible(source)} is no table, and --root DIR (root=DIR) is what the paths in a table are relative to; "
            "leave it out"
        )


def _row(line: int, cells: Mapping[str, str], folder: Path, names: _Names, problems: Problems) -> Row:
    path = recording_at(line, cells["path"], folder, problems)
    stems = meant(folder / cells["stems"]) if cells.get("stems") else None
    if stems is not None and not is_folder(stems):
        kind = "a file" if is_file(stems) else what_is(stems)
        wrong = f"{cells['stems']!r} is {kind} and no folder" if kind else f"there is no folder {cells['stems']!r}"
        problems.add(line, f"{wrong} of stems; name one, or leave the cell empty")
    return Row(
        path,
        names.of(cells["label"], line, problems),
        line,
        cells.get("split") or None,
        cells.get("group") or None,
        seconds(cells, line, problems, column="start_s", zero=True),
        seconds(cells, line, problems, column="duration_s", zero=False),
        stems,
    )


def _find_duplicates(rows: Sequence[Row], problems: Problems) -> None:
    first: dict[tuple[str, float, float | None], int] = {}
    for row in rows:
        path = os.path.realpath(row.path)  # unlike Path.resolve, it bears links that lead in a circle
        line = first.setdefault((path, row.start_s or 0.0, row.duration_s), row.line)
        if line != row.line:
            problems.add(row.line, f"the same excerpt of {row.path.name!r} as on line {line}; keep one")


def _from_folders(folder: Path, names: _Names, problems: Problems) -> list[Row]:
    rows: list[Row] = []
    top = look_into(folder)
    skipped = {reason: list(paths) for reason, paths in top.skipped.items() if reason != FOLDER}
    empty: list[str] = []
    for path in top.files:
        problems.add(0, f"{legible(path.name)!r} is in no class; move it into the folder of its class")
    for path in top.skipped.get(FOLDER, ()):
        named = names.of(legible(path.name), 0, problems, what="class", several=False)
        found = look_into(path, deep=True)
        if not found.files:
            empty.append(repr(legible(path.name)))
        rows += [Row(file, named) for file in found.files]
        for reason, paths in found.skipped.items():
            skipped.setdefault(reason, []).extend(paths)
    if note := skipped_note(folder, skipped):
        problems.notes.append(note)
    if empty:
        which = f"the class {empty[0]} holds" if len(empty) == 1 else f"the classes {', '.join(empty)} hold"
        problems.add(0, f"{which} no audio; files must end in {', '.join(sorted(audio_endings()))}")
    if not rows and not problems.found:
        problems.add(0, "it holds no folders; make one for each class, with its recordings")
    return rows
