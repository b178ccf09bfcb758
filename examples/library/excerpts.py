"""What is compared: the middle half minute of some songs of each soundtrack, as they are and made alike.

`audiolime_ext.recommendation.evaluation.excerpts` says what that is, and why. Here both are files, for packages that
hear files.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE, AS_IT_IS, alike, middle
from audiolime_ext.recommendation.evaluation.songs import drawn

CONDITIONS = (AS_IT_IS, ALIKE)
MOST = 10


@dataclass(frozen=True)
class Excerpt:
    """An excerpt of a song: a file for each of `CONDITIONS`."""

    soundtrack: str
    artist: str
    files: dict[str, Path]


def excerpts_of(manifest: Path, kept: Path, *, most: int = MOST, seed: int = 0) -> list[Excerpt]:
    """Excerpts of at most `most` songs of each soundtrack, drawn by a seed; files that are there are kept.

    Raises
    ------
    UsageError
        If the manifest cannot be read or has too few songs.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(manifest))))
        songs = drawn([row["group"] for row in rows], most, seed)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{legible(manifest)} cannot be read ({error}); make it: make library") from error
    if len({rows[i]["group"] for i in songs}) < 4:
        raise UsageError(f"{legible(manifest)} has fewer than four soundtracks; two are compared on, and two to choose")
    named = tqdm([rows[i] for i in songs], desc="cutting", unit="song", disable=None, leave=False)
    return [
        Excerpt(row["group"], row.get("artist", ""), _files(manifest.parent / row["path"], row["path"], kept))
        for row in named
    ]


def _files(song: Path, name: str, kept: Path) -> dict[str, Path]:
    stem = name.replace("/", "--")
    files = {condition: kept / "excerpts" / condition.replace(" ", "-") / f"{stem}.wav" for condition in CONDITIONS}
    if not all(file.exists() for file in files.values()):
        cut = middle(load_audio(song))
        for condition, audio in zip(CONDITIONS, (cut, alike(cut)), strict=True):
            make_folder(files[condition].parent)
            audio.write(files[condition])
    return files
