r"""Folders of stems, as people and published data sets lay them out: which files make which stem.

- *A file for each stem*, named like it; ``mixture`` or ``mix`` is the recording. MUSDB18-HQ's songs are laid out so
  (``mixture.wav``, ``vocals.wav``, ``drums.wav``, ``bass.wav``, ``other.wav``; https://doi.org/10.5281/zenodo.3338373).
- *Separators' own names*, ``SONG_(Vocals)_model.wav`` of audio-separator and Ultimate Vocal Remover (the README of
  nomadkaraoke/python-audio-separator, "output"): the stem's name is in brackets; ``SONG.wav`` beside them is the
  recording.
- *MedleyDB* (Bittner et al., "MedleyDB: A multitrack dataset for annotation-intensive MIR research", ISMIR 2014; its
  website's "Dataset description"): ``SONG_STEMS/SONG_STEM_01.wav`` …, ``SONG_MIX.wav``, and ``SONG_METADATA.yaml``,
  whose ``stems: S01: {filename, instrument}`` name the instruments. The user names the song's folder. Two stems of one
  instrument are numbered.
- *MoisesDB* (Pereira et al., "MoisesDB: A dataset for source separation beyond 4-stems", ISMIR 2023; its README): a
  folder for each stem, whose files are summed: ``vocals/1a2b.wav``, ``vocals/3c4d.wav``, ``bass/…``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiolime_ext.audio.folders import FOLDER, Found, look_into, skipped_note, some
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import yaml_of
from audiolime_ext.files.reading import require_file, text_of
from audiolime_ext.text import counted

_MOST = 1_000_000  # bytes of a song's metadata: MedleyDB's have some 10 kB
_MIXTURE = {"mixture", "mix"}
_SEPARATED = re.compile(r"(?P<song>.+)_\((?P<stem>[^()]+)\)(?:_(?P<model>.+))?")


@dataclass(frozen=True)
class StemFolder:
    """What is in a folder of stems.

    Parameters
    ----------
    stems : mapping of str to tuple of Path
        Stem's name → the files that are summed.
    mixture : Path or None
        File of the recording that the stems belong to; None where it is not there.
    notes : tuple of str
        Notes for the listener: what was summed, what was skipped.
    """

    stems: Mapping[str, tuple[Path, ...]]
    mixture: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Every file, as (what it is, path), in order: a file with another name is another stem."""
        own = [
            (path.name if legible(path.stem) == name else f"{name}/{path.name}", path)
            for name, paths in self.stems.items()
            for path in paths
        ]
        return sorted(own + ([] if self.mixture is None else [(self.mixture.name, self.mixture)]))


def read_stem_folder(folder: Path) -> StemFolder:
    """Find out how a folder of stems is laid out, and which files make which stem.

    Raises
    ------
    UsageError
        If there is no such folder, no stem in it, or it is unclear which files are stems.
    MissingError
        If it is a song of MedleyDB and PyYAML is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     for file in ("Blue_(Vocals)_htdemucs.wav", "Blue_(No Vocals)_htdemucs.wav", "Blue.wav"):
    ...         Path(name, file).touch()
    ...     found = read_stem_folder(Path(name))
    >>> list(found.stems), found.mixture.name
    (['no vocals', 'vocals'], 'Blue.wav')
    """
    if not folder.is_dir():
        raise UsageError(f"oracle: {legible(folder)} is not a folder; name one that holds a file for each stem")
    found = look_into(folder)
    if song := _medleydb_song(found):
        return _medleydb(*song)
    stems = [file for file in found.files if file.stem.lower() not in _MIXTURE]
    matches = {file: match for file in stems if (match := _SEPARATED.fullmatch(file.stem))}
    songs = {match["song"] for match in matches.values()}
    if matches and all(file in matches or file.stem in songs for file in stems):
        return _separated(found, matches)
    inside = {path: look_into(path) for path in found.skipped.get(FOLDER, ())}
    if not stems and any(inner.files for inner in inside.values()):
        return _summed(found, inside)
    if not stems:
        raise UsageError(
            f"oracle: no stems in {legible(folder)}; it needs files such as vocals.wav and drums.wav" + _and(found.note)
        )
    by_name = {legible(file.stem): (file,) for file in stems}
    if len(by_name) < len(stems):
        twice = next(name for name, n in Counter(legible(file.stem) for file in stems).items() if n > 1)
        raise UsageError(
            f"oracle: {legible(folder)} holds two files of the same name with different endings ({twice}); keep one"
        )
    return StemFolder(by_name, _mixture(found), _notes(found))


