"""Asking the model: which masks, how many, until when. Attribution sees nothing but the answers.

Three ways, chosen by the method and by `settle`: a set of masks that is known beforehand; a sample that grows until the
heaviest components are settled (`audiolime_ext.attribution.settle`); whole stems first and then segments of those that
matter (`audiolime_ext.attribution.coarse_to_fine`). Every mask is composed and predicted once, in batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from audiolime_ext.attribution import settle as adaptive
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine, way_to_cut
from audiolime_ext.attribution.methods import Method, method_named
from audiolime_ext.attribution.noise import attribute_noisy
from audiolime_ext.attribution.told_apart import is_settled
from audiolime_ext.audio.recording import Samples
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.labels import label_indices, label_names
from audiolime_ext.prediction.outputs import require_one_width
from audiolime_ext.prediction.repeatability import N_ASKED, Noise, repeatability
from audiolime_ext.prediction.targets import Target, TargetSpec, make_target, value_names

N_MIXES = 5  # that a model is asked about again, where its answers differ

AimOf = Callable[[Scores], Target]  # from outputs to what of them is explained


@dataclass(frozen=True, eq=False)
class Asked:
    """A model's answers about an excerpt's components.

    Parameters
    ----------
    model : Model
        Model that was asked.
    components : Components
        Components of the excerpt; segments of stems that did not matter are joined again.
    how : Method
        Attribution method, which chose the masks.
    target : Target
        Target that was made for the model.
    outputs, values : Neighborhood
        Masks with the model's outputs, and the same masks with the target's values.
    game : Game
        Outputs by mask; it asks the model about other masks.
    settled : bool or None
        True where the heaviest components are told apart from the others; None where that was not asked.
    column : int or None
        Position of the value by which components are ranked; None without `settle`.
    """

    model: Model
    components: Components
    how: Method
    target: Target
    outputs: Neighborhood
    values: Neighborhood
    game: Game
    settled: bool | None
    column: int | None

    @cached_property
    def values_of(self) -> Game:
        """The same game in values of the target."""
        return self.game.of_values(self.target.apply)

    @property
    def output_labels(self) -> tuple[str, ...]:
        """Names of the model's outputs."""
        return label_names(self.model, self.outputs.scores.shape[1])

    def again(self, most: int) -> Noise:
        """Whether the model answers alike when it is asked again, with at most so many predictions.

        Raises
        ------
        ModelError
            If its answers depend on what else is in the batch; see `audiolime_ext.prediction.repeatability`.
        """
        masks, scores = self.outputs.masks, self.outputs.scores
        others = np.unique(np.linspace(0, len(masks) - 2, N_MIXES - 1).astype(int))[::-1]
        windows = self.components.grid.cut(self.components.heard_mixes(masks[[-1, *others]]))
        known = scores[[-1, others[0]]]
        noise = repeatability(self.model, windows, values=self.target.apply, known=known, most=most)
        noise.require_independence(self.output_labels)
        return noise

    def attribute(self, noise: Noise | None, settle: int | None) -> tuple[Attribution, bool | None]:
        """The weights, with the errors that noise adds, and whether the heaviest are settled in spite of those."""
        found = attribute_noisy(self.how.attribute, self.values, noise)
        if self.settled and not found.exact:
            return found, is_settled(found, settle or 1, column=self.column or 0)
        return found, self.settled

    def signals(self, mixes: Samples) -> Scores:
        """Values of any mixes that the model may hear, (n, n_channels, n_samples)."""
        return np.asarray(self.target.apply(predict(self.model, self.components.grid.cut(mixes))))

    def weights_of(self, other: Components) -> Scores:
        """The weights that other components of the same names have, by the same masks."""
        game = Game.of(other.grouped(self.components.groups), self.model)
        scores = self.target.apply(game(self.outputs.masks))
        return self.how.attribute(replace(self.values, scores=scores)).weights


