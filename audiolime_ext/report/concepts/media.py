"""Pictures and sounds of the page, in as few bytes as a page of many concepts can hold.

A song is embedded once: the spectrogram of its excerpt, which patch holds which pixel, and its sound. What is drawn and
played of a patch in its window is a piece of these; the patch alone is a sound of its own, as long as it sounds. How
much of it there is follows from the number of concepts (`PLANS`): all songs at 64 kb/s in a small page; in one of 20
classes the windows of the strongest concepts alone, at 16 kb/s. Sounds are mono MP3.

Invariants: *a song and its patches have one gain*, so that a patch alone is as loud as it is in the song; *none is
clipped*: one that would be is softer.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.sounds import RANGE_DB, HeardSong, HearingAgain
from audiolime_ext.progress.stages import tracked
from audiolime_ext.report.concepts.members import Members
from audiolime_ext.report.maps.sounds import level_gain
from audiolime_ext.report.neighbours.loudness import PEAK
from audiolime_ext.report.player.pictures import COLORMAP

N_PATCHES = 10  # of a concept, the nearest to its middle first
MOST_BYTES = 14_800_000  # of the page
_PICTURE = 6_000  # bytes of a song's pictures and of what is told of it, about
_FILE = 450  # bytes of an MP3 file beyond its rate
_MARGIN_S, _FADE_S = 0.1, 0.01


@dataclass(frozen=True)
class Plan:
    """How much is embedded.

    Parameters
    ----------
    kbps : int
        Bit rate of sounds in kb/s.
    songs : {"all", "shown", "windows"}
        Songs with sound: all; those of patches that are shown; of these the windows of the patches alone.
    n_patches : int
        Number of patches of a concept that sound.
    """

    kbps: int
    songs: str
    n_patches: int = N_PATCHES

    @property
    def sr(self) -> int:
        """Rate of sounds in Hz."""
        return 24_000 if self.kbps >= 24 else 16_000

    @property
    def told(self) -> str:
        """What is embedded, in words."""
        what = {
            "all": "The excerpt of each song that can be heard is in the page",
            "shown": "The excerpts of the songs whose patches are shown are in the page",
            "windows": "Of songs, the windows of the patches that are shown are in the page",
        }[self.songs]
        fewer = "" if self.n_patches == N_PATCHES else f", and of each concept {self.n_patches} patches have a sound"
        return f"{what}{fewer}; sounds are mono MP3 at {self.kbps} kb/s."


PLANS = (
    *(Plan(kbps, "all") for kbps in (64, 48, 32)),
    *(Plan(kbps, "shown") for kbps in (32, 24)),
    *(Plan(kbps, "windows") for kbps in (24, 16)),
    *(Plan(16, "windows", n) for n in (8, 6, 4)),
)


@dataclass(frozen=True)
class Shown:
    """A patch that the page shows: of a concept, by its place among `Concepts.kept`, and a song of the store."""

    concept: int
    rank: int
    song: int
    patch: Patch


@dataclass(frozen=True)
class Stretch:
    """Some seconds of a song's excerpt that have a sound: the MP3 file; from `begin_s` to `end_s`."""

    begin_s: float
    end_s: float
    encoded: bytes = field(repr=False)


@dataclass(frozen=True)
class SongMedia:
    """A song as the page embeds it.

    Parameters
    ----------
    start_s, duration_s : float
        Start in seconds of the recording, and length, of the excerpt.
    hop_s, window_s : float
        Step from one window to the next and length of a window in seconds.
    top_hz : float
        Highest frequency of the picture in Hz.
    picture : bytes
        JPEG file: the spectrogram, a pixel for each column and mel band, low bands at the bottom.
    labels : bytes
        PNG file of the same width: for each factorization, one above the other, which patch holds each pixel.
    stretches : tuple of Stretch
        Sounds of the excerpt.
    """

    start_s: float
    duration_s: float
    hop_s: float
    window_s: float
    top_hz: float
    picture: bytes = field(repr=False)
    labels: bytes = field(repr=False)
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Media:
    """What the page embeds: of these concepts, songs by their place in the store, patches by (song, split, number)."""

    plan: Plan
    concepts: frozenset[int]
    songs: dict[int, SongMedia]
    alone: dict[tuple[int, str, int], Stretch]
    why_not: dict[int, str]


def room_beside(text: str) -> float:
    """How many bytes of pictures and sounds fit a page beside its text; written as text they take 4/3 of that."""
    return 3 / 4 * (MOST_BYTES - len(text.encode("utf-8", "replace")))


