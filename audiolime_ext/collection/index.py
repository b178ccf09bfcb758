"""An index: the songs of a collection and their vectors, as `audiolime_ext.collection` keeps them in a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.songs import Song


@dataclass(frozen=True, eq=False)
class Index:
    """The songs of a collection and their vectors.

    Parameters
    ----------
    folder : Path
        Folder of the index; paths of songs are relative to it.
    model : str
        Spec of the model that made the vectors; "" where a catalogue brought its own.
    fingerprint : str
        Fingerprint of that model; "" where a catalogue brought its own vectors.
    labels : tuple of str or None
        Names of the model's outputs; None: they have none.
    songs : tuple of Song
        Songs, in the order of their paths.
    vectors : ndarray of float32, shape (n_songs, n_features)
        Vector of each song, as the model answered it; may lie in a file that is mapped into memory.
    state : int
        Number that changes whenever the songs or their vectors do.
    middle_s : float or None
        Seconds that were heard from each song's middle; None: all of it.
    """

    folder: Path
    model: str
    fingerprint: str
    labels: tuple[str, ...] | None
    songs: tuple[Song, ...] = field(repr=False)
    vectors: NDArray[np.float32] = field(repr=False)
    state: int = 0
    middle_s: float | None = None

    def path_of(self, song: Song) -> Path | None:
        """Where a song's file is; None: the catalogue has none."""
        return None if song.path is None else self.folder / song.path


def load_index(folder: str | Path) -> Index:
    """Read an index."""
    raise NotImplementedError
