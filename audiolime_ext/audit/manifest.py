"""Which recordings are audited, and what each is.

A manifest is a table (CSV, or TSV by its ending; UTF-8) of one recording a line::

    path,label,split,group,start_s,duration_s,stems
    a/1.wav,guitar;rock,test,song 1,0,10,a/1-stems

Only ``path`` and ``label`` (several separated by ``;``) are needed. Paths are relative to the manifest's folder.
``group`` (or ``song``) says which recordings are of one song, and so no independent evidence; ``stems`` is the folder
of true stems. A folder that holds one folder for each class is a manifest, too.

Everything that is wrong is found in one pass and reported together, by line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.audio import AUDIO_ENDINGS
from audiolime_ext.audit.table import Problems, named_labels, read_table, seconds

COLUMNS = ("path", "label", "split", "group", "start_s", "duration_s", "stems")


@dataclass(frozen=True)
class Row:
    """A recording, or an excerpt of one.

    Parameters
    ----------
    path
        The file.
    labels
        Its classes, as the tagger calls them where its labels are known.
    line
        Where it stands in the manifest; 0 for a folder per class.
    split, group
        None where nothing is said.
    start_s, duration_s
        The excerpt in seconds; None: from the beginning, to the end.
    stems
        The folder of its true stems.
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
        """What it is one sample of: its group, else the file itself."""
        return self.group if self.group is not None else str(self.path)


@dataclass(frozen=True)
class Manifest:
    """The recordings of an audit, in the order in which they stand in `source`."""

    source: Path
    rows: tuple[Row, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted({label for row in self.rows for label in row.labels}))

    def songs(self, label: str) -> tuple[str, ...]:
        """The songs that hold a recording of this class, sorted."""
        return tuple(sorted({row.song for row in self.rows if label in row.labels}))


def load_manifest(
    source: str | Path,
    *,
    labels: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
) -> Manifest:
    r"""Read a manifest, or a folder per class.

    Parameters
    ----------
    source
        The table, or the folder.
    labels
        The tagger's labels; every class must be one of them (letter case is forgiven). None: any class will do.
    columns
        What the table calls our columns, such as ``{"label": "genre"}``.
    ignore
        Columns of the table that are not ours.

    Raises
    ------
    UsageError
        If anything is wrong, with all that is.

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
    source = Path(source)
    problems = Problems(source)
    if source.is_dir():
        rows = _from_folders(source, labels, problems)
    else:
        table = read_table(
            source, problems, known=COLUMNS, needed=COLUMNS[:2], also={"song": "group"}, columns=columns, ignore=ignore
        )
        rows = [_row(line, cells, source.parent, labels, problems) for line, cells in table]
        _find_duplicates(rows, problems)
    classes = {label for row in rows for label in row.labels}
    if rows and len(classes) < 2 and not problems.found:
        problems.add(0, f"there is one class only, {min(classes)!r}; an audit compares at least two")
    if not rows and not problems.found:
        problems.add(0, "it names no recordings; write one a line below the header")
    problems.raise_any()
    return Manifest(source, tuple(rows))


def _row(line: int, cells: Mapping[str, str], folder: Path, labels: Sequence[str] | None, problems: Problems) -> Row:
    given = cells["path"]
    path = folder / given
    if not given:
        problems.add(line, "no path")
    elif not path.is_file():
        problems.add(line, f"there is no file {given!r}; paths are relative to the folder of the manifest")
    stems = folder / cells["stems"] if cells.get("stems") else None
    if stems is not None and not stems.is_dir():
        problems.add(line, f"there is no folder {cells['stems']!r} of stems; name one, or leave the cell empty")
    return Row(
        path,
        named_labels(cells["label"], line, problems, allowed=labels),
        line,
        cells.get("split") or None,
        cells.get("group") or None,
        seconds(cells, line, problems, column="start_s", zero=True),
        seconds(cells, line, problems, column="duration_s", zero=False),
        stems,
    )


def _find_duplicates(rows: Sequence[Row], problems: Problems) -> None:
    first: dict[tuple[Path, float, float | None], int] = {}
    for row in rows:
        line = first.setdefault((row.path.resolve(), row.start_s or 0.0, row.duration_s), row.line)
        if line != row.line:
            problems.add(row.line, f"the same excerpt of {row.path.name!r} as on line {line}; keep one")


def _from_folders(folder: Path, labels: Sequence[str] | None, problems: Problems) -> list[Row]:
    rows: list[Row] = []
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in inside:
        if not path.is_dir():
            if path.suffix.lower() in AUDIO_ENDINGS:
                problems.add(0, f"{path.name!r} lies in no class; move it into the folder of its class")
            continue
        named = named_labels(path.name, 0, problems, allowed=labels, what="class", several=False)
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_ENDINGS and file.is_file())
        if not files:
            problems.add(
                0, f"the class {path.name!r} holds no audio; its files must end in {', '.join(sorted(AUDIO_ENDINGS))}"
            )
        rows += [Row(file, named) for file in files if not file.name.startswith(".")]
    if not rows and not problems.found:
        problems.add(0, "it holds no folders; make one for each class, with its recordings")
    return rows
