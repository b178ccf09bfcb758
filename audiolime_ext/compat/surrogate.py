"""audioLIME's surrogate of one output: a weighted linear fit on the rows that were drawn, by the lime package."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.lime import cosine_distances
from audiolime_ext.components.masks import Masks
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores

Array = NDArray[np.float64]

RIDGE = 1.0
SELECTIONS = ("auto", "forward_selection", "highest_weights", "lasso_path", "none")


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted surrogate.

    Parameters
    ----------
    intercept, score : float
        Intercept, and weighted R² on the rows (NaN for a single row).
    weights : list of (int, float)
        Pairs (component, weight), the greatest size first.
    local_pred : ndarray of float64, shape (1,)
        Prediction for all on.
    """

    intercept: float
    weights: list[tuple[int, float]]
    score: float
    local_pred: Array


@dataclass(frozen=True, eq=False)
class Surrogate:
    """How each output is fitted.

    Parameters
    ----------
    kernel : callable
        Function from distances, (n_rows,), to the rows' weights.
    selection : str
        Way of selecting components, one of `SELECTIONS`.
    regressor : estimator or None
        Regressor with scikit-learn's interface and `sample_weight`; None: ridge regression with penalty 1.
    fit_intercept : bool
        True to give the ridge regression an intercept.
    verbose : bool
        True to print what was fitted.
    """

    kernel: Callable[[Array], Array]
    selection: str = "auto"
    regressor: Any = None
    fit_intercept: bool = True
    verbose: bool = False

    def fit(self, rows: Masks, scores: Scores, distances: Array, column: int, n_features: int) -> Fit:
        """The surrogate of one output on rows (n_rows, n_components) with the model's answers (n_rows, n_outputs)."""
        from lime.lime_base import LimeBase
        from sklearn.linear_model import Ridge

        base = LimeBase(self.kernel, False, np.random.RandomState(0))
        keeps_all = n_features >= rows.shape[1] and self.selection != "lasso_path"
        selection = "none" if keeps_all else self.selection
        regressor = Ridge(RIDGE, fit_intercept=self.fit_intercept) if self.regressor is None else self.regressor
        intercept, pairs, score, local_pred = base.explain_instance_with_data(
            rows.astype(float), scores, distances, column, n_features, selection, copy.deepcopy(regressor)
        )
        if self.verbose:
            print("Intercept:", intercept, "\nPrediction_local:", local_pred)
            print("Right:", scores[0, column], "\nScore:", score)
        weights = [(int(i), float(weight)) for i, weight in pairs]
        return Fit(float(intercept), weights, float(score), np.asarray(local_pred))


def distances_to_all_on(rows: Masks, metric: str) -> Array:
    """Distance of each row to all on, shape (n_rows,).

    Raises
    ------
    UsageError
        If the metric is unknown, or not for such rows.

    Examples
    --------
    >>> distances_to_all_on(np.array([[True, True], [True, False]]), "euclidean")
    array([0., 1.])
    """
    if metric == "cosine":
        return cosine_distances(rows)
    from sklearn.metrics import pairwise_distances

    try:
        found = pairwise_distances(rows.astype(float), np.ones((1, rows.shape[1])), metric=metric)
    except ValueError as error:
        raise UsageError(f"distance_metric {metric!r} cannot be used: {error}") from error
    return np.asarray(found, dtype=np.float64).ravel()
