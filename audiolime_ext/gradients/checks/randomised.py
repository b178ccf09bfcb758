"""Does a map depend on what the model has learned? The same map, of the same network with random weights.

Layers are randomised in a cascade from the output down, as `audiolime_ext.faithfulness.randomisation` does for weights
of components; after each step the map is made again with the same options. Two maps of a window are compared by
*Spearman's correlation of the sizes of their cells*, without the sign:

- A rank correlation has no choices in it. Structural similarity (SSIM), which is used for images beside it, depends on
  the width of its window, its constants and the range of the map, and is high for any two smooth maps.
- A random output layer turns signs at random; a map that only draws the sound's outline would then seem to have changed
  where it has not.

A size of relevance in Integrated Gradients is a difference of features times a slope. So part of the likeness of two
maps is that of the sound with itself, which no weights can take away. The correlation of the map with the size of that
difference is told beside: a random network's map that is as like to the map as the sound is shows the sound alone.

References
----------
J. Adebayo et al.: Sanity checks for saliency maps, NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.randomisation import DECORRELATED, spearman
from audiolime_ext.gradients.checks.again import ALWAYS_MADE, ask_again, maps_of, numbers_of, stated_target, where_of
from audiolime_ext.gradients.checks.mean import Mean
from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.pipeline import relevance as relevance_of
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import recording_of
from audiolime_ext.prediction.capabilities import Randomisable
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.targets import Target, TargetSpec
from audiolime_ext.text import minus, text_table


@dataclass(frozen=True, eq=False)
class MapRandomisation:
    """How far a map follows the model's weights.

    Parameters
    ----------
    label, method : str
        Names of the value and of the map's method.
    layers : tuple of str
        Names of the layers in the order in which they were randomised; each step keeps those before it randomised.
    correlations : ndarray of float64, shape (n_layers, n_seeds, n_windows)
        Spearman's correlation of the sizes of cells with those of the original map; NaN where a map is constant.
    with_sound : ndarray of float64, shape (n_windows,)
        The same correlation of the original map with the windows' distance from the baseline, feature by feature.
    """

    label: str
    method: str
    layers: tuple[str, ...]
    correlations: NDArray[np.float64]
    with_sound: NDArray[np.float64]

    @property
    def means(self) -> tuple[Mean, ...]:
        """For each step, over windows (of which each is a mean over seeds), with an interval."""
        return tuple(Mean.over(_over_seeds(step)) for step in self.correlations)

    @property
    def passed(self) -> bool | None:
        """Whether maps of the network without training no longer follow the original one.

        That is, whether their mean correlation after the last step is below .5, as in
        `audiolime_ext.faithfulness.randomisation`. None: those maps are constant, which decides nothing.
        """
        last = self.means[-1].value
        return None if last is None else last < DECORRELATED

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "label": self.label,
            "method": self.method,
            "layers": list(self.layers),
            "n_seeds": self.correlations.shape[1],
            "n_windows": self.correlations.shape[2],
            "means": [vars(one) for one in self.means],
            "with_sound": vars(Mean.over(self.with_sound)),
            "passed": self.passed,
        }

    def __str__(self) -> str:
        rows = [[layer, str(mean)] for layer, mean in zip(self.layers, self.means, strict=True)]
        told = {
            True: "the map depends on what the network has learned",
            False: "the map stays much the same without what the network has learned",
            None: "maps of the random network are constant, which decides nothing",
        }[self.passed]
        sound = f"the map's correlation with the sound itself, for comparison: {Mean.over(self.with_sound)}"
        table = text_table(["randomised down to", f"{self.label} by {self.method}"], rows)
        return minus("\n".join([table, "", told, sound]))


def random_maps(
    relevance: Relevance,
    model: Any,
    *,
    layers: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    target: TargetSpec | Target | None = None,
    audio: Audio | None = None,
    **options: Any,
) -> tuple[Relevance, ...]:
    """The map again, of the same network with random weights: one for each seed.

    Parameters
    ----------
    relevance : Relevance
        Map.
    model : str or Model
        Model that it is of, or its spec string; it can be randomised and differentiated.
    layers : sequence of str or None
        Names of the layers to randomise; None: all that hold weights.
    seeds : sequence of int
        Seeds of the random weights.
    target : as in `audiolime_ext.gradients.pipeline.relevance`, or None
        Target of the map; None: its name says all, as those of scores and log-odds do.
    audio : Audio or None
        Recording, of a map that was loaded; None: the one at hand.
    **options : object
        Options that the map was made with: method, baseline, steps, …

    Returns
    -------
    Maps on the same grid, of the same windows. All of these are explained, also where the random network says the same
    of sound and silence.

    Raises
    ------
    UsageError
        If the model cannot be randomised, or the options make another kind of map.
    """
    loaded, wanted = load_model(model), stated_target(relevance, target)
    asked = require_randomisable(loaded)
    chosen = tuple(asked.trained_layers if layers is None else layers)
    if not chosen or not seeds:
        raise UsageError("name at least one layer and one seed")
    keeps = wanted in ALWAYS_MADE if isinstance(wanted, str) else False
    recording = recording_of(relevance, audio)
    given = {"near": 0.0, **options, "strongest": None, **where_of(relevance, recording, loaded)}
    given["label"] = relevance.label if keeps else None
    made = [relevance_of(recording, asked.randomised(chosen, seed=seed), target=wanted, **given) for seed in seeds]
    for one in made:
        if (one.method, one.label, one.baseline) != (relevance.method, relevance.label, relevance.baseline):
            raise UsageError(
                f"the map is of {relevance.label} by {relevance.method} from {relevance.baseline}, and the options "
                f"make one of {one.label} by {one.method} from {one.baseline}; give those that it was made with"
            )
    return tuple(made)


def map_randomisation(
    relevance: Relevance,
    model: Any,
    *,
    layers: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    target: TargetSpec | Target | None = None,
    baseline: Any = "silence",
    audio: Audio | None = None,
    **options: Any,
) -> MapRandomisation:
    """Make a map again and again while the model's weights become random, layer by layer.

    Parameters
    ----------
    relevance, model, seeds, target, audio, **options : as in `random_maps`
        Map, and what it was made with.
    layers : sequence of str or None
        Names of the layers to randomise, in this order, the output first; None: all of the model's.
    baseline : as in `audiolime_ext.gradients.pipeline.relevance`
        Baseline of the map.

    Raises
    ------
    UsageError
        If the model cannot be randomised, no window is explained, or the options make another kind of map.
    """
    asked = require_randomisable(load_model(model))
    again = ask_again(relevance, asked, target=target, baseline=baseline, audio=audio)
    if not len(again.maps):
        raise UsageError("no window of the map is explained, so there is nothing to compare")
    if relevance.baseline is not None:
        options["baseline"] = baseline
    chosen = tuple(asked.trained_layers if layers is None else layers)
    given = {"seeds": seeds, "target": target, "audio": audio, **options}
    steps = [random_maps(relevance, asked, layers=chosen[: i + 1], **given) for i in range(len(chosen) or 1)]
    found = [[_alike(again.maps, _of_windows(one, relevance)[again.explained]) for one in step] for step in steps]
    sound = np.abs(again.features.astype(np.float64) - again.base)
    return MapRandomisation(relevance.label, relevance.method, chosen, np.array(found), _alike(again.maps, sound))


def require_randomisable(model: Any) -> Randomisable:
    """The model itself; `UsageError` where its weights cannot be replaced."""
    if not isinstance(model, Randomisable):
        named = getattr(model, "spec", None) or type(model).__name__
        raise UsageError(f"{named} cannot be randomised: it lacks `trained_layers` and `randomised(layers, seed=…)`")
    return model


def _of_windows(one: Relevance, relevance: Relevance) -> Floats:
    """The maps of those windows that another map has, too."""
    return maps_of(one)[numbers_of(relevance, np.array([window.start_s for window in one.windows]))]


def _alike(one: Floats, other: Floats) -> Floats:
    """The rank correlation of sizes, window by window, shape (n_windows,)."""
    found = [spearman(_sizes(a), _sizes(b)) for a, b in zip(one, other, strict=True)]
    return np.array([np.nan if value is None else value for value in found])


def _sizes(cells: Floats) -> Floats:
    """Sizes as shares of the largest, so that ties are those of rounding whatever the unit."""
    sizes = np.abs(cells).ravel()
    return np.asarray(sizes / (sizes.max() or 1.0))


def _over_seeds(step: Floats) -> Floats:
    """The mean over seeds of each window's correlations; NaN where none is defined."""
    known = ~np.isnan(step)
    return np.where(known.any(axis=0), np.where(known, step, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
