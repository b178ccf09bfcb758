"""How a map came to rest, and the vectors behind it as a picture.

The picture has a row for each song and a column for each output of the model. Songs of a group lie together, and
within it beside songs that they are like (along the direction in which the group varies most); so a group that is alike
in some outputs is a block of one shade. Columns are in the order of the same direction over all songs, so that outputs
which rise and fall together lie side by side; where outputs have names, the first and last ones are told.

- *Shades are on one scale*, and the largest numbers are cut: what is cut is said.
- *Rows are means where there are more songs than lines in a picture*, and that is said, too.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.maps.result import EmbeddingMap, Movement
from audiolime_ext.recommendation.space import space_of
from audiolime_ext.report.player.pictures import indexed_png
from audiolime_ext.text import counted

MOST_ROWS, MOST_COLUMNS = 600, 1000
CUT = 99.0  # per cent of numbers that are drawn as they are
WIDTH, HEIGHT = 300.0, 110.0
BELOW, WHITE, ABOVE = (179, 88, 6), (247, 247, 247), (84, 39, 136)  # orange to violet

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Moves of a map on a logarithmic scale, in pixels of a picture of `WIDTH` × `HEIGHT`; `ticks`: powers of ten."""

    points: str
    dots: tuple[tuple[float, float, str], ...]
    tolerance_y: float
    tolerance: str
    highest: str
    first: str
    last: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Picture:
    """The vectors as a PNG file in base64, its size in pixels, where each group begins and ends, what white stands for,
    the number of the darkest shades, and what else is to be said.
    """

    image: str = field(repr=False)
    width: int
    height: int
    bands: tuple[tuple[str, float, float], ...]
    zero: str
    reach: str
    says: tuple[str, ...]


def curve_of(movement: Movement, tolerance: float) -> Curve | None:
    """The curve of a map's moves; None where there is no step.

    Parameters
    ----------
    movement : Movement
        Steps in which a map came to rest.
    tolerance : float
        Move below which a map has settled.

    Examples
    --------
    >>> curve = curve_of(Movement(np.array([250, 500]), np.array([0.1, 0.0001]), True), 0.001)
    >>> curve.points, round(curve.tolerance_y, 1), curve.ticks[:2]
    ('0.0,5.0 300.0,105.0', 71.7, ((105.0, '0.01 %'), (71.7, '0.1 %')))
    """
    moves, iterations = np.maximum(movement.moves, 1e-9), movement.iterations
    if not len(moves):
        return None
    logs = np.log10(np.append(moves, tolerance))
    low, high = float(logs.min()), float(logs.max())
    y = _height(logs, low, high)
    first, last = int(iterations[0]), int(iterations[-1])
    x = (iterations - first) / ((last - first) or 1) * WIDTH
    steps = zip(x.tolist(), y[:-1].tolist(), moves.tolist(), iterations.tolist(), strict=True)
    dots = tuple((round(a, 1), round(b, 1), f"{100 * move:.2f} % in the step up to {n}") for a, b, move, n in steps)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in dots)
    powers = np.arange(np.ceil(low), np.floor(high) + 1)
    percent = (f"{100 * 10**power:g} %" for power in powers)
    ticks = tuple(zip(_height(powers, low, high).round(1).tolist(), percent, strict=True))
    told = f"{100 * tolerance:.1f} %", f"{100 * moves.max():.1f} %"
    return Curve(points, dots, float(y[-1]), *told, str(first), f"{last} iterations", ticks)


def _height(logs: Array, low: float, high: float) -> Array:
    """Where logarithms stand in the picture, the highest at its top."""
    return np.asarray(5.0 + (high - logs) / ((high - low) or 1.0) * (HEIGHT - 10.0))


def picture_of(found: EmbeddingMap) -> Picture:
    """The vectors of a map's songs as a picture.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    """
    directions = _directions(found)
    labels, rows, columns = _order(found, directions)
    shown, reach = _shown(directions, rows, columns)
    shade = np.rint(127.5 + 127.5 * np.clip(shown / reach, -1, 1)).astype(np.uint8)
    image = base64.b64encode(indexed_png(shade[::-1].T, _palette())).decode()
    height, width = shade.shape
    zero = "zero" if found.space == "plain" else "the average of the collection"
    says = tuple(_says(found, columns, directions.shape))
    return Picture(image, width, height, _bands(found, labels[rows]), zero, f"{reach:.2g}", says)


