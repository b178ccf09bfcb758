"""Random songs: chord progressions that Musical MIDI Accompaniment (MMA) plays in its grooves, melodies and riffs.

Two grooves play the same chords at the same tempo; bass and drums come from the first, chords from both. Which
instrument plays a part is drawn anew: otherwise a network would learn that what is strummed is a guitar. MMA's grooves
have no melodies and no riffs, so simple ones are added.

References
----------
B. van der Poel: MMA - Musical MIDI Accompaniment, version 21.09 (the Debian package mma).
"""

from __future__ import annotations

import io
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from examples.cerberus.score import Note, Part, read

LIBRARY = Path("/usr/share/mma/lib/stdlib")
PROGRAMS = {
    "piano": (0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6, 7),
    "guitar": (24, 24, 25, 25, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30),
    "bass": (32, 32, 33, 33, 33, 34, 34, 35, 36, 37, 38, 39),
    "drums": (0, 0, 0, 8, 16, 24, 25, 32, 40),
    "other": (
        11,
        12,
        16,
        17,
        18,
        19,
        21,
        22,
        40,
        42,
        48,
        49,
        50,
        52,
        56,
        57,
        60,
        61,
        65,
        66,
        71,
        73,
        80,
        81,
        88,
        89,
        90,
    ),
}
_DISTORTED = (29, 30)
_ROOTS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_PROGRESSIONS = (
    (0, 9, 5, 7), (0, 5, 9, 7), (9, 5, 0, 7), (0, 7, 9, 5), (0, 5, 7, 0), (2, 7, 0, 0), (0, 4, 5, 7), (0, 10, 5, 0),
    (9, 7, 5, 4), (0, 0, 5, 5), (0, 9, 2, 7), (9, 9, 5, 7), (4, 9, 2, 7), (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7),
)  # fmt: skip
_QUALITIES = {
    0: ("", "M7", "6", "5"), 2: ("m", "m7", "m7"), 4: ("m", "m7", "7"), 5: ("", "M7", "6"), 7: ("", "7", "7", "sus4"),
    9: ("m", "m7"), 10: ("", "7"),
}  # fmt: skip
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_RHYTHMS = (
    (1, 1, 1, 1),
    (2, 1, 1),
    (0.5,) * 8,
    (1.5, 0.5, 2),
    (0.5, 0.5, 1, 1, 1),
    (3, 1),
    (1, 0.5, 0.5, 2),
    (4,),
    (0.25,) * 16,
)


@dataclass(frozen=True)
class Song:
    """Parts, and how they came about."""

    parts: tuple[Part, ...]
    about: dict[str, object]


def libraries(split: str) -> list[Path]:
    """The files of grooves that belong to a split: a groove is in one split only."""
    found = sorted(LIBRARY.glob("*.mma"))
    if not found:
        raise FileNotFoundError(f"no grooves in {LIBRARY}; install the Debian package mma")
    remainders = {"valid": (4,), "test": (9,), "train": (0, 1, 2, 3, 5, 6, 7, 8)}[split]
    return [path for i, path in enumerate(found) if i % 10 in remainders and not path.stem.startswith(("metr", "none"))]


@cache
def grooves(split: str) -> dict[int, list[str]]:
    """Names of grooves by beats per bar."""
    found: dict[int, list[str]] = {}
    for path in libraries(split):
        beats, names = grooves_of(path)
        found.setdefault(beats, []).extend(names)
    return {beats: names for beats, names in found.items() if len(names) > 1}


def grooves_of(path: Path) -> tuple[int, list[str]]:
    """Beats per bar of a file of grooves, and their names."""
    text = path.read_text(encoding="utf-8", errors="replace")
    beats = re.search(r"^\s*Time\s+(\d+)", text, re.MULTILINE | re.IGNORECASE)
    names = re.findall(r"^\s*DefGroove\s+(\S+)", text, re.MULTILINE | re.IGNORECASE)
    return int(beats.group(1)) if beats else 4, names


