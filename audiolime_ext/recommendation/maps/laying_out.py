"""Songs in a plane by t-SNE, run until they rest.

t-SNE [1]_ places songs such that those that are near in the original space are near on the map, and cares little where
the rest lies. It is openTSNE's, run in scikit-learn's way, so that a setting means what it means there: the learning
rate is a quarter of openTSNE's, the first 250 iterations have the early exaggeration and a momentum of 0.5, those
after them begin at rest with one of 0.8, and no step is cut.

Every 250 iterations the map is compared with what it was, both centred and brought to one size, as their unit means
nothing. It is *settled* once songs move by less than the tolerance, as a share of the map's spread: the root of the
mean square of the distances from its centre. Otherwise it ends after the most iterations, and *is told as not settled*.

It is openTSNE and not scikit-learn, by measurement: it can go on from where it was, and scikit-learn cannot; maps are
the same as long as small differences have not grown (a test holds them to 4 %); and it is as fast or faster. Seconds of
one core of a busy machine for 1,000 iterations (perplexity 16, early exaggeration 4, learning rate 40)::

    songs × outputs    openTSNE    scikit-learn
      237 × 200           0.4           0.5
    5,000 × 200          14.1          25.6

How songs repel each other is added up by interpolation on maps that are small for their number of songs, and by a tree
on wide ones: the one is faster up to a width of about √n, and takes four times as long for twice the width. Any number
of threads finds the same map.

References
----------
.. [1] van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from audiolime_ext.extras import require
from audiolime_ext.progress.stages import stage
from audiolime_ext.recommendation.maps.nearness import Points, distances, nearest
from audiolime_ext.recommendation.maps.result import MapSettings, Movement

STEP = 250  # iterations between two looks, and of early exaggeration
_TIMES_SKLEARN = 4.0  # learning rates
_FIRST_MOMENTUM, _MOMENTUM = 0.5, 0.8
_START_SPREAD = 1e-4
_BY_INTERPOLATION = 3000  # songs, from which on that is faster than a tree


def lay_out(
    directions: Points, start: Points, settings: MapSettings, *, iterations: int | None = None, name: str
) -> tuple[Points, Movement]:
    """Lay songs out by t-SNE, and say how they came to rest.

    Parameters
    ----------
    directions : ndarray of float64, shape (n_songs, n_features)
        Directions, no two of which are the same.
    start : ndarray of float64, shape (n_songs, 2)
        Places to start from, of any size.
    settings : MapSettings
        Settings; the perplexity is below a third of the number of songs.
    iterations : int or None
        Number of iterations, however far songs still move; None: until they rest.
    name : str
        Name of this work, for those who are told of it.
    """
    last = settings.max_iterations if iterations is None else iterations
    moves, counts = list[float](), list[int]()
    with stage(name, last, "iteration") as work:
        near = _affinities(directions, settings)
        embedding = _embedding(start * (_START_SPREAD / start[:, 0].std()), near, settings.seed)
        before = _at_one_size(np.asarray(embedding))
        while sum(counts[-1:]) < last:
            first, n = not counts, min(STEP, last - sum(counts[-1:]))
            embedding.optimize(
                n,
                inplace=True,
                negative_gradient_method=_method(np.asarray(embedding)),
                exaggeration=settings.early_exaggeration if first else 1.0,
                momentum=_FIRST_MOMENTUM if first else _MOMENTUM,
                learning_rate=_TIMES_SKLEARN * settings.learning_rate,
                max_step_norm=None,
            )
            now = _at_one_size(np.asarray(embedding))
            moves.append(float(np.linalg.norm(now - before, axis=1).mean()))
            counts.append(sum(counts[-1:]) + n)
            before = now
            work.advance(n)
            if first:  # scikit-learn begins its second phase at rest
                embedding = _embedding(np.array(embedding), near, settings.seed)
            if iterations is None and moves[-1] < settings.tolerance:
                break
        work.total = counts[-1]
    positions = np.array(embedding, np.float64)
    positions -= positions.mean(axis=0)
    movement = Movement(np.array(counts, np.intp), np.array(moves), moves[-1] < settings.tolerance)
    return positions, movement


def principal_of(directions: Points) -> tuple[Points, tuple[float, float]]:
    """The first two principal components, shape (n_songs, 2), and the shares of the variance that they hold.

    Each points to where its largest weight is positive, so that the same songs have the same picture everywhere.

    Examples
    --------
    >>> found, shares = principal_of(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    >>> found.round(6) + 0.0, [round(share, 6) for share in shares]
    (array([[ 3.,  0.], [-3.,  0.], [ 0.,  1.], [ 0., -1.]]), [0.9, 0.1])
    """
    centred = directions - directions.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    axes, first = axes[:, ::-1][:, :2], variances[::-1][:2].clip(0.0)
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0))
    shares = [*(first / variances.clip(0.0).sum()).tolist(), 0.0][:2]
    missing = 2 - axes.shape[1]
    return np.pad(centred @ axes, ((0, 0), (0, missing))), (shares[0], shares[1])


def random_start(n_songs: int, rng: np.random.Generator) -> Points:
    """Places drawn at random, shape (n_songs, 2)."""
    return np.asarray(rng.normal(size=(n_songs, 2)))


def _affinities(directions: Points, settings: MapSettings) -> Any:
    require("openTSNE", extra="maps")
    from openTSNE import affinity, nearest_neighbors

    found, cosines = nearest(directions, min(len(directions) - 1, int(3 * settings.perplexity)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return affinity.PerplexityBasedNN(
            perplexity=settings.perplexity,
            knn_index=nearest_neighbors.PrecomputedNeighbors(found, distances(cosines)),
        )


def _embedding(positions: Points, near: Any, seed: int) -> Any:
    from openTSNE import TSNEEmbedding

    return TSNEEmbedding(positions, near, random_state=seed, n_jobs=_n_threads(len(positions)))


def _method(positions: Points) -> str:
    """How far songs repel each other is added up by interpolation where that is faster than a tree: on small maps."""
    small = float(np.ptp(positions, axis=0).max()) ** 2 < len(positions)
    return "fft" if small and len(positions) >= _BY_INTERPOLATION else "bh"


def _n_threads(n_songs: int) -> int:
    """Threads find the same map; of fewer songs they would wait for each other longer than they work."""
    alone = n_songs < _BY_INTERPOLATION or os.environ.get("OMP_NUM_THREADS") == "1"
    return 1 if alone else os.cpu_count() or 1


def _at_one_size(positions: Points) -> Points:
    """Places about their centre, at a spread of 1."""
    centred = positions - positions.mean(axis=0)
    return np.asarray(centred / np.sqrt(np.square(centred).sum(axis=1).mean()))
