"""Tracks of MUSDB18 by their number, where only text can be given: ``musdb:ROOT#4``.

ROOT is the folder that holds ``train`` and ``test``, of MUSDB18 (``NAME.stem.mp4``) or of MUSDB18-HQ
(``NAME/mixture.wav``). Tracks are counted from 0 as ``musdb.DB(root=ROOT)`` counts them: first those of ``train``, by
name. A folder of MUSDB18-HQ is read as it is. A stem file becomes a track object of the musdb package. It is made here,
because `musdb.DB` asks ffprobe about every stem of all 150 tracks before it gives one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audiolime_ext.errors import AudioError, MissingError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import require_file

PREFIX = "musdb:"
STREAMS = {"vocals": 4, "drums": 1, "bass": 2, "other": 3}  # in a stem file; 0 is the mixture


def is_musdb(source: Any) -> bool:
    """Whether this is text that names a track.

    Examples
    --------
    >>> is_musdb("musdb:/data/musdb18#4"), is_musdb("song.mp3")
    (True, False)
    """
    return isinstance(source, str) and source.startswith(PREFIX)


def musdb_folder(spec: str) -> Path | None:
    """The folder of wav files of the track that ``musdb:ROOT#NUMBER`` names; None for a stem file.

    MUSDB18-HQ needs neither the package nor ffmpeg: a folder holds ``mixture.wav`` and a file for each source.

    Raises
    ------
    UsageError, AudioError
        As `musdb_track`.
    """
    path = _named(spec)
    return path if path.is_dir() else None


def musdb_track(spec: str) -> Any:
    """The `musdb.MultiTrack` that ``musdb:ROOT#NUMBER`` names.

    Raises
    ------
    UsageError
        If it has no number, or there are fewer tracks.
    AudioError
        If ROOT holds no tracks, or the track is no file that can be read.
    MissingError
        If the package, or ffmpeg, which it needs, is missing.
    """
    path = _named(spec)
    try:
        if not path.is_dir():
            require_file(path)  # ffmpeg would wait for a pipe
    except OSError as error:
        raise AudioError(f"cannot read {legible(path)}: {error.strerror}; get a complete copy of MUSDB18") from error
    try:
        musdb = require("musdb", extra="musdb")
    except RuntimeError as error:
        raise MissingError(f"the package musdb cannot be used: {' '.join(str(error).split())}") from error
    return _track(musdb, path)


def _named(spec: str) -> Path:
    root, mark, number = spec.removeprefix(PREFIX).rpartition("#")
    if not mark or not number.isdecimal():
        raise UsageError(f"{spec} names no track; write musdb:ROOT#NUMBER, such as musdb:{root or number or 'ROOT'}#4")
    paths = _paths(Path(root))
    if not paths:
        raise AudioError(
            f"{legible(root)} holds no tracks; name the folder with train and test of MUSDB18 or MUSDB18-HQ"
        )
    if int(number) >= len(paths):
        raise UsageError(
            f"there is no track {number} in {legible(root)}, which has {len(paths)}: 0 to {len(paths) - 1}"
        )
    return paths[int(number)]


def _paths(root: Path) -> list[Path]:
    """Stem files or, where there are none, folders of wav files, in the order of the package."""
    subsets = [root / "train", root / "test"]
    files = [path for subset in subsets for path in sorted(subset.glob("*.stem.mp4"))]
    return files or [path.parent for subset in subsets for path in sorted(subset.glob("*/mixture.wav"))]


def _track(musdb: Any, path: Path) -> Any:
    is_wav = path.is_dir()
    track = musdb.MultiTrack(
        path=str(path / "mixture.wav" if is_wav else path),
        name=path.name.removesuffix(".stem.mp4"),
        subset=path.parent.name,
        is_wav=is_wav,
        stem_id=0,
    )
    files = {name: path / f"{name}.wav" if is_wav else path for name in STREAMS}
    track.sources = {
        name: musdb.Source(track, name=name, path=str(file), stem_id=STREAMS[name])
        for name, file in files.items()
        if file.is_file()
    }
    return track
