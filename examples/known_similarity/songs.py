"""Sets of three songs that share tempo, key and metre, and nothing else that is drawn here.

A groove is one of MMA's in four beats; those of a set come from different files, which hold variants of one style. One
instrument plays all chords of a song, another the melody. *No two songs of a set share an instrument, a drum kit, a
SoundFont or a mix, and in at least half of the bars their chords have other roots.* A seed gives the same set.

References
----------
Chords, melodies and grooves as in `examples.cerberus.accompaniment` (MMA).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations

from examples.cerberus.accompaniment import chords, grooves_of, humanized, libraries, melody, play
from examples.cerberus.rendering import TRAINING, UNSEEN, SoundFont
from examples.cerberus.score import Part, source_of
from examples.known_similarity.design import SONGS, STEMS, Sound, own
from examples.known_similarity.mixes import MIXES

FONTS = (TRAINING[0], TRAINING[2], *UNSEEN)  # the fourth, FluidR3 in mono, has the samples of the first
BEATS = 4
TEMPI = (80, 140)  # beats a minute
N_CHORD_PARTS = 2  # at most
PROGRAMS = {
    "drums": (0, 16, 24, 25, 40),  # kits that every SoundFont has: standard, power, electronic, TR-808, brush
    "bass": (32, 33, 34, 35, 36, 38),
    "chords": (0, 4, 6, 11, 16, 21, 24, 25, 27, 48),
    "melody": (12, 22, 40, 56, 65, 71, 73, 80),
}
_NOT_PLAYED = ("intro", "end", "fill")  # how most grooves are called that are not for the middle of a song


@dataclass(frozen=True)
class Composition:
    """Chords, one a bar, their roots (pitch classes), and a melody."""

    chords: tuple[str, ...]
    roots: tuple[int, ...]
    melody: Part


@dataclass(frozen=True)
class Arrangement:
    """A groove, and the General MIDI programs by stem."""

    groove: str
    programs: Mapping[str, int]


@dataclass(frozen=True)
class SongSet:
    """Three songs, by their names, in layers.

    Parameters
    ----------
    seed
        Draws what a performance differs in.
    key
        Pitch class of the major scale.
    """

    seed: str
    tempo: int
    key: int
    compositions: Mapping[str, Composition]
    arrangements: Mapping[str, Arrangement]
    fonts: Mapping[str, SoundFont]
    mixes: Mapping[str, str]
    _played: dict[tuple[str, str, int], list[Part]] = field(default_factory=dict, repr=False)

    def parts(self, stem: str, sound: Sound) -> list[Part]:
        """What a stem plays; nothing where the groove has no such part."""
        programs = self.arrangements[sound.arrangement].programs
        rng = random.Random(f"{self.seed} {stem} {sound._replace(font='', mix='')}")
        return [_cast(part, stem, programs[stem], rng) for part in self._written(stem, sound)]

    def _written(self, stem: str, sound: Sound) -> Sequence[Part]:
        if stem == "melody":
            return [self.compositions[sound.composition].melody]
        played = self._by_mma(sound.composition, sound.arrangement, sound.take)
        if stem in ("drums", "bass"):
            return [part for part in played if part.source == stem]
        others = [part for part in played if part.source not in ("drums", "bass")]
        return sorted(others, key=lambda part: -len(part.notes))[:N_CHORD_PARTS]

    def _by_mma(self, composition: str, arrangement: str, take: int) -> list[Part]:
        key = (composition, arrangement, take)
        if key not in self._played:
            names, groove = self.compositions[composition].chords, self.arrangements[arrangement].groove
            seed = random.Random(f"{self.seed} {arrangement} {take}").randrange(10**6)
            self._played[key] = play(groove, list(names), self.tempo, seed=seed)
        return self._played[key]

    @property
    def about(self) -> dict[str, object]:
        """What there is to know of it, for people."""
        return {
            "tempo": self.tempo,
            "key": self.key,
            "songs": {
                song: {
                    "chords": " ".join(self.compositions[song].chords),
                    "groove": self.arrangements[song].groove,
                    "programs": dict(self.arrangements[song].programs),
                    "SoundFont": self.fonts[song].path.stem,
                    "mix": self.mixes[song],
                }
                for song in SONGS
            },
        }


def _cast(part: Part, stem: str, program: int, rng: random.Random) -> Part:
    """Played by people, on the instrument of the arrangement."""
    source = stem if stem in ("drums", "bass") else source_of(program, channel=0)
    return replace(part, source=source, program=program, notes=humanized(part.notes, rng)).in_register()


@cache
def _styles() -> list[tuple[str, ...]]:
    """The grooves in four beats of each of MMA's files that has some."""
    found = []
    for path in sorted(path for split in ("train", "valid", "test") for path in libraries(split)):
        beats, names = grooves_of(path)
        if kept := tuple(name for name in names if beats == BEATS and not name.lower().endswith(_NOT_PLAYED)):
            found.append(kept)
    return found


def compose(seed: str, *, duration_s: int) -> SongSet:
    """The set of a seed, whose songs last a little longer than asked for.

    Raises
    ------
    FileNotFoundError
        If MMA is not installed.
    """
    rng = random.Random(seed)
    while True:
        tempo, key = rng.randint(*TEMPI), rng.randrange(12)
        written = {song: _written(rng, key, tempo, duration_s) for song in SONGS}
        if not _differ(list(written.values())):
            continue
        grooves = [rng.choice(names) for names in rng.sample(_styles(), len(SONGS))]
        drawn = {stem: rng.sample(PROGRAMS[stem], len(SONGS)) for stem in STEMS}
        arranged = {
            song: Arrangement(grooves[i], {stem: drawn[stem][i] for stem in STEMS}) for i, song in enumerate(SONGS)
        }
        fonts = dict(zip(SONGS, rng.sample(FONTS, len(SONGS)), strict=True))
        mixes = dict(zip(SONGS, rng.sample(list(MIXES), len(SONGS)), strict=True))
        made = SongSet(seed, tempo, key, written, arranged, fonts, mixes)
        if all(made.parts(stem, own(song)) for stem in STEMS for song in SONGS):
            return made


def _written(rng: random.Random, key: int, tempo: int, duration_s: int) -> Composition:
    beat_s = 60 / tempo
    lasts_s = duration_s + BEATS * beat_s
    roots, names = chords(rng, key, bar_s=BEATS * beat_s, lasts_s=(lasts_s, lasts_s))
    return Composition(tuple(names), tuple(roots), melody(rng, roots, key, BEATS, beat_s))


def _differ(written: Sequence[Composition]) -> bool:
    """Whether any two have other roots in at least half of the bars."""
    pairs = [list(zip(one.roots, other.roots, strict=True)) for one, other in combinations(written, 2)]
    return all(2 * sum(a != b for a, b in pair) >= len(pair) for pair in pairs)
