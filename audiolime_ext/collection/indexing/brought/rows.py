"""A catalogue's rows, as its file has them, before it is judged which of them are songs with vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = ("key", "path", "title", "artist", "album", "genre", "year", "duration_s")  # of a `Song`


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a catalogue.

    Parameters
    ----------
    texts : mapping of str to sequence of str or None
        Field of a song → what each row says of it, None or "" where it says nothing.
    vectors : ndarray of float, shape (n_rows, n_features)
        Number of each feature, not finite where there is none.
    labels : tuple of str or None
        Names of the features; None: they have none.
    numbers : sequence of int
        Number of each row in the file, for messages.
    word : str
        Word for a row, "line" or "row".
    notes : tuple of str
        Sentences on what was not taken from the file.
    """

    texts: Mapping[str, Sequence[str | None]]
    vectors: NDArray[np.floating[Any]]
    labels: tuple[str, ...] | None
    numbers: Sequence[int]
    word: str = "row"
    notes: tuple[str, ...] = ()

    def name(self, row: int) -> str:
        """What to call a row: ``line 7``."""
        return f"{self.word} {self.numbers[row]}"

    def feature(self, column: int) -> str:
        """What to call a feature: by its name, else ``number 7`` of a vector."""
        return f"number {column + 1}" if self.labels is None else self.labels[column]
