"""Targets of embedders: how near an answer is to a direction.

Two kinds, each with its derivative. A linear function of a model's outputs has Shapley values that add up with
everything else that is linear: those of its windows to the song's, those of the outputs to the target's. A cosine is
not linear, since a mix without a stem also has another length; with the length *frozen* at that of the unaltered mix,
it is.

Methods that follow gradients need no linearity. They take the cosine itself (`cosine_to`), or by how much more an
answer is like one song than like another (`nearer`), with the answer's length inside: what changes the length alone
changes neither, and the derivative along the answer is zero. An answer at the very point from which directions are
measured has none: silence, where vectors are measured from the answer to silence.

Closer than .02, two cosines count as the same. Answers of an embedder are much nearer to each other than scores of
labels, so that the .05 of scores would hide what there is; and .02 is twenty times what a sum of integrated gradients
may be off by.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.targets import Target

Vector = NDArray[np.float64]

NEAR_COSINE = 0.02
_NOWHERE = 1e-6  # of a vector's length: shorter ones are rounding


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

    def derivative(self, outputs: Scores, _: int = 0) -> Scores:
        """Its derivative by each output, which is the same everywhere, shape of `outputs`."""
        return np.asarray(np.tile(self.weights, (len(outputs), 1)))

    def target(self, name: str) -> Target:
        """It as a target of explanations."""
        return Target(name, None, self, derivative=self.derivative, near=NEAR_COSINE)


@dataclass(frozen=True, eq=False)
class Cosine:
    """How far the direction of an answer lies along another: a cosine, or a difference of two.

    Parameters
    ----------
    along : ndarray of float64, shape (n_outputs,)
        Direction, of length one; of a difference of two cosines, the first direction less the second.
    centre, scale : ndarray of float64, shape (n_outputs,), or float
        Point from which vectors are measured, and factor of each output.
    least : float
        Length below which a vector has no direction.

    Examples
    --------
    >>> cosine_to(np.array([1.0, 0.0]))(np.array([[3.0, 4.0], [30.0, 40.0]]))
    array([[0.6],
           [0.6]])
    """

    along: Vector = field(repr=False)
    centre: Vector | float = 0.0
    scale: Vector | float = 1.0
    least: float = 0.0

    def __call__(self, outputs: Scores) -> Scores:
        """Values (n_mixes, 1) of outputs (n_mixes, n_outputs); `UsageError` if one of these has no direction."""
        return np.asarray(self._directions(outputs)[0] @ self.along[:, None])

    def derivative(self, outputs: Scores, _: int = 0) -> Scores:
        """Its derivative by each output: of what lies across the answer, divided by the answer's length."""
        directions, lengths = self._directions(outputs)
        across = self.along - (directions @ self.along)[:, None] * directions
        return np.asarray(across / lengths * self.scale)

    def target(self, name: str) -> Target:
        """It as a target of explanations."""
        return Target(name, None, self, derivative=self.derivative, near=NEAR_COSINE)

    def _directions(self, outputs: Scores) -> tuple[Scores, Scores]:
        if outputs.shape[1] != len(self.along):
            raise UsageError(
                f"the model answers {outputs.shape[1]} numbers, and the vector that it is compared with has "
                f"{len(self.along)}; make that by the same model"
            )
        vectors = (np.asarray(outputs, np.float64) - self.centre) * self.scale
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (lengths > self.least).all():
            raise UsageError(
                "an answer lies at the point from which directions are measured, so it has no cosine, as that to "
                "silence often has none; measure from another centre, take another baseline (another song, the mean "
                "over the windows), or ask why() and nearness_map(), which need no direction of silence"
            )
        return vectors / lengths, lengths


def cosine_to(vector: Vector, *, centre: Vector | float = 0.0, scale: Vector | float = 1.0) -> Cosine:
    """How similar answers are to another song's: the centred cosine, whatever their length.

    Parameters
    ----------
    vector : ndarray of float64, shape (n_outputs,)
        Vector of the other song.
    centre, scale : ndarray of float64, shape (n_outputs,), or float
        Point from which vectors are measured, and factor of each output.

    Raises
    ------
    UsageError
        If the vector has no direction.

    Examples
    --------
    >>> round(cosine_to(np.array([1.0, 1.0]))(np.array([[2.0, 0.0]])).item(), 4)
    0.7071
    """
    towards = (np.asarray(vector, np.float64) - centre) * scale
    length = float(np.linalg.norm(towards))
    if not length > 0:
        raise UsageError("the other song's vector has length zero, so it has no direction; measure from another centre")
    return Cosine(np.asarray(towards / length), centre, scale, _NOWHERE * length)


def nearer(first: Vector, second: Vector, *, centre: Vector | float = 0.0, scale: Vector | float = 1.0) -> Cosine:
    """By how much more answers are like one song than like another: the cosine to the first less that to the second.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n_outputs,)
        Vectors of the two songs.
    centre, scale : ndarray of float64, shape (n_outputs,), or float
        Point from which vectors are measured, and factor of each output.

    Raises
    ------
    UsageError
        If a vector has no direction.

    Examples
    --------
    >>> nearer(np.array([1.0, 0.0]), np.array([0.0, 1.0]))(np.array([[3.0, 4.0]])).round(6)
    array([[-0.2]])
    """
    one, other = (cosine_to(vector, centre=centre, scale=scale) for vector in (first, second))
    return Cosine(one.along - other.along, centre, scale, min(one.least, other.least))


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
