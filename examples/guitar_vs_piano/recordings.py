"""Recordings made of a song's stems, and the test sets that an audit is given.

*A recording is the plain sum of its stems*: no gain, no limiter, so that the same song with and without the confounder
differs by the confounder alone. A test set is a folder with ``manifest.csv`` (see `audiolime_ext.collection.manifest`;
the group is the song), one WAV a recording and its true stems in a folder of their own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from audiolime_ext.files.fresh import write_bytes
from examples.guitar_vs_piano.confounders import Confounder, Recording, confounded, treated
from examples.guitar_vs_piano.songs import SR, Samples, load


def stems(song: Path, label: str, tracks: Sequence[str]) -> Mapping[str, Samples]:
    """Name → samples of what sounds in a recording."""
    found = {label: load(song, label)}
    for track in tracks:
        name, _, treatment = track.partition(":")
        found[name] = treated(load(song, name), treatment)
    return found


def mixture(stems: Mapping[str, Samples]) -> Samples:
    """Their sum, shape (n_samples,)."""
    return np.asarray(np.sum(list(stems.values()), axis=0, dtype=float), np.float32)


def write_test_set(folder: Path, songs: Sequence[Path], confounder: Confounder, *, swapped: bool) -> None:
    """All songs, in both versions, as an audit reads them; nothing is done if they are there."""
    if folder.exists():
        return
    temporary = folder.with_name(f".{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    recordings = confounded(confounder, range(len(songs)), swapped=swapped)
    for recording in recordings:
        song = songs[recording.song]
        found = stems(song, recording.label, confounder.present if recording.present else confounder.absent)
        inside = temporary / "stems" / _name(song, recording)
        inside.mkdir(parents=True)
        for name, stem in found.items():
            soundfile.write(inside / f"{name}.wav", stem, SR, subtype="FLOAT")
        soundfile.write(temporary / f"{_name(song, recording)}.wav", mixture(found), SR, subtype="FLOAT")
    write_manifest(temporary / "manifest.csv", temporary, songs, recordings)
    temporary.replace(folder)


def write_manifest(path: Path, folder: Path, songs: Sequence[Path], recordings: Sequence[Recording]) -> None:
    """The table of some recordings of a test set."""
    inside = Path(os.path.relpath(folder, path.parent))
    names = [_name(songs[recording.song], recording) for recording in recordings]
    rows = [
        (inside / f"{name}.wav", recording.label, songs[recording.song].name, inside / "stems" / name)
        for name, recording in zip(names, recordings, strict=True)
    ]
    lines = "".join(",".join(map(str, row)) + "\n" for row in [("path", "label", "group", "stems"), *rows])
    write_bytes(lines.encode(), path)


def _name(song: Path, recording: Recording) -> str:
    return f"{song.name}-{recording.label}"
