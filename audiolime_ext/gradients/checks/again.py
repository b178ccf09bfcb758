"""A map's model asked again: the windows that it was made of, their maps, and where the way to them began.

A `Relevance` keeps one map of a recording and no features. What is needed to judge it is made again from the recording
and the model, and is compared with what the map says of itself: the same windows, and the same values of these and of
the baseline, to half of `near`. The whole excerpt is heard, too, where the windows are some of it alone: the mean
window is a mean over all of it, and the first window of another song goes with its first. Where windows overlap, the
map of each is its part of the joined one, in which the mean is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.differentiating import Features, Floats, values_of
from audiolime_ext.gradients.hearing import Heard, hear, takes_starts
from audiolime_ext.gradients.pipeline import one_value, start_of
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import recording_of
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.targets import Target, TargetSpec, make_target

ALWAYS_MADE = ("score", "log-odds")  # targets that their name alone makes


@dataclass(frozen=True, eq=False)
class Again:
    """The windows of a map that are explained, and whom to ask about them.

    Parameters
    ----------
    relevance : Relevance
        Map.
    model : Model
        Model that it is of.
    heard : Heard
        Windows of the map.
    aim, whole : Target
        Target of the one value, and of all values of the model.
    column : int
        Position of the one value among these.
    outputs : ndarray of float64, shape (n_windows, n_outputs)
        Outputs of the model for the windows that are explained.
    features, base : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Features of these, and of the baseline.
    maps : ndarray of float64, shape (n_windows, n_frames, n_bands)
        Relevance of these.
    """

    relevance: Relevance
    model: Model
    heard: Heard = field(repr=False)
    aim: Target
    whole: Target
    column: int
    outputs: Scores = field(repr=False)
    features: Features = field(repr=False)
    base: Features = field(repr=False)
    maps: Floats = field(repr=False)

    @property
    def explained(self) -> list[int]:
        """Numbers of the windows that are explained."""
        return explained(self.relevance)

    def answers(self, audio: Audio) -> Scores:
        """All values of the model for the explained windows of another recording as long, (n_windows, n_values)."""
        heard = hear(audio, self.model, **where_of(self.relevance, audio, self.model))
        signals = heard.signals[self.explained]
        return np.asarray(self.whole.apply(np.asarray(predict(self.model, signals[:, None]))))


def explained(relevance: Relevance) -> list[int]:
    """Numbers of the windows that are explained."""
    return [i for i, one in enumerate(relevance.windows) if not one.abstained]


def span_of(relevance: Relevance) -> dict[str, Any]:
    """Start and length of the excerpt that a map is of, in seconds."""
    start_s, duration_s = relevance.excerpt_s
    return {"start_s": start_s, "duration_s": duration_s}


def where_of(relevance: Relevance, audio: Audio, model: Model) -> dict[str, Any]:
    """The same with the starts of its windows, where a model takes these: arguments of `hear` and `relevance`."""
    own = {"at": [one.start_s for one in relevance.windows]} if takes_starts(audio, model) else {}
    return span_of(relevance) | own


def numbers_of(relevance: Relevance, starts_s: Floats) -> NDArray[np.intp]:
    """Which of the windows that begin at `starts_s` are those of a map, which may be of the strongest alone.

    Raises
    ------
    UsageError
        If one of the map's is not among them.
    """
    own = np.array([one.start_s for one in relevance.windows])
    apart = np.abs(own[:, None] - starts_s)
    if not len(starts_s) or apart.min(axis=1).max() > relevance.step_s / 2:
        raise UsageError("the model hears other windows than those that the map is of; give the model that it is of")
    return np.asarray(apart.argmin(axis=1), np.intp)


def maps_of(relevance: Relevance) -> Floats:
    """The maps of the windows that are explained, shape (n_windows, n_frames, n_bands)."""
    every = np.array([relevance.values[relevance.frames_of(i)] for i in range(len(relevance.windows))])
    return every[explained(relevance)]


def ask_again(
    relevance: Relevance,
    model: Any,
    *,
    target: TargetSpec | Target | None = None,
    baseline: Any = "silence",
    audio: Audio | None = None,
) -> Again:
    """The windows of a map, made again.

    Parameters
    ----------
    relevance : Relevance
        Map.
    model : str or Model
        Model that it is of, or its spec string.
    target : as in `relevance`, or None
        Target that it is of; None: its name says all, as those of scores and log-odds do.
    baseline : as in `relevance`
        Baseline that it starts from; of a map that starts from nothing, what takes the place of cells that are taken
        away.
    audio : Audio or None
        Recording, of a map that was loaded; None: the one at hand.

    Raises
    ------
    UsageError
        If the recording, the model, the target or the baseline is another than the map's.
    """
    asked, recording = load_model(model), recording_of(relevance, audio)
    if relevance.model is not None and asked.spec != relevance.model:
        raise UsageError(f"the map is of the model {relevance.model}, not of {asked.spec}")
    wanted = stated_target(relevance, target)
    every = hear(recording, asked, **span_of(relevance))
    heard = hear(recording, asked, **where_of(relevance, recording, asked))
    if len(heard.starts_s) != len(relevance.windows) or abs(heard.window_s - relevance.window_s) > relevance.step_s / 2:
        raise UsageError("the model hears other windows than those that the map is of; give the model that it is of")
    outputs = np.asarray(predict(asked, heard.signals[:, None]))
    names = label_names(asked, outputs.shape[1])
    whole = wanted if isinstance(wanted, Target) else make_target(wanted, names)
    label = relevance.label if whole.keeps_labels else None
    aim, called = one_value(wanted, label, asked, outputs)
    base, named, _ = start_of(baseline, heard, every, asked)
    if relevance.baseline not in (None, named):
        raise UsageError(f"the map starts from {relevance.baseline}, and not from {named}; give its own: baseline=")
    own = explained(relevance)
    stated = np.array([one.value for one in relevance.windows])
    if called != relevance.label or np.abs(aim.apply(outputs)[:, 0] - stated).max() > aim.near / 2:
        raise UsageError(f"the model answers another value than the {relevance.label} that the map is of")
    column = names.index(relevance.label) if whole.keeps_labels else 0
    wide = np.broadcast_to(np.asarray(base, np.float32), heard.features.shape)
    _require_same_start(relevance, values_of(asked, wide, aim), aim.near / 2)
    return Again(
        relevance, asked, heard, aim, whole, column, outputs[own], heard.features[own], wide[own], maps_of(relevance)
    )


def _require_same_start(relevance: Relevance, values: Floats, near: float) -> None:
    """Raise `UsageError` where the baseline's values are not those that the map states."""
    apart = [
        abs(one.baseline - value)
        for one, value in zip(relevance.windows, values.tolist(), strict=True)
        if one.baseline is not None
    ]
    if max(apart, default=0.0) > near:
        raise UsageError(
            f"the map starts from {relevance.baseline} with another value than this baseline has (by "
            f"{max(apart):.3g}); give the very same one: baseline="
        )


def stated_target(relevance: Relevance, target: TargetSpec | Target | None) -> TargetSpec | Target:
    """The target of a map: the one that is given, or the one that its name makes; `UsageError` where neither is."""
    if target is not None:
        return target
    if relevance.target not in ALWAYS_MADE:
        raise UsageError(f"the map is of the target {relevance.target}, which its name does not make; give it: target=")
    return relevance.target
