"""What was measured of two twins, as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiolime_ext.text import counted
from examples.genre_classifier.bars import KINDS
from examples.genre_classifier.judging import Floats, Rate, interval
from examples.genre_classifier.training import Recipe

BASELINE = "mean spectrum"
_SPLITS = {
    "valid": "the epoch was chosen by it",
    "test": "another SoundFont, or other soundtracks",
    "other": "another SoundFont and other grooves",
}
_KINDS = {"bands": "a bar of bands", "time": "a bar in time", "both": "both"}


def as_markdown(
    accuracies: Mapping[str, Mapping[str, Mapping[str, Rate]]],
    changes: Mapping[str, Mapping[str, Floats]],
    insides: Mapping[tuple[str, str, str], tuple[Floats, float]],
    histories: Mapping[str, Sequence[Mapping[str, float]]],
) -> str:
    """All tables: accuracies by split, method and class; changes by network and kind; insides by layer, too."""
    parts = ["Accuracy with Wilson's 95 % interval, and right answers of each class."]
    for split, of in accuracies.items():
        parts += list(_judged(split, of))
    parts += [
        "Decisions that the same bars change, % of pictures (mean over test songs, Student's 95 % interval):",
        grid(["", *(_KINDS[kind] for kind in KINDS[1:])], _changes(changes)),
        "Is there a bar? What a layer tells of it (% right, 50 by chance; mean over test songs, Student's 95 % "
        "interval), and how far a bar moves the layer, relative to its spread over pictures:",
        grid(
            ["", "layer", "bars", "told apart", "moved"],
            [[*key, _percent(right), f"{moved:.2f}"] for key, (right, moved) in insides.items()],
        ),
        *(_trained(name, epochs) for name, epochs in histories.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _judged(split: str, of: Mapping[str, Mapping[str, Rate]]) -> Iterator[str]:
    first = next(iter(of.values()))
    labels = [label for label in first if label]
    chance = max(first[label].of for label in labels) / first[""].of
    yield f"*{split}* ({_SPLITS[split]}): {counted(first[''].of, 'song')}; chance (the largest class) is {chance:.2f}."
    rows = [
        [name, str(rates[""]), *(f"{rates[label].n} of {rates[label].of}" for label in labels)]
        for name, rates in of.items()
    ]
    yield grid(["", "accuracy", *labels], rows)


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


def as_facts(accuracies: Mapping[str, Mapping[str, Rate]], recipe: Recipe, data: str) -> dict[str, Any]:
    """What is kept beside weights: what they were trained on, how, and how good they are in each split."""
    told = {split: {"right": rates[""].n, "of": rates[""].of} for split, rates in accuracies.items()}
    return {"data": data, "recipe": dataclasses.asdict(recipe), "judged": told}
