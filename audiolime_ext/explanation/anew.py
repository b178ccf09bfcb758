"""The same answers of the model explained anew, by another method or for another target: nothing is predicted again.

An explanation keeps the model's outputs for every mask, not only what was explained of them. What the checks found was
found for the former target and stays with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from audiolime_ext.attribution.methods import METHODS, method_named
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.prediction.targets import TargetSpec, clipped_notes, make_target, value_names

if TYPE_CHECKING:
    from audiolime_ext.explanation.explanation import Explanation

TOP_LABELS = 3


def by_method(explanation: Explanation, method: str) -> Explanation:
    """The weights that another method gives to the same answers.

    Parameters
    ----------
    explanation : Explanation
        Explanation whose masks were evaluated.
    method : str
        Attribution method as in `explain`.

    Raises
    ------
    UsageError
        If the method is unknown, or needs masks that were not evaluated.
    """
    how, near, origin = method_named(method), explanation.neighborhood, explanation.provenance
    if not near.exhaustive and METHODS[explanation.attribution.method].masks != how.masks:
        raise UsageError(
            f"{method} needs other masks than were sampled for {explanation.attribution.method}; "
            "explain again with that method, or with a budget that holds all masks"
        )
    return replace(
        explanation,
        attribution=attribute_noisy(how.attribute, near, explanation.checks.noise),
        provenance=replace(origin, settings=replace(origin.settings, method=method)),
    )


def for_target(
    explanation: Explanation, target: TargetSpec, labels: Sequence[str | int] | str | int | None = None
) -> Explanation:
    """Explain another function of the outputs that are known.

    Parameters
    ----------
    explanation : Explanation
        Explanation whose masks were evaluated.
    target : str, pair of labels or callable
        Target as in `explain`.
    labels : sequence of str or int, str, int or None
        Labels to explain; None: those of `explanation` where both targets have the model's labels, else the
        three of the highest values.

    Raises
    ------
    UsageError
        If the outputs are not known, the model's answers are noisy, or the target or a label is unknown.
    """
    if explanation.game is None:
        raise UsageError(
            "this explanation was saved by version 0.1, without the model's outputs; explain again with the new target"
        )
    noise, origin, near = explanation.checks.noise, explanation.provenance, explanation.neighborhood
    if noise is not None and not noise.alike:
        raise UsageError(
            f"the model's answers differ when it is asked again, and by how much is known for {origin.target} only; "
            "explain again with the new target"
        )
    aim = make_target(target, origin.labels)
    labels = [labels] if isinstance(labels, (str, int)) else labels
    if labels is not None and not labels:
        raise UsageError("labels is empty; name at least one label, or None for those of this explanation")
    if labels is None and aim.keeps_labels and set(explanation.labels) <= set(origin.labels):
        labels = explanation.labels
    seen = replace(near, scores=aim.apply(explanation.game(near.masks)))
    all_labels, named = value_names(aim, seen.full, labels, TOP_LABELS)
    clipped = [] if explanation.target is None else clipped_notes(explanation.target, near.scores)
    notes = [note for note in explanation.notes if note not in clipped]
    plain = replace(origin.settings, target=aim.contrast or aim.spec, level_check=False, shifts=False)
    return replace(
        explanation,
        labels=named,
        all_labels=all_labels,
        neighborhood=seen,
        attribution=METHODS[explanation.attribution.method].attribute(seen),
        provenance=replace(origin, settings=plain),
        warnings=(*explanation.warnings, *_not_checked_again(explanation)),
        notes=(*notes, *clipped_notes(aim, seen.scores)),
        checks=Checks(noise=noise and replace(noise, sd=np.zeros(len(all_labels)))),
        settled=None,
        cross_check=None,
        target=aim,
    )


def _not_checked_again(explanation: Explanation) -> list[str]:
    """Which checks were made of the former target and are not known of another."""
    checks = explanation.checks
    made = {
        "the level": checks.level is not None,
        "missing sources": bool(checks.missing),
        "shifts": checks.shifts is not None,
        "a second separator": explanation.cross_check is not None,
    }
    lost = [name for name, was_made in made.items() if was_made]
    former = explanation.provenance.target
    return [f"checked for {former} before, and not again for another target: {', '.join(lost)}"] if lost else []
