"""The whole way on one screen: recording → stems → components → masks → mixes → scores → weights → explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.coarse_to_fine import left_whole
from audiolime_ext.attribution.methods import method_named
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.components.baselines import load_baseline
from audiolime_ext.components.masks import MAX_EVALS
from audiolime_ext.components.segments import segment
from audiolime_ext.explanation.caveats import segment_notes, warnings_of
from audiolime_ext.explanation.checks import Checks, shifted_starts
from audiolime_ext.explanation.cross_check import another, compare
from audiolime_ext.explanation.evaluation import Asked, ask_model, kept_for_checks
from audiolime_ext.explanation.excerpt import Excerpt, choose_excerpt
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import provenance_of
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.asking import asking_notes, logit_notes
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.targets import TargetSpec, clipped_notes, first_labels, value_names
from audiolime_ext.progress.stages import Told, tells_progress


@takes_plain
@tells_progress
def explain(
    audio: Any,
    model: Any,
    *,
    factorization: Factorization | str = "spleeter:2stems",
    labels: Sequence[str | int] | str | int | None = None,
    top_labels: int = 3,
    start_s: float | None = None,
    duration_s: float | None = None,
    segments: int | str | Sequence[float] = 1,
    target: TargetSpec = "score",
    baseline: Any = "silence",
    method: str = "auto",
    max_evals: int = MAX_EVALS,
    seed: int = 0,
    settle: int | None = None,
    level_check: bool = True,
    donors: Sequence[Any] = (),
    shifts: bool = False,
    cross_check: Factorization | str | None = None,
    sr: int | None = None,
    progress: Told = None,
) -> Explanation:
    """Explain a model's prediction for an excerpt by the sources that are in it.

    Parameters
    ----------
    audio : path, (array, sr), Audio, musdb track, …
        Recording: anything that `load_audio` reads.
    model : Model, str or callable
        Model, its spec string (``"musicnn:MSD_musicnn"``, ``"package.module:predict"``), any function from float32
        (n_batch, n_samples) to (n_batch, n_labels), or a network of PyTorch or Keras; see `audiolime_ext.tagger`.
    factorization : Factorization or str
        Factorization or its spec string.
    labels : sequence of str or int, str, int or None
        Labels to explain, by name or number; None: the `top_labels` highest of the excerpt (of the recording, where
        `start_s` is None).
    top_labels : int
        Number of labels to explain where `labels` is None.
    start_s, duration_s : float or None
        Start and length of the excerpt in seconds. Without a start: the window in which the first label is strongest;
        a model without windows is asked about the whole recording. Without a duration: one window.
    segments : int, sequence of float, "beats" or "onsets"
        Time segments that each stem is cut into: a number of equal ones, or inner boundaries in seconds from the
        excerpt's start, or at beats or onsets.
    target : {"score", "log-odds"}, pair of labels or callable
        Function of the model's outputs to explain: the score, its log-odds, how far the first label scores above the
        second, or any function; see `audiolime_ext.prediction.targets`.
    baseline : {"silence", "noise", "floor"} or recording
        Sound of what is off; see `audiolime_ext.components.baselines`.
    method : {"auto", "shapley", "owen", "lime", "banzhaf", "leave-one-out"}
        Attribution method. ``"shapley"``: Shapley values, exact while all 2ⁿ masks fit the budget; ``"owen"``: whole
        stems exactly, then the segments within those that matter (see `audiolime_ext.attribution.coarse_to_fine`);
        ``"auto"``: Shapley values, but Owen values for segments whose masks do not all fit the budget, and whole stems
        where it does not hold the segments of one stem either, which is noted; ``"lime"``: audioLIME's weighted linear
        fit; ``"banzhaf"``; ``"leave-one-out"``.
    max_evals : int
        Budget in mixes that the model is asked about, checks included: four tell whether it answers alike when it is
        asked again (see `audiolime_ext.prediction.repeatability`). These come on top where all masks take the whole
        budget, and up to twelve more where answers differ.
    seed : int
        Random seed for sampling masks beyond the budget; the same seed gives the same result.
    settle : int or None
        Number of heaviest components of the first label: sampling stops once they are told apart from the others
        (95 %), see `audiolime_ext.attribution.settle`; the result says whether they were. None: use the budget.
    level_check : bool
        True to ask whether level alone makes the score; left out where the budget does not allow it. This and the two
        that follow: see `audiolime_ext.explanation.checks`.
    donors : sequence of recordings
        Recordings, or pairs of a recording and its own factorization, whose stems are tried where the excerpt lacks
        them.
    shifts : bool
        True to explain the excerpt a quarter of a second earlier and later as well.
    cross_check : Factorization, str or None
        Second factorization, by which the same is explained once more; the result says where they agree. It asks for
        as many mixes again; see `audiolime_ext.explanation.cross_check`.
    sr : int or None
        Sampling rate in Hz at which a plain function listens; None: the recording's own.
    progress : callable of one Progress, bool or None
        Function that is told how far each stage of the work is, at most ten times a second (see
        `audiolime_ext.progress.stages`); False: nothing is shown; None: a bar, or a line now and then in a log.

    Returns
    -------
    Explanation

    Raises
    ------
    AudioError, ModelError, UsageError, MissingError
        See `audiolime_ext.errors`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> hiss = rng.normal(0, 0.05, 32000).astype(np.float32)
    >>> loudness = lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True))
    >>> e = explain((hiss, 16000), loudness, factorization="hpss")
    >>> e.names, e.n_evals
    (('harmonic', 'percussive'), 4)
    """
    method_named(method)
    off = load_baseline(baseline)
    settings = Settings(method, target, off, segments, max_evals, seed, settle, level_check, shifts)
    recording = load_audio(audio)
    model, separator = load_model(model, sr=sr), load_factorization(factorization)
    other = None if cross_check is None else another(load_factorization(cross_check), separator)
    settings.require_target(model.labels)
    start_s, duration_s, wanted, notes = choose_excerpt(
        recording, model, start_s, duration_s, first_labels(labels, target), top_labels
    )
    inner_s = segment(recording, segments, start_s=start_s, duration_s=duration_s)[1:-1]
    excerpt = Excerpt(recording, separator, model, start_s, duration_s, inner_s, off)
    asked = ask_model(model, excerpt.components, settings, labels=labels, wanted=wanted, top_labels=top_labels)
    checks = Checks(n_spare=max_evals - len(asked.outputs.masks)).with_noise(asked.again)
    attribution, settled = asked.attribute(checks.noise, settle)
    about_model = [*asking_notes(model, recording.sr), *logit_notes(model, asked.outputs.scores)]
    checks = _checked(checks, asked, excerpt, attribution, settings, donors)
    all_labels, named = value_names(asked.target, asked.values.full, wanted, top_labels)
    found = Explanation(
        named,
        all_labels,
        asked.components,
        asked.values,
        attribution,
        provenance_of(recording, separator, model, settings, asked.target, asked.output_labels),
        notes=(*notes, *_notes(asked, settings, label_indices(named, all_labels), separator), *about_model),
        warnings=tuple(
            warnings_of(asked.components, recording, asked.values, attribution, checks, kept=_kept(asked, settings))
        ),
        checks=checks,
        settled=settled,
        game=asked.game,
        target=asked.target,
    )
    if other is None:
        return found
    asked_for = [all_labels.index(name) for name in named] if asked.target.keeps_labels else labels
    return replace(found, cross_check=compare(found, _by(other, excerpt, settings, asked_for, top_labels), named))


def _by(separator: Factorization, excerpt: Excerpt, settings: Settings, labels: Any, top_labels: int) -> Explanation:
    """The same excerpt explained by another separator, without checks."""
    return explain(
        excerpt.recording,
        excerpt.model,
        factorization=separator,
        labels=labels,
        top_labels=top_labels,
        start_s=excerpt.start_s,
        duration_s=excerpt.duration_s,
        **vars(replace(settings, segments=excerpt.inner_s, settle=None, level_check=False, shifts=False)),
    )


def _checked(
    checks: Checks, asked: Asked, excerpt: Excerpt, attribution: Attribution, settings: Settings, donors: Sequence[Any]
) -> Checks:
    """The checks that were asked for, as far as the budget goes."""
    plain = attribution if checks.noise is None or checks.noise.alike else asked.how.attribute(asked.values)
    takes_all = settings.settle is None and not plain.exact
    if settings.level_check:
        checks = checks.with_level(asked.components, asked.values_of, asked.signals)
    if donors:
        others = [excerpt.of_donor(one) for one in donors]
        checks = checks.with_missing(asked.components, others, asked.signals, takes_all=takes_all)
    if settings.shifts:
        starts = shifted_starts(excerpt.start_s, excerpt.duration_s, excerpt.recording.duration_s)
        weights, n_masks = attribution.weights, len(asked.outputs.masks)
        checks = checks.with_shifts(
            weights, starts, n_masks, lambda at: asked.weights_of(excerpt.at(at)), takes_all=takes_all
        )
    return checks


def _kept(asked: Asked, settings: Settings) -> int:
    return kept_for_checks(len(asked.components.sources) if settings.level_check else 0)


def _notes(asked: Asked, settings: Settings, columns: Sequence[int], separator: Factorization) -> list[str]:
    components, kept = asked.components, _kept(asked, settings)
    return [
        *clipped_notes(asked.target, asked.values.scores),
        *segment_notes(components, settings),
        *left_whole(asked.values, components.sources, components.n_segments, columns, kept=kept),
        *components.stems.notes,
        *holding_notes(separator.spec, components.sources),
    ]


def top_component(
    audio: Any, model: Any, *, labels: Sequence[str | int] | str | int | None = None, **options: Any
) -> Audio:
    """The component that argues most for the first label, as audio: the one-liner of audioLIME's demonstration.

    Parameters
    ----------
    audio, model, labels, **options : as for `explain`
        Arguments of `explain`.

    Raises
    ------
    NothingArgues
        If no component argues for the label; the message says so.

    Examples
    --------
    >>> import numpy as np
    >>> hiss = np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32)
    >>> loudness = lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True))
    >>> top_component((hiss, 16000), loudness, labels=[0], factorization="hpss").duration_s
    2.0
    """
    return explain(audio, model, labels=labels, **options).top().listen()
