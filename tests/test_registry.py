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


def test_an_ampersand_within_a_label_is_told_where_to_go() -> None:
    with pytest.raises(UsageError) as told:
        registry.options("net.pt2?sr=16000&labels=guitar;male & female voice", ["sr", "labels"])
    assert str(told.value) == (
        "labels=guitar;male & female voice: & ends an option; write names that hold & or ; into a file, one on each "
        "line: labels=@FILE"
    )
    with pytest.raises(UsageError, match="unknown option 'lables'"):
        registry.options("net.pt2?sr=16000&lables=guitar", ["sr", "labels"])
    with pytest.raises(UsageError, match="unknown option 'b'"):
        registry.options("net.pt2?sr=16000&b", ["sr", "labels"])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "ownnet:net",
            "unknown model 'ownnet'; did you mean 'ownnets'? There is no module 'ownnet' in this",
        ),
        ("musicn:MSD_musicnn", "unknown model 'musicn'; did you mean 'musicnn'? There is no module 'musicn' in this"),
        ("xyzzy.quux:net", "unknown model 'xyzzy.quux'; there is no module 'xyzzy' in this folder ({here}) or among "),
        (
            "ownnets.quux:net",
            "did you mean 'ownnets'? There is no module 'ownnets.quux' in this folder ({here})",
        ),
    ],
)
def test_a_module_that_is_not_there_is_named_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, said: str
) -> None:
    (tmp_path / "ownnets.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError) as refused:
        registry.build("model", spec)
    assert said.format(here=tmp_path) in str(refused.value)
    assert "the names known without a module are deejai, " in str(refused.value)
