"""Is a concept told apart at all? How often its CAV recognises patches of songs that it was not made of.

A CAV that does not separate is no concept, and its derivative says nothing. So each is fitted again without a fifth of
its songs and a fifth of the others', five times, and asked about the patches that it has not seen. Patches of a song
are left out together. The accuracy is that of balanced classes: .5 is chance. Its interval is Wilson's over songs,
each with the share of its patches that are recognised, so that many patches of few songs do not look like much.

References
----------
E. Wilson: Probable Inference, the Law of Succession, and Statistical Inference, JASA 22(158), 1927.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats, fit_cavs

N_FOLDS = 5
_MOST_DRAWS = 5
_Z = 1.959964


@dataclass(frozen=True)
class Accuracy:
    """How often unseen patches are recognised.

    Parameters
    ----------
    value : float
        Mean over songs of the share of recognised patches, half for the concept's and half for the others.
    low, high : float
        Ends of its 95 % interval.

    Examples
    --------
    >>> Accuracy(0.9, 0.8, 0.95).separates, Accuracy(0.6, 0.48, 0.7).separates
    (True, False)
    """

    value: float
    low: float
    high: float

    @property
    def separates(self) -> bool:
        """Whether it is surely more than chance."""
        return self.low > 0.5


def accuracy(
    products: Floats,
    positives: Numbers,
    negatives: Numbers,
    songs: Numbers,
    *,
    strength: float = STRENGTH,
    n_folds: int = N_FOLDS,
) -> Accuracy:
    """The cross-validated accuracy of a CAV.

    Parameters
    ----------
    products : ndarray of float64, shape (n_patches, n_patches)
        Inner products of the activations of all patches.
    positives : ndarray of int, shape (n,)
        Patches of the concept.
    negatives : ndarray of int, shape (m,) or (n_draws, m)
        Others; of several draws it is the mean of the first five.
    songs : ndarray of int, shape (n_patches,)
        Song of each patch.
    strength : float
        Strength of the regularisation.
    n_folds : int
        Number of parts; fewer where there are fewer songs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> patches = rng.normal(size=(40, 3)) + np.repeat([[2.0], [-2.0]], 20, axis=0)
    >>> found = accuracy(patches @ patches.T, np.arange(20), np.arange(20, 40), np.repeat(np.arange(20), 2))
    >>> round(found.value, 2), found.separates
    (1.0, True)
    """
    draws = np.atleast_2d(negatives)[:_MOST_DRAWS]
    found = [_shares(products, positives, one, songs, strength, n_folds) for one in draws]
    n = sum(len(np.unique(songs[one])) for one in (positives, draws[0]))
    return _interval(float(np.mean(found)), n)


def _shares(
    products: Floats, positives: Numbers, negatives: Numbers, songs: Numbers, strength: float, n_folds: int
) -> float:
    """The share that is recognised, of songs on either side."""
    patches, signs = np.concatenate([positives, negatives]), np.repeat([1.0, -1.0], [len(positives), len(negatives)])
    fold, right = _folds(songs[patches], signs, n_folds), np.empty(len(patches))
    for number in np.unique(fold):
        seen, left = fold != number, fold == number
        cavs = fit_cavs(products[np.ix_(patches[seen], patches[seen])][None], signs[seen], strength=strength)
        margins = cavs.margins(products[np.ix_(patches[left], patches[seen])][None])[0]
        right[left] = signs[left] * margins > 0
    sides = [_over_songs(right[signs == side], songs[patches][signs == side]) for side in (1, -1)]
    return float(np.mean([one.mean() for one in sides]))


def _folds(songs: Numbers, signs: Floats, n_folds: int) -> Numbers:
    """The part of each patch; patches of a song lie in one, and each side is in as many as it has songs for."""
    found = np.empty(len(songs), np.intp)
    least = min(len(np.unique(songs[signs == side])) for side in (1, -1))
    for side in (1, -1):
        own = signs == side
        found[own] = np.unique(songs[own], return_inverse=True)[1] % max(2, min(n_folds, least))
    return found


def _over_songs(right: Floats, songs: Numbers) -> Floats:
    """The share of recognised patches of each song."""
    numbers = np.unique(songs, return_inverse=True)[1]
    return np.asarray(np.bincount(numbers, right) / np.bincount(numbers))


def _interval(share: float, n: int) -> Accuracy:
    """Wilson's interval of a share of n songs."""
    width = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    middle, scale = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    return Accuracy(share, (middle - width) / scale, (middle + width) / scale)
