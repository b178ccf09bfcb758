"""``audiolime train-embedding``: what cannot be is one line, whether or not PyTorch is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from audiolime_ext.cli import main


def test_without_pytorch_it_names_the_extra_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["train-embedding", str(tmp_path), "-o", str(tmp_path / "own.onnx")]) == 3
    told = capsys.readouterr().err
    assert "pip install 'audiolime-ext[training]'" in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "own.pt"], "end its name in .onnx"),
        (["-o", "own.onnx", "--recipe", "foundin"], "unknown recipe 'foundin'; did you mean 'founding'?"),
        (["-o", "own.onnx", "--minutes", "1", "--steps", "3"], "not allowed with argument --minutes"),
        (["-o", "own.onnx", "--minutes", "0"], "a positive number is needed"),
        (["-o", "nowhere/own.onnx"], "there is no folder nowhere; make it first"),
        ([], "the following arguments are required: -o/--output"),
    ],
)
def test_what_cannot_be_is_told_before_any_work(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["train-embedding", ".", *options])
    except SystemExit as error:
        code = int(str(error.code))
    assert code in (1, 2)
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
