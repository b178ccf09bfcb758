"""The whole way from a recording and a model to a map of what is relevant, on one screen.

::

    recording ─► windows ─► front end ─► features ─► maps by a method ─► blur ─► one map of the recording

Each window is asked about alone, and its map is kept as soon as it is made (`kept`).
The methods are `METHODS`. What each gives is told where it is made: *integrated* sums to the difference from the
baseline; *gradients* says how the value would change, in its unit per unit of a feature; *smooth-integrated* is the
first over noisy copies; *grad-cam* says where a layer holds what raises the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.cache import Cache, Store
from audiolime_ext.components.baselines import baseline_sha256
from audiolime_ext.errors import ModelError, UsageError, unknown
from audiolime_ext.explanation.provenance import fingerprint_of
from audiolime_ext.gradients import choosing
from audiolime_ext.gradients.arguments import require_numbers
from audiolime_ext.gradients.differentiating import require_gradients
from audiolime_ext.gradients.hearing import Heard, hear, nearest, other_windows, takes_starts
from audiolime_ext.gradients.kept import Question, value_key, window_by_window
from audiolime_ext.gradients.methods.grad_cam import Channels, Order, grad_cam, require_layered
from audiolime_ext.gradients.methods.integrated import FEWEST_STEPS, MOST_STEPS, integrated_gradients
from audiolime_ext.gradients.methods.smoothing import N_DRAWS, N_STEPS, NOISE, blurred, smooth_grad
from audiolime_ext.gradients.relevance import Relevance, joined
from audiolime_ext.gradients.window_facts import WindowFacts
from audiolime_ext.gradients.window_maps import WindowMaps, counting_from
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.capabilities import require_differentiable
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.prediction.repeatability import N_TO_TELL, repeatability
from audiolime_ext.prediction.targets import Target, TargetSpec, make_target, value_names
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.text import counted

METHODS = ("integrated", "gradients", "smooth-integrated", "grad-cam")
BASELINES = ("silence", "mean")
_TOGETHER_S = 1e-3  # starts that are nearer than this are the same


@takes_plain
@tells_progress
def relevance(
    audio: Any,
    model: Any,
    *,
    target: TargetSpec | Target = "score",
    label: str | int | None = None,
    method: str = "integrated",
    baseline: Any = "silence",
    start_s: float = 0.0,
    duration_s: float | None = None,
    at: Sequence[float] | None = None,
    strongest: int | None = None,
    near: float | None = None,
    n_steps: int | None = None,
    most_steps: int = MOST_STEPS,
    noise: float = NOISE,
    n_draws: int = N_DRAWS,
    layer: str | None = None,
    channels: Channels | None = None,
    first: Order | None = None,
    scaled: bool = False,
    blur_frames: float = 0.0,
    blur_bands: float = 0.0,
    seed: int = 0,
    cache: bool = True,
    progress: Told = None,
) -> Relevance:
    """Where in time and frequency a value of a model comes from.

    Parameters
    ----------
    audio : path, (ndarray, int), Audio, …
        Recording, as anything that `audiolime_ext.load_audio` reads.
    model : str or Model
        Model with a front end that can be differentiated, or its spec string.
    target : {"score", "log-odds"}, (str or int, str or int), callable or Target
        Function of the outputs that is explained; of one's own it needs a derivative, as those of
        `audiolime_ext.prediction.similarity` have.
    label : str, int or None
        Label to explain; None: the one of the highest mean value.
    method : {"integrated", "gradients", "smooth-integrated", "grad-cam"}
        Method.
    baseline : {"silence", "mean"}, ndarray, or anything that `audiolime_ext.load_audio` reads but a name
        Beginning of Integrated Gradients: silence after the front end, the mean of all windows of the excerpt, features
        (n_frames, n_bands) or of all windows, or the windows of another song, as an `Audio` or ``(array, sr)``: its
        first with the excerpt's first, and so on; with a window that begins later than these (`at`), one as much later.
    start_s, duration_s : float, float or None
        Start and length of the excerpt in seconds; None: to the end.
    at : sequence of float or None
        Starts of the windows within the excerpt, in seconds, wherever they lie; None: those of `tag`, in order.
    strongest : int or None
        Number of windows to explain, those of the highest value (before it is clipped) that are not silent; None: all.
    near : float or None
        Difference from the baseline's value below which a window is not explained, from 0 on; of gradients, what their
        sizes times the way from silence come to. None: the target's own; 0: all are.
    n_steps, most_steps : int or None, int
        Number of nodes of an integral to begin with (None: 9, and 17 of each noisy copy), and the most.
    noise : float
        Standard deviation of the noise of SmoothGrad, as a share of the range of a window's features.
    n_draws : int
        Number of its noisy copies.
    layer : str or None
        Name of the layer of Grad-CAM.
    channels, first : str or None
        Axes of that layer, see `audiolime_ext.gradients.methods.grad_cam.grad_cam`.
    scaled : bool
        True to scale each window's map of Grad-CAM to 0…1, which hides how windows differ.
    blur_frames, blur_bands : float
        Standard deviations of a blur of the maps along time and across bands; 0: none.
    seed : int
        Random seed.
    cache : bool
        True to keep each window's map on disk as soon as it is made (see `audiolime_ext.gradients.kept`), so that
        nothing is made twice and an interrupted run goes on.
    progress : callable of one Progress, bool or None
        Function that is told how far the work is, see `audiolime_ext.prediction.taggram.tag`.

    Raises
    ------
    UsageError
        If the model or the target has no derivatives, or an argument cannot be used.
    AudioError
        If the recording cannot be read, or is too short for the model; with `strongest`, if the excerpt is silent.
    ModelError
        If the model fails, answers NaN or infinity, its answer to a window depends on what else is in the batch, or its
        gradients are those of another function than its answers: where its vjp answers another value, or where
        integrals along the way miss the change of the value nearly everywhere
        (`audiolime_ext.gradients.methods.integrated`).

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> class Low:  # hears the lowest eight bands
    ...     labels, sr, window_s, hop_s, lead_s, min_s, n_channels = ["low"], 8000, 1.0, 1.0, 0.0, None, 1
    ...     spec = fingerprint = None
    ...     batch_size, references = 4, ()
    ...     front_end = tagger(np.mean, sr=8000, front_end="log-mel:256,128,32").front_end
    ...     def __call__(self, batch):
    ...         return self.front_end(batch)[:, :, :8].mean((1, 2))[:, None]
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         outputs, slope = features[:, :, :8].mean((1, 2))[:, None], np.zeros_like(features)
    ...         slope[:, :, :8] = 1 / slope[0, :, :8].size
    ...         return outputs, features, cotangent_fn(outputs)[:, :, None] * slope
    >>> found = relevance((np.random.default_rng(0).normal(0, 0.1, 16000), 8000), Low())
    >>> found.values.shape, round(float(found.values[:, :8].sum() / found.values.sum()), 3), found.method
    ((123, 32), 1.0, 'integrated gradients')
    """
    drawn: dict[str, Any] = {"noise": noise, "n_draws": n_draws, "seed": seed}
    require_numbers(start_s=start_s, duration_s=duration_s, at=at, strongest=strongest, near=near, **drawn)
    require_numbers(n_steps=n_steps, most_steps=most_steps, blur_frames=blur_frames, blur_bands=blur_bands)
    require_consistent(method, layer=layer, baseline=baseline)
    if scaled and method != "grad-cam":
        raise UsageError(f"scaled is for grad-cam; the maps of {method} keep their unit: leave it out")
    recording, asked = load_audio(audio), load_model(model)
    baseline = baseline if isinstance(baseline, (str, np.ndarray)) else load_audio(baseline)
    require_differentiable(asked)
    if method == "grad-cam":
        require_layered(asked, layer)
    if isinstance(target, Target):
        require_gradients(asked, target)
    excerpt = {"start_s": start_s, "duration_s": duration_s}
    heard = every = hear(recording, asked, **excerpt, at=at)  # type: ignore[arg-type]
    if at is not None and not (isinstance(baseline, str) and baseline == "silence"):
        every = hear(recording, asked, **excerpt)  # type: ignore[arg-type]
    outputs, told = np.asarray(predict(asked, heard.signals[:, None])), tuple[str, ...]()
    aim, called = one_value(target, label, asked, outputs)
    if strongest is not None:
        chosen, told = choosing.strongest(heard, aim.ranking(outputs)[:, 0], strongest, called)
        heard, outputs = heard.only(chosen), outputs[chosen]
    base, base_name, notes = start_of(baseline, heard, every, asked)
    notes = (*notes, *told, *_repeated(asked, heard, outputs))
    near = counting_from(near, aim)
    begun = (N_STEPS if method == "smooth-integrated" else FEWEST_STEPS) if n_steps is None else n_steps
    ways: dict[str, tuple[Callable[..., WindowMaps], dict[str, Any]]] = {
        "integrated": (integrated_gradients, {"n_steps": begun, "most_steps": most_steps, "near": near}),
        "gradients": (smooth_grad, {**drawn, "near": near}),
        "smooth-integrated": (smooth_grad, {**drawn, "of": "integrated", "n_steps": begun, "near": near}),
        "grad-cam": (grad_cam, {"layer": layer, "channels": channels, "first": first, "scaled": scaled}),
    }
    each = _of_each(method, heard, base)
    question = Question(*ways[method], each, asked, aim, value_key(target, aim, called))
    store = Store(Cache.of_user() if cache else None)
    maps = window_by_window(question, heard.features, store, recording=recording.name)
    _require_same(maps, aim.apply(outputs)[:, 0], aim, kept_as=asked.fingerprint if cache else None)
    maps = blurred(maps, frames=blur_frames, bands=blur_bands)
    maps = maps.with_notes(*notes, *heard.notes)
    begin, stop = recording.span(start_s, duration_s)
    excerpt_s = begin / recording.sr, (stop - begin) / recording.sr
    start = (None, None) if maps.base is None else (base_name, _hash_of(baseline))
    return _result(maps, heard, aim, called, start, asked, excerpt_s, seed)


def require_consistent(method: str, *, layer: str | None, baseline: Any) -> None:
    """Refuse an unknown method, and a layer or a baseline that it has no use for; `UsageError`."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if layer is not None and method != "grad-cam":
        raise UsageError(f"a layer is for grad-cam, and {method} is of the features; leave layer out")
    if method in ("gradients", "grad-cam") and not (isinstance(baseline, str) and baseline == "silence"):
        raise UsageError(f"{method} compares with nothing; leave baseline out, or take 'integrated'")


