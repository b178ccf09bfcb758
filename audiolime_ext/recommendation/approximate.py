"""Candidates for the nearest of very many songs, by faiss [1]_.

Directions are put into √n lists, each around a centre that k-means finds, one byte a number. A query looks into the
128 lists whose centres are nearest to it, and proposes the nearest songs there; they are then compared exactly. Chosen
by measurement, against usearch, on a million vectors that are made of musicnn's windows of real music
(``python -m tests.studies.neighbours``).

What is kept in the index's folder are numbers only, the centres and each song's list; faiss' own file format, which
can be made to break its reader, is never read.

References
----------
.. [1] Douze et al., "The Faiss library", arXiv:2401.08281, 2024.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import MissingError
from audiolime_ext.extras import require
from audiolime_ext.recommendation.kept import Arrays, kept, remembered
from audiolime_ext.recommendation.space import Space, Vector
from audiolime_ext.text import counted

MOST_EXACT = 200_000
N_PROBED = 128  # lists
_PER_PROBE = 20_000  # songs asked for; for more of them, as many times more lists are looked into
_PER_LIST = 64  # songs that a centre is found from

Proposer = Callable[[Vector, int], tuple[NDArray[np.intp], NDArray[np.float32]]]  # positions, products to some .01


def proposer_of(index: Index, space: Space) -> tuple[Proposer | None, tuple[str, ...]]:
    """The approximate search of a large collection, and notes; None where all songs are to be compared.

    That is so for 200,000 songs or fewer; and, which a note says, where stems have weights (making the lists takes
    longer than a search without them), and where faiss is not installed.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.recommendation.space import space_of
    >>> index = Index(Path("."), "", "", None, (), np.eye(4, dtype=np.float32))
    >>> proposer_of(index, space_of(index))
    (None, ())
    """
    if len(index.vectors) <= MOST_EXACT:
        return None, ()
    slow = f"all of {counted(len(index.vectors), 'song')} are compared one by one, which takes a while"
    if index.steered:
        return None, (f"{slow}: their stems have weights",)
    try:
        require("faiss", extra="ann")
    except MissingError:
        return None, (f"{slow}; pip install 'audiolime-ext[ann]' searches them faster",)
    return remembered(index, ("proposer", space.kind), lambda: _proposer(index, space))


def _proposer(index: Index, space: Space) -> tuple[Proposer, tuple[str, ...]]:
    (n_songs, n_features), n_lists = index.vectors.shape, _n_lists(index)
    shapes = {"centres": (n_lists, n_features), "lists": (n_songs,)}
    arrays, unkept = kept(index, f"lists-{space.kind}", shapes, lambda: _lists(index, space))
    searched = _filled(index, space, **arrays)
    faiss = require("faiss", extra="ann")

    # It must not hold the index, or what is remembered of that would keep it in memory.
    def propose(towards: Vector, n: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        n_probed = min(N_PROBED * math.ceil(n / _PER_PROBE), n_lists)
        how = faiss.SearchParametersIVF(nprobe=n_probed)
        products, found = searched.search(towards.astype(np.float32)[None], min(n, n_songs), params=how)
        is_song = found[0] >= 0
        return found[0][is_song].astype(np.intp), products[0][is_song]

    return propose, (unkept,) if unkept else ()


def _n_lists(index: Index) -> int:
    return max(1, math.isqrt(len(index.vectors)))


def _lists(index: Index, space: Space) -> Arrays:
    """The centres, and the list of each song."""
    faiss, n_lists, n_features = require("faiss", extra="ann"), _n_lists(index), index.vectors.shape[1]
    usable = np.flatnonzero(space.usable)
    n_seen = min(len(usable), _PER_LIST * n_lists)
    seen = np.sort(np.random.default_rng(0).choice(usable, n_seen, replace=False))
    means = faiss.Kmeans(n_features, n_lists, niter=10, seed=0, spherical=True, min_points_per_centroid=1)
    means.train(space.directions(index, seen).astype(np.float32))
    lists = np.empty(len(index.vectors), np.int32)
    for rows, directions in space.blocks(index):
        lists[rows] = means.index.search(directions.astype(np.float32), 1)[1][:, 0]
    return {"centres": means.centroids, "lists": lists}


def _filled(index: Index, space: Space, centres: NDArray[np.float32], lists: NDArray[np.int32]) -> Any:
    """The lists in memory, which faiss searches."""
    faiss, n_features = require("faiss", extra="ann"), index.vectors.shape[1]
    coarse = faiss.IndexFlatIP(n_features)
    coarse.add(np.ascontiguousarray(centres, np.float32))
    filled = faiss.IndexIVFScalarQuantizer(
        coarse, n_features, len(centres), faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    step = max(1, len(index.vectors) // (_PER_LIST * len(centres)))
    filled.train(space.directions(index, np.flatnonzero(space.usable)[::step]).astype(np.float32))
    for rows, directions in space.blocks(index):
        points, ids = directions.astype(np.float32), np.arange(rows.start, rows.stop, dtype=np.int64)
        where = np.clip(lists[rows], 0, len(centres) - 1).astype(np.int64)  # faiss does not look, and they may be read
        filled.add_core(len(points), faiss.swig_ptr(points), faiss.swig_ptr(ids), faiss.swig_ptr(where))
    return filled
