"""Hubs: songs that are near to everything, in spaces of many dimensions; and two ways to tame them.

In such spaces a few songs are among the nearest of very many (hubs), and many songs of none (orphans): a recommender
plays the hubs, and never the orphans. Both come from how the distances from a song are spread, and are lessened by
asking how near a pair is *as seen from both*:

- *mutual proximity* [1]_: the share of songs that are less near to i than j is, times the share less near to j than i
  is, each from a normal distribution with the mean and the deviation of the similarities to all other songs. It is a
  probability, 0 to 1, and independent of the scale of the model's vectors.
- *local scaling* [2]_: exp(−d² / (rᵢ rⱼ)), with d the distance of the directions and r the distance to a song's k-th
  neighbour.

Mutual proximity is the default, by measurement and by cost. Of 130 tracks of 17 free games (musicnn's penultimate layer
of the middle 30 s; "right" is a track of the same game; nothing held out)::

                                    first right    average precision    skewness
    centred, uncorrected                   .423                 .285         .55
    centred, mutual proximity              .423                 .291         .43
    centred, local scaling                 .423                 .288         .37
    standardised, uncorrected              .385                 .282         .38
    standardised, mutual proximity         .438                 .290         .04
    standardised, local scaling            .423                 .284         .13

So both tame hubs and cost no accuracy; but local scaling must look at every pair of songs, and mutual proximity at
none.

The functions here take all similarities at once, shape (n, n); `audiolime_ext.recommendation.crowd` does the same for
one query among any number of songs, to 1e-5.

References
----------
.. [1] Schnitzer, Flexer, Schedl and Widmer, "Local and Global Scaling Reduce Hubs in Space", JMLR 13, 2012.
.. [2] Zelnik-Manor and Perona, "Self-Tuning Spectral Clustering", NIPS 2004.
.. [3] Radovanović, Nanopoulos and Ivanović, "Hubs in Space: Popular Nearest Neighbors in High-Dimensional Data", JMLR
   11, 2010 (k-occurrence, its skewness).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError

HubCorrection = Literal["mutual proximity", "local scaling"]
CORRECTIONS: tuple[HubCorrection, ...] = ("mutual proximity", "local scaling")
RADIUS_K = 10
LEAST_SONGS = 30  # fewer do not show how similarities are spread
_LEAST_DEVIATION = 1e-6

Floats = NDArray[np.float64]
Similarities = NDArray[np.floating[Any]]


def mutual_proximity(similarities: Similarities) -> Floats:
    """Mutual proximity of every pair, shape (n, n), 0 to 1; 1 on the diagonal.

    Parameters
    ----------
    similarities : ndarray, shape (n, n)
        Similarity of every pair, symmetric; what stands on the diagonal does not matter.

    Raises
    ------
    UsageError
        If it is not square, or has fewer than three rows.

    Examples
    --------
    Three songs, of which the first is near to both others:

    >>> similarities = np.array([[1, 0.9, 0.8], [0.9, 1, 0.1], [0.8, 0.1, 1]])
    >>> mutual_proximity(similarities).round(2)
    array([[1.  , 0.71, 0.13],
           [0.71, 1.  , 0.03],
           [0.13, 0.03, 1.  ]])
    """
    from scipy.special import ndtr

    n_songs = _n_songs(similarities, least=3)
    others = ~np.eye(n_songs, dtype=bool)
    means = similarities.mean(axis=1, where=others, dtype=np.float64, keepdims=True)
    spread = similarities.std(axis=1, where=others, dtype=np.float64, keepdims=True)
    seen = ndtr((similarities - means) / np.maximum(spread, _LEAST_DEVIATION))
    found = np.asarray(seen * seen.T)
    np.fill_diagonal(found, 1.0)
    return found


def local_scaling(similarities: Similarities, k: int = RADIUS_K) -> Floats:
    """Local scaling of every pair, shape (n, n), 0 to 1; 1 on the diagonal.

    Parameters
    ----------
    similarities : ndarray, shape (n, n)
        Cosine of every pair, symmetric; what stands on the diagonal does not matter.
    k : int
        Number of the neighbour whose distance is a song's radius, from 1 on; with fewer songs the last one's.

    Raises
    ------
    UsageError
        If it is not square, or has fewer than two rows.

    Examples
    --------
    >>> similarities = np.array([[1, 0.9, 0.8], [0.9, 1, 0.1], [0.8, 0.1, 1]])
    >>> local_scaling(similarities, k=1).round(2)
    array([[1.  , 0.37, 0.24],
           [0.37, 1.  , 0.  ],
           [0.24, 0.  , 1.  ]])
    """
    n_songs = _n_songs(similarities, least=2)
    others = similarities.astype(np.float64)
    np.fill_diagonal(others, -np.inf)
    k = min(k, n_songs - 1)
    radii = radius(np.partition(others, -k, axis=1)[:, -k])
    found = np.exp(-squared_distance(similarities) / (radii[:, None] * radii))
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def squared_distance(similarities: Any) -> Any:
    """Squared distance of directions whose cosine this is: 2 (1 − s), and no less than 0."""
    return np.maximum(2.0 - 2.0 * np.asarray(similarities, np.float64), 0.0)


def radius(similarity: Any) -> Any:
    """Distance to the neighbour of this similarity, and no less than 1e-6: identical songs have some radius, too."""
    return np.maximum(np.sqrt(squared_distance(similarity)), _LEAST_DEVIATION)


def k_occurrence(similarities: Similarities, k: int = 10) -> NDArray[np.intp]:
    """In how many songs' lists of k neighbours each song is, shape (n,); the mean of it is k.

    Parameters
    ----------
    similarities : ndarray, shape (n, n)
        Nearness of column j to row i, of any kind; what stands on the diagonal does not matter.
    k : int
        Length of a list, from 1 on; with k songs or fewer, all others are in it.

    Examples
    --------
    >>> k_occurrence(np.array([[1, 0.9, 0.8], [0.9, 1, 0.1], [0.8, 0.1, 1]]), k=1)
    array([2, 1, 0])
    """
    n_songs = _n_songs(similarities, least=1)
    others = similarities.astype(np.float64)
    np.fill_diagonal(others, -np.inf)
    k = min(k, n_songs - 1)
    if k < 1:
        return np.zeros(n_songs, np.intp)
    lists = np.argpartition(-others, k - 1, axis=1)[:, :k]
    return np.bincount(lists.ravel(), minlength=n_songs)


def skewness(counts: NDArray[Any]) -> float:
    """Skewness of k-occurrences: 0 where all songs are in equally many lists, above 1 where there are hubs.

    Examples
    --------
    >>> skewness(np.array([1, 1, 1])), round(skewness(np.array([0, 0, 0, 0, 10])), 2)
    (0.0, 1.5)
    """
    off = counts - counts.mean()
    spread = float(np.sqrt(np.square(off).mean()))
    return float((off**3).mean() / spread**3) if spread else 0.0


def _n_songs(similarities: Similarities, least: int) -> int:
    shape = similarities.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < least:
        raise UsageError(f"similarities of all pairs have shape (n, n), with n of at least {least}, not {shape}")
    return int(shape[0])
