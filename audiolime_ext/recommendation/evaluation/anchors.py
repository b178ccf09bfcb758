"""What a measure is worth: what chance would give, and what is reached where it is clear what to find.

Chance is told twice. *By expectation*: the mean of each measure over all orders in which a query's songs could come,
exactly, so that a method is compared with it query by query. *By deals*: the groups are dealt out anew to the songs,
many times, and the same lists are measured; the share of deals that do as well is a probability. Both are of the same
songs, groups and lists, hubs included.

Above stands what is clear: *the same song's other half* (one half of an excerpt asks for the other) and *its
re-encoding* (an excerpt made alike asks for the one as it is). They are no limit in principle: a song's halves may
differ, and nearness in a group need not be nearness in sound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.evaluation.treatments import Floats, cosine, scaled
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval, measured, of_relevant, ranked

Mask = NDArray[np.bool_]
MOST_DEALS, LEAST_DEALS = 1000, 100
_PAIRS = 200_000_000  # in all deals together


def expected(relevant: Mask, hidden: Mask, *, k: int) -> Retrieval:
    """What chance gives each query: the mean of its measures over all orders of the songs that it may find.

    Parameters
    ----------
    relevant : ndarray of bool, shape (n_queries, n_songs)
        Truth values: whether a song is relevant to a query.
    hidden : ndarray of bool, shape (n_queries, n_songs)
        Truth values: whether a query must not find a song.
    k : int
        Number of neighbours for R@k and NDCG@k, at least 1.

    Examples
    --------
    One of two songs is relevant, and comes first or second:

    >>> found = expected(np.array([[False, True, False]]), np.array([[True, False, False]]), k=1)
    >>> {name: found.mean(name) for name in MEASURES}
    {'P@1': 0.5, 'R@k': 0.5, 'NDCG@k': 0.5, 'AP': 0.75}
    """
    n_right, n_all = (relevant & ~hidden).sum(axis=1), (~hidden).sum(axis=1)
    queries = np.flatnonzero(n_right)
    right, songs = n_right[queries].astype(int), n_all[queries].astype(int)
    places = np.arange(1, hidden.shape[1] + 1)
    gains, harmonic = np.cumsum(1 / np.log2(places + 1)), np.cumsum(1 / places)
    first, seen = right / songs, np.minimum(k, songs)
    gain = first * gains[seen - 1] / gains[np.minimum(k, right) - 1]
    others = (right - 1) / np.maximum(songs - 1, 1)  # chance that another relevant song stands at a given place before
    precision = others + (1 - others) * harmonic[songs - 1] / songs
    values = (first, seen / songs, gain, precision)
    return Retrieval(queries, dict(zip(MEASURES, values, strict=True)), k, len(relevant) - len(queries))


def dealt(near: Floats, groups: NDArray[np.intp], hidden: Mask, *, k: int, seed: int = 0) -> Floats:
    """Mean measures where groups are dealt out anew to the songs, shape (n_deals, n_measures).

    A group is dealt together with what its songs must not find, such as those of their artist: so each query has as
    many songs to find as before. There are 1,000 deals, and fewer, down to 100, of more than 400 songs.

    Parameters
    ----------
    near : ndarray of float64, shape (n_songs, n_songs)
        Nearness of each song (column) to each query (row).
    groups : ndarray of int, shape (n_songs,)
        Number of each song's group.
    hidden : ndarray of bool, shape (n_songs, n_songs)
        Truth values: whether a query must not find a song.
    k : int
        Number of neighbours for R@k and NDCG@k, at least 1.
    seed : int
        Random seed of the deals.
    """
    n, itself = len(near), np.eye(len(near), dtype=bool)
    order, farther = ranked(near, itself)
    filtered = bool((hidden & ~itself).any())
    rng = np.random.default_rng(seed)
    n_deals = max(LEAST_DEALS, min(MOST_DEALS, _PAIRS // max(n * n, 1)))
    found = []
    for _ in tracked(range(n_deals), "dealing groups out anew", "deal"):
        deal = rng.permutation(n)
        dealt_out = groups[deal]
        there, away = order, farther
        if filtered:
            there, away = ranked(near, hidden[deal][:, deal])
        hits = dealt_out[there] == dealt_out[:, None]
        hits &= ~np.take_along_axis(hidden[deal][:, deal] if filtered else itself, there, axis=1)
        asking = hits.any(axis=1)
        found.append(measured(hits[asking], away[asking], k).mean(axis=1))
    return np.array(found)


def same_song(queries: Floats, songs: Floats, *, k: int = 10) -> Retrieval:
    """Each query's own song among all, by centred cosine: row i of the one belongs to row i of the other.

    Examples
    --------
    >>> songs = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> same_song(songs + 0.1, songs).mean("P@1")
    1.0
    """
    near = cosine(scaled(queries, songs, "centred"), scaled(songs, songs, "centred"))
    return of_relevant(near, np.eye(len(songs), dtype=bool), k=k)
