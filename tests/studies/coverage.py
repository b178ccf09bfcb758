"""Do the intervals cover, and is a settled top 3 right? Known games, many of each; run by hand, seeds fixed.

::

    python -m tests.studies.coverage shapley --games 1000 --n 12 13 14 15 16
    python -m tests.studies.coverage lime --games 1000 --n 12
    python -m tests.studies.coverage settle --games 1000 --n 14 --budgets 4096

Each line is one cell: number of components, budget, kind of game, the share of components whose 95 % interval holds
the value that all masks give, its standard error over games, and the games played. For ``settle``: how often the top 3
was said to be settled and the mean number of evaluations; then, of the games that were settled (and of those settled at
the first look), how often the top 3 was right, and the share of all components (of the three) whose interval held the
value.

Measured for sigmoid, polynomial, threshold and random games, in this order; 1000 games in each cell, standard errors
.002 to .003. All 180 cells lie between .943 and .957::

    n              10n                   512               half of 2ⁿ

    shapley
    12   .946 .951 .949 .953   .950 .955 .949 .951   .950 .950 .947 .950
    13   .950 .955 .951 .954   .947 .952 .947 .951   .951 .952 .949 .950
    14   .944 .954 .947 .954   .949 .952 .952 .950   .951 .949 .951 .950
    15   .943 .952 .949 .955   .949 .948 .953 .952   .948 .952 .953 .948
    16   .944 .950 .950 .954   .947 .951 .948 .949   .952 .952 .948 .949

    lime
    12   .949 .956 .955 .948   .949 .951 .947 .951   .946 .952 .954 .950
    13   .952 .954 .950 .953   .949 .948 .953 .957   .948 .952 .949 .951
    14   .951 .957 .950 .956   .950 .951 .951 .950   .949 .951 .951 .948
    15   .943 .952 .950 .954   .944 .952 .952 .949   .950 .951 .950 .950
    16   .948 .952 .953 .950   .951 .950 .954 .950   .947 .951 .950 .950

    banzhaf
    12   .946 .951 .956 .952   .949 .952 .947 .950   .951 .952 .954 .949
    13   .946 .949 .951 .953   .951 .948 .952 .954   .950 .952 .949 .951
    14   .945 .955 .950 .955   .949 .950 .951 .950   .950 .950 .951 .950
    15   .944 .953 .950 .951   .946 .953 .952 .949   .949 .950 .950 .950
    16   .949 .949 .953 .951   .949 .949 .954 .950   .947 .950 .950 .951

With 7 to 11 components and ten evaluations for each they lie between .932 and .960 (500 games in each cell, standard
errors .003 to .007).

A top 3 that was said to be settled was right in all of 1161 games. How often it was said, after how many evaluations on
average (300 games of each kind)::

                      sigmoid        polynomial     threshold      random
    12, at most 2048  .837    807    .790    864    .313   1818    .010   2046
    14, at most 4096  .800   1715    .810   1703    .303   3566    .007   4090

The intervals of those games held .946 of the time (those of the top three: .942), and .933 (.910) where the top 3 was
settled at the first look (167 games).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.adaptive import rounds, settle
from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.perturbation import Masks, choose_masks, enumerate_masks
from tests.games import Value, play

Array = NDArray[np.float64]

SMOOTH = ("sigmoid", "polynomial", "threshold", "random")
RARE = (
    *("dominant", "saturated", "apex", "masked apex", "near-dictator", "exceptions", "dictator"),
    *("few", "event", "alone"),
)
KINDS = (*SMOOTH, *RARE)
STUDIED = ("shapley", "lime", "banzhaf")
ROUNDING = 1e-9


def table(kind: str, n: int, seed: int) -> Array:
    """The scores of all 2ⁿ masks in a game drawn at random, shape (2ⁿ, 1)."""
    rng = np.random.default_rng([seed, n, KINDS.index(kind)])
    masks = enumerate_masks(n)
    scores = smooth(kind, masks.astype(float), rng) if kind in SMOOTH else rare(kind, masks, rng)
    return np.asarray(scores, float).reshape(-1, 1)


def smooth(kind: str, on: Array, rng: np.random.Generator) -> Array:
    """Games whose scores are decided by many masks, or all; shape (2ⁿ, 1)."""
    n = on.shape[1]
    if kind == "random":
        return rng.normal(size=(2**n, 1))
    linear = on @ rng.normal(size=(n, 1))
    if kind == "sigmoid":
        return sigmoid(1.5 * linear + rng.normal())
    if kind == "threshold":
        tilted = linear + 0.3 * on.sum(axis=1, keepdims=True)
        return np.asarray(tilted > np.median(tilted), float)
    score: Array = linear / n + ((on @ rng.normal(size=(n, n))) * on).sum(axis=1, keepdims=True) / n**1.5
    for _ in range(n):
        score += rng.normal() / n * on[:, rng.choice(n, 3, replace=False)].all(axis=1, keepdims=True)
    return score


def rare(kind: str, masks: Masks, rng: np.random.Generator) -> NDArray[Any]:
    """Games in which one component is far above the others, or a few masks decide; shape (2ⁿ,)."""
    n, boss, others = masks.shape[1], masks[:, 0], masks[:, 1:].sum(axis=1)
    weights = np.asarray(rng.normal(size=n))
    if kind in ("dominant", "saturated"):
        heard = masks @ np.array([10.0, *weights[1:]]) - 5
        return heard > 0 if kind == "dominant" else sigmoid(heard - rng.normal())
    if kind in ("apex", "masked apex"):
        apex = np.where(boss, others >= 1, others == n - 1)
        return np.asarray(apex if kind == "apex" else apex + 0.1 * sigmoid(1.5 * masks @ weights))
    if kind == "near-dictator":
        return np.asarray(np.where(boss, others >= rng.integers(1, 4), others >= n - rng.integers(1, 3)))
    if kind == "exceptions":
        return np.asarray(boss ^ (rng.random(2**n) < rng.choice([0.003, 0.01, 0.03])))
    if kind == "dictator":
        return np.asarray(boss)
    if kind == "few":
        return np.asarray(masks @ np.abs(weights) > rng.choice([0.1, 0.9]) * np.abs(weights).sum())
    jump, chosen = rng.choice([-1, 1]) * np.abs(weights).max(), rng.permutation(n)[: rng.integers(5, 7)]
    if kind == "event":
        happens = masks[:, chosen[2:]].all(axis=1) & ~masks[:, chosen[:2]].any(axis=1)
        return np.asarray(masks @ weights + jump * happens)
    return np.asarray(masks @ weights + 2 * jump * (masks[:, chosen[0]] & (masks.sum(axis=1) == 1)))


def sigmoid(x: Array) -> Array:
    """From any number to one between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-x)))


