"""Which combinations of components to try: all of them where the budget allows, else a seeded sample.

All 2ⁿ masks make the results exact and need no seed. A sample always holds "all on" and "all off"; the rest is drawn in
complementary pairs (a mask and its opposite), which halves the variance for most models. A mask that is drawn more than
once is predicted once and counted as often as it was drawn: dropping repeats would bias sampled Shapley values.

References: Covert and Lee, "Improving KernelSHAP: practical Shapley value estimation via linear regression", AISTATS
2021 (paired sampling); Lundberg and Lee, NeurIPS 2017 (the Shapley kernel).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError

Masks = NDArray[np.bool_]
Sampling = Literal["shapley", "uniform"]


@dataclass(frozen=True, eq=False)
class MaskSet:
    """Distinct masks to evaluate.

    Parameters
    ----------
    masks
        Shape (n_masks, n_components), bool, all different. The first is all off, the last all on.
    counts
        How often each was drawn, shape (n_masks,).
    exhaustive
        Whether they are all that there are.
    """

    masks: Masks = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    exhaustive: bool


@dataclass(frozen=True, eq=False)
class Neighborhood(MaskSet):
    """Evaluated masks: all that an attribution method needs, so that none asks the model again.

    Parameters
    ----------
    scores
        Shape (n_masks, n_outputs), float64: the model's answer to each mask.
    """

    scores: NDArray[np.float64] = field(repr=False)

    @property
    def empty(self) -> NDArray[np.float64]:
        """The model's answer with all components off, shape (n_outputs,)."""
        return np.asarray(self.scores[0])

    @property
    def full(self) -> NDArray[np.float64]:
        """The model's answer to the recording itself, shape (n_outputs,)."""
        return np.asarray(self.scores[-1])


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

    Pairs are drawn until one more new pair would exceed the budget (or until eight times as many were drawn).

    Parameters
    ----------
    n
        Number of components, at least 2.
    sampling
        ``"uniform"``: every component on with probability 1/2, as in LIME; ``"shapley"``: sizes drawn by the Shapley
        kernel, (n − 1) / (k (n − k)) for k components on.
    """
    rng = np.random.default_rng(seed)
    n_pairs = (n_evals - 2) // 2
    n_draws = 8 * n_pairs
    if sampling == "uniform":
        drawn = rng.random((n_draws, n)) < 0.5
    else:
        sizes = np.arange(1, n)
        mass = 1.0 / (sizes * (n - sizes))
        picked = rng.choice(sizes, size=n_draws, p=mass / mass.sum())
        drawn = rng.random((n_draws, n)).argsort(axis=1).argsort(axis=1) < picked[:, None]
    pairs = np.where(drawn[:, :1], ~drawn, drawn)  # one name for a mask and its opposite
    new = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
    drawn = drawn[: new[n_pairs]] if len(new) > n_pairs else drawn
    rows = np.concatenate([np.zeros((1, n), bool), drawn, ~drawn, np.ones((1, n), bool)])
    masks, counts = np.unique(rows, axis=0, return_counts=True)  # sorted: all off first, all on last
    return masks, counts.astype(np.int64)


def choose_masks(n: int, *, max_evals: int = 1024, sampling: Sampling = "shapley", seed: int = 0) -> MaskSet:
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
        raise UsageError(f"{max_evals} evaluations are too few for {n} components; allow {least}")
    if seed < 0:
        raise UsageError(f"seed must not be negative, not {seed}")
    masks, counts = sample_masks(n, max_evals, sampling=sampling, seed=seed)
    return MaskSet(masks, counts, False)
