r"""FMA: ``tracks.csv``, whose header has three rows, and ``genres.csv``, which names genres by number.

::

    ,         set,      set,   track,     track,  track
    ,         split,    subset,genre_top, genres, genres_all
    track_id, ,         ,      ,          ,
    2,        training, small, Hip-Hop,   [21],   [21]

Track 2 lies in ``fma_small/000/000002.mp3``, or in that of a larger subset, beside the folder of the metadata or above
it. Its class is ``genre_top``, which half of the tracks have; or, if they are asked for, all of its ``genres`` (or
``genres_all``: with their parents), by the titles in ``genres.csv``.

For an index a folder is named, ``fma:DIR?subset=small&split=test``, and each track comes with what the table says of it
(`make`, `tracks`). A subset holds the smaller ones: ``medium`` is what is marked small or medium. The year is that in
which the album was released or, where that is not known, in which the track was recorded.

References: Defferrard, Benzi, Vandergheynst and Bresson, "FMA: A dataset for music analysis", ISMIR 2017; the README,
``usage.ipynb`` and ``utils.get_audio_path`` of mdeff/fma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.audio.tags import one_line, year_of
from audiolime_ext.collection.importers.draft import Draft, opened
from audiolime_ext.collection.omissions import left_out
from audiolime_ext.collection.table import cells_of
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import is_file, is_folder, legible
from audiolime_ext.registry import options
from audiolime_ext.text import counted

NAME = "FMA"
LABELS = {"genre_top": "top genre", "genres": "genre", "genres_all": "genre"}
SUBSETS = ("small", "medium", "large", "full")  # each holds those before it; the table marks three
SPLITS = ("training", "validation", "test")
TABLE = "tracks.csv"
_METADATA = "fma_metadata"  # folder that the published archive unpacks to
_AUDIO = tuple(f"fma_{subset}" for subset in reversed(SUBSETS))
_DESCRIBED = (  # columns, in the order of `_track`
    *(("set", "split"), ("set", "subset"), ("track", "title"), ("artist", "name"), ("album", "title")),
    *(("track", "genre_top"), ("album", "date_released"), ("track", "date_recorded")),
)


@dataclass(frozen=True)
class Track:
    """A track of FMA.

    Parameters
    ----------
    number : int
        Number of the track.
    path : Path
        The file.
    called : str
        Path of the file in the folder of the audio, such as ``000/000002.mp3``.
    split, subset : str or None
        Split, and the smallest subset that holds it.
    title, artist, album, genre : str or None
        Texts of one line, as the table says them; `genre` is the top genre.
    year : int or None
        Year in which the album was released, else in which the track was recorded.
    """

    number: int
    path: Path
    called: str
    split: str | None = None
    subset: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class Tracks:
    """Tracks in the order of the table, and notes on what was left out."""

    rows: tuple[Track, ...]
    notes: tuple[str, ...] = ()


def make(argument: str) -> Tracks:
    """The tracks that ``fma:`` names: `tracks` of a folder, with its options behind a question mark.

    Parameters
    ----------
    argument : str
        Folder, perhaps with options: ``DIR?subset=small&split=test``.

    Raises
    ------
    UsageError
        If an option is not known, or as `tracks`.
    """
    folder, given = options(argument, ("subset", "split"))
    if not folder:
        raise UsageError("fma: names no folder; write fma:DIR, the folder that holds fma_metadata and fma_small")
    return tracks(Path(folder), **given)


def tracks(folder: Path, *, subset: str | None = None, split: str | None = None) -> Tracks:
    """The tracks of FMA whose files are there, with what its table says of them.

    Parameters
    ----------
    folder : Path
        Folder that holds ``fma_metadata`` and the folders of audio, such as ``fma_small``; or ``fma_metadata`` itself.
    subset : str or None
        Subset whose tracks are wanted: "small", "medium", "large" or "full"; None: all tracks.
    split : str or None
        Split whose tracks are wanted: "training", "validation" or "test"; None: all.

    Raises
    ------
    UsageError
        If there is no table or it is damaged, the subset or split is not known, or no track is left.
    """
    for kind, given, known in (("subset", subset, SUBSETS), ("split", split, SPLITS)):
        if given is not None and given not in known:
            raise unknown(f"{kind} of FMA's", given, known)
    table = _table(folder)
    origin = legible(table)
    try:
        wanted = [track for track in described(table) if _is_of(track, subset, split)]
    except (OSError, ValueError) as error:
        raise UsageError(f"{origin} cannot be read: {error}; get a complete copy") from error
    there = tuple(track for track in wanted if is_file(track.path))
    if not wanted:
        raise UsageError(f"{origin} names no track of this subset and split; leave one of them out")
    if not there:
        raise UsageError(
            f"{origin} cannot be used: none of its files was found, such as {legible(wanted[0].path)}; put the folder "
            f"of the audio ({', '.join(reversed(_AUDIO))}) beside that of the metadata"
        )
    found = set(there)
    gone = [track.called for track in wanted if track not in found]
    note = left_out(
        gone, f"track of {origin} has no file and is left out", f"tracks of {origin} have no file and are left out"
    )
    return Tracks(there, (note,) if note else ())


def _is_of(track: Track, subset: str | None, split: str | None) -> bool:
    if split not in (None, track.split):
        return False
    return subset in (None, "full") or track.subset in SUBSETS[: SUBSETS.index(subset) + 1]


def described(table: Path) -> Iterator[Track]:
    """Every track of a table, whether its file is there or not.

    Raises
    ------
    OSError, ValueError
        If the table cannot be read.
    """
    folders = _folders(table)
    for _, number, cells in _rows(table, _DESCRIBED):
        split, subset, title, artist, album, genre = map(one_line, cells[:6])
        year = next(filter(None, map(year_of, cells[6:])), None)
        called, path = _file(number, folders)
        yield Track(number, path, called, split, subset, title, artist, album, genre, year)


def recognises(lines: Sequence[str]) -> bool:
    """Whether a table begins as FMA's ``tracks.csv`` does."""
    rows = [cells for _, cells in cells_of(lines)]
    return (
        len(rows) == 3 and rows[2][:1] == ["track_id"] and ("track", "genre_top") in zip(rows[0], rows[1], strict=False)
    )


