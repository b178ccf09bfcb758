"""How methods are measured: each with its treatments, against chance, and against each other.

Every method answers the same queries among the same songs; so methods are compared query by query, by a paired
bootstrap over groups. An untrained network is compared with its own index only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.evaluation.anchors import dealt, expected
from audiolime_ext.recommendation.evaluation.crossing import crossed, halves
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE, AS_IT_IS
from audiolime_ext.recommendation.evaluation.listening import Method
from audiolime_ext.recommendation.evaluation.result import Comparison, Measured
from audiolime_ext.recommendation.evaluation.songs import Songs
from audiolime_ext.recommendation.evaluation.treatments import TREATMENTS, Floats, nearness, usual
from audiolime_ext.recommendation.evaluation.words import CHANCE, least_groups, level_of
from audiolime_ext.recommendation.hubs import k_occurrence, skewness
from audiolime_ext.recommendation.intervals import Interval, average, difference
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval, of_relevant, same

Mask = NDArray[np.bool_]
COMPARED = ("AP", "P@1")
Pair = tuple[str, str, str, Retrieval, Retrieval]  # names, condition, measures


@dataclass(frozen=True, eq=False)
class Judging:
    """What all methods have in common: the songs, the number of neighbours, and the seed."""

    songs: Songs
    k: int
    seed: int

    @cached_property
    def relevant(self) -> Mask:
        """Which songs are of one group, shape (n_songs, n_songs)."""
        return same(self.songs.groups)

    @cached_property
    def hidden(self) -> Mask:
        """Which song (column) a query (row) must not find, shape (n_songs, n_songs)."""
        return self.songs.hidden

    @cached_property
    def choosing(self) -> Mask:
        """True for songs of one half of the groups that ask, shape (n_songs,)."""
        asking = list(self.songs.asking)
        first = {group for group, drawn in zip(asking, halves(asking, self.seed), strict=True) if drawn}
        return np.array([group in first for group in self.songs.groups], bool)

    @cached_property
    def chance(self) -> Retrieval:
        """What each query has by chance."""
        return expected(self.relevant, self.hidden, k=self.k)

    def measured(self, method: Method) -> Measured:
        """A method with all its treatments, the one that the other half chose in front."""
        found, hubs = {}, {}
        for treatment in TREATMENTS:
            near = nearness(method.vectors, treatment)
            found[treatment] = of_relevant(near, self.relevant, excluded=self.hidden, k=self.k)
            hubs[treatment] = skewness(k_occurrence(near, self.k))
        both, treatments = crossed(found, self.choosing)
        default = usual(named=method.outputs_named, n_songs=len(self.songs.groups))
        return Measured(
            method.name,
            method.condition,
            method.is_index,
            both,
            treatments,
            self.means(both),
            found,
            hubs,
            default,
            self.means(found[default]),
            of=method.of,
        )

    def means(self, found: Retrieval) -> dict[str, Interval]:
        """The means of all measures, with intervals."""
        how: dict[str, Any] = {"seed": self.seed, "widened": True}
        return {name: average(found, self.songs.groups, measure=name, **how) for name in MEASURES}

    def against_deals(self, method: Method, one: Measured) -> tuple[Measured, Floats]:
        """A method with the share of deals of the groups that do as well, and the measures of these deals."""
        near = np.where(self.choosing[:, None], *(nearness(method.vectors, name) for name in one.treatments))
        numbers = np.unique(self.songs.groups, return_inverse=True)[1]
        deals = dealt(near, numbers, self.hidden, k=self.k, seed=self.seed)
        as_high = deals[:, MEASURES.index("AP")] >= one.found.mean("AP")
        return replace(one, p_chance=float((1 + as_high.sum()) / (1 + len(deals)))), deals

    def compared(self, methods: Sequence[Measured]) -> tuple[Comparison, ...]:
        """Each index with chance, with the others and with the anchors, and with itself made alike."""
        return compare(list(self._pairs(methods)), self.songs.groups, seed=self.seed)

    def _pairs(self, methods: Sequence[Measured]) -> Iterator[Pair]:
        for condition in (AS_IT_IS, ALIKE):
            here = [one for one in methods if one.condition == condition]
            for number, one in enumerate(here):
                if one.is_index:
                    yield one.name, CHANCE, condition, one.found, self.chance
                    others = [other for other in here[number + 1 :] if other.of in ("", None, one.name)]
                    yield from ((one.name, other.name, condition, one.found, other.found) for other in others)
        alike = {one.name: one.found for one in methods if one.condition == ALIKE}
        for one in methods:
            if one.is_index and one.condition == AS_IT_IS and one.name in alike:
                yield f"{one.name} {AS_IT_IS}", f"{one.name} {ALIKE}", "", one.found, alike[one.name]


def compare(pairs: Sequence[Pair], groups: Sequence[str], *, seed: int = 0) -> tuple[Comparison, ...]:
    """Pairs of methods, compared on the same queries; what is called sure allows for how many pairs there are.

    Parameters
    ----------
    pairs : sequence of (str, str, str, Retrieval, Retrieval)
        Names of the two, their condition, and their measures.
    groups : sequence of str
        Group of each song.
    seed : int
        Random seed of the draws.
    """
    how: dict[str, Any] = {"seed": seed, "widened": True}
    level, found = level_of(len(pairs)), []
    for first, second, condition, one, other in pairs:
        differences = {name: difference(one, other, groups, measure=name, **how) for name in COMPARED}
        corrected = difference(one, other, groups, level=level, **how)
        enough = len({groups[query] for query in one.queries}) >= least_groups(len(pairs))
        found.append(Comparison(first, second, condition, differences, corrected, enough))
    return tuple(found)
