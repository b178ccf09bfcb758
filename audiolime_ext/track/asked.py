"""A model asked about every window of a recording, with every mask of its stems; what of the answers is explained comes
later.

So one recording can be explained by several targets without another prediction: the score of a label, or how near the
song is to another one. `AskedTrack.whole` is the game of the whole recording, the mean of those of its windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.methods import method_named
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.silence import SILENT_DB, least_power
from audiolime_ext.cache import Cache, Store
from audiolime_ext.components.masks import Neighborhood, enumerate_masks
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.explanation.provenance import provenance_of
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.prediction.asking import asking_notes, logit_notes
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.taggram import Taggram, whole_windows
from audiolime_ext.prediction.targets import Target
from audiolime_ext.text import counted, share_of
from audiolime_ext.track.explanation import ABSENT_DB, SPLIT_ANEW, TrackExplanation
from audiolime_ext.track.opened import Opened
from audiolime_ext.track.window import Window, names_of
from audiolime_ext.track.windows import Answer, Asking, Span


@dataclass(frozen=True, eq=False)
class AskedTrack:
    """A recording whose windows a model is asked about; it is asked when `answers` are first needed, and once.

    Parameters
    ----------
    asking : Asking
        Way in which windows are split, and the model asked about them.
    spans : tuple of (float, float)
        Start and length of each window in seconds.
    first, end : int
        Samples of the recording between which they lie.
    tagged : Taggram or None
        The model's answers to the windows as they are; None: those to all stems together stand for them.
    every : bool
        True where these are all windows of the excerpt, False where some were chosen.
    """

    asking: Asking
    spans: tuple[Span, ...] = field(repr=False)
    first: int
    end: int
    tagged: Taggram | None = field(repr=False)
    every: bool

    @property
    def recording(self) -> Audio:
        """The recording."""
        return self.asking.recording

    @property
    def separator(self) -> Factorization:
        """What splits it."""
        return self.asking.stems.factorization

    @property
    def taggram(self) -> Taggram:
        """The model's answers to the windows as they are."""
        return self.heard if self.tagged is None else self.tagged

    @cached_property
    def heard(self) -> Taggram:
        """The model's answers to the windows that are explained, which are those to all stems together."""
        scores = np.stack([answer.neighborhood.full for answer in self.answers])
        silent = np.array([not answer.names for answer in self.answers])
        notes = self.asking.grid.filling((self.end - self.first) / self.recording.sr)
        times_s, labels = np.array([start for start, _ in self.spans]), label_names(self.asking.model, scores.shape[1])
        return Taggram(labels, times_s, scores, times_s < 0, silent if silent.any() else None, tuple(notes))

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The model's outputs for all masks of each window."""
        return tuple(self.asking.answers(self.spans, alone=not self.every))

    def noise(self, aim: Target) -> Noise:
        """Whether the model answers alike when it is asked again, as values of a target."""
        return self.asking.repeatability(self.spans, aim, self.taggram)

    @cached_property
    def whole(self) -> WholeGame:
        """The game of the whole recording: the mean over its windows that sound."""
        return _whole([answer for answer in self.answers if answer.names])

    def windows(self, aim: Target, noise: Noise) -> tuple[Window, ...]:
        """The windows explained by a target."""
        return tuple(self._window(answer, aim, noise) for answer in self.answers)

    def _window(self, answer: Answer, aim: Target, noise: Noise) -> Window:
        near = replace(answer.neighborhood, scores=aim.apply(answer.neighborhood.scores))
        nothing = np.zeros((near.scores.shape[1], 0))
        silent = Attribution("silence", nothing, nothing, True)
        found = attribute_noisy(self.asking.how.attribute, near, noise) if answer.names else silent
        about = answer.start_s, answer.duration_s, answer.names, answer.levels_db, answer.residual_db
        return Window(*about, near, found, outputs=answer.neighborhood.scores)

    def explained(
        self,
        windows: tuple[Window, ...],
        aim: Target,
        noise: Noise,
        names: tuple[tuple[str, ...], tuple[str, ...]],
        *,
        min_score: float,
        notes: Sequence[str] = (),
    ) -> TrackExplanation:
        """The explanation that windows make, which were explained by this target; `names` of all values, and of those
        that were asked for.
        """
        asking, (all_labels, named) = self.asking, names
        origin = provenance_of(self.recording, self.separator, asking.model, asking.settings, aim, self.taggram.labels)
        opened = Opened(asking, windows, named, all_labels, origin, aim, noise)
        remarks = [*notes, *_notes(windows, self.taggram, self.separator, every=self.every)]
        remarks += [*of_stems(self.answers, self.separator), *asking_notes(asking.model, self.recording.sr)]
        remarks += logit_notes(asking.model, self.taggram.scores)
        warned = opened.warnings(() if self.every else self.spans)
        return TrackExplanation(
            named,
            all_labels,
            windows,
            self.taggram,
            float(min_score),
            self.first / self.recording.sr,
            self.end / self.recording.sr,
            self.recording.name,
            asking.grid,
            origin,
            opened.window,
            partial(opened.stems, self.first, self.end),
            notes=tuple(dict.fromkeys(remarks)),
            warnings=tuple(dict.fromkeys(warned)),
            noise=noise,
            shelf=opened.shelf(self.first, self.end),
            ends_early=self.end < self.recording.n_samples,
        )


