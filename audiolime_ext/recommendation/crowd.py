"""How near a query and each song are to all others: what corrections for hubs need of a collection.

Mutual proximity asks for the mean and the deviation of a song's similarities to all others. Of directions u these
follow from two sums over the collection, the mean direction m and the covariance C: the mean is u·m and the variance
uᵀCu. So no pair is looked at, and nothing is sampled: a million songs cost a million times d² operations, once, and a
query d². Whatever is itself the query or the song is taken out of its own sums. Local scaling has no such way: it looks
at every pair once, and is for up to 20,000 songs.

Invariant: *one query's corrected nearness is the row of `mutual_proximity` or `local_scaling` that they give for all
pairs*, to 1e-5.

References
----------
Schnitzer, Flexer, Schedl and Widmer, "Local and Global Scaling Reduce Hubs in Space", JMLR 13, 2012.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.recommendation.hubs import CORRECTIONS, RADIUS_K, HubCorrection, radius, squared_distance
from audiolime_ext.recommendation.kept import Arrays, kept, remembered
from audiolime_ext.recommendation.space import Space, Vector

MOST_PAIRED = 20_000
_LEAST_DEVIATION = 1e-6
_NEARLY_0 = -1e-15


class Crowd(Protocol):
    """How near the songs of a collection are to all others, by one correction."""

    def seen_from(self, towards: Vector, own: NDArray[np.floating], others: NDArray[Any] | None) -> Any:
        """What the correction needs of a query: its direction, and its similarities to its own songs and to others.

        Its own songs are those that it is made of. Not all corrections need the others: None, where they are not known.
        """

    def seen_from_songs(self, positions: NDArray[np.intp] | slice) -> Any:
        """The same of songs of the collection."""

    def log_nearness(self, similarities: Any, view: Any, others: Any) -> Vector:
        """Logarithm of the corrected nearness, 0 at most, of similarities, as seen from both sides."""

    def least_similarity(self, log_nearness: float, view: Any) -> float:
        """Similarity to the query below which no song can be as near as that."""


@dataclass(frozen=True, eq=False)
class MutualCrowd:
    """What mutual proximity needs.

    Parameters
    ----------
    n_songs : int
        Number of songs that have a direction.
    mean : ndarray of float64, shape (n_features,)
        Mean of the directions.
    covariance : ndarray of float64, shape (n_features, n_features)
        Covariance of the directions.
    means, deviations : ndarray of float64, shape (n_songs,)
        Mean and standard deviation of each song's similarities to all others.
    """

    n_songs: int
    mean: Vector = field(repr=False)
    covariance: Vector = field(repr=False)
    means: Vector = field(repr=False)
    deviations: Vector = field(repr=False)

    def seen_from(
        self, towards: Vector, own: NDArray[np.floating], others: NDArray[Any] | None = None
    ) -> tuple[float, float]:
        """Mean and deviation of a query's similarities to all songs but its own."""
        mean, variance = float(towards @ self.mean), float(towards @ self.covariance @ towards)
        mean, variance = _without(self.n_songs, mean, variance, own.tolist())
        return float(mean), float(_deviation(variance))

    def seen_from_songs(self, positions: NDArray[np.intp] | slice) -> tuple[Vector, Vector]:
        """Means and deviations of songs of the collection."""
        return self.means[positions], self.deviations[positions]

    def log_nearness(self, similarities: Any, view: tuple[Any, Any], others: tuple[Any, Any]) -> Vector:
        """Logarithm of the mutual proximity; it still tells the nearest apart where the probabilities round to 1."""
        from scipy.special import log_ndtr

        return np.asarray(sum(log_ndtr((similarities - mean) / deviation) for mean, deviation in (view, others)))

    def least_similarity(self, log_nearness: float, view: tuple[float, float]) -> float:
        """A product of two probabilities is no larger than the one that the query sees."""
        from scipy.special import ndtri_exp

        mean, deviation = view
        return float(mean + deviation * ndtri_exp(min(log_nearness, _NEARLY_0)))


@dataclass(frozen=True, eq=False)
class LocalCrowd:
    """What local scaling needs: each song's `radii`, the distance to its tenth neighbour, shape (n_songs,)."""

    radii: Vector = field(repr=False)

    def seen_from(self, towards: Vector, own: NDArray[np.floating], others: NDArray[Any] | None = None) -> float:
        """The radius of a query among all songs but its own."""
        if others is None:
            raise UsageError("local scaling needs the similarities to all songs; choose mutual proximity")
        finite = others[np.isfinite(others)]
        k = min(RADIUS_K, len(finite))
        return float(radius(np.partition(finite, -k)[-k]))

    def seen_from_songs(self, positions: NDArray[np.intp] | slice) -> Vector:
        """The radii of songs of the collection."""
        return self.radii[positions]

    def log_nearness(self, similarities: Any, view: Any, others: Any) -> Vector:
        """Logarithm of the local scaling."""
        return np.asarray(-squared_distance(similarities) / (view * others))

    def least_similarity(self, log_nearness: float, view: Any) -> float:
        """None is too far: a song with a large radius may be near."""
        return -np.inf


