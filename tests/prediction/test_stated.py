"""What a file says of itself is held to its form, and to what can be."""

from __future__ import annotations

import json

import pytest

from audiolime_ext.prediction.stated import FORMAT, KEY, Stated

GOOD = {"format": FORMAT, "sr": 22050, "window_s": 3.0, "embedding": True, "about": {"songs": 12}}


def test_facts_that_were_written_are_read() -> None:
    facts = Stated(22050, 67584 / 22050, True, {"recipe": "founding", "seed": 0, "names": ["a"]})
    assert Stated.of({"other": "x", KEY: facts.text}) == facts
    assert facts.options == {"sr": "22050", "window_s": repr(67584 / 22050)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sr": 0}, "sr is 0; it must be from 1 to 768000"),
        ({"sr": -1}, "sr is -1"),
        ({"sr": 10**9}, "sr is 1000000000"),
        ({"sr": "22050"}, "Expected `int`, got `str`"),
        ({"sr": True}, "Expected `int`, got `bool`"),
        ({"window_s": 0}, "window_s is 0; it must hold a sample"),
        ({"window_s": -3.0}, "window_s is -3"),
        ({"window_s": 1e-9}, "window_s is 1e-09"),
        ({"window_s": 1e12}, "20000000 of them at most"),
        ({"window_s": None}, "Expected `float`, got `null`"),
        ({"embedding": "yes"}, "Expected `bool`"),
        ({"about": {"a": {"b": 1}}}, "about"),
        ({"about": {"a": "b" * 20_001}}, "longer than 20000 characters"),
        ({"format": 2}, "its format is 2, and 1 is known here"),
    ],
)
def test_facts_that_cannot_be_are_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stated.of({KEY: json.dumps({**GOOD, **changed})})


@pytest.mark.parametrize("left_out", GOOD)
def test_no_fact_may_be_missing(left_out: str) -> None:
    with pytest.raises(ValueError, match=left_out):
        Stated.of({KEY: json.dumps({name: value for name, value in GOOD.items() if name != left_out})})


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "NaN", '{"sr": 1e999}', "[" * 1000])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Stated.of({KEY: text})
