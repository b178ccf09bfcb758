"""The how-to of one's own models runs as it is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_docs import DOCS, run_python

pytest.importorskip("torch", reason="needs the extra torch")


def test_the_how_to_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ezer_ev: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_python(DOCS / "how-to" / "models.md", ezer_ev, tmp_path) == 4
    printed = capsys.readouterr().out
    assert "spleeter:2stems and own model" in printed
    assert all(label in printed for label in ("rock", "loud", "bright"))
