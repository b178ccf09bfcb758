"""How far sampled weights are from those that all masks would give, on real music and 50 components; run by hand.

::

    python -m tests.studies.error_curves ezer_ev sources --keep FOLDER
    python -m tests.studies.error_curves ezer_ev bands --keep FOLDER

MSD_musicnn, one window, its five highest tags, two ways to make 50 components (`draws.SPLITS`). Errors are RMS over
components, tags and samples, each against its own method's weights from an independent sample of 2^17 evaluations, or
of 2^16 for half of the samples, less that sample's own error. *Plain* is the same fit over masks drawn one by one, a
repeated mask being free, as it is for us; *permutations* are averaged marginal contributions, all masks but the two
ends paid for. There are 32 samples for each budget, but 24 for 8192 and 12 for 16384; standard errors are 1 to 3 % (6 %
at 128). (The Shapley values of sources were measured with two samples of 2^17: 32 and 16.) The 400,000 answers of a
split take half an hour on a busy core; a second run with the same ``--keep`` takes a minute.

Measured where "female vocalists" is strongest in ezer_ev, at 14.96 s; in thousandths of a score. "needs ×" is how many
times more evaluations the other needs for the same error; "–" where it has a smaller one at 128 already::

    evaluations                128     256     512    1024    2048    4096    8192   16384
    Shapley values, sources (RMS of the weights 5.49)
    ours                     26.21    9.19    3.03    1.82    1.17    0.82    0.56    0.38
    plain                    39.95   24.48   16.42   11.16    7.64    5.18    3.55    2.48
      needs ×                 1.82    5.70   21.7    29.7    36.0    37.1    39.6    41.7
    permutations             10.53    7.42    5.24    3.70    2.61    1.85    1.31    0.92
      need ×                     –    0.65    2.97    4.12    4.99    5.13    5.48    5.78
    Shapley values, bands (7.10)
    ours                     26.47    9.49    3.66    2.24    1.44    0.97    0.68    0.47
    plain                    32.19   19.38   12.94    8.73    6.04    4.12    2.79    1.96
      needs ×                 1.31    3.45    9.90   12.3    14.7    16.2    16.8    17.6
    permutations             11.89    8.37    5.91    4.17    2.95    2.09    1.47    1.04
      need ×                     –    0.78    2.61    3.46    4.17    4.61    4.77    4.99
    LIME, sources (2.54)
    ours                     14.15    4.31    2.01    1.09    0.64    0.41    0.27    0.19
    plain                     6.66    3.48    1.99    1.16    0.73    0.49    0.34    0.24
      needs ×                    –    0.80    0.99    1.10    1.27    1.39    1.59    1.67
    LIME, bands (5.43)
    ours                     11.33    4.03    2.26    1.40    0.92    0.62    0.44    0.32
    plain                     6.78    3.91    2.46    1.69    1.15    0.81    0.58    0.40
      needs ×                    –    0.96    1.17    1.42    1.55    1.75    1.66    1.56
    Banzhaf values, sources (2.38)
    ours                      5.46    1.91    1.03    0.66    0.44    0.31    0.22    0.16
      plain needs ×              –    1.10    1.47    1.65    1.82    1.90    2.08    1.98
    Banzhaf values, bands (5.17)
    ours                      7.28    2.86    1.77    1.17    0.80    0.55    0.39    0.28
      plain needs ×              –    1.31    1.55    1.73    1.85    2.01    1.84    1.82

So pairs, and columns for the number of components that are on, are worth an order of magnitude and more to the Shapley
fit, and 2.6 to 5.8 over permutations from ten evaluations per component on; LIME gains 1.4 to 1.7 from 4096 (sources)
or 1024 (bands) on and nothing below 512. With 128 evaluations for 50 components a paired fit is nearly undetermined,
and the columns are left out: permutations are better up to 256, and plain draws for LIME.

Other ways to choose pairs (`samplers`) would be worth little: how many times more evaluations ours needs at 512, 1024,
2048 and 4096::

    Shapley         sources                  bands
    balanced        1.04 1.04 1.10 1.14      1.05 1.08 1.02 0.99
    exhausted       0.99 1.10 1.10 1.20      1.01 1.12 1.05 1.03
    root            1.17 1.18 1.16 1.17      1.23 1.17 1.10 1.12
    leverage        1.00 0.92 0.96 1.05      1.12 1.01 1.07 1.08
    LIME, balanced  0.99 0.96 0.96 1.02      1.03 1.01 0.97 0.94

Other fits to the same pairs (`adjusted`): without the columns Shapley values need more evaluations, at 512 to 16384::

    Shapley, sources   1.92 2.33 2.66 2.64 2.75 2.90
    Shapley, bands     1.53 1.60 1.72 1.81 1.84 1.92

and with columns the linear fits would need fewer. Times that ours needs more, then those that plain sampling does, at
256 to 16384. They are left as they are: LIME's weights are what the package of that name fits to the same answers::

    LIME, sources      2.20 2.00 1.67 1.42 1.22 1.11 1.06     2.21 2.21 2.00 1.85 1.75 1.79 1.77
    LIME, bands        1.31 1.21 1.12 1.07 1.04 1.02 1.01     1.33 1.50 1.60 1.67 1.82 1.68 1.58
    Banzhaf, sources   1.30 1.24 1.13 1.07 1.04 1.02 1.01     1.58 1.85 1.90 1.94 1.98 2.11 2.00
    Banzhaf, bands     1.01 1.02 1.00 1.00 1.00 1.00 1.00     1.33 1.58 1.73 1.85 2.02 1.84 1.82

U_n, the union of the top 3 over five seeds (3 is ideal), at 512, 1024, 2048 and 4096, means over the five tags::

                       ours               plain
    Shapley, sources   7.3 5.9 5.0 4.7    13.1 12.6 11.1 9.8
    Shapley, bands     7.1 5.8 4.8 4.1    11.6 10.8  8.9 7.5
    LIME, sources      8.4 6.1 4.9 4.5     7.9  6.9  5.7 4.8
    LIME, bands        6.6 5.8 4.6 4.3     6.8  5.9  5.3 4.7

The third component is ahead of the fourth by 3.9, .6, .6, .4 and .0 thousandths (Shapley, sources) or by 2.2, .1, .0,
.2 and .1 (LIME, sources): most of these top threes are ties, and no number of evaluations in reach would part them.

The highest of the five bands lies above what the model hears; its ten components have weight 0 for Shapley.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Neighborhood, Sampling
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.taggram import tag
from tests.studies.adjusted import adjusted_banzhaf, adjusted_lime, unadjusted_shapley
from tests.studies.draws import SPLITS, Draws, clips, cut
from tests.studies.lookup import Lookup
from tests.studies.samplers import SAMPLERS, samples

Attribute = Callable[[Neighborhood], Attribution]
Sample = Callable[[Draws, int], Iterator[Neighborhood]]  # sequence, evaluations → one sample after the other

BUDGETS = [128 * 2**i for i in range(8)]
TRIED_BUDGETS = BUDGETS[2:6]
METHODS: dict[str, tuple[Attribute, Attribute, Sampling]] = {
    "shapley": (shapley_values, unadjusted_shapley, "shapley"),
    "lime": (lime, adjusted_lime, "uniform"),
    "banzhaf": (banzhaf_values, adjusted_banzhaf, "uniform"),
}
N_PAIRS = (2**16, 2**15)  # of the two sequences
N_ORDERS, N_LABELS = 200, 5
MOST_SAMPLES, TRIED_SAMPLES = 16, 10  # of each of the two sequences
LABELS = {"ezer_ev": "female vocalists", "feelings": "folk"}  # the window is where this one is strongest


class Judge:
    """Two independent sequences of answered masks: samples cut out of one are judged by all of the other.

    Parameters
    ----------
    attribute
        The method.
    sequences
        Each of them holds enough answers to be a reference.
    """

    def __init__(self, attribute: Attribute, sequences: Sequence[Draws]) -> None:
        self.attribute, self.sequences = attribute, sequences
        self.truths = [attribute(draws.whole()) for draws in reversed(sequences)]

    def errors(
        self, sample: Sample, budgets: Sequence[int], n_samples: int, *, attribute: Attribute | None = None
    ) -> tuple[list[float], list[float], list[int]]:
        """RMS error over components, labels and samples, less the reference's own; its standard error; how many."""
        attribute = attribute or self.attribute
        found = []
        for n_evals in budgets:
            squares = []
            for draws, truth in zip(self.sequences, self.truths, strict=True):
                for near in islice(sample(draws, n_evals), n_samples):
                    squares.append(((attribute(near).weights - truth.weights) ** 2).mean() - own_variance(truth))
            rms = max(float(np.mean(squares)), 0.0) ** 0.5
            found.append((rms, float(np.std(squares)) / len(squares) ** 0.5 / (2 * rms), len(squares)))
        rows = list(zip(*found, strict=True))
        return list(rows[0]), list(rows[1]), list(rows[2])

    def union_of_tops(self, sample: Sample, n_evals: int, *, k: int = 3, n_seeds: int = 5) -> float:
        """U_n: how many different components are among the k heaviest of five samples; the mean over labels."""
        sizes = []
        for draws in self.sequences:
            weights = [self.attribute(near).weights for near in islice(sample(draws, n_evals), 3 * n_seeds)]
            tops = np.argsort(-np.stack(weights), axis=2, kind="stable")[:, :, :k]
            for at in range(0, len(tops) - n_seeds + 1, n_seeds):
                sizes += [len(np.unique(tops[at : at + n_seeds, label])) for label in range(tops.shape[1])]
        return float(np.mean(sizes))


