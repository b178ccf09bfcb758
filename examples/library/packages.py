"""Which Debian packages hold the music, and what it is: `packages.csv`, written by hand.

A line names a package, the game whose soundtrack it brings, the style that most of it has, and patterns of files that
are no music (rain, wind), to be left out. Styles are one listener's word for a whole soundtrack, and no more than that.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of

COMMITTED = Path(__file__).with_name("packages.csv")
COLUMNS = ["package", "soundtrack", "style", "leave_out"]


@dataclass(frozen=True)
class Package:
    """A Debian package, the soundtrack in it, its style, and patterns of files that are no music."""

    name: str
    soundtrack: str
    style: str
    leave_out: tuple[str, ...] = ()

    def is_music(self, file: str | PurePosixPath) -> bool:
        """Whether a file of the package, by its path, is not to be left out."""
        return not any(fnmatchcase(str(file), pattern) for pattern in self.leave_out)


def read_packages(path: Path = COMMITTED) -> list[Package]:
    """The packages of a list, in its order.

    Raises
    ------
    UsageError
        If the list cannot be read, or a line lacks a cell or repeats a package.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(path))))
    except (OSError, ValueError) as error:
        raise UsageError(f"the list of packages {legible(path)} cannot be read: {error}") from error
    if not rows or list(rows[0]) != COLUMNS:
        raise UsageError(f"{legible(path)} needs the columns {','.join(COLUMNS)} and a line for each package")
    for line, row in enumerate(rows, 2):
        if not all(row[name] for name in COLUMNS[:3]):
            raise UsageError(f"{legible(path)}, line {line}: package, soundtrack and style are needed")
    names = [row["package"] for row in rows]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{legible(path)} names {repeated[0]} twice; keep one line")
    patterns = [tuple(filter(None, (row["leave_out"] or "").split(";"))) for row in rows]
    return [Package(*(row[name] for name in COLUMNS[:3]), out) for row, out in zip(rows, patterns, strict=True)]
