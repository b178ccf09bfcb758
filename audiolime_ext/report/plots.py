"""Figures for papers and notebooks: weights, taggram, weights over time, and the top component in the mix.

Each function draws with matplotlib and returns the figure; nothing is shown or saved by itself, and no global state of
matplotlib is touched, so figures are the same in a script, a notebook and a test. Names are text: a ``$`` in one begins
no formula, and what is no character is written as an escape.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import singledispatch, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.report.player.pictures import frame_length, picture, sketch
from audiolime_ext.report.player.player import stem_colors
from audiolime_ext.report.song.view import components, taggram_rows
from audiolime_ext.track.explanation import TrackExplanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:  # singledispatch reads the annotations when it registers, and drawing is not loaded before something is drawn
    Axes = Figure = Any

Args = ParamSpec("Args")
Found = TypeVar("Found")

MOST_BARS = 12


@singledispatch
def plot(result: Any) -> Figure:
    """The figure of a result."""
    raise TypeError(f"no figure of {type(result).__name__}")


def _verbatim(draw: Callable[Args, Found]) -> Callable[Args, Found]:
    """Let a function draw text as it is: matplotlib would read what stands between two ``$`` as a formula."""

    @wraps(draw)
    def drawn(*given: Args.args, **named: Args.kwargs) -> Found:
        from matplotlib import rc_context

        with rc_context({"text.parse_math": False}):
            return draw(*given, **named)

    return drawn


@plot.register
@_verbatim
def plot_explanation(explanation: Explanation) -> Figure:
    """Bars of the weights for each label, with error bars where they are estimates, above the sound.

    The lower panel is the spectrogram of the excerpt in grey, and over it in colour the top component of the first
    label, where there is one.
    """
    labels = explanation.labels
    shown = min(len(explanation.names), MOST_BARS)
    figure = _figure(7.0, 0.6 + len(labels) * (0.5 + 0.24 * shown) + 2.2)
    heights = [0.5 + 0.24 * shown] * len(labels) + [2.0]
    axes = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    colors = [part["color"] for part in components(explanation.names, explanation.components)]
    interval = None if explanation.attribution.exact else explanation.attribution.interval()
    for axis, label in zip(axes, labels, strict=False):
        column = explanation.column(label)
        weights = explanation.attribution.weights[column]
        order = np.sort(np.argsort(-np.abs(weights), kind="stable")[:shown])
        reach = None if interval is None else ((interval[1] - interval[0]) / 2)[column, order]
        axis.barh(range(shown), weights[order], xerr=reach, color=[colors[i] for i in order], capsize=2)
        axis.set_yticks(range(shown), [utf8(explanation.names[i]) for i in order])
        axis.invert_yaxis()
        axis.axvline(0.0, color="0.3", linewidth=0.8)
        full, empty = explanation.score(label)
        off = explanation.provenance.settings.baseline
        axis.set_title(utf8(f"{label}: {full:.2f} ({off} {empty:.2f})"), loc="left", fontsize=10)
        _plain(axis)
    _draw_highlighted(axes[-1], explanation)
    return figure


@plot.register
@_verbatim
def plot_track(track: TrackExplanation, label: str | int | None = None) -> Figure:
    """The taggram, and below it the weights of the sources for a label over time (by default the first label)."""
    column = track.column(label)
    rows = taggram_rows(track.taggram, track.labels)
    figure = _figure(8.0, 1.2 + 0.24 * len(rows) + 2.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[0.24 * len(rows), 2.2])
    times = track.taggram.times_s
    hop = float(times[1] - times[0]) if len(times) > 1 else track.duration_s
    scores = track.taggram.scores[:, [track.taggram.labels.index(row) for row in rows]].T
    edges = np.append(times, times[-1] + hop)
    high = max(0.5, float(scores.max()))
    mesh = above.pcolormesh(edges, np.arange(len(rows) + 1), scores, cmap="Blues", vmin=0.0, vmax=high)
    above.set_yticks(np.arange(len(rows)) + 0.5, rows)
    above.invert_yaxis()
    figure.colorbar(mesh, ax=above, pad=0.01, label="score")
    _draw_over_time(below, track, column)
    return figure


@plot.register
@_verbatim
def plot_audio(audio: Audio) -> Figure:
    """The mel spectrogram of a recording."""
    figure = _figure(7.0, 2.4)
    axis = figure.subplots()
    _draw_spectrogram(axis, audio, cmap="magma")
    axis.set_title(utf8(audio.name), loc="left", fontsize=10)
    return figure


def top_tag_counts(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """How many recordings of each genre have each label as their highest: labels, genres, counts (n_labels, n_genres).

    Labels and genres are in the order of their frequency.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Annotated genre and highest label of each recording.

    Examples
    --------
    >>> labels, genres, counts = top_tag_counts([("Jazz", "jazz"), ("Rock", "rock"), ("Rock", "pop"), ("Rock", "rock")])
    >>> labels, genres, counts.tolist()
    (['rock', 'jazz', 'pop'], ['Rock', 'Jazz'], [[2, 0], [0, 1], [1, 0]])
    """
    genres = [genre for genre, _ in Counter(genre for genre, _ in pairs).most_common()]
    labels = [label for label, _ in Counter(sorted(label for _, label in pairs)).most_common()]
    counts = np.zeros((len(labels), len(genres)), np.int64)
    for genre, label in pairs:
        counts[labels.index(label), genres.index(genre)] += 1
    return labels, genres, counts


@_verbatim
def plot_top_tags(pairs: Sequence[tuple[str, str]], path: str | os.PathLike[str]) -> None:
    """Draw `top_tag_counts` into a file (png, pdf, svg): how a model's answers relate to annotated genres.

    Raises
    ------
    OutputError
        If the file cannot be written.
    UsageError
        If its name does not end in .png, .pdf or .svg.
    """
    target = Path(path)
    require_figure(target)
    labels, genres, counts = top_tag_counts(pairs)
    figure = _figure(1.8 + 0.55 * len(genres), 1.4 + 0.32 * len(labels))
    axis = figure.subplots()
    axis.imshow(np.sqrt(counts), cmap="Blues", aspect="auto")
    for row, column in np.argwhere(counts):
        dark = counts[row, column] > 0.4 * counts.max()
        axis.text(column, row, counts[row, column], ha="center", va="center", color="white" if dark else "black")
    axis.set_xticks(range(len(genres)), [utf8(genre) for genre in genres], rotation=45, ha="right")
    axis.set_yticks(range(len(labels)), [utf8(label) for label in labels])
    axis.set_xlabel("annotated genre")
    axis.set_ylabel("highest label")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=150)
    write_bytes(buffer.getvalue(), target)


def require_figure(target: Path) -> None:
    """Raise before any work what `plot_top_tags` would raise for its file."""
    if target.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UsageError(f"a figure's name ends in .png, .pdf or .svg, not {legible(target.name)!r}")
    require_writable_file(target)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain(axis: Axes) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _draw_over_time(axis: Axes, track: TrackExplanation, column: int) -> None:
    starts, full, empty = track.times_s, track.full[:, column], track.empty[:, column]
    wide = np.array([window.duration_s for window in track.windows])
    axis.bar(starts, empty, wide, align="edge", color="0.85", label=track.provenance.settings.baseline)
    above, below = np.maximum(empty, 0.0), np.zeros(len(starts))
    shades = stem_colors(track.names)
    for name, color, weights in zip(track.names, shades, track.all_weights[:, column].T, strict=True):
        rises, falls = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
        axis.bar(starts, rises, wide, above, align="edge", color=color, label=utf8(name))
        axis.bar(starts, falls, wide, below, align="edge", color=color)
        above, below = above + rises, below + falls
    axis.hlines(full, starts, starts + wide, color="0.1", linewidth=1.5, label="score")
    axis.axhline(0.0, color="0.3", linewidth=0.8)
    axis.set_xlabel("seconds")
    axis.set_ylabel(track.all_labels[column])
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    _plain(axis)


def _draw_highlighted(axis: Axes, explanation: Explanation) -> None:
    _draw_spectrogram(axis, explanation.mixture, cmap="Greys")
    top = explanation.top()
    if top.audio is not None:
        _draw_spectrogram(axis, top.audio, cmap="magma", see_through=True)
        axis.set_title(utf8(f"{', '.join(top.components)} within the mix"), loc="left", fontsize=10)


def _draw_spectrogram(axis: Axes, audio: Audio, *, cmap: str, see_through: bool = False) -> None:
    half = frame_length(audio.sr) // 2
    around = padded_span(audio.samples, -half, audio.n_samples + half)
    levels = picture([sketch(around[None], audio.sr)], n_columns=1000).mel_db.T
    shown = np.ma.masked_less(levels, levels.max() - 45.0) if see_through else levels
    extent = (0.0, audio.duration_s, 0.0, float(len(levels)))
    options: dict[str, Any] = {"origin": "lower", "aspect": "auto", "cmap": cmap, "interpolation": "nearest"}
    axis.imshow(shown, extent=extent, vmin=levels.max() - 80.0, vmax=levels.max(), **options)
    axis.set_yticks([])
    axis.set_ylabel("mel band")
    axis.set_xlabel("seconds")
