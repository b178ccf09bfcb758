"""Model-parameter randomisation: does an explanation depend on what the model has learned?

An explanation of a trained network must change when its weights are replaced by random ones; one that stays the same
describes the audio, or the explainer, but not the model. Layers are randomised in a cascade from the output down: first
the last layer, then the last two, and so on until none of the training is left. After each step the same excerpt is
explained again, with the same masks, and the weights of its components are compared with the original ones by
Spearman's rank correlation: 1 where they are ranked alike, around 0 where they have nothing in common.

With two components a rank correlation is ±1 and says nothing, with three hardly more: cut the stems into time segments.
A single correlation over n components still scatters by 1/√(n − 1), so means over labels and seeds are reported too.

References
----------
J. Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018. For audioLIME: V. Haunschmid, E. Manilow and
G. Widmer, Towards musically meaningful explanations using source separation, 2020, arXiv:2009.02051.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.methods import method_named
from audiolime_ext.components.game import Game
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.pipeline import explain
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.faithfulness.measure import Array
from audiolime_ext.faithfulness.weighing import pearson
from audiolime_ext.prediction.capabilities import Randomisable
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.kind import ROUNDING
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.targets import TargetSpec, make_target
from audiolime_ext.text import counted, text_table

FEWEST_COMPONENTS = 4
DECORRELATED = 0.5


@dataclass(frozen=True, eq=False)
class RandomisationCheck:
    """How far explanations follow the model's weights.

    Parameters
    ----------
    components, labels : tuple of str
        Names of the components that were ranked, and of the labels for which they were.
    layers : tuple of str
        Names of the layers in the order in which they were randomised; each step keeps those before it randomised.
    correlations : ndarray of float64, shape (n_layers, n_seeds, n_labels)
        Spearman's correlation with the original weights; NaN where a model no longer tells any component from another.
    """

    components: tuple[str, ...]
    labels: tuple[str, ...]
    layers: tuple[str, ...]
    correlations: NDArray[np.float64]

    @property
    def means(self) -> list[float | None]:
        """For each layer, over labels and seeds; None where no correlation is defined."""
        return [_mean(step) for step in self.correlations]

    @property
    def passed(self) -> bool | None:
        """Whether the explanations after the last step no longer follow the original ones.

        That is, whether their mean correlation is below .5 (our threshold; the paper has none). None: the randomised
        model answers the same to every mix, which decides nothing.
        """
        last = self.means[-1]
        return None if last is None else last < DECORRELATED

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object: the mean correlation per layer, and per layer and label; None where undefined."""
        return {
            "components": list(self.components),
            "labels": list(self.labels),
            "layers": list(self.layers),
            "n_seeds": self.correlations.shape[1],
            "correlations": [[_mean(step[:, i]) for i in range(len(self.labels))] for step in self.correlations],
            "means": self.means,
            "passed": self.passed,
        }

    def __str__(self) -> str:
        rows = [
            [layer, *(_cell(_mean(step[:, i])) for i in range(len(self.labels))), _cell(mean)]
            for layer, step, mean in zip(self.layers, self.correlations, self.means, strict=True)
        ]
        return text_table(["randomised down to", *self.labels, "mean"], rows)


def randomisation_check(
    audio: Any,
    model: Any,
    *,
    factorization: Factorization | str,
    layers: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    **options: Any,
) -> RandomisationCheck:
    """Explain an excerpt again and again while the model's weights become random, layer by layer.

    Parameters
    ----------
    audio : path, (ndarray, int), Audio, …
        Recording, as for `audiolime_ext.explain`.
    model : str or Model
        Model, or its spec string, that has ``trained_layers`` and a method ``randomised(layers, seed=…)``, see
        `audiolime_ext.prediction.capabilities.Randomisable`; `audiolime_ext.models.musicnn` has.
    factorization : str or Factorization
        Factorization, or its spec string, as for `audiolime_ext.explain`.
    layers : sequence of str or None
        Names of the layers to randomise, in this order, the output first; None: all of the model's.
    seeds : sequence of int
        Seeds of the random weights; the mean over several scatters less.
    **options : object
        Options of `audiolime_ext.explain`: labels, the excerpt, segments, method, budget, and the seed of the masks.

    Raises
    ------
    UsageError
        If the model cannot be randomised, or the excerpt has too few components for a rank correlation.

    Examples
    --------
    >>> import numpy as np
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 48512).astype(np.float32)
    >>> quick = {"segments": 2, "layers": ["dense"], "factorization": "hpss"}
    >>> found = randomisation_check((hiss, 16000), "musicnn:MTT_vgg", **quick)
    >>> found.layers, found.correlations.shape
    (('dense',), (1, 1, 3))
    """
    named, model = model, load_model(model)
    if not isinstance(model, Randomisable):
        raise UsageError(f"{named!r} cannot be randomised: it lacks `trained_layers` and `randomised(layers, seed=…)`")
    chosen = tuple(model.trained_layers if layers is None else layers)
    if not chosen or not seeds:
        raise UsageError("name at least one layer and one seed")
    options = {"level_check": False, **options}
    original = explain(audio, model, factorization=factorization, **options)
    if len(original.names) < FEWEST_COMPONENTS:
        raise UsageError(
            f"a rank correlation over {counted(len(original.names), 'component')} says nothing; at least "
            f"{FEWEST_COMPONENTS} are needed: cut the stems into time segments"
        )
    columns = [original.column(label) for label in original.labels]

    correlations = np.empty((len(chosen), len(seeds), len(original.labels)))
    for step in range(len(chosen)):
        for at, seed in enumerate(seeds):
            forgetful = model.randomised(chosen[: step + 1], seed=seed)
            weights = _explained_again(original, forgetful, options.get("target", "score"))
            for i, column in enumerate(columns):
                found = spearman(original.attribution.weights[column], weights[column])
                correlations[step, at, i] = np.nan if found is None else found
    return RandomisationCheck(original.names, original.labels, chosen, correlations)


def spearman(a: Array, b: Array) -> float | None:
    """Spearman's rank correlation; None where one row is constant.

    Ties share their mean rank; values that agree to 1e-6, the rounding of float32 scores, are tied.

    Examples
    --------
    >>> import numpy as np
    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.9, 0.2])), 6)
    0.5
    """
    return pearson(_ranks(a), _ranks(b))


def _ranks(values: Array) -> Array:
    _, inverse, counts = np.unique(np.round(values / ROUNDING), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _explained_again(original: Explanation, model: Model, target: TargetSpec) -> Array:
    """Weights (n_outputs, n_components) for the same mixes, when another model hears them."""
    outputs = Game.of(original.components, model)(original.neighborhood.masks)
    aim = make_target(target, label_names(model, outputs.shape[1]))
    answered = replace(original.neighborhood, scores=aim.apply(outputs))
    return method_named(original.provenance.settings.method).attribute(answered).weights


def _mean(values: NDArray[np.float64]) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"
