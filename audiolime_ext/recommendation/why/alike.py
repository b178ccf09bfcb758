"""Which seconds of a song are like which of another: their windows compared, and a path through both.

Every window that sounds has a vector, the model's answer to it; its direction is taken in the space of the collection,
each with a length of its own, as a song's is. So a window is compared with a window as songs are with songs, and one
that has no direction is left out, which is said.

*The path* goes forward through both songs, from pair to pair of windows, so that the sum of 1 − similarity along it is
least: dynamic time warping [1]_, which is a shortest path through the matrix; of paths that are equally alike, that of
fewest steps. It leads from beginning to beginning and from end to end. Where one song is more than twice as long as the
other, such a path would have to dwell on windows of the shorter one, whatever they sound like; so the shorter one is
matched with that part of the longer one that suits it best. (scikit-image finds the path. librosa's time warping takes
half a minute to compile on a machine that has not used it yet.)

*Some path there always is*, and it is more alike than the average pair. So the order is compared with one that is
surely none: the shorter song backwards, which changes as slowly, rotated to 20 beginnings (its end continuing with its
beginning). Songs are said to follow each other only where the mean similarity along the path lies three standard
deviations above those of the 20 paths. That was chosen on 200 pairs of songs of different soundtracks, as MSD_musicnn's
penultimate layer hears them, of which it is said of 3 %; it is said of 2 % of 400 other pairs, and of 37 of 38 songs
compared with themselves from 24 seconds later on. With fewer than 20 windows nothing is said.

*The best pairs* of windows are looked for among all of them, not on the path alone, and no two of them overlap. Which
stems make them alike is their stem matrix (`audiolime_ext.recommendation.why.matrix`), whose cells add up to the pair's
similarity. A pair of similarity 0 or less is none.

References
----------
.. [1] Müller, "Fundamentals of Music Processing", Springer 2015, sections 3.2 (dynamic time warping) and 7.2.3
   (subsequences).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.silence import power
from audiolime_ext.collection.song_parts import parts_of
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.likeness import Alike, AlikeWindows
from audiolime_ext.recommendation.why.matrix import stem_matrix
from audiolime_ext.text import counted
from audiolime_ext.track.asked import AskedTrack, WholeGame
from audiolime_ext.track.windows import Answer

Array = NDArray[np.float64]
Path = NDArray[np.intp]

N_PAIRS = 3
MUCH_LONGER = 2.0  # times as many windows
N_BACKWARD = 20
_STEPS = ((1, 0), (0, 1), (1, 1))
_STEP_COST = 1e-9  # beside 1 − similarity
_ROUNDING = 1e-6
_TOUCHING_S = 1e-6  # windows that touch do not overlap


def find_alike(
    query: AskedTrack,
    other: AskedTrack,
    space: Space,
    *,
    n_pairs: int = N_PAIRS,
    songs: tuple[str, str] = ("the query", "A"),
) -> Alike:
    """Which seconds of a song are like which of another.

    Parameters
    ----------
    query, other : AskedTrack
        Songs, as `heard_in_stems` asks about them, by the same model.
    space : Space
        Space in which vectors are compared.
    n_pairs : int
        Number of best pairs of windows to find, at most; from 1 on.
    songs : tuple of (str, str)
        Names of both, for the sentence.

    Raises
    ------
    UsageError
        If `n_pairs` is below 1, the songs were heard by different models, or no window of one has a direction.

    Examples
    --------
    Three seconds, and the same after one second of something else:

    >>> from audiolime_ext import tagger
    >>> from audiolime_ext.collection.song_parts import heard_in_stems
    >>> from factorizations.oracle import OracleFactorization
    >>> tones = [np.sin(np.arange(4000) * 2 * np.pi * k / 4000).astype(np.float32) for k in (100, 200, 300, 400)]
    >>> bands = tagger(lambda b: np.abs(np.fft.rfft(b))[:, 100:401:100] / 2000, window_s=1.0)
    >>> def heard(order):
    ...     oracle = OracleFactorization({"tune": (np.concatenate([tones[i] for i in order]), 4000)})
    ...     return heard_in_stems(oracle.mixture, bands, oracle, cache=False)
    >>> plain = Space("plain", np.zeros(4), np.ones(4), np.zeros(0, np.float32))
    >>> found = find_alike(heard([0, 1, 2]), heard([3, 0, 1, 2]), plain)
    >>> found.similarities.round(2) + 0.0
    array([[0., 1., 0., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.]])
    >>> found.path.tolist()
    [[0, 0], [0, 1], [1, 2], [2, 3]]
    """
    if n_pairs < 1:
        raise UsageError(f"n_pairs is a number of pairs from 1 on, not {n_pairs}")
    one, two = (_Side.of(asked, space, name) for asked, name in zip((query, other), songs, strict=True))
    similarities = np.clip(one.directions @ two.directions.T, -1.0, 1.0)
    single = min(similarities.shape) == 1
    return Alike(
        songs,
        (one.times_s, two.times_s),
        (one.durations_s, two.durations_s),
        similarities,
        np.zeros((0, 2), np.intp) if single else path_through(similarities),
        not single and _of_a_part(similarities),
        () if single else backward(similarities),
        tuple(_pair(one, two, space, *at, similarities) for at in _best(one, two, similarities, n_pairs)),
        (query.recording, other.recording),
        (*one.notes, *two.notes, *_rate_notes(query.recording, other.recording, songs)),
    )


def _rate_notes(query: Audio, other: Audio, songs: tuple[str, str]) -> list[str]:
    """That a song is resampled in playing."""
    if query.sr == other.sr:
        return []
    return [f"{songs[1]}, whose rate is {other.sr} Hz, is played at {query.sr} Hz, the rate of {songs[0]}"]


@dataclass(frozen=True, eq=False)
class _Side:
    """The windows of a song that are compared: answers, and directions (n_windows, n_features)."""

    recording: Audio
    answers: tuple[Answer, ...]
    directions: Array
    notes: tuple[str, ...]

    @classmethod
    def of(cls, asked: AskedTrack, space: Space, name: str) -> _Side:
        space.direction(asked.whole.outputs.full, name)  # refuses what cannot be compared
        sounding = [answer for answer in asked.answers if answer.names]
        points = space.scaled(np.stack([answer.neighborhood.full for answer in sounding]))
        lengths = np.linalg.norm(points, axis=1)
        usable = lengths > space.least_length
        if not usable.any():
            raise UsageError(f"no window of {name} has a direction, so none is like any other; choose another song")
        left_out = counted(int((~usable).sum()), "window has", "windows have")
        notes = () if usable.all() else (f"{name}: {left_out} no direction, and cannot be compared",)
        kept = tuple(answer for answer, has_one in zip(sounding, usable, strict=True) if has_one)
        return cls(asked.recording, kept, points[usable] / lengths[usable, None], notes)

    @property
    def times_s(self) -> Array:
        return np.array([answer.start_s for answer in self.answers])

    @property
    def durations_s(self) -> Array:
        return np.array([answer.duration_s for answer in self.answers])

    def overlapping(self, window: int) -> NDArray[np.bool_]:
        """Which windows overlap with one of them."""
        ends_s = self.times_s + self.durations_s - _TOUCHING_S
        return np.asarray((self.times_s < ends_s[window]) & (self.times_s[window] < ends_s))


def _of_a_part(similarities: Array) -> bool:
    return bool(max(similarities.shape) > MUCH_LONGER * min(similarities.shape))


def path_through(similarities: Array) -> Path:
    """The path that is most alike: through both songs, or through the shorter one and a part of the longer one.

    Parameters
    ----------
    similarities : ndarray of float64, shape (n_query, n_other)
        Similarity of each window of one song to each of the other, −1 to 1.

    Returns
    -------
    Numbers of windows, shape (n_steps, 2); each step leads one window further in one song, or in both.

    Examples
    --------
    >>> path_through(np.array([[1.0, 0.2, 0.1], [0.1, 0.9, 0.8]])).tolist()
    [[0, 0], [1, 1], [1, 2]]
    """
    from skimage.graph import MCP

    turned = similarities.shape[0] > similarities.shape[1]
    costs = 1.0 - (similarities.T if turned else similarities) + _STEP_COST
    anywhere = _of_a_part(similarities)
    search = MCP(costs, offsets=_STEPS)
    sums, _ = search.find_costs([(0, at) for at in range(costs.shape[1])] if anywhere else [(0, 0)])
    end = int(np.argmin(sums[-1])) if anywhere else costs.shape[1] - 1
    path = np.array(search.traceback((costs.shape[0] - 1, end)), np.intp)
    return path[:, ::-1] if turned else path


def backward(similarities: Array) -> tuple[float, ...]:
    """Mean similarities along the paths of the shorter song backwards, rotated; none where it has too few windows."""
    axis = int(np.argmin(similarities.shape))
    n = similarities.shape[axis]
    if n < N_BACKWARD:
        return ()
    turns = np.linspace(0, n, N_BACKWARD, endpoint=False).round().astype(int)
    turned = [np.roll(np.flip(similarities, axis), int(turn), axis) for turn in turns]
    return tuple(float(one[tuple(path_through(one).T)].mean()) for one in turned)


def _best(one: _Side, two: _Side, similarities: Array, n_pairs: int) -> list[tuple[int, int]]:
    """The most similar pairs of windows, none of which overlaps another."""
    found = list[tuple[int, int]]()
    left = np.array(similarities)
    while similarities.size > 1 and len(found) < n_pairs:
        query, other = (int(at) for at in np.unravel_index(int(np.argmax(left)), left.shape))
        if left[query, other] <= _ROUNDING:
            break
        found.append((query, other))
        left[one.overlapping(query)] = -np.inf
        left[:, two.overlapping(other)] = -np.inf
    return found


def _pair(one: _Side, two: _Side, space: Space, query: int, other: int, similarities: Array) -> AlikeWindows:
    answers = one.answers[query], two.answers[other]
    parts = [parts_of(WholeGame(found.names, found.levels_db, found.neighborhood, 1)) for found in answers]
    level_db = [
        10 * math.log10(power(side.recording, found.start_s, found.duration_s))
        for side, found in zip((one, two), answers, strict=True)
    ]
    return AlikeWindows(
        (answers[0].start_s, answers[1].start_s),
        (answers[0].duration_s, answers[1].duration_s),
        float(similarities[query, other]),
        stem_matrix(space, *parts),
        (max(0.0, level_db[0] - level_db[1]), max(0.0, level_db[1] - level_db[0])),
    )
