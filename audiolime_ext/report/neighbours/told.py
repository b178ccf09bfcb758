"""What else may be known of two songs: the smallest change by which another one would win, and which seconds are alike.

Both are looked for in `audiolime_ext.recommendation.why`; here they become what a template writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.likeness import Alike
from audiolime_ext.report.neighbours.loudness import PEAK
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.text import minus


@dataclass(frozen=True)
class Clip:
    """A sound on the page: its caption and its address."""

    caption: str
    address: str = field(repr=False)


@dataclass(frozen=True)
class FlipView:
    """The smallest change: in a sentence, and before and after as sound."""

    sentence: str
    clips: tuple[Clip, ...] = ()


@dataclass(frozen=True)
class Link:
    """A second of the query and the second of the other song that it is like; `best` is drawn thicker."""

    query_s: float
    other_s: float
    best: bool = False


@dataclass(frozen=True)
class AlikeView:
    """Which seconds are alike: in a sentence, as lines between both spectrograms, and as sound."""

    sentence: str
    links: tuple[Link, ...] = ()
    clips: tuple[Clip, ...] = ()
    notes: tuple[str, ...] = ()


def flip_view(flip: Flip, *, sound: bool = True) -> FlipView:
    """The smallest change as it is written; played before and after, where there is one."""
    heard = [flip.before(), flip.after()] if sound and flip.stems else []
    return FlipView(_sentence(flip), tuple(lowered_alike(heard)))


def alike_view(alike: Alike, *, sound: bool = True) -> AlikeView:
    """Which seconds are alike: lines from the middle of one window to that of another, and the best pairs as sound."""
    alike = replace(alike, songs=("the query", alike.songs[1]))  # whose name stands above
    middles = alike.path_s + [float(lengths.mean()) / 2 for lengths in alike.durations_s]
    way = [Link(float(one), float(other)) for one, other in middles]
    best = [
        Link(pair.start_s[0] + pair.duration_s[0] / 2, pair.start_s[1] + pair.duration_s[1] / 2, best=True)
        for pair in alike.pairs
    ]
    heard = [alike.listen(number) for number in range(len(alike.pairs))] if sound else []
    return AlikeView(_sentence(alike), (*way, *best), tuple(lowered_alike(heard)), tuple(alike.notes))


def _sentence(found: object) -> str:
    text = minus(str(found))
    return f"{text[:1].upper()}{text[1:]}."


def lowered_alike(clips: Sequence[Audio]) -> list[Clip]:
    """Sounds that are compared: all are lowered alike where a file could not hold the loudest."""
    peak = max((float(np.abs(clip.samples).max(initial=0.0)) for clip in clips), default=0.0)
    factor = np.float32(min(1.0, PEAK / peak) if peak > 0 else 1.0)
    said = f"; all {-20 * np.log10(factor):.1f} dB softer here" if factor < 1 else ""
    return [Clip(f"{clip.name}{said}", data_uri(Audio(clip.samples * factor, clip.sr))) for clip in clips]