def games(n: int, seed: int, kinds: Sequence[str] = SMOOTH) -> Value:
    """One game of each kind, drawn at random: a function of masks with an output for each of `kinds`."""
    scores, places = np.concatenate([table(kind, n, seed) for kind in kinds], axis=1), 1 << np.arange(n)
    return lambda masks: scores[masks @ places]


def held(found: Attribution, truth: Array) -> Array:
    """Whether each interval holds the true weight, shape (n_outputs, n_components), 0 or 1."""
    ends = found.interval()
    assert ends is not None
    return ((ends[0] - ROUNDING <= truth) & (truth <= ends[1] + ROUNDING)).astype(float)


def covered(method: str, n: int, budgets: list[int], seed: int, kinds: Sequence[str] = SMOOTH) -> Array:
    """Whether intervals hold the values that all masks give, 0 or 1, shape (n_budgets, n_kinds, n).

    The component with the largest true weight (up or down) comes first.
    """
    value, chosen = games(n, seed, kinds), METHODS[method]
    truth = chosen.attribute(play(value, choose_masks(n, max_evals=2**n))).weights
    samples = (chosen.choose(n, max_evals=budget, seed=seed) for budget in budgets)
    inside = np.array([held(chosen.attribute(play(value, masks)), truth) for masks in samples])
    return np.take_along_axis(inside, np.argsort(-np.abs(truth), axis=1, kind="stable")[None], axis=2)


