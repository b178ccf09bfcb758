"""Where an excerpt is cut in time: equally, by hand, on beats or on onsets.

Each way gives boundaries in seconds from the excerpt's start, 0 and the duration included, so nothing is truncated: the
first segment begins with the excerpt and the last one ends with it.

A musical segment should hold the attack that it is named for. Beats and onsets are found where the spectral flux peaks,
which is some milliseconds into the attack; the cut is moved back to the last minimum of the flux before it, by 23 ms at
most. Where nothing within the excerpt attacks (a held tone, hiss), nothing is cut.

The excerpt is listened to in mono at 22.05 kHz, with context on both sides (a beat is hard to tell from three seconds),
so what lies just outside its ends is not mistaken for an onset. Everything is deterministic.

Invariants: *boundaries rise from 0 to the duration*; *no segment is shorter than 20 ms*, which is two of the crossfades
that join them. Equal segments and segments by hand that would be shorter are refused; a beat or onset that comes too
soon after a cut is left out.

References: Böck and Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013 (spectral flux); Ellis,
"Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007; both as implemented by librosa.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.compiled import librosa
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import context_span, resample_span
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.text import counted

SHORTEST_S = 0.02
_ROUNDING_S = 1e-9  # equal segments of just 20 ms may be taken for boundaries by hand when a result is repeated
SR, HOP_LENGTH = 22050, 128  # frames every 5.8 ms
LONGEST_ATTACK = 4  # frames that a cut is moved back at most: noise has minima of its own
FAINTEST_FLUX_DB = 0.5  # per frame, mean over mel bands; hiss stays below 0.4, a held tone below 0.1
EDGE_S = 0.1  # a recording that begins or ends abruptly has an attack there, which is not part of the music
CONTEXT_S = {"beats": 8.0, "onsets": 1.0}  # the words that are allowed, and the seconds of context on both sides


def segment(
    audio: Audio, segments: int | str | Sequence[float], *, start_s: float, duration_s: float
) -> tuple[float, ...]:
    """Boundaries of the time segments of one excerpt.

    Parameters
    ----------
    audio : Audio
        The recording.
    segments : int, sequence of float, or {"beats", "onsets"}
        Number of equal segments; inner boundaries in seconds from the excerpt's start; or events to cut at.
    start_s, duration_s : float
        Start and length of the excerpt in seconds of the recording.

    Returns
    -------
    Seconds from the excerpt's start, n_segments + 1 of them, rising from 0 to `duration_s`.

    Raises
    ------
    UsageError
        If it is none of those, or a segment would be shorter than 20 ms.
    AudioError
        If the excerpt does not lie within the recording.

    Examples
    --------
    >>> import numpy as np
    >>> rest = Audio(np.zeros((1, 80000), np.float32), 8000)
    >>> segment(rest, 2, start_s=1.0, duration_s=3.0)
    (0.0, 1.5, 3.0)
    >>> segment(rest, [0.5, 2], start_s=1.0, duration_s=3.0)
    (0.0, 0.5, 2.0, 3.0)
    """
    audio.span(start_s, duration_s)
    require_known(segments)
    if isinstance(segments, str):
        return merged(events(audio, segments, start_s=start_s, duration_s=duration_s), duration_s)
    if isinstance(segments, Iterable):
        return by_hand(segments, duration_s)
    try:
        return equal(operator.index(segments), duration_s)
    except TypeError as error:
        raise UsageError(
            f"segments is a number of equal segments, {' or '.join(map(repr, CONTEXT_S))}, or inner boundaries in "
            f"seconds such as [0.5, 1.2], not {segments!r}"
        ) from error


def require_known(segments: object) -> None:
    """Raise `UsageError` for a word that is not allowed as a kind of segments.

    Examples
    --------
    >>> require_known("beats")
    """
    if isinstance(segments, str) and segments not in CONTEXT_S:
        raise unknown("kind of segments", segments, [*CONTEXT_S, "a number", "boundaries in seconds"])


def equal(n_segments: int, duration_s: float) -> tuple[float, ...]:
    """Boundaries of equal segments.

    Raises
    ------
    UsageError
        If they would be shorter than 20 ms.

    Examples
    --------
    >>> equal(3, 3.0)
    (0.0, 1.0, 2.0, 3.0)
    """
    if n_segments < 1 or duration_s / n_segments < SHORTEST_S:
        most = int(duration_s / SHORTEST_S)
        if most < 1:
            raise UsageError(f"{duration_s:.3g} s are too short: explanations need {SHORTEST_S:g} s at least")
        raise UsageError(f"{counted(n_segments, 'time segment')} in {duration_s:.3f} s; from 1 to {most} are possible")
    return tuple(float(edge) for edge in np.linspace(0.0, duration_s, n_segments + 1))


def by_hand(inner_s: Iterable[float], duration_s: float) -> tuple[float, ...]:
    """Boundaries from the inner ones.

    Raises
    ------
    UsageError
        If one lies outside the excerpt, does not come after the one before, or comes less than 20 ms after it.

    Examples
    --------
    >>> by_hand([0.5, 1.2], 3.0)
    (0.0, 0.5, 1.2, 3.0)
    """
    try:
        inner = [float(edge) for edge in inner_s]
    except (TypeError, ValueError) as error:
        raise UsageError(f"boundaries are seconds from the excerpt's start, such as 0.5, not {inner_s!r}") from error
    for edge in inner:
        if not 0 < edge < duration_s:  # catches NaN, too
            raise UsageError(
                f"the boundary at {edge:g} s does not lie within the excerpt of {duration_s:.3f} s; boundaries are "
                "seconds from its start, and the start and the end themselves are left out"
            )
    edges = (0.0, *inner, float(duration_s))
    for before, after in pairwise(edges):
        if after <= before:
            raise UsageError(f"boundaries must rise, and {after:g} s does not come after {before:g} s; sort them")
        if after - before < SHORTEST_S - _ROUNDING_S:
            raise UsageError(
                f"the segment from {before:g} s to {after:g} s is too short; it must last {SHORTEST_S * 1000:g} ms or "
                "more"
            )
    return edges


def merged(events_s: Iterable[float], duration_s: float) -> tuple[float, ...]:
    """Boundaries from rising event times, without those that would end or begin a segment shorter than 20 ms.

    Examples
    --------
    >>> merged([-0.3, 0.005, 1.0, 1.01, 2.99, 4.0], 3.0)
    (0.0, 1.0, 3.0)
    """
    edges = [0.0]
    for event in events_s:
        if edges[-1] + SHORTEST_S <= event <= duration_s - SHORTEST_S:
            edges.append(float(event))
    return (*edges, float(duration_s))


def events(audio: Audio, word: str, *, start_s: float, duration_s: float) -> list[float]:
    """Times of the beats or onsets in and around an excerpt, in seconds from its start, rising."""
    context_s = CONTEXT_S[word]
    piece = _heard(audio, start_s - context_s, start_s + duration_s + context_s)
    flux = librosa().onset.onset_strength(y=piece, sr=SR, hop_length=HOP_LENGTH)
    inside = slice(_frame(context_s + EDGE_S), _frame(context_s + duration_s - EDGE_S) + 1)
    if flux[inside].max(initial=0.0) < FAINTEST_FLUX_DB:
        return []
    frames = _beats(flux) if word == "beats" else _onsets(flux)
    if not len(frames):
        return []
    feet = np.maximum(librosa().onset.onset_backtrack(frames, flux), frames - LONGEST_ATTACK)
    return [float(frame) * HOP_LENGTH / SR - context_s for frame in np.unique(feet)]


def _beats(flux: NDArray[Any]) -> NDArray[np.int64]:
    """Frames on the beat, whether or not something sounds there."""
    return np.asarray(librosa().beat.beat_track(onset_envelope=flux, sr=SR, hop_length=HOP_LENGTH, trim=False)[1])


def _onsets(flux: NDArray[Any]) -> NDArray[np.int64]:
    """Frames of attacks: librosa scales the flux to its own peak, so in a held note mere rounding errors have peaks."""
    frames = np.asarray(librosa().onset.onset_detect(onset_envelope=flux, sr=SR, hop_length=HOP_LENGTH))
    return np.asarray(frames[flux[frames] >= FAINTEST_FLUX_DB])


def _frame(time_s: float) -> int:
    return round(time_s * SR / HOP_LENGTH)


def _heard(audio: Audio, begin_s: float, end_s: float) -> Samples:
    """Mono at 22.05 kHz, shape (n_samples,), with zeros beyond the recording's ends."""
    first, end = math.floor(begin_s * SR), math.ceil(end_s * SR)
    begin, stop = context_span(audio.sr, SR, first, end)
    begin, stop = max(begin, 0), min(stop, audio.n_samples)
    mono = audio.samples[:, begin:stop].mean(axis=0, dtype=np.float32)
    return resample_span(mono, audio.sr, SR, first, end, offset=begin)
