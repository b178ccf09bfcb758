"""Who is near to whom in the original space, exactly, and how true to that a map is.

All pairs are compared, some hundred songs at a time, so that no matrix of all pairs lies in memory. Nearness is the
cosine of two directions. t-SNE is given their Euclidean distance, whose square is twice the cosine distance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Points = NDArray[np.float64]
_CELLS = 4_000_000  # of a block of similarities


def nearest(directions: Points, k: int) -> tuple[Ints, Points]:
    """The k nearest of each song, nearest first, without itself, and their cosines; both of shape (n_songs, k).

    Examples
    --------
    >>> nearest(np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]), 1)
    (array([[1],
           [0],
           [1]]), array([[0.8],
           [0.8],
           [0.6]]))
    """
    n_songs = len(directions)
    found, cosines = np.empty((n_songs, k), np.intp), np.empty((n_songs, k))
    for rows, block in similarities(directions):
        few = np.argpartition(-block, k - 1, axis=1)[:, :k] if k < n_songs else np.argsort(-block, axis=1)[:, :k]
        few.sort(axis=1)  # so that songs that are equally near come in their order
        order = np.argsort(-np.take_along_axis(block, few, axis=1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(few, order, axis=1)
        cosines[rows] = np.take_along_axis(block, found[rows], axis=1)
    return found, cosines.clip(-1.0, 1.0)


def similarities(directions: Points) -> Iterator[tuple[slice, Points]]:
    """The cosines of some songs at a time with all songs, −∞ with themselves."""
    n_songs = len(directions)
    n_rows = max(1, _CELLS // n_songs)
    for begin in range(0, n_songs, n_rows):
        rows = slice(begin, min(begin + n_rows, n_songs))
        block = directions[rows] @ directions.T
        block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = -np.inf
        yield rows, block


def distances(cosines: Points) -> Points:
    """Euclidean distances of directions, 0 to 2, from their cosines."""
    return np.asarray(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * cosines)))


def on_map(positions: Points, k: int) -> Ints:
    """The k nearest of each song on a map, without itself, shape (n_songs, k)."""
    from scipy.spatial import cKDTree

    found = np.asarray(cKDTree(positions).query(positions, k + 1)[1], np.intp)
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True  # songs at one place: the tree may name k others
    return np.asarray(found[~own].reshape(len(found), k))


def shared(some: Ints, others: Ints) -> Points:
    """The share of each row's numbers that the other's row has, too, shape (n_rows,)."""
    return np.asarray((some[:, :, None] == others[:, None, :]).any(axis=2).mean(axis=1))


def trustworthiness(directions: Points, positions: Points, k: int) -> float:
    """How far neighbours on a map are neighbours in the original space, 0 to 1 [1]_.

    It falls with the place that a neighbour on the map has in the original list, where this is below the k-th.

    Parameters
    ----------
    directions : ndarray of float64, shape (n_songs, n_features)
        Directions in the original space.
    positions : ndarray of float64, shape (n_songs, 2)
        Places on the map.
    k : int
        Number of neighbours, below half the number of songs.

    References
    ----------
    .. [1] Venna and Kaski, "Neighborhood Preservation in Nonlinear Projection Methods", ICANN 2001.
    """
    n_songs, beyond = len(directions), 0.0
    near = on_map(positions, k)
    for rows, block in similarities(directions):
        for column in near[rows].T:
            own = np.take_along_axis(block, column[:, None], axis=1)
            places = 1 + (block > own).sum(axis=1)
            beyond += float(np.maximum(0, places - k).sum())
    return 1.0 - 2.0 * beyond / (n_songs * k * (2 * n_songs - 3 * k - 1))


def places_of_duplicates(directions: Points) -> tuple[Ints, Ints]:
    """Positions of the songs whose direction no earlier one has, and of every song the place among these.

    Examples
    --------
    >>> places_of_duplicates(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    (array([0, 1]), array([0, 1, 0]))
    """
    seen: dict[bytes, int] = {}
    rounded: NDArray[np.float64] = directions.round(9) + 0.0
    places = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rounded], np.intp)
    return np.unique(places, return_index=True)[1].astype(np.intp), places
