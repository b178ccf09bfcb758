"""An evaluation in words: what may be said by the intervals, and what the numbers do not say.

*Surely* is said only where an interval leaves out zero that allows for how many comparisons there are (Bonferroni):
with m of them its level is 1 − .05 / m, so that all that is called sure is right together in 95 of 100 cases, as far as
a bootstrap over few groups can tell. Anything else is *not surely* so: not found, which is not the same as not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE, AS_IT_IS
from audiolime_ext.recommendation.intervals import Interval
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.recommendation.evaluation.listening import Method
    from audiolime_ext.recommendation.evaluation.result import Comparison, Measured

CHANCE = "chance"
FEW_GROUPS = 20
_ALBUMS = ("album", "folder", "soundtrack", "group", "release", "record")
_ARTISTS = ("artist", "composer", "band")
_STYLES = ("genre", "style", "label", "mood", "tag")
_LARGE, _LARGER = 0.25, 1.5  # of all queries; times a mean group
_LEAST = 0.0005  # what is not told as zero


def level_of(n_comparisons: int) -> float:
    """The level of each interval, so that all of them together are right in 95 of 100 cases.

    Examples
    --------
    >>> level_of(1), level_of(10)
    (0.95, 0.995)
    """
    return 1 - 0.05 / max(n_comparisons, 1)


def least_groups(n_comparisons: int) -> int:
    """How many groups it takes before anything can be sure.

    Of two equal methods, the first is ahead in all of n groups, or in none, with a probability of 2 ** (1 - n); as long
    as that is above .05 / m, an interval cannot say more, however narrow it is.

    Examples
    --------
    >>> least_groups(1), least_groups(10)
    (6, 9)
    """
    return math.ceil(1 + math.log2(max(n_comparisons, 1) / 0.05))


def named(name: str, condition: str) -> str:
    """A method with its condition, where that matters."""
    return f"{legible(name)}, {condition}" if condition else legible(name)


def compared(first: str, second: str, condition: str) -> str:
    """Two methods that are compared, in words."""
    return f"{legible(first)} over {legible(second)}{f', {condition}' if condition else ''}"


def mean(of: Interval) -> str:
    """A mean with its interval.

    Examples
    --------
    >>> mean(Interval(0.2718, 0.2, 0.3333))
    '0.272 (0.200 to 0.333)'
    """
    return f"{of.value:.3f} ({of.low:.3f} to {of.high:.3f})"


def gain(of: Interval) -> str:
    """A difference with its interval.

    Examples
    --------
    >>> gain(Interval(0.05, -0.01, 0.11))
    '+0.050 (-0.010 to +0.110)'
    """
    return f"{of.value:+.3f} ({of.low:+.3f} to {of.high:+.3f})"


def sentences(
    measured: Sequence[Measured], comparisons: Sequence[Comparison], chance: Mapping[str, tuple[float, float, float]]
) -> list[str]:
    """What may be said by the intervals: a sentence for each index in each condition, and on making alike."""
    parts: list[str] = []
    for condition in dict.fromkeys(one.condition for one in measured):
        told = [_about(one, comparisons, chance) for one in measured if one.is_index and one.condition == condition]
        parts += [("Made alike, " if condition == ALIKE else "") + one for one in told]
    parts[0] = parts[0].replace(" a MAP of ", " a mean average precision (MAP) of ", 1)
    return [*parts, *(_lost(one) for one in comparisons if not one.condition)]


def treated(treatments: tuple[str, str]) -> str:
    """The treatments of the two halves.

    Examples
    --------
    >>> treated(("plain", "plain")), treated(("plain", "centred, local scaling"))
    ('plain', 'plain; of the other half: centred, local scaling')
    """
    first, second = treatments
    return first if first == second else f"{first}; of the other half: {second}"


def _about(one: Measured, comparisons: Sequence[Comparison], chance: Mapping[str, tuple[float, float, float]]) -> str:
    """Whom a method is surely ahead of, whom it is surely behind, and from whom it is not told apart."""
    against: dict[str, list[str]] = {"surely ahead": [], "surely behind": [], "not surely apart": []}
    for found in comparisons:
        if found.first == one.name and found.condition == one.condition:
            against[found.verdict].append(legible(found.second))
    said = [
        f"{words} {_listed(against[verdict])}"
        for verdict, words in (
            ("surely ahead", "surely ahead of"),
            ("surely behind", "surely behind"),
            ("not surely apart", "not surely apart from"),
        )
        if against[verdict]
    ]
    about = f"{legible(one.name)} has a MAP of {one.means['AP'].value:.3f} (chance: {chance['AP'][0]:.3f})"
    return f"{about}; it is {', and '.join(said)}." if said else f"{about}."


def _lost(one: Comparison) -> str:
    lost, of = one.differences["AP"], legible(one.first.removesuffix(f" {AS_IT_IS}"))
    if one.verdict == "not surely apart":
        return (
            f"Cut off at 8 kHz, levelled and encoded alike, {of} does not surely lose or gain ({-lost.value:+.3f} MAP)."
        )
    does = "loses" if lost.value > 0 else "gains"
    return f"Cut off at 8 kHz, levelled and encoded alike, {of} surely {does} {abs(lost.value):.3f} of its MAP."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def notes_on(column: str, groups: Mapping[str, int], n_alone: int, comparisons: Sequence[Comparison]) -> list[str]:
    """What the numbers do not say: what a group is, how few there are, what could be seen, how often was compared."""
    notes = [group_is(column)]
    if n_alone:
        alone = counted(n_alone, "song is", "songs are")
        notes.append(f"{alone} alone in a group, or have nothing to find: searched, but no queries")
    n_queries, (largest, n_largest) = sum(groups.values()), next(iter(groups.items()))
    if n_largest > max(_LARGE, _LARGER / len(groups)) * n_queries:
        notes.append(
            f"each query counts once, so large groups count more: {legible(largest)} has {n_largest} of {n_queries}"
        )
    if len(groups) < FEW_GROUPS:
        notes.append(
            f"{counted(len(groups), 'group')} are few: intervals by a bootstrap over so few are too narrow (of 95 %, "
            "8 of 100 miss with 12 groups, and 10 with 5), and what they call sure is less so"
        )
    widths = [
        (one.differences["AP"].high - one.differences["AP"].low) / 2 for one in comparisons if one.second != CHANCE
    ]
    if widths and (width := float(np.median(widths))) >= _LEAST:
        notes.append(
            f"with these {counted(len(groups), 'group')} a difference in MAP below about {width:.3f} cannot be "
            "told from none: that is how far an interval reaches to either side, in the middle of all comparisons"
        )
    n = len(comparisons)
    if len(groups) < (least := least_groups(n)):
        notes.append(
            f"nothing is called sure: among {counted(n, 'comparison')} that takes {counted(least, 'group')}, since "
            "fewer may all point one way by chance"
        )
    elif n > 1:
        notes.append(
            f"{counted(n, 'comparison')} are made: ‘surely’ asks for an interval of {100 * level_of(n):.1f} % by MAP "
            "that leaves out zero, so that all are right together in 95 of 100 cases; intervals shown are of 95 %: "
            "one in 20 of those may be wrong"
        )
    notes.append(
        "intervals are by a bootstrap over groups: how it may be with other groups of this kind, among the same songs"
    )
    return notes


def equal_vectors(methods: Sequence[Method]) -> list[str]:
    """The note on each index whose vectors do not tell some songs apart."""
    notes = []
    for one in methods:
        kinds, counts = np.unique(one.vectors, axis=0, return_counts=True)
        n = int(counts[counts > 1].sum()) if one.is_index and one.condition == AS_IT_IS else 0
        if n:
            notes.append(
                f"{n} of {counted(len(one.vectors), 'song')} have the very vector of another one in "
                f"{legible(one.name)} ({counted(len(kinds), 'different vector')} in all): equally near songs could "
                "come in any order, and a measure is its mean over all of them"
            )
    return notes


def group_is(column: str) -> str:
    """What songs of a group share, besides what a listener calls alike.

    Examples
    --------
    >>> group_is("album")
    'songs of one album share their production (codec, mastering, instruments) as well as their music'
    """
    name, told = column.lower(), legible(column)
    if any(word in name for word in _ALBUMS):
        return f"songs of one {told} share their production (codec, mastering, instruments) as well as their music"
    if any(word in name for word in _ARTISTS):
        return f"songs of one {told} share voices, instruments and often their production as well as a style"
    if any(word in name for word in _STYLES):
        return f"a {told} is a word for songs, by whoever gave it; songs of one artist share it, and much else"
    return f"whether songs of one {told} sound alike is not known: songs may share it for other reasons"
