"""Do the intervals cover, and is a settled top k right? Known games, many of each; run by hand, seeds fixed.

::

    python -m tests.studies.coverage shapley --games 400 --first 1000 --n 12 14
    python -m tests.studies.coverage lime --games 300 --first 1000 --n 12
    python -m tests.studies.coverage settle --games 150 --first 1000 --n 12 --budgets 2048 --k 1

Each line is one cell: number of components, budget, kind of game, the share of games in which the 95 % interval of the
component of largest true weight holds the value that all masks give, the share of the other components, and that of
all, each with its standard error over games. For ``settle``: how often the top k was said to be settled and the mean
number of evaluations; then, of the games that were settled (and of those settled at the first look), how often the top
k was right (a tie is not), and the share of all components (of the k) whose interval held the value.

Four kinds of games are smooth, or rough everywhere: sigmoid, polynomial, threshold, random. In the others few masks
decide: *dominant*, a threshold in which one component weighs ten times what the others do; *saturated*, a sigmoid of
the same; *apex*, who needs one other, or else all others together; *masked apex*, the same beside a tenth of a sigmoid;
*near-dictator*, who needs one to three others and can be outvoted by all or all but one; *exceptions*, a dictator but
in .3, 1 or 3 % of all masks; *dictator*; *few*, a threshold near all on or all off; *event*, additive but for a
coalition of three or four without two others; *alone*, additive but for one component without all others.

Measured with seeds from 1000 on: first the component of largest weight, then the others. The limits of
`audiolime_ext.attribution.intervals` were chosen on other games of these kinds, of 7 to 16 components. All cells reach
.93 within two standard errors (up to .016 for the one component). Without the draws that are added it was, at ten
evaluations for each component, .58 to .70 for "dominant", .84 to .90 for "apex" (.03 under Banzhaf values), .61 to .63
for "exceptions"::

    Shapley, 400 games
                  n = 12: 120   512        2048       n = 14: 140  512        8192
    sigmoid       .965 .965  .970 .957  .955 .952  .938 .960  .943 .958  .953 .948
    polynomial    .953 .966  .950 .952  .943 .951  .960 .970  .970 .956  .960 .947
    threshold     .950 .966  .953 .956  .970 .955  .955 .970  .968 .958  .953 .955
    random        .950 .968  .963 .954  .953 .956  .965 .962  .940 .951  .953 .951
    dominant      .995 .996  .995 .987  .978 .978  .995 .989  .990 .981  .970 .961
    saturated     .980 .988  .975 .970  .960 .955  .978 .982  .950 .956  .958 .954
    apex          .980 .999  .963 .954  .945 .955  .998 1     .980 .959  .958 .953
    masked apex   .980 .999  .963 .956  .945 .955  .998 1     .978 .959  .958 .954
    near-dictator .960 .991  .950 .956  .945 .953  .968 .992  .963 .961  .973 .953
    exceptions    .998 .999  .975 .981  .958 .962  .995 .997  .980 .980  .940 .956
    dictator      1    1     1    1     1    1     1    1     1    1     1    1
    few           .975 .973  .963 .954  .955 .954  .968 .966  .945 .946  .945 .944
    event         .995 .998  .968 .966  .973 .955  .995 .999  .983 .976  .943 .950
    alone         .998 .998  .963 .953  .940 .946  .998 .998  .970 .968  .953 .954

    300 games     LIME, n = 12: 120 512    2048       Banzhaf, n = 12: 120 512  2048
    sigmoid       .970 .966  .953 .959  .973 .948  .963 .968  .947 .962  .957 .952
    polynomial    .977 .969  .953 .957  .950 .955  .983 .963  .957 .956  .957 .949
    threshold     .967 .968  .947 .955  .960 .950  .967 .968  .950 .955  .963 .950
    random        .963 .964  .960 .962  .963 .958  .987 .965  .973 .957  .970 .957
    dominant      .997 .995  .997 .990  .990 .981  .997 .994  1    .989  .987 .986
    saturated     .990 .983  .977 .967  .960 .950  .983 .982  .973 .968  .947 .946
    apex          1    1     1    1     1    1     1    1     1    1     1    1
    masked apex   1    1     1    1     .983 .989  1    1     1    1     .977 .979
    near-dictator 1    .999  .977 .979  .917 .921  1    .999  .993 .990  .990 .984
    exceptions    .997 1     .990 .987  .967 .967  1    .999  .973 .984  .980 .966
    dictator      1    1     1    1     1    1     1    1     1    1     1    1
    few           .997 1     .980 .989  .970 .967  .997 .998  .983 .985  .963 .962
    event         .993 .993  .960 .977  .963 .955  .983 .990  .953 .973  .953 .952
    alone         1    1     1    1     1    1     1    1     1    1     1    1

With 8 and 10 components (300 games; ten evaluations for each; half of all masks) they lie between .937 and 1, with 16
(at 160 and 512, 100 games) between .940 and 1, LIME and Banzhaf with 14 (at 140 and 512, 200 games) between .940 and 1.
The draws widen the median interval of smooth games by 5 to 28 % at ten evaluations for each component, by 1 to 4 % at
512. Beyond reach: an apex beside a whole sigmoid, which hides that no draw has met the mask that decides. At 160
evaluations of 16 components its interval holds .82 of the time.

A top k that was said to be settled was right in all of 2415 games of 12 components with at most 2048 evaluations (150
games of each kind). How often it was said, after how many evaluations on average::

                   top 1            top 3
    sigmoid        .933    590      .807    905
    polynomial     .920    503      .820    957
    threshold      .593   1331      .293   1851
    random         .133   2006      .027   2043
    dominant       1       160      .047   2012
    saturated      1       146      .640   1373
    apex           1       153      .000   2048
    masked apex    1       152      .007   2048
    near-dictator  1       151      .000   2048
    exceptions     1       158      .047   2008
    dictator       1       170      .000   2048
    few            .000   2048      .193   1786
    event          .953    437      .920    626
    alone          .920    477      .847    733

(Ties abound among the lesser components of the last kinds: there is no top 3 to settle.) Of smooth games whose top 3
was settled the intervals held .955 of the time (those of the three: .958), at the first look (25 games) .943 (.933).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.attribution.settle import rounds, settle
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks, choose_masks, enumerate_masks
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
        near, weights, said = settle(Game(n, value), k=k, max_evals=max_evals, seed=seed, column=column)
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
