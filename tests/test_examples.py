"""The stories in `examples/` run as they are printed. (`test_docs`: those of the README and the site.)"""

from __future__ import annotations

import re
import runpy
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


def test_of_a_saturated_model_gradients_say_nothing_and_shapley_values_what_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["saturated.py"])
    runpy.run_path(str(ROOT / "examples" / "saturated.py"), run_name="__main__")
    table = capsys.readouterr().out.splitlines()[:5]
    page = (ROOT / "docs" / "explanation" / "maps.md").read_text(encoding="utf-8")
    assert "\n".join(table) in page, "the page has the table as it is printed"
    assert table[0].split() == ["bass", "guitar", "drums"]
    rows = {line[:22].strip(): [float(one) for one in line[22:].split()] for line in table[1:]}
    assert rows["SmoothGrad"] == rows["leave one out"] == [0, 0, 0]
    assert rows["Shapley values"] == [0.5, 0, 0.5]
    bass, guitar, drums = rows["integrated gradients"]
    assert guitar == 0
    assert bass + drums == pytest.approx(1, abs=0.02)
    assert min(bass, drums) > 0.3


def test_of_a_model_that_hears_beeps_the_beep_is_what_is_significant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["beeps"])
    runpy.run_module("examples.beeps", run_name="__main__")
    out = capsys.readouterr().out
    assert re.search(r"\nbeeps: 1 of \d+ concepts is significant", out)
    (told,) = [line for line in out.splitlines() if line.startswith("  beeps ") and "decided otherwise" in line]
    assert re.search(r"\d+ of 12 windows are decided otherwise without one of its patches: \d+ for no beeps", told)
    assert Path("beeps", "index.html").stat().st_size > 1e6
