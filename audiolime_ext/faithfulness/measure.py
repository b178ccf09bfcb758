"""The model's answers to masks, for those who judge an explanation: looked up where they are known, asked for if not.

A neighbourhood that holds every mask answers everything. A sample does not; what it lacks is predicted if somebody
gives a function for it, each mask once, and counted. A number that cannot be had is None and says why: never NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.masks import Masks, Neighborhood
from audiolime_ext.errors import ModelError

Array = NDArray[np.float64]
PredictMasks = Callable[[Masks], Any]


@dataclass(frozen=True)
class Measure:
    """One number, or the reason why there is none.

    Parameters
    ----------
    value
        The number; None where it is undefined or unknown.
    reason
        Why there is none; empty where there is one.

    Examples
    --------
    >>> Measure.undefined("the score is 0")
    Measure(value=None, reason='the score is 0')
    """

    value: float | None
    reason: str = ""

    @classmethod
    def undefined(cls, reason: str) -> Measure:
        """No number, and why."""
        return cls(None, reason)


class Answers:
    """Scores by mask.

    Parameters
    ----------
    neighborhood
        What was evaluated.
    predict
        From masks, bool (n_masks, n_components), to what the neighbourhood would hold for them, (n_masks, n_outputs);
        None: nothing further is asked.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> answers = Answers(Neighborhood(chosen.masks, chosen.counts, True, chosen.masks @ np.array([[1.0], [2.0]])))
    >>> answers.of(np.array([[False, True]]))
    array([[2.]])
    """

    def __init__(self, neighborhood: Neighborhood, predict: PredictMasks | None = None) -> None:
        self._predict = predict
        self._n_outputs = neighborhood.scores.shape[1]
        self._known = {mask.tobytes(): row for mask, row in zip(neighborhood.masks, neighborhood.scores, strict=True)}
        self.n_asked = 0

    def of(self, masks: Masks) -> Array | None:
        """Scores of masks, (n_masks, n_outputs); None where some are unknown and nobody can be asked.

        Raises
        ------
        ModelError
            If `predict` answers another shape, NaN or infinity.
        """
        keys = [mask.tobytes() for mask in np.ascontiguousarray(masks)]
        missing = {key: mask for key, mask in zip(keys, masks, strict=True) if key not in self._known}
        if missing and self._predict is None:
            return None
        if missing and self._predict is not None:
            asked = self._predict(np.array(list(missing.values())))
            self._known.update(zip(missing, self._checked(asked, len(missing)), strict=True))
            self.n_asked += len(missing)
        return np.array([self._known[key] for key in keys])

    def unknown(self, masks: Masks) -> str:
        """The reason to give where `of` knows no answer."""
        n = len({mask.tobytes() for mask in np.ascontiguousarray(masks)} - set(self._known))
        return f"the model was not asked about {n} of the masks that this needs; give `predict`"

    def _checked(self, answer: Any, n_masks: int) -> Array:
        scores = np.asarray(answer, dtype=np.float64)
        if scores.shape != (n_masks, self._n_outputs) or not np.isfinite(scores).all():
            raise ModelError(
                f"predict must answer finite scores of shape {(n_masks, self._n_outputs)} for so many masks; "
                f"it answered shape {scores.shape}"
            )
        return scores
