"""Pages of ``audiolime why`` and ``audiolime similar``: what is refused before any work, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.cli import main
from tests.report.neighbours.planted import SR, drums, tone

NOWHERE = "no such song.ogg"


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["why", NOWHERE, NOWHERE, "-o", "page.txt"], "-o page.txt is no page; end its name in .html"),
        (["why", NOWHERE, NOWHERE, "-o", "file/page.html"], "file is not a folder"),
        (["why", NOWHERE, NOWHERE, "--spectrograms", "file"], "file is not a folder"),
        (["why", NOWHERE, NOWHERE, NOWHERE, "--study"], "--study is a page; name it with -o PAGE.html"),
        (["why", NOWHERE, NOWHERE, "--study", "-o", "page.html"], "--study asks which of two songs comes first"),
        (["similar", NOWHERE, "--in", "no index", "-o", "page"], "-o page is no page; end its name in .html"),
        (["why", NOWHERE, NOWHERE, "--title", "T"], "--title is that of a page; name it with -o PAGE.html"),
        (
            ["similar", NOWHERE, "--in", "no index", "--title", "T"],
            "--title is that of a page; name it with -o PAGE.html",
        ),
        (["similar", "--hubs", "--in", "no index", "-o", "page.html"], "-o writes a page of the songs that are listed"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    assert main(words) in (1, 2)
    assert said in told(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_why_writes_a_page_a_study_and_spectrograms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs = {"query": drums(0.2) + tone(100, 0.1), "a": drums(0.1), "b": tone(100, 0.1) + tone(500, 0.01)}
    files = [
        str(Audio(wave[None].astype(np.float32), SR).write(tmp_path / f"{name}.wav")) for name, wave in songs.items()
    ]
    made = ["why", *files, "-m", "tests.report.neighbours.planted:MODEL", "-f", "bands:4", "--no-cache"]
    page, pictures = tmp_path / "new" / "why.html", tmp_path / "pictures"
    assert main([*made, "-o", str(page), "--spectrograms", str(pictures), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["page"] == str(page)
    assert found["spectrograms"] == [str(pictures / f"{name}-wav.png") for name in songs]
    written = page.read_text(encoding="utf-8")
    assert "<h1>Why a.wav, and not b.wav?</h1>" in written
    assert "audiolime why query.wav a.wav b.wav -f" in written
    assert main([*made, "-o", str(page), "--title", "Drums"]) == 0
    assert "<h1>Drums</h1>" in page.read_text(encoding="utf-8")
    capsys.readouterr()
    assert main([*made, "-o", str(page), "--study", "--seed", "3"]) == 0
    assert capsys.readouterr().out.endswith(f"open {page} in a browser\n")
    study = page.read_text(encoding="utf-8")
    assert "Which song comes first?" in study
    assert '"seed": 3' in study or '"seed":3' in study
