"""Spec strings: what they name, whoever registered it; what is nearest where they name nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext import registry
from audiolime_ext.errors import UsageError
from tests.networks.test_checkpoints import plug_in


@pytest.mark.parametrize("group", ["audiolime_ext.models", "audiolime_ext.taggers"])
def test_a_model_of_another_distribution_is_found_by_its_group_and_by_that_groups_old_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    name = f"other{group[-6:]}"
    plug_in(tmp_path, name, "def make(argument):\n    return argument\n", group)
    monkeypatch.syspath_prepend(tmp_path)
    assert name in registry.names("model")
    assert name not in registry.names("factorization")
    assert registry.build("model", f"{name}:seven?eight=9") == "seven?eight=9"


def test_a_name_that_nobody_registered_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'hpss'"):
        registry.build("factorization", "hps")


@pytest.mark.parametrize(
    ("given", "plain", "options"),
    [("own.onnx?merge=a+b", "own.onnx", {"merge": "a+b"}), ("?x=1&y=a=b", "", {"x": "1", "y": "a=b"}), ("", "", {})],
)
def test_options_stand_behind_a_question_mark(given: str, plain: str, options: dict[str, str]) -> None:
    assert registry.options(given, ["merge", "x", "y"]) == (plain, options)


@pytest.mark.parametrize(
    ("given", "said"), [("?z=1", "unknown option 'z'"), ("?x=1&x=2", "given twice"), ("?x=", "empty")]
)
def test_options_that_cannot_be_meant_are_refused(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        registry.options(given, ["x", "y"])
