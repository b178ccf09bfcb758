"""Faithfulness: is the explanation true of the model?

An explanation says which components made a score. To check it, ask the model itself: play what the explanation names,
take it away, and compare. The evaluated neighbourhood usually holds the answers already, so nothing is predicted twice;
what it lacks is asked of `predict`, or of the model, and counted. Nothing here is ever NaN: a number that is undefined
or unknown is None, and the reason is given with it.

Two sets of components are judged. *The top component* is what ``Explanation.top()`` names (several together, where they
are not told apart). It gives the three numbers that a musician can read: the score of it alone, the score without it,
and whether the decision flips. *The explanation* of the measures from the literature is ``Explanation.what_argues()``:
every component whose weight is positive beyond its interval and that can be heard. An explanation that names every
component is the recording, and perfect by most measures; so the share of components that it names is given, too. Where
none is named for a label, both sets are empty and the label abstains; measures of the weights and the areas under the
curves do not depend on these sets and are still given.

What is measured, and who defined it, is said in the modules: `removal` (AI, AD, AG, FF, Fid-In, flips), `curves`
(deletion and insertion), `weighing` (infidelity, completeness, sparseness, complexity, correlation), `stability` (over
seeds) and `randomisation` (does the explanation depend on what the model learned?).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from audiolime_ext.components.game import AskMasks, Game
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.faithfulness import curves, removal, weighing
from audiolime_ext.faithfulness.measure import Array, Measure, answered
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.text import text_table


@dataclass(frozen=True)
class LabelFaithfulness:
    """What the model says about the explanation of one label.

    Parameters
    ----------
    label : str
        Name of the label.
    score, empty : float
        Scores of the recording, and of silence (or of another baseline, where one was chosen).
    component : str or None
        Top component; those that are not told apart are joined by "or"; None where none is known to make the label.
    alone, without : float or None
        Scores of the top component alone, and of the recording without it; None where they are unknown.
    flips : bool or None
        True if the label's decision is another one without the top component; None where it is undecided.
    decision : {"highest", "half-way"} or None
        Rule of the decision, see `removal.decision_flips`; None where it is undecided.
    explanation : tuple of str
        Components that the measures from the literature take for the explanation; empty where nothing argues.
    measures : mapping of str to (float or None)
        Values of the measures by name; empty unless all were asked for.
    undefined : mapping of str to str
        Reasons, by the measure's name, why there is no number.
    """

    label: str
    score: float
    empty: float
    component: str | None
    alone: float | None
    without: float | None
    flips: bool | None
    decision: str | None
    explanation: tuple[str, ...]
    measures: Mapping[str, float | None] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object without NaN."""
        return {
            "label": self.label,
            "score": self.score,
            "empty": self.empty,
            "component": self.component,
            "alone": self.alone,
            "without": self.without,
            "flips": self.flips,
            "decision": self.decision,
            "explanation": list(self.explanation),
            **({"measures": dict(self.measures)} if self.measures else {}),
            "undefined": dict(self.undefined),
        }


