"""What else may be known of two songs: the smallest change by which another one would win, and which seconds are alike.

Both are looked for elsewhere; here they become what a template writes. `Flipped` and `Followed` are all that is asked
of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.report.neighbours.loudness import PEAK
from audiolime_ext.report.player.clip import data_uri


class Flipped(Protocol):
    """A change of stems by which another song would come first: its sentence is ``str()`` of it."""

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that change; none where there is no change."""

    def before(self) -> Audio:
        """The window of most effect as it is."""

    def after(self) -> Audio:
        """The same with the change."""


class Followed(Protocol):
    """Windows of two songs that are alike: their starts, the way through both, and the pairs that are most alike."""

    @property
    def query_times_s(self) -> Sequence[float]:
        """Starts of the query's windows in seconds."""

    @property
    def other_times_s(self) -> Sequence[float]:
        """Starts of the other song's windows in seconds."""

    @property
    def path(self) -> Any:
        """Numbers of windows, shape (n, 2), in the order of the songs."""


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


def flip_view(flip: Flipped, *, sound: bool = True) -> FlipView:
    """The smallest change as it is written; played before and after, where there is one."""
    heard = [flip.before(), flip.after()] if sound and flip.stems else []
    return FlipView(str(flip), tuple(_lowered_alike(heard)))


def alike_view(
    alike: Followed, window_s: float, *, best: Sequence[tuple[float, float]] = (), clips: Sequence[Audio] = ()
) -> AlikeView:
    """Which seconds are alike, as lines from the middle of one window to that of another.

    Parameters
    ----------
    alike : Followed
        Windows of both songs, and the way through them.
    window_s : float
        Length of a window in seconds.
    best : sequence of (float, float)
        Starts of the pairs that are most alike, in seconds of the query and of the other song.
    clips : sequence of Audio
        These pairs as sound; names are captions.
    """
    half_s = window_s / 2
    way = [
        Link(float(alike.query_times_s[i]) + half_s, float(alike.other_times_s[j]) + half_s)
        for i, j in alike.path
    ]
    pairs = [Link(one + half_s, other + half_s, best=True) for one, other in best]
    return AlikeView(str(alike), (*way, *pairs), tuple(_lowered_alike(clips)))


def _lowered_alike(clips: Sequence[Audio]) -> list[Clip]:
    """Sounds that are compared: all are lowered alike where a file could not hold the loudest."""
    peak = max((float(np.abs(clip.samples).max(initial=0.0)) for clip in clips), default=0.0)
    factor = np.float32(min(1.0, PEAK / peak) if peak > 0 else 1.0)
    said = f", all lowered by {-20 * np.log10(factor):.1f} dB" if factor < 1 else ""
    return [Clip(f"{clip.name}{said}", data_uri(Audio(clip.samples * factor, clip.sr))) for clip in clips]
