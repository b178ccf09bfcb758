"""What is asked for is understood in its four forms, and else all four are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.given.asked import Asked, parse, parse_all
from audiolime_ext.errors import UsageError


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("claps=sounds:my=claps/a b", Asked("claps", "sounds", "my=claps/a b")),
        ("drums = stem:spleeter:5stems/drums", Asked("drums", "stem", "spleeter:5stems", "drums")),
        ("fast=feature:C:/a/b.csv:tempo > 140", Asked("fast", "feature", "C:/a/b.csv", "tempo", 140.0)),
        ("slow=feature:b.csv:tempo<90", Asked("slow", "feature", "b.csv", "tempo", high=90.0)),
        ("mid=feature:b.csv:-.5<valence (z)<1e1", Asked("mid", "feature", "b.csv", "valence (z)", -0.5, 10.0)),
        ("loud=label:vibenet?window_s=5:energy>.7", Asked("loud", "label", "vibenet?window_s=5", "energy", 0.7)),
    ],
)
def test_a_form_is_understood(text: str, asked: Asked) -> None:
    assert parse(text) == asked


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("claps", "is of no known form"),
        ("=sounds:claps", "is of no known form"),
        ("claps=sound:claps", "is of no known form"),
        ("claps=sounds:", "is of no known form"),
        ("drums=stem:drums", "names no stem behind the last '/'"),
        ("fast=feature:tempo>140", "names no feature behind the last ':'"),
        ("fast=feature:a.csv:tempo", "has no range"),
        ("fast=feature:a.csv:tempo>fast", "has no range"),
        ("fast=feature:a.csv:90<tempo>140", "has no range"),
        ("fast=feature:a.csv:>140", "has no range"),
        ("fast=feature:a.csv:140<tempo<140", "has a range that holds nothing"),
        (b"fast", "is a text, not bytes"),
    ],
)
def test_what_is_of_no_form_is_refused_with_all_forms(text: Any, why: str) -> None:
    with pytest.raises(UsageError, match=r"sounds:FOLDER.*stem:.*feature:.*label:") as told:
        parse(text)
    assert why in str(told.value)


def test_the_ends_of_a_range_and_what_is_unknown_lie_outside() -> None:
    asked = parse("mid=feature:b.csv:1<x<3")
    assert asked.holds(np.array([1.0, 2.0, 3.0, np.nan])).tolist() == [False, True, False, False]
    assert [parse(f"x=feature:t:{one}").text for one in ("x>1", "x<3")] == ["x > 1 by t", "x < 3 by t"]


def test_each_has_a_name_of_its_own() -> None:
    assert [one.name for one in parse_all(["a=sounds:x", "b=sounds:x"])] == ["a", "b"]
    assert parse_all("a=sounds:x") == (parse("a=sounds:x"),)
    with pytest.raises(UsageError, match="two concepts are called 'rock 1'"):
        parse_all(["rock 1=sounds:x"], ["rock 1", "rock 2"])
    with pytest.raises(UsageError, match="two concepts are called 'a'"):
        parse_all(["a=sounds:x", "a=sounds:y"])