def vectors_of(found: EmbeddingMap) -> tuple[Array, float]:
    """The numbers of that picture, shape (n_rows, n_columns), and the largest one that is not cut.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    """
    directions = _directions(found)
    _, rows, columns = _order(found, directions)
    return _shown(directions, rows, columns)


def _directions(found: EmbeddingMap) -> Array:
    return space_of(found.index, found.space).directions(found.index, found.places)  # type: ignore[arg-type]


def _order(found: EmbeddingMap, directions: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The number of each song's group, and the order of the songs and of the outputs."""
    labels = _group_numbers(found)
    columns = np.argsort(_along(directions - directions.mean(axis=0), rows=False), kind="stable")
    return labels, _ordered(directions, labels), columns


def _shown(directions: Array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[Array, float]:
    shown = _fewer(_fewer(directions[rows][:, columns], MOST_ROWS).T, MOST_COLUMNS).T
    return shown, float(np.percentile(np.abs(shown), CUT)) or 1.0


def _group_numbers(found: EmbeddingMap) -> NDArray[np.intp]:
    """The number of each song's group, the largest first; of songs that have none, one more."""
    if found.groups is None:
        return np.zeros(len(found.places), np.intp)
    number = {name: i for i, name in enumerate(found.groups.counts)}
    return np.array([len(number) if name is None else number[name] for name in found.groups.of_songs], np.intp)


def _ordered(directions: Array, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Songs by group, and within it along the direction in which the group varies most."""
    found = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        inside = directions[members] - directions[members].mean(axis=0)
        found.append(members[np.argsort(_along(inside, rows=True), kind="stable")])
    return np.concatenate([np.zeros(0, np.intp), *found])


def _along(centred: Array, *, rows: bool) -> Array:
    """Places of the rows, or of the columns, along the direction of the largest variance, largest part up."""
    values, vectors = np.linalg.eigh(centred.T @ centred)
    first = vectors[:, int(np.argmax(values))]
    first = first * np.sign(first[int(np.argmax(np.abs(first)))])
    return np.asarray(centred @ first if rows else first)


def _fewer(lines: Array, most: int) -> Array:
    """At most so many lines, each the mean of some that lie side by side."""
    if len(lines) <= most:
        return lines
    return np.stack([part.mean(axis=0) for part in np.array_split(lines, most)])


def _palette() -> bytes:
    ends = np.linspace(0, 1, 128)[:, None]
    below = np.array(BELOW) + ends * (np.array(WHITE) - BELOW)
    above = np.array(WHITE) + ends * (np.array(ABOVE) - WHITE)
    return bytes(np.rint(np.concatenate([below, above])).astype(np.uint8).tobytes())


def _bands(found: EmbeddingMap, labels: NDArray[np.intp]) -> tuple[tuple[str, float, float], ...]:
    """Name of each group, and where it begins and ends, as shares of the height."""
    if found.groups is None:
        return ()
    names = [*found.groups.counts, ""]
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    ends = np.append(starts[1:], len(labels))
    n = len(labels)
    return tuple((names[int(labels[a])], a / n, b / n) for a, b in zip(starts.tolist(), ends.tolist(), strict=True))


def _says(found: EmbeddingMap, columns: NDArray[np.intp], shape: tuple[int, ...]) -> list[str]:
    n_songs, n_outputs = shape
    order = "by group, then beside those that they are like" if found.groups else "beside those that they are like"
    says = [f"A row for each song, {order}; a column for each output of the model, beside those that it goes with."]
    if n_songs > MOST_ROWS:
        says.append(f"Rows are means of {counted(-(-n_songs // MOST_ROWS), 'song')} or one fewer.")
    if n_outputs > MOST_COLUMNS:
        says.append(f"Columns are means of {counted(-(-n_outputs // MOST_COLUMNS), 'output')} or one fewer.")
    if found.index.labels is not None and n_outputs <= MOST_COLUMNS:
        first, last = (found.index.labels[int(columns[i])] for i in (0, -1))
        says.append(f"At the left end stands {first}, at the right end {last}.")
    return [*says, "The darkest shades stand for the largest 1 % of numbers, which are cut."]
