"""Who leads a label over a recording: counted where it is known, and the doubt is told."""

from __future__ import annotations

from typing import Any

from audiolime_ext.explanation.leading import Leading
from audiolime_ext.track.leaders import Leaders


def test_others_that_lead_are_named() -> None:
    assert str(Leaders("jazz", 9, {"piano": 5, "bass": 2}, 9, 0.3)) == "piano leads jazz in 5 of 9 windows, bass in 2"


def test_each_window_is_counted_once_for_a_leader_or_for_the_doubt() -> None:
    pair: dict[str, Any] = {"sources": ("piano", "bass"), "groups": (1, 1), "weights": (0.4, 0.3), "errors": None}
    about: dict[str, Any] = {**pair, "levels_db": (-3.0, -3.0), "full": 0.5, "empty": 0.1, "largest": 0.5}
    windows = [
        Leading("leads", **about, first=(0,)),
        Leading("leads", **about, first=(0,), as_baseline=True),
        Leading("tied", **about, first=(0, 1)),
        Leading("tied", **about, first=(0, 1), as_baseline=True),
        Leading("unknown", **about),
        Leading("whole", **about, first=(1,)),
        Leading("nothing", **about),
        None,
    ]
    found = Leaders.count("jazz", windows, n_windows=9, min_score=0.3)
    assert (found.n_reached, found.counts) == (8, {"piano": 1})
    assert (found.n_not_told_apart, found.n_whole, found.whole, found.n_as_baseline) == (2, 1, "bass", 2)


def test_windows_without_a_known_leader_are_counted_for_none_and_said() -> None:
    three: dict[str, Any] = {"n_not_told_apart": 2, "n_whole": 1, "n_as_baseline": 3}
    besides = "not told apart in 2, nothing to tell apart in 1, nearly as for silence in 3"
    assert str(Leaders("jazz", 9, {"piano": 3}, 9, 0.3, **three)) == f"piano leads jazz in 3 of 9 windows; {besides}"
    assert str(Leaders("jazz", 6, {}, 9, 0.3, **three)) == (
        f"no source is known to lead jazz in any of 6 windows: {besides}; 3 more stay below 0.3"
    )


def test_a_baseline_is_called_by_its_name() -> None:
    assert str(Leaders("jazz", 1, {}, 1, 0.3, n_as_baseline=1, off="noise")).endswith(": nearly as for noise in 1")
    assert Leaders.count("jazz", [], n_windows=1, min_score=0.3, off="noise").off == "noise"


def test_where_nothing_is_counted_that_is_said_of_one_window_as_of_many() -> None:
    assert str(Leaders("jazz", 0, {}, 1, 0.3)) == "jazz reaches 0.3 not in its one window"
    assert str(Leaders("jazz", 0, {}, 7, 0.3)) == "jazz reaches 0.3 in none of 7 windows"
    assert str(Leaders("jazz", 1, {}, 2, 0.3)) == "nothing argues for jazz in its one window; 1 more stays below 0.3"
    assert str(Leaders("jazz", 2, {}, 7, 0.3)) == "nothing argues for jazz in any of 2 windows; 5 more stay below 0.3"
