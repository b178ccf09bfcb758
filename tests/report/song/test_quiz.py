"""Which answers of a blind page are right: as the sentence says, and never more strictly than the page can tell."""

from __future__ import annotations

from typing import Any

import pytest

from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.report.song.quiz import right_answers
from tests.explanation.test_leading import additive, judged

VOICE = Voice("rock", Kind("score", near=0.05), page=True)


def answers(found: Leading | None) -> tuple[list[int], list[int], bool]:
    n = 0 if found is None else sum(found.groups)
    told = right_answers(found, VOICE, range(n))
    return told["right"], sorted(told["close"]), told["none"]


@pytest.mark.parametrize(
    ("weights", "right", "close"),
    [
        ([0.3, 0.1, 0.0], [0], []),
        ([0.127, 0.159, 0.1589], [1], [0, 2]),  # all less than 0.05 apart
        ([0.2, 0.151, 0.149], [0], [1]),  # the limit is 0.05
        ([0.12, 0.12, 0.0], [0, 1], []),  # not told apart
        ([0.04, 0.0, 0.03], [0], [2]),  # what adds nothing is never as good
    ],
)
def test_a_source_that_is_not_told_apart_by_what_counts_is_right(
    weights: list[float], right: list[int], close: list[int]
) -> None:
    assert answers(judged(additive(weights)))[:2] == (right, close)


def test_none_of_them_is_right_where_nothing_argues_or_the_label_is_not_said() -> None:
    assert answers(judged(additive([0.0, -0.1, 0.01], empty=0.4))) == ([], [], True)
    assert answers(judged(additive([0.02, 0.01, 0.0], empty=0.0))) == ([], [], True)
    assert answers(None) == ([], [], True)


def test_a_value_that_is_nearly_the_baselines_makes_both_answers_right() -> None:
    offset = judged(additive([0.26, -0.26], empty=0.31))
    assert offset.as_baseline
    assert answers(offset) == ([0], [], True)
    assert not answers(judged(additive([0.26, -0.1], empty=0.31)))[2]


def test_where_all_sources_together_take_away_from_silences_score_none_of_them_is_right_too() -> None:
    less = judged(additive([0.08, -0.33], empty=0.31))
    assert (less.state, less.as_baseline, less.takes_away) == ("leads", False, True)
    assert answers(less) == ([0], [], True)
    assert not judged(additive([0.08, -0.12], empty=0.31)).takes_away, "by less than what counts"


def told(state: Any, **more: Any) -> Leading:
    return Leading(state, ("a", "b"), (1, 1), (0.3, 0.1), (-3.0, -60.0), (0.0, 0.0), 0.5, 0.1, 0.5, near=0.05, **more)


def test_what_is_all_there_is_or_too_soft_to_hear_is_right() -> None:
    assert answers(told("whole", first=(0,))) == ([0], [], False)
    assert answers(told("whole", first=(0,), as_baseline=True)) == ([0], [], True)
    assert answers(told("leads", first=(0,), arguing=(0,), unheard=(1,))) == ([0, 1], [], False)


def test_where_it_is_not_known_no_answer_is_right() -> None:
    assert answers(told("unknown")) == ([], [], False)


def test_the_segments_that_carry_a_leader_are_right_and_all_of_one_that_is_as_good() -> None:
    cut = Leading("leads", ("a", "b"), (2, 2), (0.3, 0.28), (-3.0, -3.0), (0.0, 0.0), 0.5, 0.1, 0.5, near=0.05)
    more: dict[str, Any] = {"first": (0,), "arguing": (0, 1)}
    both = {**vars(cut), **more}
    assert answers(Leading(**both)) == ([0, 1], [2, 3], False)
    assert answers(Leading(**{**both, "carried": (1,)})) == ([1], [2, 3], False)


def test_components_have_their_numbers_on_the_page() -> None:
    assert right_answers(told("leads", first=(0,), arguing=(0,)), VOICE, [4, 2])["right"] == [4]
