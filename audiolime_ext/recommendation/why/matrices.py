"""The matrices of one song with many: by which pairs of stems each neighbour of a list is near.

Each is what `audiolime_ext.recommendation.why.matrix.stem_matrix` gives for the two songs, to 1e-9; here they are
worked out for all songs at once, so that a list of a hundred has its reasons in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.song_parts import SILENCE, SongParts
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.matrix import StemMatrix, directed


def stem_matrices(
    space: Space, query: SongParts, names: Sequence[str], parts: NDArray[np.float64]
) -> tuple[StemMatrix, ...]:
    """The matrix of a song with each of some others.

    Parameters
    ----------
    space : Space
        Space in which songs are compared.
    query : SongParts
        Parts of the song's vector.
    names : sequence of str
        Names of the stems of the others.
    parts : ndarray of float64, shape (n_songs, 1 + n_stems, n_features)
        Parts of the others' vectors.

    Raises
    ------
    UsageError
        If the song has no direction in that space, or the vectors are of another model.

    Examples
    --------
    >>> space = Space("plain", np.zeros(2), np.ones(2), np.zeros(0, np.float32))
    >>> query = SongParts(("drums",), np.array([[0.0, 0.0], [3.0, 4.0]]))
    >>> others = np.array([[[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]]])
    >>> [found.largest() for found in stem_matrices(space, query, ("bass",), others)]
    [('drums', 'bass', 0.8), ('drums', 'bass', 0.6)]
    """
    points = np.concatenate([parts[:, :1] - space.centre, parts[:, 1:]], axis=1) * space.scale
    lengths = np.linalg.norm(points.sum(axis=1), axis=1)
    cells = np.einsum("if,njf->nij", directed(space, query), points / lengths[:, None, None], optimize=True)
    rows, columns = (SILENCE, *query.names), (SILENCE, *names)
    return tuple(StemMatrix(rows, columns, one) for one in np.ascontiguousarray(cells))
