"""Which combinations of components to try: all of them where the budget allows, else a seeded sample.

All 2ⁿ masks make the results exact and need no seed. A sample always holds "all on" and "all off"; the rest is drawn in
complementary pairs (a mask and its opposite), which halves the variance for most models. A mask that is drawn more than
once is predicted once and counted as often as it was drawn: dropping repeats would bias sampled Shapley values.

Pairs are drawn one after the other from one endless sequence, and a budget only says where to stop. So the masks of a
larger budget contain those of a smaller one with the same seed, and a sample can grow without losing a prediction.

References: Covert and Lee, "Improving KernelSHAP: practical Shapley value estimation via linear regression", AISTATS
2021 (paired sampling); Lundberg and Lee, NeurIPS 2017 (the Shapley kernel).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

Masks = NDArray[np.bool_]
Sampling = Literal["shapley", "uniform"]

DRAWS_AT_ONCE = 1024
MAX_EVALS = 1024  # masks that a model is asked about at most, where nothing else is said


@dataclass(frozen=True, eq=False)
class MaskSet:
    """Distinct masks to evaluate.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_masks, n_components)
        Masks, all different. The first is all off, the last all on.
    counts : ndarray of int64, shape (n_masks,)
        Number of times that each mask was drawn.
    exhaustive : bool
        True where they are all the masks that there are.
    """

    masks: Masks = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    exhaustive: bool


@dataclass(frozen=True, eq=False)
class Neighborhood(MaskSet):
    """Evaluated masks: all that an attribution method needs, so that none asks the model again.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_masks, n_outputs)
        The model's answer to each mask.
    groups : tuple of int
        Numbers of neighbouring components that belong together, as the segments of a stem do; empty: none do.
    """

    scores: NDArray[np.float64] = field(repr=False)
    groups: tuple[int, ...] = ()

    @property
    def empty(self) -> NDArray[np.float64]:
        """The model's answer with all components off, shape (n_outputs,)."""
        return np.asarray(self.scores[0])

    @property
    def full(self) -> NDArray[np.float64]:
        """The model's answer to the recording itself, shape (n_outputs,)."""
        return np.asarray(self.scores[-1])

    def answer(self, mask: Masks) -> NDArray[np.float64] | None:
        """The model's answer to one mask, shape (n_outputs,); None where it was not evaluated."""
        rows = np.flatnonzero((self.masks == mask).all(axis=1))
        return np.asarray(self.scores[rows[0]]) if len(rows) else None


def enumerate_masks(n: int) -> Masks:
    """All 2ⁿ masks; row i holds the bits of i, component 0 in the lowest.

    Examples
    --------
    >>> enumerate_masks(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1)


def sample_masks(n: int, n_evals: int, *, sampling: Sampling, seed: int) -> tuple[Masks, NDArray[np.int64]]:
    """At most `n_evals` distinct masks in complementary pairs, with how often each was drawn.

    Pairs are drawn until one more new pair would exceed the budget (or until eight times as many were drawn). A larger
    budget with the same seed goes on where a smaller one stopped.

    Parameters
    ----------
    n : int
        Number of components, at least 2.
    n_evals : int
        The most distinct masks.
    sampling : {"shapley", "uniform"}
        Distribution of the masks. ``"uniform"``: every component on with probability 1/2, as in LIME; ``"shapley"``:
        sizes drawn by the Shapley kernel, (n − 1) / (k (n − k)) for k components on.
    seed : int
        Seed of the draws.

    Examples
    --------
    >>> some, more = (sample_masks(12, k, sampling="shapley", seed=0)[0].tolist() for k in (40, 60))
    >>> len(some), len(more), all(mask in more for mask in some)
    (40, 60, True)
    """
    n_pairs = (n_evals - 2) // 2
    counts = {bytes(n): 1}  # a mask and its opposite have one name: that of the one without the first component
    for name in islice(_draws(n, sampling, seed), 8 * n_pairs):
        if name not in counts and len(counts) > n_pairs:
            break
        counts[name] = counts.get(name, 0) + 1
    names = sorted(counts)
    half = np.frombuffer(b"".join(names), bool).reshape(-1, n)
    drawn = np.array([counts[name] for name in names], np.int64)
    return np.concatenate([half, ~half[::-1]]), np.concatenate([drawn, drawn[::-1]])


def _draws(n: int, sampling: Sampling, seed: int) -> Iterator[bytes]:
    """The endless sequence of pairs, drawn in batches of constant size, so that no budget changes it."""
    rng = np.random.default_rng(seed)
    sizes = np.arange(1, n)
    mass = 1.0 / (sizes * (n - sizes))
    while True:
        if sampling == "uniform":
            drawn = rng.random((DRAWS_AT_ONCE, n)) < 0.5
        else:
            picked = rng.choice(sizes, size=DRAWS_AT_ONCE, p=mass / mass.sum())
            drawn = rng.random((DRAWS_AT_ONCE, n)).argsort(axis=1).argsort(axis=1) < picked[:, None]
        yield from (pair.tobytes() for pair in np.where(drawn[:, :1], ~drawn, drawn))


def choose_masks(n: int, *, max_evals: int = MAX_EVALS, sampling: Sampling = "shapley", seed: int = 0) -> MaskSet:
    """Every mask of n components if 2ⁿ ≤ `max_evals`, else a sample within that budget.

    Raises
    ------
    UsageError
        If the budget is too small to fit n weights (fewer than 2 n + 2 evaluations).

    Examples
    --------
    >>> choose_masks(3).exhaustive, len(choose_masks(3).masks)
    (True, 8)
    >>> choose_masks(20, max_evals=100).exhaustive
    False
    """
    if n < 1:
        raise UsageError("there is nothing to switch: the factorization gave no component")
    if 2**n <= max_evals:
        return MaskSet(enumerate_masks(n), np.ones(2**n, np.int64), True)
    if max_evals < 2 * n + 2:
        least = f"at least {2 * n + 2}, or {2**n} for exact values" if 2 * n + 2 < 2**n else f"{2**n}: all there are"
        raise UsageError(
            f"{counted(max_evals, 'evaluation is', 'evaluations are')} too few for {counted(n, 'component')}; "
            f"allow {least}"
        )
    if seed < 0:
        raise UsageError(f"seed must not be negative, not {seed}")
    masks, counts = sample_masks(n, max_evals, sampling=sampling, seed=seed)
    return MaskSet(masks, counts, False)
