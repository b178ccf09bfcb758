r"""FMA: ``tracks.csv``, whose header has three rows, and ``genres.csv``, which names genres by number.

::

    ,         set,      set,   track,     track,  track
    ,         split,    subset,genre_top, genres, genres_all
    track_id, ,         ,      ,          ,
    2,        training, small, Hip-Hop,   [21],   [21]

Track 2 lies in ``fma_small/000/000002.mp3``, or in that of a larger subset, beside the folder of the metadata or above
it. Its class is ``genre_top``, which half of the tracks have; or, if they are asked for, all of its ``genres`` (or
``genres_all``: with their parents), by the titles in ``genres.csv``.

References: Defferrard, Benzi, Vandergheynst and Bresson, "FMA: A dataset for music analysis", ISMIR 2017; the README,
``usage.ipynb`` and ``utils.get_audio_path`` of mdeff/fma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from audiolime_ext.collection.importers.draft import Draft, opened
from audiolime_ext.collection.table import cells_of
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, is_folder, legible
from audiolime_ext.text import counted

NAME = "FMA"
LABELS = {"genre_top": "top genre", "genres": "genre", "genres_all": "genre"}
_SUBSETS = ("fma_full", "fma_large", "fma_medium", "fma_small")


def recognises(lines: Sequence[str]) -> bool:
    """Whether a table begins as FMA's ``tracks.csv`` does."""
    rows = [cells for _, cells in cells_of(lines)]
    return (
        len(rows) == 3 and rows[2][:1] == ["track_id"] and ("track", "genre_top") in zip(rows[0], rows[1], strict=False)
    )


def drafts(table: Path, root: Path | None, label: str) -> Iterator[Draft]:
    """The tracks of the table; `root` is the folder that holds ``000``, ``001``, … (None: it is searched for)."""
    folders = [root] if root else [base / name for base in (table.parent, table.parent.parent) for name in _SUBSETS]
    there = [folder for folder in folders if is_folder(folder)] or [table.parent]
    titles = {} if label == "genre_top" else _titles(table.parent / "genres.csv")
    with opened(table) as file:
        rows = cells_of(file)
        names = list(zip(next(rows)[1], next(rows)[1], strict=False))
        next(rows)
        named, split = names.index(("track", label)), names.index(("set", "split"))
        for line, cells in rows:
            if not any(cells):
                continue
            if len(cells) != len(names) or not cells[0].isdecimal():
                raise ValueError(
                    f"line {line} does not begin with a number, or does not have {counted(len(names), 'cell')}"
                )
            number = f"{int(cells[0]):06d}"
            called = f"{number[:3]}/{number}.mp3"
            paths = [folder / called for folder in there]
            path = next((path for path in paths if is_file(path)), paths[0])
            found = _labels(cells[named], titles, line)
            yield Draft(line, path, found, split=cells[split] or None, called=called)


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
