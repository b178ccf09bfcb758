"""An overview of an audit: how often every component flips every class, and the decisions without the flagged ones.

Where the highest score decides and every recording is of one class, decisions make a *confusion* matrix: the classes of
the recordings against the decisions. Otherwise, and with many classes, they make a table of recall and precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.agreement import Decisions, accuracy
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Verdict

MOST_CLASSES = 12  # of a confusion matrix


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Flip rates of every class and component: rows of (class, one rate for each component; None: not tried)."""

    title: str
    components: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Rate | None, ...]], ...]
    found: frozenset[tuple[str, str]] = frozenset()


def heat_maps(results: Results, put_in: Sequence[Verdict], taken_out: Sequence[Verdict]) -> tuple[HeatMap, ...]:
    """Two maps with the findings marked: of components that were put in, and of those that were taken out."""
    return (
        _heat_map("put in: other recordings become the class", results, put_in),
        _heat_map("taken out: recordings lose the class", results, taken_out),
    )


def _heat_map(title: str, results: Results, verdicts: Sequence[Verdict]) -> HeatMap:
    names = results.components
    rates = {(one.label, one.component): one.rate for one in verdicts}
    found = frozenset((one.label, one.component) for one in verdicts if one.is_finding)
    rows = tuple((label, tuple(rates.get((label, name)) for name in names)) for label in results.classes)
    return HeatMap(title, names, rows, found)


def decided_without(results: Results, component: str, measure: str = "without") -> Decisions:
    """The decisions without a component (or with a control), bool (n_recordings, n_labels).

    Recordings that lack the component keep their decision.
    """
    asked = results.asked(measure)
    rows = asked.components == results.components.index(component)
    rows &= results.present[asked.recordings, asked.components]
    decided = results.decided.copy()
    decided[asked.recordings[rows]] = results.decide(asked.values[rows])
    return decided


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many recordings of each class are decided for each class; the last column of `counts`: for no class."""

    title: str
    classes: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share of right decisions."""
        return float(np.trace(self.counts) / max(1, self.counts.sum()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The decisions: the classes, and "another" label where that happens."""
        return (*self.classes, "another") if self.counts[:, -1].any() else self.classes

    @property
    def rows(self) -> list[tuple[str, list[tuple[int, int]]]]:
        """The counts of `columns` for each class, each with its share of the class in tenths."""
        counted = self.counts[:, : len(self.columns)]
        tenths = np.rint(10 * counted / np.maximum(1, self.counts.sum(axis=1, keepdims=True))).astype(np.int64)
        pairs = [list(zip(row, of, strict=True)) for row, of in zip(counted.tolist(), tenths.tolist(), strict=True)]
        return list(zip(self.classes, pairs, strict=True))


@dataclass(frozen=True)
class ClassRow:
    """A class: its number of recordings, and (recall, precision) of each way to decide; None where undefined."""

    label: str
    n: int
    shares: tuple[tuple[float | None, float | None], ...]

    @property
    def change(self) -> float:
        """The largest change of recall."""
        first = self.shares[0][0]
        return max((abs((recall or 0.0) - (first or 0.0)) for recall, _ in self.shares), default=0.0)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Decisions before and after a component is removed: as confusions, or else as rows of classes."""

    component: str
    titles: tuple[str, ...]
    accuracies: tuple[float | None, ...]
    confusions: tuple[Confusion, ...]
    rows: tuple[ClassRow, ...]


def comparisons(results: Results, components: Sequence[str]) -> tuple[Comparison, ...]:
    """One for each of the components."""
    return tuple(_comparison(results, component) for component in components)


def _comparison(results: Results, component: str) -> Comparison:
    ways = {
        "as they are": results.decided,
        f"without {component}": decided_without(results, component),
        f"as soft as without {component}": decided_without(results, component, "equal level"),
    }
    accuracies = tuple(accuracy(results, decided) for decided in ways.values())
    confusions: tuple[Confusion, ...] = ()
    rows: tuple[ClassRow, ...] = ()
    if is_single(results) and len(results.classes) <= MOST_CLASSES:
        confusions = tuple(_confusion(results, title, decided) for title, decided in ways.items())
    else:
        rows = tuple(sorted(_class_rows(results, list(ways.values())), key=lambda row: -row.change))
    return Comparison(component, tuple(ways), accuracies, confusions, rows)


def is_single(results: Results) -> bool:
    """Whether every recording is of one class and every decision is for one label."""
    return results.reading.thresholds is None and all(len(entry.labels) == 1 for entry in results.entries)


def recall_and_precision(results: Results, decided: Decisions, label: str) -> tuple[float | None, float | None]:
    """Recall and precision of a class, over the measured recordings; None where undefined."""
    column = results.labels.index(label)
    is_of, told = results.is_of[results.done, column], decided[results.done, column]
    right = int((is_of & told).sum())
    return (right / int(is_of.sum()) if is_of.any() else None), (right / int(told.sum()) if told.any() else None)


def _confusion(results: Results, title: str, decided: Decisions) -> Confusion:
    columns = [results.labels.index(label) for label in results.classes]
    is_of, told = results.is_of[results.done][:, columns], decided[results.done][:, columns]
    told = np.concatenate([told, ~told.any(axis=1, keepdims=True)], axis=1)
    return Confusion(title, results.classes, is_of.T.astype(np.int64) @ told.astype(np.int64))


def _class_rows(results: Results, ways: Sequence[Decisions]) -> list[ClassRow]:
    return [
        ClassRow(
            label,
            int(results.is_of[results.done, results.labels.index(label)].sum()),
            tuple(recall_and_precision(results, decided, label) for decided in ways),
        )
        for label in results.classes
    ]
