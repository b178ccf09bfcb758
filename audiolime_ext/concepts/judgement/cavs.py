"""Concept activation vectors, many at a time: directions that lead from random patches to those of a concept.

A CAV is the weight vector w of a logistic regression that tells a concept's patches from others by a layer's
activations x (Kim et al. 2018). It minimises

    Σ log(1 + exp(−y (w·x + b))) + strength/2 |w|²,        y = ±1

as scikit-learn's `LogisticRegression(C=1 / strength)` does. At the minimum w = Σ α x, a sum over the patches, so
nothing but their inner products is needed: of m patches a matrix (m, m), however many features the layer has. Then

- what a CAV answers to a patch is a sum of inner products with those it was made of, and
- the *directional derivative* of a value along it is the same sum of inner products of the value's gradient with them.

All of a null distribution, thousands of CAVs of 80 patches, is one batch of small linear systems (Newton's method),
and neither a CAV nor an activation is handled twice. All begin where the first CAV of a batch ended, with its mean
margin, which saves a third of the steps. Everything is float64.

References
----------
B. Kim et al.: Interpretability Beyond Feature Attribution: Quantitative Testing with Concept Activation Vectors (TCAV),
ICML 2018. J. Zhu, T. Hastie: Kernel Logistic Regression and the Import Vector Machine, NeurIPS 2001.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import ModelError
from audiolime_ext.text import share_of

Floats = NDArray[np.float64]

STRENGTH = 1.0
_MOST_STEPS, _SMALL = 100, 1e-9
_SETTLED = 1e-5  # of the largest weight: a step of Newton's method is about the square of the one before it
_LEAST_WEIGHT = 1e-10  # of a patch that is told apart for certain


@dataclass(frozen=True, eq=False)
class Cavs:
    """Directions as sums over the patches that they were made of.

    Parameters
    ----------
    alphas : ndarray of float64, shape (n_cavs, n_patches)
        Weight of each patch's activations.
    intercepts : ndarray of float64, shape (n_cavs,)
        Intercepts of the regressions.
    lengths : ndarray of float64, shape (n_cavs,)
        Length of each direction, in the activations' unit inverted; infinite where the concept's patches are the same
        as the others in this layer, so that no direction leads to them: its derivatives and its step are 0.
    steps : ndarray of float64, shape (n_cavs,)
        Distance along each direction from the mean of the other patches to the mean of the concept's.
    """

    alphas: Floats = field(repr=False)
    intercepts: Floats
    lengths: Floats
    steps: Floats

    def margins(self, inner: Floats) -> Floats:
        """What each regression answers, above 0 for the concept, shape (n_cavs, n).

        Parameters
        ----------
        inner : ndarray of float64, shape (n_cavs, n, n_patches)
            Inner products of what is asked about with the patches of each CAV.
        """
        return np.asarray(np.einsum("cnp,cp->cn", inner, self.alphas) + self.intercepts[:, None])

    def derivatives(self, inner: Floats) -> Floats:
        """Directional derivatives along each direction at length 1, shape (n_cavs, n).

        Parameters
        ----------
        inner : ndarray of float64, shape (n_cavs, n, n_patches)
            Inner products of gradients with the patches of each CAV.
        """
        return np.asarray(np.einsum("cnp,cp->cn", inner, self.alphas) / self.lengths[:, None])


def fit_cavs(inner: Floats, signs: Floats, *, strength: float = STRENGTH) -> Cavs:
    """Fit many CAVs at once.

    Parameters
    ----------
    inner : ndarray of float64, shape (n_cavs, n_patches, n_patches)
        Inner products of the patches of each CAV with each other.
    signs : ndarray of float64, shape (n_patches,)
        1 for patches of the concept, −1 for others.
    strength : float
        Strength of the regularisation, above 0.

    Raises
    ------
    ModelError
        If a fit does not settle.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> patches = rng.normal(size=(20, 6)) + np.repeat([[1.0], [-1.0]], 10, axis=0) * [3, 0, 0, 0, 0, 0]
    >>> signs = np.repeat([1.0, -1.0], 10)
    >>> cavs = fit_cavs((patches @ patches.T)[None], signs)
    >>> direction = cavs.alphas[0] @ patches / cavs.lengths[0]
    >>> round(float(direction[0]), 1), round(float(np.linalg.norm(direction)), 6)
    (0.9, 1.0)
    """
    alphas, intercepts = np.zeros(inner.shape[:2]), np.zeros(len(inner))
    if len(inner) > 1:  # all begin where the first one ends
        first = _settled(inner[:1], signs, alphas[:1], intercepts[:1], strength)
        margin = float(np.abs(inner[0] @ first[0][0] + first[1][0]).mean())
        alphas, intercepts = _moved(inner, signs, np.tile(signs * margin, (len(inner), 1)), strength)
    alphas, intercepts = _settled(inner, signs, alphas, intercepts, strength)
    spans = np.einsum("cnp,cp->cn", inner, alphas)
    lengths = np.sqrt(np.maximum(np.einsum("cn,cn->c", spans, alphas), 0))
    largest = np.abs(alphas).sum(axis=1) * np.sqrt(np.einsum("cnn->cn", inner).max(axis=1))
    lengths[lengths <= _SMALL**0.5 * largest] = np.inf  # both sides are the same, such as silence: there is no way
    steps = (spans[:, signs > 0].mean(axis=1) - spans[:, signs < 0].mean(axis=1)) / lengths
    return Cavs(alphas, intercepts, lengths, steps)


def _settled(
    inner: Floats, signs: Floats, alphas: Floats, intercepts: Floats, strength: float
) -> tuple[Floats, Floats]:
    """Newton's method from some beginning on, until nothing moves."""
    alphas, intercepts, open_ = alphas.copy(), intercepts.copy(), np.arange(len(inner))
    for _ in range(_MOST_STEPS):
        some = inner if len(open_) == len(inner) else inner[open_]
        moved = _newton(some, signs, alphas[open_], intercepts[open_], strength)
        change = np.abs(moved[0] - alphas[open_]).max(axis=1)
        alphas[open_], intercepts[open_] = moved
        open_ = open_[change > _SETTLED * np.abs(moved[0]).max(axis=1)]
        if not len(open_):
            return alphas, intercepts
    raise ModelError(
        f"{share_of(len(open_), len(inner), 'regression', verb=('does', 'do'))} not settle; a larger strength than "
        f"{strength:g} helps"
    )


