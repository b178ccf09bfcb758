"""Weights over time: of a track's windows, stacked up to the score, and of the segments of an excerpt.

In a track the weights of a window are drawn up and down from the value of silence, so that what rises less what falls
ends at the score, which is a line. The value of silence is a dotted line over them, or what falls would look like what
rises. Above them is the taggram. Both end where the last whole window does, as the title says: what follows is not
explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.prediction.kind import numbers
from audiolime_ext.report.figures.bars import MOST_BARS, axis_label, explained_s, means, spanned, spanned_track, told
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet, add_colorbar
from audiolime_ext.report.figures.styles import HATCHES, PALE, SOFT
from audiolime_ext.report.player.player import PALETTE, stem_colors
from audiolime_ext.report.song.map import taggram_rows, whole_columns
from audiolime_ext.text import counted
from audiolime_ext.track.explanation import TrackExplanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
PANEL_IN = 1.5


def of_track(track: TrackExplanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The taggram, and below it the weights of the sources for each label over time."""
    columns = [track.column(label) for label in labels or track.labels]
    rows = taggram_rows(track.taggram, [track.all_labels[column] for column in columns])
    about: Any = {"beside": room.names(_called(track, rows)), "bar": True}
    scores = [
        Panel(
            max(0.3, room.line_in * 1.15 * len(rows)),
            partial(_draw_taggram, track, rows, room=room),
            room.title("the model’s scores", **about),
            besides=True,
        )
    ]
    names = about["beside"]
    if "heatmap" in room.without:
        scores, names = [], ["0.00"]
    limits, panels = _limits(track, columns), list[Panel]()
    for column in columns:
        name = told(track.kind, track.all_labels[column], means(track, column), track.provenance)
        song = [] if panels else [spanned_track(track)]
        drawn = partial(_draw_track, track, column, limits=limits, room=room)
        panels.append(Panel(PANEL_IN, drawn, room.title(*song, name, beside=names)))
    return Sheet((*scores, *panels), legend=_legend)


def _limits(track: TrackExplanation, columns: Sequence[int]) -> tuple[float, float]:
    """The scale of all panels: from the lowest to the highest that is drawn, and a little more."""
    ends = [0.0]
    for column in columns:
        (full, empty), weights = track.score(column), track.all_weights[:, column]
        rises, falls = np.maximum(weights, 0.0).sum(axis=1), np.minimum(weights, 0.0).sum(axis=1)
        ends += [end for edge in (full, empty, empty + rises, empty + falls) for end in (edge.min(), edge.max())]
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    spare = 0.05 * (high - low) or 0.05
    return low - spare, high + spare


def _called(track: TrackExplanation, rows: Sequence[str]) -> list[str]:
    numbered = numbers(track.taggram.labels)
    return [f"output {row}" if numbered else row for row in rows]


