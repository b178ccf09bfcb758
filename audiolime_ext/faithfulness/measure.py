"""One number that judges an explanation, or the reason why there is none: never NaN.

Explanations are judged by the model's answers to masks. Where every mask was evaluated, all are known; what a sample
lacks is asked of the model, if there is one (see `audiolime_ext.components.game`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks
from audiolime_ext.prediction.contract import Scores

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One number, or the reason why there is none.

    Parameters
    ----------
    value : float or None
        Number; None where it is undefined or unknown.
    reason : str
        Reason why there is no number; "" where there is one.

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


def answered(game: Game, masks: Masks) -> Scores | str:
    """The answers to masks, (n_masks, n_outputs), or the reason where some are unknown and there is no model to ask."""
    if game.can_answer(masks):
        return game(masks)
    return f"the model was not asked about {game.n_unknown(masks)} of the masks that this needs; give `predict`"
