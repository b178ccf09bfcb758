"""Which concepts mean something to which class, and which do not: all of them tested against random concepts.

Concepts were made on some songs of a class and are tested on others, so that what was found by chance is not praised
for being there. A concept is first tested on its own class; what others hear in it is a second question. Each of the
two is a family of tests of its own, in which the share of false discoveries is held at 5 % (Benjamini and Hochberg). In
the first, n concepts need p-values as small as .05 / n to be found alone, so that many random concepts are needed:
10,000 of them make a p-value of .0002 possible, enough for 250 concepts.

A concept that is not told apart from other patches (`audiolime_ext.concepts.separating`) is called *not a concept*,
whatever its p-value; the others are *significant* or *not significant*, and no other word is used.

References
----------
Y. Benjamini, Y. Hochberg: Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 57(1), 1995.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.audit.verdict.rates import benjamini_hochberg
from audiolime_ext.concepts.cavs import STRENGTH, Floats
from audiolime_ext.concepts.drawing import Numbers, Structure, draw
from audiolime_ext.concepts.separating import Accuracy, accuracy
from audiolime_ext.concepts.tcav import Gradients, Scores, p_value, scored
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.checks.mean import Mean
from audiolime_ext.progress.stages import stage

N_NULL = 10_000
FALSE_DISCOVERIES = 0.05
_QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True, eq=False)
class Pool:
    """The patches of all classes, as a layer holds them.

    Parameters
    ----------
    activations : ndarray of float64, shape (n_patches, n_features)
        Activations, pooled over time and frequency.
    songs : ndarray of int, shape (n_patches,)
        Song of each.
    classes : ndarray of str, shape (n_patches,)
        Class of each.
    """

    activations: Floats = field(repr=False)
    songs: Numbers = field(repr=False)
    classes: np.ndarray = field(repr=False)

    def scaled(self) -> tuple[Pool, float]:
        """Activations less their mean, divided by the size of a feature, so that a regularisation means the same.

        The size is one number for all features: directions stay what they are.
        """
        centred = self.activations - self.activations.mean(axis=0)
        size = float(np.sqrt(np.mean(centred**2))) or 1.0
        return replace(self, activations=centred / size), size


@dataclass(frozen=True)
class Concept:
    """Patches that stand for something, in the class that they are of.

    Parameters
    ----------
    name : str
        Name of the concept.
    of : str
        Class of its patches.
    structure : Structure
        Structure of the patches that it is tested by.
    standing : ndarray of int
        These patches.
    """

    name: str
    of: str
    structure: Structure
    standing: Numbers = field(repr=False, compare=False)


@dataclass(frozen=True)
class JudgedConcept:
    """What a concept is to a class.

    Parameters
    ----------
    concept, of : str
        Name of the concept, and the class of its patches.
    label : str
        Class that is asked about.
    effect : float
        Mean over songs of the logits by which the class rises on a step towards the concept.
    low, high : float or None
        Ends of its 95 % interval, Student's over songs; None: there is one song.
    derivative : float
        Mean over songs of the logits per unit of the activations, along the concept's direction.
    p : float
        Permutation p of the derivative.
    share : float
        TCAV score: mean over songs of the share of windows whose derivative is positive.
    share_p : float
        Permutation p of the score; 1 where the score can only be 0 or 1.
    chance : tuple of float
        Quantiles of random concepts' derivatives: 2.5 %, 50 % and 97.5 %.
    share_chance : tuple of float
        The same of their scores.
    accuracy : Accuracy
        Accuracy with which the concept is told apart from other patches.
    n_songs : int
        Number of songs that it was tested on.
    linear : bool
        True if the score can only be 0 or 1, since everything above the layer is linear.
    discovered : bool
        True if the derivative is among the discoveries of its family.
    """

    concept: str
    of: str
    label: str
    effect: float
    low: float | None
    high: float | None
    derivative: float
    p: float
    share: float
    share_p: float
    chance: tuple[float, float, float]
    share_chance: tuple[float, float, float]
    accuracy: Accuracy
    n_songs: int
    linear: bool
    discovered: bool = False

    @property
    def verdict(self) -> str:
        """One of "significant", "not significant" and "not a concept"."""
        if not self.accuracy.separates:
            return "not a concept"
        return "significant" if self.discovered else "not significant"


def all_tested(
    pool: Pool,
    concepts: Sequence[Concept],
    gradients: Mapping[str, tuple[Floats, Numbers]],
    *,
    n_null: int = N_NULL,
    strength: float = STRENGTH,
    seed: int = 0,
) -> list[JudgedConcept]:
    """Test every concept on every class.

    Parameters
    ----------
    pool : Pool
        Patches of the songs on which concepts were made.
    concepts : sequence of Concept
        Concepts.
    gradients : mapping of str to (ndarray of float64, shape (n_windows, n_features); ndarray of int, (n_windows,))
        Gradients of each class's logit by the layer, summed over time and frequency, in windows of its other songs, and
        the song of each window.
    n_null : int
        Number of random concepts for each class and structure.
    strength : float
        Strength of the regressions' regularisation.
    seed : int
        Random seed.

    Raises
    ------
    UsageError
        If there are fewer than two classes, or a class has too few songs.
    """
    if len(np.unique(pool.classes)) < 2:
        raise UsageError("concepts are told apart from patches of other classes; give two classes or more")
    even, size = pool.scaled()
    products = even.activations @ even.activations.T
    asked = {label: Gradients.of(own * size, songs, even.activations) for label, (own, songs) in gradients.items()}
    kinds = list(dict.fromkeys((one.of, one.structure) for one in concepts))
    found: list[JudgedConcept] = []
    with stage("testing concepts", len(kinds), "kind") as counting:
        for i, (of, structure) in enumerate(kinds):
            rng = np.random.default_rng([seed, i])
            own, others = np.flatnonzero(pool.classes == of), np.flatnonzero(pool.classes != of)
            some = [one for one in concepts if (one.of, one.structure) == (of, structure)]
            standing, random = (
                np.stack([one.standing for one in some]),
                own[draw(pool.songs[own], structure, n_null, rng=rng)],
            )
            among = structure.within(pool.songs[others])
            negatives = others[draw(pool.songs[others], among, len(some) + n_null, rng=rng)]
            apart, apart_random = negatives[: len(some)], negatives[len(some) :]
            sure = [
                accuracy(products, *sides, pool.songs, strength=strength) for sides in zip(standing, apart, strict=True)
            ]
            scores = scored(products, standing, apart, asked, strength=strength)
            null = scored(products, random, apart_random, asked, strength=strength)
            for label, slope in asked.items():
                for n, (one, told) in enumerate(zip(some, sure, strict=True)):
                    found.append(_tested(one, label, told, scores[label], n, null[label], slope))
            counting.advance(1)
    return _discovered(found)


def _tested(
    concept: Concept,
    label: str,
    sure: Accuracy,
    scores: Scores,
    n: int,
    null: Scores,
    slope: Gradients,
) -> JudgedConcept:
    songs = scores.per_song[n]
    effect = Mean.over(songs)
    derivative, share = float(scores.derivatives[n]), float(scores.shares[n])
    return JudgedConcept(
        concept.name,
        concept.of,
        label,
        float(scores.effects[n]),
        effect.low,
        effect.high,
        derivative,
        p_value(derivative, null.derivatives),
        share,
        1.0 if slope.constant else p_value(share, null.shares),
        tuple(np.quantile(null.derivatives, _QUANTILES).tolist()),
        tuple(np.quantile(null.shares, _QUANTILES).tolist()),
        sure,
        len(songs),
        slope.constant,
    )


def _discovered(found: list[JudgedConcept]) -> list[JudgedConcept]:
    """The same, with what is discovered in either family; only what is told apart is tested."""
    told = list(found)
    for own in (True, False):
        family = [i for i, one in enumerate(found) if (one.of == one.label) == own and one.accuracy.separates]
        rejected = benjamini_hochberg([found[i].p for i in family], share=FALSE_DISCOVERIES)
        for i, is_one in zip(family, rejected.tolist(), strict=True):
            told[i] = replace(found[i], discovered=is_one)
    return told
