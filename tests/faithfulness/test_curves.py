"""Areas under deletion and insertion: those of known games, and means over what ties leave open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.faithfulness.curves import deletion_area, heaviest, insertion_area, random_area
from tests.faithfulness.bands import of, single
from tests.games import play, random_game


def area(kind: Any, weights: Sequence[float], near: Neighborhood) -> float:
    found = kind(np.asarray(weights, float), of(near), 0).value
    assert found is not None
    return float(found)


def test_areas_of_an_additive_game_are_known_and_a_wrong_order_misses_them() -> None:
    weights = np.array([0.1, 0.4, 0.2])
    near = play(single(lambda m: 0.05 + m @ weights), 3)
    heavy = np.sort(weights)[::-1]
    inserted = 0.05 + heavy @ np.array([5, 3, 1]) / 6
    deleted = 0.05 + heavy @ np.array([1, 3, 5]) / 6
    assert area(insertion_area, weights.tolist(), near) == pytest.approx(inserted)
    assert area(deletion_area, weights.tolist(), near) == pytest.approx(deleted)
    assert area(insertion_area, (-weights).tolist(), near) == pytest.approx(deleted)
    assert area(insertion_area, [0.4, 0.1, 0.2], near) < inserted - 0.05
    reference = random_area(3, of(near), 0).value
    assert reference == pytest.approx(0.05 + weights.sum() / 2)


def test_areas_of_and_and_or_are_known() -> None:
    all_on, any_on = play(single(lambda m: m.all(axis=1)), 3), play(single(lambda m: m.any(axis=1)), 3)
    assert area(insertion_area, [1, 1, 1], all_on) == area(deletion_area, [3, 2, 1], all_on) == pytest.approx(1 / 6)
    assert area(insertion_area, [1, 1, 1], any_on) == area(deletion_area, [3, 2, 1], any_on) == pytest.approx(5 / 6)


def area_by_orders(near: Neighborhood, orders: list[tuple[int, ...]]) -> float:
    score = {mask.tobytes(): row[0] for mask, row in zip(near.masks, near.scores, strict=True)}
    areas = []
    for order in orders:
        on, curve = np.zeros(near.masks.shape[1], bool), [near.empty[0]]
        for component in order:
            on[component] = True
            curve.append(score[on.tobytes()])
        areas.append(np.trapezoid(curve) / len(order))
    return float(np.mean(areas))


def test_ties_and_the_reference_are_means_over_all_orders() -> None:
    near = play(random_game(4, 1, seed=3), 4)
    orders = list(itertools.permutations(range(4)))
    assert random_area(4, of(near), 0).value == pytest.approx(area_by_orders(near, orders))
    assert area(insertion_area, [2, 2, 2, 2], near) == pytest.approx(area_by_orders(near, orders))
    assert area(deletion_area, [2, 2, 2, 2], near) == pytest.approx(area_by_orders(near, orders))
    allowed = [order for order in orders if order[0] == 3 and order[-1] == 0]
    assert area(insertion_area, [0, 1, 1, 2], near) == pytest.approx(area_by_orders(near, allowed))
    assert area(deletion_area, [0, 1, 1, 2], near) == pytest.approx(
        area_by_orders(near, [order[::-1] for order in allowed])
    )
    assert area(insertion_area, [0, 1, 1.1, 2], near) != pytest.approx(area_by_orders(near, allowed), abs=1e-3)


def test_rounding_makes_no_order() -> None:
    near = play(single(lambda m: m[:, 0] ^ m[:, 1]), 3)
    assert area(insertion_area, [1e-17, -1e-17, 0], near) == area(insertion_area, [0, 0, 0], near)


def test_too_many_ties_and_too_many_orders_are_said() -> None:
    near = play(random_game(13, 1, seed=0), choose_masks(13, max_evals=100))
    assert heaviest(np.zeros(13)) is None
    assert "same weight" in insertion_area(np.zeros(13), of(near), 0).reason
    assert "8192 masks" in random_area(13, of(near), 0).reason