def one_value(
    target: TargetSpec | Target, label: str | int | None, model: Model, outputs: Scores
) -> tuple[Target, str]:
    """The one value that is explained, and its name."""
    aim = target if isinstance(target, Target) else make_target(target, label_names(model, outputs.shape[1]))
    require_gradients(model, aim)
    values = aim.apply(outputs)
    if label is not None and not aim.keeps_labels:
        raise UsageError(f"the target {aim.name} says by itself what is explained; leave label out")
    names, (called,) = value_names(aim, values.mean(axis=0), None if label is None else [label], 1)
    return aim.only(names.index(called)), called


def start_of(given: Any, heard: Heard, every: Heard, model: Model) -> tuple[NDArray[np.float32], str, tuple[str, ...]]:
    """Where the way to the windows begins, its name, and notes.

    `every` has all windows of the excerpt, of which `heard` are some, or between which they lie: what a baseline is
    does not depend on which of them are explained.
    """
    if isinstance(given, str) and given not in BASELINES:
        raise unknown("baseline", given, [*BASELINES, "features", "an Audio of another song"])
    if isinstance(given, str):
        return (
            (heard.silence, given, ()) if given == "silence" else (every.features.mean(axis=0), "the mean window", ())
        )
    if isinstance(given, np.ndarray):
        of_all = given.shape == every.features.shape
        return (given[nearest(heard, every)] if of_all else given), "the given features", ()
    other, number = hear(load_audio(given), model), nearest(heard, every)
    windows, notes = other_windows(other, len(every.features))
    base, late_s = windows[number], heard.starts_s - every.starts_s[number]
    for i in np.flatnonzero(np.abs(late_s) > _TOGETHER_S):  # windows between those of the excerpt
        start_s = other.starts_s[number[i] % len(other.starts_s)] + late_s[i]
        if takes_starts(other.audio, model) and 0 <= start_s <= other.audio.duration_s - other.window_s:
            base[i] = hear(other.audio, model, at=[start_s]).features[0]
    about = f"the baseline is another song, {other.audio.name}: maps say nothing of how near this one is to it"
    return base, f"the windows of {other.audio.name}", (*notes, about)


