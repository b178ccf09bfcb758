"""A map beside a map of noise, how both came to rest, and the vectors behind it.

Groups have the colours and shapes that the page has, the largest first; those beyond the eighth are grey circles
together. *A map is never drawn without noise*: what noise shows, the songs need not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps.result import EmbeddingMap, Movement, Points
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet, add_colorbar
from audiolime_ext.report.figures.styles import INK, PALE, SOFT
from audiolime_ext.report.maps.figures import vectors_of
from audiolime_ext.report.player.player import PALETTE
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Labels = Sequence[str | int] | None
MARKERS = ("o", "s", "^", "D", "P", "v", "*", "o")
_MARKED = {"query": ("*", 14.0), "candidates": ("o", 8.0)}  # marker, and size in points


def map_of(found: EmbeddingMap, labels: Labels, room: Room) -> Sheet:
    """The map, and below it that of noise, at one size."""
    height = 0.62 * room.width_in
    n = counted(len(found.places), "song")
    title = room.title((n, f", a map: {_size(found)}"))
    noise = room.title(("noise", " of the same size, with the same settings"))
    panels = (
        Panel(height, partial(_draw_map, found, room), title),
        Panel(height, partial(_draw_noise, found, room), noise),
    )
    legend = partial(_legend, found) if found.groups is not None or found.marked else None
    return Sheet(panels, of="map", legend=legend, one_axis=False)


def movement_of(found: EmbeddingMap, labels: Labels, room: Room) -> Sheet:
    """How far songs move in each step, of the map and of noise."""
    title = room.title(
        ("how far songs move", ": means of each step, as shares of the map's spread"), beside=["mean 10−3"]
    )
    drawn = partial(_draw_movement, found, room)
    return Sheet((Panel(0.45 * room.width_in, drawn, title),), of="map", legend=_legend_of_lines)


def matrix_of(found: EmbeddingMap, labels: Labels, room: Room) -> Sheet:
    """The songs' vectors, as far as they differ from the collection's centre: a row for each song."""
    n = counted(len(found.places), "song")
    title = room.title((n, ": a row for each, a column for each output of the model"), bar=True)
    return Sheet((Panel(0.8 * room.width_in, partial(_draw_matrix, found, room), title),), of="matrix")


def _size(found: EmbeddingMap) -> str:
    settings = found.settings
    return (
        f"perplexity {settings.perplexity:g}, early exaggeration {settings.early_exaggeration:g}, learning rate "
        f"{settings.learning_rate:g}"
    )


def _draw_map(found: EmbeddingMap, room: Room, axis: Axes) -> None:
    positions, size = found.layout.positions, _size_of_dots(len(found.places), room)
    for name, color, marker, chosen in _groups(found):
        axis.scatter(
            positions[chosen, 0], positions[chosen, 1], s=size, c=color, marker=marker, linewidths=0, label=name
        )
    drawn = set(found.marked.get("query", ()))  # a candidate that is the query, too, is drawn as that
    for name, places in found.marked.items():
        marker, points = _MARKED[name]
        shown = [place for place in places if name == "query" or place not in drawn]
        about: Any = {"facecolors": "none", "edgecolors": room.style.ink, "linewidths": 1.5 * room.style.line}
        x, y = positions[shown].T
        axis.scatter(x, y, s=points**2, marker=marker, label=name, **about)
    _bare(axis)


def _draw_noise(found: EmbeddingMap, room: Room, axis: Axes) -> None:
    positions = found.noise.positions
    axis.scatter(positions[:, 0], positions[:, 1], s=_size_of_dots(len(positions), room), c=SOFT, linewidths=0)
    _bare(axis)


def _groups(found: EmbeddingMap) -> list[tuple[str, str, str, np.ndarray[Any, np.dtype[np.intp]]]]:
    """Name, colour, marker and songs of each group that has its own, and of the rest."""
    if found.groups is None:
        return [("", PALETTE[0], "o", np.arange(len(found.places)))]
    named = list(found.groups.counts)[: len(PALETTE)]
    of_songs = np.array([named.index(name) if name in named else -1 for name in found.groups.of_songs], np.intp)
    each = [(legible(name), PALETTE[n], MARKERS[n], np.flatnonzero(of_songs == n)) for n, name in enumerate(named)]
    rest = np.flatnonzero(of_songs < 0)
    return [("others, or no group", PALE, "o", rest), *each] if len(rest) else each


def _legend(found: EmbeddingMap, axis: Axes) -> tuple[list[Any], list[str]]:
    drawn = axis.figure.axes[0].get_legend_handles_labels()
    pairs = [(handle, name) for handle, name in zip(*drawn, strict=True) if name]
    return [handle for handle, _ in pairs], [name for _, name in pairs]


def _legend_of_lines(axis: Axes) -> tuple[list[Any], list[str]]:
    handles, names = axis.get_legend_handles_labels()
    return list(handles), list(names)


def _size_of_dots(n: int, room: Room) -> float:
    """Area of a dot in square points: about a hundredth of the map for all songs together, within what can be seen."""
    return float(np.clip((72 * room.width_in) ** 2 * 0.02 / max(1, n), 1.0, 0.4 * room.style.points**2))


def _bare(axis: Axes) -> None:
    """A map has no axes: places have no unit."""
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xticks([])
    axis.set_yticks([])
    for side in ("top", "right", "left", "bottom"):
        axis.spines[side].set_color(PALE)
        axis.spines[side].set_visible(True)


def _draw_movement(found: EmbeddingMap, room: Room, axis: Axes) -> None:
    lines: tuple[tuple[str, Movement, str, str], ...] = (
        ("the map", found.layout.movement, PALETTE[0], "-"),
        ("noise", found.noise.movement, SOFT, "--"),
    )
    for name, movement, color, dashes in lines:
        moves: Points = np.maximum(movement.moves, 1e-9)
        axis.plot(movement.iterations, moves, color=color, linestyle=dashes, marker="o", markersize=3, label=name)
    tolerance = found.settings.tolerance
    if tolerance > 0:
        axis.axhline(tolerance, color=INK, linestyle=":", linewidth=room.style.line, label="at rest below")
    axis.set_yscale("log")
    axis.set_xlabel("iterations")
    axis.set_ylabel("mean move in a step")
    axis.set_xlim(left=0)


def _draw_matrix(found: EmbeddingMap, room: Room, axis: Axes) -> None:
    vectors, reach = vectors_of(found)
    image = axis.imshow(vectors, cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto", interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_xlabel("outputs of the model")
    axis.set_ylabel("songs")
    add_colorbar(axis, image, room, label="part of the direction", aspect=20)
