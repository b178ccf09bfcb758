"""From parts to sound: each source of a song played on its own by FluidSynth, with a SoundFont's samples.

References
----------
FluidSynth 2 (the Debian package fluidsynth); SoundFonts from the Debian packages fluid-soundfont-gm,
fluidr3mono-gm-soundfont, musescore-general-soundfont-small and timgm6mb-soundfont.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from examples.cerberus.accompaniment import Song
from examples.cerberus.score import SOURCES, Part, write

SR = 16000
_PLAYED_AT = 32000  # Hz; twice the rate, so that nothing folds back
_TAIL_S = 1.0
_LOUDNESS_DB = -26.0  # RMS of a source while it plays
_CLEAN = {29: -3.0, 30: -3.0}

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class SoundFont:
    """A file of recorded instruments, the Debian package that brings it, and how often it is drawn."""

    path: Path
    package: str
    weight: float


TRAINING = (
    SoundFont(Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), "fluid-soundfont-gm", 0.35),
    SoundFont(Path("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"), "fluidr3mono-gm-soundfont", 0.2),
    SoundFont(Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3"), "musescore-general-soundfont-small", 0.45),
)
UNSEEN = (SoundFont(Path("/usr/share/sounds/sf2/TimGM6mb.sf2"), "timgm6mb-soundfont", 1.0),)


def require_tools(fonts: Sequence[SoundFont]) -> None:
    """Raise `FileNotFoundError` that names the Debian packages to install, unless everything is there."""
    missing = [command for command in ("mma", "fluidsynth") if not shutil.which(command)]
    missing += [font.package for font in fonts if not font.path.exists()]
    if missing:
        raise FileNotFoundError(f"rendering needs {', '.join(missing)}; on Debian: apt-get install {' '.join(missing)}")


def render(song: Song, seed: str, *, fonts: Sequence[SoundFont] = TRAINING, effects: bool = True) -> Rendered:
    """The stems of a song.

    Parameters
    ----------
    seed
        Draws the SoundFont of each source, levels, tuning and, with `effects`, rooms, filters and codecs.
    """
    rng = random.Random(seed)
    tuning = 2 ** (rng.uniform(-0.3, 0.3) / 12)  # the recording is played faster or slower, as tapes were
    length_s = max(note.offset_s for part in song.parts for note in part.notes) + 0.5
    n_samples = round(length_s / tuning * SR)
    stems, notes, used = np.zeros((len(SOURCES), n_samples)), [], {}
    for i, source in enumerate(SOURCES):
        parts = [part for part in song.parts if part.source == source]
        if not parts:
            continue
        font = rng.choices(fonts, [f.weight for f in fonts])[0]
        stem = _play(parts, font, length_s, reverb=rng.random() < 0.5, chorus=rng.random() < 0.3, tuning=tuning)
        if effects:
            stem = _affect(stem, source, parts[0].program, rng)
        level = _LOUDNESS_DB + rng.gauss(0, 3)
        stems[i, : len(stem)] = levelled(stem, level)[:n_samples]
        used[source] = {"soundfont": font.path.stem, "programs": sorted({part.program for part in parts})}
        notes += [(i, n.pitch, n.onset_s / tuning, n.offset_s / tuning) for part in parts for n in part.notes]
    if effects and rng.random() < 0.15:
        stems = np.stack([_coded(stem, rng.uniform(0.5, 0.95)) for stem in stems])
    stems *= 0.7 / max(np.max(np.abs(stems.sum(axis=0))), np.max(np.abs(stems)), 1e-6)
    about = {**song.about, "seed": seed, "tuning_cents": round(1200 * np.log2(tuning), 1), "sources": used}
    ordered = np.array(sorted(notes, key=lambda note: note[2]), np.float32).reshape(-1, 4)
    return Rendered(np.round(stems * 32767).astype(np.int16), ordered, about)


@dataclass(frozen=True)
class Rendered:
    """Stems (source, sample) int16, notes (note, 4) as source, pitch, onset_s, offset_s; and how they came about."""

    stems: NDArray[np.int16]
    notes: NDArray[np.float32]
    about: dict[str, object]


def _play(
    parts: Sequence[Part], font: SoundFont, length_s: float, *, reverb: bool, chorus: bool, tuning: float
) -> Samples:
    """Parts of one source one after another, each with its decay, then added up; mono."""
    slot_s = length_s + _TAIL_S
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder, "part.mid"), Path(folder, "part.wav")
        write(parts, [i * slot_s for i in range(len(parts))]).save(midi)
        switches = ["-R", str(int(reverb)), "-C", str(int(chorus)), "-g", "0.3", "-r", str(_PLAYED_AT)]
        settings = ["-o", "synth.dynamic-sample-loading=1", "-o", "player.reset-synth=0"]
        command = ["fluidsynth", "-ni", *switches, *settings, "-O", "float", "-F", wave, font.path, midi]
        done = subprocess.run(command, capture_output=True, check=False)
        if not wave.exists():
            raise OSError(f"fluidsynth wrote nothing: {done.stderr.decode(errors='replace')[-300:]}")
        played, _ = soundfile.read(wave, always_2d=True)
    mono, slot = played.mean(axis=1), round(slot_s * _PLAYED_AT)
    total = np.zeros(slot)
    for i in range(len(parts)):
        piece = mono[i * slot : (i + 1) * slot]
        total[: len(piece)] += piece
    return np.asarray(soxr.resample(total, _PLAYED_AT * tuning, SR))


def levelled(stem: Samples, level_db: float) -> Samples:
    """At a level while it plays: silence does not count."""
    power = np.square(stem[: len(stem) // 1024 * 1024].reshape(-1, 1024)).mean(axis=1)
    playing = power[power > power.max(initial=0) * 1e-3]
    return (
        stem * (10 ** (level_db / 20) / np.sqrt(playing.mean()))
        if playing.size and playing.mean() > 1e-12
        else 0 * stem
    )


def _affect(stem: Samples, source: str, program: int, rng: random.Random) -> Samples:
    """Some of: saturation, a tilted spectrum, a small room."""
    draw = np.random.default_rng(rng.randrange(2**32))
    if source == "guitar" and rng.random() < 0.25:
        drive = rng.uniform(1, 8) / max(np.std(stem) * 4, 1e-6)
        stem = np.tanh(stem * drive) / drive
    if rng.random() < 0.3:
        stem = tilted(stem, rng.uniform(-0.4, 0.4))
    if rng.random() < 0.25:
        decay_s = rng.uniform(0.05, 0.25)
        stem = in_room(stem, decay_s, rng.uniform(-20, -8), draw)
    return stem


def tilted(stem: Samples, exponent: float) -> Samples:
    """Amplitudes that grow with frequency to the power of an exponent: 6 dB an octave for 1; at 1 kHz they stay."""
    frequencies = np.maximum(np.fft.rfftfreq(len(stem), 1 / SR), 30)
    return np.asarray(np.fft.irfft(np.fft.rfft(stem) * (frequencies / 1000) ** exponent, len(stem)))


def in_room(stem: Samples, decay_s: float, level_db: float, draw: np.random.Generator) -> Samples:
    """With the echoes of noise that decays, at a level relative to the direct sound."""
    time = np.arange(round(3 * decay_s * SR)) / SR
    room = draw.normal(size=len(time)) * np.exp(-3 * time / decay_s)
    room *= 10 ** (level_db / 20) / np.sqrt(np.sum(room**2))
    room[0] = 1
    size = len(stem) + len(room)
    return np.asarray(np.fft.irfft(np.fft.rfft(stem, size) * np.fft.rfft(room, size), size)[: len(stem)])


def _coded(stem: Samples, compression: float) -> Samples:
    """Through MP3 and back."""
    peak = np.max(np.abs(stem))
    if peak == 0:
        return stem
    file = io.BytesIO()
    soundfile.write(file, stem / peak * 0.8, SR, format="MP3", compression_level=compression, bitrate_mode="VARIABLE")
    file.seek(0)
    decoded, _ = soundfile.read(file)
    out = np.zeros_like(stem)
    out[: len(decoded)] = decoded[: len(stem)] * (peak / 0.8)
    return out
