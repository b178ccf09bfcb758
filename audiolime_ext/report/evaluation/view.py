"""Means and differences as they are drawn: every row with its interval, all rows of a picture on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation
from audiolime_ext.recommendation.evaluation.words import CHANCE, compared, gain, mean, treated
from audiolime_ext.recommendation.intervals import Interval
from audiolime_ext.text import minus

WIDTH = 100.0  # of a picture
_MARK = 1.4  # width of the mark of a mean
_ROOM = 1.04  # so that no end of an interval touches the edge


@dataclass(frozen=True)
class Drawn:
    """A row: its name, what is said of it, its number, and where mark and whisker lie in a picture 100 wide."""

    name: str
    said: str
    number: str
    low: float
    high: float
    mark: float
    kind: str


@dataclass(frozen=True)
class Picture:
    """Rows on one scale: a line at `at` for chance or no difference (None: no line), and the ends of the scale."""

    title: str
    rows: tuple[Drawn, ...]
    at: float | None
    left: str
    right: str


def means(found: EmbeddingEvaluation) -> list[Picture]:
    """The mean average precision of every method, a picture for each condition, all on one scale from 0 on."""
    told = [one.means["AP"].high for one in found.measured] + [of["AP"].high for of in found.ceilings.values()]
    scale = min(1.0, max(*told, found.chance["AP"][2]) * _ROOM) or 1.0
    at = found.chance["AP"][0] / scale * WIDTH
    pictures = []
    conditions = list(dict.fromkeys(one.condition for one in found.measured))
    for condition in conditions:
        rows = [
            _row(legible(one.name), treated(one.treatments), one.means["AP"], scale, one.is_index)
            for one in found.measured
            if one.condition == condition
        ]
        rows += [
            _row(f"{legible(one.name)}, as similar ranks by default", one.usual, one.usual_means["AP"], scale, True)
            for one in found.measured
            if one.is_index and one.condition == condition != ALIKE
        ]
        rows.append(_row(CHANCE, "middle 95 % of deals", Interval(*found.chance["AP"]), scale, False))
        title = {ALIKE: "Mean average precision, made alike"}.get(condition, "Mean average precision")
        pictures.append(Picture(title, tuple(rows), at, "0", f"{scale:.2f}"))
    if found.ceilings:
        rows = [_row(name, "", of["AP"], scale, False) for name, of in found.ceilings.items()]
        pictures.append(Picture("Where it is clear what to find", tuple(rows), None, "0", f"{scale:.2f}"))
    return pictures


def differences(found: EmbeddingEvaluation) -> list[Picture]:
    """How far each method is ahead of another one by mean average precision, all on one scale around 0."""
    told = [abs(end) for one in found.comparisons for end in (one.differences["AP"].low, one.differences["AP"].high)]
    scale = max(told, default=0.0) * _ROOM or 1.0
    rows = tuple(
        Drawn(
            compared(one.first, one.second, found.shown(one.condition)),
            one.verdict,
            minus(gain(one.differences["AP"])),
            _around(one.differences["AP"].low, scale),
            _around(one.differences["AP"].high, scale),
            _around(one.differences["AP"].value, scale) - _MARK / 2,
            "plain" if one.verdict == "not surely apart" else one.verdict.removeprefix("surely "),
        )
        for one in found.comparisons
    )
    return [Picture("", rows, WIDTH / 2, minus(f"{-scale:.2f}"), f"+{scale:.2f}")]


def tables(found: EmbeddingEvaluation) -> Sequence[tuple[str, list[str], list[list[str]]]]:
    """Every number, as titled tables."""
    return [
        ("All measures, with intervals of 95 %", *found.table()),
        ("All comparisons, with intervals of 95 %", *found.comparison_table()),
        ("All treatments, which nothing chose", *found.treatment_table()),
    ]


def _row(name: str, said: str, of: Interval, scale: float, is_index: bool) -> Drawn:
    low, high, value = (end / scale * WIDTH for end in (of.low, of.high, of.value))
    return Drawn(name, said, mean(of), low, high, value - _MARK / 2, "index" if is_index else "plain")


def _around(value: float, scale: float) -> float:
    return (1 + value / scale) / 2 * WIDTH