def permutation_errors(lookup: Lookup, n: int, labels: list[int], *, seed: int) -> list[float]:
    """Of averaged marginal contributions, at each budget: orders are independent, so the variance of one tells."""
    rng, gains = np.random.default_rng(seed), np.empty((N_ORDERS, n, len(labels)))
    for order in range(N_ORDERS):
        rank = rng.permutation(n)
        gains[order] = np.diff(lookup(rank < np.arange(n + 1)[:, None])[:, labels], axis=0)[rank]
    variance = gains.var(axis=0, ddof=1).mean()
    return [float(variance * (n - 1) / (n_evals - 2)) ** 0.5 for n_evals in BUDGETS]  # the two ends are asked once


def times_more(error: float, n_evals: int, others: Sequence[float]) -> float:
    """How many times `n_evals` the other method needs for this error.

    Beyond the largest budget its error is taken to fall by 1/√n; NaN where it is smaller at the smallest already.
    """
    logs = -np.log(others)
    wanted = -np.log(error)
    if wanted < logs[0]:
        return float("nan")
    found = float(np.interp(wanted, logs, np.log(BUDGETS))) + 2 * max(0.0, wanted - logs[-1])
    return float(np.exp(found)) / n_evals


def answered(
    lookup: Lookup, n: int, labels: list[int], sampling: Sampling, seed: int, kept: Path | None, name: str
) -> Draws:
    """A sequence of answered masks, from the folder of kept ones if it is there."""
    file = None if kept is None else kept / f"{name}_{sampling}_{seed}.npz"
    if file is not None and file.exists():
        with np.load(file) as stored:
            return Draws(n, stored["codes"], stored["scores"], stored["empty"], stored["full"])
    draws = Draws.ask(lookup, n, N_PAIRS[seed], labels, sampling=sampling, seed=seed)
    if file is not None:
        np.savez(file, codes=draws.codes, scores=draws.scores, empty=draws.empty, full=draws.full)
    return draws


