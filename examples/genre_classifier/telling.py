"""What was measured of two twins, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.text import counted
from examples.genre_classifier.bars import KINDS
from examples.genre_classifier.judging import Floats, Rate, interval

BASELINE = "mean spectrum"
_KINDS = {"bands": "a bar of bands", "time": "a bar in time", "both": "both"}


def as_markdown(
    accuracies: Mapping[str, Mapping[str, Rate]],
    changes: Mapping[str, Mapping[str, Floats]],
    histories: Mapping[str, Sequence[Mapping[str, float]]],
    chance: float,
) -> str:
    """All tables."""
    labels = [label for label in next(iter(accuracies.values())) if label]
    rows = [
        [name, str(rates[""]), *(f"{rates[label].n} of {rates[label].of}" for label in labels)]
        for name, rates in accuracies.items()
    ]
    n_songs = next(iter(accuracies.values()))[""].of
    parts = [
        f"{counted(n_songs, 'test song')}; chance (the largest class) is {chance:.2f}. Accuracy with Wilson's 95 % "
        "interval, and right answers of each class:",
        grid(["", "accuracy", *labels], rows),
        "Decisions that the same bars change, % of pictures (mean over songs, 95 % interval):",
        grid(["", *(_KINDS[kind] for kind in KINDS[1:])], list(_changes(changes))),
        *(_trained(name, epochs) for name, epochs in histories.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _changes(changes: Mapping[str, Mapping[str, Floats]]) -> list[list[str]]:
    rows = [[name, *(_percent(of[kind]) for kind in KINDS[1:])] for name, of in changes.items()]
    names = list(changes)
    if len(names) == 2:
        more = [_percent(changes[names[1]][kind] - changes[names[0]][kind]) for kind in KINDS[1:]]
        rows.append([f"{names[1]} less {names[0]}", *more])
    return rows


def _percent(values: Floats) -> str:
    mean, low, high = (100 * one for one in interval(values))
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"


def _trained(name: str, epochs: Sequence[Mapping[str, float]]) -> str:
    best = min(epochs, key=lambda one: one["valid_loss"])
    told = f"{name}: {counted(len(epochs), 'epoch')}, best in validation {best['epoch']:g}"
    return f"{told} (loss {best['valid_loss']:.2f}, accuracy {best['valid_accuracy']:.2f})."


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def as_facts(accuracies: Mapping[str, Rate], recipe: Mapping[str, Any], data: str) -> dict[str, Any]:
    """What is kept beside weights."""
    rate = accuracies[""]
    told = {"right": rate.n, "of": rate.of, "low": round(rate.low, 3), "high": round(rate.high, 3)}
    return {"data": data, "recipe": dict(recipe), "test": told}


def chance_of(classes: NDArray[np.intp]) -> float:
    """The share of the largest class."""
    return float(np.bincount(classes).max() / len(classes))
