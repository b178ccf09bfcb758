"""What argues for a label: by its weight, its interval and whether it can be heard."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.explanation.arguing import arguing_components, heaviest_first, what_argues


@pytest.mark.parametrize(
    ("weight", "level_db", "argues"), [(0.05, -3.0, False), (0.06, -3.0, True), (0.06, -41.0, False)]
)
def test_what_weighs_a_twentieth_of_the_largest_or_cannot_be_heard_does_not_argue(
    weight: float, level_db: float, argues: bool
) -> None:
    weights = np.array([weight, -1.0, 0.8])
    assert what_argues(weights, weights, [level_db, -3.0, -3.0], rounding=1e-6) == ([2, 0] if argues else [2])


def test_what_may_be_nothing_by_its_interval_or_by_rounding_does_not_argue() -> None:
    weights = np.array([0.5, 0.4])
    assert what_argues(weights, np.array([0.3, -0.1]), [0.0, 0.0], rounding=1e-6) == [0]
    assert what_argues(weights, weights, [0.0, 0.0], rounding=0.45) == [0]


def test_equal_weights_stay_in_their_order_on_every_machine() -> None:
    assert heaviest_first(np.array([0.2, 0.3 + 1e-9, 0.3]), 1e-5) == [1, 2, 0]
    assert heaviest_first(np.array([0.2, 0.3, 0.3 + 1e-9]), 0.0) == [2, 1, 0]


def test_single_components_argue_by_their_own_intervals() -> None:
    chosen = choose_masks(2)
    near = Neighborhood(chosen.masks, chosen.counts, True, (chosen.masks @ np.array([0.5, 0.4]))[:, None])
    exact = Attribution("shapley", np.array([[0.5, 0.4]]), np.zeros((1, 2)), True)
    assert arguing_components([0.0, 0.0], near, exact, 0) == [0, 1]
    spread = np.array([[[1e-6, 0.0], [0.0, 1.0]]])
    doubtful = Attribution("shapley", exact.weights, np.array([[1e-3, 1.0]]), False, covariance=spread)
    assert arguing_components([0.0, 0.0], near, doubtful, 0) == [0]
