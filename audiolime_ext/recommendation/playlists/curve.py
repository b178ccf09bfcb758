"""A curve that a playlist follows: how much of something each place should have, such as tempo or energy.

The something is a column of the index or of a table (`audiolime_ext.collection.columns`). Its unit does not matter, as
songs are ranked by it: 0 is the song of the collection that has least, 1 the one that has most, and songs that have the
same share a rank. A curve is given by points, from 0 (the first place) to 1 (the last one), with ranks between them on
straight lines; three have names. *The distance of a song from the curve is how far its rank is from that of its place*.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.columns import COLUMNS, column_of
from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.text import shortened

Array = NDArray[np.float64]
NAMED: Mapping[str, tuple[tuple[float, float], ...]] = {
    "rising": ((0.0, 0.0), (1.0, 1.0)),
    "falling": ((0.0, 1.0), (1.0, 0.0)),
    "peak": ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0)),
}
_NUMERIC = ("year", "duration_s")
HOW = f"{', '.join(NAMED)}, or points from 0 to 1 such as '0:0.2 0.5:0.9 1:0.4'"


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve.

    Parameters
    ----------
    column : str
        Name of what is ranked.
    points : tuple of (float, float)
        Points: where in the list, and which rank, both from 0 to 1.
    ranks : ndarray of float64, shape (n_index_songs,)
        Rank of each song of the index, 0 to 1; NaN: it has no number.
    weight : float
        Weight of a distance from the curve, beside distances between songs.
    notes : tuple of str
        Sentences on what was taken for no number, on what is left alone, and on a column that orders nothing.
    """

    column: str
    points: tuple[tuple[float, float], ...]
    ranks: Array = field(repr=False)
    weight: float = 1.0
    notes: tuple[str, ...] = ()

    def wanted(self, n: int) -> Array:
        """The rank that each of n places should have, shape (n,).

        Examples
        --------
        >>> Curve("tempo", points_of("peak"), np.zeros(0)).wanted(5)
        array([0. , 0.5, 1. , 0.5, 0. ])
        """
        at, rank = zip(*self.points, strict=True)
        return np.asarray(np.interp(np.linspace(0, 1, n) if n > 1 else np.zeros(n), at, rank))

    def costs(self, n: int, positions: NDArray[np.intp]) -> NDArray[np.float32]:
        """What each song of the index costs at each of n places, shape (n, n_positions); 0 where it has no number."""
        off = np.abs(self.ranks[positions] - self.wanted(n)[:, None])
        return np.asarray(self.weight * np.nan_to_num(off, nan=0.0), np.float32)


def curve_of(
    index: Index, curve: Any, column: str | None, table: str | os.PathLike[str] | None, weight: float
) -> Curve | None:
    """The curve that is asked for; None: none is.

    Raises
    ------
    UsageError
        If it cannot be understood, has no column, or the column is no number.
    """
    if curve is None:
        if column is not None or table is not None:
            raise UsageError(f"a column is given, and no curve that it should follow; give one: {HOW}")
        if weight != 1.0:
            raise UsageError(f"the weight of a curve is given, and no curve; give one: {HOW}")
        return None
    if table is not None and not isinstance(table, (str, os.PathLike)):
        raise UsageError(f"the table is given as {type(table).__name__}; give the path of a CSV")
    if column is not None and not isinstance(column, str):
        raise UsageError(f"the column is given as {type(column).__name__}; give its name, such as 'tempo'")
    if column is None:
        raise UsageError(
            "a curve is given, but not what it is of: name a column that is a number (--by tempo, column='tempo')"
        )
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < np.inf:
        raise UsageError(f"the weight of a curve is {weight!r}; give a number above 0")
    points = points_of(curve)
    if table is None and column.lower() not in (
        numeric := [*_NUMERIC, *(label.lower() for label in index.labels or ())]
    ):
        if column.lower() in COLUMNS:
            raise UsageError(f"{column} is text, and a curve needs what is a number for each song: {_or(numeric)}")
        raise unknown("column", column, (*_NUMERIC, *(index.labels or ())))
    told = column_of(index, column, table)
    ranks, notes = ranks_of(told.numbers()), told.notes
    if len(np.unique(ranks[np.isfinite(ranks)])) == 1:
        notes += (f"{legible(column)} is the same for all songs of which it is known: the curve orders nothing",)
    return Curve(column, points, ranks, float(weight), notes)


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(map(legible, names))}, or a column of a table (--table)"


def points_of(curve: Any) -> tuple[tuple[float, float], ...]:
    """The points of a curve.

    Examples
    --------
    >>> points_of("rising"), points_of("0:0.2 1:0.9")
    (((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.2), (1.0, 0.9)))
    >>> points_of("upwards")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: the curve 'upwards' is none; give rising, falling, peak, or points from 0 to 1 ...
    """
    if isinstance(curve, str) and curve.strip().lower() in NAMED:
        return NAMED[curve.strip().lower()]
    try:
        told = re.split(r"[\s,;]+", curve.strip()) if isinstance(curve, str) else [f"{at}:{rank}" for at, rank in curve]
        pairs = [one.split(":") for one in told]
        points = tuple(sorted((float(at), float(rank)) for at, rank in pairs))
    except (TypeError, ValueError):
        points = ()
    outside = [number for point in points for number in point if not 0 <= number <= 1]
    why = f": {outside[0]:g} is outside 0 to 1" if outside else ""
    if not why and len({at for at, _ in points}) < len(points):
        why = ": two points are at one place"
    if not points or why:
        raise UsageError(f"the curve {shortened(str(curve))!r} is none{why}; give {HOW}")
    return points


def ranks_of(numbers: Array) -> Array:
    """The rank of each number, 0 to 1; equal ones share the mean of their ranks, NaN stays.

    Examples
    --------
    >>> ranks_of(np.array([120.0, np.nan, 90.0, 90.0, 140.0])).round(3)
    array([0.667,   nan, 0.167, 0.167, 1.   ])
    """
    known = np.isfinite(numbers)
    _, which, counts = np.unique(numbers[known], return_inverse=True, return_counts=True)
    ranks = np.full(len(numbers), np.nan)
    if len(which) == 1:
        ranks[known] = 0.5
    elif len(which):
        ranks[known] = ((np.cumsum(counts) - (counts + 1) / 2) / (len(which) - 1))[which]
    return ranks
