"""The how-to of one's own models runs as it is printed."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import load_model, tagger
from audiolime_ext.models import torch_model
from tests.test_docs import DOCS, blocks, commands, run_python

torch: Any = pytest.importorskip("torch", reason="needs the extra torch")


def test_the_how_to_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ezer_ev: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_python(DOCS / "how-to" / "models.md", ezer_ev, tmp_path) == 7
    printed = capsys.readouterr().out
    assert "spleeter:2stems and own model" in printed
    assert "1 window: score of rock by integrated gradients, from silence" in printed
    assert "bands are numbered" in printed
    assert all(label in printed for label in ("rock", "loud", "bright"))


def test_a_program_with_a_spectrogram_of_its_own_answers_as_the_network_in_python_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = DOCS / "how-to" / "models.md"
    names: dict[str, Any] = {"torch": torch, "tagger": tagger, "explain": lambda *_: None}
    made, exported = (next(block for block in blocks(page, "python") if word in block) for word in ("stft", "Whole"))
    exec(made, names)
    exec(exported, names)
    (command,) = (command for command in commands(page) if "whole.pt2" in command)
    spec = shlex.split(command)[-1]
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 48000)).astype(np.float32)
    np.testing.assert_allclose(load_model(spec)(noise), names["model"](noise), atol=1e-5)
    logits = load_model(spec.replace("&activation=softmax", ""))(noise)
    assert not np.allclose(logits, names["model"](noise), atol=1e-3)


class CRNN(torch.nn.Module):  # type: ignore[misc]
    """A tagger of windows, of the usual kind: convolutions, a recurrent layer, a mean over time."""

    def __init__(self) -> None:
        super().__init__()
        step = [torch.nn.Conv1d(1, 8, 400, 160), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.MaxPool1d(2)]
        self.conv = torch.nn.Sequential(
            *step, torch.nn.Conv1d(8, 8, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool1d(2)
        )
        self.gru = torch.nn.GRU(8, 8, batch_first=True, bidirectional=True)
        self.out = torch.nn.Linear(16, 2)

    def forward(self, x: Any) -> Any:
        heard, _ = self.gru(self.conv(x[:, None]).transpose(1, 2))
        return self.out(heard.mean(1))


def test_the_recipe_for_an_exported_program_works_for_a_network_of_windows(tmp_path: Path) -> None:
    recipe = (torch_model.__doc__ or "").split("::\n\n", 1)[1].split("\n\n", 1)[0]
    net, path = CRNN(), tmp_path / "net.pt2"
    exec(textwrap.dedent(recipe), {"torch": torch, "model": net, "path": path})
    model = load_model(f"torch:{path}?sr=16000&labels=rock;jazz")
    assert model.window_s == 3.0
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 48000)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(noise)).numpy()
    np.testing.assert_allclose(model(noise), expected, atol=1e-5)