def line(name: str, values: Iterable[float], form: str = "8.2f") -> None:
    """Print a row of the table."""
    print(f"{name:26s}" + "".join(f"{value:{form}}" for value in values), flush=True)


def study(clip: str, split: str, kept: Path | None) -> None:
    """Print the tables of one window and one way to split it."""
    model, audio = MusicnnModel("MSD_musicnn", threads=1), clips()[clip]
    taggram = tag(audio, model)
    scores = taggram.scores[~taggram.padded]
    window = int(scores[:, taggram.labels.index(LABELS[clip])].argmax())
    labels = [int(i) for i in np.argsort(-scores[window], kind="stable")[:N_LABELS]]
    components = cut(audio, split, model, float(taggram.times_s[window]))
    n, lookup = components.n, Lookup(components, model)
    named = ", ".join(f"{taggram.labels[i]} {scores[window, i]:.2f}" for i in labels)
    print(f"\n{clip} at {components.start_s:.2f} s, {SPLITS[split][0]} × {components.n_segments}: {named}")
    sequences = {
        sampling: [answered(lookup, n, labels, sampling, seed, kept, f"{clip}_{split}") for seed in (0, 1)]
        for sampling in SAMPLERS
    }
    for method, (attribute, other, sampling) in METHODS.items():
        judge = Judge(attribute, sequences[sampling])
        size = float(np.mean([(truth.weights**2).mean() for truth in judge.truths])) ** 0.5
        own = [1000 * own_variance(truth) ** 0.5 for truth in judge.truths]
        print(f"\n{method}, in thousandths of a score: weights {1000 * size:.2f}, references' errors", np.round(own, 2))
        ours = curves(judge, other)
        if method == "shapley":
            orders = permutation_errors(lookup, n, labels, seed=2)
            line("permutations", [1000 * error for error in orders])
            line("  ours: need ×", map(times_more, ours, BUDGETS, [orders] * len(BUDGETS)))
        for sampler in SAMPLERS[sampling]:
            tried = judge.errors(partial(samples, sampler=sampler, sampling=sampling), TRIED_BUDGETS, TRIED_SAMPLES)[0]
            gains = map(times_more, tried, TRIED_BUDGETS, [ours] * len(TRIED_BUDGETS))
            line(f"  {sampler}: ours needs ×", [np.nan, np.nan, *gains])
        tops(judge)


