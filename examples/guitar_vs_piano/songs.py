"""Songs whose harmony is played twice, by a piano and by a guitar, to the same bass and drums.

A song is a folder with ``piano.wav``, ``guitar.wav``, ``bass.wav`` and ``drums.wav`` (10 s, 16 kHz, mono, float) and
``song.json``. *Piano and guitar play the same notes* (but for octaves that one of them lacks), *all four are heard in
every two seconds, and no mixture of them clips*; what fails is drawn anew. A seed gives the same song on any number of
processes.

References
----------
Chords and grooves as in `examples.cerberus.accompaniment` (MMA), sounds from the SoundFonts of
`examples.cerberus.rendering`.
"""

from __future__ import annotations

import io
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from examples.cerberus.accompaniment import PROGRAMS, Song, chords, grooves, humanized, melody, play
from examples.cerberus.rendering import TRAINING, SoundFont, levelled
from examples.cerberus.score import Part, write
from examples.guitar_vs_piano.confounders import LOUD
from examples.guitar_vs_piano.synthesizer import synthesize

SR = 16000
DURATION_S = 10
WINDOW_S = 2
HARMONY, ACCOMPANIMENT = ("guitar", "piano"), ("bass", "drums")
_PLAYED_AT = 2 * SR  # so that nothing folds back
_STARTS_S = 1  # in the song
_LEVEL_DB = {"guitar": -34.0, "piano": -34.0, "bass": -28.0, "drums": -28.0}  # RMS while it plays: a band's rough mix
_QUIETEST_DB = -20.0  # of two seconds, relative to the whole

Samples = NDArray[np.float32]


def make(folder: Path, split: str, seed: str) -> Path:
    """Render one song, unless it is there; its folder.

    Raises
    ------
    MissingError, FileNotFoundError
        If FluidSynth, MMA or a SoundFont is missing.
    """
    if folder.exists():
        return folder
    rng = random.Random(seed)
    while True:
        song = _attempt(split, rng)
        if song is not None and (rendered := render(song, rng)) is not None:
            break
    stems, fonts = rendered
    temporary = folder.with_name(f".{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, stem in stems.items():
        soundfile.write(temporary / f"{name}.wav", stem, SR, subtype="FLOAT")
    (temporary / "song.json").write_text(
        json.dumps({**song.about, "soundfonts": fonts, "seed": seed}, indent=1), encoding="utf-8"
    )
    temporary.replace(folder)
    return folder


def load(folder: Path, stem: str) -> Samples:
    """One stem of a song, shape (n_samples,)."""
    return np.asarray(soundfile.read(folder / f"{stem}.wav", dtype="float32")[0])


def _attempt(split: str, rng: random.Random) -> Song | None:
    """The parts of all four; None where a groove lacks some."""
    by_beats = grooves(split)
    beats = rng.choices(list(by_beats), [len(names) for names in by_beats.values()])[0]
    groove, tempo, key = rng.choice(by_beats[beats]), rng.randint(75, 180), rng.randrange(12)
    roots, names = chords(rng, key, bar_s=60 / tempo * beats, lasts_s=(13, 15))
    played = play(groove, names, tempo, seed=rng.randrange(10**6))
    harmony = [p for p in played if p.source not in ACCOMPANIMENT]
    harmony = sorted(harmony, key=lambda part: -len(part.notes))[: rng.choice((1, 2, 2))]
    if not harmony or not {part.source for part in played}.issuperset(ACCOMPANIMENT):
        return None
    if rng.random() < 0.5:
        harmony.append(melody(rng, roots, key, beats, 60 / tempo))
    harmony = [replace(part, notes=humanized(part.notes, rng)) for part in harmony]
    parts = [replace(part, source=source) for source in HARMONY for part in harmony]
    parts += [replace(p, notes=humanized(p.notes, rng)) for p in played if p.source in ACCOMPANIMENT]
    programs = {source: rng.choice(PROGRAMS[source]) for source in (*HARMONY, *ACCOMPANIMENT)}
    parts = [replace(part, program=programs[part.source]).in_register() for part in parts]
    return Song(tuple(parts), {"groove": groove, "tempo": tempo, "chords": " ".join(names), "programs": programs})


def render(song: Song, rng: random.Random) -> tuple[dict[str, Samples], dict[str, str]] | None:
    """10 s of each instrument, and its SoundFont; None if one of them falls silent or a mixture clips."""
    stems, fonts = {}, {}
    for source in (*HARMONY, *ACCOMPANIMENT):
        font = rng.choices(TRAINING, [font.weight for font in TRAINING])[0]
        level_db = _LEVEL_DB[source] + rng.uniform(-2, 2)
        reverb, chorus = rng.random() < 0.5, rng.random() < 0.3
        sound = sum(_sound(part, font, reverb, chorus) for part in song.parts if part.source == source)
        stems[source] = levelled(np.asarray(sound, float), level_db).astype(np.float32)
        fonts[source] = font.path.stem
    loudest = {name: np.abs(stem) * (LOUD if name == "bass" else 1) for name, stem in stems.items()}
    accompaniment = loudest["bass"] + loudest["drums"]
    clips = max((loudest[name] + accompaniment).max() for name in HARMONY) > 1
    return None if clips or not all(map(sounds_throughout, stems.values())) else (stems, fonts)


def _sound(part: Part, font: SoundFont, reverb: bool, chorus: bool) -> NDArray[np.float64]:
    played = sounded(part, font, duration_s=_STARTS_S + DURATION_S, reverb=reverb, chorus=chorus)
    return played[_STARTS_S * SR :]


def sounded(
    part: Part, font: SoundFont, *, duration_s: int, reverb: bool = False, chorus: bool = False
) -> NDArray[np.float64]:
    """The first seconds of a part as a SoundFont sounds it, mono, shape (n_samples,)."""
    file = io.BytesIO()
    write([part], [0.0]).save(file=file)
    switches = {"reverb": reverb, "chorus": chorus}
    n_samples = duration_s * _PLAYED_AT
    stereo = synthesize(file.getvalue(), font.path, n_samples=n_samples, sr=_PLAYED_AT, **switches)
    return np.asarray(soxr.resample(stereo.mean(axis=0, dtype=float), _PLAYED_AT, SR))


def sounds_throughout(stem: NDArray[np.floating], *, window_s: int = WINDOW_S) -> bool:
    """Whether a stem is heard in each of its windows."""
    power = np.square(stem.reshape(-1, window_s * SR), dtype=float).mean(axis=1)
    return bool(power.min() > power.mean() * 10 ** (_QUIETEST_DB / 10))
