"""Which concepts mean something to which class, and which do not: all of them tested against random concepts.

Concepts were made on some songs of a class and are tested on others, so that what was found by chance is not praised
for being there. A concept is first tested on its own class; what others hear in it is a second question, and what a
concept that a person named (`audiolime_ext.concepts.given.tested`) is to any class is a third. Each of them is a family
of tests of its own, in which the share of false discoveries is held at 5 % (Benjamini and Hochberg). In the first, n
concepts need p-values as small as .05 / n to be found alone, so that many random concepts are needed: 10,000 of them
make a p-value of .0002 possible, enough for 250 concepts.

Random concepts are of all classes (`audiolime_ext.concepts.discovery.drawing`), and serve all concepts of a structure.
The patches that CAVs lead away from are drawn `N_APART` times for each, concept or random, and all numbers are means
over these draws: else much of what is said of a concept would be said of the other side.

A concept that is not told apart from random patches (`audiolime_ext.concepts.judgement.separating`) is called *not a
concept*, whatever its p-value; the others are *significant* or *not significant*, and no other word is used.

References
----------
Y. Benjamini, Y. Hochberg: Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 57(1), 1995.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.audit.verdict.rates import benjamini_hochberg
from audiolime_ext.concepts.discovery.drawing import N_APART, Numbers, Structure, draw, drawn_apart
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats
from audiolime_ext.concepts.judgement.separating import Accuracy, accuracy
from audiolime_ext.concepts.judgement.tcav import Gradients, Scores, averaged, p_value
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
        """The same by `scaled`, and the size of a feature."""
        even, size = scaled(self.activations)
        return replace(self, activations=even), size


def scaled(activations: Floats) -> tuple[Floats, float]:
    """Activations less their mean, divided by the size of a feature, so that a regularisation means the same.

    The size is one number for all features: directions stay what they are.
    """
    centred = activations - activations.mean(axis=0)
    size = float(np.sqrt(np.mean(centred**2))) or 1.0
    return centred / size, size


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


@dataclass(frozen=True, eq=False)
class Trial:
    """Concepts beside random ones in their place: rows of a table of activations.

    Parameters
    ----------
    names : tuple of str
        Names of the concepts.
    of : tuple of str
        Class of the patches of each; "": they are of no class.
    positives : ndarray of int, shape (n_concepts, n)
        Rows of each concept.
    negatives : ndarray of int, shape (n_concepts, n_draws, n)
        Rows that its CAVs lead away from, in each of some draws.
    random : ndarray of int, shape (n_null, n)
        Rows of random concepts.
    apart : ndarray of int, shape (n_null, n_draws, n)
        Rows that theirs lead away from.
    """

    names: tuple[str, ...]
    of: tuple[str, ...]
    positives: Numbers = field(repr=False)
    negatives: Numbers = field(repr=False)
    random: Numbers = field(repr=False)
    apart: Numbers = field(repr=False)


@dataclass(frozen=True)
class JudgedConcept:
    """What a concept is to a class.

    Parameters
    ----------
    concept, of : str
        Name of the concept, and the class of its patches; "": it was given.
    label : str
        Class that is asked about.
    effect : float
        Mean, over songs and draws of random patches, of the logits by which the class rises on a step towards it.
    low, high : float or None
        Ends of its 95 % interval, Student's over songs; None: there is one song, or it is the same in all.
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
        Accuracy with which the concept is told apart from random patches.
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
    def speaks(self) -> bool:
        """Whether it speaks for the class more than random patches do, which its p-value is of."""
        return self.derivative > self.chance[1]

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
        Number of random concepts for each structure.
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
        raise UsageError("concepts are compared with patches of other classes, too; give two classes or more")
    even, size = pool.scaled()
    products = even.activations @ even.activations.T
    asked = {label: Gradients.of(own * size, songs, even.activations) for label, (own, songs) in gradients.items()}
    kinds = list(dict.fromkeys(one.structure for one in concepts))
    found: list[JudgedConcept] = []
    with stage("testing concepts", len(kinds), "kind") as counting:
        for i, structure in enumerate(kinds):
            some = [one for one in concepts if one.structure == structure]
            trial = _trial(pool, some, n_null, seed, i)
            found += judged(products, pool.songs, trial, asked, strength=strength)
            counting.advance(1)
    return with_discoveries(found)


