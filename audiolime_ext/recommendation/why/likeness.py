"""What was found of windows that are alike: where they lie, a sentence, and their sound.

A pair is played as the query's window, half a second of silence, and the other song's window. *Both are equally loud
then*: the one of higher mean square is lowered to the other's, and nothing is raised, so nothing is clipped that was
not. `AlikeWindows.lowered_db` and the name of what is played say by how much. The query's rate is kept, and both have
two channels where one of them does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.matrix import StemMatrix

Array = NDArray[np.float64]
Two = tuple[float, float]  # of the query and of the other song

PAUSE_S = 0.5
BEYOND = 3.0  # standard deviations, where songs follow each other; see `audiolime_ext.recommendation.why.alike`
_ROUNDING = 1e-6
_SEEN = 0.005  # less is written as 0.00


@dataclass(frozen=True, eq=False)
class AlikeWindows:
    """A window of the query and one of the other song that are alike.

    Parameters
    ----------
    start_s, duration_s : tuple of (float, float)
        Start and length of both in seconds of their recordings.
    similarity : float
        Cosine of their directions, −1 to 1.
    matrix : StemMatrix
        Pairs of stems, and how much each adds to the similarity.
    lowered_db : tuple of (float, float)
        Number of dB by which each is lowered in playing, so that both are equally loud; one of them is 0.
    """

    start_s: Two
    duration_s: Two
    similarity: float
    matrix: StemMatrix = field(repr=False)
    lowered_db: Two = (0.0, 0.0)

    @property
    def by(self) -> str:
        """Which stems make them alike, in words."""
        if self.matrix.cancels:
            return "pairs of stems cancel, so no single pair makes it"
        row, column, most = self.matrix.largest()
        silence = self.matrix.with_silence
        told = "no pair of stems adds to it"
        if most > 0:
            told = f"most by {legible(row)} with {legible(column)} ({most:+.2f})"
        if silence > max(most, 0.0):
            told += f", pairs with silence {silence:+.2f} together"
        return f"{told}, other pairs take away" if most > self.similarity + _SEEN else told

    def seconds(self, side: int) -> str:
        """Where the window of the query (0) or of the other song (1) lies, as text."""
        return f"{self.start_s[side]:.2f}–{self.start_s[side] + self.duration_s[side]:.2f} s"

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "start_s": list(self.start_s),
            "duration_s": list(self.duration_s),
            "similarity": self.similarity,
            "matrix": self.matrix.to_dict(),
            "lowered_db": list(self.lowered_db),
        }


@dataclass(frozen=True, eq=False)
class Alike:
    """Which seconds of a song are like which of another.

    Parameters
    ----------
    songs : tuple of (str, str)
        Names of the query and of the other song.
    times_s, durations_s : tuple of ndarray of float64, shapes (n_query,) and (n_other,)
        Starts and lengths in seconds of the windows that are compared.
    similarities : ndarray of float64, shape (n_query, n_other)
        Similarity of each window of the query to each of the other song, −1 to 1.
    path : ndarray of int, shape (n_steps, 2)
        Numbers of windows of both songs that are alike in order; none where a song is one window.
    of_a_part : bool
        True where the path leads through a part of the longer song only.
    backward : tuple of float
        Mean similarities along paths of one song backwards, for comparison; none where there are too few windows.
    pairs : tuple of AlikeWindows
        Most similar pairs of windows, the best first; none is alike where it is empty.
    recordings : tuple of (Audio, Audio)
        Both recordings, for listening.
    notes : tuple of str
        Sentences on what was left out.
    """

    songs: tuple[str, str]
    times_s: tuple[Array, Array] = field(repr=False)
    durations_s: tuple[Array, Array] = field(repr=False)
    similarities: Array = field(repr=False)
    path: NDArray[np.intp] = field(repr=False)
    of_a_part: bool
    backward: tuple[float, ...] = field(repr=False)
    pairs: tuple[AlikeWindows, ...]
    recordings: tuple[Audio, Audio] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def path_s(self) -> Array:
        """The path as starts of windows in seconds of both recordings, shape (n_steps, 2)."""
        return np.stack([times[self.path[:, side]] for side, times in enumerate(self.times_s)], axis=1)

    @property
    def path_similarity(self) -> float | None:
        """Mean similarity along the path; None where there is none."""
        return float(self.similarities[tuple(self.path.T)].mean()) if len(self.path) else None

    @property
    def in_order(self) -> bool | None:
        """Whether the songs follow each other more than by chance; None where there are too few windows to tell."""
        if self.path_similarity is None or not self.backward:
            return None
        beyond = self.path_similarity - float(np.mean(self.backward))
        return beyond > max(BEYOND * float(np.std(self.backward)), _ROUNDING)

    def __str__(self) -> str:
        return "; ".join([self._of_the_path, *self._of_the_best])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "songs": list(self.songs),
            "times_s": [times.tolist() for times in self.times_s],
            "durations_s": [durations.tolist() for durations in self.durations_s],
            "similarities": self.similarities.tolist(),
            "path": self.path.tolist(),
            "path_similarity": self.path_similarity,
            "of_a_part": self.of_a_part,
            "backward": list(self.backward),
            "in_order": self.in_order,
            "pairs": [pair.to_dict() for pair in self.pairs],
            "sentence": str(self),
            "notes": list(self.notes),
        }

    def listen(self, pair: int = 0) -> Audio:
        """A pair of windows, the best by default: the query's, a silence, then the other song's, equally loud.

        Raises
        ------
        UsageError
            If there is no such pair.
        """
        if not 0 <= pair < len(self.pairs):
            few = f"there are {len(self.pairs)}, from 0 on" if self.pairs else str(self)
            raise UsageError(f"there is no pair of windows number {pair} to listen to: {few}")
        one, sr = self.pairs[pair], self.recordings[0].sr
        n_channels = max(recording.n_channels for recording in self.recordings)
        both = [self._window(one, side, sr, n_channels) for side in (0, 1)]
        pause = np.zeros((n_channels, round(PAUSE_S * sr)), np.float32)
        return Audio(np.concatenate([both[0], pause, both[1]], axis=1), sr, self._caption(one))

    def _window(self, pair: AlikeWindows, side: int, sr: int, n_channels: int) -> Samples:
        recording, start_s = self.recordings[side], pair.start_s[side]
        first, end = round(start_s * sr), round((start_s + pair.duration_s[side]) * sr)
        heard = resample_span(recording.samples, recording.sr, sr, first, end)
        gain = np.float32(10 ** (-pair.lowered_db[side] / 20))
        return np.repeat(heard, n_channels // recording.n_channels, axis=0) * gain

    def _caption(self, pair: AlikeWindows) -> str:
        told = []
        for side, name in enumerate(self.songs):
            lowered = f" (lowered by {pair.lowered_db[side]:.1f} dB)" if pair.lowered_db[side] >= 0.05 else ""
            told.append(f"{pair.seconds(side)} of {name}{lowered}")
        return ", then ".join(told)

    @property
    def _of_the_path(self) -> str:
        query, other = map(legible, self.songs)
        if self.path_similarity is None:
            single = [name for name, times in zip((query, other), self.times_s, strict=True) if len(times) == 1]
            heard = " and ".join(single)
            return f"{heard} {'are' if len(single) > 1 else 'is'} one window to the model: there is nothing to follow"
        length = f"(mean similarity {self.path_similarity:.2f} along the path"
        if self.in_order is None:
            return f"too few windows to tell whether {query} and {other} follow each other {length})"
        verb = "follow" if self.in_order else "do not follow"
        against = f"; {np.mean(self.backward):.2f} with one of them backwards)"
        return f"{query} and {other} {verb} each other more than by chance {length}{against}"

    @property
    def _of_the_best(self) -> list[str]:
        if not self.pairs:
            return ["no two windows are alike"] if self.similarities.size > 1 else []
        (query, other), best = map(legible, self.songs), self.pairs[0]
        return [
            f"most alike are {best.seconds(0)} of {query} and {best.seconds(1)} of {other} "
            f"({best.similarity:.2f}; {best.by})"
        ]
