"""All concepts and all classes by interventions: what happens without their sound, and with it elsewhere.

For every concept and every class two things are known, where at least five songs have a patch of it: what taking its
patches out of the songs of its own class does, and what adding them to songs of other classes does
(`audiolime_ext.concepts.interventions.removing`). Of a model without gradients they are the only test. Each pair has
one p-value: the smaller of the two, doubled where both were asked (Bonferroni). An intervention counts where it does
something, and more than patches as loud do (`audiolime_ext.concepts.interventions.removing.Removed.p_of_both`).

Discoveries are made as by gradients: concepts for their own class are one family, all others a second, and the share of
false ones is held at 5 % in each (`audiolime_ext.concepts.judgement.testing`); the words are the same. But patches of
which there are many can be sure to do next to nothing: what changes a class by less than `LEAST` logits, on its own or
beyond patches as loud, is not called significant.

Where both gradients and interventions are known, they are held against each other by their signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.audit.verdict.rates import benjamini_hochberg
from audiolime_ext.concepts.discovery.drawing import Numbers, drawn_apart
from audiolime_ext.concepts.interventions.deciding import Changed, changed
from audiolime_ext.concepts.interventions.removing import Added, Exchange, Removed, nearest
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats
from audiolime_ext.concepts.judgement.separating import Accuracy, accuracy
from audiolime_ext.concepts.judgement.testing import (
    FALSE_DISCOVERIES,
    Concept,
    JudgedConcept,
    Pool,
)
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry

LEAST = 0.05  # logits: of a score of one half, .0125


@dataclass(frozen=True, eq=False)
class OtherHalf:
    """The patches of the songs on which a class's concepts are tested.

    Parameters
    ----------
    placed : tuple of (Entry, Patch)
        Song and place of each.
    clusters : ndarray of int, shape (n_patches,)
        Number of the cluster whose middle each lies nearest to.
    removals, added : ndarray of float64, shape (n_patches, n_classes)
        Logits by which each class is lower without it, and higher with it elsewhere; NaN: not known.
    windows : ndarray of int, shape (n_patches,)
        Window that holds it.
    logits : ndarray of float64, shape (n_windows, n_classes)
        Logits of the windows.
    exchange : Exchange
        Patches that may stand for each other.
    """

    placed: tuple[tuple[Entry, Patch], ...] = field(repr=False)
    clusters: Numbers
    removals: Floats = field(repr=False)
    added: Floats = field(repr=False)
    windows: Numbers = field(repr=False)
    logits: Floats = field(repr=False)
    exchange: Exchange = field(repr=False)

    @classmethod
    def of(cls, known: Sequence[tuple[Entry, Measured]], middles: Floats, *, seed: int = 0) -> OtherHalf:
        """From what was measured of its songs, and the middles of the class's clusters."""
        measured, placed = [one for _, one in known], [(entry, patch) for entry, one in known for patch in one.patches]
        activations, removals, logits = (
            np.concatenate([getattr(one, name) for one in measured]).astype(np.float64)
            for name in ("activations", "removals", "logits")
        )
        unknown = [np.full_like(one.removals, np.nan) for one in measured]
        pairs = zip(measured, unknown, strict=True)
        added = np.concatenate([lacks if one.added is None else one.added for one, lacks in pairs])
        firsts = np.cumsum([0, *(len(one.logits) for one in measured[:-1])]).tolist()
        held = [first + patch.window for first, one in zip(firsts, measured, strict=True) for patch in one.patches]
        energies = np.array([patch.share for _, patch in placed])
        songs = np.repeat(np.arange(len(measured)), [len(one.patches) for one in measured])
        exchange = Exchange.of(energies, songs, seed=seed)
        numbers = nearest(activations, middles), removals, added.astype(np.float64), np.array(held, np.intp), logits
        return cls(tuple(placed), *numbers, exchange)

    def held(self, number: int) -> tuple[tuple[Entry, Patch], ...]:
        """The patches of a cluster."""
        return tuple(self.placed[i] for i in np.flatnonzero(self.clusters == number))


@dataclass(frozen=True)
class JudgedBySound:
    """What a concept's sound does to a class.

    Parameters
    ----------
    concept, of : str
        Name of the concept, and the class of its patches.
    label : str
        Class that is asked about.
    removed : Removed or None
        Change without its patches; None: too few songs have one.
    added : Added or None
        Change with them in songs of other classes; None: likewise, or it was not asked.
    p : float
        Permutation p of both together.
    accuracy : Accuracy
        Accuracy with which the concept is told apart from other patches.
    discovered : bool
        True if it is among the discoveries of its family.
    """

    concept: str
    of: str
    label: str
    removed: Removed | None
    added: Added | None
    p: float
    accuracy: Accuracy
    discovered: bool = False

    @property
    def verdict(self) -> str:
        """One of "significant", "not significant" and "not a concept"."""
        if not self.accuracy.separates:
            return "not a concept"
        return "significant" if self.discovered else "not significant"

    @property
    def counts(self) -> bool:
        """Whether the surest intervention changes the class by `LEAST` or more, also beyond patches as loud."""
        return min(abs(self.surest.effect), abs(self.surest.beyond)) >= LEAST

    @property
    def known(self) -> tuple[Removed, ...]:
        """The interventions that were asked."""
        return tuple(one for one in (self.removed, self.added) if one is not None)

    @property
    def surest(self) -> Removed:
        """The intervention with the smaller p-value."""
        return min(self.known, key=lambda one: one.p_of_both)


