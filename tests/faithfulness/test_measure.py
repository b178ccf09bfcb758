"""One number, or the reason why there is none."""

from __future__ import annotations

import numpy as np

from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import choose_masks, enumerate_masks
from audiolime_ext.faithfulness.measure import answered
from tests.games import play, random_game


def test_what_is_unknown_is_asked_where_somebody_can_be_and_told_where_nobody_can() -> None:
    value, masks = random_game(4, 2, seed=0), enumerate_masks(4)
    known = play(value, choose_masks(4, max_evals=10))
    found = answered(Game(4, value, known=known), masks)
    np.testing.assert_array_equal(found, value(masks))
    assert answered(Game(4, known=known), masks) == (
        "the model was not asked about 6 of the masks that this needs; give `predict`"
    )
    np.testing.assert_array_equal(answered(Game(4, known=known), known.masks), known.scores)
