"""One map against another: where does a layer hold more of what raises one value than of what raises another?

The two are Grad-CAM maps A and B of the same windows at the same layer, of two labels, or of how near a window is to
two songs. Their ratio is log((A + 1e-5) / (B + 1e-5)), within ±3: above zero where A is stronger, 0.69 where it is
twice B. What it hides:

- *How strong either map is.* A ratio is as large where both are next to nothing as where both are at their strongest.
  Look at the two maps beside it. Where both are below 1e-5 it is zero whatever they are.
- *How windows differ*, where maps were scaled to 0…1 window by window: then each window has its own unit.
- *Signs.* Grad-CAM shows what raises a value; what lowers one of the two is in neither map.

Maps of two layers are in units of their own, so that their ratio says nothing: it is refused.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.methods.grad_cam import SCALED, log_ratio
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.window_facts import WindowFacts
from audiolime_ext.gradients.window_maps import WindowMaps


def against(first: Relevance, second: Relevance) -> Relevance:
    """Where one map is stronger than another: log((A + 1e-5) / (B + 1e-5)), within ±3.

    Parameters
    ----------
    first, second : Relevance
        Grad-CAM maps of one layer and of the same windows, see the parameter `at` of
        `audiolime_ext.gradients.pipeline.relevance`.

    Returns
    -------
    Map of the ratio, whose windows have the difference of the two values. Its sounds are those of a ratio: read the
    module's head before listening.

    Raises
    ------
    UsageError
        If the maps are of two recordings, models, layers, methods or sets of windows, one alone is scaled, or one has
        negative values.

    Examples
    --------
    >>> from audiolime_ext.prediction.front_end import LogMel
    >>> from audiolime_ext.gradients.pipeline import relevance
    >>> class Two:  # of a layer with two channels: the low bands and the high ones
    ...     labels, sr, window_s, hop_s, lead_s, min_s, n_channels = ["low", "high"], 8000, 1.0, 1.0, 0.0, None, 1
    ...     spec, fingerprint, layers, channels, batch_size, references = None, None, ("bands",), -1, 4, ()
    ...     front_end = LogMel(8000, 256, 128, 32)
    ...     def at(self, layer): ...
    ...     def activations(self, features, layer):
    ...         halves = np.zeros((*features.shape, 2), np.float32)
    ...         halves[:, :, :16, 0], halves[:, :, 16:, 1] = features[:, :, :16], features[:, :, 16:]
    ...         return halves
    ...     def __call__(self, batch):
    ...         return self.activations(self.front_end(batch), "bands").mean((1, 2))
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         inside = self.activations(features, "bands")
    ...         outputs, n = inside.mean((1, 2)), inside[0, :, :, 0].size
    ...         slope = np.broadcast_to(cotangent_fn(outputs)[:, None, None] / n, inside.shape)
    ...         return outputs, (features if wrt is None else inside), (slope.sum(-1) if wrt is None else slope)
    >>> noise = (np.random.default_rng(0).normal(0, 0.1, 16000), 8000)
    >>> low, high = (relevance(noise, Two(), label=one, method="grad-cam", layer="bands") for one in Two.labels)
    >>> found = against(low, high)
    >>> found.label, float(found.values[:, :16].mean().round(1)), float(found.values[:, 16:].mean().round(1))
    ('low against high', 3.0, -3.0)
    """
    _require_comparable(first, second)
    covered, every = first.covered, np.zeros(1, bool)
    maps = [
        WindowMaps(one.method, one.values[covered][None], np.zeros(1), None, None, None, every, one.notes)
        for one in (first, second)
    ]
    ratio = log_ratio(*maps)
    values = np.zeros(first.values.shape)
    values[covered] = ratio.values[0]
    pairs = zip(first.windows, second.windows, strict=True)
    return replace(
        first,
        values=values,
        windows=tuple(
            WindowFacts(one.start_s, one.value - other.value, None, None, None, False) for one, other in pairs
        ),
        per_window=np.array([values[first.frames_of(i)].sum(axis=0) for i in range(len(first.windows))]),
        method=ratio.method,
        target=first.target if first.target == second.target else f"{first.target} against {second.target}",
        label=f"{first.label} against {second.label}",
        notes=(*ratio.notes, f"the value of a window is that of {first.label} less that of {second.label}"),
        cited=tuple(dict.fromkeys((*first.cited, *second.cited))),
    )


def _require_comparable(first: Relevance, second: Relevance) -> None:
    """Refuse maps whose ratio says nothing."""
    for what, one, other in (
        ("recording", first.sha256, second.sha256),
        ("model", first.model, second.model),
    ):
        if one != other:
            raise UsageError(f"the two maps are of another {what} each; a ratio is of one {what}: give two maps of it")
    if (first.target, first.label) == (second.target, second.label):
        raise UsageError(f"both maps are of {first.label}, so their ratio is 1 everywhere; name another label")
    if first.method != second.method:
        raise UsageError(
            f"one map is by {first.method} and the other by {second.method}: each is on a scale of its own, so their "
            "ratio says nothing; make both by one method, at one layer"
        )
    if [one.start_s for one in first.windows] != [one.start_s for one in second.windows]:
        raise UsageError(
            "the two maps are of other windows; make the second of those of the first: "
            "at=[one.start_s for one in first.windows]"
        )
    if (SCALED in first.notes) != (SCALED in second.notes):
        raise UsageError(
            "one of the two maps is scaled to 0…1 and the other is not; make both with scaled=, or neither"
        )
