"""``audiolime index`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection.index import load_index
from tests.song_collection import BANDS, make_songs, song, write_song

ROOT = Path(__file__).parents[2]


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    return make_songs(tmp_path / "songs", 4)


def test_it_says_what_there_is(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["index", str(songs), "-m", BANDS, "--workers", "0"]
    assert main(command) == 0
    index = songs.with_name("songs.index")
    assert capsys.readouterr().out == f"4 of 4 songs are in {index}, each with 4 numbers of {BANDS}\n"
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_songs"], told["n_features"], told["labels"], told["failures"]) == (4, 4, None, [])
    assert len(load_index(index).songs) == 4


def test_stems_are_kept_and_told(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["index", str(songs), "-m", BANDS, "--stems", "bands:2", "--workers", "0"]
    assert main(command) == 0
    told = "and as many for silence and for each stem that bands:2 gave: 0–2000 Hz, 2000–4000 Hz\n"
    assert capsys.readouterr().out.endswith(told)
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["stems"] == {"factorization": "bands:2", "names": ["0–2000 Hz", "2000–4000 Hz"]}
    assert main([*command, "--vectors", "features.csv"]) == 2
    assert "--stems is for recordings that are heard; with --vectors nothing is" in capsys.readouterr().err
    assert main(["index", str(songs), "-m", BANDS, "--workers", "0"]) == 2
    assert 'with other settings: stems "bands:2", now null' in capsys.readouterr().err


def test_songs_that_cannot_be_measured_are_named(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (songs / "text.wav").write_text("no sound")
    assert main(["index", "run", str(songs), "-m", BANDS, "--workers", "0"]) == 5
    out, err = capsys.readouterr()
    assert out.startswith("4 of 5 songs are in")
    assert "warning: text.wav: " in err


def test_shards_are_merged(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [str(songs.with_name(f"{i}.index")) for i in (1, 2)]
    for i, part in enumerate(parts, start=1):
        assert main(["index", str(songs), "-m", BANDS, "--workers", "0", "--shard", f"{i}/2", "-o", part]) == 0
        assert "\n2 songs are not heard yet: join the other shards" in capsys.readouterr().out
    assert main(["index", "merge", *parts, "-o", str(songs.with_name("all.index"))]) == 0
    assert "4 of 4 songs are in" in capsys.readouterr().out
    assert main(["index", "merge", parts[0], "-o", parts[0]]) == 2
    assert main(["index", str(songs), "-m", BANDS, "--cluster-patience", "5"]) == 2
    assert "--cluster-patience is for --cluster" in capsys.readouterr().err


def test_songs_are_found_by_a_file_and_by_their_names_in_what_was_indexed(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = str(songs.with_name("songs.index"))
    assert main(["index", str(songs), "-m", BANDS, "--workers", "0"]) == 0
    query = write_song(songs.parent / "query.wav", song(2) * 0.9)
    capsys.readouterr()
    assert main(["similar", str(query), "--in", index, "--json"]) == 2
    assert "--trust" in capsys.readouterr().err
    assert main(["similar", str(query), "--in", index, "--trust", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"][0]["path"] == "../songs/album 0/002.wav"
    assert len(found["rows"]) == 4
    again = str(songs / "album 0" / "002.wav")
    assert main(["similar", again, "--in", index, "-k", "2", "--json"]) == 0, "its vector is known: nothing is heard"
    found = json.loads(capsys.readouterr().out)
    assert "../songs/album 0/002.wav" not in [row["path"] for row in found["rows"]]
    copied = write_song(songs.parent / "copy.wav", song(2))
    assert main(["similar", str(copied), "--in", index, "-k", "2", "--json"]) == 0, "known by its content"
    assert [row["path"] for row in json.loads(capsys.readouterr().out)["rows"]] == [
        row["path"] for row in found["rows"]
    ]


def test_the_artist_of_a_file_that_is_not_indexed_is_read_from_its_tags(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wave, ids = pytest.importorskip("mutagen.wave"), pytest.importorskip("mutagen.id3")
    table = songs / "songs.csv"
    table.write_text("path,artist\n" + "".join(f"album 0/00{i}.wav,{'AB'[i % 2]}\n" for i in range(4)))
    assert main(["index", str(table), "-m", BANDS, "--workers", "0"]) == 0
    tagged = wave.WAVE(write_song(songs.parent / "query.wav", song(2) * 0.9))
    tagged.add_tags()
    tagged.tags.add(ids.TPE1(encoding=3, text="b"))
    tagged.save()
    index = str(table.with_suffix(".index"))
    capsys.readouterr()
    query = str(songs.parent / "query.wav")
    assert main(["similar", query, "--in", index, "--trust", "--other-artists", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["artist"] for row in found["rows"]} == {"A"}
    assert "2 songs of the same artist are not listed" in found["notes"]


def test_a_song_that_was_changed_is_not_its_own_neighbour(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = str(songs.with_name("songs.index"))
    assert main(["index", str(songs), "-m", BANDS, "--workers", "0"]) == 0
    changed = write_song(songs / "album 0" / "002.wav", song(2) * 0.9)
    capsys.readouterr()
    assert main(["similar", str(changed), "--in", index, "--trust", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "../songs/album 0/002.wav" not in [row["path"] for row in found["rows"]]
    assert any("was changed since it was indexed" in note for note in found["notes"])


def test_a_playlist_overwrites_nothing_else(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = songs.with_name("songs.index")
    assert main(["index", str(songs), "-m", BANDS, "--workers", "0"]) == 0
    for target in (songs / "album 0" / "002.wav", index / "catalogue.sqlite"):
        before = target.read_bytes()
        query = str(songs / "album 0" / "001.wav")
        assert main(["similar", query, "--in", str(index), "--m3u8", str(target)]) == 2
        assert "is not named as a playlist is" in capsys.readouterr().err
        assert target.read_bytes() == before
