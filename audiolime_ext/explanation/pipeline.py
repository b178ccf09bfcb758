"""The whole way on one screen: recording → stems → components → masks → mixes → scores → weights → explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.coarse_to_fine import left_whole, way_to_cut
from audiolime_ext.attribution.methods import method_named
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.attribution.told_apart import is_settled
from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.silence import require_sound, silence_warnings
from audiolime_ext.components import components as parts
from audiolime_ext.components.baselines import baseline_name
from audiolime_ext.components.game import Game
from audiolime_ext.components.segments import segment
from audiolime_ext.errors import AudioError
from audiolime_ext.explanation.checks import Checks, shifted_starts
from audiolime_ext.explanation.cross_check import another, compare
from audiolime_ext.explanation.evaluation import (
    asked_again,
    kept_for_checks,
    mask_budget,
    play,
    ranked_column,
)
from audiolime_ext.explanation.excerpt import choose_excerpt
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Scores, Tagger
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_indices, label_names
from audiolime_ext.prediction.loading import resolve_factorization, resolve_tagger
from audiolime_ext.prediction.targets import Target, TargetSpec, clipped_notes, first_labels, make_target, value_names
from audiolime_ext.text import counted


def explain(
    audio: Any,
    predict_fn: Any,
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
    max_evals: int = 1024,
    seed: int = 0,
    settle: int | None = None,
    level_check: bool = True,
    donors: Sequence[Any] = (),
    moments: bool = False,
    cross_check: Factorization | str | None = None,
    sr: int | None = None,
) -> Explanation:
    """Explain a model's prediction for an excerpt by the sources that are in it.

    Parameters
    ----------
    audio
        Anything `load_audio` reads: a path, ``(array, sr)``, an `Audio`, a musdb track, …
    predict_fn
        A tagger, its spec string (``"musicnn:MSD_musicnn"``, ``"package.module:predict"``), or any function from
        float32 (n_batch, n_samples) to (n_batch, n_labels).
    factorization
        A factorization or its spec string.
    labels
        What to explain, by name or number; None: the `top_labels` highest of the excerpt (of the recording, where
        `start_s` is None).
    start_s, duration_s
        The excerpt in seconds. Without a start: the window in which the first label is strongest; a tagger without
        windows is asked about the whole recording. Without a duration: one window.
    segments
        Time segments that each stem is cut into: how many equal ones; inner boundaries in seconds from the excerpt's
        start; ``"beats"`` or ``"onsets"``.
    target
        What of the model's outputs is explained: ``"score"``, ``"log-odds"``, a pair of labels (why the first and not
        the second), or a function of the outputs; see `audiolime_ext.prediction.targets`.
    baseline
        What "off" sounds like: ``"silence"``, ``"noise"``, ``"floor"`` or another recording; see
        `audiolime_ext.components.baselines`.
    method
        ``"shapley"``: Shapley values, exact while all 2ⁿ masks fit the budget; ``"owen"``: whole stems exactly, then
        the segments within those that matter (see `audiolime_ext.attribution.coarse_to_fine`); ``"auto"``: Shapley
        values, but Owen values for segments whose masks do not all fit the budget, and whole stems where it does not
        hold the segments of one stem either, which is noted; ``"lime"``: audioLIME's weighted linear fit;
        ``"banzhaf"``; ``"leave-one-out"``.
    max_evals
        The most mixes that the model is asked about, checks included: four tell whether it answers alike when it is
        asked again (see `audiolime_ext.prediction.repeatability`). These come on top where all masks take the whole
        budget, and up to twelve more where answers differ.
    seed
        For the sample of masks beyond the budget; the same seed gives the same result.
    settle
        Stop sampling masks once so many of the heaviest components of the first label are told apart from the others
        (95 %), see `audiolime_ext.attribution.settle`; the result says whether they were. None: use the budget.
    level_check, donors, moments
        What else could make the score: level (on by default, left out where the budget does not allow it), stems that
        the excerpt lacks (taken from these recordings, or pairs of a recording and its own factorization), the excerpt
        a quarter of a second earlier and later. See `audiolime_ext.explanation.checks`.
    cross_check
        A second factorization, by which the same is explained once more; the result says where they agree. It asks for
        as many mixes again; see `audiolime_ext.explanation.cross_check`.
    sr
        The rate at which a plain function listens, in Hz; by default the recording's own.

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
    how, recording = method_named(method), load_audio(audio)
    model, separator = resolve_tagger(predict_fn, sr=sr), resolve_factorization(factorization)
    other = None if cross_check is None else another(resolve_factorization(cross_check), separator)
    if model.labels is not None:
        make_target(target, model.labels)  # what cannot be meant is said before the long work
    start_s, duration_s, wanted, notes = choose_excerpt(
        recording, model, start_s, duration_s, first_labels(labels, target), top_labels
    )
    grid = Grid.of(model, recording.sr, recording.n_samples)
    inner_s = segment(recording, segments, start_s=start_s, duration_s=duration_s)[1:-1]
    cut = partial(parts.build, grid=grid, duration_s=duration_s, segments=inner_s)
    components = cut(recording, separator, start_s=start_s, baseline=baseline)

    def aim_of(outputs: Scores) -> Target:
        return make_target(target, label_names(model, outputs.shape[1]))

    n_checked = len(components.sources) if level_check else 0
    budget = mask_budget(components.n, max_evals, n_sources=n_checked)
    way = way_to_cut(components.groups, budget) if method == "auto" and settle is None else "all"
    if way == "stem by stem":
        how = method_named("owen")
    if way == "whole":
        components = components.grouped([1] * len(components.groups))
        budget = mask_budget(components.n, max_evals, n_sources=n_checked)
    column = None if settle is None else ranked_column(model, labels, target)
    reading: dict[str, Any] = {"settle": settle, "column": column, "wanted": wanted, "top_labels": top_labels}
    game = Game.of(components, model)
    answered, settled = play(game, components.groups, how, aim_of, max_evals=budget, seed=seed, **reading)
    components, aim = components.grouped(answered.groups), aim_of(answered.scores)
    game = Game.of(components, model, known=answered).of_values(aim.apply)
    neighborhood = replace(answered, scores=aim.apply(answered.scores), groups=components.groups)
    checks = Checks(n_spare=max_evals - len(answered.masks)).with_noise(
        lambda most: asked_again(components, model, answered, aim.apply, most=most)
    )
    if checks.noise is not None:
        checks.noise.require_independence(label_names(model, answered.scores.shape[1]))
    attribution = attribute_noisy(how.attribute, neighborhood, checks.noise)
    if settled and not attribution.exact:
        settled = is_settled(attribution, settle or 1, column=column or 0)

    def ask(signals: Samples) -> Scores:
        return np.asarray(aim.apply(predict(model, grid.cut(signals))))

    if level_check:
        checks = checks.with_level(components, game, ask)
    if donors:
        others = [_donor(donor, separator, duration_s) for donor in donors]
        checks = checks.with_missing(components, [cut(a, own, start_s=middle) for a, own, middle in others], ask)
    if moments:

        def weights_at(start_s: float) -> Scores:
            shifted = cut(recording, separator, start_s=start_s, baseline=baseline).grouped(components.groups)
            values = aim.apply(Game.of(shifted, model)(answered.masks))
            return how.attribute(replace(neighborhood, scores=values)).weights

        starts = shifted_starts(start_s, duration_s, recording.duration_s)
        checks = checks.with_moments(attribution.weights, starts, len(answered.masks), weights_at)

    all_labels, named = value_names(aim, neighborhood.full, wanted, top_labels)
    columns, kept = label_indices(named, all_labels), kept_for_checks(n_checked)
    uncut = left_whole(neighborhood, components.sources, components.n_segments, columns, kept=kept)
    provenance = provenance_of(
        recording,
        separator,
        model,
        max_evals=max_evals,
        seed=seed,
        requested_method=method,
        target=aim.name,
        contrast=aim.contrast,
        settle=settle,
        baseline=baseline_name(baseline),
    )
    found = Explanation(
        named,
        all_labels,
        components,
        neighborhood,
        attribution,
        provenance,
        notes=(
            *notes,
            *clipped_notes(aim, neighborhood.scores),
            *_segment_notes(segments, components, settle),
            *uncut,
            *components.stems.notes,
            *holding_notes(separator.spec, components.sources),
        ),
        warnings=tuple(warnings_of(components, recording, attribution, checks)),
        checks=checks,
        settled=settled,
        game=game,
    )
    if other is None:
        return found
    second = explain(
        recording,
        model,
        factorization=other,
        labels=[all_labels.index(name) for name in named] if aim.keeps_labels else labels,
        top_labels=top_labels,
        start_s=start_s,
        duration_s=duration_s,
        segments=inner_s,
        target=target,
        baseline=baseline,
        method=method,
        max_evals=max_evals,
        seed=seed,
        level_check=False,
    )
    return replace(found, cross_check=compare(found, second, named))