@dataclass(frozen=True)
class Faithfulness:
    """The faithfulness of an explanation, label by label, and how many further masks the model was asked about."""

    labels: tuple[LabelFaithfulness, ...]
    n_further_evals: int
    kind: Kind = field(default=Kind("score"), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object: ``{"n_further_evals": …, "labels": [one object for each label]}``."""
        return {"n_further_evals": self.n_further_evals, "labels": [one.to_dict() for one in self.labels]}

    def __str__(self) -> str:
        called = {one.label: self.kind.called(one.label) for one in self.labels}
        header = ["", self.kind.noun, "top component", "alone", "without", "flips"]
        rows = [
            [name, f"{one.score:.2f}", one.component or "none", *map(_cell, (one.alone, one.without, one.flips))]
            for name, one in zip(called.values(), self.labels, strict=True)
        ]
        table = text_table(header, rows)
        names = list(dict.fromkeys(name for one in self.labels for name in one.measures))
        if names:
            wide = [[name, *(_cell(one.measures[name]) for one in self.labels)] for name in names]
            table += "\n\n" + text_table(["", *called.values()], wide)
        return table


def faithfulness(
    explanation: Explanation,
    *,
    what: Literal["default", "all"] = "default",
    predict: AskMasks | None = None,
) -> Faithfulness:
    """Check an explanation against the model, for each label it was asked about.

    Parameters
    ----------
    explanation : Explanation
        Explanation to check. Its evaluated masks answer what they can; where all were evaluated, nothing more is
        predicted.
    what : {"default", "all"}
        Set of measures. ``"default"``: the score of the top component alone, the score without it, and whether the
        decision flips; ``"all"``: also the measures of the literature.
    predict : callable, or None
        Function from masks, bool (n_masks, n_components), to values (n_masks, n_labels) of the same target; it is asked
        about masks that were not evaluated. None: the model that was explained is asked, whatever the target. A loaded
        explanation has no model: then the numbers that need one are None, with the reason.

    Raises
    ------
    UsageError
        If `what` is neither of these.
    ModelError
        If `predict` answers another shape, NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain, tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone / 2, 8000), "soft": (tone / 20, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"])
    >>> print(faithfulness(explain(oracle.mixture, peak, factorization=oracle)))
          score  top component  alone  without  flips
    peak   0.55           loud   0.50     0.05    yes
    """
    if what not in ("default", "all"):
        raise unknown("set of measures", str(what), ["default", "all"])
    near = explanation.neighborhood
    game = explanation.values if predict is None else Game(near.masks.shape[1], predict, known=near)
    before = game.n_asked
    labels = tuple(_judge(explanation, label, game, what == "all") for label in explanation.labels)
    return Faithfulness(labels, game.n_asked - before, explanation.kind)


def aggregate(results: Iterable[LabelFaithfulness]) -> dict[str, Any]:
    """The figures that papers print: each measure's mean over many explanations, and how many there are.

    Explanations for which a measure is undefined are left out of its mean, so each mean comes with its own count:
    where a method looks better because it abstains on hard cases, the count shows it.

    Parameters
    ----------
    results : iterable of LabelFaithfulness
        Results of any number of explanations, with all measures.

    Returns
    -------
    dict
        ``{"n", "n_abstained", "flips": share of the decisions that flip, "measures": name → {"mean", "n"}}``; a mean is
        None where nothing is defined.

    Raises
    ------
    UsageError
        If there are no results.

    Examples
    --------
    >>> nothing = LabelFaithfulness("rock", 0.2, 0.2, None, None, None, None, None, (), {"average_drop": None})
    >>> aggregate([nothing])
    {'n': 1, 'n_abstained': 1, 'flips': None, 'measures': {'average_drop': {'mean': None, 'n': 0}}}
    """
    found = list(results)
    if not found:
        raise UsageError("there are no results to aggregate")
    names = dict.fromkeys(name for one in found for name in one.measures)
    means = {}
    for name in names:
        values = [value for one in found if (value := one.measures.get(name)) is not None]
        means[name] = {"mean": _mean(values), "n": len(values)}
    return {
        "n": len(found),
        "n_abstained": sum(one.component is None for one in found),
        "flips": _mean([float(one.flips) for one in found if one.flips is not None]),
        "measures": means,
    }


def _judge(explanation: Explanation, label: str, game: Game, everything: bool) -> LabelFaithfulness:
    column, near = explanation.column(label), explanation.neighborhood
    made_by = explanation.top(label=label)
    arguing = (explanation.what_argues(label) or made_by.components) if made_by else ()
    top = _with_and_without(explanation, made_by.components, game) if made_by else made_by.message
    reasons: dict[str, str] = {}
    alone = without = flips = decision = None
    if isinstance(top, str):
        reasons["top"] = top
    else:
        alone, without = float(top[0, column]), float(top[1, column])
        flips, rule = removal.decision_flips(near.full, top[1], near.empty, column)
        if flips is None:
            reasons["flips"] = rule
        else:
            decision = rule
    measures: dict[str, Measure] = {}
    if everything:
        share = Measure(float(explanation.components.mask(arguing).mean()))
        sets = _with_and_without(explanation, arguing, game) if made_by else made_by.message
        measures["explanation_share"] = share if made_by else Measure.undefined(made_by.message)
        measures |= removal_measures(near.full, sets, column)
        measures |= _weight_measures(explanation, game, column)
    return LabelFaithfulness(
        label,
        float(near.full[column]),
        float(near.empty[column]),
        " or ".join(made_by.components) or None,
        alone,
        without,
        flips,
        decision,
        arguing,
        {name: measure.value for name, measure in measures.items()},
        reasons | {name: measure.reason for name, measure in measures.items() if measure.value is None},
    )


def _with_and_without(explanation: Explanation, names: tuple[str, ...], game: Game) -> Array | str:
    """The model's answers to these components alone and to all others, (2, n_outputs); or why there are none."""
    on = explanation.components.mask(names)
    masks = np.stack([on, ~on])
    return answered(game, masks)


def removal_measures(full: Array, sets: Array | str, column: int) -> dict[str, Measure]:
    """AI, AD, AG, FF and Fid-In of one explanation, as `removal` defines them, by their names.

    Parameters
    ----------
    full : ndarray of float64, shape (n_labels,)
        Values of the recording.
    sets : ndarray of float64, shape (2, n_labels), or str
        Values of the explanation alone and of the recording without it; or the reason why there are none.
    column : int
        Position of the label among the values.
    """
    names = ("average_increase", "average_drop", "average_gain", "score_drop", "input_fidelity")
    if isinstance(sets, str):
        return dict.fromkeys(names, Measure.undefined(sets))
    p, o, r = float(full[column]), float(sets[0, column]), float(sets[1, column])
    pairs: tuple[Callable[[float, float], Measure], ...]
    pairs = (removal.average_increase, removal.average_drop, removal.average_gain)
    terms = [measure(p, o) for measure in pairs]
    found = [*terms, removal.score_drop(p, r), removal.input_fidelity(full, sets[0])]
    return dict(zip(names, found, strict=True))


def _weight_measures(explanation: Explanation, game: Game, column: int) -> dict[str, Measure]:
    weights, near = explanation.attribution.weights[column], explanation.neighborhood
    return {
        "deletion_area": curves.deletion_area(weights, game, column),
        "insertion_area": curves.insertion_area(weights, game, column),
        "random_area": curves.random_area(len(weights), game, column),
        "infidelity": weighing.infidelity(weights, near, column),
        "completeness_gap": weighing.completeness_gap(weights, near, column),
        "sparseness": weighing.sparseness(weights),
        "complexity": weighing.complexity(weights),
        "faithfulness_correlation": weighing.faithfulness_correlation(weights, near, column),
        "held_out_fidelity": _held_out_fidelity(explanation, column),
    }


def _held_out_fidelity(explanation: Explanation, column: int) -> Measure:
    found = explanation.attribution.fidelity
    if explanation.neighborhood.exhaustive:
        return Measure.undefined("every mask was evaluated: none is left to hold out")
    if found is None:
        return Measure.undefined(f"{explanation.attribution.method} states no fit to judge")
    if not np.isfinite(found[column]):
        return Measure.undefined("too few masks, or a score that does not vary")
    return Measure(float(found[column]))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _cell(value: float | bool | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}"
