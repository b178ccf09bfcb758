"""Do the intervals cover, and is a settled top 3 right? Known games, many of each; run by hand, seeds fixed.

::

    python -m tests.studies.coverage shapley --games 1000 --n 12 14 16
    python -m tests.studies.coverage lime --games 1000 --n 12
    python -m tests.studies.coverage settle --games 1000 --n 14

Each line is one cell: number of components, budget, kind of game, the share of components whose 95 % interval holds
the value that all masks give, its standard error over games, and the games played. For ``settle``: how often the top 3
was said to be settled, how often it was right then, and the mean number of evaluations.

Measured for Shapley values, the range over the four kinds of games (standard errors .002, of n = 16, half: .008)::

    n    10n          512          half of 2ⁿ
    12   .953–.959    .952–.956    .948–.951    (1000 games each)
    13   .958–.961    .943–.956    —            (500)
    14   .953–.964    .951–.954    .948–.954    (1000; half: 300)
    15   .949–.967    .951–.957    —            (500)
    16   .955–.967    .951–.957    .943–.957    (500; half: 60)

LIME's are a little wide near ten evaluations per component: n = 12, .960–.978 at 10n and .951–.959 at 512 (200 games).

A top 3 that was said to be settled was right every time (n = 14, at most 4096 evaluations, 300 games of each kind:
said of .77, .80, .29 and .01 of them, after 1813, 1783, 3582 and 4096 evaluations on average).
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.adaptive import settle
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.perturbation import Sampling, choose_masks, enumerate_masks
from tests.games import Value, play

Array = NDArray[np.float64]

KINDS = ("sigmoid", "polynomial", "threshold", "random")
METHODS = {"shapley": shapley_values, "lime": lime}
SAMPLINGS: dict[str, Sampling] = {"shapley": "shapley", "lime": "uniform"}


def table(kind: str, n: int, seed: int) -> Array:
    """The scores of all 2ⁿ masks in a game drawn at random, shape (2ⁿ, 1)."""
    rng = np.random.default_rng([seed, n, KINDS.index(kind)])
    on = enumerate_masks(n).astype(float)
    if kind == "random":
        return rng.normal(size=(2**n, 1))
    linear = on @ rng.normal(size=(n, 1))
    if kind == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-1.5 * linear - rng.normal())))
    if kind == "threshold":
        tilted = linear + 0.3 * on.sum(axis=1, keepdims=True)
        return np.asarray(tilted > np.median(tilted), float)
    score: Array = linear / n + ((on @ rng.normal(size=(n, n))) * on).sum(axis=1, keepdims=True) / n**1.5
    for _ in range(n):
        score += rng.normal() / n * on[:, rng.choice(n, 3, replace=False)].all(axis=1, keepdims=True)
    return score


def game(kind: str, n: int, seed: int) -> Value:
    """A game drawn at random, as a function of masks."""
    scores, places = table(kind, n, seed), 1 << np.arange(n)
    return lambda masks: scores[masks @ places]


def covered(method: str, kind: str, n: int, budget: int, seed: int) -> float:
    """The share of components whose interval holds the value that all masks give, in one game."""
    value, attribute = game(kind, n, seed), METHODS[method]
    truth = attribute(play(value, choose_masks(n, max_evals=2**n))).weights
    chosen = choose_masks(n, max_evals=budget, sampling=SAMPLINGS[method], seed=seed)
    ends = attribute(play(value, chosen)).interval()
    assert ends is not None
    return float(((ends[0] <= truth) & (truth <= ends[1])).mean())


def settled(kind: str, n: int, max_evals: int, seed: int) -> tuple[bool, bool, int]:
    """Whether the top 3 of one game was said to be settled, whether it was right, and the number of evaluations."""
    value = game(kind, n, seed)
    truth = shapley_values(play(value, choose_masks(n, max_evals=2**n))).weights[0]
    near, found, said = settle(value, n, k=3, max_evals=max_evals, seed=seed)
    right = set(np.argsort(-found.weights[0])[:3]) == set(np.argsort(-truth)[:3])
    return said, right, len(near.masks)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*METHODS, "settle"])
    parser.add_argument("--games", type=int, default=1000)
    parser.add_argument("--n", type=int, nargs="+", default=[12, 14, 16])
    parser.add_argument("--budgets", nargs="+", default=["10n", "512", "half"])
    chosen = parser.parse_args()
    for n in chosen.n:
        named = {"10n": 10 * n, "half": 2**n // 2}
        for budget in [named.get(name) or int(name) for name in chosen.budgets]:
            for kind in KINDS:
                if chosen.what == "settle":
                    said, right, evals = np.array([settled(kind, n, budget, seed) for seed in range(chosen.games)]).T
                    share = right[said == 1].mean() if said.any() else float("nan")
                    line = f"settled {said.mean():.3f}, then right {share:.3f}, {evals.mean():.0f} evaluations"
                else:
                    shares = [covered(chosen.what, kind, n, budget, seed) for seed in range(chosen.games)]
                    line = f"{np.mean(shares):.4f} ± {np.std(shares) / chosen.games**0.5:.4f}"
                print(f"{n:3d} {budget:6d} {kind:11s} {line}  ({chosen.games} games)", flush=True)


if __name__ == "__main__":
    main()
