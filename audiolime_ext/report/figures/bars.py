"""Weights as bars: all labels on one scale, as weights of one model's values are comparable, with intervals.

Of more than a dozen components the heaviest are drawn, and all others as one bar of their sum: so bars add up to the
same as the weights do, and nothing is left out without being counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.report.figures.sheet import Line, Panel, Room, Sheet
from audiolime_ext.report.figures.styles import PALE, SOFT
from audiolime_ext.report.player.player import PALETTE, stem_colors
from audiolime_ext.report.song.view import components
from audiolime_ext.text import counted
from audiolime_ext.track.explanation import TrackExplanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
ReachOf = Callable[[Sequence[int]], tuple[float, float]]
MOST_BARS = 12
_ADDING_UP = ("shapley", "owen")
_CALLED = {"lime": "LIME weight", "banzhaf": "Banzhaf value", "leave-one-out": "leave-one-out weight"}


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of a panel, from top to bottom.

    Parameters
    ----------
    names, colors : sequence of str
        Name and colour of each.
    weights : ndarray of float64, shape (n_bars,)
        Length of each.
    reach : ndarray of float64, shape (2, n_bars), or None
        Lengths of a line down and up from the end of each: an interval, or the range over windows; None: no lines.
    title : sequence of str or (str, str)
        Lines above them, see `Room.title`.
    """

    names: Sequence[str]
    colors: Sequence[str]
    weights: Array
    reach: Array | None
    title: Sequence[Line]


