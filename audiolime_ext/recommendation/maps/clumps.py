"""Whether the songs fall into clumps: parts with hardly a song between them, beyond what noise and continua show.

A map cannot say it, for t-SNE draws clumps of anything. So it is asked in the original space, of the songs' vectors as
they are seen from the centre of the collection, before these are brought to one length: along the one way in which
songs differ most, lengths say where the middle of a continuum is, and directions only which side of it.

*The statistic* is the depth of the deepest valley. Let the space fill up: songs that lie where many are come first, and
each joins those that it reaches, by single linkage of the mutual reachability [1]_ (the larger of the distance, and of
both songs' distances to their k-th neighbour). Two parts of k songs or more are born at the distances at which they
have become so large, and meet at another. The logarithm of that over the later birth, times the number of dimensions
that the songs spread in near each other [2]_, is about the logarithm of how much denser parts are than what is between
them; the largest of all meetings is the *clumping*. It is 0 where parts meet as soon as they are born, as in most
noise, of whatever spectrum, tails or skewness; k is 0.6 √n, and 6 at least.

*The decision* needs both:

- p: the share of sets of noise (99, and the songs themselves) that clump as much, at most .05. Noise is normal, with
  the songs' number and their variances along each axis.
- the clumping is at least 4.5. A curve or a sheet, however evenly songs lie along it, clumps more than such noise, as
  chance leaves gaps in it. Of the curves and sheets below, whatever their size, 95 of 100 stay below 3.8, and 99 of
  100 below 5.1.

So clusters that blend, or of k songs or fewer (the k-th neighbour lies outside), are not found, nor one dense cluster
among scattered songs: nothing is born beside it, so it has no valley. *Not clumped* means that nothing shows clumps,
and not that there are no kinds of songs. Of more than 1,000 songs that many are drawn, and many small clusters escape:
40 of 250 songs each, whose centres are spread 1.2 times as far as their songs, were not claimed among 10,000.

``python -m tests.studies.map_clumps 12`` drew sets of 8, 40 and 200 outputs (12 of each; of 1,000 songs 3) without
clumps, and with clusters whose centres are spread 1.5 or 2.5 times as far as the songs of each, so that some overlap.
Of 1,755 sets without clumps none was claimed to have some. The share that was claimed, and in brackets that which p
alone would have claimed::

    songs                               20            60           237          1000
    isotropic                  0.00 (0.00)   0.00 (0.00)   0.00 (0.00)   0.00 (0.00)
    variances 1/k              0.00 (0.00)   0.00 (0.00)   0.00 (0.03)   0.00 (0.00)
    variances 1/k²             0.00 (0.00)   0.00 (0.06)   0.00 (0.08)   0.00 (0.00)
    heavy tails of lengths     0.00 (0.00)   0.00 (0.00)   0.00 (0.00)   0.00 (0.00)
    heavy tails of outputs     0.00 (0.00)   0.00 (0.00)   0.00 (0.00)   0.00 (0.00)
    skewed                     0.00 (0.00)   0.00 (0.00)   0.00 (0.03)   0.00 (0.00)
    uniform                    0.00 (0.00)   0.00 (0.00)   0.00 (0.06)   0.00 (0.00)
    uniform, outputs 0 to 1    0.00 (0.00)   0.00 (0.06)   0.00 (0.08)   0.00 (0.00)
    line                       0.00 (0.25)   0.00 (0.31)   0.00 (0.56)   0.00 (0.67)
    thick line                 0.00 (0.25)   0.00 (0.44)   0.00 (0.36)   0.00 (0.33)
    half circle                0.00 (0.22)   0.00 (0.56)   0.00 (0.78)   0.00 (0.89)
    circle                     0.00 (0.14)   0.00 (0.94)   0.00 (0.97)   0.00 (1.00)
    winding curve              0.00 (0.08)   0.00 (1.00)   0.00 (1.00)   0.00 (1.00)
    swiss roll                 0.00 (0.08)   0.00 (0.39)   0.00 (0.97)   0.00 (1.00)
    sheet                      0.00 (0.00)   0.00 (0.47)   0.00 (0.56)   0.00 (0.22)
    2 clusters, 1.5            0.08 (0.64)   0.44 (0.94)   0.64 (0.94)   0.67 (0.89)
    2 clusters, 2.5            0.39 (0.92)   0.78 (1.00)   0.86 (0.97)   0.78 (1.00)
    2, one of a tenth, 2.5     0.00 (0.00)   0.25 (0.42)   0.75 (0.94)   0.67 (0.89)
    3 clusters, 1.5            0.00 (0.36)   0.33 (0.92)   0.61 (1.00)   0.67 (1.00)
    3 clusters, 2.5            0.08 (0.58)   0.72 (1.00)   0.83 (1.00)   0.78 (1.00)
    8 clusters, 1.5            0.00 (0.00)   0.00 (0.83)   0.36 (0.97)   0.44 (1.00)
    8 clusters, 2.5            0.00 (0.00)   0.00 (1.00)   0.69 (1.00)   0.67 (1.00)

Two kinds of songs, normal and of one size, are found from a distance on of some ten times their deviation along the
line between them: ``python -m tests.studies.map_clumps pairs`` prints the share of pairs that is found, of 10 each::

    deviations apart               4     6     8    10    12    15    20
    60 songs, 2 outputs          0.0   0.0   0.0   0.4   0.6   0.8   1.0
    60 songs, 10 outputs         0.0   0.0   0.1   0.8   1.0   1.0   1.0
    60 songs, 50 outputs         0.0   0.0   0.0   0.1   1.0   1.0   1.0
    200 songs, 2 outputs         0.0   0.0   0.1   1.0   1.0   1.0   1.0
    200 songs, 10 outputs        0.0   0.0   0.2   1.0   1.0   1.0   1.0
    200 songs, 50 outputs        0.0   0.0   0.0   0.2   1.0   1.0   1.0

References
----------
.. [1] Campello, Moulavi and Sander, "Density-Based Clustering Based on Hierarchical Density Estimates", PAKDD 2013.
.. [2] Levina and Bickel, "Maximum Likelihood Estimation of Intrinsic Dimension", NIPS 2004.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.maps.nearness import Points

MOST_COMPARED = 1000  # songs
LEAST_SONGS = 20
LEAST_DEPTH = 4.5
LEVEL = 0.05
N_NOISES = 99
_LEAST_PART = 6
_TINY = 1e-12


@dataclass(frozen=True)
class Clumps:
    """Whether songs fall into clumps.

    Parameters
    ----------
    found : bool or None
        True where there are clumps beyond noise and continua; None: there are too few songs to say.
    p : float
        Share of sets of noise that clump as much.
    depth : float
        Clumping: the depth of the deepest valley, from 0 on.
    n_apart : int
        Number of songs in the smaller part beside that valley.
    n_compared : int
        Number of songs that were compared: of more, that many were drawn.
    of_noise : float
        Median clumping of the sets of noise.
    """

    found: bool | None
    p: float
    depth: float
    n_apart: int
    n_compared: int
    of_noise: float


def clumps_of(points: Points, seed: int) -> Clumps:
    """Whether songs fall into clumps.

    Parameters
    ----------
    points : ndarray of float64, shape (n_songs, n_features)
        Vectors of songs, as the space scales them.
    seed : int
        Random seed of what is drawn, and of the noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one, two = rng.normal(size=(60, 10)), rng.normal(size=(60, 10)) + 4
    >>> clumps_of(np.concatenate([one, two]), seed=0).found, clumps_of(one, seed=0).found
    (True, False)
    """
    rng = np.random.default_rng([seed, 5])
    if len(points) > MOST_COMPARED:
        points = points[np.sort(rng.choice(len(points), MOST_COMPARED, replace=False))]
    depth, n_apart = deepest_valley(points)
    n_songs = len(points)
    if n_songs < LEAST_SONGS:
        return Clumps(None, 1.0, depth, n_apart, n_songs, 0.0)
    deviations = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) / np.sqrt(n_songs)
    sets = tracked(range(N_NOISES), "looking for clumps in noise", "set")
    noises = [deepest_valley(rng.normal(size=(n_songs, len(deviations))) * deviations)[0] for _ in sets]
    p = (1 + sum(noise >= depth for noise in noises)) / (N_NOISES + 1)
    return Clumps(p <= LEVEL and depth >= LEAST_DEPTH, p, depth, n_apart, n_songs, float(np.median(noises)))


def deepest_valley(points: Points) -> tuple[float, int]:
    """The depth of the deepest valley between two parts of some points, and the size of the smaller one; 0 and 0: none.

    Parameters
    ----------
    points : ndarray of float64, shape (n_points, n_features)
        Points.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    n = len(points)
    k = least_part(n)
    if n < 2 * k:
        return 0.0, 0
    squares = np.square(points).sum(axis=1)
    distances = np.sqrt(np.maximum(0.0, squares[:, None] + squares - 2.0 * points @ points.T))
    np.fill_diagonal(distances, 0.0)
    near = np.sort(np.partition(distances, k, axis=1)[:, 1 : k + 1], axis=1)
    reach = np.maximum(near[:, -1], _TINY)
    dimensions = 1.0 / max(_TINY, float(np.log(reach[:, None] / np.maximum(near[:, :-1], _TINY)).mean()))
    mutual = np.maximum(distances, np.maximum(reach[:, None], reach))
    np.fill_diagonal(mutual, 0.0)
    return _deepest(linkage(squareform(mutual, checks=False), "single"), k, dimensions)


def least_part(n_songs: int) -> int:
    """The least number of songs that is looked for as a clump, among so many that are compared.

    Examples
    --------
    >>> least_part(20), least_part(400)
    (6, 12)
    """
    return max(_LEAST_PART, round(0.6 * float(np.sqrt(n_songs))))


def _deepest(meetings: Points, k: int, dimensions: float) -> tuple[float, int]:
    """The deepest valley, of the meetings of single linkage: (part, part, distance, size of both)."""
    n = len(meetings) + 1
    sizes, born = np.ones(2 * n - 1, np.intp), np.full(2 * n - 1, np.inf)
    deepest, n_apart = 0.0, 0
    for both, (one, other, height, size) in enumerate(meetings, start=n):
        parts = [int(one), int(other)]
        sizes[both] = size
        born[both] = min(height, *born[parts]) if size >= k else np.inf
        depth = np.log(height / born[parts].max()) * dimensions if (sizes[parts] >= k).all() else 0.0
        if depth > deepest:
            deepest, n_apart = float(depth), int(sizes[parts].min())
    return deepest, n_apart
