"""Whether a map and weights answer one question: of one recording, model, value and target, from one beginning.

Names are not enough: two models at hand have none, and two recordings may share one. So what is compared is the
recording's hash, the model's spec and fingerprint where both are known, and *the value*: what the map says of a window
and what the weights add up to for the same second must be the same, to half of what is nothing. Only windows that begin
together are compared; of an excerpt of several, all must be in the map, and the target must be linear, since the value
of an excerpt is that of the mean answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from audiolime_ext.components.baselines import BASELINES
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.gradients.parts.placing import Place
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.track.explanation import TrackExplanation

Explained = Explanation | TrackExplanation
ROUNDING = 1e-6  # of the range of the values of all mixes
_TOGETHER_S, _DIGITS = 1e-3, 1e-3  # starts in seconds; and a share of a value, which hearing it as stems may change


def require_same_question(relevance: Relevance, explained: Explained, label: str | int) -> None:
    """Raise `UsageError` where map and weights are of different things; of another baseline a note is enough."""
    origin = explained.provenance
    if relevance.sha256 != origin.sha256:
        raise UsageError(
            f"the map is of {relevance.recording!r}, and the weights of another recording; explain the same one"
        )
    if relevance.model != origin.model:
        raise UsageError(f"the map is of the model {relevance.model}, and the weights of {origin.model}")
    states = relevance.fingerprint, origin.model_fingerprint
    if None not in states and states[0] != states[1]:
        raise UsageError(
            f"the map is of a model with the fingerprint {states[0]}, and the weights of one with {states[1]}; make "
            "both with one state of one model"
        )
    if relevance.target != origin.target.removesuffix("()"):
        raise UsageError(
            f"the map is of the target {relevance.target}, and the weights of {origin.target}; ask both for one target"
        )
    if relevance.label not in explained.all_labels and label == relevance.label:
        raise UsageError(f"the map is of {relevance.label!r}, which has no weights; name the label that has: label=")


def require_same_values(relevance: Relevance, explained: Explained, column: int) -> None:
    """Raise `UsageError` where a window has another value in the map than what the weights are of."""
    origin, limit = explained.provenance, near_of(explained, column) / 2
    linear = origin.target == "score" or origin.contrast is not None
    own = np.array([one.start_s for one in relevance.windows])
    values = np.array([one.value for one in relevance.windows])
    for starts_s, full in _values(explained, column):
        apart = np.abs(own[:, None] - starts_s)
        if apart.min(axis=0).max() > _TOGETHER_S or (len(starts_s) > 1 and not linear):
            continue
        value = float(values[apart.argmin(axis=0)].mean())
        if not abs(value - full) <= max(limit, _DIGITS * max(abs(value), abs(full))):
            raise UsageError(
                f"from {starts_s[0]:.2f} s on, the map's value of {relevance.label!r} is {value:.3g}, and that of the "
                f"weights {full:.3g}: they are of two models, or of two values; make both with one model, for one label"
            )


def _values(explained: Explained, column: int) -> Iterator[tuple[Sequence[float], float]]:
    """Starts of the windows of each excerpt that sounds, and its value."""
    if isinstance(explained, TrackExplanation):
        for one in explained.windows:
            if not one.silent:
                yield [one.start_s], float(one.neighborhood.full[column])
        return
    parts = explained.components
    first = parts.grid.starts(round(parts.duration_s * parts.grid.sr)) or [0]
    yield [parts.start_s + one / parts.grid.sr for one in first], float(explained.neighborhood.full[column])


def require_same_grid(relevance: Relevance, other: Relevance) -> None:
    """Raise `UsageError` where a random map does not lie on the map's cells."""
    same = relevance.values.shape == other.values.shape and np.allclose(relevance.times_s, other.times_s)
    if not same or relevance.sha256 != other.sha256:
        raise UsageError("a random map lies on another grid of frames and bands; make it with random_maps()")


def near_of(explained: Explained, column: int) -> float:
    """What the house takes for nothing among the explained values."""
    return explained.kind.nearness(_range_of(explained, column))


def limit_of(explained: Explained, column: int, near: float | None) -> float:
    """Size up to which relevance and weights are nothing: `near`, or the house's own; rounding always is.

    Raises
    ------
    UsageError
        If `near` is negative, NaN or infinite.
    """
    if near is None:
        return near_of(explained, column)
    if not (math.isfinite(near) and near >= 0):
        raise UsageError(f"near is {near}; it is the size up to which a number is nothing: 0 or more, and finite")
    return max(float(near), ROUNDING * _range_of(explained, column))


def _range_of(explained: Explained, column: int) -> float:
    """Range of the values of all mixes."""
    if isinstance(explained, Explanation):
        return float(np.ptp(explained.neighborhood.scores[:, column]))
    return float(np.ptp(np.concatenate([one.neighborhood.scores[:, column] for one in explained.windows])))


def off_is_recording(origin: Provenance) -> bool:
    """Whether another recording plays where a component is off; one may be called as a baseline is."""
    return origin.baseline_sha256 is not None or origin.settings.baseline not in BASELINES


def baseline_note(relevance: Relevance, origin: Provenance, places: Sequence[Place], near: float) -> str | None:
    """The note that the map starts from something else than what components are switched off to; None: from the same.

    Of another recording the hash is compared, and then the values: both may lie at other seconds of it.
    """
    off = origin.settings.baseline
    told = f"the map starts from {relevance.baseline}, and components are switched off to {off}"
    hashes = relevance.baseline_sha256, origin.baseline_sha256
    if relevance.baseline is None or (not off_is_recording(origin) and relevance.baseline == off):
        return None
    if off_is_recording(origin) and relevance.baseline_sha256 is not None and origin.baseline_sha256 is None:
        return f"{told}: nothing says whether this is one recording"
    if None in hashes or hashes[0] != hashes[1]:
        return told
    found = [(one.base, one.empty) for one in places if one.base is not None and abs(one.base - one.empty) > near / 2]
    if not found:
        return None
    base, empty = found[0]
    return (
        f"the map starts from other sounds of {off} than those that components are switched off to (values {base:.3g} "
        f"and {empty:.3g})"
    )