def curves(judge: Judge, other: Attribute) -> list[float]:
    """Print our errors, which are returned, those of plain sampling and of the other fit of `adjusted`."""
    line("evaluations", BUDGETS, "8d")
    ours = curve("ours", judge.errors(Draws.paired, BUDGETS, MOST_SAMPLES))
    plain = curve("plain", judge.errors(Draws.plain, BUDGETS, MOST_SAMPLES))
    line("  ours: needs ×", map(times_more, ours, BUDGETS, [plain] * len(BUDGETS)))
    fitted = curve("the other fit", judge.errors(Draws.paired, BUDGETS, MOST_SAMPLES, attribute=other))
    line("  other: needs ×", map(times_more, ours, BUDGETS, [fitted] * len(BUDGETS)))
    line("  plain: needs × other", map(times_more, fitted, BUDGETS, [plain] * len(BUDGETS)))
    return ours


def tops(judge: Judge) -> None:
    """Print how stable the three heaviest components are, and how far the third is ahead."""
    for name, sample in {"ours": Draws.paired, "plain": Draws.plain}.items():
        line(f"U_n, {name}", [np.nan, np.nan, *(judge.union_of_tops(sample, b) for b in TRIED_BUDGETS)], "8.1f")
    ranked = -np.sort(-judge.truths[0].weights, axis=1)
    line("third less fourth", 1000 * (ranked[:, 2] - ranked[:, 3]))


def own_variance(truth: Attribution) -> float:
    """Mean squared standard error of a reference."""
    assert truth.std_errors is not None
    return float((truth.std_errors**2).mean())


def curve(name: str, found: tuple[list[float], list[float], list[int]]) -> list[float]:
    """Print errors, their standard errors and the numbers of samples; return the errors."""
    line(name, [1000 * error for error in found[0]])
    line("  ±", [1000 * error for error in found[1]])
    line("  samples", found[2], "8d")
    return found[0]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", choices=list(LABELS))
    parser.add_argument("split", choices=list(SPLITS))
    parser.add_argument("--keep", type=Path, help="a folder in which the model's answers are kept and looked for")
    chosen = parser.parse_args()
    study(chosen.clip, chosen.split, chosen.keep)


if __name__ == "__main__":
    main()
