"""Decisions: a window changes where its winner falls behind another class, by the patch that matters most."""

from __future__ import annotations

import numpy as np

from audiolime_ext.concepts.interventions.deciding import Changed, changed

LABELS = ("a", "b", "c")
LOGITS = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 5.0, 1.0]])


def test_the_class_that_wins_instead_is_told() -> None:
    removals = np.array([[1.5, 0, 0], [1.5, 1, 0], [-9, 0, -9], [0.0, 0, 0]])
    found = changed(np.ones(4, bool), removals, np.array([0, 1, 2, 2]), LOGITS, LABELS)
    assert found.n_windows == 3
    assert found.to in ({"b": 1, "a": 1}, {"b": 1, "c": 1})
    assert found.n_changed == 2


def test_only_the_concepts_patches_count_and_each_window_once() -> None:
    removals = np.tile([9.0, 0, 0], (4, 1))
    windows = np.array([0, 0, 0, 1])
    assert changed(np.array([True, True, True, False]), removals, windows, LOGITS, LABELS) == Changed(1, 1, {"b": 1})
    assert changed(np.zeros(4, bool), removals, windows, LOGITS, LABELS) == Changed(0, 0, {})


def test_it_is_said_what_was_taken_out() -> None:
    assert str(Changed(1, 1, {"b": 1})) == "1 of 1 window is decided otherwise without one of its patches: 1 for b"
    assert str(Changed(9, 3, {"b": 1, "c": 2}, at_once=True, n_by_others=1)) == (
        "3 of 9 windows are decided otherwise without all of its patches there: 2 for c, 1 for b; 1 without as many "
        "others as loud"
    )