def of_explanation(explanation: Explanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The weights of each source's segments, one row for each source.

    Raises
    ------
    UsageError
        If no source is cut into segments.
    """
    parts = explanation.components
    if parts.n_segments < 2 or max(parts.groups) < 2:
        raise UsageError(
            "the stems of this excerpt are whole, so there are no weights over time; explain with segments=6, "
            "segments='beats', …, or a recording window by window with explain_track"
        )
    names = room.names(parts.sources)
    height = max(0.32, 2.2 * room.line_in) * len(names)
    exact = explanation.attribution.exact or explanation.attribution.std_errors is None
    what = axis_label(explanation.kind, explanation.attribution.method, explanation.provenance, exact=exact)
    columns = [explanation.column(label) for label in labels or explanation.labels]
    high = max(_row(explanation, column) for column in columns)
    panels: list[Panel] = []
    for column in columns:
        values = [explanation.number(value, column) for value in explanation.score(column)]
        about = told(explanation.kind, explanation.all_labels[column], values, explanation.provenance)
        song = spanned(parts.recording_name, parts.start_s, parts.start_s + parts.duration_s)
        title = room.title(*([] if panels else [song]), about, what, beside=names)
        panels.append(Panel(height, partial(_draw_segments, explanation, column, high, room=room), title))
    return Sheet(tuple(panels))


def _row(explanation: Explanation, column: int) -> float:
    """How high a row is: twice as high as the largest weight, with its interval, and a little more."""
    weights, interval = explanation.attribution.weights[column], explanation.attribution.interval()
    reach = 0.0 if interval is None else ((interval[1] - interval[0]) / 2)[column]
    return 2.2 * (float((np.abs(weights) + reach).max()) or 1.0)


def _shown_of(weights: Array, names: Sequence[str]) -> list[tuple[str, str, Array]]:
    """Name, colour and weights of what is stacked: all, or the heaviest and the sum of all others."""
    if len(names) <= MOST_BARS:
        return list(zip(names, stem_colors(names), weights.T, strict=True))
    order = np.argsort(-np.abs(weights).mean(axis=0), kind="stable")
    most, rest = np.sort(order[: MOST_BARS - 1]), order[MOST_BARS - 1 :]
    others = (f"{counted(len(rest), 'other')}, together", PALE, weights[:, rest].sum(axis=1))
    kept = [names[i] for i in most]
    return [*zip(kept, stem_colors(kept), weights[:, most].T, strict=True), others]


def _widths(track: TrackExplanation) -> Array:
    """How wide each window is drawn: up to the next one, where windows overlap."""
    lasts = np.array([window.duration_s for window in track.windows])
    lasts[:-1] = np.minimum(lasts[:-1], np.diff(track.times_s))
    return np.asarray(np.minimum(lasts, track.end_s - track.times_s))


def _draw_track(track: TrackExplanation, column: int, axis: Axes, *, limits: tuple[float, float], room: Room) -> None:
    starts, ends = track.times_s, track.times_s + _widths(track)
    full, empty = track.score(column)
    off = track.provenance.settings.baseline
    if track.kind.noun == "score":
        _fill(axis, starts, ends, np.zeros(len(starts)), empty, facecolor=PALE, label=off)
    axis.hlines(empty, starts, ends, color=room.style.ink, linestyle=":", linewidth=1.5 * room.style.line, label=off)
    above, below = empty.copy(), empty.copy()
    stacked = _shown_of(track.all_weights[:, column], track.names)
    for place, (name, color, weights) in enumerate(stacked):
        hatch = HATCHES[place % len(HATCHES)] if room.style.hatched or place >= len(PALETTE) else ""
        look = {"facecolor": color, "hatch": hatch, "edgecolor": "white"}
        rises, falls = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
        _fill(axis, starts, ends, above, above + rises, label=name, **look)
        _fill(axis, starts, ends, below, below + falls, **look)
        above, below = above + rises, below + falls
    axis.hlines(full, starts, ends, color=room.style.ink, linewidth=2.2 * room.style.line, label=track.kind.noun)
    axis.axhline(0.0, color=SOFT, linewidth=room.style.line)
    axis.set_xlim(*explained_s(track))
    axis.set_ylim(*limits)
    axis.set_xlabel(room.seconds(["0.00"]))
    axis.set_ylabel(track.kind.noun)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _fill(axis: Axes, starts: Array, ends: Array, low: Array, high: Array, **look: Any) -> None:
    """One area with a step at each window, and a gap where windows do not follow each other."""
    gaps = np.append(starts[1:] > ends[:-1] + 1e-6, False)
    after = np.where(gaps, np.nan, high)
    x = np.stack([starts, ends, ends], axis=1).ravel()
    lower, upper = (np.stack([edge, edge, edge + 0 * after], axis=1).ravel() for edge in (low, high))
    axis.fill_between(x, lower, upper, linewidth=0.0, **look)


def _legend(axis: Axes) -> tuple[list[Any], list[str]]:
    """The score first, then what it is made of, in the order in which it is stacked."""
    found: dict[str, tuple[Any, ...]] = {}  # silence is a line and an area, which may be covered
    for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
        found[name] = (*found.get(name, ()), handle)
    names, handles = list(found), list(found.values())
    return [handles[-1], *handles[:-1]], [names[-1], *names[:-1]]


def _draw_taggram(track: TrackExplanation, rows: Sequence[str], axis: Axes, *, room: Room) -> None:
    taggram = track.taggram
    whole, starts, stops = whole_columns(track)
    scores = taggram.scores[whole][:, [taggram.labels.index(row) for row in rows]].T
    edges, between = np.append(starts, stops[-1]), 1 + np.flatnonzero(starts[1:] > stops[:-1] + 1e-6)
    edges, scores = np.insert(edges, between, stops[between - 1]), np.insert(scores, between, np.nan, axis=1)
    names = room.names(_called(track, rows))
    low, high = min(0.0, float(np.nanmin(scores))), max(0.5, float(np.nanmax(scores)))
    mesh = axis.pcolormesh(
        edges, np.arange(len(rows) + 1), scores, cmap="Blues", vmin=low, vmax=high, rasterized=True, linewidth=0
    )
    axis.set_yticks(np.arange(len(rows)) + 0.5, names)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows), 0)
    axis.set_xlim(*explained_s(track))
    ends = [low, high] if len(rows) < 4 else None
    add_colorbar(axis, mesh, room, aspect=12, ticks=ends, format="%.2g")


def _draw_segments(explanation: Explanation, column: int, high: float, axis: Axes, *, room: Room) -> None:
    """A row for each source: bars of the segments' weights, up and down from the row's middle line."""
    parts = explanation.components
    weights = explanation.attribution.weights[column] / high
    interval = None if explanation.attribution.exact else explanation.attribution.interval()
    names, edges = room.names(parts.sources), parts.start_s + np.array(parts.boundaries_s)
    first, line = 0, room.style.line
    for row, (size, color) in enumerate(zip(parts.groups, stem_colors(parts.sources), strict=True)):
        spans = np.array(list(pairwise(edges)) if size > 1 else [(edges[0], edges[-1])])
        own, widths = weights[first : first + size], np.diff(spans, axis=1)[:, 0]
        axis.bar(spans[:, 0], -own, widths, row, align="edge", color=color, edgecolor="white", linewidth=line)
        if interval is not None:
            reach = ((interval[1] - interval[0]) / 2)[column, first : first + size] / high
            axis.errorbar(spans.mean(axis=1), row - own, reach, fmt="none", ecolor=room.style.ink, elinewidth=line)
        axis.axhline(row, color=SOFT, linewidth=line)
        first += size
    length = _round(0.4 * high)
    at: Any = {"transform": axis.get_yaxis_transform(), "clip_on": False}
    axis.plot([1.012, 1.012], [length / high / -2, length / high / 2], color=room.style.ink, linewidth=2 * line, **at)
    axis.text(1.025, 0.0, f"{length:g}", va="center", **at)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(edges[0], edges[-1])
    axis.set_xlabel(room.seconds(names))
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _round(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not larger.

    Examples
    --------
    >>> _round(0.137), _round(7.0)
    (0.1, 5.0)
    """
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power)
