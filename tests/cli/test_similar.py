"""``audiolime similar``: a table, JSON and playlists; what cannot be asked is one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection import index as index_module
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from tests.cli.test_commands import run, strict
from tests.recommendation.planted import collection, crowded, document


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Index]:
    """Indexes by their names, in the current folder."""
    artists = [f"A{n // 10}" for n in range(60)]
    songs = tuple(Song(f"key {n}", f"{n}.ogg", artist=artist, title=f"song {n}") for n, artist in enumerate(artists))
    names = {
        "few.index": document(),
        "many.index": collection(crowded(60, 12), folder=tmp_path / "many.index", songs=songs),
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(index_module, "load_index", lambda folder: names[str(folder)])
    return names


@pytest.mark.usefixtures("opened")
def test_a_table_and_what_else_to_know(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "similar", "Longtime (feat. Skepta)", "--in", "few.index", "-k", "2").splitlines()
    assert out[2].startswith("1  Voicemail;Delly Ranks;Bogle – Weh Di Time")
    assert out[-1].startswith("note: 6 songs are too few")


@pytest.mark.usefixtures("opened")
def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--pair", "song 1", "song 2", "--pair", "song 1", "song 3", "--other-artists", "--hubs", "--json")
    found = strict(run(capsys, "similar", "song 7", "--in", "many.index", "--m3u8", "list.m3u8", *asked))
    assert set(found) == {
        *("schema_version", "queries", "index", "model", "space", "ranked_by", "weakest", "rows", "pairs", "notes"),
        *("weights", "m3u8", "hubs"),
    }
    assert len(found["rows"]) == 10
    assert {row["artist"] for row in found["rows"]} & {"A0"} == set()
    assert [pair["names"][1] for pair in found["pairs"]] == ["A0 – song 2", "A0 – song 3"]
    assert [census["correction"] for census in found["hubs"]] == [None, "mutual proximity"]
    playlist = Path("list.m3u8").read_text(encoding="utf-8").splitlines()
    assert playlist[2] == f"many.index/{found['rows'][0]['path']}"


def test_stems_are_weighed(opened: dict[str, Index], capsys: pytest.CaptureFixture[str]) -> None:
    plain = opened["many.index"]
    parts = np.stack([np.zeros((60, 12), np.float32), plain.vectors, crowded(60, 12, seed=1)], axis=1)
    vectors, stems = parts.sum(axis=1), StemVectors("hpss", "f", ("lead guitar", "drums"), parts)
    opened["stems.index"] = replace(plain, vectors=vectors, stems=stems)
    for weights in (["--weight", "drums=0"], ["--weight", "drums=0", "lead guitar=2"]):
        found = strict(run(capsys, "similar", "song 7", "--in", "stems.index", *weights, "--hubs", "--json"))
        alone = strict(run(capsys, "similar", "song 7", "--in", "many.index", "--hubs", "--json"))
        assert [row["key"] for row in found["rows"]] == [row["key"] for row in alone["rows"]]
        assert found["hubs"] == alone["hubs"], "hubs are those of the weighted songs"
    assert found["weights"] == {"drums": 0, "lead guitar": 2}
    both = ("--weight", "drums=0.5", "--weight", "silence=0")
    assert "with drums × 0.5, silence × 0\n" in run(capsys, "similar", "song 7", "--in", "stems.index", *both)


@pytest.mark.usefixtures("opened")
def test_tastes_the_weakest_and_other_corrections(capsys: pytest.CaptureFixture[str]) -> None:
    learnt = strict(
        run(capsys, "similar", "--in", "many.index", "--like", "song 1", "song 2", "--dislike", "song 3", "--json")
    )
    assert (learnt["ranked_by"], learnt["queries"]) == ("relevance", ["A0 – song 1", "A0 – song 2"])
    near, far, plain = (
        strict(run(capsys, "similar", "song 1", "--in", "many.index", "-k", "60", *options, "--json"))
        for options in ((), ("--weakest",), ("--hub-correction", "none", "--space", "plain"))
    )
    assert near["rows"][0]["key"] == far["rows"][-1]["key"]
    assert (plain["ranked_by"], plain["space"]) == ("similarity", "plain")


@pytest.mark.usefixtures("opened")
@pytest.mark.usefixtures("opened")
def test_hubs_alone_are_told_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    before, after = run(capsys, "similar", "--in", "many.index", "--hubs").split("\n\n")
    assert before.startswith("60 songs and their 10 nearest, uncorrected: ")
    assert after.startswith("60 songs and their 10 nearest, by mutual proximity: ")


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "nothing is asked for: name a SONG, or songs with --like, a --pair, or --hubs"),
        (("--dislike", "song 1"), "nothing is asked for"),
        (("--hubs", "--m3u8", "list.m3u8"), "--m3u8 writes the songs that are listed"),
        (("song 77",), "no song of the index called 'song 77'; did you mean"),
        (("song 1", "-k", "0"), "a whole number of at least 1 is needed"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    capsys: pytest.CaptureFixture[str], given: tuple[str, ...], told: str
) -> None:
    try:
        code = main(["similar", *given, "--in", "many.index"])
    except SystemExit as ended:
        code = int(str(ended.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("opened")
def test_a_playlist_that_cannot_be_written_is_refused_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    assert main(["similar", "song 1", "--in", "gone.index", "--m3u8", "taken/list.m3u8"]) == 1
    assert "taken is not a folder" in capsys.readouterr().err


def test_names_are_told_legibly(opened: dict[str, Index], capsys: pytest.CaptureFixture[str]) -> None:
    songs = tuple(Song(str(n), f"caf\udce9 \x1b[2J{n}.ogg") for n in range(3))
    opened["odd.index"] = collection(np.eye(3), songs=songs)
    out = run(capsys, "similar", "0", "--in", "odd.index")
    assert r"caf\xe9 \x1b[2J1.ogg" in out
    assert "\x1b" not in out
