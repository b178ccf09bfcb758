"""Which songs are of which style, and who hears them: manifests with the columns path, label, group and split.

Songs that are rendered bring theirs. Those of the library (`examples.library`) are of the style of their soundtrack,
and *a soundtrack is heard in training or in the test, never in both*: `soundtracks.csv`, written by hand, has the four
styles with four packages or more. (Metal has three, acoustic two, the others one.) Of a soundtrack at most
`MOST` songs are taken, drawn by a seed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of

SOUNDTRACKS = Path(__file__).with_name("soundtracks.csv")
MOST = 20


@dataclass(frozen=True)
class Song:
    """A recording, its style, its group (a soundtrack, or itself), and its split, such as train."""

    path: Path
    style: str
    group: str
    split: str

    @property
    def name(self) -> str:
        """A name within its table, for files."""
        return f"{self.path.parent.name}--{self.path.name}"


def read(manifest: Path) -> list[Song]:
    """The songs of a manifest that says splits.

    Raises
    ------
    UsageError
        If it cannot be read, lacks a column, or has a group in two splits.
    """
    rows = _rows(manifest, ("path", "label", "group", "split"))
    songs = [Song(manifest.parent / row["path"], row["label"], row["group"], row["split"]) for row in rows]
    require_apart(songs)
    return songs


def of_library(manifest: Path, table: Path = SOUNDTRACKS, *, seed: int = 0) -> list[Song]:
    """The songs of the library whose package is in the table.

    Raises
    ------
    UsageError
        If a table cannot be read, or a package is in it twice.
    """
    packages = {row["package"]: row for row in _rows(table, ("package", "style", "split"))}
    if len(packages) < len(_rows(table, ("package",))):
        raise UsageError(f"{legible(table)} names a package twice; a soundtrack is in one split only")
    by_package: dict[str, list[Song]] = {}
    for row in _rows(manifest, ("path", "group")):
        package = Path(row["path"]).parts[1]
        if package in packages:
            about = packages[package]
            song = Song(manifest.parent / row["path"], about["style"], row["group"], about["split"])
            by_package.setdefault(package, []).append(song)
    rng = np.random.default_rng(seed)
    songs = [
        own[i]
        for _, own in sorted(by_package.items())
        for i in sorted(rng.permutation(len(own))[:MOST].tolist())
    ]  # fmt: skip
    require_apart(songs)
    return songs


def require_apart(songs: Sequence[Song]) -> None:
    """Raise `UsageError` where songs of one group are in two splits."""
    splits: dict[str, str] = {}
    for song in songs:
        if splits.setdefault(song.group, song.split) != song.split:
            raise UsageError(f"{song.group} is in two splits, {splits[song.group]} and {song.split}; keep it in one")


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(path))))
    except (OSError, ValueError) as error:
        raise UsageError(f"{legible(path)} cannot be read ({error})") from error
    if not rows or any(column not in rows[0] for column in columns):
        raise UsageError(f"{legible(path)} needs the columns {', '.join(columns)} and a line for each song")
    return rows
