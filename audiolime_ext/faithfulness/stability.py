"""Stability: would another seed have named the same components?

U_n is the number of different components among the k heaviest of explanations that differ in their seed only: k where
they all agree, up to k times the number of seeds where they never do. An exact explanation does not depend on the
seed, and has U_n = k. Beware: components of nearly the same weight change places easily, so where U_n exceeds k, the
k-th and the next component often weigh nearly the same.

Reference: A. B. Melchiorre et al., LEMONS: Listenable explanations for music recommender systems, ECIR 2021 (k = 3,
five seeds).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.text import counted


@dataclass(frozen=True)
class Stability:
    """How far explanations with different seeds agree.

    Parameters
    ----------
    label : str
        Label whose weights were ranked.
    k : int
        Number of the heaviest components that were taken from each explanation; the best possible `u_n`.
    tops : tuple of tuples of str, one for each seed
        Names of these components, heaviest first.
    """

    label: str
    k: int
    tops: tuple[tuple[str, ...], ...]

    @property
    def union(self) -> tuple[str, ...]:
        """All components that were among the heaviest for some seed, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for top in self.tops for name in top))

    @property
    def u_n(self) -> int:
        """The size of the union; `k` is the best possible."""
        return len(self.union)


def stability(
    explain_with: Callable[[int], Explanation],
    *,
    label: str | int | None = None,
    k: int = 3,
    seeds: Sequence[int] = range(5),
) -> Stability:
    """U_n: the union of the k heaviest components over explanations with different seeds.

    The heaviest are taken by weight alone, whether or not they argue for the label beyond doubt: a component that
    `Explanation.top` withholds for some seeds would hide the disagreement that is measured here.

    Parameters
    ----------
    explain_with : callable from int to Explanation
        Function that explains the same excerpt with a given seed.
    label : str, int or None
        Label of the explanations, or the number of its output; None: the first that they were asked about.
    k : int
        Number of the heaviest components to take, 1 or more; where there are fewer, all of them are taken.
    seeds : sequence of int
        Seeds, at least two.

    Raises
    ------
    UsageError
        If `k` or the number of seeds is too small.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain
    >>> hiss = np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32)
    >>> loudness = lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True))
    >>> same = lambda seed: explain((hiss, 16000), loudness, factorization="hpss", seed=seed)
    >>> stability(same, k=1).union
    ('percussive',)
    """
    if k < 1 or len(seeds) < 2:
        raise UsageError(f"stability needs k ≥ 1 and two seeds or more; got k = {k} and {counted(len(seeds), 'seed')}")
    found = [explain_with(seed) for seed in seeds]
    column = found[0].column(label)
    tops = [
        tuple(one.names[i] for i in np.argsort(-one.attribution.weights[column], kind="stable")[:k]) for one in found
    ]
    return Stability(found[0].all_labels[column], min(k, len(found[0].names)), tuple(tops))
