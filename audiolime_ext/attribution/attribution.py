"""What an attribution method returns: a weight per output and component, with what is known about its error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.errors import UsageError


@dataclass(frozen=True, eq=False)
class Attribution:
    """Weights of components for every output of the model.

    Parameters
    ----------
    method : str
        Name of the method, such as ``"shapley"`` or ``"lime"``.
    weights : ndarray of float64, shape (n_outputs, n_components)
        Weight of each component for each output.
    std_errors : ndarray of float64, shape (n_outputs, n_components), or None
        Standard errors of the weights: zero where every mask that a weight needs was evaluated; None where they were
        not estimated.
    exact : bool
        True where every mask that the method needs was evaluated, and the model repeats its answers: all weights are
        exact. Where it is False some may be, see `exact_each`.
    intercept, fidelity : ndarray of float64, shape (n_outputs,), or None
        Intercept and R² of a fitted surrogate, R² being NaN where there are too few masks to tell; None: no surrogate.
    settings : dict
        The kernel and whatever else the result must state.
    references : tuple of str
        BibTeX entries to cite.
    covariance : ndarray of float64, shape (n_outputs, n_components, n_components), or None
        Covariance of the weights over samples of masks; `std_errors` are the square roots of its diagonals; None where
        it was not estimated.
    dof : float or None
        Degrees of freedom of the standard errors; None: none were estimated, or they are known.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = Attribution("shapley", np.array([[0.5]]), np.array([[0.1]]), False, dof=50).interval()
    >>> low.round(2), high.round(2)
    (array([[0.3]]), array([[0.7]]))
    """

    method: str
    weights: NDArray[np.float64] = field(repr=False)
    std_errors: NDArray[np.float64] | None = field(repr=False)
    exact: bool
    intercept: NDArray[np.float64] | None = field(default=None, repr=False)
    fidelity: NDArray[np.float64] | None = field(default=None, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    covariance: NDArray[np.float64] | None = field(default=None, repr=False)
    dof: float | None = None

    def interval(self, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Low and high ends of each weight's own confidence interval; None where no errors were estimated.

        Each covers its weight in `level` of the samples of masks; all of them together in fewer.

        Raises
        ------
        UsageError
            If the level is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise UsageError(f"a confidence level lies between 0 and 1, such as 0.95; got {level}")
        if self.std_errors is None:
            return None
        reach = t_quantile((1 + level) / 2, math.inf if self.dof is None else self.dof) * self.std_errors
        return self.weights - reach, self.weights + reach

    @property
    def exact_each(self) -> NDArray[np.bool_]:
        """Which components' weights are known to be exact, shape (n_components,).

        All of an exact result. Of Owen values from a sample, those of stems that were left whole, or whose sets of
        segments were all evaluated.

        Examples
        --------
        >>> Attribution("owen", np.array([[0.5, 0.2]]), np.array([[0.0, 0.1]]), False).exact_each
        array([ True, False])
        """
        n = self.weights.shape[1]
        if self.exact or self.std_errors is None or not self.std_errors.any():  # a sample that shows no error at all
            return np.full(n, self.exact)
        return np.asarray(~self.std_errors.any(axis=0))

    def estimated(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Standard errors and the ends of the 95 % intervals, NaN where weights are exact or no errors were estimated.

        Examples
        --------
        >>> Attribution("owen", np.array([[0.5, 0.2]]), np.array([[0.0, 0.1]]), False).estimated()[0]
        array([[nan, 0.1]])
        """
        ends = self.interval()
        if ends is None or self.std_errors is None:
            return (np.full_like(self.weights, np.nan),) * 3
        errors, low, high = (np.where(self.exact_each, np.nan, values) for values in (self.std_errors, *ends))
        return errors, low, high