@dataclass(frozen=True, eq=False)
class WholeGame:
    """The game of a whole recording: masks of all its components with the mean of the windows' outputs.

    Parameters
    ----------
    names : tuple of str
        Names of the components, the residual last.
    levels_db : tuple of float
        Level of each in dB relative to the mixture, the mean of the windows' energies.
    outputs : Neighborhood
        Masks with the model's outputs, shape (n_masks, n_outputs).
    n_windows : int
        Number of windows that the mean is of.
    """

    names: tuple[str, ...]
    levels_db: tuple[float, ...]
    outputs: Neighborhood = field(repr=False)
    n_windows: int


def ask_track(
    recording: Audio,
    model: Model,
    separator: Factorization,
    settings: Settings,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    at: Sequence[float] | float | None = None,
    cache: bool = True,
    tagged: bool = True,
) -> AskedTrack:
    """Make ready to ask about the windows of a recording; for the parameters see `explain_track`.

    With `tagged` the model is asked about the windows as they are first, and about the last one though it may not be
    whole; without it that is spared.

    Raises
    ------
    AudioError
        If the excerpt is silent, or does not hold the windows that were chosen.
    ModelError
        If the model fails.
    """
    grid = Grid.of(model, recording.sr, recording.n_samples)
    first, end = recording.span(start_s, duration_s)
    chosen = None if at is None else _chosen(at, recording, model, first, end)
    _require_sound(recording, [(start_s, duration_s)] if chosen is None else chosen)
    store = Store(Cache.of_user() if cache else None)
    stems = KeptStems(separator, recording, store, whole=chosen is None)
    asking = Asking(recording, stems, model, grid, method_named(settings.method), settings, store)
    taggram = asking.taggram(first, end) if tagged else None
    spans = _spans(recording, grid, model, first, end) if chosen is None else chosen
    least = least_power(recording, spans, grid.n_channels) if chosen is None else 0.0
    return AskedTrack(replace(asking, least_power=least), tuple(spans), first, end, taggram, chosen is None)


def _whole(answers: Sequence[Answer]) -> WholeGame:
    names = names_of(answer.names for answer in answers)
    if all(answer.names == answers[0].names for answer in answers):
        near = answers[0].neighborhood
        outputs = replace(near, scores=np.mean([answer.neighborhood.scores for answer in answers], axis=0))
    elif all(answer.neighborhood.exhaustive for answer in answers):
        masks = enumerate_masks(len(names))
        scores = np.mean([_for_masks(answer, names, masks) for answer in answers], axis=0)
        outputs = Neighborhood(masks, np.ones(len(masks), np.int64), True, scores)
    else:
        raise UsageError(
            "some stems are switched in some windows only, and not all their masks fit the budget, so the windows have "
            f"no common mean; allow 2^{len(names)} = {2 ** len(names)} mixes for each window (--max-evals, max_evals)"
        )
    power = [sum(10 ** (_level(answer, name) / 10) for answer in answers) / len(answers) for name in names]
    return WholeGame(names, tuple((10 * np.log10(power)).tolist()), outputs, len(answers))


