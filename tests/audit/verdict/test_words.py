"""Rates in words: they do not contradict the numbers."""

from __future__ import annotations

import pytest

from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.words import bounds, in_words

LIMIT = Limit(0.05, "the limit you gave")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 0.0496, "0 to 4.96 %"),
        (0.0504, 0.4, "5.04 to 40 %"),
        (0.05, 0.4, "5 to 40 %"),
        (0.04996, 0.3, "4.996 to 30 %"),
        (0.0499999, 0.3, "4.99999 to 30 %"),
    ],
)
def test_the_ends_of_an_interval_are_printed_so_that_their_side_of_the_limit_is_seen(
    low: float, high: float, said: str
) -> None:
    assert bounds(Rate(0.02, low, high, 50, 50, None, 50.0, 0.95), LIMIT) == said


def test_a_rate_is_told_with_its_interval_its_limit_and_its_songs() -> None:
    rate = Rate(0.755, 0.5, 0.9, 200, 20, 30, 20.0, 0.9)
    assert in_words(rate, LIMIT) == (
        "76 % of 200 decisions flip (90 % interval 50 to 90 %; limit 5 %, the limit you gave; "
        "20 host songs, 30 donor songs)"
    )
    assert in_words(rate).endswith("(90 % interval 50 to 90 %; 20 host songs, 30 donor songs)")


def test_nothing_tried_has_no_rate() -> None:
    nothing = Rate(None, 0.0, 1.0, 0, 0, None, 0.0, 0.95)
    assert in_words(None) == in_words(nothing) == "nothing was tried"
    assert in_words(nothing, LIMIT) == "nothing was tried (limit 5 %, the limit you gave)"
