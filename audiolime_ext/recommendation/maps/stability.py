"""How far a map is the same when it is made again: of a song that lands among others each time, the place says little.

Two things are changed. *Starts*: the songs begin at random places; a start from the principal components, moved a
little, would change almost nothing and prove nothing. *Subsamples*: each map leaves out another fifth of the songs, and
begins where the first map began. Of each song's k neighbours on the first map (among the songs that are on both) the
share is counted that it has again. *By chance* it would be k over the number of other songs on the map that is made
again, which is told beside it.

Maps that are made again run 1,000 iterations, as neighbours hardly change after that, and are fewer of larger
collections: five and five up to 2,000 songs, three and three up to 5,000, two and two beyond.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audiolime_ext.recommendation.maps.laying_out import lay_out, random_start
from audiolime_ext.recommendation.maps.nearness import Ints, Points, on_map, shared
from audiolime_ext.recommendation.maps.presets import most_perplexity
from audiolime_ext.recommendation.maps.result import MapSettings, Stability

K = 10
ITERATIONS = 1000
FOLDS = 5  # of which each subsample leaves one out
_REPEATS = ((2000, 5), (5000, 3))  # up to so many songs, so many
_FEWEST = 2


def stability_of(directions: Points, start: Points, positions: Points, settings: MapSettings) -> Stability:
    """How far each song has the same neighbours when the map is made again.

    Parameters
    ----------
    directions : ndarray of float64, shape (n_songs, n_features)
        Directions of the songs of the map.
    start : ndarray of float64, shape (n_songs, 2)
        Places that the map began from.
    positions : ndarray of float64, shape (n_songs, 2)
        The map.
    settings : MapSettings
        Settings of the map.
    """
    n_songs = len(directions)
    k, n_repeats = neighbours_compared(n_songs), n_repeated(n_songs)
    n_iterations = min(ITERATIONS, settings.max_iterations)
    rng = np.random.default_rng([settings.seed, 1])
    by_starts = np.zeros(n_songs)
    for n in range(n_repeats):
        name = f"laying out from another start ({n + 1} of {n_repeats})"
        again, _ = lay_out(directions, random_start(n_songs, rng), settings, iterations=n_iterations, name=name)
        by_starts += shared(on_map(positions, k), on_map(again, k)) / n_repeats
    by_subsamples, n_times = np.zeros(n_songs), np.zeros(n_songs)
    for n, kept in enumerate(_subsamples(n_songs, n_repeats, rng)):
        name = f"laying out four fifths of the songs ({n + 1} of {n_repeats})"
        fewer = replace(settings, perplexity=min(settings.perplexity, most_perplexity(len(kept))))
        again, _ = lay_out(directions[kept], start[kept], fewer, iterations=n_iterations, name=name)
        by_subsamples[kept] += shared(on_map(positions[kept], k), on_map(again, k))
        n_times[kept] += 1
    chance, of_subsamples = k / (n_songs - 1), k / (n_songs - n_songs / FOLDS - 1)
    return Stability(k, by_starts, by_subsamples / n_times, n_repeats, n_repeats, chance, of_subsamples)


def neighbours_compared(n_songs: int) -> int:
    """How many neighbours on a map are compared: ten, or fewer where these were a third of all songs."""
    return max(1, min(K, (n_songs - 1) // 3))


def n_repeated(n_songs: int) -> int:
    """How many maps are made again from other starts, and how many of fewer songs."""
    return next((n for most, n in _REPEATS if n_songs <= most), _FEWEST)


def _subsamples(n_songs: int, n: int, rng: np.random.Generator) -> list[Ints]:
    """The songs of each subsample, so that every song is in all but at most one."""
    folds = np.array_split(rng.permutation(n_songs), FOLDS)
    return [np.setdiff1d(np.arange(n_songs), fold) for fold in folds[:n]]
