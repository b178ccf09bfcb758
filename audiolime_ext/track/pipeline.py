"""A whole recording: every window explained, as `explain` would explain it alone.

recording → taggram; recording → stems, part by part → windows → answers of the model → weights → labels → result.

Invariants:

- *Excerpt and track agree*: the weights of a window are those of ``explain(start_s=t, level_check=False)`` to 1e-5.
- *Memory does not grow with the recording* beyond the recording itself: stems are made and used part by part. (A model
  without windows hears everything at once.)
- *A model is asked again once for the whole recording*, about some windows: see
  `audiolime_ext.prediction.repeatability`. Its noise is in the errors of every window's weights; one whose answers
  depend on what else is in the batch is refused.
- *Work is done once*: taggrams, stems and the model's answers are kept in the cache as they are made, so an interrupted
  run goes on where it stopped. What does not say what it is keeps nothing there: a factorization without a fingerprint,
  a function without a declared version (``tagger(…, version="2")``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.methods import Method, method_named
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.silence import SILENT_DB, least_power
from audiolime_ext.cache import Cache, Store
from audiolime_ext.components.baselines import load_baseline
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.explanation.provenance import provenance_of
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.kind import numbers
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.prediction.targets import Target, TargetSpec, first_labels, make_target, value_names
from audiolime_ext.text import counted, share_of
from audiolime_ext.track.explanation import TrackExplanation
from audiolime_ext.track.opened import Opened
from audiolime_ext.track.size import load_manageable
from audiolime_ext.track.window import Window
from audiolime_ext.track.windows import Answer, Asking, Span

FALLBACK_LABELS = 3


@takes_plain
def explain_track(
    audio: Any,
    model: Any,
    *,
    factorization: Factorization | str = "spleeter:2stems",
    labels: Sequence[str | int] | str | int | None = None,
    min_score: float = 0.3,
    top_labels: int | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
    at: Sequence[float] | float | None = None,
    target: TargetSpec = "score",
    baseline: Any = "silence",
    method: str = "auto",
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    cache: bool = True,
    sr: int | None = None,
) -> TrackExplanation:
    """Explain a model's prediction for every window of a recording by the sources that are in it.

    Parameters
    ----------
    audio, model, factorization, target, baseline, method, seed, sr : as for `explain`
        Arguments of `explain`. Recordings of up to three hours can be explained.
    labels : sequence of str or int, str, int or None
        Labels to explain, by name or number; None: every label that reaches `min_score` in some window.
    min_score : float
        Least score, see `labels`. Where no label reaches it, the three of highest mean are explained, which is noted.
    top_labels : int or None
        Number of labels of highest mean to explain instead.
    start_s, duration_s : float, float or None
        Start and length in seconds of the excerpt; its windows are those of `tag`. The last one, where it has to be
        filled up, is tagged but neither explained nor in any mean.
    at : sequence of float, float or None
        Starts of the windows to explain, in seconds of the recording; None: all windows.
    max_evals : int
        Budget in mixes that the model is asked about for each window.
    cache : bool
        True to keep results on disk (see `audiolime_ext.cache`), so that nothing is computed twice.

    Returns
    -------
    TrackExplanation

    Raises
    ------
    AudioError, ModelError, UsageError, MissingError
        See `audiolime_ext.errors`.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger
    >>> hiss = np.random.default_rng(0).normal(0, 0.05, 64000).astype(np.float32)
    >>> loudness = lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True))
    >>> model = tagger(loudness, labels=["loud"], window_s=1.0)
    >>> track = explain_track((hiss, 16000), model, factorization="hpss", labels=["loud"], cache=False)
    >>> track.names, track.times_s, track.n_evals
    (('harmonic', 'percussive'), array([0., 1., 2., 3.]), 16)
    """
    how, recording = method_named(method), load_manageable(audio)
    model, separator = load_model(model, sr=sr), load_factorization(factorization)
    wanted = first_labels(labels, target)
    _require_usable(model, wanted, target, min_score, top_labels)
    settings = Settings(method, target, load_baseline(baseline), 1, max_evals, seed, level_check=False)
    grid = Grid.of(model, recording.sr, recording.n_samples)
    first, end = recording.span(start_s, duration_s)
    chosen = None if at is None else _chosen(at, recording, model, first, end)
    _require_sound(recording, [(start_s, duration_s)] if chosen is None else chosen)

    store = Store(Cache.of_user() if cache else None)
    stems = KeptStems(separator, recording, store, whole=chosen is None)
    asking = Asking(recording, stems, model, grid, how, settings, store)
    taggram = asking.taggram(first, end)
    spans = _spans(taggram, model, end / recording.sr) if chosen is None else chosen
    asking = replace(asking, least_power=least_power(recording, spans, grid.n_channels) if chosen is None else 0.0)
    aim = make_target(target, taggram.labels)
    noise = asking.repeatability(spans, aim, taggram)
    answers = list(asking.answers(spans, alone=chosen is not None))

    windows = tuple(_window(answer, aim, how, noise) for answer in answers)
    wanted, notes = _leading(taggram, wanted, min_score, top_labels) if aim.keeps_labels else (None, [])
    mean = np.mean([window.neighborhood.full for window in windows if not window.silent], axis=0)
    all_labels, named = value_names(aim, mean, wanted, top_labels or FALLBACK_LABELS)
    origin = provenance_of(recording, separator, model, settings, aim, taggram.labels)
    opened = Opened(asking, windows, named, all_labels, origin, aim, noise)
    notes += [*_notes(windows, taggram, separator, every=chosen is None), *_of_stems(answers, separator)]
    warned = [*opened.warnings(chosen or ()), *([store.complaint] if store.complaint else [])]
    return TrackExplanation(
        named,
        all_labels,
        windows,
        taggram,
        float(min_score),
        first / recording.sr,
        end / recording.sr,
        recording.name,
        grid,
        origin,
        opened.window,
        partial(opened.stems, first, end),
        notes=tuple(dict.fromkeys(notes)),
        warnings=tuple(dict.fromkeys(warned)),
        noise=noise,
    )


def _require_usable(
    model: Model, wanted: Sequence[str | int] | None, target: TargetSpec, min_score: float, top_labels: int | None
) -> None:
    """What cannot be meant is said before the long work."""
    if wanted is not None and not wanted:
        raise UsageError("labels is empty; name at least one label, or None for those that reach min_score")
    if top_labels is not None and top_labels < 1:
        raise UsageError(f"top_labels must be at least 1, not {top_labels}")
    if not math.isfinite(min_score):
        raise UsageError(f"min_score must be a number such as 0.3, not {min_score}")
    if model.labels is not None:
        label_indices(wanted or [], model.labels)
        make_target(target, model.labels)


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


def _spans(taggram: Taggram, model: Model, end_s: float) -> list[Span]:
    """The whole windows; the last may reach beyond the excerpt by its lead, which it hears as silence."""
    longest_s = math.inf if model.window_s is None else model.window_s
    return [(start, min(longest_s, end_s - start)) for start in taggram.times_s[~taggram.padded].tolist()]


def _window(answer: Answer, aim: Target, how: Method, noise: Noise) -> Window:
    near = replace(answer.neighborhood, scores=aim.apply(answer.neighborhood.scores))
    nothing = np.zeros((near.scores.shape[1], 0))
    silent = Attribution("silence", nothing, nothing, True)
    found = attribute_noisy(how.attribute, near, noise) if answer.names else silent
    about = answer.start_s, answer.duration_s, answer.names, answer.levels_db, answer.residual_db
    return Window(*about, near, found, outputs=answer.neighborhood.scores)


def _leading(
    taggram: Taggram, labels: Sequence[str | int] | None, min_score: float, top_labels: int | None
) -> tuple[Sequence[str | int], list[str]]:
    """The labels to explain, those of highest mean first, and a note where none reaches `min_score`."""
    if labels is not None:
        return labels, []
    ranked = [int(i) for i in np.argsort(-taggram.mean, kind="stable")]
    if top_labels is not None:
        return ranked[:top_labels], []
    if numbers(taggram.labels) and len(ranked) > FALLBACK_LABELS:
        return ranked[:FALLBACK_LABELS], ["outputs without names are no scores: those of highest mean are explained"]
    highest = taggram.scores[taggram.counted].max(axis=0)
    reaching = [i for i in ranked if highest[i] >= min_score]
    best = int(np.argmax(highest))
    note = f"no label reaches {min_score:g} in any window ({taggram.labels[best]!r} reaches {highest[best]:.2f})"
    return reaching or ranked[:FALLBACK_LABELS], [] if reaching else [f"{note}: those of highest mean are explained"]


def _notes(windows: Sequence[Window], taggram: Taggram, separator: Factorization, *, every: bool) -> list[str]:
    """What is not the same everywhere."""
    found, sounding = list(taggram.notes), [window for window in windows if not window.silent]
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
        found.append("each window was split anew: parts of one name need not be one sound")
    return found


def _of_stems(answers: Sequence[Answer], separator: Factorization) -> list[str]:
    """What is to be known of the stems of all windows."""
    named = dict.fromkeys(name for answer in answers for name in answer.names)
    return [*(note for answer in answers for note in answer.notes), *holding_notes(separator.spec, named)]
