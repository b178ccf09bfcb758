"""Songs whose sources are known, and the excerpts of them that are measured.

*Rendered*: what ``python -m examples.cerberus.dataset`` makes for tests (splits human, mma, unseen). *Real*: folders
with one audio file for each source, as `Song.recorded` reads them; Debian's packages fretsonfire-songs-sectoid and
fretsonfire-songs-muldjord hold eight songs so (guitar.ogg, and the rest of the band in song.ogg).

*Voice*: nobody here has a recorded voice apart from its song, so what stands in for one is Spleeter's estimate of the
voices in recordings, sung over the rendered songs as loud as these. It is a proxy: it lacks what Spleeter missed, holds
what Spleeter took for a voice, and says nothing of Spleeter itself.

An excerpt lasts ten seconds; up to three are taken of a song, evenly spread over it. A source counts in an excerpt
where it is louder than −20 dB of the mixture: what lands where of a source that hardly sounds is leakage of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audiolime_ext import load_audio
from audiolime_ext.audio.recording import Audio, Samples, level_db
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.factorization.loading import load_factorization
from examples.cerberus.references import SR, Song

SOURCES = ("piano", "guitar", "bass", "drums", "vocals")
EXCERPT_S = 10.0
MOST_EXCERPTS = 3
SOUNDS_DB = -20.0
SINGER = "spleeter:2stems"  # whose estimates stand in for voices


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


def sung(recording: Path, bands: Iterable[Path]) -> Iterator[Excerpt]:
    """The voices of a recording over the middle of each rendered song, as loud as it; only they count."""
    clip = load_audio(recording)
    estimated = load_factorization(SINGER).factorize(clip)["vocals"].samples.mean(axis=0, keepdims=True)
    voices = resample_span(estimated, clip.sr, SR, 0, resampled_length(clip.n_samples, clip.sr, SR))
    voice = loudest(voices, round(EXCERPT_S * SR))
    for folder in bands:
        band = Song.rendered(folder)
        excerpt = cut(band, max(0.0, (band.mixture.duration_s - EXCERPT_S) / 2))
        samples = excerpt.mixture.samples
        vocals = voice[:, : samples.shape[1]]
        vocals = vocals * float(np.sqrt(np.square(samples).mean() / np.square(vocals).mean()))
        yield Excerpt(excerpt.start_s, Audio(samples + vocals, SR, folder.name), {"vocals": vocals})


def loudest(samples: Samples, n_samples: int) -> Samples:
    """The part of a signal, shape (n_channels, n_samples), that has most energy."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64).sum(axis=0))])
    first = int(np.argmax(energy[n_samples:] - energy[:-n_samples])) if len(energy) > n_samples else 0
    return samples[:, first : first + n_samples]
