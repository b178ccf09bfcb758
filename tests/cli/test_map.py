"""``audiolime map``: what is printed and written, and what is refused before any work."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation.maps import pipeline
from tests.cli.test_commands import run, strict
from tests.recommendation.maps.planted import clusters, library

FAST = ("--max-iterations", "250", "--perplexity", "6")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index of three clusters, in the current folder."""
    index = library(clusters(3, 45), folder=tmp_path / "music.index")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "load_index", lambda folder: {"music.index": index}[str(folder)])
    return index


@pytest.mark.usefixtures("opened")
def test_what_may_be_said_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "map", "music.index", *FAST, "--group", "folder")
    assert out.startswith("a map of 45 songs, by the vectors of the catalogue, centred\n\nThe songs fall into clumps")
    assert "\nalbum 0     15 " in out


@pytest.mark.usefixtures("opened")
def test_json_and_a_table_and_a_page_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--preset", "local", "--query", "song 3", "--candidates", "song 5", "song 7", "--csv", "map.csv")
    found = strict(run(capsys, "map", "music.index", *FAST[:2], *asked, "-o", "new/map.html", "--json"))
    assert (found["csv"], found["page"]) == ("map.csv", str(Path("new/map.html")))
    assert found["settings"] == {
        **{"perplexity": 5.0, "early_exaggeration": 1.0, "learning_rate": 10.0},
        **{"max_iterations": 250, "tolerance": 0.001, "seed": 0},
    }
    assert found["marked"] == {"query": [3], "candidates": [5, 7]}
    assert len(list(csv.DictReader(Path("map.csv").read_text(encoding="utf-8").splitlines()))) == 45
    assert "song 3" in Path("new/map.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("opened")
def test_what_is_given_takes_the_place_of_the_presets(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--early-exaggeration", "2", "--learning-rate", "20", "--seed", "3", "--space", "plain")
    found = strict(run(capsys, "map", "music.index", *FAST, *given, "--json"))
    settings = found["settings"]
    assert (settings["perplexity"], settings["early_exaggeration"], settings["learning_rate"]) == (6.0, 2.0, 20.0)
    assert (settings["seed"], found["space"]) == (3, "plain")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--title", "x"), "--title is that of a page; name it with -o PAGE.html, or --serve it"),
        (("-o", "map.png"), "-o map.png is no page; end its name in .html"),
        (("--csv", "map.html"), "--csv map.html is no table; end its name in .csv"),
        (("--table", "moods.csv"), "name its column with --group"),
        (("--port", "8000"), "--port is that of a page that is served; add --serve"),
        (("--serve", "--json"), "leave one out"),
        (("--perplexity", "0"), "a positive number is needed, not '0'"),
        (("--perplexity", "1"), "perplexity is 1.0; give a number of at least 2"),
        (("--preset", "best"), "best"),
        (("--group", "genre"), "no song has a value of genre"),
        (("--query", "song 99"), "no file and no song of the index called 'song 99'"),
    ],
)
@pytest.mark.usefixtures("opened")
def test_what_cannot_be_is_one_line_and_exit_2(
    asked: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["map", "music.index", *asked])
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert not list(Path().iterdir())
