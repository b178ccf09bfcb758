"""The stories in `examples/` and in the README run as they are printed."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_is_short_and_runs(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(example)])
    runpy.run_path(str(example), run_name="__main__")
    assert "listen to" in capsys.readouterr().out
    assert [*tmp_path.rglob("*.wav"), *tmp_path.rglob("*.html")]
    assert len(example.read_text(encoding="utf-8").splitlines()) < 80


def test_python_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ezer_ev: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIOLIME_CACHE_MAX", "0")
    shutil.copy(ezer_ev, "song.ogg")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert {path.name for path in Path("out").iterdir()} >= {"explanation.json", "mixture.wav", "metal.wav"}