def _for_masks(answer: Answer, names: Sequence[str], masks: Any) -> Any:
    """Outputs of a window for masks of all components: those that it lacks change nothing."""
    own = masks[:, [names.index(name) for name in answer.names]]
    return answer.neighborhood.scores[own @ (1 << np.arange(own.shape[1]))]


def _level(answer: Answer, name: str) -> float:
    return answer.levels_db[answer.names.index(name)] if name in answer.names else ABSENT_DB


def _chosen(at: Any, audio: Audio, model: Model, first: int, end: int) -> list[Span]:
    """The windows that begin at the seconds `at`, in order, each once."""
    seconds = [float(second) for second in (at if isinstance(at, (Sequence, np.ndarray)) else [at])]
    if not seconds:
        raise UsageError("at is empty; name the seconds at which windows begin, or None for every window")
    if model.window_s is None:
        raise UsageError("the model has no window, so `at` does not say what to explain; give it one (window_s=…)")
    length_s = min(model.window_s, audio.duration_s)
    for second in seconds:
        begin, stop = audio.span(second, length_s)
        if begin < first or stop > end:
            inside = f"{first / audio.sr:g} s to {end / audio.sr:g} s"
            raise AudioError(f"the window of {length_s:.3f} s at {second:g} s is not within the excerpt, {inside}")
    return [(second, length_s) for second in sorted(set(seconds))]


def _require_sound(audio: Audio, spans: Sequence[tuple[float, float | None]]) -> None:
    if not any(np.any(audio.excerpt(*span).samples) for span in spans):
        raise AudioError(f"{audio.name!r} is silent where it is to be explained; there is nothing to explain")


def _spans(recording: Audio, grid: Grid, model: Model, first: int, end: int) -> list[Span]:
    """The whole windows; the last may reach beyond the excerpt by its lead, which it hears as silence."""
    longest_s = math.inf if model.window_s is None else model.window_s
    end_s = end / recording.sr
    return [(start, min(longest_s, end_s - start)) for start in whole_windows(recording, grid, first, end)]


def _notes(windows: Sequence[Window], taggram: Taggram, separator: Factorization, *, every: bool) -> list[str]:
    """What is not the same everywhere."""
    found = [note for note in taggram.notes if note not in taggram.quiet]  # which is said below, of these windows
    sounding = [window for window in windows if not window.silent]
    if len(sounding) < len(windows):
        silent = len(windows) - len(sounding)
        limit = f"{-SILENT_DB:.0f} dB or more below the loudest"
        found.append(f"{share_of(silent, len(windows), 'window')} silent ({limit}): without weights, and in no mean")
    comparable = () if separator.scope == "window" else sounding
    for name in dict.fromkeys(name for window in comparable for name in window.names):
        present = sum(name in window.names for window in sounding)
        if present < len(sounding):
            found.append(
                f"{name} is switched in {present} of {counted(len(sounding), 'window')}; its weight is 0 in the others"
            )
    if every and taggram.padded.any():
        start = float(taggram.times_s[-1])
        found.append(f"the last window, from {start:.2f} s on, is not whole: tagged, but not explained nor in any mean")
    if separator.scope == "window":
        found.append(SPLIT_ANEW)
    return found


def of_stems(answers: Sequence[Answer], separator: Factorization) -> list[str]:
    """What is to be known of the stems of all windows."""
    named = dict.fromkeys(name for answer in answers for name in answer.names)
    return [*(note for answer in answers for note in answer.notes), *holding_notes(separator.spec, named)]
