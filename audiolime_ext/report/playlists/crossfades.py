"""The sound of a transition: the last seconds of a song, cross-faded into the first seconds of the next one.

In mono. Silence at the end of the one and at the beginning of the other (below a thousandth of its highest peak) is
left out, or the most common transition would be a pause. All songs of a page are brought to one loudness, each as a
whole: both of its ends get the same gain, which is told, so a song that fades out does so here, too. Both ways of the
cross-fade add up to one power.

Invariants: *what is heard is sound of the very files that are in the index*; *no sound is louder than full scale*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.sounds import file_of, why_no_file
from audiolime_ext.report.neighbours.loudness import PEAK, gain_in_words, gains_of_levels_db, level_db
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.templating import clock

PART_S = 8.0
FADE_S = 3.0
_SILENT = 1e-3  # of the highest peak


@dataclass(frozen=True, eq=False)
class Ends:
    """The first and the last seconds of a song, in mono, named by their seconds; or `why` there are none.

    Parameters
    ----------
    first, last : Audio or None
        Sounds, each of one channel.
    level_db : float
        Mean power of the whole song, without silence at its ends, in dB below that of a constant 1.
    why : str
        Words on why there are none.
    """

    first: Audio | None = field(default=None, repr=False)
    last: Audio | None = field(default=None, repr=False)
    level_db: float = -np.inf
    why: str = ""


@dataclass(frozen=True)
class Crossfade:
    """The sound of a transition.

    Parameters
    ----------
    told : str
        Words on which seconds are heard, and how loud, or why there is no sound.
    address : str
        Address in the page; "": there is none.
    lengths_s : tuple of float
        Lengths of the end of the one, of the beginning of the other, and of the time in which both are heard, in
        seconds; empty: there is no sound.
    """

    told: str
    address: str = field(default="", repr=False)
    lengths_s: tuple[float, ...] = ()


def crossfades(folder: Path, songs: Sequence[Song]) -> list[Crossfade]:
    """The sound of each transition between songs of an index that lies in `folder`, the songs equally loud."""
    ends = [ends_of(folder, song) for song in tracked(songs, "reading the songs", "song")]
    if len(ends) > 1:  # nothing leads to the first one, and nothing follows the last
        ends[0], ends[-1] = replace(ends[0], first=None), replace(ends[-1], last=None)
    parts = [[part for part in (one.first, one.last) if part is not None] for one in ends]
    peaks = [max((float(np.abs(part.samples).max()) for part in some), default=0.0) for some in parts]
    levels = [one.level_db if peak > 0 else -np.inf for one, peak in zip(ends, peaks, strict=True)]
    gains = gains_of_levels_db(levels, [peak or 1.0 for peak in peaks])
    mixed = [_mixed(one, other, gain) for (one, other), gain in zip(pairwise(ends), pairwise(gains), strict=True)]
    peaks = [float(np.abs(sound.samples).max()) for sound, _, _ in mixed if sound is not None]
    common = min(1.0, PEAK / max(peaks, default=PEAK))
    return [
        Crossfade(told)
        if sound is None
        else Crossfade(told, data_uri(replace(sound, samples=sound.samples * np.float32(common))), lengths_s)
        for sound, told, lengths_s in mixed
    ]


def lengths_in_words(sounds: Sequence[Crossfade]) -> str:
    """How long the ends and the beginnings are, and how long both are heard; "": nothing is.

    Examples
    --------
    >>> lengths_in_words([Crossfade("", "", (8, 8, 3)), Crossfade("", "", (8, 8, 3))])
    '8 s and 8 s, 3 s of them together'
    >>> lengths_in_words([Crossfade("", "", (8, 3, 1.5)), Crossfade("", "", (3, 8, 1.5)), Crossfade("not played")])
    'up to 8 s and up to 8 s, 1.5 s of them together'
    """
    every = [[round(length, 1) for length in one.lengths_s] for one in sounds if one.lengths_s]
    if not every:
        return ""
    end, beginning, both = (
        f"{'up to ' if len(set(some)) > 1 else ''}{max(some):g} s" for some in zip(*every, strict=True)
    )
    return f"{end} and {beginning}, {both} of them together"


def ends_of(folder: Path, song: Song) -> Ends:
    """The ends of a song of an index."""
    path = file_of(folder, song)
    if path is None:
        return Ends(why=why_no_file(song))
    if sha256_of(path) != song.key:
        return Ends(why="its file was changed since it was indexed")
    try:
        audio = load_audio(path)
    except AudiolimeError as error:
        return Ends(why=f"it cannot be played: {legible(str(error))}")
    loud = np.abs(audio.samples).max(axis=0)
    heard = np.flatnonzero(loud > _SILENT * loud.max())
    if not len(heard):
        return Ends(why="it is silent")
    begin_s, end_s = heard[0] / audio.sr, (heard[-1] + 1) / audio.sr
    length_s = min(PART_S, end_s - begin_s)
    level = level_db(audio.samples[:, heard[0] : heard[-1] + 1].mean(axis=0))
    return Ends(_cut(audio, begin_s, length_s), _cut(audio, end_s - length_s, length_s), level)


def joined(one: Audio, other: Audio, fade_s: float = FADE_S) -> Audio:
    """Two sounds of one channel, the first fading into the second, at the rate of the first.

    Parameters
    ----------
    one, other : Audio
        Sounds, of shape (1, n_samples).
    fade_s : float
        Seconds in which both are heard; at most half of the shorter one.

    Examples
    --------
    >>> loud = Audio(np.full((1, 8000), 0.5, np.float32), 1000)
    >>> sound = joined(loud, loud)
    >>> sound.duration_s, float(sound.samples[0, 0]), round(float(sound.samples[0, 6500] ** 2), 2)
    (13.0, 0.5, 0.5)
    """
    sr = one.sr
    second = other.samples
    if other.sr != sr:
        second = resample_span(second, other.sr, sr, 0, resampled_length(second.shape[1], other.sr, sr))
    n_fade = min(int(fade_s * sr), one.n_samples // 2, second.shape[1] // 2)
    rising = np.sin(np.linspace(0, np.pi / 2, n_fade)).astype(np.float32)
    both = np.zeros((1, one.n_samples + second.shape[1] - n_fade), np.float32)
    both[:, : one.n_samples] += one.samples * np.concatenate([np.ones(one.n_samples - n_fade), rising[::-1]])
    both[:, one.n_samples - n_fade :] += second * np.concatenate([rising, np.ones(second.shape[1] - n_fade)])
    return Audio(both, sr)


def _cut(audio: Audio, start_s: float, length_s: float) -> Audio:
    first, end = audio.span(start_s, length_s)
    cut = audio.samples[:, first:end].mean(axis=0, keepdims=True)
    return Audio(cut, audio.sr, f"{clock(first / audio.sr)}–{clock(end / audio.sr)}")


def _mixed(one: Ends, other: Ends, gains: tuple[float, float]) -> tuple[Audio | None, str, tuple[float, ...]]:
    """The sound of a transition, what is told of it, and its lengths."""
    if one.last is None or other.first is None:
        which, why = ("the first", one.why) if one.last is None else ("the second", other.why)
        return None, f"not played: of {which} song, {why}", ()
    parts = [
        replace(part, samples=part.samples * np.float32(10 ** (gain / 20)))
        for part, gain in zip((one.last, other.first), gains, strict=True)
    ]
    told = [f"{part.name} ({gain_in_words(gain)})" for part, gain in zip(parts, gains, strict=True)]
    sound, lengths = joined(parts[0], parts[1]), (parts[0].duration_s, parts[1].duration_s)
    return sound, " into ".join(told), (*lengths, sum(lengths) - sound.duration_s)