def of_explanation(explanation: Explanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The weights of each label."""
    found, parts = explanation.attribution, explanation.components
    span = spanned(parts.recording_name, parts.start_s, parts.start_s + parts.duration_s)
    colors = [part["color"] for part in components(explanation.names, parts)]
    colors = colors if len(parts.sources) <= len(PALETTE) else [PALETTE[0]] * len(colors)  # no two alike, or all
    panels, seen = list[Bars](), names_in_recording(explanation)
    for label in labels or explanation.labels:
        column = explanation.column(label)
        values = [explanation.number(value, column) for value in explanation.score(column)]
        about = told(explanation.kind, explanation.all_labels[column], values, explanation.provenance)
        panels.append(most(list(seen.values()), colors, found, column, [*([] if panels else [span]), about]))
    exact = found.exact or found.std_errors is None
    return sheet_of(panels, axis_label(explanation.kind, found.method, explanation.provenance, exact=exact), room)


def of_track(track: TrackExplanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The means of the weights over all windows that sound, and lines from the lowest to the highest of them."""
    n_windows, method = int(track.sounds.sum()), track.sounding.attribution.method
    panels: list[Bars] = []
    for label in labels or track.labels:
        windows = track.all_weights[track.sounds, track.column(label)]
        about = told(track.kind, track.all_labels[track.column(label)], means(track, label), track.provenance)
        alone = Attribution(method, windows.mean(axis=0)[None], None, True)
        title = [*([] if panels else [spanned_track(track)]), about]
        panels.append(most(track.names, stem_colors(track.names), alone, 0, title, partial(_range_of, windows)))
    which = f"mean, lowest and highest of {n_windows} windows" if n_windows > 1 else "one window"
    return sheet_of(panels, f"{axis_label(track.kind, method, track.provenance)}: {which}", room)


def _range_of(windows: Array, which: Sequence[int]) -> tuple[float, float]:
    """How far the lowest and the highest window are from the mean of a sum of weights."""
    sums = windows[:, list(which)].sum(axis=1)
    return float(sums.mean() - sums.min()), float(sums.max() - sums.mean())


def names_in_recording(explanation: Explanation) -> dict[str, str]:
    """Name of each component → the same, with a segment's seconds in the recording, as titles and time axes have them.

    ``vocals 0.00–1.50 s`` of an excerpt from 15 s on is ``vocals 15.00–16.50 s``.
    """
    parts = explanation.components
    spans = [f"{parts.start_s + begin:.2f}–{parts.start_s + end:.2f} s" for begin, end in pairwise(parts.boundaries_s)]
    named = (
        [source] if size == 1 else [f"{source} {span}" for span in spans]
        for source, size in zip(parts.sources, parts.groups, strict=True)
    )
    return dict(zip(explanation.names, (name for names in named for name in names), strict=True))


def spanned(name: str, start_s: float, end_s: float) -> tuple[str, str]:
    """A song and its seconds: ``Ezer Év``, ``, 14.96–17.95 s``."""
    return name, f", {start_s:.2f}–{end_s:.2f} s"


def spanned_track(track: TrackExplanation) -> tuple[str, str]:
    """A song and the seconds of it that are explained."""
    return spanned(track.recording_name, *explained_s(track))


def explained_s(track: TrackExplanation) -> tuple[float, float]:
    """Where the first explained window starts and the last one ends, in seconds of the recording."""
    first, last = track.windows[0], track.windows[-1]
    return max(track.start_s, first.start_s), min(track.end_s, last.start_s + last.duration_s)


def means(track: TrackExplanation, label: str | int) -> list[str]:
    """The mean value of a label and that of the baseline, for `told`."""
    full, empty = map(track.voice(label).number, track.mean_score(label))
    return [f"{full} in the mean", empty]


def told(kind: Kind, label: str, values: Sequence[str], origin: Provenance) -> tuple[str, str]:
    """A label, and its value and the baseline's: ``rock``, ``: score 0.35, silence 0.05``."""
    full, empty = map(with_minus, values)
    return kind.called(label), f": {kind.noun} {full}, {origin.settings.baseline} {empty}"


def with_minus(number: str) -> str:
    """A number with the minus sign of the axes."""
    return number.replace("-", "\N{MINUS SIGN}")


def axis_label(kind: Kind, method: str, origin: Provenance, *, exact: bool = True) -> str:
    """What the axis of weights measures."""
    of = f"the {kind.noun}"
    named = f"contribution to {of}" if method in _ADDING_UP else f"{_CALLED.get(method, 'weight')}, of {of}"
    return named if exact else f"{named}, 95\N{NO-BREAK SPACE}%\N{NO-BREAK SPACE}intervals"


def sheet_of(found: Sequence[Bars], xlabel: str, room: Room, *, of: str = "label") -> Sheet:
    """Panels of bars on one axis."""
    low = min((float((one.weights - (0 if one.reach is None else one.reach[0])).min()) for one in found), default=0.0)
    high = max((float((one.weights + (0 if one.reach is None else one.reach[1])).max()) for one in found), default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    spare = 0.05 * (high - low) or 0.05
    limits = (low - (spare if low < 0 or low == high else 0.0), high + spare)
    bar_in = 1.25 * room.line_in
    panels = tuple(
        Panel(
            (len(one.weights) + 0.4) * bar_in,
            partial(_draw, one, limits=limits, xlabel=xlabel, room=room),
            room.title(*one.title, beside=room.names(one.names)),
        )
        for one in found
    )
    return Sheet(panels, of=of)


def most(
    names: Sequence[str],
    colors: Sequence[str],
    found: Attribution,
    column: int,
    title: Sequence[Line],
    reach_of: ReachOf | None = None,
) -> Bars:
    """All bars in the order of the components, or the heaviest first and then the sum of all others.

    Parameters
    ----------
    names, colors : sequence of str
        Name and colour of each component.
    found : Attribution
        Weights, whose intervals are drawn where they are estimates.
    column : int
        Position of the label.
    title : sequence of str or (str, str)
        Lines above the bars.
    reach_of : callable or None
        Function from the positions of some components to how far a line goes down and up from the sum of their
        weights; None: as far as the interval does.
    """
    weights = found.weights[column]
    if reach_of is None and not found.exact and found.interval() is not None:
        reach_of = partial(_interval_of, found, column)
    groups = [[i] for i in range(len(names))]
    named, shades = list(names), list(colors)
    if len(names) > MOST_BARS:
        order = np.argsort(-np.abs(weights), kind="stable").tolist()
        kept, rest = order[: MOST_BARS - 1], order[MOST_BARS - 1 :]
        groups = [*([i] for i in kept), rest]
        named = [*(names[i] for i in kept), f"{counted(len(rest), 'other')}, together"]
        shades = [*(colors[i] for i in kept), PALE]
    sums = np.array([weights[which].sum() for which in groups])
    reach = None if reach_of is None else np.array([reach_of(which) for which in groups]).T
    return Bars(named, shades, sums, reach, title)


def _interval_of(found: Attribution, column: int, which: Sequence[int]) -> tuple[float, float]:
    """Half the width of the interval of a sum of weights; nought where their covariance is not known."""
    interval = found.interval()
    if len(which) == 1 and interval is not None:
        half = float(((interval[1] - interval[0]) / 2)[column, which[0]])
        return half, half
    if found.covariance is None:
        return 0.0, 0.0
    variance = max(0.0, float(found.covariance[column][np.ix_(which, which)].sum()))
    half = float(t_quantile(0.975, np.inf if found.dof is None else found.dof) * np.sqrt(variance))
    return half, half


def _draw(found: Bars, axis: Axes, *, limits: tuple[float, float], xlabel: str, room: Room) -> None:
    places, names = range(len(found.weights)), room.names(found.names)
    line = room.style.line
    drawn = None if found.reach is None else np.where(found.reach.any(axis=0), found.reach, np.nan)  # exact: none
    axis.barh(
        places,
        found.weights,
        height=0.72,
        xerr=drawn,
        color=list(found.colors),
        edgecolor=SOFT,
        linewidth=0.5 * line,
        error_kw={"elinewidth": 1.2 * line, "capsize": 2.0, "capthick": 1.2 * line, "ecolor": room.style.ink},
    )
    axis.set_yticks(places, names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.axvline(0.0, color=SOFT, linewidth=line)
    axis.set_xlim(*limits)
    axis.locator_params(axis="x", nbins=room.n_ticks(names))
    axis.set_xlabel(room.below(xlabel, names))
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
