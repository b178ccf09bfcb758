"""Leave-one-out: exact from n + 2 masks, blind to redundancy."""

import numpy as np
import pytest

from audiolime_ext.attribution.leave_one_out import leave_one_out, leave_one_out_masks
from audiolime_ext.components.masks import MaskSet
from audiolime_ext.errors import UsageError
from tests.games import play, random_game


@pytest.mark.parametrize("n", [1, 2, 3, 7, 40])
def test_it_is_the_fall_of_the_score_when_one_is_off(n: int) -> None:
    weights = np.random.default_rng(n).normal(size=n)
    chosen = leave_one_out_masks(n, max_evals=1024)
    near = play(lambda masks: (np.tanh(masks @ weights))[:, None], chosen)
    found = leave_one_out(near)
    assert len(near.masks) == min(n + 2, 2**n)
    assert found.exact
    np.testing.assert_allclose(found.weights[0], np.tanh(weights.sum()) - np.tanh(weights.sum() - weights), atol=1e-12)


def test_it_reads_the_same_from_all_masks() -> None:
    value = random_game(5, 2, seed=0)
    few, all_masks = play(value, leave_one_out_masks(5, max_evals=10)), play(value, 5)
    np.testing.assert_array_equal(leave_one_out(few).weights, leave_one_out(all_masks).weights)


def test_masks_that_were_not_evaluated_are_missed() -> None:
    masks = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
    near = play(lambda m: m.sum(axis=1, keepdims=True).astype(float), MaskSet(masks, np.ones(3, np.int64), False))
    with pytest.raises(UsageError, match="needs the 3 masks with one component off; 1 were evaluated"):
        leave_one_out(near)
    with pytest.raises(UsageError, match="4 evaluations are too few for leave-one-out of 5 components; allow 7"):
        leave_one_out_masks(5, max_evals=4)
