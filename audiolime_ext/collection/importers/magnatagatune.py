r"""MagnaTagATune: ``annotations_final.csv``, separated by tabs, has a column of 0 and 1 for each of 188 tags.

::

    "clip_id"  "no voice"  "singer"  …  "mp3_path"
    "2"        "0"         "1"       …  "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria-30-59.mp3"

A path ends in the seconds at which the clip was cut; clips that differ in nothing else are of one song.

References: Law, West, Mandel, Bay and Downie, "Evaluation of algorithms using games: the case of music tagging", ISMIR
2009; https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from audiolime_ext.collection.importers.draft import Draft, opened
from audiolime_ext.collection.table import cells_of
from audiolime_ext.text import counted

NAME = "MagnaTagATune"
LABELS = {"tags": "tag"}
_CUT_AT = re.compile(r"-\d+-\d+\.[^.]+$")


def recognises(lines: Sequence[str]) -> bool:
    """Whether a table begins as MagnaTagATune's does."""
    _, cells = next(cells_of(lines[:1], "\t"), (0, []))
    return len(cells) > 2 and (cells[0], cells[-1]) == ("clip_id", "mp3_path")


def drafts(table: Path, root: Path | None, label: str) -> Iterator[Draft]:
    """The clips of the table, whose paths are relative to `root` (None: the table's folder)."""
    root = table.parent if root is None else root
    with opened(table) as file:
        rows = cells_of(file, "\t")
        tags = next(rows)[1][1:-1]
        for line, cells in rows:
            if not any(cells):
                continue
            if len(cells) != len(tags) + 2:
                raise ValueError(f"line {line} has {counted(len(cells), 'cell')}, not {len(tags) + 2}")
            labels = tuple(tag for tag, on in zip(tags, cells[1:-1], strict=True) if on == "1")
            path = cells[-1]
            yield Draft(line, root / path, labels, group=_CUT_AT.sub("", path), called=path)
