"""Does a concept raise a class? Directional derivatives along its CAV, beside those of random concepts.

For a song's windows the gradient of the class's logit by the layer's activations, summed over time and frequency, says
how the logit changes when all of the layer is moved in a direction. Along a CAV of length 1 that is the *directional
derivative*. Three numbers are made of it, each the mean over songs of a mean over the song's windows:

- the *derivative* itself, by which a concept is tested;
- the *effect*: derivative times the CAV's step, the distance from random patches to the concept's: by how many logits
  the class rises when the layer moves that far towards the concept, if it went on as it begins;
- the *TCAV score*: the share of windows whose derivative is positive (Kim et al. 2018). It says nothing of how much,
  and where everything above the layer is linear it is 0 or 1 for every direction (`Gradients.constant`).

Derivative and score are compared with those of thousands of random concepts
(`audiolime_ext.concepts.discovery.drawing`), by a two-sided permutation p: (1 + number at least as far out) / (1 +
number), doubled. Effects are not: patches that were chosen for being alike lie farther from others than random ones do,
so their step is longer, whatever the model makes of it. The interval of an effect is Student's over songs; it says how
other songs would change it, and not whether a random concept would have it, too.

References
----------
B. Kim et al.: Interpretability Beyond Feature Attribution: Quantitative Testing with Concept Activation Vectors (TCAV),
ICML 2018. B. Phipson, G. Smyth: Permutation P-values Should Never Be Zero, Statistical Applications in Genetics and
Molecular Biology 9(1), 2010.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Cavs, Floats, fit_cavs

_AT_ONCE = 500  # CAVs
_MOST_THREADS = 4
_SAME = 1e-6  # gradients that differ by less, as a share of their size


@dataclass(frozen=True, eq=False)
class Gradients:
    """How a class's logit depends on a layer, in the windows of its songs.

    Parameters
    ----------
    inner : ndarray of float64, shape (n_windows, n_patches)
        Inner products of each window's gradient with the activations of all patches.
    songs : ndarray of int, shape (n_windows,)
        Song of each window, numbered from 0 without gaps.
    constant : bool
        True if the gradient is the same in all windows.
    """

    inner: Floats = field(repr=False)
    songs: Numbers = field(repr=False)
    constant: bool

    @classmethod
    def of(cls, gradients: Floats, songs: Numbers, activations: Floats) -> Gradients:
        """From gradients (n_windows, n_features) and the activations of patches (n_patches, n_features)."""
        size = float(np.abs(gradients).max()) if gradients.size else 0.0
        constant = bool(size) and float(np.ptp(gradients, axis=0).max()) <= _SAME * size
        inner = (activations @ gradients.T).T  # a patch's numbers lie side by side
        return cls(inner, np.unique(songs, return_inverse=True)[1], constant)

    def over_songs(self, values: Floats) -> Floats:
        """The mean of each song's windows, from (n_cavs, n_windows) to (n_cavs, n_songs)."""
        members = (self.songs[:, None] == np.arange(self.songs.max() + 1)).astype(np.float64)
        return np.asarray(values @ members / members.sum(axis=0))


@dataclass(frozen=True, eq=False)
class Scores:
    """What CAVs do to a class.

    Parameters
    ----------
    derivatives, shares : ndarray of float64, shape (n_cavs,)
        Mean derivatives in logits per unit of the activations, and TCAV scores, 0 to 1.
    effects : ndarray of float64, shape (n_cavs,)
        Mean effects, in logits.
    per_song : ndarray of float64, shape (n_cavs, n_songs)
        Effect in each song.
    """

    derivatives: Floats
    shares: Floats
    effects: Floats
    per_song: Floats = field(repr=False)


