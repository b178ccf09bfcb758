"""A map beside an explanation: of the very windows, value and baseline that sources were weighed for.

Its windows are those of the excerpt, or those of the track that are explained and sound. Where sounds are switched off
to another recording, Integrated Gradients start from that one. From white noise they cannot start, since it is drawn
anew for each stem: they start from silence, and `audiolime_ext.gradients.parts.agreement` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.components.baselines import BASELINES
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.gradients.cost import Cost, cost, require_map
from audiolime_ext.gradients.methods.integrated import METHOD
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.track.explanation import TrackExplanation

Explained = Explanation | TrackExplanation
OWN_MAP = "OWN_MAP"
FROM_BASELINE = ("integrated", "smooth-integrated")
_ASKED = {METHOD: "integrated", "SmoothGrad": "gradients", f"SmoothGrad of {METHOD}": "smooth-integrated"}
_OF_LAYER = "Grad-CAM at "


@tells_progress
def map_beside(
    explained: Explained,
    audio: Any,
    model: Any,
    *,
    label: str | int | None = None,
    method: str = "integrated",
    layer: str | None = None,
    baseline: Any = None,
    cache: bool = True,
    progress: Told = None,
) -> Relevance:
    """The map of a label, of what an explanation is of.

    Parameters
    ----------
    explained : Explanation or TrackExplanation
        Explanation by sources.
    audio : path, (ndarray, int), Audio, …
        Its recording, as anything that `audiolime_ext.load_audio` reads.
    model : str or Model
        Its model, which can be differentiated, or the model's spec string.
    label : str, int or None
        Label; None: the first that is explained.
    method : {"integrated", "gradients", "smooth-integrated", "grad-cam"}
        Method, see `audiolime_ext.gradients.pipeline.relevance`.
    layer : str or None
        Name of the layer of Grad-CAM.
    baseline : recording or None
        Recording from which integrals start; None: what sounds are switched off to, or silence where that is noise.
    cache : bool
        True to keep each window's map on disk.
    progress : callable of one Progress, bool or None
        Function that is told how far the work is, see `audiolime_ext.prediction.taggram.tag`.

    Raises
    ------
    UsageError
        If the model or the target has no derivatives, the recording is another, or an argument cannot be used.
    AudioError, ModelError
        If the recording cannot be read, or the model fails.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain, tagger
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
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 24000).astype(np.float32), 8000
    >>> e = explain(hiss, Low(), factorization="hpss", start_s=1.5)
    >>> found = map_beside(e, hiss, Low())
    >>> found.label, [window.start_s for window in found.windows]
    ('low', [1.5])
    """
    require_map(load_model(model), method, layer)
    recording, origin = load_audio(audio), explained.provenance
    if recording.sha256 != origin.sha256:
        raise UsageError(f"{recording.name!r} is not the recording that was explained; give that one")
    if origin.contrast is None and origin.target not in ("score", "log-odds"):
        raise UsageError(
            f"the target {origin.target} is a function of the outputs, whose derivative nothing states; explain a "
            "score, log-odds or a pair of labels, or call relevance() with a Target that has one"
        )
    return relevance(
        recording,
        model,
        target=origin.contrast or origin.target,
        label=None if origin.contrast else explained.column(label),
        method=method,
        layer=layer,
        baseline=_start(origin.settings.baseline if baseline is None else baseline, method),
        seed=origin.settings.seed,
        cache=cache,
        **windows_of(explained, recording),
    )


def cost_beside(explained: Explained, audio: Audio, model: Any, *, method: str, n_values: int) -> Cost:
    """What such maps will cost, by a trial of one window; see `audiolime_ext.gradients.cost.cost`."""
    where = windows_of(explained, audio)
    if "at" not in where:
        return cost(audio, model, method=method, strongest=None, n_values=n_values, **where)
    trial = cost(audio, model, method=method, strongest=1, n_values=n_values, start_s=where["at"][0])
    return replace(trial, n_windows=len(where["at"]), n_explained=len(where["at"]))


def windows_of(explained: Explained, audio: Audio) -> dict[str, Any]:
    """Where an explanation's windows lie in the recording, as arguments of `relevance`."""
    if isinstance(explained, TrackExplanation):
        grid, chosen = explained.grid, [one for one in explained.windows if not one.silent]
        start_s, duration_s = explained.start_s, explained.end_s - explained.start_s
        at = [one.start_s for one in chosen]
    else:
        parts, grid = explained.components, explained.components.grid
        start_s, duration_s = parts.start_s, parts.duration_s
        at = [start_s + first / grid.sr for first in grid.starts(round(duration_s * grid.sr)) or [0]]
    if grid.window is None or grid.fill is not None:
        whole = duration_s >= audio.duration_s - start_s - 0.5 / audio.sr
        return {"start_s": start_s, "duration_s": None if whole else duration_s}
    return {"at": at}


def asked_of(found: Relevance) -> tuple[str, str | None]:
    """Method and layer by which `relevance` makes such a map; `OWN_MAP` where it does not.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> asked_of(SimpleNamespace(method="Grad-CAM at cnn2")), asked_of(SimpleNamespace(method="integrated gradients"))
    (('grad-cam', 'cnn2'), ('integrated', None))
    """
    if found.method.startswith(_OF_LAYER):
        return "grad-cam", found.method.removeprefix(_OF_LAYER)
    return _ASKED.get(found.method, OWN_MAP), None


def all_asked(maps: Sequence[Relevance]) -> tuple[str | None, str | None]:
    """Method and layer of several maps, None where there are none; `OWN_MAP` where they differ."""
    found = dict.fromkeys(map(asked_of, maps))
    if not found:
        return None, None
    return next(iter(found)) if len(found) == 1 else (OWN_MAP, None)


def _start(baseline: Any, method: str) -> Any:
    """Where integrals start; other methods have no use for it."""
    if method not in FROM_BASELINE or (isinstance(baseline, str) and baseline in BASELINES):
        return "silence"
    return load_audio(baseline)
