"""Whether the groups of a column, such as genres or playlists, are regions of the space.

Everything here is measured in the original space; a map is not looked at. The distance of two songs is one less the
cosine of their directions. Within a group it is the mean over pairs of different songs (a song and itself would pull it
to zero), between two groups over all pairs. The *silhouette* [1]_ of a song is (b − a) / max(a, b), where a is the mean
distance to its own group, and b that to the nearest other one; the mean over the songs of a group is near 0 where it is
no region, whatever a map looks like. Each group is judged by itself (`audiolime_ext.recommendation.maps.regions`).

Each number is compared with those after the groups have been dealt out anew at random, to the same songs: p is the
share of these, and of the number itself, that are as extreme. A mean of cosines is the cosine with a mean: so one sum
of directions for each group serves all, and no matrix of all pairs is made.

Groups of one song have no distance within; they, and songs without a group, are counted and left out.

References
----------
.. [1] Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", Journal of
   Computational and Applied Mathematics 20, 1987.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.columns import Column
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.maps.nearness import Ints, Points
from audiolime_ext.recommendation.maps.regions import LEVEL, Region, correction, regions_of
from audiolime_ext.recommendation.maps.result import GroupPair, Groups
from audiolime_ext.text import counted

N_PERMUTATIONS = 999  # at least, where there are neither many songs nor many groups
MOST_PAIRED = 40  # groups, between which all distances are told
_LEAST_PERMUTATIONS = 99
_ROOM = 2  # so that one group among many can still be told after correction, with this to spare
_MOST_NAMED = 6
_ROUNDING = 1e-9
_MOST_PRODUCTS = 4e11  # of all permutations: some 20 seconds


@dataclass(frozen=True, eq=False)
class _Measured:
    """Silhouettes of songs, and mean distances of groups within (on the diagonal) and between, (n_groups, n_groups)."""

    silhouettes: Points = field(repr=False)
    distances: Points = field(repr=False)


def groups_of(column: Column, directions: Points, places: Ints, seed: int) -> tuple[Groups, tuple[str, ...]]:
    """The groups of a column among the songs of a map, and sentences on what is left out.

    Parameters
    ----------
    column : Column
        Column of the whole index.
    directions : ndarray of float64, shape (n_songs, n_features)
        Directions of the songs of the map.
    places : ndarray of int, shape (n_songs,)
        Positions of these songs in the index.
    seed : int
        Random seed of the permutations.

    Raises
    ------
    UsageError
        If there are no two groups of two songs or more.
    """
    of_songs = tuple(column.values[place] for place in places)
    counts = dict(Counter(value for value in of_songs if value is not None).most_common())
    compared = [name for name, n in counts.items() if n > 1]
    _require(column, counts, compared)
    codes = {name: code for code, name in enumerate(compared)}
    with_group = np.array([at for at, value in enumerate(of_songs) if value in codes], np.intp)
    of_each = np.array([codes[str(of_songs[at])] for at in with_group], np.intp)
    silhouette, p, pairs, n, regions = _tested(directions[with_group], of_each, compared, seed)
    notes = (*column.notes, *_notes(column, of_songs, counts, n))
    return Groups(column.name, of_songs, counts, silhouette, p, pairs, n, regions), notes


def _tested(
    directions: Points, codes: Ints, names: Sequence[str], seed: int
) -> tuple[float, float, tuple[GroupPair, ...], int, tuple[Region, ...]]:
    sizes = np.bincount(codes)
    found = _measured(directions, codes, sizes)
    silhouette, own = float(found.silhouettes.mean()), _of_groups(found, codes, sizes)
    n = _n_permutations(2 * directions.size * len(sizes), len(sizes))
    rng = np.random.default_rng([seed, 4])
    as_high, as_apart = 1, np.ones(len(sizes))
    as_small, as_large = np.ones_like(found.distances), np.ones_like(found.distances)
    for _ in tracked(range(n), "dealing groups out anew", "deal"):
        dealt = _measured(directions, again := rng.permutation(codes), sizes)
        as_apart += _of_groups(dealt, again, sizes) >= own - _ROUNDING
        as_high += dealt.silhouettes.mean() >= silhouette - _ROUNDING
        as_small += dealt.distances <= found.distances + _ROUNDING
        as_large += dealt.distances >= found.distances - _ROUNDING
    pairs = [
        GroupPair(
            names[i],
            names[j],
            float(found.distances[i, j]),
            int(sizes[i] * (sizes[i] - 1) // 2 if i == j else sizes[i] * sizes[j]),
            float((as_small if i == j else as_large)[i, j] / (n + 1)),
        )
        for i in range(len(names))
        for j in (range(i, len(names)) if len(names) <= MOST_PAIRED else [i])
    ]
    regions = regions_of(names, sizes.tolist(), own.tolist(), (as_apart / (n + 1)).tolist())
    return silhouette, float(as_high / (n + 1)), tuple(pairs), n, regions


def _n_permutations(n_products: int, n_groups: int) -> int:
    """How often groups are dealt out anew, where a deal takes so many products."""
    wanted = max(N_PERMUTATIONS, round(_ROOM * correction(n_groups) / LEVEL))
    return int(np.clip(_MOST_PRODUCTS / n_products, _LEAST_PERMUTATIONS, wanted))


def _measured(directions: Points, codes: Ints, sizes: NDArray[np.intp]) -> _Measured:
    starts = np.append(0, np.cumsum(sizes)[:-1])
    sums = np.add.reduceat(directions[np.argsort(codes, kind="stable")], starts, axis=0)
    products = sums @ sums.T
    pairs = np.outer(sizes, sizes).astype(float)
    own = np.arange(len(sizes))
    products[own, own] -= sizes
    pairs[own, own] -= sizes
    return _Measured(_silhouettes(directions @ sums.T, codes, sizes), 1.0 - products / pairs)


def _of_groups(measured: _Measured, codes: Ints, sizes: NDArray[np.intp]) -> Points:
    """The mean silhouette of the songs of each group, shape (n_groups,)."""
    return np.asarray(np.bincount(codes, weights=measured.silhouettes) / sizes)


def _silhouettes(products: Points, codes: Ints, sizes: NDArray[np.intp]) -> Points:
    """The silhouette of each song, from the sums of each song's cosines with every group, shape (n_songs, n_groups)."""
    songs = np.arange(len(codes))
    within = 1.0 - (products[songs, codes] - 1.0) / (sizes[codes] - 1)
    away = 1.0 - products / sizes
    away[songs, codes] = np.inf
    between = away.min(axis=1)
    larger = np.maximum(within, between)
    return np.asarray(np.divide(between - within, larger, out=np.zeros_like(larger), where=larger > _ROUNDING))


