"""An augmentation that a classifier was trained with, recognised where it has become a concept.

Training on sound of which parts were masked, filtered or made louder teaches a network what the augmentation does, and
it may be taken for something that classes have. Given the augmentation as a function, each song's windows are heard
with it, `N_DRAWS` times. The mean difference that it makes in the layer is a movement; along a concept's direction it
is compared with that along the directions of random concepts (`audiolime_ext.concepts.discovery.drawing`): a two-sided
permutation p, over the songs of the concept's class on which it is tested, and the correction over all concepts
(Benjamini and Hochberg). A concept that windows are moved towards, by more than chance, is *what the augmentation
does*.

A movement is to a direction what a gradient is, so the arithmetic is that of `audiolime_ext.concepts.judgement.tcav`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.audit.verdict.rates import benjamini_hochberg
from audiolime_ext.concepts.discovery.drawing import N_APART, Numbers, draw, drawn_apart
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats
from audiolime_ext.concepts.judgement.tcav import Gradients, averaged, p_value
from audiolime_ext.concepts.judgement.testing import FALSE_DISCOVERIES, N_NULL, Concept, Pool
from audiolime_ext.errors import UsageError
from audiolime_ext.guest import as_guest, deed

Augmentation = Callable[[Samples, int, np.random.Generator], Samples]

N_DRAWS = 3


def augmented(augmentation: Augmentation, windows: Samples, sr: int, *, rng: np.random.Generator) -> Samples:
    """Windows with an augmentation, drawn anew `N_DRAWS` times for each, shape (n_draws, *windows.shape).

    Parameters
    ----------
    augmentation : callable of (samples, sr, rng) giving samples
        Function that changes a signal, (n_channels, n_samples) in float32, at random and returns one of its shape.
    windows : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Signals.
    sr : int
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    UsageError
        If it raises an error, or returns another shape, NaN or infinity.
    """
    return np.stack([[_once(augmentation, window, sr, rng) for window in windows] for _ in range(N_DRAWS)])


def _once(augmentation: Augmentation, window: Samples, sr: int, rng: np.random.Generator) -> Samples:
    try:
        with as_guest():
            found = np.asarray(augmentation(window.copy(), sr, rng), np.float32)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"the augmentation {deed(error)} when given samples of shape {window.shape} at {sr} Hz: {error}"
        ) from error
    if found.shape != window.shape or not np.isfinite(found).all():
        raise UsageError(
            f"the augmentation made samples of shape {found.shape} of shape {window.shape}, or NaN or infinity; it "
            "must return as many finite samples as it is given"
        )
    return found


def name_of(augmentation: Augmentation, *, sr: int, n_samples: int, n_channels: int) -> str:
    """A name by which a store knows an augmentation: the function's, and a hash of what it makes of noise.

    Raises
    ------
    UsageError
        If it cannot be called, or answers what it must not.

    Examples
    --------
    >>> def softer(samples, sr, rng):
    ...     return samples / 2
    >>> name_of(softer, sr=8000, n_samples=8000, n_channels=1)[:7]
    'softer '
    """
    if not callable(augmentation):
        raise UsageError(
            f"augmentation is a {type(augmentation).__name__}; give a function of (samples, sr, rng) that returns "
            "samples of the same shape"
        )
    noise = np.random.default_rng(0).normal(0, 0.1, (1, n_channels, n_samples)).astype(np.float32)
    made = augmented(augmentation, noise, sr, rng=np.random.default_rng(0))
    name = getattr(augmentation, "__name__", type(augmentation).__name__)
    return f"{name} {hashlib.sha256(made.tobytes()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Moved:
    """How far an augmentation moves windows towards a concept.

    Parameters
    ----------
    concept, of : str
        Name of the concept, and its class, in whose songs it is asked.
    towards : float
        Mean over songs of the movement along the concept's direction, in the activations' unit.
    low, high : float
        Quantiles of random concepts' movements, 2.5 % and 97.5 %.
    p : float
        Permutation p of the movement.
    share, elsewhere : float
        Mean over songs of the share of windows that are moved towards it, and the same of random concepts.
    n_songs : int
        Number of songs.
    discovered : bool
        True if the movement is among the discoveries over all concepts.
    """

    concept: str
    of: str
    towards: float
    low: float
    high: float
    p: float
    share: float
    elsewhere: float
    n_songs: int
    discovered: bool = False


def recognised(
    pool: Pool,
    concepts: Sequence[Concept],
    movements: Mapping[str, tuple[Floats, Numbers]],
    *,
    n_null: int = N_NULL,
    strength: float = STRENGTH,
    seed: int = 0,
) -> tuple[Moved, ...]:
    """How far an augmentation moves windows towards each concept, beside random ones.

    Parameters
    ----------
    pool : Pool
        Patches of the songs on which concepts were made.
    concepts : sequence of Concept
        Concepts.
    movements : mapping of str to (ndarray of float64, shape (n_windows, n_features); ndarray of int, (n_windows,))
        Activations with the augmentation less those without, in windows of each class's other songs, and their songs.
    n_null : int
        Number of random concepts for each class and structure.
    strength : float
        Strength of the regressions' regularisation.
    seed : int
        Random seed.
    """
    even, _ = pool.scaled()
    products = even.activations @ even.activations.T
    asked = {label: Gradients.of(*given, even.activations) for label, given in movements.items()}
    found: list[Moved] = []
    for i, (of, structure) in enumerate(dict.fromkeys((one.of, one.structure) for one in concepts)):
        rng = np.random.default_rng([seed, i])
        own, others = np.flatnonzero(pool.classes == of), np.flatnonzero(pool.classes != of)
        some = [one for one in concepts if (one.of, one.structure) == (of, structure)]
        apart = np.stack([others[drawn_apart(pool.songs[others], structure, one.name, seed)] for one in some])
        random = own[draw(pool.songs[own], structure, n_null, rng=rng)]
        negatives = others[draw(pool.songs[others], structure, n_null * N_APART, rng=rng)].reshape(n_null, N_APART, -1)
        told, null = (
            averaged(products, *sides, {of: asked[of]}, strength=strength)[of]
            for sides in ((np.stack([one.standing for one in some]), apart), (random, negatives))
        )
        low, high = np.quantile(null.derivatives, (0.025, 0.975)).tolist()
        elsewhere, n_songs = float(null.shares.mean()), null.per_song.shape[1]
        for k, one in enumerate(some):
            towards = float(told.derivatives[k])
            p = p_value(towards, null.derivatives)
            found.append(Moved(one.name, of, towards, low, high, p, float(told.shares[k]), elsewhere, n_songs))
    rejected = benjamini_hochberg([one.p for one in found], share=FALSE_DISCOVERIES)
    return tuple(replace(one, discovered=bool(is_one)) for one, is_one in zip(found, rejected, strict=True))
