"""The same explanation with other seeds."""

from __future__ import annotations

import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.stability import stability
from tests.faithfulness.bands import GAMES, explained
from tests.games import random_game


def test_exact_explanations_are_stable_and_unlike_ones_are_not() -> None:
    exact = stability(lambda seed: explained(4, GAMES, seed=seed), label="additive")
    assert (exact.u_n, exact.k) == (3, 3)
    rough = random_game(14, 1, seed=0)
    games = {"rough": lambda on: rough(on)[:, 0]}
    shaky = stability(lambda seed: explained(14, games, max_evals=40, seed=seed), k=3)
    assert 3 < shaky.u_n <= 15
    assert len(shaky.tops) == 5
    assert stability(lambda seed: explained(2, {"or": GAMES["or"]}, seed=seed), k=3, seeds=(0, 1)).k == 2
    with pytest.raises(UsageError, match="two seeds or more; got k = 3 and 1 seed"):
        stability(lambda seed: explained(2, GAMES), seeds=[0])
