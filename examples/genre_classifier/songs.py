"""Songs of a known style: MMA's grooves over random chords, played by FluidSynth; 30 s, mono, 44.1 kHz.

`grooves.csv` says which of MMA's files are of which style. *No SoundFont of the test songs is heard in training*, and
of the split ``other`` no file of grooves is, either: other instruments in other patterns, and what is left of the style
is what a person calls it. Chords, key, tempo, level and the synthesizer's effects are drawn; three in ten instruments
are replaced by another of their family (General MIDI's groups of eight). A seed gives the same song.

References
----------
B. van der Poel: MMA - Musical MIDI Accompaniment, version 21.09 (the Debian package mma).
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

from audiolime_ext.files.fresh import fresh_file
from examples.cerberus.accompaniment import LIBRARY, chords, grooves_of, midi
from examples.cerberus.rendering import TRAINING, UNSEEN, SoundFont
from examples.cerberus.score import DRUM_CHANNEL
from examples.guitar_vs_piano.synthesizer import synthesize

TABLE = Path(__file__).with_name("grooves.csv")
SPLITS = ("train", "valid", "test", "other")
HEARD = {"train": "train", "valid": "train", "test": "train", "other": "other"}  # which files a split is of
_FONTS = (TRAINING[0], TRAINING[2])  # the third has the samples of the first
FONTS = {"train": _FONTS, "valid": _FONTS, "test": UNSEEN, "other": UNSEEN}
SR, DURATION_S = 44100, 30
TEMPI = (80, 160)  # beats a minute
LEVELS_DB = (-26.0, -14.0)  # RMS
REPLACED = 0.3  # share of the instruments
_NOT_PLAYED = re.compile(r"(intro|end|fill)\d*(sus)?$", re.IGNORECASE)  # grooves that begin or end a song, and fills


@cache
def table() -> dict[tuple[str, str], tuple[str, ...]]:
    """Files of grooves by style and by what they are for: "train" or "other"."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {(row["style"], row["heard"]): tuple(row["files"].split()) for row in csv.DictReader(file)}


def styles() -> tuple[str, ...]:
    """All, in alphabetical order."""
    return tuple(sorted({style for style, _ in table()}))


def grooves(file: str) -> tuple[int, list[str]]:
    """Beats a bar of one of MMA's files, and its grooves for the middle of a song."""
    beats, names = grooves_of(LIBRARY / f"{file}.mma")
    return beats, [name for name in names if not _NOT_PLAYED.search(name)]


def make(path: Path, style: str, split: str, seed: str) -> Path:
    """Render a song as FLAC, unless it is there.

    Raises
    ------
    MissingError, FileNotFoundError
        If FluidSynth, MMA or a SoundFont is missing.
    """
    if not path.exists():
        samples = compose(style, split, seed)
        with fresh_file(path) as temporary:
            soundfile.write(temporary, samples, SR, format="FLAC", subtype="PCM_16")
    return path


def compose(style: str, split: str, seed: str) -> NDArray[np.float32]:
    """The song of a seed, shape (n_samples,)."""
    rng = random.Random(f"{seed} {style} {split}")
    while True:
        file = rng.choice(table()[style, HEARD[split]])
        beats, names = grooves(file)
        tempo, key = rng.randint(*TEMPI), rng.randrange(12)
        lasts_s = DURATION_S + 2 * beats * 60 / tempo
        _, progression = chords(rng, key, bar_s=60 / tempo * beats, lasts_s=(lasts_s, lasts_s))
        written = midi(rng.choice(names), progression, tempo, seed=rng.randrange(10**6))
        if written is not None and (played := _played(recast(written, rng), FONTS[split], rng)) is not None:
            return played


def recast(written: bytes, rng: random.Random) -> bytes:
    """A MIDI file, some of whose instruments are others of their family; the drums stay."""
    song, chosen = mido.MidiFile(file=io.BytesIO(written), clip=True), {}
    for track in song.tracks:
        for message in track:
            if message.type == "program_change" and message.channel != DRUM_CHANNEL:
                other = message.program // 8 * 8 + rng.randrange(8)
                drawn = other if rng.random() < REPLACED else message.program
                message.program = chosen.setdefault((message.channel, message.program), drawn)
    file = io.BytesIO()
    song.save(file=file)
    return file.getvalue()


def _played(written: bytes, fonts: Sequence[SoundFont], rng: random.Random) -> NDArray[np.float32] | None:
    """The sound of a MIDI file, at a level that is drawn, or lower where it would clip; None: it is silent."""
    font = rng.choices(fonts, [font.weight for font in fonts])[0]
    effects = {"reverb": rng.random() < 0.5, "chorus": rng.random() < 0.3}
    stereo = synthesize(written, font.path, n_samples=DURATION_S * SR, sr=SR, **effects)
    mono = stereo.mean(axis=0, dtype=np.float64)
    rms, peak = np.sqrt(np.square(mono).mean()), np.abs(mono).max()
    if rms < 1e-5:
        return None
    gain = min(10 ** (rng.uniform(*LEVELS_DB) / 20) / rms, 0.99 / peak)
    return np.asarray(mono * gain, np.float32)
