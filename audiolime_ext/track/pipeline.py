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
from typing import Any

import numpy as np

from audiolime_ext.attribution.methods import method_named
from audiolime_ext.components.baselines import load_baseline
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.kind import numbers
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.prediction.targets import TargetSpec, first_labels, make_target, value_names
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.track.asked import ask_track
from audiolime_ext.track.explanation import TrackExplanation
from audiolime_ext.track.size import load_manageable

FALLBACK_LABELS = 3


@takes_plain
@tells_progress
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
    progress: Told = None,
) -> TrackExplanation:
    """Explain a model's prediction for every window of a recording by the sources that are in it.

    Parameters
    ----------
    audio, model, factorization, target, baseline, method, seed, sr, progress : as for `explain`
        Arguments of `explain`. Recordings of up to three hours can be explained.
    labels : sequence of str or int, str, int or None
        Labels to explain, by name or number; None: every label that reaches `min_score` in a window that is explained.
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
    method_named(method)
    recording = load_manageable(audio)
    model, separator = load_model(model, sr=sr), load_factorization(factorization)
    wanted = first_labels(labels, target)
    _require_usable(model, wanted, target, min_score, top_labels)
    settings = Settings(method, target, load_baseline(baseline), 1, max_evals, seed, level_check=False)
    asked = ask_track(recording, model, separator, settings, start_s=start_s, duration_s=duration_s, at=at, cache=cache)
    aim = make_target(target, asked.taggram.labels)
    noise = asked.noise(aim)
    windows = asked.windows(aim, noise)
    seen, where = (asked.taggram, "in any window") if at is None else (asked.heard, "in a window that was chosen")
    wanted, notes = _leading(seen, wanted, min_score, top_labels, where) if aim.keeps_labels else (None, [])
    mean = np.mean([window.neighborhood.full for window in windows if not window.silent], axis=0)
    names = value_names(aim, mean, wanted, top_labels or FALLBACK_LABELS)
    return asked.explained(windows, aim, noise, names, min_score=min_score, notes=notes)


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


def _leading(
    taggram: Taggram, labels: Sequence[str | int] | None, min_score: float, top_labels: int | None, where: str
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
    note = f"no label reaches {min_score:g} {where} ({taggram.labels[best]!r} reaches {highest[best]:.2f})"
    return reaching or ranked[:FALLBACK_LABELS], [] if reaching else [f"{note}: those of highest mean are explained"]