def top_component(
    audio: Any, predict_fn: Any, *, labels: Sequence[str | int] | str | int | None = None, **options: Any
) -> Audio:
    """The component that argues most for the first label, as audio: the one-liner of audioLIME's demonstration.

    Parameters
    ----------
    audio, predict_fn, labels, **options
        As for `explain`.

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
    return explain(audio, predict_fn, labels=labels, **options).top().listen()


def _donor(given: Any, separator: Factorization, duration_s: float) -> tuple[Audio, Factorization, float]:
    """A recording, what splits it, and the start of the excerpt in its middle."""
    source, own = given if isinstance(given, tuple) and hasattr(given[1], "factorize") else (given, separator)
    audio = load_audio(source)
    if audio.duration_s < duration_s:
        raise AudioError(f"the donor {audio.name!r} is {audio.duration_s:.2f} s long; {duration_s:.2f} s are needed")
    start_s = (audio.duration_s - duration_s) / 2
    require_sound(audio, start_s, duration_s)
    return audio, own, start_s


def provenance_of(audio: Audio, separator: Factorization, model: Tagger, **settings: Any) -> Provenance:
    """Where a result comes from; `settings` are the fields of `Provenance` that the caller decides."""
    weights = {built.spec: built.fingerprint for built in (separator, model) if built.spec}
    return Provenance(
        file=audio.path,
        sha256=audio.sha256,
        sr=audio.sr,
        n_channels=audio.n_channels,
        factorization=separator.spec,
        tagger=model.spec,
        versions={"audiolime_ext": version("audiolime-ext"), "numpy": np.__version__, "weights": weights},
        references=(*separator.references, *model.references),
        **settings,
    )


def _segment_notes(segments: Any, components: parts.Components, settle: int | None) -> list[str]:
    if isinstance(segments, str) and components.n_segments == 1:
        return [f"there are no {segments} within the excerpt: it is one segment"]
    if settle is not None and components.n_segments > 1:
        return [
            f"settle draws masks of all {counted(components.n, 'piece')} at once; without it stems come first, then "
            "segments"
        ]
    return []


def warnings_of(components: parts.Components, audio: Audio, attribution: Attribution, checks: Checks) -> list[str]:
    """What the reader of one excerpt's result must know."""
    grid = components.grid
    quiet = silence_warnings(audio, components.start_s, components.duration_s, grid.n_channels)
    found = [*audio.warnings, *quiet, *checks.left_out, *noise_warnings(checks), *rate_warnings(audio, grid)]
    n_samples = components.heard.shape[-1] - grid.lead
    unheard = 0 if grid.window is None else n_samples - (grid.starts(n_samples)[-1] + grid.window)
    if unheard > 0:
        found.append(f"the last {unheard / grid.sr:.2f} s of the excerpt fill no window; the model does not hear them")
    return [*found, *sample_warnings(attribution)]


def noise_warnings(checks: Checks) -> list[str]:
    """That a model does not answer alike when it is asked again."""
    noisy = None if checks.noise is None else checks.noise.warning()
    return [] if noisy is None else [noisy]


def rate_warnings(audio: Audio, grid: Grid) -> list[str]:
    """What a recording of a low rate hides from the model."""
    if audio.sr >= grid.sr:
        return []
    return [
        f"the recording's rate is {audio.sr} Hz and the model's {grid.sr} Hz: "
        f"the model hears nothing above {audio.sr / 2000:g} kHz"
    ]


def sample_warnings(attribution: Attribution) -> list[str]:
    """What sampled weights lack where the sample is small."""
    if attribution.exact or attribution.std_errors is not None:
        return []
    return ["the weights come from a sample of masks and carry no error bars"]
