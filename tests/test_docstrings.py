"""Docstrings say of every parameter what is given (numpydoc's type line), and begin to explain it with a noun."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for house in ("audiolime_ext", "factorizations") for path in sorted((ROOT / house).rglob("*.py"))]
ROOMS = sorted({"/".join(path.relative_to(ROOT).parts[:2]).removesuffix(".py") for path in FILES})
SECTION = re.compile(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[^\n]*\n---|\Z)", re.DOTALL | re.MULTILINE)
TYPED = re.compile(r"\*{0,2}\w+(, \*{0,2}\w+)* : \S.*")
NO_NOUN = {
    *("Of", "To", "What", "Whether", "Where", "When", "Which", "Who", "How", "If", "For", "From", "In", "By", "As"),
    *("About", "Applied", "At", "Because", "Behind", "Beside", "Is", "So", "With"),
}


def parameters(docstring: str) -> Iterator[tuple[str, str]]:
    """The lines that name parameters, each with the first line that explains them."""
    for section in SECTION.findall(docstring):
        named: str | None = None
        for line in section.splitlines():
            if line and not line.startswith(" "):
                if named is not None:
                    yield named, ""
                named = line
            elif named is not None:
                yield named, line.strip()
                named = None
        if named is not None:
            yield named, ""


def faults(docstring: str) -> list[str]:
    """What is wrong with how a docstring tells its parameters."""
    found = []
    for named, told in parameters(docstring):
        if not TYPED.fullmatch(named):
            found.append(f"{named!r} has no type: write 'name : type, shape (…)'")
        if not told or told.split()[0].rstrip(",;:") in NO_NOUN:
            found.append(f"{named!r} is not explained by a noun: {told!r}")
    return found


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


@pytest.mark.parametrize("room", ROOMS)
def test_every_parameter_has_a_type_line_and_a_noun(room: str) -> None:
    inside = [path for path in FILES if f"{path.relative_to(ROOT).with_suffix('')}/".startswith(f"{room}/")]
    assert inside
    found = [
        f"{path.relative_to(ROOT)}:{line}: {fault}"
        for path in inside
        for line, text in docstrings(path)
        for fault in faults(text)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    "wrong", ["sr\n    Sampling rate in Hz.", "sr : int\n    Of the recording.", "sr : int", "sr: int\n    Rate."]
)
def test_what_is_missing_is_seen(wrong: str) -> None:
    right = "Resample.\n\nParameters\n----------\nsr : int\n    Sampling rate in Hz.\n\nReturns\n-------\nfloat"
    assert faults(right) == []
    assert faults(right.replace("sr : int\n    Sampling rate in Hz.", wrong))
