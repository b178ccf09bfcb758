"""How near versions are, to an embedder.

A version's vector is that of `audiolime_ext.collection.vectors.song_vector`, the mean of a model's answers to the
windows. The space is that of a collection (see `audiolime_ext.recommendation.space`), here of all songs as they are:
their mean is taken off, and where outputs have names, each is divided by its standard deviation. The similarity of two
versions is the cosine of their directions. Vectors are kept, so that a run that is stopped goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.prediction.contract import Model
from audiolime_ext.recommendation.space import space_of
from examples.known_similarity.design import SONGS, Kind, Version, kinds, versions
from examples.library.kept import kept_array

Vectors = Sequence[Mapping[Version, NDArray[np.float32]]]  # of each set
USUAL = {  # and what they are called in tables
    "musicnn:MSD_musicnn?layer=penultimate": "musicnn, penultimate",
    "musicnn:MSD_musicnn?layer=max_pool": "musicnn, max_pool",
    "vibenet?layer=pooled": "vibenet, pooled",
    "vibenet": "vibenet, 7 attributes",
    "features:": "`features:`",
    "examples.known_similarity.controls:untrained": "untrained musicnn",
    "examples.known_similarity.controls:log_mel": "mean log-mel",
}
SET = "set.json"  # written with all recordings of a set


def vectors_of(sets: Sequence[Path], model: Model, spec: str, *, keep_in: Path) -> Vectors:
    """The vectors of all versions of all sets, by a model.

    Raises
    ------
    AudioError, ModelError
        If the model cannot hear one of them.
    """
    key = hashlib.sha256(f"{spec} {model.fingerprint}".encode()).hexdigest()[:16]
    shown = tqdm(sets, desc=spec, unit="set", disable=None, leave=False)
    return [_kept(folder, model, keep_in, key) for folder in shown]


def _kept(folder: Path, model: Model, keep_in: Path, key: str) -> Mapping[Version, NDArray[np.float32]]:
    def heard() -> NDArray[np.float32]:
        return np.stack([song_vector(folder / f"{version}.flac", model).mean for version in versions()])

    return dict(zip(versions(), kept_array(keep_in, key, folder / SET, heard), strict=True))


def nearness(vectors: Vectors, labels: Sequence[str] | None) -> Mapping[Kind, NDArray[np.float64]]:
    """How near candidates of every kind are to each song, (n_sets, n_songs, n_candidates), -1 to 1.

    Parameters
    ----------
    vectors
        Of each set.
    labels
        Names of the model's outputs; None: they have none.

    Raises
    ------
    UsageError
        If a vector has no direction: it is not finite, or is the mean of all songs.
    """
    space = space_of(collection(vectors, labels))
    directions = [
        {version: space.direction(vector, f"{version} of set {at}") for version, vector in of.items()}
        for at, of in enumerate(vectors)
    ]
    return {
        kind: np.array(
            [
                [[of[Version(song)] @ of[other] for other in kind.candidates(song)] for song in SONGS]
                for of in directions
            ]
        )
        for kind in kinds()
    }


def collection(vectors: Vectors, labels: Sequence[str] | None) -> Index:
    """The songs as they are."""
    rows = [of[Version(song)] for of in vectors for song in SONGS]
    songs = tuple(Song(f"{at}-{song}") for at in range(len(vectors)) for song in SONGS)
    names = None if labels is None else tuple(labels)
    return Index(Path(), "", "", names, songs, np.stack(rows).astype(np.float32))