def settled(n: int, max_evals: int, seed: int, kinds: Sequence[str] = SMOOTH, k: int = 3) -> Array:
    """Of one game of each kind, shape (n_kinds, 5).

    Whether its top k was said to be settled, whether it was right (a tie is not), the number of evaluations, and the
    share of all components, and of the k, whose interval holds the true value.
    """
    value = games(n, seed, kinds)
    truth = shapley_values(play(value, choose_masks(n, max_evals=2**n))).weights
    found = []
    for column in range(len(kinds)):
        near, weights, said = settle(value, n, k=k, max_evals=max_evals, seed=seed, column=column)
        top = np.isin(np.arange(n), np.argsort(-weights.weights[column], kind="stable")[:k])
        right = truth[column, top].min() > truth[column, ~top].max() + ROUNDING
        inside = held(weights, truth)[column]
        found.append([said, right, len(near.masks), inside.mean(), inside[top].mean()])
    return np.array(found, float)


def print_coverage(method: str, n: int, budgets: list[int], seeds: range, kinds: Sequence[str]) -> None:
    """A line for each budget and kind of game."""
    inside = np.array([covered(method, n, budgets, seed, kinds) for seed in seeds])
    for budget, cells in zip(budgets, inside.transpose(1, 2, 0, 3), strict=True):
        for kind, cell in zip(kinds, cells, strict=True):
            shares = [cell[:, 0], cell[:, 1:].mean(axis=1), cell.mean(axis=1)]
            means = "   ".join(f"{share.mean():.4f} ± {share.std() / len(seeds) ** 0.5:.4f}" for share in shares)
            print(f"{method:8s} {n:3d} {budget:6d} {kind:13s} {means}  ({len(seeds)} games)", flush=True)


def print_settled(n: int, budget: int, seeds: range, kinds: Sequence[str], k: int) -> None:
    """A line for each kind of game and one for all; what is said of intervals is of the games that were settled."""
    played = np.array([settled(n, budget, seed, kinds, k) for seed in seeds])
    everything = played.reshape(1, -1, played.shape[2])
    for kind, cell in zip((*kinds, "all"), (*played.transpose(1, 0, 2), *everything), strict=True):
        said, at_once = cell[:, 0] == 1, cell[:, 2] <= rounds(n, budget)[0]
        line = f"settled {said.mean():.3f}, {cell[:, 2].mean():.0f} evaluations"
        for when, chosen in (("then", said), ("of these at the first look", said & at_once)):
            if chosen.any():
                right, inside, of_them = cell[chosen][:, [1, 3, 4]].mean(axis=0)
                line += f"; {when} ({chosen.sum()}) right {right:.3f}, held {inside:.3f} ({of_them:.3f})"
        print(f"top {k} {n:3d} {budget:6d} {kind:13s} {line}  ({len(cell)} games)", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*STUDIED, "settle"])
    parser.add_argument("--games", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--n", type=int, nargs="+", default=[12, 14, 16])
    parser.add_argument("--budgets", nargs="+", default=["10n", "512", "half"])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, metavar="KIND")
    parser.add_argument("--k", type=int, default=3)
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.games)
    for n in chosen.n:
        named = {"10n": 10 * n, "half": 2**n // 2}
        budgets = [named.get(name) or int(name) for name in chosen.budgets]
        if chosen.what == "settle":
            for budget in budgets:
                print_settled(n, budget, seeds, chosen.kinds, chosen.k)
        else:
            print_coverage(chosen.what, n, budgets, seeds, chosen.kinds)


if __name__ == "__main__":
    main()