def _trial(pool: Pool, concepts: Sequence[Concept], n_null: int, seed: int, number: int) -> Trial:
    """Concepts of one structure, which has this number among others."""
    structure, rng = concepts[0].structure, np.random.default_rng([seed, number])
    random = draw(pool.songs, structure, n_null, rng=rng)
    apart = draw(pool.songs, structure, n_null * N_APART, rng=rng).reshape(n_null, N_APART, -1)
    names, of = tuple(one.name for one in concepts), tuple(one.of for one in concepts)
    standing = np.stack([one.standing for one in concepts])
    negatives = np.stack([drawn_apart(pool.songs, one.structure, one.name, seed) for one in concepts])
    return Trial(names, of, standing, negatives, random, apart)


def tried(
    activations: Floats,
    songs: Numbers,
    trial: Trial,
    gradients: Mapping[str, tuple[Floats, Numbers]],
    *,
    strength: float = STRENGTH,
) -> list[JudgedConcept]:
    """Test concepts that have a table of their own on every class, each by itself: no discoveries are told.

    Parameters
    ----------
    activations : ndarray of float64, shape (n_rows, n_features)
        Activations, pooled over time and frequency.
    songs : ndarray of int, shape (n_rows,)
        Song of each row.
    trial : Trial
        Concepts, and random ones.
    gradients, strength : as for `all_tested`
        Gradients of each class's logit, and strength of the regularisation.
    """
    even, size = scaled(activations)
    asked = {label: Gradients.of(own * size, of, even) for label, (own, of) in gradients.items()}
    return judged(even @ even.T, songs, trial, asked, strength=strength)


def judged(
    products: Floats, songs: Numbers, trial: Trial, asked: Mapping[str, Gradients], *, strength: float
) -> list[JudgedConcept]:
    """What each concept of a trial is to each class, beside the trial's random ones.

    Parameters
    ----------
    products : ndarray of float64, shape (n_rows, n_rows)
        Inner products of the activations of all rows.
    songs : ndarray of int, shape (n_rows,)
        Song of each row.
    trial : Trial
        Concepts, and random ones.
    asked : mapping of str to Gradients
        Gradients of each class, by the same rows.
    strength : float
        Strength of the regularisation.
    """
    sides = zip(trial.positives, trial.negatives, strict=True)
    sure = [accuracy(products, *both, songs, strength=strength) for both in sides]
    scores = averaged(products, trial.positives, trial.negatives, asked, strength=strength)
    null = averaged(products, trial.random, trial.apart, asked, strength=strength)
    return [
        _tested(name, of, label, told, scores[label], n, null[label], slope)
        for label, slope in asked.items()
        for n, (name, of, told) in enumerate(zip(trial.names, trial.of, sure, strict=True))
    ]


def _tested(
    name: str,
    of: str,
    label: str,
    sure: Accuracy,
    scores: Scores,
    n: int,
    null: Scores,
    slope: Gradients,
) -> JudgedConcept:
    songs = scores.per_song[n]
    effect = Mean.over(songs[:1] if slope.constant else songs)  # one and the same in all songs has no interval
    derivative, share = float(scores.derivatives[n]), float(scores.shares[n])
    return JudgedConcept(
        name,
        of,
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


def with_discoveries(found: Sequence[JudgedConcept]) -> list[JudgedConcept]:
    """The same, with what is discovered in each family; only what is told apart is tested.

    Families are concepts of a class on that class, the same on other classes, and concepts that were given.
    """
    told, families = list(found), ["given" if not one.of else one.of == one.label for one in found]
    for own in (True, False, "given"):
        family = [i for i, one in enumerate(found) if families[i] == own and one.accuracy.separates]
        rejected = benjamini_hochberg([found[i].p for i in family], share=FALSE_DISCOVERIES)
        for i, is_one in zip(family, rejected.tolist(), strict=True):
            told[i] = replace(found[i], discovered=is_one)
    return told
