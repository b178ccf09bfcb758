"""Files become songs: what is long enough, with its tags, and the halves of Frets on Fire mixed.

A song of Frets on Fire comes as ``guitar.ogg`` and ``song.ogg``, which is everything else (`unpacking` calls it
``rest.ogg``). Their sum is the song, ``mixture.flac`` beside them, of 24 bits; where it is louder than full scale, one
gain for the whole song keeps it from being clipped, and the manifest says which. The halves are its true stems.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import soundfile

from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.errors import AudioError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from examples.library.packages import Package

HALVES = {"guitar.ogg": "guitar.ogg", "song.ogg": "rest.ogg"}  # as they are in the package, and here
MIXTURE = "mixture.flac"


@dataclass(frozen=True)
class Song:
    """A recording of the library; `stems` is the folder of its true stems, `gain_db` what was done to its level."""

    path: Path
    package: Package
    title: str
    artist: str = ""
    album: str = ""
    duration_s: float = 0.0
    stems: Path | None = None
    gain_db: float = 0.0


def renamed(path: PurePosixPath, beside: Collection[PurePosixPath]) -> PurePosixPath:
    """What a file of a package is called here: the half that is not the guitar gets its name."""
    is_half = all(path.with_name(name) in beside for name in HALVES)
    return path.with_name(HALVES.get(path.name, path.name)) if is_half else path


def songs_of(package: Package, files: Iterable[Path]) -> Iterator[Song]:
    """The songs in the files of a package, in order."""
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    for folder, inside in by_folder.items():
        if {file.name for file in inside} == set(HALVES.values()):
            yield _mixed(folder, package)
        else:
            yield from (_song(file, package) for file in inside)


def _song(path: Path, package: Package) -> Song:
    tags, duration_s = _facts(path)
    title = tags.get("title") or path.stem.replace("_", " ")
    return Song(path, package, title, tags.get("artist", ""), tags.get("album", ""), duration_s)


def _facts(path: Path) -> tuple[dict[str, str], float]:
    """Its tags, each on one line, and its length in seconds."""
    with soundfile.SoundFile(path) as file:
        tags = {name: " ".join(text.split()) for name, text in file.copy_metadata().items()}
        return tags, file.frames / file.samplerate


def _mixed(folder: Path, package: Package) -> Song:
    tags, duration_s = _facts(folder / HALVES["song.ogg"])
    gain_db = _mix(folder)
    title, artist, album = folder.name.replace("_", " "), tags.get("artist", ""), tags.get("album", "")
    return Song(folder / MIXTURE, package, title, artist, album, duration_s, folder, gain_db)


def _mix(folder: Path) -> float:
    """Write the sum of the halves, unless it is there; the gain in dB."""
    kept = folder.with_name(f".{folder.name}-gain.json")  # not beside the stems, where all that lies there is told
    if (folder / MIXTURE).exists() and kept.exists():
        return float(from_json(text_of(kept)))
    halves = [load_audio(folder / name) for name in HALVES.values()]
    if len({(half.sr, half.n_channels) for half in halves}) > 1:
        raise AudioError(f"{folder}: the halves differ in rate or channels, so they are no stems of one song")
    mixture = np.zeros((halves[0].n_channels, max(half.n_samples for half in halves)), np.float32)
    for half in halves:
        mixture[:, : half.n_samples] += half.samples
    gain = min(1.0, 0.999 / float(np.abs(mixture).max()))
    gain_db = round(20 * float(np.log10(gain)), 2)
    write_bytes(to_json(gain_db).encode(), kept)
    write_bytes(encode(mixture * np.float32(gain), halves[0].sr, "FLAC", "PCM_24"), folder / MIXTURE)
    return gain_db