def plan_for(
    shown: Sequence[Shown], n_songs: int, duration_s: float, window_s: float, room: float
) -> tuple[Plan, Sequence[Shown]]:
    """The richest plan that fits the page, and what is shown; the least wanted concepts are left out if none fits.

    Parameters
    ----------
    shown : sequence of Shown
        Patches to show, those of the most wanted concepts first.
    n_songs : int
        Number of songs that have a member of any concept.
    duration_s, window_s : float
        Length of the excerpts and of a window in seconds.
    room : float
        Bytes that there is room for.
    """
    sizes = {plan: _size(plan, shown, n_songs, duration_s, window_s) for plan in PLANS}
    fitting = [plan for plan, size in sizes.items() if size <= room]
    wanted = list(dict.fromkeys(one.concept for one in shown))
    if fitting or len(wanted) < 2:
        return (fitting or PLANS[-1:])[0], shown
    kept = set(wanted[: 3 * len(wanted) // 4])
    return plan_for([one for one in shown if one.concept in kept], n_songs, duration_s, window_s, room)


def _size(plan: Plan, shown: Sequence[Shown], n_songs: int, duration_s: float, window_s: float) -> float:
    some = [one for one in shown if one.rank < plan.n_patches]
    songs, windows = {one.song for one in shown}, {(one.song, one.patch.window) for one in some}
    n_pictures = n_songs if plan.songs == "all" else len(songs)
    lengths = [window_s] * len(windows) if plan.songs == "windows" else [duration_s] * n_pictures
    lengths += [_alone_s(one.patch, window_s) for one in some]
    return n_pictures * _PICTURE + sum(lengths) * plan.kbps * 125 + len(lengths) * _FILE


def _alone_s(patch: Patch, window_s: float) -> float:
    if patch.place is None:
        return 0.0
    begin, end = patch.place[:2]
    return min(window_s, end - begin + 2 * _MARGIN_S)


def media_of(members: Members, shown: Sequence[Shown], hearing: HearingAgain, room: float) -> Media:
    """What the page embeds of songs and patches; each song is read and split once.

    Parameters
    ----------
    members : Members
        Songs of the store.
    shown : sequence of Shown
        Patches to show, those of the most wanted concepts first.
    hearing : HearingAgain
        Reader of the songs.
    room : float
        Bytes that there is room for.
    """
    with_some = [n for n, song in enumerate(members.songs) if any(one >= 0 for one in song.of)]
    window_s = hearing.model.window_s or hearing.duration_s
    plan, shown = plan_for(shown, len(with_some), hearing.duration_s, window_s, room)
    songs = with_some if plan.songs == "all" else sorted({one.song for one in shown})
    made, alone, why_not = dict[int, SongMedia](), dict[tuple[int, str, int], Stretch](), dict[int, str]()
    for n in tracked(songs, "hearing songs again", "song"):
        song = members.songs[n]
        heard = hearing.heard(song.entry, song.patches)
        if isinstance(heard, str):
            why_not[n] = heard
            continue
        of_song = [one.patch for one in shown if one.song == n and one.rank < plan.n_patches]
        gain = _gain(heard)
        made[n] = _song(heard, list(hearing.splits), of_song, plan, gain)
        for patch in of_song:
            if not patch.silent:
                alone[n, patch.split, patch.number] = _alone(heard, patch, plan, gain)
    return Media(plan, frozenset(one.concept for one in shown), made, alone, why_not)


def _song(heard: HeardSong, splits: Sequence[str], shown: Sequence[Patch], plan: Plan, gain: float) -> SongMedia:
    spans = sorted({heard.span(patch) for patch in shown}) if plan.songs == "windows" else [(0.0, heard.duration_s)]
    stretches = tuple(_stretch(heard.excerpt, heard.sr, span, span[0], plan, gain) for span in spans)
    labels = np.concatenate([heard.labels(split).T[::-1] for split in splits])
    return SongMedia(
        heard.start_s,
        heard.duration_s,
        heard.hop_s,
        heard.window_s,
        heard.sr / 2,
        _jpeg(heard.mel_db),
        _file(labels, "L", "PNG", optimize=True),
        stretches,
    )


def _alone(heard: HeardSong, patch: Patch, plan: Plan, gain: float) -> Stretch:
    """A patch alone, as long as it sounds, from a moment before to a moment after."""
    assert patch.place is not None
    sound = heard.alone(patch)
    length_s = sound.shape[-1] / heard.sr
    span = max(0.0, patch.place[0] - _MARGIN_S), min(length_s, patch.place[1] + _MARGIN_S)
    return _stretch(sound, heard.sr, span, heard.span(patch)[0] + span[0], plan, gain)


def _stretch(sound: Samples, sr: int, span: tuple[float, float], begin_s: float, plan: Plan, gain: float) -> Stretch:
    first, end = (round(at * sr) for at in span)
    cut = sound[:, first:end].mean(axis=0, keepdims=True)
    cut = resample_span(cut, sr, plan.sr, 0, resampled_length(cut.shape[-1], sr, plan.sr)) * np.float32(gain)
    cut *= np.float32(min(1.0, PEAK / max(float(np.abs(cut).max(initial=0.0)), 1e-9)))
    n = min(round(_FADE_S * plan.sr), cut.shape[-1] // 2)
    if n:
        cut[:, :n] *= np.linspace(0, 1, n, dtype=np.float32)
        cut[:, -n:] *= np.linspace(1, 0, n, dtype=np.float32)
    level = (160 - plan.kbps) / 152  # of libsndfile, below 32 kHz
    encoded = encode(cut, plan.sr, "MP3", "MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=level)
    return Stretch(begin_s, begin_s + span[1] - span[0], encoded)


def _gain(heard: HeardSong) -> float:
    mono = heard.excerpt.mean(axis=0, keepdims=True)
    return float(10 ** (level_gain(mono)[0] / 20)) if np.any(mono) else 1.0


def _jpeg(mel_db: NDArray[np.float32]) -> bytes:
    import matplotlib

    colors = (matplotlib.colormaps[COLORMAP](np.arange(256), bytes=True)[:, :3]).astype(np.uint8)
    shade = np.clip(1 + (mel_db - mel_db.max()) / RANGE_DB, 0, 1) * 255
    return _file(colors[shade.round().astype(np.uint8).T[::-1]], "RGB", "JPEG", quality=62, optimize=True)


def _file(pixels: NDArray[np.uint8], mode: str, kind: str, **how: object) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels), mode=mode).save(buffer, kind, **how)
    return buffer.getvalue()


def text_of(content: bytes) -> str:
    """Bytes as the page writes them."""
    return base64.b64encode(content).decode()
