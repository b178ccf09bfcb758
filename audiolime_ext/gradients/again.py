"""A map's model asked again: the windows that it was made of, their maps, and where the way to them began.

A `Relevance` keeps one map of a recording and no features. What is needed to judge it is made again from the recording
and the model, and is compared with what the map says of itself: the same windows, the same value to half of `near`.
Where windows overlap, the map of each is its part of the joined one, in which the mean is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.differentiating import Features, Floats
from audiolime_ext.gradients.hearing import Heard, hear
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
        heard = hear(audio, self.model, **span_of(self.relevance))
        signals = heard.only(numbers_of(self.relevance, heard.starts_s)).signals[self.explained]
        return np.asarray(self.whole.apply(np.asarray(predict(self.model, signals[:, None]))))


def explained(relevance: Relevance) -> list[int]:
    """Numbers of the windows that are explained."""
    return [i for i, one in enumerate(relevance.windows) if not one.abstained]


def span_of(relevance: Relevance) -> dict[str, Any]:
    """Start and length of the excerpt that the windows of a map fill, in seconds."""
    start_s = relevance.windows[0].start_s
    end_s = relevance.windows[-1].start_s + relevance.window_s
    if relevance.audio is not None:  # which may be shorter than a window, and is filled up
        end_s = min(end_s, relevance.audio.duration_s)
    return {"start_s": start_s, "duration_s": end_s - start_s}


def starts_of(relevance: Relevance) -> list[float] | None:
    """Starts of the windows of a map, to ask for these alone; None where there is one, which its span says.

    (A model without a window of its own has one alone, and takes no starts.)
    """
    return [one.start_s for one in relevance.windows] if len(relevance.windows) > 1 else None


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
    chosen = numbers_of(relevance, every.starts_s)
    heard = every.only(chosen)
    outputs = np.asarray(predict(asked, heard.signals[:, None]))
    names = label_names(asked, outputs.shape[1])
    whole = wanted if isinstance(wanted, Target) else make_target(wanted, names)
    label = relevance.label if whole.keeps_labels else None
    aim, called = one_value(wanted, label, asked, outputs)
    base, named, _ = start_of(baseline, every, asked)
    base = base[chosen] if base.shape == every.features.shape else base
    if relevance.baseline not in (None, named):
        raise UsageError(f"the map starts from {relevance.baseline}, and not from {named}; give its own: baseline=")
    own = explained(relevance)
    stated = np.array([one.value for one in relevance.windows])
    if called != relevance.label or np.abs(aim.apply(outputs)[:, 0] - stated).max() > aim.near / 2:
        raise UsageError(f"the model answers another value than the {relevance.label} that the map is of")
    column = names.index(relevance.label) if whole.keeps_labels else 0
    wide = np.broadcast_to(np.asarray(base, np.float32), heard.features.shape)[own]
    return Again(
        relevance, asked, heard, aim, whole, column, outputs[own], heard.features[own], wide, maps_of(relevance)
    )


def stated_target(relevance: Relevance, target: TargetSpec | Target | None) -> TargetSpec | Target:
    """The target of a map: the one that is given, or the one that its name makes; `UsageError` where neither is."""
    if target is not None:
        return target
    if relevance.target not in ALWAYS_MADE:
        raise UsageError(f"the map is of the target {relevance.target}, which its name does not make; give it: target=")
    return relevance.target
