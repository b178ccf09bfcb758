"""Other ways to choose pairs of masks than `choose_masks` has, tried on answers that are there already.

Given how many components are on, all masks are equally likely in every sampler here; they differ in how many pairs of
each size they take. So a sample of any of them can be picked from a long sequence of `Draws`, size by size. A pair is
of the size of its smaller mask, and counts as its size's share of the kernel over the pairs that are expected of it.

- *balanced*: as many pairs of each size as the kernel's share wants, to within one, none of them twice; of a size of
  which that is more than there are, all, and more of the others.
- *exhausted*: the same but for chance: where not all pairs of a size are taken, the number of pairs is random.
- *root*: balanced, with sizes k in proportion to 1/√(k (n − k)).
- *leverage*: balanced, with all sizes alike, as their leverage over the fit is (Musco and Witter, "Provably accurate
  Shapley value estimation via leverage score sampling", ICLR 2025).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import comb

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.masks import Neighborhood, Sampling
from tests.studies.draws import Array, Draws

SAMPLERS: dict[Sampling, tuple[str, ...]] = {
    "shapley": ("balanced", "exhausted", "root", "leverage"),
    "uniform": ("balanced",),
}


def shares(n: int, sampler: str, sampling: Sampling) -> Array:
    """How pairs divide into sizes 1…n/2, for `sampler` where it has a choice of its own; sums to one."""
    sizes = np.arange(1, n // 2 + 1)
    if sampling == "uniform":
        share = np.array([float(comb(n, k)) for k in sizes])
    else:
        share = (sizes * (n - sizes)) ** {"root": -0.5, "leverage": 0.0}.get(sampler, -1.0)
    share = np.where(2 * sizes == n, 0.5, 1.0) * share  # both masks of a pair may be of this size
    return np.asarray(share / share.sum())


def expected(share: Array, n_pairs: int, there_are: Array) -> Array:
    """So many pairs in proportion to `share`, but of no size more than there are."""
    wanted = n_pairs * share
    while (full := wanted >= there_are).any() and (wanted > there_are + 1e-9).any():
        free = n_pairs - there_are[full].sum()
        wanted = np.where(full, there_are, free * share / share[~full].sum())
    return np.asarray(wanted)


def samples(draws: Draws, n_evals: int, *, sampler: str, sampling: Sampling, seed: int = 0) -> Iterator[Neighborhood]:
    """Neighbourhoods of so many evaluations as `sampler` would choose them, their weights in place of counts.

    There is no end of them, but the masks of a size are taken again when all have been.
    """
    n, n_pairs = draws.n, n_evals // 2 - 1
    rng = np.random.default_rng(seed)
    codes, first = np.unique(draws.codes, return_index=True)
    scores = draws.scores[first]
    sizes = np.array([min(code.bit_count(), n - code.bit_count()) for code in codes.tolist()])
    of_size = [rng.permutation(np.flatnonzero(sizes == k)) for k in range(1, n // 2 + 1)]
    there_are = np.array([float(len(rows)) for rows in of_size])
    means = expected(shares(n, sampler, sampling), n_pairs, there_are)
    worth = shares(n, "kernel", sampling) / np.maximum(means, 1e-12)
    for at in count():
        numbers = drawn_numbers(means, there_are, rng, balanced=sampler != "exhausted")
        picked = np.concatenate([cyclic(rows, at, number) for rows, number in zip(of_size, numbers, strict=True)])
        order = picked[np.argsort(codes[picked])]
        yield draws.neighborhood(codes[order], scores[order], n_pairs * worth[sizes[order] - 1])


def drawn_numbers(means: Array, there_are: Array, rng: np.random.Generator, *, balanced: bool) -> NDArray[np.int64]:
    """Whole numbers with these means and their sum, either next to the means or as chance has it."""
    if balanced:
        steps = np.floor(np.concatenate([[0.0], means.cumsum()]) + rng.random() - 1e-9)
        return np.minimum(np.diff(steps), there_are).astype(np.int64)
    free = means < there_are
    numbers = np.where(free, 0, means).astype(np.int64)
    n_free = round(means[free].sum())
    numbers[free] = np.minimum(rng.multinomial(n_free, means[free] / means[free].sum()), there_are[free])
    return numbers


def cyclic(rows: NDArray[np.int64], at: int, number: int) -> NDArray[np.int64]:
    """The `at`-th piece of so many rows, from the start again where they are used up."""
    return rows[(at * number + np.arange(number)) % max(1, len(rows))]
