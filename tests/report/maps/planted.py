"""Maps whose groups and neighbours are known: laid out by principal components, everything else measured as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.maps.regions import Region
from audiolime_ext.recommendation.maps.result import (
    EmbeddingMap,
    GroupPair,
    Groups,
    Layout,
    MapSettings,
    Movement,
    Stability,
)
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection

Array = NDArray[np.float64]
SR = 8000


def planted_index(n_songs: int, n_groups: int = 4, *, songs: tuple[Song, ...] | None = None, **of: Any) -> Index:
    """Songs of some groups, whose vectors differ by group; names and genres say which."""
    rng = np.random.default_rng(3)
    group = rng.integers(n_groups, size=n_songs)
    vectors = 1.6 * rng.normal(size=(n_groups, 12))[group] + rng.normal(size=(n_songs, 12))
    known = songs or tuple(
        Song(f"key {i}", f"{i}.ogg", title=f"Song {i}", artist=f"Band {g}", genre=f"genre {g}")
        for i, g in enumerate(group.tolist())
    )
    return collection(vectors, songs=known, **of)


def planted_map(index: Index, *, grouped: bool = True, marked: Any = (), notes: tuple[str, ...] = ()) -> EmbeddingMap:
    """A map of all songs: neighbours and groups are measured, positions are principal components."""
    rng = np.random.default_rng(0)
    space = space_of(index, "centred")
    places = np.flatnonzero(space.usable)
    directions = space.directions(index, places)
    principal, explained = _principal(directions)
    noise, _ = _principal(rng.normal(size=directions.shape) * directions.std(axis=0))
    near, similarities = _neighbours(directions, 10)
    n = len(places)
    steady = np.clip(0.45 + 0.5 * np.linalg.norm(principal, axis=1) / np.abs(principal).max(), 0, 1)
    movement = Movement(np.arange(1, 9) * 250, 0.3 * np.power(0.4, np.arange(8.0)), settled=True)
    return EmbeddingMap(
        index=index,
        space="centred",
        settings=MapSettings(),
        places=places,
        names=tuple(index.songs[place].name for place in places),
        layout=Layout(np.sign(principal) * np.abs(principal) ** 0.7, movement, 0.93, 0.6),
        principal=principal,
        explained=explained,
        noise=Layout(noise, movement, 0.88, 0.3),
        clumped=True,
        p_clumped=0.01,
        stability=Stability(10, steady, np.minimum(1.0, steady + rng.uniform(0, 0.1, n)), 10, 10),
        neighbours=near,
        similarities=similarities,
        groups=_groups(directions, tuple(index.songs[place].genre for place in places)) if grouped else None,
        marked=dict(marked),
        notes=notes,
        n_compared=n,
    )


def with_sounds(folder: Path, n_songs: int = 12) -> Index:
    """An index of songs that are files: the first was changed since, the second is gone, the third has an odd name."""
    songs = []
    for i in range(n_songs):
        wave = 0.02 * (i + 1) * np.sin(2 * np.pi * (200 + 40 * i) * np.arange(7 * SR) / SR)
        path = Audio(wave[None].astype(np.float32), SR).write(folder / f"{i}.wav")
        title = "</script><img src=x onerror=alert(1)>" if i == 2 else f"Song {i}"
        songs.append(Song(sha256_of(path), path.name, title=title, genre=f"genre {i % 3}"))
    (folder / "0.wav").write_bytes((folder / "5.wav").read_bytes())
    (folder / "1.wav").unlink()
    return planted_index(n_songs, 3, songs=tuple(songs), folder=folder)


def _principal(points: Array) -> tuple[Array, tuple[float, float]]:
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return centred @ vectors[:, -2:][:, ::-1], tuple((values[-2:][::-1] / values.sum()).tolist())


def _neighbours(directions: Array, k: int) -> tuple[NDArray[np.intp], Array]:
    similarities = directions @ directions.T
    np.fill_diagonal(similarities, -2.0)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(similarities, order, axis=1)
    return np.where(found > -2.0, order, -1), found


def _groups(directions: Array, of_songs: tuple[str | None, ...]) -> Groups:
    names = sorted({one for one in of_songs if one is not None}, key=lambda name: -of_songs.count(name))
    pairs = []
    for i, first in enumerate(names):
        for second in names[i:]:
            here, there = (np.array([one == name for one in of_songs]) for name in (first, second))
            distances = 1 - directions[here] @ directions[there].T
            if first == second:
                distances = distances[~np.eye(len(distances), dtype=bool)]
            mean = float(distances.mean()) if distances.size else float("nan")
            pairs.append(GroupPair(first, second, mean, distances.size, 0.001))
    counts = {name: of_songs.count(name) for name in names}
    regions = tuple(Region(name, 0.31, 0.001, "overlaps") for name in names)
    return Groups("genre", of_songs, counts, 0.31, 0.001, tuple(pairs), 999, regions)
