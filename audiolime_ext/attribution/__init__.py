"""What an attribution method answers: a weight per output and component, with what is known of its error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Attribution:
    """Weights of components for every output of the model.

    Parameters
    ----------
    method
        Such as ``"shapley"`` or ``"lime"``.
    weights
        Shape (n_outputs, n_components), float64.
    std_errors
        Their standard errors, same shape: zero where every mask was evaluated; None where they were not estimated.
    exact
        Whether every mask was evaluated.
    intercept, fidelity
        Of a fitted surrogate, shape (n_outputs,); fidelity is R², NaN where there are too few masks to tell.
    settings
        The kernel and whatever else the result must state.
    references
        BibTeX entries to cite.
    """

    method: str
    weights: NDArray[np.float64] = field(repr=False)
    std_errors: NDArray[np.float64] | None = field(repr=False)
    exact: bool
    intercept: NDArray[np.float64] | None = field(default=None, repr=False)
    fidelity: NDArray[np.float64] | None = field(default=None, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
