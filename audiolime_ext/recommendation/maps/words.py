"""What may be said of a map, in sentences, each with its number.

The order is that of a careful reader: whether there are clumps at all, what a map can show and cannot, how true it is
to the songs' vectors, how far it is the same when it is made again, whether it rests, and what groups are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audiolime_ext.files.names import legible, utf8
from audiolime_ext.recommendation.maps.clumps import LEAST_DEPTH, LEAST_SONGS, LEVEL, least_part
from audiolime_ext.recommendation.maps.regions import Kind, Region, n_deals
from audiolime_ext.text import counted, shortened, text_table

if TYPE_CHECKING:
    from audiolime_ext.recommendation.maps.result import EmbeddingMap, Groups

UNSTABLE = 0.5  # share of neighbours; of pure noise most songs keep less, of songs in groups few
_GROUPS_SHOWN = 12
_MOST_NAMED, _LONGEST = 5, 40  # groups in a sentence, and characters of a name there
_KINDS: dict[Kind, tuple[str, str, str]] = {  # in a table; of one group and of several in a sentence
    "own": ("region of its own", "is a region of its own", "are regions of their own"),
    "overlaps": (
        "overlaps with others",
        "overlaps with others, though less than a group dealt at random",
        "overlap with others, though less than groups dealt at random",
    ),
    "chance": (
        "not told from chance",
        "is not told from groups dealt at random",
        "are not told from groups dealt at random",
    ),
    "few": ("too few songs to tell", "has too few songs to tell", "have too few songs to tell"),
}


def headline(found: EmbeddingMap) -> str:
    """Whether the songs fall into clumps, in a sentence."""
    if found.clumped is None:
        n = len(found.places)
        songs = counted(n, "song") if found.n_distinct == n else f"{found.n_distinct} different songs (of {n})"
        return f"{songs}: fewer than {LEAST_SONGS} are too few to tell clumps from chance."
    if found.clumped:
        parts = f"{counted(found.n_apart, 'song lies', 'songs lie')} apart from the others"
        drawn = "" if found.n_compared >= found.n_distinct else f" of {found.n_compared} that were drawn"
        return f"The songs fall into clumps, beyond what noise does: across the deepest valley, {parts}{drawn}."
    if found.p_clumped <= LEVEL:
        told = (
            "The songs lie less evenly than noise does, but not so that clumps can be told from a continuum: they may "
            "lie along a curve, in clumps that blend, or in many small clumps."
        )
        return " ".join([told, *([f"{regions} all the same."] if (regions := _regions(found)) else [])])
    if regions := _regions(found):
        return f"No clumps are found that a valley divides from all other songs. {regions} all the same."
    return (
        "Nothing shows that the songs fall into clumps: any that the map seems to have may be t-SNE's own, as those of "
        "noise are."
    )


def _regions(found: EmbeddingMap) -> str:
    """Which groups are regions of their own, without a full stop; "" where none is."""
    if found.groups is None or not (own := found.groups.of_kind("own")):
        return ""
    few = _KINDS["own"][1 if len(own) == 1 else 2]
    return f"By {legible(found.groups.column)}, {counted(len(own), 'group')} ({_named(own)}) {few}"


def _named(regions: tuple[Region, ...], *, numbers: bool = False) -> str:
    """The first groups by name, and how many more there are."""
    names = [
        shortened(legible(one.name), _LONGEST) + (f", silhouette {one.silhouette:.2f}" if numbers else "")
        for one in regions[:_MOST_NAMED]
    ]
    more = len(regions) - len(names)
    return ("; " if numbers else ", ").join([*names, *([f"and {more} more"] if more else [])])


def sentences(found: EmbeddingMap) -> tuple[str, ...]:
    """What else is to be known, in the order in which it should be read."""
    return (*_clumps(found), reading(found), _truth(found), *_stable(found), _rest(found), *of_groups(found.groups))


def reading(found: EmbeddingMap) -> str:
    """What a map shows, and what it cannot show."""
    return (
        f"Each song is placed among those that are near to it by t-SNE, by about {found.settings.perplexity:g} "
        "neighbours. So who is beside whom can be read off the map; how far clumps are from each other, how large and "
        "how dense they are, and where on the sheet something lies mean nothing."
    )


def _clumps(found: EmbeddingMap) -> list[str]:
    if found.clumped is None:
        return []
    drawn = "" if found.n_compared >= found.n_distinct else f", among {found.n_compared} songs that were drawn"
    told = (
        f"In the original space the deepest valley between two parts has a depth of {found.layout.clumping:.1f}, in "
        f"noise {found.noise.clumping:.1f} (the median; p = {found.p_clumped:.2g}{drawn}); {LEAST_DEPTH:g} is what "
        f"clumps must have, and says that songs lie about {_times_as_dense()} times as densely in both parts as "
        "between them. A map of noise may seem to have some: these are t-SNE's own."
    )
    if found.clumped:
        return [told]
    few = round(least_part(found.n_compared) * found.n_distinct / found.n_compared)
    unseen = (
        f"Clumps of {few} songs or fewer would not be found, nor kinds of songs that blend, nor one dense clump among "
        "scattered songs: it has no valley around it."
    )
    return [told, unseen]


def _times_as_dense() -> int:
    """What the least depth, a logarithm, stands for; to ten."""
    return 10 * round(float(np.exp(LEAST_DEPTH)) / 10)


def _truth(found: EmbeddingMap) -> str:
    first, second = (f"{100 * share:.0f} %" for share in found.explained)
    return (
        f"How far neighbours on the map are neighbours in the original space (trustworthiness, at best 1): "
        f"{found.layout.trustworthiness:.2f}, on the map of noise {found.noise.trustworthiness:.2f}. The first two "
        f"principal components hold {first} and {second} of how the songs vary."
    )


def _stable(found: EmbeddingMap) -> list[str]:
    stability = found.stability
    starts, subsamples = (100 * float(np.mean(one)) for one in (stability.by_starts, stability.by_subsamples))
    told = (
        f"Made again from {counted(stability.n_starts, 'random start')}, a song keeps {starts:.0f} % of its "
        f"{counted(stability.k, 'neighbour')} on the map, and {subsamples:.0f} % where a fifth of the songs is left "
        f"out ({counted(stability.n_subsamples, 'time')}); by chance it would be {100 * stability.chance:.0f} % and "
        f"{100 * stability.chance_of_subsamples:.0f} %."
    )
    unstable = int((stability.each < UNSTABLE).sum())
    few = f"{counted(unstable, 'song keeps', 'songs keep')} less than {100 * UNSTABLE:.0f} %"
    return [told, *([f"{few}: where {'it lies' if unstable == 1 else 'they lie'} means little."] if unstable else [])]


def _rest(found: EmbeddingMap) -> str:
    movement = found.layout.movement
    iterations = int(movement.iterations[-1])
    if movement.settled:
        return f"The map has come to rest after {iterations} iterations."
    return (
        f"The map has not settled: after {iterations} iterations songs still move by {_percent(movement.moves[-1])} of "
        f"its spread within the last {_last_step(movement.iterations.tolist())}."
    )


def _last_step(iterations: list[int]) -> int:
    return iterations[-1] - ([0, *iterations])[-2]


def of_groups(groups: Groups | None) -> tuple[str, ...]:
    """What is known of the groups, each by itself, and over all songs."""
    if groups is None:
        return ()
    name, n = legible(groups.column), counted(len(groups.regions), "group")
    kinds = {kind: those for kind in _KINDS if (those := groups.of_kind(kind))}
    if set(kinds) == {"chance"}:
        told = f"None of {n} by {name} is told from groups dealt at random."
    elif set(kinds) == {"few"}:
        told = f"The {n} by {name} have too few songs to tell them from groups dealt at random."
    else:
        told = f"Of {n} by {name}, {'; '.join(_counted(kind, those) for kind, those in kinds.items())}."
    return told, _over_all(groups)


def _counted(kind: Kind, regions: tuple[Region, ...]) -> str:
    told = f"{len(regions)} {_KINDS[kind][1 if len(regions) == 1 else 2]}"
    return f"{told} ({_named(regions, numbers=True)})" if kind in ("own", "overlaps") else told


def _over_all(groups: Groups) -> str:
    """The silhouette of all songs; its p where there are enough deals for one that is small."""
    deals = n_deals([groups.counts[one.name] for one in groups.regions])
    p = f"p = {groups.p:.2g}" if deals * LEVEL >= 1 else f"with {deals:.0f} different deals, too few for a p"
    return (
        f"Over all songs the silhouette by {legible(groups.column)} is {groups.silhouette:.2f}, {p} (1: far apart, 0: "
        "no regions, below 0: nearer to another group); it may hide groups that differ."
    )


def as_text(found: EmbeddingMap) -> str:
    """The whole for a terminal."""
    name = found.index.model or "the vectors of the catalogue"
    head = f"a map of {counted(len(found.places), 'song')}, by {name}, {found.space}"
    parts = [head, "\n".join([headline(found), *sentences(found)])]
    if found.groups is not None:
        parts.append(table_of_groups(found.groups))
    if found.notes:
        parts.append("\n".join(f"note: {utf8(note)}" for note in found.notes))
    return "\n\n".join(parts)


def table_of_groups(groups: Groups) -> str:
    """Groups with their numbers, the largest first, and distances between them where there are few."""
    header, rows = rows_of_groups(groups)
    more = len(groups.counts) - _GROUPS_SHOWN
    beyond = [f"… and {counted(more, 'more group')}"] if more > 0 else []
    return "\n".join([text_table(header, rows[:_GROUPS_SHOWN], left=(0, 2, 6)), *beyond])


def rows_of_groups(groups: Groups) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a table of the groups: what they are, and distances within and to the nearest one.

    How far the nearest group is has no p: the nearest one of many is near by choice.
    """
    header = [
        *(legible(groups.column), "songs", "what it is", "silhouette", "p, corrected"),
        *("distance within", "nearest group", "distance"),
    ]
    return header, [[legible(name), str(n), *_row(name, groups)] for name, n in groups.counts.items()]


def _row(name: str, groups: Groups) -> list[str]:
    region = next((one for one in groups.regions if one.name == name), None)
    own = groups.within.get(name)
    if region is None or own is None:
        return [""] * 6
    p = "" if region.kind == "few" else f"{region.p:.2g}"
    told = [_KINDS[region.kind][0], f"{region.silhouette:.2f}", p, f"{own.distance:.3f}"]
    others = [one for one in groups.pairs if name in (one.first, one.second) and one.first != one.second]
    if not others:
        return [*told, "", ""]
    nearest = min(others, key=lambda pair: pair.distance)
    other = nearest.second if nearest.first == name else nearest.first
    return [*told, legible(other), f"{nearest.distance:.3f}"]


def _percent(share: float) -> str:
    """A share as it is read: two digits of it.

    Examples
    --------
    >>> _percent(0.0083), _percent(0.21)
    ('0.83 %', '21 %')
    """
    return f"{100 * share:.2g} %"
