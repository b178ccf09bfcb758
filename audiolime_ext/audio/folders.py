"""Which files of a folder are recordings: whatever `load_audio` reads, by their endings; and what is left out, and why.

What can be read is what the decoders list: the formats of the libsndfile that is installed, and those of PyAV where it
is installed. Formats of libsndfile that hold measurements (MAT, HTK), have no header (RAW) or keep it elsewhere (SD2)
do not count as music.

Nothing is left out silently: `Found.note` counts it, names some of it and says why.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.errors import MissingError
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible

_OF_LIBSNDFILE = {
    "AIFF": "aif aiff aifc",
    "AU": "au snd",
    "AVR": "avr",
    "CAF": "caf",
    "FLAC": "flac",
    "IRCAM": "sf ircam",
    "MP3": "mp3 mp2",
    "NIST": "sph nist",
    "OGG": "ogg oga opus",
    "PAF": "paf",
    "PVF": "pvf",
    "RF64": "rf64",
    "SVX": "iff 8svx svx",
    "VOC": "voc",
    "W64": "w64",
    "WAV": "wav wave bwf",
}
_OF_PYAV = {
    "aac": "aac",
    "ape": "ape",
    "asf": "wma asf",
    "matroska,webm": "mka mkv webm",
    "mov,mp4,m4a,3gp,3g2,mj2": "m4a m4b mp4 mov 3gp 3g2",
    "tta": "tta",
    "wv": "wv",
}  # by ffmpeg's demuxers; `containers` knows such files by their first bytes
HIDDEN = "hidden"
NO_AUDIO = "not an audio file by its ending"
NEEDS_CODECS = "audio that needs the extra codecs (pip install 'audiolime-ext[codecs]')"
NO_FILE = "no file that can be read (a broken link, a pipe, a device)"
FOLDER = "a folder"
_REASONS = (NO_AUDIO, NEEDS_CODECS, HIDDEN, NO_FILE, FOLDER)
_SHOWN = 3


def audio_endings() -> frozenset[str]:
    """The endings, in lower case, of the files that can be read on this machine.

    Examples
    --------
    >>> {".wav", ".flac", ".opus", ".w64"} <= audio_endings(), ".txt" in audio_endings()
    (True, False)
    """
    import soundfile

    found = _endings(_OF_LIBSNDFILE, soundfile.available_formats())
    with suppress(MissingError):
        found |= _endings(_OF_PYAV, require("av", extra="codecs").formats_available)
    return found


def _endings(table: Mapping[str, str], formats: Iterable[str]) -> frozenset[str]:
    there = set(formats)
    known = [text for name, text in table.items() if name in there]
    return frozenset(f".{ending}" for text in known for ending in text.split())


@dataclass(frozen=True)
class Found:
    """The recordings of a folder, in order, and what was left out, by reason."""

    folder: Path
    files: tuple[Path, ...]
    skipped: Mapping[str, tuple[Path, ...]]

    @property
    def note(self) -> str | None:
        """One line about all that was left out; None where nothing was.

        Examples
        --------
        >>> Found(Path("songs"), (), {HIDDEN: (Path("songs/.DS_Store"),)}).note
        'skipped in songs: 1 × hidden (.DS_Store)'
        """
        return skipped_note(self.folder, self.skipped)


def skipped_note(folder: Path, skipped: Mapping[str, Sequence[Path]]) -> str | None:
    """As `Found.note`."""
    there = [(reason, paths) for reason in _REASONS if (paths := skipped.get(reason, ()))]
    told = [f"{len(paths)} × {reason} ({some(paths, folder)})" for reason, paths in there]
    return f"skipped in {legible(folder)}: {'; '.join(told)}" if told else None


def some(paths: Sequence[Path], folder: Path) -> str:
    """Up to three of some files, by their names relative to a folder."""
    names = [legible(os.path.relpath(path, folder)) for path in paths[:_SHOWN]]
    return ", ".join(names + ["…"] * (len(paths) > _SHOWN))


def look_into(folder: Path, *, deep: bool = False, but: Path | None = None) -> Found:
    """The recordings in a folder, sorted; with `deep`, also in all folders below it that are not hidden and no links.

    The folder `but`, such as that of an index, is passed by.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     for file in ("b.WAV", "a.opus", "._a.opus", "cover.jpg"):
    ...         Path(name, file).touch()
    ...     found = look_into(Path(name))
    >>> [file.name for file in found.files], [file.name for file in found.skipped[HIDDEN]]
    (['a.opus', 'b.WAV'], ['._a.opus'])
    """
    files, endings = list[Path](), audio_endings()
    skipped: dict[str, list[Path]] = {}
    for path in _inside(folder, deep, None if but is None else os.path.realpath(but)):
        if reason := _why_not(path, endings):
            skipped.setdefault(reason, []).append(path)
        else:
            files.append(path)
    return Found(folder, tuple(sorted(files)), {reason: tuple(sorted(paths)) for reason, paths in skipped.items()})


def _inside(folder: Path, deep: bool, but: str | None) -> Iterator[Path]:
    folders = [folder]
    while folders:
        for path in folders.pop().iterdir():
            if but is not None and os.path.realpath(path) == but:
                continue
            if deep and path.is_dir() and not (path.name.startswith(".") or path.is_symlink()):
                folders.append(path)
            else:
                yield path


def _why_not(path: Path, endings: Collection[str]) -> str | None:
    """Why a path is not a recording; None if it is one."""
    ending = path.suffix.lower()
    if path.name.startswith("."):
        return HIDDEN
    if path.is_dir():
        return FOLDER
    if ending not in endings:
        return NEEDS_CODECS if ending in _endings(_OF_PYAV, _OF_PYAV) else NO_AUDIO
    return None if path.is_file() else NO_FILE
