"""Which groups are regions of the space: each is judged by itself, as one number for all hides those that differ.

- *Told from chance*: the mean silhouette of its songs is as high in hardly any deal of the groups at random. Each group
  has a p of that; they are corrected for their number, however they hang together [1]_, so that of the groups that are
  told from chance one in twenty at most, as a mean, should not be. (The distance within a group would not do: beside
  one far region all other groups are nearer to themselves than a deal is, even if they were dealt among each other.)
- *A region of its own* is told from chance, and has a silhouette of .5 or more: its songs are about twice as near to
  each other as to the nearest other group [2]_, or more. With a lower one a group *overlaps*, though less than a deal
  would.
- *Too few songs to tell*: the group can be dealt in so few different ways that no p could be small enough.

References
----------
.. [1] Benjamini and Yekutieli, "The Control of the False Discovery Rate in Multiple Testing under Dependency", Annals
   of Statistics 29, 2001.
.. [2] Kaufman and Rousseeuw, "Finding Groups in Data", Wiley 1990.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LEVEL = 0.05
OWN = 0.5  # silhouette
Kind = Literal["own", "overlaps", "chance", "few"]


@dataclass(frozen=True)
class Region:
    """A group, as a part of the space.

    Parameters
    ----------
    name : str
        Name of the group.
    silhouette : float
        Mean silhouette of its songs by cosine distance, −1 to 1.
    p : float
        Share of deals at random in which its silhouette is as high, corrected for the number of groups.
    kind : {"own", "overlaps", "chance", "few"}
        Verdict: a region of its own; more than chance, but no such region; not told from chance; too few songs.
    """

    name: str
    silhouette: float
    p: float
    kind: Kind


def regions_of(
    names: Sequence[str], sizes: Sequence[int], silhouettes: Sequence[float], p_values: Sequence[float]
) -> tuple[Region, ...]:
    """The groups as parts of the space.

    Parameters
    ----------
    names : sequence of str
        Groups.
    sizes : sequence of int
        Number of songs of each.
    silhouettes : sequence of float
        Mean silhouette of the songs of each.
    p_values : sequence of float
        Share of deals in which the silhouette of each is as high, not corrected.

    Examples
    --------
    >>> found = regions_of(["a", "b", "c"], [20, 20, 20], [0.8, 0.2, 0.0], [0.001, 0.02, 0.04])
    >>> [(one.kind, round(one.p, 3)) for one in found]
    [('own', 0.005), ('chance', 0.055), ('chance', 0.073)]
    """
    from scipy.stats import false_discovery_control

    corrected = false_discovery_control(list(p_values), method="by").tolist()
    few = [math.comb(sum(sizes), size) * LEVEL < correction(len(sizes)) for size in sizes]
    return tuple(
        Region(name, float(silhouette), p, "few" if little else _kind(silhouette, p))
        for name, silhouette, p, little in zip(names, silhouettes, corrected, few, strict=True)
    )


def correction(n_groups: int) -> float:
    """How many times as small as without correction a single p among so many must be.

    Examples
    --------
    >>> correction(1), correction(2)
    (1.0, 3.0)
    """
    return n_groups * sum(1 / n for n in range(1, n_groups + 1))


def _kind(silhouette: float, p: float) -> Kind:
    if p > LEVEL:
        return "chance"
    return "own" if silhouette >= OWN else "overlaps"


def n_deals(sizes: Sequence[int]) -> float:
    """In how many different ways songs can be dealt to groups of these sizes.

    Examples
    --------
    >>> round(n_deals([2, 2])), round(n_deals([4, 4])), round(n_deals([2, 3]))
    (3, 35, 10)
    """
    parts = [*sizes, *Counter(sizes).values()]  # groups of one size may change places
    ways = math.lgamma(sum(sizes) + 1) - sum(math.lgamma(part + 1) for part in parts)
    return math.exp(ways) if ways < 700 else math.inf
