"""What the numbers of `tests.studies.attributions` say: tables, and sentences that follow from them by rule.

::

    python -m tests.studies.attributions_told tests/studies/attributions.csv

prints what stands in ``docs/explanation/maps.md``. A method is compared with *loudest first* and with *random* on the
same windows. Only the two areas are tested, since few windows bear few comparisons: with n windows no p-value can be
below 2 / 2ⁿ. It is that of a sign-flip test, over all 2ⁿ signs of the n differences; over all comparisons they are
corrected by Holm's rule, and *clearly* is said only of what is below .05 then. Intervals in the tables are of single
numbers, 95 %, by a bootstrap over windows, and are not corrected. Insertion less deletion was added when the areas had
been seen, and is not tested: what makes both areas large, such as that cells go in whole regions, is not in it.

References
----------
S. Holm: A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2), 1979.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.faithfulness.randomisation import DECORRELATED, spearman
from audiolime_ext.gradients.checks.mean import Mean
from audiolime_ext.text import counted, minus
from tests.studies.attributions import CHANCE

Array = NDArray[np.float64]

TESTED = {"deletion": False, "insertion": True}  # areas, and whether a larger one is better
PERCENTS = ("average_increase", "average_drop", "average_gain")
LEVEL, MOST_EXACT = 0.05, 20
_AT_ONCE = 2**14


@dataclass(frozen=True)
class Comparison:
    """How much better a method is than another by a measure: above 0 it is better; and its p-values."""

    method: str
    over: str
    measure: str
    gain: float
    p: float
    corrected: float

    @property
    def is_clear(self) -> bool:
        """Whether it is, allowing for how many comparisons there are."""
        return self.corrected < LEVEL


def read(path: Path) -> dict[str, dict[str, Array]]:
    """Numbers by method and column, each of shape (n_windows,); NaN where there is none."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        own = found.setdefault(row["method"], {})
        for key, value in row.items():
            if key not in ("recording", "label", "method"):
                own.setdefault(key, []).append(float(value) if value else np.nan)
    return {name: {key: np.array(values) for key, values in own.items()} for name, own in found.items()}


def sign_flip(differences: Array) -> float:
    """Two-sided p-value of a mean of differences, over all choices of their signs; NaN are left out.

    Examples
    --------
    >>> sign_flip(np.array([1.0, 2.0, 3.0])), sign_flip(np.array([0.0, 0.0]))
    (0.25, 1.0)
    """
    known = differences[~np.isnan(differences)]
    n = len(known)
    if n > MOST_EXACT:
        raise ValueError(f"{n} windows have more signs than are tried")
    size, as_far = abs(float(known.sum())), 0
    for first in range(0, 2**n, _AT_ONCE):
        codes = np.arange(first, min(first + _AT_ONCE, 2**n))[:, None]
        signs = 1.0 - 2.0 * ((codes >> np.arange(n)) & 1)
        as_far += int((np.abs(signs @ known) >= size - 1e-12).sum())
    return float(as_far / 2**n)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values that allow for how many there are.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order, found, largest = np.argsort(p_values, kind="stable").tolist(), [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * float(p_values[i])))
        found[i] = largest
    return found


def comparisons(numbers: dict[str, dict[str, Array]]) -> list[Comparison]:
    """Each method with each of `CHANCE`, and loudest first with random, by each area."""
    made = []
    for method in numbers:
        for over in CHANCE[::-1] if method not in CHANCE else () if method == "random" else ("random",):
            for measure, larger in TESTED.items():
                differences = numbers[method][measure] - numbers[over][measure]
                gains = differences if larger else -differences
                made.append((method, over, measure, float(np.nanmean(gains)), sign_flip(gains)))
    corrected = holm([one[-1] for one in made])
    return [Comparison(*one, found) for one, found in zip(made, corrected, strict=True)]


def features_table(numbers: dict[str, dict[str, Array]]) -> str:
    """Areas, and how much better each is than loudest first and random, with intervals."""
    rows = []
    for name, own in numbers.items():
        row = [cell for key in TESTED for cell in (str(Mean.over(own[key])), *_gains(numbers, name, key, TESTED[key]))]
        rows.append([name, *row, _signed(Mean.over(own["insertion"] - own["deletion"]))])
    head = ["deletion area", "better than loudest", "than random"]
    return markdown(["", *head, "insertion area", *head[1:], "insertion less deletion"], rows)


def sound_table(numbers: dict[str, dict[str, Array]]) -> str:
    """Measures of the sound of a fifth of the cells: means over windows."""
    rows = []
    for name, own in numbers.items():
        percents = [f"{np.nanmean(own[key]):.0f}" for key in PERCENTS]
        others = [f"{own['score_drop'].mean():.3f}", f"{own['input_fidelity'].mean():.2f}"]
        gains = _gains(numbers, name, "score_drop", True)
        rows.append([name, f"{100 * own['energy'].mean():.0f} %", *percents, *others, *gains])
    return markdown(
        ["", "of the energy", "AI %", "AD %", "AG %", "FF", "Fid-In", "FF over loudest", "over random"], rows
    )


