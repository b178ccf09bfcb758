"""What our own files hold is read strictly."""

from __future__ import annotations

import json
from typing import TypedDict

import pytest

from audiolime_ext.files.plain import Fact, from_json, held, to_json


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "the number NaN is not finite"),
        ('{"a": -Infinity}', "the number -Infinity is not finite"),
        ("[1e999]", "the number 1e999 is not finite"),
        ("[" * 100_000, "nested too deeply"),
        ("{", "Expecting property name"),
        ("", "Expecting value"),
    ],
)
def test_what_is_no_strict_json_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json(text)


@pytest.mark.parametrize("value", [{"a": [1, 1.5, None, True]}, "caf\udce9", 2**70, -0.0, []])
def test_what_we_write_is_read_as_it_was(value: object) -> None:
    assert from_json(to_json(value)) == value == json.loads(to_json(value))


class Row(TypedDict):
    """A record."""

    name: str
    facts: dict[str, Fact]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"name": "a"}, "row: Object missing required field `facts`"),
        ({"name": 1, "facts": {}}, r"row: Expected `str`, got `int` - at `\$.name`"),
        ({"name": "a", "facts": {"x": {"y": 1}}}, r"row: Expected .*, got `object` - at `\$.facts"),
        (json.loads("[" * 900 + "]" * 900), "row: Expected `object`, got `array`"),
    ],
)
def test_the_field_of_another_kind_is_named(content: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        held(content, Row, "row")
