"""What remains of the score: the measures follow their definitions, or say why they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.faithfulness.removal import (
    average_drop,
    average_gain,
    average_increase,
    decision_flips,
    input_fidelity,
    score_drop,
)


def test_the_measures_of_removal_follow_their_definitions() -> None:
    assert [average_increase(0.5, o).value for o in (0.4, 0.5, 0.6)] == [0, 0, 100]
    assert [average_drop(0.5, o).value for o in (0.0, 0.25, 0.6)] == [100, 50, 0]
    assert [average_gain(0.6, o).value for o in (0.5, 0.7, 1.0)] == pytest.approx([0, 25, 100])
    assert score_drop(0.5, 0.7).value == pytest.approx(-0.2)
    rows = np.array([0.2, 0.7, 0.1])
    assert input_fidelity(rows, rows / 2).value == 1
    assert input_fidelity(rows, rows[::-1]).value == 1
    assert input_fidelity(rows, np.roll(rows, 1)).value == 0


def test_what_is_undefined_has_a_reason_and_no_number() -> None:
    assert average_drop(0.0, 0.5).reason == "the recording's score is 0: nothing can drop"
    assert average_gain(1.0, 0.5).reason == "the recording's score is 1: nothing can be gained"
    assert average_drop(-2.0, 1.0).value is average_gain(0.5, 3.0).value is None
    assert "one output" in input_fidelity(np.array([0.2]), np.array([0.1])).reason


def test_a_highest_label_flips_when_another_overtakes_and_others_below_half_way() -> None:
    full, empty = np.array([0.9, 0.6]), np.array([0.5, 0.2])
    assert decision_flips(full, np.array([0.51, 0.5]), empty, 0) == (False, "highest")
    assert decision_flips(full, np.array([0.49, 0.5]), empty, 0) == (True, "highest")
    assert decision_flips(full, np.array([0.0, 0.41]), empty, 1) == (False, "half-way")
    assert decision_flips(full, np.array([0.0, 0.39]), empty, 1) == (True, "half-way")
    assert decision_flips(full, full, np.array([0.0, 0.6]), 1)[0] is None
    assert decision_flips(np.array([0.9]), np.array([0.1]), np.array([0.0]), 0) == (True, "half-way")
