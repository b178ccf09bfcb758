"""audioLIME's interface of 2021: its explainer, its arguments and its result, over any factorization.

In audioLIME a factorization carried its recording; here `bind` joins the two. The rest is written as before::

    bound = bind("spleeter:5stems", "song.mp3", start_s=30.0, duration_s=3.0)
    e = LimeAudioExplainer(random_state=0).explain_instance(bound, predict_fn, labels=[12], num_samples=1000)
    sources, numbers = e.get_sorted_components(12, negative_components=False, num_components=1, return_indeces=True)

What is the same: the first row is all on, every other switches each component with probability 1/2, and an integer
`random_state` draws exactly the rows that audioLIME drew; rows count by sqrt(exp(−d² / width²)), with d their cosine
distance to all on; the lime package fits a *ridge regression with penalty 1* and selects features; `score` is its
weighted R² on the rows that it was fitted to. The penalty shrinks weights, most where rows are few: where two
components weigh .5 each, .49 is left with 1000 rows and .1 with the four rows of ``num_samples="exhaustive"`` (five
components: .36). `audiolime_ext.explain` has no such penalty.

What differs, on purpose: a mask that was drawn often is predicted once and counts as often as it was drawn; all on is
the recording itself, not the sum of a separator's estimates; `random_seed` is honoured; labels may be arrays or names;
without labels the five highest are explained; of the negative components the strongest comes first.

Reference: Haunschmid, Manilow and Widmer, "audioLIME: Listenable explanations using source separation", MML 2020.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.lime import KERNEL_WIDTH, cosine_distances, exponential_kernel
from audiolime_ext.compat.audio_explanation import AudioExplanation
from audiolime_ext.compat.binding import BoundFactorization
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks, MaskSet, Neighborhood, enumerate_masks
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.function import FunctionModel
from audiolime_ext.prediction.labels import label_indices, label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.text import counted

Array = NDArray[np.float64]

RIDGE = 1.0
N_TOP_LABELS = 5
MOST_COMPONENTS = 20  # of "exhaustive": a million masks
_SELECTIONS = ("auto", "forward_selection", "highest_weights", "lasso_path", "none")


@dataclass(frozen=True, eq=False)
class _Surrogate:
    intercept: float
    weights: list[tuple[int, float]]
    score: float
    local_pred: Array


class LimeAudioExplainer:
    """audioLIME's explainer; see the module for what is the same and what differs.

    Parameters
    ----------
    kernel_width : float
        Width of the kernel in units of the distance, above 0.
    kernel : callable, or None
        Function, called as ``kernel(distances, kernel_width=…)``, that gives the rows' weights; None:
        sqrt(exp(−d² / width²)).
    verbose : bool
        True to print each surrogate's intercept and prediction.
    feature_selection : {"auto", "forward_selection", "highest_weights", "lasso_path", "none"}
        Selection of components, as in lime.
    absolute_feature_sort : bool
        True to sort results by the size of the weights; else they are sorted by the weights.
    random_state : int, numpy.random.RandomState or None
        Seed, or a generator, which then moves on with every explanation; None: 0.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.compat import bind
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = lambda batch: np.abs(batch).max(axis=1, keepdims=True)
    >>> e = LimeAudioExplainer().explain_instance(bind(oracle, oracle.mixture), peak, labels=[0], progress_bar=False)
    >>> e.as_list(0)[0][0], len(e.neighborhood_data), len(e.neighborhood.masks)
    ('loud', 1000, 4)
    """

    def __init__(
        self,
        kernel_width: float = KERNEL_WIDTH,
        kernel: Callable[..., Array] | None = None,
        verbose: bool = False,
        feature_selection: str = "auto",
        absolute_feature_sort: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        if not kernel_width > 0:
            raise UsageError(f"kernel_width must be positive, not {kernel_width!r}")
        if feature_selection not in _SELECTIONS:
            raise unknown("feature_selection", feature_selection, _SELECTIONS)
        self.kernel_width = float(kernel_width)
        self.kernel = kernel
        self.verbose = verbose
        self.feature_selection = feature_selection
        self.absolute_feature_sort = absolute_feature_sort
        self.random_state = random_state

    def explain_instance(
        self,
        factorization: BoundFactorization,
        predict_fn: Any,
        labels: Sequence[int | str] | NDArray[Any] | int | str | None = None,
        top_labels: int | None = None,
        num_reg_targets: int | None = None,
        num_features: int = 100000,
        num_samples: int | Literal["exhaustive"] = 1000,
        batch_size: int = 10,
        distance_metric: str = "cosine",
        model_regressor: Any = None,
        random_seed: int | None = None,
        fit_intercept: bool = True,
        progress_bar: bool = True,
    ) -> AudioExplanation:
        """Explain a prediction.

        Parameters
        ----------
        factorization : BoundFactorization
            Factorization and excerpt, joined by `bind`.
        predict_fn : Model, str or callable
            Model, its spec string, or any function from float32 (n_batch, n_samples) to (n_batch, n_labels).
        labels : int, str, sequence of these, ndarray or None
            Outputs to explain, by number or name.
        top_labels : int or None
            Number of the highest outputs to explain; `labels` is then ignored.
        num_reg_targets : int or None
            Number of the first outputs to explain, for regressors; excludes the two above. Without any of the three the
            five highest outputs are explained.
        num_features : int
            Largest number of components with a weight.
        num_samples : int or "exhaustive"
            Number of rows to draw, the first of which is all on; ``"exhaustive"``: every mask once.
        batch_size : int
            Largest number of signals that `predict_fn` is given at a time; a model of a class of its own uses its own.
        distance_metric : str
            Name of the metric: ``"cosine"``, or another that ``sklearn.metrics.pairwise_distances`` knows.
        model_regressor : estimator or None
            Regressor with scikit-learn's interface and `sample_weight`; None: ridge regression with penalty 1.
        random_seed : int or None
            Seed of the rows; None: the explainer's `random_state`.
        fit_intercept : bool
            True to give the ridge regression an intercept; a `model_regressor` has its own setting.
        progress_bar : bool
            True to show progress on a terminal.

        Raises
        ------
        AudioError, ModelError, UsageError, MissingError
            See `audiolime_ext.errors`.
        """
        from sklearn.linear_model import Ridge

        if num_reg_targets is not None and (labels is not None or top_labels is not None):
            raise UsageError("give labels or top_labels for a classifier, num_reg_targets for a regressor; not both")
        numbers = {"top_labels": top_labels, "num_reg_targets": num_reg_targets, "num_features": num_features}
        _require_positive(
            **numbers, batch_size=batch_size, num_samples=None if num_samples == "exhaustive" else num_samples
        )
        if not isinstance(factorization, BoundFactorization):
            raise UsageError(f"explain_instance needs bind(factorization, audio, …), not {factorization!r}")
        model = load_model(predict_fn)
        if isinstance(model, FunctionModel):
            model = replace(model, batch_size=min(batch_size, model.batch_size or batch_size))

        components = factorization.components(model)
        drawn = self._draw(components.n, num_samples, random_seed)
        masks, rows = distinct(drawn)
        counts = np.bincount(rows, minlength=len(masks)).astype(np.int64)
        game = Game.of(components, model, progress=progress_bar)
        neighborhood = game.played(MaskSet(masks, counts, len(masks) == 2**components.n))
        names = label_names(model, neighborhood.scores.shape[1])
        if labels is None and num_reg_targets is None:
            top_labels = top_labels or N_TOP_LABELS
        wanted = _wanted(labels, top_labels, num_reg_targets, neighborhood, names)

        distances, scores = _distances(drawn, distance_metric), neighborhood.scores[rows]
        regressor = Ridge(RIDGE, fit_intercept=fit_intercept) if model_regressor is None else model_regressor
        fits = {column: self._fit(drawn, scores, distances, column, num_features, regressor) for column in wanted}
        return AudioExplanation(
            components,
            names,
            neighborhood,
            rows,
            local_exp={column: fit.weights for column, fit in fits.items()},
            intercept={column: fit.intercept for column, fit in fits.items()},
            score={column: fit.score for column, fit in fits.items()},
            local_pred={column: fit.local_pred for column, fit in fits.items()},
            distance=dict.fromkeys(wanted, distances),
            top_labels=None if top_labels is None else wanted,
        )

    def _draw(self, n: int, num_samples: int | Literal["exhaustive"], seed: int | None) -> Masks:
        """Rows in the order of the fit, shape (n_rows, n); the first is all on."""
        if num_samples == "exhaustive":
            if n > MOST_COMPONENTS:
                raise UsageError(
                    f"{counted(n, 'component has', 'components have')} {2**n} masks; give num_samples a number "
                    "instead of 'exhaustive'"
                )
            return enumerate_masks(n)[::-1]
        rng = _random_state(self.random_state if seed is None else seed)
        if seed is None:
            rng.randint(0, high=1000)  # audioLIME drew a seed here, which it never used
        drawn = rng.randint(0, 2, num_samples * n).reshape(num_samples, n) == 1
        drawn[0] = True
        return np.asarray(drawn)

    def _fit(
        self, drawn: Masks, scores: Scores, distances: Array, column: int, num_features: int, regressor: Any
    ) -> _Surrogate:
        """The surrogate of one output, fitted by the lime package."""
        from lime.lime_base import LimeBase

        kernel = self.kernel or (lambda d, kernel_width: exponential_kernel(d, kernel_width))
        base = LimeBase(lambda d: kernel(d, kernel_width=self.kernel_width), self.verbose, np.random.RandomState(0))
        keeps_all = num_features >= drawn.shape[1] and self.feature_selection != "lasso_path"
        selection = "none" if keeps_all else self.feature_selection
        intercept, pairs, score, local_pred = base.explain_instance_with_data(
            drawn.astype(float), scores, distances, column, num_features, selection, copy.deepcopy(regressor)
        )
        weights = [(int(i), float(weight)) for i, weight in pairs]  # by size already
        if not self.absolute_feature_sort:
            weights.sort(key=lambda pair: -pair[1])
        return _Surrogate(float(intercept), weights, float(score), np.asarray(local_pred))


def distinct(drawn: Masks) -> tuple[Masks, NDArray[np.int64]]:
    """The different masks among those drawn, with all off and all on, and which of them each row is.

    Examples
    --------
    >>> import numpy as np
    >>> masks, rows = distinct(np.array([[True, True], [True, False], [True, True]]))
    >>> masks.astype(int).tolist(), rows.tolist()
    ([[0, 0], [1, 0], [1, 1]], [2, 1, 2])
    """
    off = np.zeros((1, drawn.shape[1]), dtype=bool)
    masks, rows = np.unique(np.concatenate([off, drawn]), axis=0, return_inverse=True)
    return masks, rows.reshape(-1)[1:].astype(np.int64)


def _distances(drawn: Masks, metric: str) -> Array:
    if metric == "cosine":
        return cosine_distances(drawn)
    from sklearn.metrics import pairwise_distances

    try:
        found = pairwise_distances(drawn.astype(float), np.ones((1, drawn.shape[1])), metric=metric)
    except ValueError as error:
        raise UsageError(f"distance_metric {metric!r} cannot be used: {error}") from error
    return np.asarray(found, dtype=np.float64).ravel()


def _random_state(seed: Any) -> np.random.RandomState:
    try:
        return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed or 0)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{seed!r} is not a seed: {error}") from error


def _wanted(
    labels: Any, top_labels: int | None, num_reg_targets: int | None, neighborhood: Neighborhood, names: Sequence[str]
) -> list[int]:
    if num_reg_targets is not None:
        return label_indices(range(num_reg_targets), names)
    if top_labels is not None:
        return [int(i) for i in np.argsort(-neighborhood.full, kind="stable")[:top_labels]]
    given = [labels] if isinstance(labels, str) else np.atleast_1d(np.asarray(labels, dtype=object)).tolist()
    if not given:
        raise UsageError("labels is empty; name at least one label, or give None for the highest ones")
    return label_indices(given, names)


def _require_positive(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and (not isinstance(number, (int, np.integer)) or number < 1):
            raise UsageError(f"{name} must be a positive number, not {number!r}")
