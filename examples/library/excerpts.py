"""What is compared: the middle half minute of some songs of each soundtrack, as they are and made alike.

Recordings of one album are alike in more than their music: where the codec cuts the treble off, how loud they are, how
bright. So everything is measured twice: *as it is*, and *alike*, where every excerpt has been cut off at 8 kHz (by
resampling to 16 kHz), brought to one level, and encoded once more by the same codec (Ogg Vorbis of quality 3). What a
method loses from the one to the other was never music. Both are mono.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import make_folder
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import text_of

CONDITIONS = ("as it is", "alike")
DURATION_S, MOST = 30.0, 10
SR, LEVEL_DB, COMPRESSION = 16000, -20.0, 0.7  # quality 3 of 10


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
        songs = chosen([row["group"] for row in rows], most, seed)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{legible(manifest)} cannot be read ({error}); make it: make library") from error
    if len({rows[i]["group"] for i in songs}) < 4:
        raise UsageError(f"{legible(manifest)} has fewer than four soundtracks; two are compared on, and two to choose")
    named = tqdm([rows[i] for i in songs], desc="cutting", unit="song", disable=None, leave=False)
    return [
        Excerpt(row["group"], row.get("artist", ""), _files(manifest.parent / row["path"], row["path"], kept))
        for row in named
    ]


def chosen(groups: Sequence[str], most: int, seed: int) -> list[int]:
    """At most `most` places of each group, drawn by a seed, in order."""
    rng = np.random.default_rng(seed)
    drawn = []
    for group in sorted(set(groups)):
        places = [i for i, name in enumerate(groups) if name == group]
        drawn += rng.permutation(places)[:most].tolist()
    return sorted(drawn)


def _files(song: Path, name: str, kept: Path) -> dict[str, Path]:
    stem = name.replace("/", "--")
    files = {condition: kept / "excerpts" / condition.replace(" ", "-") / f"{stem}.wav" for condition in CONDITIONS}
    if not all(file.exists() for file in files.values()):
        cut = middle(load_audio(song))
        for condition, audio in zip(CONDITIONS, (cut, alike(cut)), strict=True):
            make_folder(files[condition].parent)
            audio.write(files[condition])
    return files


def middle(audio: Audio, duration_s: float = DURATION_S) -> Audio:
    """The middle of a recording, mono."""
    duration_s = min(duration_s, audio.duration_s)
    cut = audio.excerpt((audio.duration_s - duration_s) / 2, duration_s)
    return Audio(cut.samples.mean(axis=0, keepdims=True), cut.sr, audio.name)


def alike(audio: Audio) -> Audio:
    """The recording as all others are made: up to 8 kHz, of one level, encoded by one codec."""
    n_samples = resampled_length(audio.n_samples, audio.sr, SR)
    samples = resample_span(audio.samples, audio.sr, SR, 0, n_samples)
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=float))))
    samples = samples * np.float32(10 ** (LEVEL_DB / 20) / max(rms, 1e-9))
    return Audio(_encoded_again(samples)[:, :n_samples], SR, audio.name)


def _encoded_again(samples: Samples) -> Samples:
    """Through Ogg Vorbis and back, written in parts, since libsndfile cannot write a long block of it at once."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", SR, samples.shape[0], "VORBIS", format="OGG", compression_level=COMPRESSION
    ) as opened:
        for first in range(0, samples.shape[1], SR):
            opened.write(samples[:, first : first + SR].T)
    file.seek(0)
    return np.ascontiguousarray(soundfile.read(file, dtype="float32", always_2d=True)[0].T)