def ask_model(
    model: Model,
    components: Components,
    settings: Settings,
    *,
    labels: Any,
    wanted: Sequence[str | int] | None,
    top_labels: int,
) -> Asked:
    """Choose masks and ask a model about them.

    Parameters
    ----------
    labels : sequence of str or int, str, int or None
        Labels as the user named them; with `settle`, the components of the first one are ranked.
    wanted, top_labels : sequence of str or int, or None; int
        Labels for which stems may matter, going from coarse to fine; None: the `top_labels` highest.

    Raises
    ------
    UsageError
        If the budget is too small, or the method draws no sample that could be settled.
    ModelError
        If the model fails.
    """
    how, settle = method_named(settings.method), settings.settle
    n_checked = len(components.sources) if settings.level_check else 0
    budget = mask_budget(components.n, settings.max_evals, n_sources=n_checked)
    way = way_to_cut(components.groups, budget) if settings.method == "auto" and settle is None else "all"
    if way == "stem by stem":
        how = method_named("owen")
    if way == "whole":
        components = components.grouped([1] * len(components.groups))
        budget = mask_budget(components.n, settings.max_evals, n_sources=n_checked)

    def target_of(outputs: Scores) -> Target:
        if labels is None:  # those wanted were chosen among the outputs for the whole recording
            needed = [column + 1 for column in wanted or () if isinstance(column, int)]
            require_one_width(outputs.shape[1], max([outputs.shape[1], *needed]))
        return make_target(settings.target, label_names(model, outputs.shape[1]))

    column = None if settle is None else ranked_column(model, labels, settings.target)
    reading: dict[str, Any] = {"settle": settle, "column": column, "wanted": wanted, "top_labels": top_labels}
    game, groups = Game.of(components, model), components.groups
    outputs, settled = play(game, groups, how, target_of, max_evals=budget, seed=settings.seed, **reading)
    components, target = components.grouped(outputs.groups), target_of(outputs.scores)
    values = replace(outputs, scores=target.apply(outputs.scores), groups=components.groups)
    game = Game.of(components, model, known=outputs)
    return Asked(model, components, how, target, outputs, values, game, settled, column)


def mask_budget(n: int, max_evals: int, *, n_sources: int = 0) -> int:
    """How many masks of n components may be asked about, so that a sample leaves what the checks need.

    That is asking again, and the level check of `n_sources` stems, as far as enough masks for n weights remain.

    Examples
    --------
    >>> mask_budget(9, 1024), mask_budget(20, 1024), mask_budget(20, 1024, n_sources=4)
    (1024, 1020, 1008)
    >>> mask_budget(20, 50, n_sources=4), mask_budget(20, 45)
    (46, 45)
    """
    if 2**n <= max_evals:
        return max_evals
    for kept in (kept_for_checks(n_sources), kept_for_checks(0)):
        if max_evals - kept >= 2 * n + 2:
            return max_evals - kept
    return max_evals


def kept_for_checks(n_sources: int) -> int:
    """The most evaluations that asking again takes, and the level check of so many stems."""
    return N_ASKED + 3 * n_sources


def play(
    game: Game,
    groups: Sequence[int],
    how: Method,
    aim_of: AimOf,
    *,
    max_evals: int,
    seed: int,
    settle: int | None = None,
    column: int | None = None,
    wanted: Sequence[str | int] | None = None,
    top_labels: int = 3,
) -> tuple[Neighborhood, bool | None]:
    """The model's outputs for the masks that a method takes, and whether a question to settle was settled.

    Parameters
    ----------
    game : Game
        Game that answers masks with the model's outputs.
    groups : sequence of int
        Number of components of each stem.
    how : Method
        Attribution method.
    aim_of : callable
        Function from outputs to the target.
    max_evals, seed : int
        Budget in masks, and random seed for sampling them.
    settle, column : int or None
        Number of heaviest components to tell apart from the others, and position of the value that ranks them.
    wanted, top_labels : sequence of str or int, or None; int
        Labels for which stems may matter, going from coarse to fine; None: the `top_labels` highest.

    Raises
    ------
    UsageError
        If the budget is too small, or the method draws no sample that could be settled.
    """
    if how.masks == "stem by stem" and settle is None:
        asked_for = partial(_asked_for, aim_of, wanted=wanted, top_labels=top_labels)
        return coarse_to_fine(game, groups, max_evals=max_evals, seed=seed, asked_for=asked_for), None
    if settle is None or column is None:
        return game.played(how.choose(game.n, max_evals=max_evals, seed=seed)), None
    if how.sampling is None:
        raise UsageError("leave settle out: it grows a sample of masks, and leave-one-out and owen draw none")

    def attribute(answered: Neighborhood) -> Attribution:
        return how.attribute(replace(answered, scores=aim_of(answered.scores).apply(answered.scores)))

    draws: dict[str, Any] = {"max_evals": max_evals, "seed": seed, "sampling": how.sampling}
    answered, _, settled = adaptive.settle(game, k=settle, column=column, attribute=attribute, **draws)
    return answered, settled


def ranked_column(model: Model, labels: Any, target: TargetSpec) -> int:
    """The value whose components are ranked: the first label's.

    Raises
    ------
    UsageError
        If no label was named.
    """
    if target not in ("score", "log-odds"):
        return 0
    if labels is None:
        raise UsageError("settle ranks the components of one label; name it (labels=…, --labels …)")
    first = labels if isinstance(labels, (str, int)) else labels[0]
    return int(first) if model.labels is None else label_indices([first], model.labels)[0]


def _asked_for(aim_of: AimOf, outputs: Scores, *, wanted: Sequence[str | int] | None, top_labels: int) -> Scores:
    """Of outputs for some masks, the last one all on: the values of the labels that were asked for."""
    aim = aim_of(outputs)
    values = aim.apply(outputs)
    names, named = value_names(aim, values[-1], wanted, top_labels)
    return values[:, label_indices(named, names)]