def _newton(inner: Floats, signs: Floats, alphas: Floats, intercepts: Floats, strength: float) -> tuple[Floats, Floats]:
    """One step of Newton's method for all regressions; halved for those that would get worse by it."""
    n_cavs = len(alphas)
    answers = np.einsum("cnp,cp->cn", inner, alphas) + intercepts[:, None]
    new_alphas, new_intercepts = _moved(inner, signs, answers, strength)
    before = _loss(inner, signs, alphas, intercepts, strength)
    share = np.ones(n_cavs)
    for _ in range(30):
        after = _loss(
            inner,
            signs,
            alphas + share[:, None] * (new_alphas - alphas),
            intercepts + share * (new_intercepts - intercepts),
            strength,
        )
        worse = after > before + 1e-12 * np.abs(before)
        if not worse.any():
            break
        share[worse] /= 2
    return alphas + share[:, None] * (new_alphas - alphas), intercepts + share * (new_intercepts - intercepts)


def _moved(inner: Floats, signs: Floats, answers: Floats, strength: float) -> tuple[Floats, Floats]:
    """Where Newton's method goes from regressions that answer so."""
    n_cavs, n = answers.shape
    shares = 1 / (1 + np.exp(-np.clip(answers, -500, 500)))
    weights = np.maximum(shares * (1 - shares), _LEAST_WEIGHT)
    wanted = answers + ((signs + 1) / 2 - shares) / weights
    system = np.zeros((n_cavs, n + 1, n + 1))
    system[:, :n, :n] = inner
    diagonal = np.arange(n)
    system[:, diagonal, diagonal] += strength / weights
    system[:, :n, n] = system[:, n, :n] = 1
    right = np.concatenate([wanted, np.zeros((n_cavs, 1))], axis=1)
    found = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    return found[:, :n], found[:, n]


def _loss(inner: Floats, signs: Floats, alphas: Floats, intercepts: Floats, strength: float) -> Floats:
    spans = np.einsum("cnp,cp->cn", inner, alphas)
    fit = np.logaddexp(0, -signs * (spans + intercepts[:, None])).sum(axis=1)
    return np.asarray(fit + strength / 2 * np.einsum("cn,cn->c", spans, alphas))
