"""What answers are: scores, log-odds or values; each with its own floor and its own "the same"."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audiolime_ext.prediction.kind import Kind, decimals

LABELS = ("rock", "pop")


@pytest.mark.parametrize(
    ("values", "labels", "noun"),
    [
        ([[0.0, 1.0]], LABELS, "score"),
        ([[-1e-6, 1 + 1e-6]], LABELS, "score"),  # float32 rounding
        ([[-1.1e-6, 0.5]], LABELS, "value"),
        ([[0.2, 1.1]], LABELS, "value"),
        ([[0.2, 0.4], [-0.1, 0.4]], LABELS, "value"),  # one mix is enough
        ([[0.2, 0.4]], ("0", "1"), "value"),  # outputs without names
    ],
)
def test_scores_lie_between_0_and_1_and_have_names(
    values: list[list[float]], labels: tuple[str, ...], noun: str
) -> None:
    assert Kind.of(np.array(values), labels).noun == noun


def test_targets_other_than_the_score_are_values_or_log_odds() -> None:
    values = np.array([[0.3, 0.4]])
    assert Kind.of(values, LABELS, "log-odds").noun == "log-odds"
    assert Kind.of(values, ("tempo", "key"), "tempo_of").noun == "value"
    contrast = Kind.of(np.array([[-0.4], [0.9]]), ("rock − pop",), "rock − pop", contrast=True)
    assert (contrast.noun, contrast.near, contrast.floor) == ("value", 0.05, -math.inf)
    assert contrast.called("rock − pop") == "rock − pop"
    assert Kind.of(np.array([[-4.0]]), ("a − b",), "a − b", contrast=True).near is None


def test_the_floor_is_a_twentieth_or_chance_where_scores_add_up_to_one() -> None:
    assert Kind.of(np.array([[0.2, 0.9]]), LABELS).floor == 0.05
    assert Kind.of(np.array([[0.2, 0.8]]), LABELS).floor == 0.05
    classes = tuple(f"class {i}" for i in range(500))
    assert Kind.of(np.full((2, 500), 1 / 500), classes).floor == pytest.approx(1 / 500)
    assert Kind.of(np.full((2, 500), 1 / 400), classes).floor == 0.05
    for off, floor in ((0.9e-3, 1 / 500), (-0.9e-3, 1 / 500), (1.1e-3, 0.05)):
        assert Kind.of(np.full((2, 500), (1 + off) / 500), classes).floor == pytest.approx(floor), off
    odds = Kind.of(np.array([[0.0, 1.0]]), LABELS, "log-odds")
    assert 1 / (1 + math.exp(-odds.floor)) == pytest.approx(0.05)
    assert odds.near == pytest.approx(0.2)


def test_how_near_is_near_is_a_twentieth_of_the_range_where_values_have_any_scale() -> None:
    assert Kind.of(np.array([[-11.96], [2.04]]), ("0",)).nearness(14.0) == pytest.approx(0.7)
    assert Kind.of(np.array([[0.2, 0.9]]), LABELS).nearness(14.0) == 0.05


def test_the_baseline_says_it_too_with_half_of_a_score() -> None:
    score, odds = Kind("score", near=0.05), Kind("log-odds", near=0.2)
    assert score.said_of_the_baseline(0.4, 0.2)
    assert not score.said_of_the_baseline(0.4, 0.19)
    assert odds.said_of_the_baseline(0.0, -1.0)  # .50 and .27
    assert not odds.said_of_the_baseline(0.0, -1.2)  # .50 and .23
    assert not Kind("value").said_of_the_baseline(-11.96, -11.0)
    assert not Kind("value", near=0.05).said_of_the_baseline(-0.4, -0.3)


@pytest.mark.parametrize(("largest", "n"), [(0.0, 2), (250.0, 2), (0.1, 2), (0.099, 3), (0.004, 4), (2e-5, 6)])
def test_small_values_are_written_with_two_digits_that_say_something(largest: float, n: int) -> None:
    assert decimals(largest) == n
