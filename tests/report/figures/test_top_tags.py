"""How a model's answers relate to annotated genres, in numbers and as a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from audiolime_ext.cli.tag import genre_of, read_genres
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.report.figures.top_tags import plot_top_tags
from tests.cli.test_commands import furnish


def test_counts_by_genre_are_printed_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path)])
    Path("genres.csv").write_text("file,genre\nsong.wav,Hum\nother.wav,Rock\n")
    command = ["tag", "song.wav", "-t", "studio_models:windowed", "--genres", "genres.csv"]
    assert main([*command, "--figure", "figure.png"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "figure: figure.png"
    assert "recordings by highest label and annotated genre\n" in out
    assert "Hum" in out
    assert Path("figure.png").read_bytes().startswith(b"\x89PNG")
    assert main([*command, "--figure", "figure.docx"]) == 2
    assert main(["tag", "song.wav", "-t", "studio_models:windowed", "--figure", "x.png"]) == 2
    Path("genres.csv").write_text("else.wav,Hum\n")
    assert main(command) == 2
    assert "has no genre for song.wav" in capsys.readouterr().err


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_of_one_name_have_genres_of_their_own(tmp_path: Path, separator: str, encoding: str) -> None:
    table = tmp_path / "genres.csv"
    table.write_bytes(f"hum/0.wav{separator}Hum\nrock/0.wav{separator}Rock\n1.wav{separator}Pop\n".encode(encoding))
    genres = read_genres(table)
    files = ["songs/rock/0.wav", "hum/0.wav", "any/1.wav", "0.wav", "else.wav"]
    assert [genre_of(file, genres) for file in files] == ["Rock", "Hum", "Pop", None, None]


def test_a_figure_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        plot_top_tags([("Jazz", "jazz")], tmp_path / "nowhere" / "figure.png")
    with pytest.raises(UsageError, match=r"ends in \.png, \.pdf or \.svg"):
        plot_top_tags([("Jazz", "jazz")], tmp_path / "figure")
