"""The methods by name: which masks each wants, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.leave_one_out import leave_one_out, leave_one_out_masks
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.errors import unknown
from audiolime_ext.perturbation import MaskSet, Neighborhood, Sampling, choose_masks


@dataclass(frozen=True)
class Method:
    """An attribution method.

    Parameters
    ----------
    attribute
        From an evaluated neighbourhood to weights.
    sampling
        How masks are drawn where not all fit the budget; None: it needs just the masks with one component off.
    """

    attribute: Callable[[Neighborhood], Attribution]
    sampling: Sampling | None

    def choose(self, n: int, *, max_evals: int, seed: int) -> MaskSet:
        """The masks to ask the model about, at most `max_evals`."""
        if self.sampling is None:
            return leave_one_out_masks(n, max_evals=max_evals)
        return choose_masks(n, max_evals=max_evals, sampling=self.sampling, seed=seed)


METHODS = {
    "auto": Method(shapley_values, "shapley"),
    "shapley": Method(shapley_values, "shapley"),
    "lime": Method(lime, "uniform"),
    "banzhaf": Method(banzhaf_values, "uniform"),
    "leave-one-out": Method(leave_one_out, None),
}


def method_named(name: str) -> Method:
    """A method by its name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]
