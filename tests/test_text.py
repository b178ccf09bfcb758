"""One of a thing is told as one, wherever a number of things is told."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from audiolime_ext.audio.decoding import decode
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.words import in_words
from audiolime_ext.track.leaders import Leaders
from tests.audio.test_decoding import encoded, noise

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("leaders", "told"),
    [
        (Leaders("jazz", 0, {}, 1, 0.3), "jazz reaches 0.3 not in its one window"),
        (Leaders("jazz", 1, {"piano": 1}, 1, 0.3), "piano leads jazz in 1 of 1 window"),
        (Leaders("jazz", 1, {}, 1, 0.3), "nothing argues for jazz in its one window"),
        (
            Leaders("jazz", 1, {}, 1, 0.3, n_not_told_apart=1),
            "no source is known to lead jazz in its one window: not told apart in 1",
        ),
    ],
)
def test_one_window_and_one_place_are_told_as_one(leaders: Leaders, told: str) -> None:
    assert str(leaders) == told


def test_one_decision_one_song_and_one_byte_are_told_as_one() -> None:
    assert in_words(Rate(1.0, 0.025, 1.0, 1, 1, 1, 1.0, 0.95)) == (
        "100 % of 1 decision flips (95 % interval 2 to 100 %; 1 host song, 1 donor song)"
    )
    (told,) = decode(encoded("wav", noise(0.5)) + b"x", "song.wav").warnings
    assert told.endswith("lies 1 byte that is not read")


_NUMBER = re.compile(r"(\w+\.)*n(_\w+)?|count|len\(.*\)")
_SEVERAL = re.compile(r" (?:[a-z]+ )?(?!is\b|has\b|was\b|does\b|times\b|plus\b|takes\b)([a-z]+s)\b")


def numbers_of_several(source: str) -> list[str]:
    """Where a number of things is written as that of several, whatever it is, such as ``{n} windows``."""
    tree = ast.parse(source)
    chosen = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.IfExp) for inner in ast.walk(node)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and id(node) not in chosen]
    pairs = [pair for text in texts for pair in pairwise(text.values)]
    return [
        f"{{{ast.unparse(value.value)}}}{str(text.value)[:40]}"
        for value, text in pairs
        if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)
        if _NUMBER.fullmatch(ast.unparse(value.value)) and _SEVERAL.match(str(text.value))
    ]


def test_a_number_of_several_is_found() -> None:
    assert numbers_of_several('f"{n} windows and {len(files)} more files"') == [
        "{n} windows and ",
        "{len(files)} more files",
    ]
    assert numbers_of_several('f"{counted(n, 1)} windows" if n > 1 else f"{n} is"') == []


def test_no_number_is_told_as_several_whatever_it_is() -> None:
    paths = [*ROOT.glob("audiolime_ext/**/*.py"), *ROOT.glob("factorizations/*.py")]
    found = {str(path): numbers_of_several(path.read_text(encoding="utf-8")) for path in paths}
    assert len(found) > 100
    assert {path: texts for path, texts in found.items() if texts} == {}
