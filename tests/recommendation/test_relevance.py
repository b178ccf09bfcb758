"""A taste that is learnt: planted listeners are found again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audiolime_ext.recommendation.relevance import learn


def unit(x: np.ndarray) -> np.ndarray:
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


def test_a_listener_who_likes_one_direction_is_understood() -> None:
    rng = np.random.default_rng(0)
    u = unit(rng.normal(size=(1000, 20)))
    likes = u[:, 3] > 0.1
    seen = np.arange(1000) < 200
    taste = learn(u[seen & likes], u[seen & ~likes])
    products = u[~seen] @ taste.weights
    assert roc_auc_score(likes[~seen], taste.probability(products)) > 0.97
    assert taste.weights[3] > 5 * np.abs(np.delete(taste.weights, 3)).max()
    assert roc_auc_score(~likes[~seen], taste.probability(products)) < 0.03


def test_numbers_of_liked_and_disliked_do_not_tip_the_scale() -> None:
    liked, disliked = unit(np.array([[1.0, 0.2]])), unit(np.array([[-1.0, 0.2]]))
    many = learn(liked, np.repeat(disliked, 50, axis=0))
    assert many.probability(np.array([0.0, 1.0]) @ many.weights)[()] == pytest.approx(0.5, abs=1e-3)


def test_the_log_odds_are_the_product_and_the_intercept() -> None:
    taste = learn(unit(np.array([[1.0, 0.2], [0.9, 0.5]])), unit(np.array([[-1.0, 0.2], [0.0, -1.0]])))
    p = taste.probability(np.array([0.7]))
    assert np.log(p / (1 - p)) == pytest.approx(0.7 + taste.intercept)