def _gains(numbers: dict[str, dict[str, Array]], name: str, key: str, larger: bool) -> list[str]:
    """How much better a method is than each of `CHANCE`, window by window."""
    sign = 1 if larger else -1
    gains = [Mean.over(sign * (numbers[name][key] - numbers[over][key])) for over in CHANCE]
    return ["" if name == over else _signed(gain) for over, gain in zip(CHANCE, gains, strict=True)]


def learned_table(numbers: dict[str, dict[str, Array]]) -> str:
    """Correlations with the random network's maps, and what a map of one window costs."""
    rows = []
    for name, own in numbers.items():
        if name in CHANCE:
            continue
        asked = f"{own['n_predictions'].mean():.0f} predictions" if own["n_predictions"].any() else ""
        cost = asked or counted(int(own["n_gradients"].mean()), "gradient")
        rows.append([name, str(Mean.over(own["randomised"])), cost])
    return markdown(["", "correlation with the random network's map", "cost"], rows)


def _signed(mean: Mean) -> str:
    ends = "" if mean.low is None or mean.high is None else f" ({mean.low:+.3f} to {mean.high:+.3f})"
    return "–" if mean.value is None else minus(f"{mean.value:+.3f}{ends}")


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is of words."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return minus("\n".join("| " + " | ".join(line) + " |" for line in lines))


def sentences(numbers: dict[str, dict[str, Array]]) -> list[str]:
    """What is clear, area by area, what is not, and what stands out in the other tables."""
    made = comparisons(numbers)
    n_clear = sum(one.is_clear for one in made)
    are = "is" if n_clear == 1 else "are"
    return [
        f"Of {len(made)} comparisons of areas, {n_clear or 'none'} {are} clear at .05 after correction.",
        *(f"**{key.capitalize()}**: {_clear(made, key)}." for key in TESTED),
        _together(numbers),
        _less(numbers),
        _heard(numbers),
        _learned(numbers),
    ]


def _clear(made: Sequence[Comparison], measure: str) -> str:
    said = []
    for over, than in (("random", "a random order"), ("loudest", "loudest first")):
        own = [one for one in made if (one.measure, one.over) == (measure, over)]
        for word, some in (
            ("better", [one.method for one in own if one.is_clear and one.gain > 0]),
            ("worse", [one.method for one in own if one.is_clear and one.gain < 0]),
        ):
            if some:
                said.append(f"clearly {word} than {than} {'is' if len(some) == 1 else 'are'} {'; '.join(some)}")
        if not any(one.is_clear for one in own):
            better = sum(one.gain > 0 for one in own)
            said.append(f"nothing is clearly better or worse than {than} ({better} of {len(own)} means are better)")
    return ". ".join(one[0].upper() + one[1:] for one in said)


def _together(numbers: dict[str, dict[str, Array]]) -> str:
    means = [np.array([own[key].mean() for name, own in numbers.items() if name != "random"]) for key in TESTED]
    found = spearman(*means) or 0.0
    if found < 0.5:
        return f"**Both areas**: over methods their means hardly rise together (rank correlation {found:.2f})."
    return (
        f"**Both areas**: over methods their means rise together (rank correlation {found:.2f}): what keeps the score "
        "longer while cells go also brings it back sooner while they come. So neither area alone says who is right."
    )


def _less(numbers: dict[str, dict[str, Array]]) -> str:
    means = {name: Mean.over(own["insertion"] - own["deletion"]) for name, own in numbers.items() if name != "random"}
    order = sorted(means, key=lambda name: -(means[name].value or 0))
    sure = [f"{name} ({means[name].value:+.2f})" for name in order if means[name].is_clear]
    open_ = [name for name in order if not means[name].is_clear]
    left = f"; it holds 0 for {'; '.join(open_)}" if open_ else ""
    return f"**Insertion less deletion**, not tested: the interval leaves out 0 for {'; '.join(sure) or 'none'}{left}."


def _heard(numbers: dict[str, dict[str, Array]]) -> str:
    falls = {name: own["score_drop"].mean() for name, own in numbers.items() if name not in CHANCE}
    first, second = sorted(falls, key=lambda name: -falls[name])[:2]
    (loudest, random) = _gains(numbers, first, "score_drop", True)
    return (
        f"**FF**, not tested: the score falls most without the part of {first} ({falls[first]:.2f}), by {loudest} more "
        f"than without the loudest cells and by {random} more than without random ones; then without that of {second} "
        f"({falls[second]:.2f})."
    )


def _learned(numbers: dict[str, dict[str, Array]]) -> str:
    means = {name: Mean.over(own["randomised"]) for name, own in numbers.items() if name not in CHANCE}
    high = [f"{name} ({mean.value:.2f})" for name, mean in means.items() if (mean.value or 0) >= DECORRELATED]
    told = f"{DECORRELATED} or more: {'; '.join(high) or 'none'}"
    return f"**Randomised**: methods whose mean correlation with the random network's maps is {told}."


def told(numbers: dict[str, dict[str, Array]]) -> str:
    """Everything that stands in the page."""
    tables = [one(numbers) for one in (features_table, sound_table, learned_table)]
    return "\n\n".join([*tables, "\n".join(f"- {one}" for one in sentences(numbers))])


if __name__ == "__main__":
    print(told(read(Path(sys.argv[1]))))
