"""Songs whose sources are known, and the excerpts of them that are measured.

*Rendered*: what ``python -m examples.cerberus.dataset`` makes for tests (splits human, mma, unseen). *Real*: folders
with one audio file for each source, as `Song.recorded` reads them; Debian's packages fretsonfire-songs-sectoid and
fretsonfire-songs-muldjord hold eight songs so (guitar.ogg, and the rest of the band in song.ogg).

An excerpt lasts ten seconds; up to three are taken of a song, evenly spread over it. A source counts in an excerpt
where it is louder than −20 dB of the mixture: what lands where of a source that hardly sounds is leakage of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from audiolime_ext.audio import Audio, Samples, level_db
from examples.cerberus.references import Song

SOURCES = ("piano", "guitar", "bass", "drums", "vocals")
EXCERPT_S = 10.0
MOST_EXCERPTS = 3
SOUNDS_DB = -20.0


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A mixture and those of the sources that sound in it, each (n_channels, n_samples)."""

    start_s: float
    mixture: Audio
    sources: dict[str, Samples] = field(repr=False)


def excerpts(song: Song) -> Iterator[Excerpt]:
    """The excerpts of a song that are measured, each in the middle of its part of the song."""
    duration_s = song.mixture.duration_s
    n = max(1, min(MOST_EXCERPTS, int(duration_s // EXCERPT_S)))
    for i in range(n):
        yield cut(song, max(0.0, (i + 0.5) * duration_s / n - EXCERPT_S / 2))


def cut(song: Song, start_s: float) -> Excerpt:
    """Ten seconds of a song."""
    mixture = song.mixture
    first = round(start_s * mixture.sr)
    span = slice(first, first + round(EXCERPT_S * mixture.sr))
    whole = mixture.samples[:, span]
    sources = {name: stem[:, span] for name, stem in song.stems.items() if name in SOURCES}
    sounding = {name: stem for name, stem in sources.items() if level_db(stem, whole) > SOUNDS_DB}
    return Excerpt(start_s, Audio(whole, mixture.sr, song.name), sounding)
