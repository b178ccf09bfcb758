"""``audiolime playlist``: a table, JSON, a file and a page; what cannot be asked is one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection import index as index_module
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.playlists import pipeline
from tests.cli.test_commands import run, strict
from tests.recommendation.planted import collection, crowded, document


@pytest.fixture(autouse=True)
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Index]:
    """Indexes by their names, in the current folder."""
    songs = tuple(
        Song(f"key {n}", f"{n}.ogg", artist=f"A{n % 9}", title=f"song {n}", year=1980 + n, duration_s=200.0)
        for n in range(40)
    )
    names: dict[str, Index] = {
        "few.index": document(),
        "many.index": collection(crowded(40, 12), folder=tmp_path / "many.index", songs=songs),
    }
    monkeypatch.chdir(tmp_path)
    for module in (index_module, pipeline):
        monkeypatch.setattr(module, "load_index", lambda folder: names[str(folder)])
    return names


def test_a_table_with_a_reason_for_each_transition(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "playlist", "--in", "few.index", "-n", "4", "--from", "idea 686").splitlines()
    assert out[0] == "playlist of 4 songs, by similarity in the vectors of the catalogue"
    assert out[2].startswith("1  Jayla Darden – Idea 686 (given)")
    assert all(", by " in line for line in out[3:6])
    assert any(line.startswith("all transitions: distance") for line in out)


def test_json_is_one_object_and_all_flags_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    Path("table.csv").write_text(
        "path,mood\n" + "".join(f"many.index/{n}.ogg,{n % 7}\n" for n in range(40)), encoding="utf-8"
    )
    asked = ["-n", "9", "--from", "song 1", "--to", "song 2", "--place", "4=song 3", "--exclude", "song 9"]
    asked += [
        "--per-artist",
        "2",
        "--artist-gap",
        "3",
        "--curve",
        "0:0.2 1:0.9",
        "--by",
        "mood",
        "--table",
        "table.csv",
    ]
    asked += [
        "--curve-weight",
        "2",
        "--seed",
        "1",
        "--m3u8",
        "list.m3u8",
        "-o",
        "page.html",
        "--title",
        "Mine",
        "--json",
    ]
    found = strict(run(capsys, "playlist", "--in", "many.index", *asked))
    assert [found["rows"][at]["title"] for at in (0, 3, 8)] == ["song 1", "song 3", "song 2"]
    assert (found["column"], found["seed"], found["m3u8"], found["page"]) == ("mood", 1, "list.m3u8", "page.html")
    assert len(found["transitions"]) == 8
    listed = Path("list.m3u8").read_text(encoding="utf-8").splitlines()
    assert listed[2] == f"many.index/{found['rows'][0]['path']}"
    assert "<title>Mine</title>" in Path("page.html").read_text(encoding="utf-8")


def test_a_list_is_put_in_order_and_filled(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["#EXTM3U", "many.index/3.ogg", "# gap 2", "many.index/4.ogg", "# gap", "many.index/5.ogg"]
    Path("list.m3u8").write_text("\n".join(lines), encoding="utf-8")
    found = strict(run(capsys, "playlist", "--in", "many.index", "--order", "list.m3u8", "--json"))
    assert sorted(row["title"] for row in found["rows"]) == ["song 3", "song 4", "song 5"]
    filled = ("--fill", "list.m3u8", "--gap-minutes", "7", "--json")
    found = strict(run(capsys, "playlist", "--in", "many.index", *filled))
    titles = [row["title"] for row in found["rows"]]
    assert (len(titles), titles[0], titles[3], titles[6]) == (7, "song 3", "song 4", "song 5")
    out = run(capsys, "playlist", "--in", "many.index", "--minutes", "20", "--m3u8", "twenty.m3u8")
    assert "playlist of 6 songs, 20 min 0 s" in out
    assert out.endswith("playlist: twenty.m3u8\n")


def test_what_a_playlist_file_lacks_is_said_and_its_folder_is_made(
    capsys: pytest.CaptureFixture[str], opened: dict[str, Index]
) -> None:
    index = opened["many.index"]
    odd = (replace(index.songs[0], path=None), replace(index.songs[1], path="a\tb.ogg"), *index.songs[2:4])
    opened["odd.index"] = replace(index, songs=odd, vectors=index.vectors[:4])
    out = run(capsys, "playlist", "--in", "odd.index", "-n", "4", "--m3u8", "new/folder/list.m3u8")
    assert "playlist: new/folder/list.m3u8\nnote: 2 of 4 songs are not in it: " in out
    assert "A0 – song 0 (no file)" in out
    assert "A1 – song 1 (a path with control characters)" in out
    assert len(Path("new/folder/list.m3u8").read_text(encoding="utf-8").splitlines()) == 7


def test_a_playlist_file_that_could_hold_no_song_is_refused(
    capsys: pytest.CaptureFixture[str], opened: dict[str, Index]
) -> None:
    index = opened["many.index"]
    opened["odd.index"] = replace(index, songs=tuple(replace(song, path=None) for song in index.songs))
    assert main(["playlist", "--in", "odd.index", "-n", "3", "--m3u8", "new/list.m3u8"]) == 2
    assert "no playlist can hold what was found" in capsys.readouterr().err
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "how long is it to be"),
        (["-n", "0"], "a whole number of at least 1 is needed"),
        (["-n", "3", "--place", "x=song 1"], "a place from 1 on with its song is needed"),
        (["-n", "3", "--place", "1=song 1", "1=song 2"], "--place names two songs for place 1"),
        (["-n", "3", "--m3u8", "list.txt"], "--m3u8 list.txt is not named as a playlist is; end its name in .m3u8"),
        (["-n", "3", "-o", "page.pdf"], "-o page.pdf is no page"),
        (["-n", "3", "--title", "x"], "--title is that of a page"),
        (["-n", "12", "--per-artist", "1"], "12 songs by at most 1 per artist need 12 artists; the index has 9"),
        (["-n", "3", "--curve", "rising"], "name a column that is a number (--by tempo"),
        (["--order", "gone.m3u8"], "cannot read the playlist gone.m3u8"),
    ],
)
def test_what_cannot_be_asked_is_one_line(given: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["playlist", *given, "--in", "many.index"])
    except SystemExit as ended:
        code = int(str(ended.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not list(Path().glob("*.html"))
