"""A playlist: how near each song is to the next, beside the simple order's, and the curve that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet
from audiolime_ext.report.figures.styles import PALE, SOFT
from audiolime_ext.report.player.player import PALETTE
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Labels = Sequence[str | int] | None
PANEL_IN = 1.6


def transitions(found: Playlist, labels: Labels, room: Room) -> Sheet:
    """How near each song is to the next, weak transitions filled; below it the curve, if there is one."""
    if not found.transitions:
        raise UsageError("a list of one song has no transitions, so there is nothing to draw")
    n_weak = len(found.weak)
    limit = found.weak_below
    weak = [] if limit is None else [f"{counted(n_weak, 'weak transition')} below {limit:.2f}"]
    title = room.title(f"{counted(len(found.songs), 'song')}, each near to the next", *weak, beside=["0.00"])
    panels = [Panel(PANEL_IN, partial(_draw_transitions, found), title)]
    panels += [_curve(found, room)] if found.column else []
    return Sheet(tuple(panels), of="list", legend=_legend)


def curve(found: Playlist, labels: Labels, room: Room) -> Sheet:
    """The curve alone: what each place should have, and what its song has."""
    if not found.column:
        raise UsageError("the list follows no curve; kind='transitions' draws how near its songs are to each other")
    return Sheet((_curve(found, room),), of="list", legend=_legend)


def _curve(found: Playlist, room: Room) -> Panel:
    return Panel(PANEL_IN, partial(_draw_curve, found), room.title(f"{found.column}, as ranks", beside=["0.00"]))


def _draw_transitions(found: Playlist, axis: Axes) -> None:
    at = np.arange(1, len(found.songs)) + 0.5
    near, weak = np.array(found.nearness), np.array([one.weak for one in found.transitions])
    axis.plot(at, found.greedy.nearness, color=SOFT, linestyle=":", label="nearest song left")
    if found.weak_below is not None:
        axis.axhline(found.weak_below, color=PALE, zorder=0)
    axis.plot(at, near, color=PALETTE[0], marker="o", markersize=3, markerfacecolor="white", label="this list")
    if weak.any():
        axis.plot(at[weak], near[weak], "o", color=PALETTE[1], markersize=4, label="weak")
    axis.set_ylabel(found.measured_by)
    _places(found, axis)


def _draw_curve(found: Playlist, axis: Axes) -> None:
    at = np.arange(1, len(found.songs) + 1)
    ranks = np.array([np.nan if rank is None else rank for rank in found.ranks])
    axis.plot(at, found.wanted, color=SOFT, label="curve")
    axis.plot(at, ranks, "_", color=PALETTE[0], markersize=6, markeredgewidth=2, label="songs")
    axis.set_ylim(-0.05, 1.05)
    axis.set_ylabel("rank")
    _places(found, axis)


def _places(found: Playlist, axis: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_xlim(0.5, len(found.songs) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axis.set_xlabel("place in the list")


def _legend(axis: Axes) -> tuple[list[Any], list[str]]:
    handles, names = axis.figure.axes[0].get_legend_handles_labels()
    if axis is not axis.figure.axes[0]:
        more = axis.get_legend_handles_labels()
        handles, names = [*handles, *more[0]], [*names, *more[1]]
    return handles, names
