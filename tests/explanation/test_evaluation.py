"""Asking the model: within the budget, each mask once, and what the checks need is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.attribution.methods import method_named
from audiolime_ext.attribution.told_apart import is_settled
from audiolime_ext.components.game import Game
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.evaluation import kept_for_checks, mask_budget, play, ranked_column
from audiolime_ext.prediction.repeatability import N_ASKED
from audiolime_ext.prediction.targets import Target

WEIGHTS = np.array([[4.0, 3.0, 2.0, *[0.1] * 9], [0.0, 0.0, 0.0, *[1.0] * 9]])


def linear(masks: NDArray[np.bool_]) -> NDArray[Any]:
    """Two outputs of twelve components."""
    return np.asarray(masks @ WEIGHTS.T)


def scores(outputs: NDArray[Any]) -> Target:
    return Target("score", ("rock", "pop"), lambda values: values, keeps_labels=True)


@pytest.mark.parametrize("n_sources", [0, 4, 30])
@pytest.mark.parametrize("n", [3, 10, 20])
@pytest.mark.parametrize("max_evals", [8, 30, 50, 200, 1024])
def test_a_sample_leaves_what_checks_need_where_the_fit_can_spare_it(n: int, n_sources: int, max_evals: int) -> None:
    left = max_evals - mask_budget(n, max_evals, n_sources=n_sources)
    if 2**n <= max_evals:
        assert left == 0, "all masks fit"
    elif max_evals - kept_for_checks(n_sources) >= 2 * n + 2:
        assert left == kept_for_checks(n_sources) == N_ASKED + 3 * n_sources
    else:
        assert left == (N_ASKED if max_evals - N_ASKED >= 2 * n + 2 else 0)


@pytest.mark.parametrize("name", ["shapley", "lime", "banzhaf", "leave-one-out", "owen"])
def test_every_method_asks_about_each_mask_once_within_the_budget(name: str) -> None:
    game = Game(12, linear)
    answered, settled = play(game, [4, 4, 4], method_named(name), scores, max_evals=200, seed=0)
    assert settled is None
    assert len(np.unique(answered.masks, axis=0)) == len(answered.masks)
    assert game.n_asked == len(answered.masks) <= 200
    np.testing.assert_allclose(answered.scores, linear(answered.masks))


def test_a_sample_grows_until_the_value_that_is_asked_for_is_settled() -> None:
    how = method_named("shapley")
    answered, settled = play(Game(12, linear), [1] * 12, how, scores, max_evals=2000, seed=0, settle=3, column=0)
    assert settled
    assert len(answered.masks) < 500
    assert is_settled(how.attribute(answered), 3)
    assert not play(Game(12, linear), [1] * 12, how, scores, max_evals=200, seed=0, settle=3, column=1)[1], "a tie"


@pytest.mark.parametrize("name", ["leave-one-out", "owen"])
def test_what_draws_no_sample_cannot_be_settled(name: str) -> None:
    with pytest.raises(UsageError, match="leave settle out: it grows a sample of masks"):
        play(Game(12, linear), [1] * 12, method_named(name), scores, max_evals=200, seed=0, settle=3, column=0)


@pytest.mark.parametrize(("wanted", "groups"), [(["rock"], (6, 1)), (["pop"], (1, 6)), (["rock", "pop"], (6, 6))])
def test_owen_looks_into_stems_that_matter_for_the_labels_that_are_wanted(
    wanted: list[str], groups: tuple[int, ...]
) -> None:
    halves = np.repeat(np.eye(2), 6, axis=1)
    game = Game(12, lambda masks: masks @ halves.T)
    answered, _ = play(game, [6, 6], method_named("owen"), scores, max_evals=4000, seed=0, wanted=wanted)
    assert answered.groups == groups


def test_the_first_label_is_the_one_that_is_ranked() -> None:
    named = tagger(lambda batch: batch, labels=["rock", "pop"])
    numbered = tagger(lambda batch: batch)
    assert ranked_column(named, ["pop", "rock"], "score") == ranked_column(named, "pop", "log-odds") == 1
    assert ranked_column(numbered, 7, "score") == ranked_column(numbered, [7, 1], "score") == 7
    assert ranked_column(named, None, lambda outputs: outputs) == 0, "there is one value"
    with pytest.raises(UsageError, match="settle ranks the components of one label; name it"):
        ranked_column(named, None, "score")
