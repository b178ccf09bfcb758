"""From vectors to nearness: what is subtracted, how vectors are scaled, how hubs are tamed.

Nine treatments: vectors as they are (*plain*), less the songs' mean (*centred*), or also divided by each output's
deviation (*standardised*); each compared by cosine, or with that corrected for hubs by mutual proximity or by local
scaling. Which is best depends on the model and the songs. So every method has every treatment, and *no query is
measured with a treatment that it helped to choose* (see `audiolime_ext.recommendation.evaluation.crossing`).

Means and deviations are those of the songs that are evaluated. `audiolime_ext.similar` takes those of the whole
index, which are nearly the same where most of its songs have a group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import unknown
from audiolime_ext.recommendation.hubs import CORRECTIONS, LEAST_SONGS, local_scaling, mutual_proximity
from audiolime_ext.recommendation.space import SPACES

Floats = NDArray[np.float64]

TREATMENTS = tuple(
    f"{space}{corrected}" for space in SPACES for corrected in ("", *(f", {one}" for one in CORRECTIONS))
)
_CORRECT: Mapping[str, Callable[[Floats], Floats]] = {
    "mutual proximity": mutual_proximity,
    "local scaling": local_scaling,
}
_LEAST = 1e-12  # times the mean length


def cosine(first: Floats, second: Floats) -> Floats:
    """Cosine of each of the first vectors with each of the second, shape (n, m); 0 where one has no direction.

    Examples
    --------
    >>> cosine(np.array([[3.0, 4.0]]), np.array([[6.0, 8.0], [0.0, 0.0]]))
    array([[1., 0.]])
    """
    return np.asarray(_directions(first) @ _directions(second).T)


def _directions(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _LEAST * lengths.mean() or 1.0))


def scaled(vectors: Floats, songs: Floats, space: str) -> Floats:
    """Vectors in the space of some songs, shape (n, n_features): plain, centred or standardised.

    An output that is the same in all songs is left as it is.

    Examples
    --------
    >>> songs = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> [scaled(songs[1:], songs, space).tolist() for space in ("plain", "centred", "standardised")]
    [[[3.0, 30.0]], [[1.0, 10.0]], [[1.0, 1.0]]]
    """
    if space == "plain":
        return vectors
    centred = vectors - songs.mean(axis=0)
    if space == "centred":
        return np.asarray(centred)
    spread = songs.std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1))


def nearness(vectors: Floats, treatment: str) -> Floats:
    """How near every song is to every other one, shape (n, n), by one of the `TREATMENTS`.

    Parameters
    ----------
    vectors : ndarray of float64, shape (n, n_features)
        Vectors of songs.
    treatment : str
        Name of the treatment.

    Raises
    ------
    UsageError
        If there is no such treatment, or songs are too few for a correction (three for mutual proximity).

    Examples
    --------
    >>> nearness(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), "plain").round(2)
    array([[1.  , 0.71, 0.  ],
           [0.71, 1.  , 0.71],
           [0.  , 0.71, 1.  ]])
    """
    if treatment not in TREATMENTS:
        raise unknown("treatment", treatment, TREATMENTS)
    space, _, correction = treatment.partition(", ")
    points = scaled(vectors, vectors, space)
    near = cosine(points, points)
    return _CORRECT[correction](near) if correction else near


def usual(*, named: bool, n_songs: int) -> str:
    """The treatment that `audiolime_ext.similar` takes by itself: of outputs with names, or without; of few songs.

    Examples
    --------
    >>> usual(named=False, n_songs=400), usual(named=True, n_songs=12)
    ('centred, mutual proximity', 'standardised')
    """
    space = "standardised" if named else "centred"
    return space if n_songs < LEAST_SONGS else f"{space}, {CORRECTIONS[0]}"
