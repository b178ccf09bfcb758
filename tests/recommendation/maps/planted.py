"""Collections whose maps are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.maps.result import EmbeddingMap, MapSettings
from tests.recommendation.planted import collection

Floats = NDArray[np.float64]
QUICK = MapSettings(perplexity=8.0, max_iterations=250)


def directions(points: Floats) -> Floats:
    centred = points - points.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


def clusters(n_clusters: int, n_songs: int = 90, n_features: int = 12, distance: float = 3.0, seed: int = 0) -> Floats:
    """Songs in clusters of equal size, one after the other, as vectors."""
    rng = np.random.default_rng(seed)
    centres = distance * rng.normal(size=(n_clusters, n_features))
    return np.asarray(centres[np.arange(n_songs) * n_clusters // n_songs] + rng.normal(size=(n_songs, n_features)))


def library(points: Floats, **of: Any) -> Index:
    """An index of these vectors, in three folders one after the other."""
    songs = tuple(
        Song(f"key {n}", f"album {3 * n // len(points)}/{n}.ogg", title=f"song {n}") for n in range(len(points))
    )
    return collection(points, **{"songs": songs, **of})


def words_of(found: EmbeddingMap) -> str:
    return " ".join([found.headline, *found.sentences])
