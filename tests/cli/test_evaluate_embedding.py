"""``audiolime evaluate-embedding``: a table, JSON, CSV and a page; what cannot be asked is one line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection import index as index_module
from audiolime_ext.recommendation.evaluation import evaluating
from tests.cli.test_commands import run, strict
from tests.recommendation.evaluation.test_evaluating import planted

COMMAND = ("evaluate-embedding", "good.index")


@pytest.fixture(autouse=True)
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes by their names, in the current folder."""
    names = {"good.index": planted("good", 1.0), "poor.index": planted("poor", 3.0, seed=1)}
    monkeypatch.chdir(tmp_path)
    for module in (index_module, evaluating):
        monkeypatch.setattr(module, "load_index", lambda folder: names[str(folder)])


def test_a_table_says_who_is_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, *COMMAND, "poor.index", "--group", "album", "-k", "5").splitlines()
    assert out[0] == "do songs find others of the same album? 60 queries of 20 groups among 60 songs"
    assert out[1].endswith("it is surely ahead of chance and poor.")
    assert any(line.startswith("note: songs of one album share") for line in out)


def test_json_is_one_object_and_files_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--group", "album", "--most", "2", "--json", "--csv", "found.csv", "-o", "found.html", "--title", "Found")
    found = strict(run(capsys, *COMMAND, *asked))
    assert (found["csv"], found["page"], found["n_queries"]) == ("found.csv", "found.html", 40)
    rows = list(csv.DictReader(Path("found.csv").read_text(encoding="utf-8").splitlines()))
    assert float(rows[0]["MAP"]) == found["measured"][0]["means"]["MAP"][0]
    assert "<title>Found</title>" in Path("found.html").read_text(encoding="utf-8")


def test_groups_come_from_a_table_too(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"good.index/{i}.ogg,{'ab'[i % 2]}\n" for i in range(50))
    Path("about.csv").write_text(f"path,mood\n{rows}", encoding="utf-8")
    out = run(capsys, *COMMAND, "--group", "mood", "--table", "about.csv")
    assert "50 queries of 2 groups among 50 songs" in out
    assert "note: 10 songs have no mood: " in out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "--group"),
        (("--group", "mood"), "unknown column 'mood'"),
        (("--group", "title", "-k", "0"), "a whole number of at least 1 is needed"),
        (("--group", "album", "--most", "1"), "a whole number of at least 2 is needed"),
        (("--group", "artist", "--artists"), "nearly every group of 'artist' is one artist"),
        (("--group", "album", "--title", "Found"), "--title is that of a page"),
        (("--group", "album", "--csv", "found.txt"), "end its name in .csv"),
        (("--group", "album", "--alike"), "good cannot hear songs again"),
        (("--group", "album", "--table", "gone.csv"), "there is no file gone.csv"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    capsys: pytest.CaptureFixture[str], given: tuple[str, ...], told: str
) -> None:
    try:
        code = main([*COMMAND, *given])
    except SystemExit as ended:
        code = int(str(ended.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_table_that_cannot_be_written_is_refused_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate-embedding", "gone.index", "--group", "album", "--csv", "nowhere/found.csv"]) == 1
    assert "there is no folder nowhere" in capsys.readouterr().err
