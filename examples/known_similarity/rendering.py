"""The recordings of a set: stems rendered by FluidSynth, and versions that are their sums.

*A version is the plain sum of its stems* (but for the rounding of its file), so that the drums of a song are the same
samples wherever they sound. Levels are alike: in its mix every stem has the same RMS while it plays, `LEVEL_DB`; no
gain and no limiter follows. *Every stem is heard in every four seconds, and no version clips*; a set in which that
fails is drawn anew. FluidSynth's own reverb and chorus are off.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from examples.cerberus.rendering import levelled
from examples.guitar_vs_piano.songs import SR, sounded, sounds_throughout
from examples.known_similarity.design import Sound, versions
from examples.known_similarity.mixes import mixed
from examples.known_similarity.songs import SongSet, compose

LEVEL_DB = -30.0  # RMS while it plays
ABOUT = "set.json"
_WINDOW_S = 4

Samples = NDArray[np.float64]
Stems = Mapping[tuple[str, Sound], Samples]


def make(folder: Path, seed: str, *, duration_s: int) -> None:
    """Render a set into a folder, ``VERSION.flac`` and `ABOUT`, unless it is there.

    Raises
    ------
    MissingError, FileNotFoundError
        If FluidSynth, MMA or a SoundFont is missing.
    """
    if folder.exists():
        return
    made, stems = next(found for attempt in count() if (found := _attempt(f"{seed} {attempt}", duration_s)))
    temporary = folder.with_name(f".{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for version in versions():
        mixture = sum(stems[key] for key in version.stems.items())
        soundfile.write(temporary / f"{version}.flac", mixture, SR, subtype="PCM_16")
    (temporary / ABOUT).write_text(json.dumps({"seed": made.seed, **made.about}, indent=1), encoding="utf-8")
    temporary.replace(folder)


def _attempt(seed: str, duration_s: int) -> tuple[SongSet, Stems] | None:
    """A set and all its stems; None if one of them falls silent or a version clips."""
    made = compose(seed, duration_s=duration_s)
    dry: dict[tuple[str, Sound], Samples] = {}
    stems: dict[tuple[str, Sound], Samples] = {}
    for stem, sound in {key: None for version in versions() for key in version.stems.items()}:
        key = stem, sound._replace(mix="")
        if key not in dry:
            dry[key] = played(made, *key, duration_s=duration_s)
            if not dry[key].any() or not sounds_throughout(dry[key], window_s=_WINDOW_S):
                return None
        stems[stem, sound] = levelled(mixed(dry[key], made.mixes[sound.mix]), LEVEL_DB)
    peaks = [np.abs(sum(stems[key] for key in version.stems.items())).max() for version in versions()]
    return (made, stems) if max(peaks) < 1 else None


def rendered(made: SongSet, stem: str, sound: Sound, *, duration_s: int) -> Samples:
    """One stem, mono at `SR`, shape (n_samples,)."""
    return levelled(mixed(played(made, stem, sound, duration_s=duration_s), made.mixes[sound.mix]), LEVEL_DB)


def played(made: SongSet, stem: str, sound: Sound, *, duration_s: int) -> Samples:
    """One stem before it is mixed."""
    parts, font = made.parts(stem, sound), made.fonts[sound.font]
    return np.asarray(sum((sounded(part, font, duration_s=duration_s) for part in parts), np.zeros(duration_s * SR)))
