"""The parts of all songs of an index, and how much each part counts.

A song's vector is the sum of its parts: what the model says of silence, and what each stem adds (see
`audiolime_ext.collection.song_parts`). With a weight for each part the same songs have other vectors, by which songs
are alike in some of their stems: with all weights but the drums' at 0, in their drums alone. Weights that are not named
are 1, *with which the sum is the vector that an index without stems would hold*, to 1e-4 of its length.

The stems are those that any of the songs has; a song that lacks one has zeros there, as it adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.song_parts import SILENCE, SongParts
from audiolime_ext.errors import UsageError, unknown


@dataclass(frozen=True, eq=False)
class StemVectors:
    """The parts of all songs of an index.

    Parameters
    ----------
    factorization, fingerprint : str
        Spec of the factorization that made the stems, and its fingerprint.
    names : tuple of str
        Names of the stems.
    vectors : ndarray of float32, shape (n_songs, 1 + n_stems, n_features)
        Parts of each song: the vector of silence, then what each stem adds; may lie in a file that is mapped into
        memory.
    weights : mapping of str to float
        Weight of each part, silence among them, that is not 1.

    Examples
    --------
    >>> vectors = np.array([[[0.5, 0.5], [1, 0], [0, 2]]], np.float32)
    >>> stems = StemVectors("hpss", "f", ("harmonic", "percussive"), vectors)
    >>> stems.sums, stems.weighted({"percussive": 0}).sums
    (array([[1.5, 2.5]], dtype=float32), array([[1.5, 0.5]], dtype=float32))
    """

    factorization: str
    fingerprint: str
    names: tuple[str, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def sums(self) -> NDArray[np.float32]:
        """The songs' vectors: the weighted sums of their parts, shape (n_songs, n_features)."""
        return np.asarray(self._factors((SILENCE, *self.names)).astype(np.float32) @ self.vectors)

    def of(self, positions: NDArray[np.intp]) -> NDArray[np.float64]:
        """The weighted parts of some songs, shape (n_positions, 1 + n_stems, n_features)."""
        return self.vectors[positions] * self._factors((SILENCE, *self.names))[:, None]

    def of_song(self, position: int) -> SongParts:
        """The weighted parts of one song."""
        return SongParts(self.names, self.of(np.array([position]))[0])

    def of_another(self, parts: SongParts) -> SongParts:
        """The parts of a song that is not in the index, weighted as those that are."""
        return SongParts(parts.names, parts.vectors * self._factors((SILENCE, *parts.names))[:, None])

    def weighted(self, weights: Mapping[str, float]) -> StemVectors:
        """The same parts with other weights, in place of those that they had.

        Parameters
        ----------
        weights : mapping of str to float
            Weight of each stem, or of ``"silence"``, from 0 on; 1 where none is named.

        Raises
        ------
        UsageError
            If there is no such stem, a weight cannot be used, or no stem is left.
        """
        for name, weight in weights.items():
            if name not in (SILENCE, *self.names):
                raise unknown("stem", name, (*self.names, SILENCE))
            _require_weight(name, weight)
        if all(weights.get(name, 1) == 0 for name in self.names):
            raise UsageError("every stem has weight 0, so nothing is left in which songs could be alike; leave one")
        return replace(self, weights={name: float(weight) for name, weight in weights.items() if weight != 1})

    def _factors(self, parts: tuple[str, ...]) -> NDArray[np.float64]:
        return np.array([self.weights.get(part, 1.0) for part in parts])


def _require_weight(name: str, weight: Any) -> None:
    if isinstance(weight, bool) or not isinstance(weight, (Real, np.number)) or not 0 <= float(weight) < math.inf:
        raise UsageError(f"the weight of {name} is {weight!r}; give a number from 0 (not heard) on; 1 changes nothing")