def compose(split: str, seed: str) -> Song:
    """The song of a seed.

    Raises
    ------
    FileNotFoundError
        If MMA is not installed.
    """
    rng = random.Random(seed)
    while True:
        if (song := _attempt(split, rng)) is not None:
            return song


def _attempt(split: str, rng: random.Random) -> Song | None:
    """A song, or None where a groove cannot be played."""
    by_beats = grooves(split)
    beats = rng.choices(list(by_beats), [len(names) for names in by_beats.values()])[0]
    pair, tempo, key = rng.sample(by_beats[beats], 2), rng.randint(65, 190), rng.randrange(12)
    roots, names = chords(rng, key, bar_s=60 / tempo * beats, lasts_s=(26, 38))
    parts: list[Part] = []
    for groove in pair:
        played = play(groove, names, tempo, seed=rng.randrange(10**6))
        if not played:
            return None
        parts += [p for p in played if p.source not in ("bass", "drums") or all(q.source != p.source for q in parts)]
    parts = [_cast(part, rng) for part in parts]
    beat_s = 60 / tempo
    if rng.random() < 0.6:
        parts.append(melody(rng, roots, key, beats, beat_s))
    if rng.random() < 0.35:
        parts.append(_riff(rng, roots, beats, beat_s))
    others = rng.random() < 0.3
    missing = {source for source in ("piano", "guitar", "bass", "drums") if rng.random() < 0.08}
    kept = [
        _one_program(part, parts) for part in parts if part.source not in missing and (part.source != "other" or others)
    ]
    if not kept:
        return None
    about = {"grooves": pair, "tempo": tempo, "chords": " ".join(names), "licence": "generated"}
    return Song(tuple(part.in_register() for part in kept), about)


def chords(rng: random.Random, key: int, *, bar_s: float, lasts_s: tuple[float, float]) -> tuple[list[int], list[str]]:
    """Pitch classes of the roots, and MMA's names of the chords: one a bar, for a duration drawn in a range."""
    progression = rng.choice(_PROGRESSIONS) if rng.random() < 0.8 else rng.choices(list(_QUALITIES), k=4)
    n_bars = round(rng.uniform(*lasts_s) / bar_s)
    degrees = [progression[i % len(progression)] for i in range(n_bars)]
    roots = [(key + degree) % 12 for degree in degrees]
    return roots, [_ROOTS[root] + rng.choice(_QUALITIES[d]) for root, d in zip(roots, degrees, strict=True)]


def play(groove: str, chords: list[str], tempo: int, *, seed: int) -> list[Part]:
    """What MMA plays in a groove, one chord a bar; nothing where it cannot."""
    file = midi(groove, chords, tempo, seed=seed)
    return [] if file is None else read(io.BytesIO(file))


