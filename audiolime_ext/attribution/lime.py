"""LIME: a linear model fitted to the answers, weighted by how near each mask is to "all on".

The default kernel is audioLIME's: sqrt(exp(−d² / width²)) of the cosine distance to the unperturbed recording, width
.25. Weighted least squares for all outputs at once; no ridge unless it is asked for, because a penalty shrinks weights
(with the four masks of two stems, ridge 1 leaves a quarter of the truth). With the same masks, scores, kernel and
ridge the weights equal those of ``lime.lime_base.LimeBase`` to 1e-8.

A sample's standard errors are those of drawing masks. "All off" and "all on" are in every sample and so count for more
than they do among all masks; that moves the weights by about as much as one draw does, and the two are treated as a
draw. With a ridge these are errors about the shrunken weights. Where features were selected none are given, as the
selection varies, too.

References: Ribeiro, Singh and Guestrin, KDD 2016; Haunschmid, Manilow and Widmer, "audioLIME: Listenable explanations
using source separation", MML 2020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.intervals import enough_for_intervals, in_pairs, paired_covariance, standard_errors
from audiolime_ext.components.masks import Masks, Neighborhood

Array = NDArray[np.float64]

KERNEL_WIDTH = 0.25

_REFERENCES = (
    """@inproceedings{ribeiro2016why,
  author = {Ribeiro, Marco Tulio and Singh, Sameer and Guestrin, Carlos},
  title = {"{W}hy Should {I} Trust You?": Explaining the Predictions of Any Classifier},
  booktitle = {Proc. of the 22nd ACM SIGKDD International Conference on Knowledge Discovery and Data Mining},
  year = {2016}
}""",
)


def cosine_distances(masks: Masks) -> Array:
    """Cosine distance of each mask to "all on", shape (n_masks,); 1 for "all off".

    Examples
    --------
    >>> import numpy as np
    >>> cosine_distances(np.array([[False, False], [True, True]]))
    array([1., 0.])
    """
    return np.asarray(1.0 - np.sqrt(masks.mean(axis=1)))


def exponential_kernel(distances: Array, width: float = KERNEL_WIDTH) -> Array:
    """LIME's kernel, sqrt(exp(−d² / width²)).

    Examples
    --------
    >>> import numpy as np
    >>> exponential_kernel(np.array([0.0, 0.25])).round(3)
    array([1.   , 0.607])
    """
    return np.asarray(np.sqrt(np.exp(-(distances**2) / width**2)))


def weighted_least_squares(masks: Masks, scores: Array, weights: Array, *, ridge: float = 0.0) -> tuple[Array, Array]:
    """Coefficients (n_outputs, n_components) and intercepts (n_outputs,) of the weighted linear fit.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_masks, n_components)
        Masks.
    scores : ndarray of float64, shape (n_masks, n_outputs)
        The model's answers to them.
    weights : ndarray of float64, shape (n_masks,)
        Weights of the masks in the fit, not negative.
    ridge : float
        Penalty on the squared coefficients, not on the intercept; 0: none. Where there are too few masks, the smallest
        solution is taken.
    """
    share = weights / weights.sum()
    centre, level = share @ masks, share @ scores
    root = np.sqrt(weights)[:, None]
    design, target = (masks - centre) * root, (scores - level) * root
    if ridge > 0:
        n = masks.shape[1]
        design = np.concatenate([design, np.sqrt(ridge) * np.eye(n)])
        target = np.concatenate([target, np.zeros((n, scores.shape[1]))])
    coefficients, *_ = np.linalg.lstsq(design, target, rcond=None)
    return coefficients.T, np.asarray(level - centre @ coefficients)


def lime(
    neighborhood: Neighborhood,
    *,
    kernel_width: float = KERNEL_WIDTH,
    ridge: float = 0.0,
    n_features: int | None = None,
    feature_selection: str = "auto",
) -> Attribution:
    """Weights of LIME's linear surrogate for all outputs at once.

    Parameters
    ----------
    neighborhood : Neighborhood
        Evaluated masks.
    kernel_width, ridge : float
        Width of the kernel and penalty of the fit (see the module); the result states both.
    n_features : int or None
        Number of components to keep for each output, chosen by ``lime.lime_base.LimeBase.feature_selection``; None:
        all.
    feature_selection : {"auto", "forward_selection", "highest_weights", "lasso_path"}
        Method of that choice.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(3)
    >>> scores = chosen.masks @ np.array([[0.5], [0.0], [-0.25]]) + 0.1
    >>> lime(Neighborhood(chosen.masks, chosen.counts, True, scores)).weights.round(6) + 0.0
    array([[ 0.5 ,  0.  , -0.25]])
    """
    masks, scores = neighborhood.masks, neighborhood.scores
    weights = exponential_kernel(cosine_distances(masks), kernel_width) * neighborhood.counts
    if n_features is None:
        coefficients, intercept = weighted_least_squares(masks, scores, weights, ridge=ridge)
    else:
        coefficients, intercept = _sparse(masks, scores, weights, ridge, n_features, feature_selection)
    covariance, dof = sampling_error(neighborhood, weights, coefficients, intercept, ridge=ridge)
    if n_features is not None and not neighborhood.exhaustive:
        covariance, dof = None, None
    return Attribution(
        "lime",
        coefficients,
        None if covariance is None else standard_errors(covariance),
        neighborhood.exhaustive,
        intercept=intercept,
        fidelity=_fidelity(neighborhood, weights, coefficients, intercept, ridge),
        settings={"kernel": f"exponential, cosine distance, width {kernel_width:g}", "ridge": ridge},
        references=_REFERENCES,
        covariance=covariance,
        dof=dof,
    )


def sampling_error(
    neighborhood: Neighborhood, weights: Array, coefficients: Array, intercept: Array, *, ridge: float = 0.0
) -> tuple[Array | None, float | None]:
    """Covariance of a weighted linear fit's coefficients, (n_outputs, n, n), and its degrees of freedom.

    Zeros and None where every mask was evaluated; None and None where the sample is too small to tell.

    Parameters
    ----------
    neighborhood : Neighborhood
        Evaluated masks.
    weights : ndarray of float64, shape (n_masks,)
        Weights of the masks in the fit, times the number of times that each was drawn.
    coefficients : ndarray of float64, shape (n_outputs, n)
        Coefficients of the fit.
    intercept : ndarray of float64, shape (n_outputs,)
        Intercepts of the fit.
    ridge : float
        Penalty of the fit, see `weighted_least_squares`.
    """
    masks, counts = neighborhood.masks, neighborhood.counts
    if neighborhood.exhaustive:
        return np.zeros((*coefficients.shape, masks.shape[1])), None
    if not enough_for_intervals(masks, counts):
        return None, None
    design = np.concatenate([np.ones((len(masks), 1)), masks], axis=1)
    contrasts = np.eye(design.shape[1])[1:]
    found = paired_covariance(
        in_pairs(design),
        in_pairs(weights / counts),
        in_pairs(neighborhood.scores - masks @ coefficients.T - intercept),
        counts[: len(counts) // 2],
        contrasts=contrasts,
        heaviest=np.abs(coefficients).max(axis=1),
        ridge=ridge * contrasts.T @ contrasts,
    )
    return (None, None) if found is None else found


def _sparse(
    masks: Masks, scores: Array, weights: Array, ridge: float, n_features: int, method: str
) -> tuple[Array, Array]:
    from lime.lime_base import LimeBase

    selector = LimeBase(kernel_fn=None, random_state=np.random.RandomState(0))
    rows = masks[::-1].astype(float)
    coefficients, intercept = np.zeros((scores.shape[1], masks.shape[1])), np.zeros(scores.shape[1])
    for output in range(scores.shape[1]):
        target = scores[::-1, output]  # the package takes its first row to be the unperturbed recording
        used = np.sort(selector.feature_selection(rows, target, weights[::-1], n_features, method))
        fitted, level = weighted_least_squares(masks[:, used], scores[:, output : output + 1], weights, ridge=ridge)
        coefficients[output, used], intercept[output] = fitted[0], level[0]
    return coefficients, intercept


def _fidelity(neighborhood: Neighborhood, weights: Array, coefficients: Array, intercept: Array, ridge: float) -> Array:
    """R² over the distinct masks, each counted once: of the fit itself if it saw all masks, else held out (5 folds).

    NaN where one residual degree of freedom or none is left, or where the scores do not vary.
    """
    masks, scores = neighborhood.masks, neighborhood.scores
    n_masks, n = masks.shape
    if n_masks <= n + 2:
        return np.full(scores.shape[1], np.nan)
    if neighborhood.exhaustive:
        predicted = masks @ coefficients.T + intercept
    else:
        predicted = np.empty_like(scores)
        fold = np.minimum(np.arange(n_masks), np.arange(n_masks)[::-1]) % 5  # a mask and its opposite share a fold
        for held in range(5):
            fitted, level = weighted_least_squares(
                masks[fold != held], scores[fold != held], weights[fold != held], ridge=ridge
            )
            predicted[fold == held] = masks[fold == held] @ fitted.T + level
    error, spread = ((scores - predicted) ** 2).sum(axis=0), ((scores - scores.mean(axis=0)) ** 2).sum(axis=0)
    return np.where(spread > 1e-18, 1.0 - error / np.where(spread > 1e-18, spread, 1.0), np.nan)
