"""A published data set's table, and a recording in it before it is checked that its file is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from audiolime_ext.files.reading import require_file

_MOST = 1_000_000_000  # bytes of a table: FMA's has 260 MB


def opened(table: Path) -> TextIO:
    """A table, to be read line by line.

    Raises
    ------
    OSError
        If it is no regular file, has more than 1 GB, or cannot be read.
    """
    return require_file(table, _MOST).open(encoding="utf-8-sig", newline="")


@dataclass(frozen=True)
class Draft:
    """What a data set says about a recording.

    Parameters
    ----------
    line : int
        Line of the table; 0 where there is no table.
    path : Path
        The file.
    labels : tuple of str
        Tags of the recording, as the data set spells them.
    group : str or None
        The song that it is an excerpt of; None: it is a song of its own.
    split : str or None
        Split of the data set; None where the table does not say.
    called : str or None
        Path as the table has it, from the folder of the audio; None: the whole path.
    """

    line: int
    path: Path
    labels: tuple[str, ...]
    group: str | None = None
    split: str | None = None
    called: str | None = None

    @property
    def name(self) -> str:
        """What to call it: ``rock/0.wav``, to tell it from ``jazz/0.wav``."""
        return self.called or str(self.path)

    def with_labels(self, labels: tuple[str, ...]) -> Draft:
        """The same with other classes."""
        return replace(self, labels=labels)
