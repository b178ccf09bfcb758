r"""MTG-Jamendo: one track per line, then its tags, each in a cell of its own.

::

    TRACK_ID        ARTIST_ID       ALBUM_ID       PATH        DURATION  TAGS
    track_0000214   artist_000014   album_000031   14/214.mp3  124.6     genre---punkrock   mood/theme---happy

Tabs separate all of it, and nothing is quoted. Files of the smaller copy of the audio are called ``14/214.low.mp3``.

References: Bogdanov, Won, Tovstogan, Porter and Serra, "The MTG-Jamendo dataset for automatic music tagging", ICML
Machine Learning for Music Discovery Workshop 2019; the README and ``scripts/commons.py`` of MTG/mtg-jamendo-dataset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from audiolime_ext.collection.importers.draft import Draft, opened
from audiolime_ext.files.names import is_file
from audiolime_ext.text import counted

NAME = "MTG-Jamendo"
LABELS = {"TAGS": "tag"}
_HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]


def recognises(lines: Sequence[str]) -> bool:
    """Whether a table begins as MTG-Jamendo's do."""
    return bool(lines) and lines[0].split("\t") == _HEADER


def drafts(table: Path, root: Path | None, label: str) -> Iterator[Draft]:
    """The tracks of a table, whose paths are relative to `root` (None: the table's folder)."""
    root = table.parent if root is None else root
    with opened(table) as file:
        for line, text in enumerate(file, start=1):
            cells = text.rstrip("\r\n").split("\t")
            if line == 1 or not any(cells):
                continue
            if len(cells) < len(_HEADER) - 1:
                raise ValueError(f"line {line} has {counted(len(cells), 'cell')}, not {len(_HEADER)} or more")
            path = root / cells[3]
            low = path.with_suffix(f".low{path.suffix}")
            found = low if is_file(low) and not is_file(path) else path
            yield Draft(line, found, tuple(filter(None, cells[5:])), called=cells[3])