def crowd_of(index: Index, space: Space, correction: HubCorrection) -> tuple[Crowd, tuple[str, ...]]:
    """How near the songs of a collection are to all others, and notes.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.
    correction : {"mutual proximity", "local scaling"}
        Kind of correction.

    Raises
    ------
    UsageError
        If there is no such correction, or the collection is too large for local scaling.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> from audiolime_ext.recommendation.hubs import mutual_proximity
    >>> from audiolime_ext.recommendation.space import space_of
    >>> vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    >>> index = Index(Path("."), "", "", None, tuple(Song(str(n)) for n in range(50)), vectors)
    >>> space = space_of(index)
    >>> crowd, _ = crowd_of(index, space, "mutual proximity")
    >>> u = space.directions(index, np.arange(50))
    >>> similarities = u @ u[0]
    >>> view = crowd.seen_from(u[0], similarities[:1], None)
    >>> found = np.exp(crowd.log_nearness(similarities, view, crowd.seen_from_songs(slice(None))))
    >>> bool(np.allclose(found[1:], mutual_proximity(u @ u.T)[0, 1:], atol=1e-5))
    True
    """
    if correction not in CORRECTIONS:
        raise unknown("correction for hubs", correction, CORRECTIONS)
    n_songs = len(index.vectors)
    if correction == "local scaling" and n_songs > MOST_PAIRED:
        raise UsageError(
            f"local scaling compares every pair of songs, and there are {n_songs}; it is for {MOST_PAIRED} at most, so "
            "choose mutual proximity"
        )
    return remembered(index, (correction, space.kind), lambda: _crowd(index, space, correction))


def _crowd(index: Index, space: Space, correction: HubCorrection) -> tuple[Crowd, tuple[str, ...]]:
    n_songs, n = index.vectors.shape
    name = f"{correction.replace(' ', '-')}-{space.kind}"
    if correction == "local scaling":
        arrays, unkept = kept(index, name, {"radii": (n_songs,)}, lambda: _radii(index, space))
        return LocalCrowd(**arrays), (unkept,) if unkept else ()
    shapes = {"mean": (n,), "covariance": (n, n), "means": (n_songs,), "deviations": (n_songs,)}
    arrays, unkept = kept(index, name, shapes, lambda: _spread(index, space))
    return MutualCrowd(space.n_usable, **arrays), (unkept,) if unkept else ()


def _spread(index: Index, space: Space) -> Arrays:
    n_songs, n_features = space.n_usable, index.vectors.shape[1]
    mean, covariance = np.zeros(n_features), np.zeros((n_features, n_features))
    for _, directions in space.blocks(index):
        mean += directions.sum(axis=0) / n_songs
    for rows, directions in space.blocks(index):
        off = directions[space.usable[rows]] - mean
        covariance += off.T @ off / n_songs
    means, variances = np.zeros(len(index.vectors)), np.zeros(len(index.vectors))
    for rows, directions in space.blocks(index):
        means[rows] = directions @ mean
        variances[rows] = np.einsum("ij,ij->i", directions @ covariance, directions)
    means, variances = _without(n_songs, means, variances, [1.0])
    return {"mean": mean, "covariance": covariance, "means": means, "deviations": _deviation(variances)}


def _without(n: int, mean: Any, variance: Any, own: Iterable[float]) -> tuple[Any, Any]:
    """Mean and variance of what is left of n numbers without some of them; of one number that is left, as it is."""
    for one in own:
        if n > 2:
            off = one - mean
            mean, variance = mean - off / (n - 1), (n * variance - off**2 * n / (n - 1)) / (n - 1)
            n -= 1
    return mean, variance


def _deviation(variance: Any) -> Any:
    return np.maximum(np.sqrt(np.maximum(variance, 0.0)), _LEAST_DEVIATION)


def _radii(index: Index, space: Space) -> Arrays:
    usable = np.flatnonzero(space.usable)
    every = space.directions(index, usable).astype(np.float32)
    k = min(RADIUS_K, len(usable) - 1)
    nearest = np.ones(len(index.vectors))
    for begin in range(0, len(usable), 1000):
        similarities = every[begin : begin + 1000] @ every.T
        similarities[np.arange(len(similarities)), begin + np.arange(len(similarities))] = -np.inf
        nearest[usable[begin : begin + 1000]] = np.partition(similarities, -k, axis=1)[:, -k]
    return {"radii": np.asarray(radius(nearest))}