def _of_each(method: str, heard: Heard, base: NDArray[np.float32]) -> dict[str, Sequence[Any]]:
    """What each window has of its own: where the way to it begins, and the number that its noise follows from.

    That is its start in microseconds, so that its noise is the same whichever other windows are explained.
    """
    each: dict[str, Sequence[Any]] = {}
    if method in ("integrated", "smooth-integrated"):
        each["baseline"] = list(base) if base.shape == heard.features.shape else [base] * len(heard.features)
    if method == "gradients":
        each["silence"] = [heard.silence] * len(heard.features)
    if method in ("gradients", "smooth-integrated"):
        each["numbers"] = [[max(0, round(1e6 * start))] for start in heard.starts_s.tolist()]
    return each


def _repeated(model: Model, heard: Heard, outputs: Scores) -> tuple[str, ...]:
    """A note where the model answers a window differently when it is asked again; `UnfitModel` if beside others."""
    found = repeatability(model, heard.signals[:2, None], most=N_TO_TELL)
    found.require_independence(label_names(model, outputs.shape[1]))
    warning = found.warning()
    return () if warning is None else (warning, "its gradients differ from pass to pass, too: maps hold that chance")


def _require_same(maps: WindowMaps, answered: Scores, aim: Target, *, kept_as: str | None) -> None:
    """Raise `ModelError` where what was differentiated is not what the model answers."""
    if (off := float(np.abs(maps.full - answered).max())) > aim.near / 2:
        old = "; or it was changed and kept its fingerprint, and what is kept is from before: change it, or cache=False"
        raise ModelError(
            f"the model's vjp answers another value of {aim.name} than the model itself (by {off:.3g}): its gradients "
            "are those of another function; its outputs must be those after the activation (or the model answers by "
            f"chance: is dropout on?{'' if kept_as is None else old})"
        )