def drafts(table: Path, root: Path | None, label: str) -> Iterator[Draft]:
    """The tracks of the table; `root` is the folder that holds ``000``, ``001``, … (None: it is searched for)."""
    folders = [root] if root else _folders(table)
    titles = {} if label == "genre_top" else _titles(table.parent / "genres.csv")
    for line, number, (named, split) in _rows(table, [("track", label), ("set", "split")]):
        called, path = _file(number, folders)
        yield Draft(line, path, _labels(named, titles, line), split=split or None, called=called)


def _table(folder: Path) -> Path:
    """The table of a folder, or of the folder of the metadata in it."""
    places = [folder / TABLE, folder / _METADATA / TABLE]
    if found := next(filter(is_file, places), None):
        return found
    raise UsageError(
        f"there is no file {legible(places[1])}, nor {legible(places[0])}; name the folder that holds FMA's "
        f"{_METADATA} (its archive has {TABLE})"
    )


def _folders(table: Path) -> list[Path]:
    """Folders of audio, beside the folder of the metadata or within it; the table's own where there are none."""
    folders = [base / name for base in (table.parent, table.parent.parent) for name in _AUDIO]
    return list(filter(is_folder, folders)) or [table.parent]


def _file(number: int, folders: Sequence[Path]) -> tuple[str, Path]:
    """What a track's file is called, and where it is: in the first folder that has it."""
    name = f"{number:06d}.mp3"
    called = f"{name[:3]}/{name}"
    paths = [folder / called for folder in folders]
    return called, next(filter(is_file, paths), paths[0])


def _rows(table: Path, wanted: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int, list[str]]]:
    """Each track's line, its number, and its cells in the columns that are wanted."""
    with opened(table) as file:
        rows = cells_of(file)
        names = list(zip(*(next(rows, (0, []))[1] for _ in range(2)), strict=False))
        next(rows, None)
        for column in wanted:
            if column not in names:
                raise ValueError(f"it has no column {' '.join(column)!r}")
        places = [names.index(column) for column in wanted]
        for line, cells in rows:
            if not any(cells):
                continue
            if len(cells) != len(names) or not cells[0].isdecimal():
                raise ValueError(
                    f"line {line} does not begin with a number, or does not have {counted(len(names), 'cell')}"
                )
            yield line, int(cells[0]), [cells[place] for place in places]


def _labels(cell: str, titles: dict[int, str], line: int) -> tuple[str, ...]:
    """A top genre, or several genres by their numbers: ``[21, 45]``."""
    if not cell.startswith("["):
        return (cell,) if cell else ()
    if not re.fullmatch(r"\[[\d\s,]*\]", cell):
        raise ValueError(f"line {line} names genres in another form than [21, 45]")
    return tuple(titles.get(number, str(number)) for number in map(int, re.findall(r"\d+", cell)))


def _titles(table: Path) -> dict[int, str]:
    try:
        with opened(table) as file:
            (_, names), *rows = cells_of(file)
        number, title = names.index("genre_id"), names.index("title")
        return {int(cells[number]): cells[title] for _, cells in rows if cells}
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(f"cannot read {legible(table)} ({error}), which names FMA's genres; put it there") from error
