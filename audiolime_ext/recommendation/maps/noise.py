"""What a map shows where there is nothing: as many directions drawn at random, of the same variances.

t-SNE draws clumps even of noise. So a map of noise of the same size, with the same settings, stands beside each map.
Noise is a normal distribution along the same axes; its variances are such that, after all directions are brought to
length 1, they are those of the songs. (Songs with few outliers or many give the same noise so: a direction has no
length.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.recommendation.maps.nearness import Points

_ROUNDS, _DRAWN = 20, 4096
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Noise:
    """Directions at random with the mean and the variances of some songs.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_features,)
        Mean of the songs' directions, along the axes: near zero in a space that is centred.
    axes : ndarray of float64, shape (n_features, n_features)
        Axes along which the songs vary, one a column.
    deviations : ndarray of float64, shape (n_features,)
        Standard deviation of the noise along each.
    """

    mean: Points = field(repr=False)
    axes: Points = field(repr=False)
    deviations: Points = field(repr=False)

    @classmethod
    def like(cls, directions: Points, rng: np.random.Generator) -> Noise:
        """The noise of some songs' directions, shape (n_songs, n_features).

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> songs = rng.normal(size=(500, 3)) * [4, 2, 1]
        >>> songs /= np.linalg.norm(songs, axis=1, keepdims=True)
        >>> drawn = Noise.like(songs, rng).draw(50_000, rng)
        >>> np.allclose(drawn.var(axis=0), songs.var(axis=0), atol=0.02)
        True
        """
        mean = directions.mean(axis=0)
        centred = directions - mean
        variances, axes = np.linalg.eigh(centred.T @ centred / len(directions))
        wanted = np.maximum(variances, _LEAST)
        mean, found = mean @ axes, wanted.copy()
        drawn = rng.normal(size=(_DRAWN, len(wanted)))
        for _ in range(_ROUNDS):
            found *= wanted / _at_length_1(mean + drawn * np.sqrt(found)).var(axis=0)
            found *= wanted.sum() / found.sum()
        return cls(mean, axes, np.sqrt(found))

    def draw(self, n_songs: int, rng: np.random.Generator) -> Points:
        """Directions at random, shape (n_songs, n_features)."""
        points = self.mean + rng.normal(size=(n_songs, len(self.deviations))) * self.deviations
        return np.asarray(_at_length_1(points) @ self.axes.T)


def _at_length_1(points: Points) -> Points:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))
