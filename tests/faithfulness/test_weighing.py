"""Weights beside answers: closed-form games pin each measure, and wrong weights fail them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.faithfulness.weighing import (
    completeness_gap,
    complexity,
    faithfulness_correlation,
    infidelity,
    sparseness,
)
from tests.faithfulness.bands import single
from tests.games import play, random_game


def test_infidelity_and_completeness_are_nothing_for_additive_games_with_their_own_weights() -> None:
    weights = np.array([0.3, -0.2, 0.1])
    near = play(single(lambda m: 0.4 + m @ weights), 3)
    assert infidelity(weights, near, 0).value == pytest.approx(0)
    assert completeness_gap(weights, near, 0).value == pytest.approx(0)
    assert infidelity(weights[::-1], near, 0).value == pytest.approx((0.2**2 + 0.2**2) / 4 + (0.2 - 0.2) ** 2 / 4)
    assert completeness_gap(weights + 0.1, near, 0).value == pytest.approx(0.3)


@pytest.mark.parametrize("game", [lambda m: m.all(axis=1), lambda m: m.any(axis=1)])
def test_infidelity_of_and_and_or_is_an_eighth(game: Callable[[NDArray[Any]], Any]) -> None:
    near = play(single(game), 2)
    assert infidelity(np.array([0.5, 0.5]), near, 0).value == pytest.approx(1 / 8)
    assert completeness_gap(np.array([0.5, 0.5]), near, 0).value == pytest.approx(0)


def test_infidelity_counts_masks_as_often_as_they_were_drawn() -> None:
    near = play(single(lambda m: m.all(axis=1)), 2)
    often = replace(near, counts=np.array([1, 5, 1, 1]))
    assert infidelity(np.array([0.5, 0.5]), often, 0).value == pytest.approx(6 * 0.25 / 8)


def test_sparseness_and_complexity_know_one_and_all() -> None:
    one, same = np.array([0.0, -2.0, 0.0, 0.0]), np.array([1.0, -1.0, 1.0, 1.0])
    assert (sparseness(one).value, sparseness(same).value) == pytest.approx((3 / 4, 0))
    assert (complexity(one).value, complexity(same).value) == pytest.approx((0, math.log(4)))
    assert sparseness(np.array([1.0, 3.0])).value == pytest.approx(1 / 4)
    assert complexity(np.array([1.0, 3.0])).value == pytest.approx(math.log(4) - 0.75 * math.log(3))
    assert sparseness(np.zeros(3)).reason == complexity(np.zeros(3)).reason == "all weights are 0"


def test_the_correlation_is_one_for_the_truth_and_minus_one_for_its_opposite() -> None:
    weights = np.array([0.3, -0.2, 0.1, 0.0])
    near = play(single(lambda m: m @ weights), 4)
    assert faithfulness_correlation(weights, near, 0).value == pytest.approx(1)
    assert faithfulness_correlation(-weights, near, 0).value == pytest.approx(-1)
    wrong = faithfulness_correlation(weights[[1, 2, 3, 0]], near, 0).value
    assert wrong is not None
    assert wrong < 0.5


def test_the_correlation_is_undefined_for_constants_and_few_components() -> None:
    flat = play(single(lambda m: 0.3 + 0 * m[:, 0]), 4)
    assert "always does the same" in faithfulness_correlation(np.arange(4.0), flat, 0).reason
    assert "three removals" in faithfulness_correlation(np.arange(2.0), play(random_game(2, 1, 0), 2), 0).reason
