"""A shapiq game whose values are a model's scores of masks. Importing this imports shapiq."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapiq
from numpy.typing import NDArray

from audiolime_ext.components.game import Game
from audiolime_ext.prediction.contract import Scores


class MaskGame(shapiq.Game):  # type: ignore[misc, unused-ignore]
    """A game whose players are components; it can be pickled where its answers are all known.

    Parameters
    ----------
    answers : Game
        Answers to masks.
    column : int
        Number of the output that is the game's value.
    names : sequence of str, or None
        Names of the players.
    """

    def __init__(self, answers: Game, column: int, names: Sequence[str] | None = None) -> None:
        self.answers, self.column = answers, column
        empty = float(answers(np.zeros((1, answers.n), dtype=bool))[0, column])
        players = None if names is None else list(names)
        super().__init__(answers.n, normalize=True, normalization_value=empty, player_names=players)

    def __call__(self, coalitions: Any, **options: Any) -> Scores:
        """Values of coalitions, shape (n_coalitions,), less that of the empty one; of no coalitions none."""
        if len(coalitions) == 0 and not isinstance(coalitions, tuple):  # the tuple () is the empty coalition
            return np.zeros(0)
        return np.asarray(super().__call__(coalitions, **options))

    def value_function(self, coalitions: NDArray[Any]) -> Scores:
        """Scores of the masks, shape (n_masks,)."""
        return self.answers(coalitions)[:, self.column]