@dataclass(frozen=True, eq=False)
class Interventions:
    """What interventions say of all concepts.

    Parameters
    ----------
    judged : tuple of JudgedBySound
        Every concept and every class that is known.
    changed : dict of str to Changed
        Decisions that change without each concept.
    """

    judged: tuple[JudgedBySound, ...] = ()
    changed: dict[str, Changed] = field(default_factory=dict)

    @property
    def removals(self) -> dict[tuple[str, str], Removed]:
        """Concept and class → what happens without it."""
        return {(one.concept, one.label): one.removed for one in self.judged if one.removed is not None}

    @property
    def additions(self) -> dict[tuple[str, str], Added]:
        """Concept and class → what happens with it elsewhere."""
        return {(one.concept, one.label): one.added for one in self.judged if one.added is not None}


def interventions(
    concepts: Mapping[tuple[str, str], int],
    halves: Mapping[str, OtherHalf],
    sure: Mapping[str, Accuracy],
) -> Interventions:
    """Judge all concepts by their sound.

    Parameters
    ----------
    concepts : mapping of (str, str) to int
        Class and name of each concept → number of its cluster.
    halves : mapping of str to OtherHalf
        Other half of each class, in the order of the columns of classes.
    sure : mapping of str to Accuracy
        Accuracy of each concept.
    """
    labels, found, decisions = tuple(halves), [], {}
    for (of, name), number in concepts.items():
        half = halves[of]
        members = half.clusters == number
        removed = half.exchange.told(members, half.removals, Removed)
        added = half.exchange.told(members, half.added, Added)
        for k, label in enumerate(labels if removed or added else ()):
            without, beside = removed[k] if removed else None, added[k] if added else None
            ps = [one.p_of_both for one in (without, beside) if one is not None]
            found.append(JudgedBySound(name, of, label, without, beside, min(1.0, len(ps) * min(ps)), sure[name]))
        decisions[name] = changed(members, half.removals, half.windows, half.logits, labels)
    return Interventions(_discovered(found), decisions)


def _discovered(found: Sequence[JudgedBySound]) -> tuple[JudgedBySound, ...]:
    """The same, with what is discovered in either family; only what is told apart is tested."""
    judged = list(found)
    for own in (True, False):
        family = [i for i, one in enumerate(found) if (one.of == one.label) == own and one.accuracy.separates]
        rejected = benjamini_hochberg([found[i].p for i in family], share=FALSE_DISCOVERIES)
        for i, is_one in zip(family, rejected.tolist(), strict=True):
            judged[i] = replace(found[i], discovered=is_one and found[i].counts)
    return tuple(judged)


def accuracies(
    pool: Pool, concepts: Sequence[Concept], *, strength: float = STRENGTH, seed: int = 0
) -> dict[str, Accuracy]:
    """How well each concept is told apart from random patches, where no gradients are to be tested."""
    even, _ = pool.scaled()
    products = even.activations @ even.activations.T
    found = {}
    for one in concepts:
        apart = drawn_apart(pool.songs, one.structure, one.name, seed)
        found[one.name] = accuracy(products, one.standing, apart, pool.songs, strength=strength)
    return found


def disagreements(tested: Sequence[JudgedConcept], judged: Sequence[JudgedBySound]) -> tuple[str, ...]:
    """Where interventions have another sign than what is significant, one sentence each.

    By gradients: where a significant derivative and an intervention differ. Without: where removal and addition do, of
    what is significant by them.
    """
    slopes = {(one.concept, one.label): one for one in tested if one.verdict == "significant"}
    return tuple(sentence for one in judged for sentence in _disagreeing(one, slopes.get((one.concept, one.label))))


def _disagreeing(one: JudgedBySound, slope: JudgedConcept | None) -> Iterator[str]:
    if slope is None:
        pair = one.known
        if one.verdict == "significant" and len(pair) == 2 and pair[0].beyond * pair[1].beyond < 0:
            yield f"{one.concept}: {_words(pair[0], one.label)}, and {_words(pair[1], one.label)}"
        return
    for told in one.known:
        if (told.beyond > 0) != slope.speaks:
            deed = "more" if slope.speaks else "less"
            than = f"by gradients it speaks for {one.label} {deed} than random patches do"
            yield f"{one.concept}: {than}, and yet {_words(told, one.label)}"


def _words(told: Removed, label: str) -> str:
    """What an intervention does, as a clause."""
    if isinstance(told, Added):
        deed, place = "raises" if told.beyond > 0 else "lowers", "adding it to other songs"
    else:
        deed, place = "lowers" if told.beyond > 0 else "raises", "taking it out"
    sure = "" if told.p < FALSE_DISCOVERIES else ", so chance would do"
    return f"{place} {deed} {label} by {abs(told.beyond):.2g} logits beyond patches as loud (p = {told.p:.2g}{sure})"


def halves_of(
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    first: Sequence[bool],
    middles: Mapping[str, Floats],
    *,
    seed: int = 0,
) -> dict[str, OtherHalf]:
    """The other half of each class, from all songs and whether concepts were found in them."""
    found = {}
    for label, own in middles.items():
        some = [(entry, measured[i]) for i, entry in enumerate(entries) if entry.label == label and not first[i]]
        found[label] = OtherHalf.of(some, own, seed=seed)
    return found
