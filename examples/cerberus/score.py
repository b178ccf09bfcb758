"""Parts of a piece of music, read from MIDI and sorted by the instrument that plays them.

Programs and percussion keys are those of General MIDI level 1 (MIDI Manufacturers Association, RP-003), counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple

import mido

SOURCES = ("piano", "guitar", "bass", "drums", "other")
DRUM_CHANNEL = 9
_PIANO, _GUITAR, _BASS = range(8), range(24, 32), range(32, 40)
_ALSO_BASS = (43, 58, 87)  # contrabass, tuba, the bass among the synthesizer leads
_EFFECTS = range(112, 128)  # percussion, telephones, gunshots
REGISTERS = {"piano": (36, 96), "guitar": (40, 84), "bass": (26, 60), "other": (36, 96)}


class Note(NamedTuple):
    """A note: seconds, MIDI pitch (of drums the percussion key), velocity 1–127."""

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """What one instrument plays.

    Parameters
    ----------
    source
        One of `SOURCES`.
    program
        General MIDI program; of drums the kit.
    notes
        In the order of their onsets.
    """

    source: str
    program: int
    notes: tuple[Note, ...]

    def in_register(self) -> Part:
        """Notes beyond the instrument's range moved into it by octaves."""
        if self.source not in REGISTERS:
            return self
        low, high = REGISTERS[self.source]
        return replace(self, notes=tuple(n._replace(pitch=_fold(n.pitch, low, high)) for n in self.notes))

    def between(self, start_s: float, end_s: float) -> Part:
        """The notes that sound in an excerpt, in seconds from its start."""
        cut = (
            n._replace(onset_s=max(n.onset_s, start_s) - start_s, offset_s=min(n.offset_s, end_s) - start_s)
            for n in self.notes
            if n.onset_s < end_s and n.offset_s > start_s and n.onset_s >= start_s - 0.5
        )
        return replace(self, notes=tuple(cut))


def _fold(pitch: int, low: int, high: int) -> int:
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def source_of(program: int, channel: int) -> str:
    """The instrument's source; of melodic instruments that are none of the four, ``"other"``."""
    if channel == DRUM_CHANNEL:
        return "drums"
    if program in _PIANO:
        return "piano"
    if program in _GUITAR:
        return "guitar"
    return "bass" if program in _BASS or program in _ALSO_BASS else "other"


def read(file: BinaryIO) -> list[Part]:
    """The parts of a MIDI file, one per track, channel and program; sound effects are left out.

    Raises
    ------
    ValueError, EOFError, OSError
        If it is no MIDI file that `mido` understands.
    """
    midi = mido.MidiFile(file=file, clip=True)
    clock = _Clock(midi)
    found: dict[tuple[int, int, int], list[Note]] = {}
    for number, track in enumerate(midi.tracks):
        tick, programs = 0, dict.fromkeys(range(16), 0)
        sounding: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for message in track:
            tick += message.time
            if message.type == "program_change":
                programs[message.channel] = message.program
            elif message.type == "note_on" and message.velocity:
                begun = (tick, message.velocity, programs[message.channel])
                sounding.setdefault((message.channel, message.note), []).append(begun)
            elif message.type in ("note_on", "note_off") and sounding.get((message.channel, message.note)):
                onset, velocity, program = sounding[message.channel, message.note].pop(0)
                note = Note(clock.seconds(onset), clock.seconds(tick), message.note, velocity)
                found.setdefault((number, message.channel, program), []).append(note)
    return [
        Part(source_of(program, channel), program, tuple(sorted(notes)))
        for (_, channel, program), notes in found.items()
        if channel == DRUM_CHANNEL or program not in _EFFECTS
    ]


class _Clock:
    """From ticks to seconds, along the changes of tempo."""

    def __init__(self, midi: mido.MidiFile) -> None:
        self.scale = 1e-6 / midi.ticks_per_beat
        self.changes = [(0, 0.0, 500000)]
        for tick, tempo in sorted(_tempi(midi)):
            at, seconds, old = self.changes[-1]
            self.changes.append((tick, seconds + (tick - at) * old * self.scale, tempo))

    def seconds(self, tick: int) -> float:
        at, seconds, tempo = next(change for change in reversed(self.changes) if change[0] <= tick)
        return seconds + (tick - at) * tempo * self.scale


def _tempi(midi: mido.MidiFile) -> list[tuple[int, int]]:
    found = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                found.append((tick, message.tempo))
    return found


def write(parts: Sequence[Part], starts_s: Sequence[float]) -> mido.MidiFile:
    """Parts of one source one after another, each from its own start: what a synthesizer plays in one go."""
    ticks_per_s = 960  # 480 a beat at 120 beats a minute
    events = []
    for part, start_s in zip(parts, starts_s, strict=True):
        channel = DRUM_CHANNEL if part.source == "drums" else 0
        at = round(start_s * ticks_per_s)
        events.append((at, 0, mido.Message("program_change", channel=channel, program=part.program)))
        for note in part.notes:
            onset = round((start_s + note.onset_s) * ticks_per_s)
            offset = max(round((start_s + note.offset_s) * ticks_per_s), onset + 10)
            events.append((onset, 2, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)))
            events.append((offset, 1, mido.Message("note_off", channel=channel, note=note.pitch)))
    midi, track, last = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - last))
        last = tick
    midi.tracks.append(track)
    return midi