def _and(note: str | None) -> str:
    return f" ({note})" if note else ""


def _notes(found: Found, *more: str) -> tuple[str, ...]:
    return tuple(note for note in (*more, found.note) if note)


def _mixture(found: Found) -> Path | None:
    return next((file for file in found.files if file.stem.lower() in _MIXTURE), None)


def _separated(found: Found, matches: Mapping[Path, re.Match[str]]) -> StemFolder:
    """``SONG_(Vocals)_model.wav``."""
    songs = sorted({match["song"] for match in matches.values()})
    if len(songs) > 1:
        named = some([found.folder / song for song in songs], found.folder)
        raise UsageError(
            f"oracle: {legible(found.folder)} holds stems of {counted(len(songs), 'song')} ({named}); give each song "
            "a folder"
        )
    stems: dict[str, tuple[Path, ...]] = {}
    for file, match in matches.items():
        name = legible(match["stem"].strip().lower())
        if name in stems:
            raise UsageError(
                f"oracle: {legible(stems[name][0].name)} and {legible(file.name)} are both {name!r}; "
                "keep the stems of one model in a folder"
            )
        stems[name] = (file,)
    song = next((file for file in found.files if file.stem == songs[0]), None)
    return StemFolder(stems, _mixture(found) or song, _notes(found))


def _summed(found: Found, inside: Mapping[Path, Found]) -> StemFolder:
    """A folder for each stem, as MoisesDB has them."""
    stems = {legible(path.name): inner.files for path, inner in inside.items() if inner.files}
    summed = [f"{name} is the sum of {counted(len(files), 'file')}" for name, files in stems.items() if len(files) > 1]
    left = {**found.skipped, FOLDER: [path for path, inner in inside.items() if not inner.files]}
    skipped = [skipped_note(found.folder, left), *(inner.note for inner in inside.values() if inner.files)]
    return StemFolder(stems, _mixture(found), (*summed, *filter(None, skipped)))


def _medleydb_song(found: Found) -> tuple[Path, Path] | None:
    """The folder of a song of MedleyDB, and that of its stems, whichever of the two was named."""
    here = found.folder.resolve()
    if here.name.endswith("_STEMS"):
        return here.parent, found.folder
    named = [path for path in found.skipped.get(FOLDER, ()) if path.name == f"{here.name}_STEMS"]
    return (found.folder, named[0]) if named else None


def _medleydb(song: Path, folder: Path) -> StemFolder:
    found = look_into(folder)
    name = song.resolve().name
    metadata = song / f"{name}_METADATA.yaml"
    if not os.path.lexists(metadata):
        raise UsageError(
            f"oracle: {legible(folder)} is laid out as in MedleyDB, but {legible(metadata.name)}, which names the "
            "instruments, is not beside it; put it there, or give the stems' files the names of their instruments"
        )
    instruments = _instruments(metadata)
    if unnamed := [file for file in found.files if file.name not in instruments]:
        raise UsageError(f"oracle: {legible(metadata)} does not name the instrument of {some(unnamed, folder)}")
    stems: dict[str, tuple[Path, ...]] = {}
    counts = Counter(instruments[file.name] for file in found.files)
    seen: Counter[str] = Counter()
    for file in found.files:
        instrument = instruments[file.name]
        seen[instrument] += 1
        stems[f"{instrument} {seen[instrument]}" if counts[instrument] > 1 else instrument] = (file,)
    if not stems:
        raise UsageError(f"oracle: no stems in {legible(folder)}{_and(found.note)}")
    mixture = song / f"{name}_MIX.wav"
    return StemFolder(stems, mixture if mixture.is_file() else None, _notes(found))


def _instruments(metadata: Path) -> dict[str, str]:
    """File name → instrument, from a song's METADATA.yaml."""
    try:
        stems = yaml_of(text_of(require_file(metadata, _MOST)), extra="medleydb")["stems"].values()
        return {str(stem["filename"]): _joined(stem["instrument"]) for stem in stems}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"oracle: {legible(metadata)} names no stems as MedleyDB's files do ({error})") from error


def _joined(instrument: Any) -> str:
    return "+".join(map(str, instrument)) if isinstance(instrument, list) else str(instrument)
