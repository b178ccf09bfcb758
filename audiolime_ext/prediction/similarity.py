"""Linear targets of embedders: how near an answer is to a direction.

A linear function of a model's outputs has Shapley values that add up with everything else that is linear: those of its
windows to the song's, those of the outputs to the target's. A cosine is not linear, since a mix without a stem also has
another length; with the length *frozen* at that of the unaltered mix, it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.targets import Target

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear function of outputs: ``outputs @ weights + intercept``.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_outputs,)
        Weight of each output.
    intercept : float
        Value where all outputs are zero.

    Examples
    --------
    >>> Linear(np.array([2.0, -1.0]), 0.5)(np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([[1.5],
           [0.5]])
    """

    weights: Vector = field(repr=False)
    intercept: float = 0.0

    def __call__(self, outputs: Scores) -> Scores:
        """Values (n_mixes, 1) of outputs (n_mixes, n_outputs)."""
        return np.asarray(outputs @ self.weights[:, None] + self.intercept)

    def target(self, name: str) -> Target:
        """It as a target of explanations."""
        return Target(name, None, self)


def similarity_to(
    vector: Vector, whole: Vector, *, centre: Vector | float = 0.0, scale: Vector | float = 1.0
) -> Linear:
    """How similar answers are to another song's: a centred cosine, with the lengths frozen.

    Parameters
    ----------
    vector : ndarray of float64, shape (n_outputs,)
        Vector of the other song.
    whole : ndarray of float64, shape (n_outputs,)
        Vector of the song that is explained, unaltered: the value of it is the cosine itself.
    centre, scale : ndarray of float64, shape (n_outputs,), or float
        Point from which vectors are measured, and factor of each output.

    Examples
    --------
    >>> song, other = np.array([3.0, 4.0]), np.array([1.0, 0.0])
    >>> similarity_to(other, song)(np.stack([song, song / 2]))[:, 0].round(3)
    array([0.6, 0.3])
    """
    towards, own = ((one - centre) * scale for one in (vector, whole))
    weights = towards / np.linalg.norm(towards) / np.linalg.norm(own) * scale
    return Linear(np.asarray(weights), -float(np.sum(weights * centre)))