def _require(column: Column, counts: Mapping[str, int], compared: Sequence[str]) -> None:
    name = legible(column.name)
    if len(counts) == 1:
        raise UsageError(
            f"all songs of the map are {legible(next(iter(counts)))!r} by {name}; name a column with two groups or more"
        )
    if len(compared) < 2:
        songs = counted(sum(counts.values()), "song")
        raise UsageError(
            f"{name} has {counted(len(counts), 'value')} for {songs} of the map, and not two that two songs share; "
            "name a column of groups, such as genre or folder, or write one into a table"
        )


def _notes(column: Column, of_songs: Sequence[str | None], counts: Mapping[str, int], n: int) -> tuple[str, ...]:
    name, notes = legible(column.name), []
    if without := sum(value is None for value in of_songs):
        notes.append(f"{counted(without, 'song has', 'songs have')} no {name}, and no part in the numbers of groups")
    if alone := sum(size == 1 for size in counts.values()):
        notes.append(
            f"{counted(alone, 'group')} by {name} {'has' if alone == 1 else 'have'} one song only, and no part in "
            "the numbers of groups"
        )
    if len(counts) - alone > MOST_PAIRED:
        notes.append(f"{name} has more than {MOST_PAIRED} groups, so distances between two of them are not told")
    spelled = Counter(value.casefold() for value in counts)
    if alike := [value for value in counts if spelled[value.casefold()] > 1]:
        shown = ", ".join(legible(value) for value in alike[:_MOST_NAMED]) + (" …" if len(alike) > _MOST_NAMED else "")
        notes.append(f"{counted(len(alike), 'group')} by {name} differ in capital letters only: {shown}")
    if n < N_PERMUTATIONS:
        few = (
            ", too few to tell one group alone from chance" if correction(len(counts) - alone) > LEVEL * (n + 1) else ""
        )
        notes.append(f"the groups were dealt out anew {n} times only, as there are many songs and groups{few}")
    return tuple(notes)
