"""What kinds of figures a result has, and the entry point that draws one.

A new kind of result registers with `kinds_of` the functions that make a `Sheet` of it. Each is called with the result,
the labels asked for (or None) and a `Room`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.recommendation.result import Similar
from audiolime_ext.recommendation.training.result import TrainedEmbedding
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.figures import (
    audits,
    bars,
    maps,
    neighbours,
    over_time,
    playlists,
    relevance,
    spectrogram,
    trainings,
)
from audiolime_ext.report.figures.sheet import AROUND, Room, Sheet, fill, size_of, width_asked
from audiolime_ext.report.figures.styles import style_of
from audiolime_ext.report.figures.users_axes import axes_of, fill_axes, room_of
from audiolime_ext.track.explanation import TrackExplanation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Labels = Sequence[str | int] | None
Kinds = Mapping[str, Callable[[Any, Labels, Room], Sheet]]

ENDINGS = (".png", ".pdf", ".svg")


@singledispatch
def kinds_of(result: Any) -> Kinds:
    """The kinds of figures that a result has; the first is drawn where none is asked for."""
    raise TypeError(f"no figure of {type(result).__name__}")


@kinds_of.register
def _explanation(result: Explanation) -> Kinds:
    made: Kinds = {"bars": bars.of_explanation, "spectrogram": spectrogram.of_explanation}
    return {**made, "time": over_time.of_explanation}


@kinds_of.register
def _track(result: TrackExplanation) -> Kinds:
    return {"time": over_time.of_track, "bars": bars.of_track, "spectrogram": spectrogram.of_track}


@kinds_of.register
def _audio(result: Audio) -> Kinds:
    return {"spectrogram": spectrogram.of_audio}


@kinds_of.register
def _audit(result: Results) -> Kinds:
    return {"verdicts": audits.verdicts}


@kinds_of.register
def _why(result: Why) -> Kinds:
    return {"bars": neighbours.bars_of_why, "matrix": neighbours.matrix_of_why}


@kinds_of.register
def _similar(result: Similar) -> Kinds:
    return {"bars": neighbours.bars_of_similar, "matrix": neighbours.matrix_of_similar}


@kinds_of.register
def _map(result: EmbeddingMap) -> Kinds:
    return {"map": maps.map_of, "movement": maps.movement_of, "matrix": maps.matrix_of}


@kinds_of.register
def _playlist(result: Playlist) -> Kinds:
    return {"transitions": playlists.transitions, "curve": playlists.curve}


@kinds_of.register
def _training(result: TrainedEmbedding) -> Kinds:
    return {"curves": trainings.curves}


@kinds_of.register
def _relevance(result: Relevance) -> Kinds:
    return {"map": relevance.map_of, "bands": relevance.bands_of}


def plot(
    result: Any,
    *,
    label: str | int | None = None,
    labels: Labels = None,
    ax: Any = None,
    figsize: Any = None,
    kind: str | None = None,
    style: str | None = None,
    title: bool = True,
    legend: bool = True,
    colorbar: bool = True,
    heatmap: bool = True,
    shown: bool = True,
) -> Figure:
    """The figure of a result; see `audiolime_ext.display.Plotted.plot` for everything but `shown`.

    Parameters
    ----------
    result : Explanation, Audio, Results, Why, or another result of `audiolime_ext.display.Plotted`
        Result to draw.
    label, labels, ax, figsize, kind, style : as in `audiolime_ext.display.Plotted.plot`
        Labels, place, size, kind and style.
    title, legend, colorbar, heatmap : bool
        False to draw none of these.
    shown : bool
        False for a figure that only its maker saves: pyplot never knows of it.

    Raises
    ------
    UsageError
        If an argument cannot be used, or the result holds nothing to draw of that kind.
    """
    from audiolime_ext.report.figures.fits import warn_of_little_room
    from audiolime_ext.report.figures.fonts import warn_of_boxes
    from audiolime_ext.report.figures.showing import drawn_into, new_figure

    make = _maker(result, kind)
    wanted = _labels(label, labels)
    look = style_of(style, own=ax is None)
    wished = zip(AROUND, (title, legend, colorbar, heatmap), strict=True)
    without = frozenset(part for part, drawn in wished if not drawn)
    if ax is None:
        room = Room(width_asked(figsize, look), look, without=without)
        sheet = make(result, wanted, room)
        figure = new_figure(size_of(sheet, figsize, room), look.rc, shown=shown)
        panels = fill(figure, sheet, room)
        warn_of_boxes([figure])
        if figsize is not None:
            warn_of_little_room(panels, as_high_as_needed=not isinstance(figsize, Sequence))
        return figure
    if figsize is not None:
        raise UsageError("figsize is for a new figure, and ax is in one of yours; leave one of the two out")
    axes = axes_of(ax)
    if len(axes) == len(wanted or getattr(result, "labels", None) or ()):
        without |= {"heatmap"}  # there are axes for labels only
    room = room_of(axes, look, without)
    fill_axes(axes, make(result, wanted, room), room)
    warn_of_boxes(axes)
    warn_of_little_room(axes)
    return drawn_into(axes[0].figure.canvas.figure)  # of a subfigure, too


def write_figure(result: Any, path: str | os.PathLike[str], **asked: Any) -> Path:
    """Draw a result into a file (png, pdf, svg), and return its path.

    Parameters
    ----------
    result : any
        Result to draw, see `plot`.
    path : str or path
        File to write, whose name says the format.
    **asked : any
        Options of `plot`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    UsageError
        If its name does not end in .png, .pdf or .svg, or an option cannot be used.
    """
    target = Path(path)
    require_figure(target)
    figure = plot(result, shown=False, **asked)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=300)
    write_bytes(buffer.getvalue(), target)
    return target


def require_figure(target: Path) -> None:
    """Raise before any work what writing a figure would raise for its file."""
    if target.suffix.lower() not in ENDINGS:
        raise UsageError(f"a figure's name ends in .png, .pdf or .svg, not {legible(target.name)!r}")
    require_writable_file(target)


def _maker(result: Any, kind: str | None) -> Callable[[Any, Labels, Room], Sheet]:
    kinds = kinds_of(result)
    if kind is None:
        return next(iter(kinds.values()))
    if kind not in kinds:
        raise UsageError(f"kind={kind!r} is no figure of this {type(result).__name__}; it has: {', '.join(kinds)}")
    return kinds[kind]


def _labels(label: str | int | None, labels: Labels) -> Labels:
    if label is not None and labels is not None:
        raise UsageError("label is one label and labels are several; give one of the two")
    if labels is None:
        return None if label is None else [label]
    if isinstance(labels, (str, int)):
        return [labels]
    if not list(labels):
        raise UsageError("labels is empty; name at least one label, or None for those that were asked for")
    return list(labels)
