"""What SECURITY.md promises is held by tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOLD = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def missing(text: str) -> list[str]:
    return [f"{path}::{name}" for path, name in NAMED.findall(text) if name not in functions_of(path)]


def test_every_test_that_it_names_is_there() -> None:
    assert missing(TOLD) == []
    assert missing("`tests/test_security.py::test_that_nobody_wrote`") == [
        "tests/test_security.py::test_that_nobody_wrote"
    ]


def test_every_rule_names_its_test() -> None:
    rules = [line for line in TOLD.splitlines() if line.startswith("|")][2:]
    assert len(rules) > 10
    assert [rule for rule in rules if not NAMED.search(rule.rpartition(" | ")[2])] == []


def test_the_readme_leads_there() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
