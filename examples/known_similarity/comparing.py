"""What is measured of similarities: means, who is nearer, and how much of the way to the same song a thing makes.

- *nearer*: the probability that a candidate of one kind is nearer to a song than a candidate of another kind, over all
  candidates of that song (the area under the ROC curve, ties by half). It does not depend on an embedder's scale. That
  of "only the drums" against "nothing" is .5 if the drums do not matter, and 1 if they always do. That of "all but the
  drums" against "the same song" (played again) is .5 if other drums are not noticed, and 0 if they always are.
- *way*: how much of the way a kind lies from "nothing" (0) to "the same song" (1), by mean similarities.

Intervals are 95 %, by a bootstrap over sets (percentiles): whole sets are drawn again, since songs of one set are each
other's candidates. Everything is compared within a song, so that a song to which all is near counts as any other.

References
----------
B. Efron, R. Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from examples.known_similarity.design import LAYERS, NOTHING, SAME, THINGS, Kind

N_DRAWS = 10_000
Array = NDArray[np.float64]
Nearness = Mapping[Kind, Array]  # (n_sets, n_songs, n_candidates)


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; NaN where it has none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """Candidates of a kind, beside those of another.

    Parameters
    ----------
    kind, than
        What is compared with what; of the two anchors themselves `than` is the other one.
    similarity, way
        Of the first kind.
    nearer
        Probability that the first is nearer.
    """

    kind: Kind
    than: Kind
    similarity: Estimate
    nearer: Estimate
    way: Estimate


def pairs() -> Iterator[tuple[Kind, Kind]]:
    """What is compared with what."""
    yield NOTHING, SAME
    yield SAME, NOTHING
    yield from ((Kind(True, thing), NOTHING) for thing in THINGS)
    yield from ((Kind(False, thing), SAME) for thing in THINGS)
    yield from ((Kind(True, one), Kind(True, other)) for one, other in combinations(LAYERS, 2))


def compare(near: Nearness, *, seed: int = 0) -> list[Compared]:
    """All comparisons of an embedder."""
    n_sets = len(near[NOTHING])
    drawn = np.random.default_rng(seed).integers(n_sets, size=(N_DRAWS, n_sets))
    means = {kind: values.mean(axis=(1, 2)) for kind, values in near.items()}  # of each set
    return [
        Compared(
            kind,
            than,
            _mean(means[kind], drawn),
            _mean(nearer(near[kind], near[than]), drawn),
            _way(means[kind], means[NOTHING], means[SAME], drawn),
        )
        for kind, than in pairs()
    ]


def nearer(first: Array, second: Array) -> Array:
    """How often the first candidates are nearer than the second, for each set, shape (n_sets,)."""
    one, other = first[..., :, None], second[..., None, :]
    return np.asarray(((one > other) + 0.5 * (one == other)).mean(axis=(1, 2, 3)))


def _mean(of_sets: Array, drawn: NDArray[np.intp]) -> Estimate:
    return _estimate(of_sets.mean(), of_sets[drawn].mean(axis=1))


def _way(of: Array, nothing: Array, same: Array, drawn: NDArray[np.intp]) -> Estimate:
    """None (NaN) where the same song is no nearer than one that shares nothing."""

    def way(rows: NDArray[np.intp]) -> Array:
        start, whole = nothing[rows].mean(axis=-1), (same - nothing)[rows].mean(axis=-1)
        return np.asarray((of[rows].mean(axis=-1) - start) / np.where(whole > 0, whole, np.nan))

    return _estimate(way(np.arange(len(of))), way(drawn))


def _estimate(value: Array, of_draws: Array) -> Estimate:
    low, high = np.percentile(of_draws, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))


def of(found: Sequence[Compared], kind: Kind, than: Kind) -> Compared:
    """One of some comparisons."""
    return next(one for one in found if (one.kind, one.than) == (kind, than))
