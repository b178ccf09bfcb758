"""Some seconds of each song of a map, in as few bytes as a page of many songs can hold.

Of each song the middle is taken, in mono, as an MP3 file at 24 kHz; the more songs, the lower the bit rate. Measured:
300 songs of 5 s at 32 kb/s are 8.1 MB within a page.

Invariants:

- *All songs are equally loud*, at a level that nearly all music can be played at without clipping: their mean power
  is 22 dB below full scale.
- *None is clipped.* A song with rare high peaks is softer than the others, and its words say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.recording import Audio, Samples, level_db
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.report.neighbours.loudness import PEAK, gain_in_words
from audiolime_ext.report.player.middle import middle_of_song

SECONDS = 5.0
MOST_SONGS = 300  # that have a sound within the page
SR = 24_000
LEVEL_DB = -22.0  # mean power below full scale
KBPS = (64, 56, 48, 40, 32)  # MP3 at 24 kHz
_ROOM = 8_400_000  # bytes of a page that are for sounds
_FADE_S = 0.02


@dataclass(frozen=True)
class Excerpt:
    """Some seconds of a song: what is to be `told` of them, and the MP3 file; b"" where there is no sound of it."""

    told: str
    encoded: bytes = field(default=b"", repr=False)


def kbps_for(n_songs: int) -> int:
    """The highest bit rate, in kb/s, at which the sounds of so many songs fit a page.

    Examples
    --------
    >>> kbps_for(30), kbps_for(200), kbps_for(300)
    (64, 48, 32)
    """
    sizes = {kbps: 4 / 3 * n_songs * SECONDS * kbps * 125 for kbps in KBPS}
    return next((kbps for kbps, size in sizes.items() if size <= _ROOM), KBPS[-1])


def excerpts(found: EmbeddingMap, kbps: int) -> list[Excerpt]:
    """The excerpts of all songs of a map, in its order.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    kbps : int
        Bit rate in kb/s, one of `KBPS`.
    """
    return [excerpt(found, place, kbps) for place in tracked(range(len(found.places)), "cutting excerpts", "song")]


def excerpt(found: EmbeddingMap, place: int, kbps: int) -> Excerpt:
    """The excerpt of the song at a place on the map.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    place : int
        Number of the song, from 0.
    kbps : int
        Bit rate in kb/s, one of `KBPS`.
    """
    song = found.index.songs[int(found.places[place])]
    cut = middle_of_song(found.index.folder, song, SECONDS)
    if isinstance(cut, str):
        return Excerpt(cut)
    samples = _faded(_at_rate(cut))
    gain_db, softer_db = level_gain(samples)
    told = f"{cut.name}, {gain_in_words(gain_db)}"
    if round(softer_db, 1):
        told += f"; {softer_db:.1f} dB softer than other songs, since its peaks are high"
    return Excerpt(told, _mp3(samples * np.float32(10 ** (gain_db / 20)), kbps))


def level_gain(samples: Samples) -> tuple[float, float]:
    """The gain in dB that brings an excerpt to `LEVEL_DB`, and by how many dB it is less, so that nothing is clipped.

    Parameters
    ----------
    samples : ndarray of float32, shape (1, n_samples)
        Waveform that is not silent; full scale is 1.

    Examples
    --------
    >>> [round(gain, 1) for gain in level_gain(np.ones((1, 100), np.float32) / 2)]
    [-16.0, 0.0]
    >>> [round(gain, 1) for gain in level_gain(np.eye(1, 1000, dtype=np.float32))]
    [-1.0, 9.0]
    """
    wanted = LEVEL_DB - level_db(samples, np.ones_like(samples))
    room = float(20 * np.log10(PEAK / np.abs(samples).max()))
    return min(wanted, room), max(0.0, wanted - room)


def _at_rate(cut: Audio) -> Samples:
    return resample_span(cut.samples, cut.sr, SR, 0, resampled_length(cut.n_samples, cut.sr, SR))


def _faded(samples: Samples) -> Samples:
    """Without the clicks of a sound that begins in its middle."""
    n = min(round(_FADE_S * SR), samples.shape[-1] // 2)
    shape = np.ones(samples.shape[-1], np.float32)
    shape[:n] = np.linspace(0, 1, n, endpoint=False)
    shape[len(shape) - n :] = shape[:n][::-1]
    return samples * shape


def _mp3(samples: Samples, kbps: int) -> bytes:
    level = (160 - kbps) / 152  # of libsndfile, below 32 kHz
    return encode(samples, SR, "MP3", "MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=level)
