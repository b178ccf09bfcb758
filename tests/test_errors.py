"""What can go wrong: one tree, drawn as it is, with the exit codes that are documented."""

from __future__ import annotations

import re

import pytest

from audiolime_ext import errors
from audiolime_ext.errors import AudiolimeError, unknown


def tree(kind: type[AudiolimeError]) -> list[type[AudiolimeError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"(\w+)(?:\s+\((\w+)\))?\s+(\d)(?:\s|$)", str(errors.__doc__).split("::")[1])
    ours = [kind for kind in tree(AudiolimeError) if kind.__module__ == errors.__name__]
    assert {name: int(code) for name, _, code in drawn} == {kind.__name__: kind.exit_code for kind in ours}
    for name, builtin, _ in drawn:
        assert builtin in ("", *(base.__name__ for base in getattr(errors, name).__mro__))


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("Rock", "; did you mean 'rock'?"),
        ("voc", "; did you mean 'vocals' or 'female vocalists'?"),
        ("vo", ""),
        ("xyz", ""),
    ],
)
def test_what_is_near_is_suggested_whatever_its_case_and_what_is_far_is_not(given: str, hint: str) -> None:
    error = unknown("label", given, ["rock", "female vocalists", "vocals"])
    assert str(error) == f"unknown label {given!r}{hint} (allowed: rock, female vocalists, vocals)"
    assert error.exit_code == 2
