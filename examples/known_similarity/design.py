"""Which recordings are made, and which of them are compared: every one is a song with one thing of another song.

Songs come in sets of three. Within a set all have one tempo, one key, four beats a bar and as many bars, and differ in
everything else: chords and melody, groove and instruments, SoundFont, mix. A *version* is a song, the host, with one
thing of another song of its set, the donor. *So each version answers two questions*: with its donor it shares one thing
only, with its host everything but one thing.

Four things are stems: what is shared is the very same sound, with its notes, instrument, samples and mix. Four are
layers that cross all stems: the composition (chords and melody), the arrangement (groove and instruments), the
SoundFont (whose samples sound) and the mix (its equaliser and its room). *A stem is always one composition in one
arrangement by one SoundFont in one mix.*
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

STEMS = ("drums", "bass", "chords", "melody")
LAYERS = ("composition", "arrangement", "SoundFont", "mix")
THINGS = (*STEMS, *LAYERS)
SONGS = ("A", "B", "C")  # of a set
AGAIN = "again"


class Sound(NamedTuple):
    """What a stem is: whose composition, arrangement, SoundFont and mix; `take` 1 is another performance."""

    composition: str
    arrangement: str
    font: str
    mix: str
    take: int = 0


def own(song: str, take: int = 0) -> Sound:
    """All of one song."""
    return Sound(song, song, song, song, take)


class Version(NamedTuple):
    """A song with one thing of another; without a thing the song itself, with `AGAIN` the song played anew."""

    host: str
    thing: str = ""
    donor: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, self))

    @property
    def stems(self) -> Mapping[str, Sound]:
        """What sounds in it."""
        if self.thing in STEMS:
            return {stem: own(self.donor if stem == self.thing else self.host) for stem in STEMS}
        layers = (self.donor if layer == self.thing else self.host for layer in LAYERS)
        sound = Sound(*layers, take=int(self.thing == AGAIN))
        return {stem: _plain(stem, sound) for stem in STEMS}


def _plain(stem: str, sound: Sound) -> Sound:
    """Drums know no chords: theirs are those of the arrangement's own song."""
    return sound._replace(composition=sound.arrangement) if stem == "drums" else sound


def versions() -> list[Version]:
    """All of a set: the songs, the songs played again, and each with each thing of each other."""
    pairs = list(permutations(SONGS, 2))
    alone = [Version(song, thing) for song in SONGS for thing in ("", AGAIN)]
    return alone + [Version(host, thing, donor) for thing in THINGS for host, donor in pairs]


class Kind(NamedTuple):
    """How candidates are like a song: `only` a thing is shared, or all but a thing; without a thing nothing, or all."""

    only: bool
    thing: str = ""

    def __str__(self) -> str:
        if not self.thing:
            return "nothing" if self.only else "the same song"
        return f"{'only' if self.only else 'all but'} {self.thing}"

    def candidates(self, song: str) -> Sequence[Version]:
        """The versions that are like a song in this way."""
        others = [other for other in SONGS if other != song]
        if not self.thing:
            return [Version(other) for other in others] if self.only else [Version(song, AGAIN)]
        return [Version(o, self.thing, song) if self.only else Version(song, self.thing, o) for o in others]


NOTHING, SAME = Kind(only=True), Kind(only=False)


def kinds() -> list[Kind]:
    """All, the anchors first."""
    return [NOTHING, SAME, *(Kind(only, thing) for only in (True, False) for thing in THINGS)]