def midi(groove: str, chords: list[str], tempo: int, *, seed: int) -> bytes | None:
    """The MIDI file that MMA writes for a groove, one chord a bar; None where it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "song.mma")
        bars = "".join(f"{i} {chord}\n" for i, chord in enumerate(chords, 1))
        text.write_text(f"RndSeed {seed}\nTempo {tempo}\nGroove {groove}\n{bars}", encoding="utf-8")
        written = text.with_suffix(".mid")
        subprocess.run(["mma", "-f", written, text], capture_output=True, check=False, cwd=folder)
        return written.read_bytes() if written.exists() else None


def _cast(part: Part, rng: random.Random) -> Part:
    """Who plays a part: bass and drums as written, the others half of the time."""
    source = part.source
    if source not in ("bass", "drums") and (source == "other" or rng.random() < 0.5):
        source = rng.choices(("piano", "guitar", "other"), (0.42, 0.42, 0.16))[0]
    program = rng.choice(PROGRAMS[source])
    notes = part.notes
    if source == "guitar" and program in _DISTORTED and rng.random() < 0.6:
        notes = tuple(note for i, note in enumerate(notes) if i == 0 or note.onset_s - notes[i - 1].onset_s > 0.02)
    return Part(source, program, humanized(notes, rng))


def humanized(notes: tuple[Note, ...], rng: random.Random) -> tuple[Note, ...]:
    """Notes as people play them: neither quite in time nor equally loud."""
    jitter, gain = rng.uniform(0, 0.012), rng.uniform(0.75, 1.15)
    notes = tuple(
        note._replace(
            onset_s=max(0.0, note.onset_s + rng.gauss(0, jitter)),
            velocity=min(127, max(20, round(note.velocity * gain + rng.gauss(0, 5)))),
        )
        for note in notes
    )
    return tuple(sorted(note for note in notes if note.offset_s > note.onset_s))


def _one_program(part: Part, parts: list[Part]) -> Part:
    """At most two sounds per source: parts beyond the second play with the first one's."""
    programs = list(dict.fromkeys(p.program for p in parts if p.source == part.source))
    return part if part.program in programs[:2] else replace(part, program=programs[0])


def melody(rng: random.Random, roots: list[int], key: int, beats: int, beat_s: float) -> Part:
    """A walk over the scale that lands on notes of the chord, sometimes in thirds or sixths."""
    source = rng.choices(("piano", "guitar", "other"), (0.4, 0.4, 0.2))[0]
    scale = [key + 12 * octave + step for octave in range(3, 8) for step in _MAJOR]
    at, double, rest = rng.randrange(12, 22), rng.random() < 0.25, rng.uniform(0, 0.3)
    notes = []
    for bar, root in enumerate(roots):
        time = 0.0
        for length in rng.choice(_RHYTHMS):
            if time >= beats:
                break
            at = min(max(at + rng.choice((-2, -1, -1, 0, 1, 1, 2, rng.randint(-5, 5))), 7), len(scale) - 8)
            pitch = (
                scale[at]
                if time
                else min(scale, key=lambda p: (abs(p - scale[at]) + 12 * ((p - root) % 12 not in (0, 4, 7)), p))
            )
            if rng.random() > rest:
                onset = (bar * beats + time) * beat_s + rng.gauss(0, 0.008)
                end = onset + min(length, beats - time) * beat_s * rng.uniform(0.5, 1.0)
                for p in (pitch, scale[at + 2])[: 1 + double]:
                    notes.append(Note(max(0.0, onset), max(0.05, end), p, rng.randint(70, 120)))
            time += length
    return Part(source, rng.choice(PROGRAMS[source]), tuple(sorted(notes)))


def _riff(rng: random.Random, roots: list[int], beats: int, beat_s: float) -> Part:
    """Power chords in a rhythm that repeats, as rock guitars play them."""
    pattern = [(step / 2, rng.choice((0.4, 0.5, 0.9))) for step in range(2 * beats) if rng.random() < 0.7] or [(0, 2)]
    fifths, moves = rng.random() < 0.8, rng.choices((0, 0, 0, 3, 5, 10), k=len(pattern))
    notes = []
    for bar, root in enumerate(roots):
        for (time, length), move in zip(pattern, moves, strict=True):
            onset = (bar * beats + time) * beat_s + abs(rng.gauss(0, 0.006))
            low = 40 + (root + move - 40) % 12
            for pitch in (low, low + 7, low + 12) if fifths else (low,):
                notes.append(Note(onset, onset + length * beat_s, pitch, rng.randint(85, 120)))
    return Part("guitar", rng.choice((27, 28, 29, 29, 30, 30, 30)), tuple(sorted(notes)))


def numbered(split: str, seed: int, n_songs: int) -> Iterator[tuple[str, str]]:
    """Names of a split's songs and the seeds to compose them with."""
    for number in range(n_songs):
        yield f"{number:05d}", f"{seed} {split} {number}"
