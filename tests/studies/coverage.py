"""Do the intervals cover, and is a settled top 3 right? Known games, many of each; run by hand, seeds fixed.

::

    python -m tests.studies.coverage shapley --games 1000 --n 12 13 14 15 16
    python -m tests.studies.coverage lime --games 1000 --n 12
    python -m tests.studies.coverage settle --games 1000 --n 14 --budgets 4096

Each line is one cell: number of components, budget, kind of game, the share of components whose 95 % interval holds
the value that all masks give, its standard error over games, and the games played. For ``settle``: how often the top 3
was said to be settled, how often it was right then, the mean number of evaluations, and the share of components (of
the three) whose interval held the value when it stopped there.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.adaptive import rounds, settle
from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.perturbation import choose_masks, enumerate_masks
from tests.games import Value, play

Array = NDArray[np.float64]

KINDS = ("sigmoid", "polynomial", "threshold", "random")
STUDIED = ("shapley", "lime", "banzhaf")
ROUNDING = 1e-9


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


def games(n: int, seed: int) -> Value:
    """One game of each kind, drawn at random: a function of masks with an output for each of `KINDS`."""
    scores, places = np.concatenate([table(kind, n, seed) for kind in KINDS], axis=1), 1 << np.arange(n)
    return lambda masks: scores[masks @ places]


def held(found: Attribution, truth: Array) -> Array:
    """Whether each interval holds the true weight, shape (n_outputs, n_components), 0 or 1."""
    ends = found.interval()
    assert ends is not None
    return ((ends[0] - ROUNDING <= truth) & (truth <= ends[1] + ROUNDING)).astype(float)


def covered(method: str, n: int, budgets: list[int], seed: int) -> Array:
    """The share of components whose interval holds the value that all masks give, shape (n_budgets, n_kinds)."""
    value, chosen = games(n, seed), METHODS[method]
    truth = chosen.attribute(play(value, choose_masks(n, max_evals=2**n))).weights
    samples = (chosen.choose(n, max_evals=budget, seed=seed) for budget in budgets)
    return np.array([held(chosen.attribute(play(value, masks)), truth).mean(axis=1) for masks in samples])


def settled(n: int, max_evals: int, seed: int) -> Array:
    """Of one game of each kind, shape (n_kinds, 5).

    Whether its top 3 was said to be settled, whether it was right, the number of evaluations, and the share of all
    components, and of the three, whose interval holds the true value.
    """
    value = games(n, seed)
    truth = shapley_values(play(value, choose_masks(n, max_evals=2**n))).weights
    found = []
    for column in range(len(KINDS)):
        near, weights, said = settle(value, n, k=3, max_evals=max_evals, seed=seed, column=column)
        top, right = (np.argsort(-rows[column])[:3] for rows in (weights.weights, truth))
        inside = held(weights, truth)[column]
        found.append([said, set(top) == set(right), len(near.masks), inside.mean(), inside[top].mean()])
    return np.array(found, float)


def print_coverage(method: str, n: int, budgets: list[int], n_games: int) -> None:
    """A line for each budget and kind of game."""
    shares = np.array([covered(method, n, budgets, seed) for seed in range(n_games)])
    for budget, cells in zip(budgets, shares.transpose(1, 2, 0), strict=True):
        for kind, cell in zip(KINDS, cells, strict=True):
            line = f"{cell.mean():.4f} ± {cell.std() / n_games**0.5:.4f}"
            print(f"{n:3d} {budget:6d} {kind:11s} {line}  ({n_games} games)", flush=True)


def print_settled(n: int, budget: int, n_games: int) -> None:
    """A line for each kind of game and one for all; what is said of intervals is of the games that were settled."""
    played = np.array([settled(n, budget, seed) for seed in range(n_games)])
    everything = played.reshape(1, -1, played.shape[2])
    for kind, cell in zip((*KINDS, "all"), (*played.transpose(1, 0, 2), *everything), strict=True):
        said, at_once = cell[:, 0] == 1, cell[:, 2] <= rounds(n, budget)[0]
        line = f"settled {said.mean():.3f}, {cell[:, 2].mean():.0f} evaluations"
        for when, chosen in (("then", said), ("of these at the first look", said & at_once)):
            if chosen.any():
                right, inside, of_three = cell[chosen][:, [1, 3, 4]].mean(axis=0)
                line += f"; {when} ({chosen.sum()}) right {right:.3f}, held {inside:.3f} ({of_three:.3f})"
        print(f"{n:3d} {budget:6d} {kind:11s} {line}  ({len(cell)} games)", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*STUDIED, "settle"])
    parser.add_argument("--games", type=int, default=1000)
    parser.add_argument("--n", type=int, nargs="+", default=[12, 14, 16])
    parser.add_argument("--budgets", nargs="+", default=["10n", "512", "half"])
    chosen = parser.parse_args()
    for n in chosen.n:
        named = {"10n": 10 * n, "half": 2**n // 2}
        budgets = [named.get(name) or int(name) for name in chosen.budgets]
        if chosen.what == "settle":
            for budget in budgets:
                print_settled(n, budget, chosen.games)
        else:
            print_coverage(chosen.what, n, budgets, chosen.games)


if __name__ == "__main__":
    main()
