"""The check of the tests, checked: what a test notices is caught, what none notices is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.modules import EQUIVALENT, GUARDS, guarding, path_of
from tests.mutants.mutations import mutated, mutations, sample, sources
from tests.mutants.running import FailingTestsError, survivors

ROOT = Path(__file__).parents[2]
RULE = "audiolime_ext/rule.py"
SOURCE = """\
LIMIT = 0.5


def is_loud(level: float) -> bool:
    while level < 0:
        level = level + 1
    return level > LIMIT
"""
TEST = """\
from audiolime_ext.rule import is_loud


def test_levels() -> None:
    assert [is_loud(level) for level in {}] == {}
"""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    for name in ("audiolime_ext/__init__.py", "tests/__init__.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / RULE).write_text(SOURCE)
    (tmp_path / "tests" / "test_rule.py").write_text(TEST.format([-0.25, 0.7, 0.3], [True, True, False]))
    return tmp_path


GUARD = {RULE: ["tests/test_rule.py"]}


def changes(source: str) -> list[tuple[str, str]]:
    return [(one.before, one.after) for one in mutations("module.py", source)]


def test_survivors_are_the_mutations_that_no_test_notices(planted: Path) -> None:
    chosen = [one for one in sources(planted, [RULE]) if one.line in (1, 7)]
    left = survivors(planted, chosen, GUARD, jobs=2)
    assert [str(one) for one in left] == [f"{RULE}:7: level > LIMIT  ->  level >= LIMIT"]
    assert (planted / RULE).read_text() == SOURCE, "mutations are tried in copies"


def test_a_mutant_that_hangs_is_caught(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.mutants.running.AT_LEAST_S", 3)
    (endless,) = (one for one in sources(planted, [RULE]) if one.after == "level - 1")
    assert survivors(planted, [endless], GUARD) == []


def test_tests_that_fail_anyway_tell_nothing(planted: Path) -> None:
    (planted / "tests" / "test_rule.py").write_text(TEST.format([0.7], [False]))
    with pytest.raises(FailingTestsError, match=r"fail without any mutation: pytest tests/test_rule\.py"):
        survivors(planted, sources(planted, [RULE]), GUARD)


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("x = 0.5", ["x = 1.0", "x = 0.25"]),
        ("x = 3", ["x = 4", "x = 2"]),
        ("x = 0.0", ["x = 1.0"]),
        ("x = True", ["x = False"]),
        ("def f(x=1): return x", ["2", "0"]),
        ("x = a < b", ["a <= b", "a >= b"]),
        ("x = a == b in c", ["a != b in c", "a == b not in c"]),
        ("x = a + b", ["a - b"]),
        ("x = -a / b", ["-a * b", "+a"]),
        ("def f(x: Literal[1]) -> Literal[2]: return zip(x, strict=True)", []),
        ("@dataclass(frozen=True)\nclass One: ...", []),
    ],
)
def test_numbers_flags_comparisons_and_signs_change_and_promises_stay(source: str, after: list[str]) -> None:
    assert [changed for _, changed in changes(source)] == after


def test_every_mutation_of_the_house_is_another_program() -> None:
    for module in GUARDS:
        source = (ROOT / path_of(module)).read_text(encoding="utf-8")
        same = ast.dump(ast.parse(source))
        for one in mutations(path_of(module), source)[::20]:
            assert ast.dump(ast.parse(mutated(source, one.number))) != same, str(one)


def test_a_sample_follows_from_its_seed_and_hardly_from_changes_elsewhere() -> None:
    found = mutations("module.py", SOURCE)
    later = mutations("module.py", f"# a line\n{SOURCE}OTHER = 3\n")
    drawn = [one.key for one in sample(found, 4, seed=0)]
    assert drawn != [one.key for one in sample(found, 4, seed=1)]
    assert len(set(drawn) & {one.key for one in sample(later, 4, seed=0)}) >= 2


def test_modules_and_their_guards_are_there() -> None:
    assert [path for module in GUARDS for path in guarding(module) if not (ROOT / path).exists()] == []


def test_what_is_said_to_change_nothing_is_a_mutation() -> None:
    assert set(EQUIVALENT) <= {one.key for one in sources(ROOT, [path_of(module) for module in GUARDS])}
