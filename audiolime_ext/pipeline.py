"""The whole way on one screen: recording → stems → components → masks → mixes → scores → weights → explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from audiolime_ext import components as parts
from audiolime_ext import registry
from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.audio import Audio, load_audio
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.explanation import Explanation
from audiolime_ext.factorization import Factorization
from audiolime_ext.perturbation import Masks, Neighborhood, Sampling, choose_masks
from audiolime_ext.prediction import (
    FunctionTagger,
    Scores,
    Tagger,
    as_tagger,
    label_indices,
    label_names,
    predict,
)
from audiolime_ext.provenance import Provenance
from audiolime_ext.taggram import Grid, tag

# name → how masks are sampled where not all fit the budget, and the method itself
METHODS: dict[str, tuple[Sampling, Callable[[Neighborhood], Attribution]]] = {
    "auto": ("shapley", shapley_values),
    "shapley": ("shapley", shapley_values),
    "lime": ("uniform", lime),
}


def explain(
    audio: Any,
    predict_fn: Any,
    *,
    factorization: Factorization | str = "spleeter:2stems",
    labels: Sequence[str | int] | str | int | None = None,
    top_labels: int = 3,
    start_s: float | None = None,
    duration_s: float | None = None,
    n_segments: int = 1,
    method: str = "auto",
    max_evals: int = 1024,
    seed: int = 0,
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
    n_segments
        Equal time segments that each stem is cut into.
    method
        ``"auto"`` and ``"shapley"``: Shapley values, exact while all 2ⁿ masks fit the budget; ``"lime"``: audioLIME's
        weighted linear fit.
    max_evals
        The most masks that the model is asked about.
    seed
        For the sample of masks beyond the budget; the same seed gives the same result.
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
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    sampling, attribute = METHODS[method]
    recording = load_audio(audio)
    model, separator = resolve_tagger(predict_fn, sr=sr), resolve_factorization(factorization)
    wanted = [labels] if isinstance(labels, (str, int)) else labels

    start_s, duration_s, wanted, notes = choose_excerpt(recording, model, start_s, duration_s, wanted, top_labels)
    grid = Grid.of(model, recording.sr)
    components = parts.build(recording, separator, grid, start_s=start_s, duration_s=duration_s, n_segments=n_segments)
    chosen = choose_masks(components.n, max_evals=max_evals, sampling=sampling, seed=seed)
    scores = evaluate(components, model, chosen.masks)
    neighborhood = Neighborhood(chosen.masks, chosen.counts, chosen.exhaustive, scores)
    attribution = attribute(neighborhood)

    all_labels = label_names(model, scores.shape[1])
    if wanted is None:
        wanted = [int(i) for i in np.argsort(-neighborhood.full, kind="stable")[:top_labels]]
    named = tuple(all_labels[i] for i in label_indices(wanted, all_labels))
    provenance = _provenance(recording, separator, model, max_evals, seed, method)
    notes = (*notes, *components.stems.notes)
    warnings = tuple(_warnings(components, recording, chosen.exhaustive))
    return Explanation(named, all_labels, components, neighborhood, attribution, provenance, notes, warnings)


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


def evaluate(components: parts.Components, model: Tagger, masks: Masks) -> Scores:
    """The model's scores of each mask, (n_masks, n_labels): every mask is composed and predicted once, in batches."""
    from tqdm import tqdm

    grid = components.grid
    size = max(1, (model.batch_size or 32) // components.n_windows)
    batches = tqdm(
        range(0, len(masks), size), desc="asking the model", unit="batch", delay=1.0, disable=None, leave=False
    )
    return np.concatenate([predict(model, grid.cut(components.heard_mixes(masks[at : at + size]))) for at in batches])


def choose_excerpt(
    audio: Audio,
    model: Tagger,
    start_s: float | None,
    duration_s: float | None,
    labels: Sequence[str | int] | None,
    top_labels: int,
) -> tuple[float, float, Sequence[str | int] | None, tuple[str, ...]]:
    """Start, duration and labels where the user left them open, and a note on what was chosen."""
    if labels is not None and not labels:
        raise UsageError("labels is empty; name at least one label, or None for the highest ones")
    if top_labels < 1:
        raise UsageError(f"top_labels must be at least 1, not {top_labels}")
    if labels is not None and model.labels is not None:
        label_indices(labels, model.labels)  # an unknown label is said before the long work
    grid = Grid.of(model, audio.sr)
    grid.require(round(audio.duration_s * grid.sr), f"{audio.name!r}")
    if duration_s is not None:
        grid.require(round(duration_s * grid.sr), "the excerpt")
    if model.window_s is None:
        begin = start_s or 0.0
        return float(begin), float(audio.duration_s - begin if duration_s is None else duration_s), labels, ()
    length = min(model.window_s, audio.duration_s) if duration_s is None else duration_s
    if start_s is not None:
        return float(start_s), float(length), labels, ()
    taggram = tag(audio, model)
    if labels is None:
        labels = [int(i) for i in np.argsort(-taggram.mean, kind="stable")[:top_labels]]
    column = label_indices(labels, taggram.labels)[0]
    whole = taggram.scores[~taggram.padded, column]
    start = min(float(taggram.times_s[int(np.argmax(whole))]), max(0.0, audio.duration_s - length))
    note = f"the excerpt is where {taggram.labels[column]!r} is strongest of {len(whole)} windows"
    return start, float(length), labels, (note,)


def resolve_tagger(given: Any, *, sr: int | None = None) -> Tagger:
    """The tagger that a spec string names, or that a predict function is; see `as_tagger` and `registry.build`."""
    if not isinstance(given, str):
        return as_tagger(given, sr=sr)
    built = as_tagger(registry.build("tagger", given), sr=sr)
    return replace(built, spec=given) if isinstance(built, FunctionTagger) else built


def resolve_factorization(given: Factorization | str) -> Factorization:
    """The factorization that a spec string names, or the one given.

    Raises
    ------
    UsageError
        If it is none.
    """
    built = registry.build("factorization", given) if isinstance(given, str) else given
    if not callable(getattr(built, "factorize", None)) or isinstance(built, type):
        raise UsageError(f"a factorization has a method factorize(audio, *, start_s, duration_s); got {built!r}")
    return built


def _provenance(
    audio: Audio, separator: Factorization, model: Tagger, max_evals: int, seed: int, method: str
) -> Provenance:
    weights = {built.spec: built.fingerprint for built in (separator, model) if built.spec}
    return Provenance(
        audio.path,
        audio.sha256,
        audio.sr,
        audio.n_channels,
        separator.spec,
        model.spec,
        max_evals,
        seed,
        method,
        versions={"audiolime_ext": version("audiolime-ext"), "numpy": np.__version__, "weights": weights},
        references=(*separator.references, *model.references),
    )


def _warnings(components: parts.Components, audio: Audio, exhaustive: bool) -> list[str]:
    grid, found = components.grid, []
    n_samples = components.heard.shape[-1] - grid.lead
    if audio.sr < grid.sr:
        found.append(
            f"the recording's rate is {audio.sr} Hz and the model's {grid.sr} Hz: "
            f"the model hears nothing above {audio.sr / 2000:g} kHz"
        )
    unheard = 0 if grid.window is None else n_samples - (grid.starts(n_samples)[-1] + grid.window)
    if unheard > 0:
        found.append(f"the last {unheard / grid.sr:.2f} s of the excerpt fill no window; the model does not hear them")
    if not exhaustive:
        found.append("the weights come from a sample of masks and carry no error bars yet")
    return found
