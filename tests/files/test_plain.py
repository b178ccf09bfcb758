"""Plain values: what our own files hold is read strictly, and what strangers nest without measure is refused."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import pytest

from audiolime_ext.files.plain import Fact, from_json, held, json_of, to_json, yaml_of


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


def test_json_and_yaml_that_are_nested_without_measure_are_refused() -> None:
    assert json_of('{"a": [1, {}]}') == yaml_of("a: [1, {}]", extra="medleydb") == {"a": [1, {}]}
    for text in ("[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            json_of(text)
        with pytest.raises(ValueError, match="nested too deeply"):
            yaml_of(text, extra="medleydb")
    with pytest.raises(ValueError, match="while parsing"):
        yaml_of("{a: ]", extra="medleydb")


def test_yaml_that_grows_a_billion_times_when_it_is_written_out_is_refused() -> None:
    lines = ["a0: &a0 [ha, ha]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 31))]
    with pytest.raises(ValueError, match=r"repeats a part of itself \(\*a0\); write it out"):
        yaml_of("\n".join(lines), extra="medleydb")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]])
def test_json_never_holds_nan(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": value})


def test_json_keeps_letters_and_survives_names_that_are_no_text() -> None:
    assert to_json("Ezer Év 🎸") == '"Ezer Év 🎸"'
    name = b"caf\xe9.wav".decode(errors="surrogateescape")
    assert json.loads(to_json({"file": name}).encode()) == {"file": name}
