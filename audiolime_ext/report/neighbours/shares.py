"""Shares as bars and tables: what silence and each stem add to the score, and by which outputs.

Silence has the first bar, always: it is what the songs have in common before anything sounds. Bars and the sum below
them are one scale. Where one stem is all of the sound nothing can be told apart, and there are no bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.matrix import directed
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.player.player import stem_colors

HALF = 49.5  # of a bar's picture, which is 100 wide
MOST_OUTPUTS = 12
NEUTRAL = "#8a9099"
STEM_IS = ("Stem", "a part of a song, as it was split")
SILENCE_IS = (
    "Silence",
    "what the model answers when all stems of a song are off; it counts beside the stems, and cannot be heard",
)


@dataclass(frozen=True)
class Bar:
    """A bar: `x` and `width` in a picture 100 wide, whose middle is 0."""

    name: str
    number: str
    x: float
    width: float
    color: str
    top: bool = False


@dataclass(frozen=True)
class Table:
    """A table: the heads of its columns, and rows of a name and cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def signed(value: float) -> str:
    """A share as it is written: with its sign, unless nothing is seen of it.

    Examples
    --------
    >>> signed(0.314), signed(-0.2), signed(-0.001)
    ('+0.31', '−0.20', '0.00')
    """
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") if round(value, 2) else "0.00"


def bars(parts: Mapping[str, float], top: Sequence[str] = (), colors: Mapping[str, str] | None = None) -> list[Bar]:
    """One bar for each part, all on one scale.

    Parameters
    ----------
    parts : mapping of str to float
        Part → what it adds.
    top : sequence of str
        Parts that the score comes most from.
    colors : mapping of str to str
        Part → colour; others are grey.

    Examples
    --------
    >>> [(bar.name, bar.number, bar.x, bar.width) for bar in bars({"silence": 0.1, "drums": -0.2})]
    [('silence', '+0.10', 50.0, 24.75), ('drums', '−0.20', 0.5, 49.5)]
    """
    reach = max((abs(value) for value in parts.values()), default=0.0) or 1.0
    found = []
    for name, value in parts.items():
        width = round(HALF * abs(value) / reach, 2)
        x = 50.0 - width if value < 0 else 50.0
        found.append(Bar(name, signed(value), x, width, (colors or {}).get(name, NEUTRAL), name in top))
    return found


def colors_of(why: Why) -> dict[str, str]:
    """Stem → colour, the same in all songs."""
    heard = [song.asked.whole.names for song in (why.query, *why.candidates) if song.asked is not None]
    names = tuple(dict.fromkeys(name for known in heard for name in known))
    return dict(zip(names, stem_colors(names), strict=True))


def stem_bars(why: Why) -> list[Bar]:
    """The bars of silence and the query's stems; none where one stem is all of the sound."""
    if why.leading.state == "whole" or len(why.weights) < 2:
        return []
    top = [why.leading.sources[i] for i in why.leading.first] if why.leading.state in ("leads", "tied") else []
    return bars({SILENCE: why.silence, **why.weights}, top, colors_of(why))


def by_candidate(why: Why) -> Table | None:
    """What silence and each stem of the query add to the nearness of each song; None where there are not two songs."""
    if len(why.candidates) < 2 or why.query.parts is None:
        return None
    near = [
        directed(why.space, why.query.parts) @ why.space.direction(song.vector, song.name) for song in why.candidates
    ]
    columns = np.stack([*near, near[0] - near[1]], axis=1)
    rows = [*zip((SILENCE, *why.query.parts.names), columns, strict=True), ("sum", columns.sum(axis=0))]
    names = [legible(song.name) for song in why.candidates]
    header = ("", *(f"to {name}" for name in names), "difference")
    return Table(header, tuple((name, tuple(map(signed, cells))) for name, cells in rows))


def output_table(why: Why) -> Table | None:
    """What silence and each stem add by each output, the largest first; None where outputs have no names."""
    if not why.by_output:
        return None
    ordered = sorted(why.by_output.items(), key=lambda one: -abs(sum(one[1].values())))
    parts = tuple(ordered[0][1])
    rows = [(name, tuple(signed(value) for value in (*cells.values(), sum(cells.values())))) for name, cells in ordered]
    return Table(("", *parts, "sum"), tuple(rows))
