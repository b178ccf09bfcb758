"""The methods by name: which masks each needs, and how it makes weights of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.leave_one_out import leave_one_out, leave_one_out_masks
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.owen import owen_values
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import MaskSet, Neighborhood, Sampling, choose_masks
from audiolime_ext.errors import unknown

Wanted = Literal[Sampling, "all but one", "stem by stem"]


@dataclass(frozen=True)
class Method:
    """An attribution method.

    Parameters
    ----------
    attribute : callable
        Function from an evaluated `Neighborhood` to an `Attribution`.
    masks : {"shapley", "uniform", "all but one", "stem by stem"}
        Masks that it needs: all, or a sample from the named distribution; those with one component off; whole stems,
        then their segments.
    """

    attribute: Callable[[Neighborhood], Attribution]
    masks: Wanted

    def choose(self, n: int, *, max_evals: int, seed: int) -> MaskSet:
        """The masks to ask the model about, at most `max_evals`, for a method that knows them beforehand.

        Raises
        ------
        UsageError
            If the budget is too small.
        """
        if self.masks == "all but one":
            return leave_one_out_masks(n, max_evals=max_evals)
        return choose_masks(n, max_evals=max_evals, sampling=self.sampling or "shapley", seed=seed)

    @property
    def sampling(self) -> Sampling | None:
        """How masks are drawn where not all fit the budget; None: they are not drawn."""
        return self.masks if self.masks in ("shapley", "uniform") else None


METHODS = {
    "auto": Method(shapley_values, "shapley"),
    "shapley": Method(shapley_values, "shapley"),
    "lime": Method(lime, "uniform"),
    "banzhaf": Method(banzhaf_values, "uniform"),
    "leave-one-out": Method(leave_one_out, "all but one"),
    "owen": Method(owen_values, "stem by stem"),
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
