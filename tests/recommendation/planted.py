"""Collections whose neighbours are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song

SPOTIFY = ("danceability", "energy", "valence", "tempo", "acousticness", "instrumentalness", "speechiness")
DOCUMENT = (  # of the second founding document: the first song, and the three that it recommends by raw features
    ("Longtime (feat. Skepta)", "Wizkid;Skepta", (0.850, 0.660, 0.622, 101.947, 0.391, 0.000051, 0.1690)),
    ("Weh Di Time", "Voicemail;Delly Ranks;Bogle", (0.823, 0.782, 0.939, 109.892, 0.391, 0.0, 0.1980)),
    ("TWIST & TURN", "Popcaan;Drake", (0.571, 0.747, 0.635, 106.253, 0.478, 0.0, 0.1700)),
    ("Dom na wiślanym brzegu", "Ivan komarenko", (0.640, 0.758, 0.849, 106.978, 0.497, 0.0, 0.0675)),
    ("Idea 686", "Jayla Darden", (0.712, 0.347, 0.500, 135.975, 0.378, 0.0212, 0.0410)),
    ("What I've Done", "Linkin Park", (0.623, 0.930, 0.287, 120.119, 0.0141, 0.000002, 0.0324)),
)


def collection(
    vectors: Any, *, folder: Path | str = "nowhere", labels: Sequence[str] | None = None, **of: Any
) -> Index:
    """An index of these vectors; `of`: other fields of the index, and `songs`."""
    rows = np.asarray(vectors, np.float32)
    songs = of.pop("songs", None) or tuple(Song(f"key {n}", f"{n}.ogg", title=f"song {n}") for n in range(len(rows)))
    named = None if labels is None else tuple(labels)
    return Index(Path(folder), of.pop("model", ""), of.pop("fingerprint", ""), named, songs, rows, **of)


def document() -> Index:
    """The songs of the document, with the features that it compares."""
    songs = tuple(Song(title, f"{n}.ogg", title=title, artist=artist) for n, (title, artist, _) in enumerate(DOCUMENT))
    return collection([features for *_, features in DOCUMENT], labels=SPOTIFY, songs=songs)


def crowded(n_songs: int = 300, n_features: int = 30, seed: int = 0) -> NDArray[np.float32]:
    """Vectors among which there are hubs: of few groups, in many dimensions, some near the centre of all."""
    rng = np.random.default_rng(seed)
    groups = rng.normal(size=(6, n_features))
    shares = rng.beta(0.7, 0.7, size=(n_songs, 1))
    found = shares * groups[rng.integers(6, size=n_songs)] + rng.normal(0, 0.6, size=(n_songs, n_features))
    return (found + 3.0).astype(np.float32)


def windows(n_songs: int = 20_000, n_features: int = 40, seed: int = 0) -> NDArray[np.float32]:
    """Vectors that lie as windows of music do: around those of some pieces, along a dozen directions of change."""
    rng = np.random.default_rng(seed)
    pieces, changes = rng.normal(size=(300, n_features)), rng.normal(size=(12, n_features))
    gains = rng.normal(size=(n_songs, 12)) * 0.5 ** np.arange(12)
    return (pieces[rng.integers(300, size=n_songs)] + gains @ changes).astype(np.float32)