def _hash_of(baseline: Any) -> str | None:
    """Hash of another song's samples; None: the baseline is none."""
    return baseline_sha256(baseline) if isinstance(baseline, Audio) else None


def _result(
    maps: WindowMaps,
    heard: Heard,
    aim: Target,
    label: str,
    start: tuple[str | None, str | None],
    model: Model,
    excerpt_s: tuple[float, float],
    seed: int,
) -> Relevance:
    offsets = np.round((heard.starts_s - heard.starts_s[0]) / heard.step_s).astype(np.int64)
    values, covered = joined(maps.values, offsets, ~maps.abstained)
    times_s = heard.starts_s[0] + heard.first_s + np.arange(len(values)) * heard.step_s
    columns: list[Any] = [heard.starts_s, maps.full, maps.base, maps.gaps, maps.steps, maps.abstained]
    rows = zip(*([None] * len(maps.full) if one is None else one.tolist() for one in columns), strict=True)
    notes = list(maps.notes)
    overlap = offsets[:-1] + maps.values.shape[1] - offsets[1:]
    if (overlap > 0).any():
        notes.append(
            f"windows overlap by up to {counted(int(overlap.max()), 'frame')}: there the mean of their maps is shown"
        )
    return Relevance(
        values,
        times_s,
        heard.bands_hz,
        heard.top_hz,
        covered,
        tuple(WindowFacts(*row) for row in rows),
        maps.values.sum(axis=1),
        method=maps.method,
        target=aim.name,
        label=label,
        baseline=start[0],
        model=model.spec,
        recording=heard.audio.name,
        sha256=heard.audio.sha256,
        step_s=heard.step_s,
        window_s=heard.window_s,
        excerpt_s=excerpt_s,
        seed=seed,
        notes=tuple(notes),
        cited=tuple(dict.fromkeys((*maps.references, *getattr(model, "references", ())))),
        audio=heard.audio,
        baseline_sha256=start[1],
        fingerprint=fingerprint_of(model),
    )