def scores_of(cavs: Cavs, patches: Numbers, gradients: Gradients) -> Scores:
    """The scores of CAVs.

    Parameters
    ----------
    cavs : Cavs
        Directions.
    patches : ndarray of int, shape (n_cavs, n_patches_of_a_cav)
        Patches that each was made of, by their place in `gradients`.
    gradients : Gradients
        Gradients of the class.
    """
    from scipy.sparse import csr_array

    n_cavs, n = patches.shape
    weights = (cavs.alphas / cavs.lengths[:, None]).ravel(), patches.ravel(), np.arange(0, n_cavs * n + 1, n)
    derivatives = np.asarray(csr_array(weights, shape=(n_cavs, gradients.inner.shape[1])) @ gradients.inner.T)
    of_songs = gradients.over_songs(derivatives)
    shares = gradients.over_songs((derivatives > 0).astype(np.float64)).mean(axis=1)
    per_song = of_songs * cavs.steps[:, None]
    return Scores(of_songs.mean(axis=1), shares, per_song.mean(axis=1), per_song)


def scored(
    products: Floats,
    positives: Numbers,
    negatives: Numbers,
    gradients: Mapping[str, Gradients],
    *,
    strength: float = STRENGTH,
) -> dict[str, Scores]:
    """The scores of many concepts, each a set of patches against others, for each class.

    Parameters
    ----------
    products : ndarray of float64, shape (n_patches, n_patches)
        Inner products of the activations of all patches.
    positives : ndarray of int, shape (n_concepts, n)
        Patches of each concept.
    negatives : ndarray of int, shape (n_concepts, m)
        Patches that each CAV leads away from.
    gradients : mapping of str to Gradients
        Gradients of each class, by the same patches.
    strength : float
        Strength of the regularisation.
    """
    signs = np.concatenate([np.ones(positives.shape[1]), -np.ones(negatives.shape[1])])

    def some(at: int) -> dict[str, Scores]:
        patches = np.concatenate([one[at : at + _AT_ONCE] for one in (positives, negatives)], axis=1)
        cavs = fit_cavs(products[patches[:, :, None], patches[:, None, :]], signs, strength=strength)
        return {label: scores_of(cavs, patches, slope) for label, slope in gradients.items()}

    from threadpoolctl import threadpool_limits

    # NumPy and SciPy let go of Python's lock; threads of their own would only wait for each other
    with threadpool_limits(1), ThreadPoolExecutor(_n_threads()) as pool:
        parts = list(pool.map(some, range(0, len(positives), _AT_ONCE)))
    return {label: _together([one[label] for one in parts]) for label in gradients}


def _n_threads() -> int:
    """Threads find the same numbers; each holds some 100 MB."""
    return 1 if os.environ.get("OMP_NUM_THREADS") == "1" else min(_MOST_THREADS, os.cpu_count() or 1)


def averaged(
    products: Floats,
    positives: Numbers,
    negatives: Numbers,
    gradients: Mapping[str, Gradients],
    *,
    strength: float = STRENGTH,
) -> dict[str, Scores]:
    """The mean scores of many concepts over several draws of what they lead away from.

    Parameters
    ----------
    products, positives, gradients, strength : as for `scored`
        Inner products, patches of each concept, gradients, and strength of the regularisation.
    negatives : ndarray of int, shape (n_concepts, n_draws, m)
        Patches that CAVs lead away from, in each draw.
    """
    n_draws, n = negatives.shape[1:]
    every = scored(
        products, np.repeat(positives, n_draws, axis=0), negatives.reshape(-1, n), gradients, strength=strength
    )
    return {label: _averaged(one, n_draws) for label, one in every.items()}


def _averaged(scores: Scores, n_draws: int) -> Scores:
    parts = [getattr(scores, one.name) for one in fields(scores)]
    return Scores(*(part.reshape(-1, n_draws, *part.shape[1:]).mean(axis=1) for part in parts))


def _together(parts: list[Scores]) -> Scores:
    return Scores(*(np.concatenate([getattr(one, item.name) for one in parts]) for item in fields(Scores)))


def p_value(observed: float, null: NDArray[np.float64]) -> float:
    """The two-sided permutation p of a number beside those of random concepts.

    Examples
    --------
    >>> null = np.arange(99.0)
    >>> p_value(200.0, null), p_value(49.0, null), p_value(-1.0, null)
    (0.02, 1.0, 0.02)
    """
    above, below = (1 + np.count_nonzero(null >= observed)), (1 + np.count_nonzero(null <= observed))
    return float(min(1.0, 2 * min(above, below) / (1 + len(null))))
