"""Which recordings an index holds, and what is said of those that it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audiolime_ext.audio.tags import MISSING, Tags
from audiolime_ext.collection.indexing.listing import listing
from audiolime_ext.errors import UsageError
from audiolime_ext.files.reading import sha256_of
from tests.song_collection import make_songs, song, write_song


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    return make_songs(tmp_path / "songs", 5)


def test_a_folder_is_looked_into_at_any_depth_but_not_into_the_index(songs: Path) -> None:
    (songs / "cover.jpg").touch()
    (songs / "all.index").mkdir()
    write_song(songs / "all.index" / "stray.wav", song(9))
    found = listing(songs, songs / "all.index")
    assert [file.path for file in found.files] == [f"../album {i // 4}/{i:03d}.wav" for i in range(5)]
    assert [entry.name for entry in found.songs] == [f"{i:03d}.wav" for i in range(5)]
    assert found.notes == (f"skipped in {songs}: 1 × not an audio file by its ending (cover.jpg)",)


def test_files_of_one_content_are_one_song_and_that_is_said(songs: Path) -> None:
    write_song(songs / "copy.wav", song(0))
    found = listing(songs, songs.with_name("x.index"))
    assert (len(found.files), len(found.songs)) == (6, 5)
    assert found.notes == ("1 file is of the same content as another, and one song with it: copy.wav is 000.wav",)


def test_a_file_is_read_again_only_where_its_size_or_its_time_is_another(
    songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, read = songs.with_name("x.index"), list[str]()
    before = listing(songs, index).files

    def counted(path: Path) -> str:
        read.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr("audiolime_ext.collection.indexing.listing.sha256_of", counted)
    assert listing(songs, index, before).files == before
    assert not read
    os.utime(songs / "album 0" / "001.wav", ns=(1, 1))
    write_song(songs / "album 0" / "002.wav", song(77))
    now = listing(songs, index, before).files
    assert read == ["001.wav", "002.wav"]
    assert [a.sha256 == b.sha256 for a, b in zip(now, before, strict=True)] == [True, True, False, True, True]


def test_a_table_says_more_than_tags_and_manifests_of_audits_will_do(songs: Path) -> None:
    table = songs / "songs.csv"
    table.write_text(
        "path,title,artist,label,group,year,mood\nalbum 0/001.wav,T,A,rock,G,1999,x\nalbum 1/004.wav,,,,,new,\n"
    )
    found = listing(table, songs.with_name("x.index"))
    first, second = found.files
    assert (first.title, first.artist, first.genre, first.album, first.year) == ("T", "A", "rock", "G", 1999)
    assert (second.title, second.year) == (None, None)
    assert any("mood" in note for note in found.notes)
    assert listing(table, songs.with_name("x.index"), found.files).files == found.files


def test_everything_that_is_wrong_with_a_table_is_said_at_once(songs: Path) -> None:
    table = songs / "songs.csv"
    table.write_text("path\nalbum 0/001.wav\nnone.wav\nalbum 0\nalbum 0/001.wav\n\n")
    with pytest.raises(UsageError) as refused:
        listing(table, songs.with_name("x.index"))
    for words in ("no file 'none.wav'", "'album 0' is a folder", "'album 0/001.wav' is named twice"):
        assert words in str(refused.value)
    table.write_text("path\n")
    with pytest.raises(UsageError, match="names no recordings"):
        listing(table, songs.with_name("x.index"))


@pytest.mark.parametrize("kind", ["", "fma:"])
def test_a_root_is_for_tables(songs: Path, kind: str) -> None:
    with pytest.raises(UsageError, match=r"is no table, and --root DIR .* leave it out"):
        listing(f"{kind}{songs}", songs / "x.index", root=songs)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"is a folder without recordings .*notes\.txt"):
        listing(tmp_path, tmp_path / "x.index")


def test_a_file_that_cannot_be_read_is_listed_and_fails_when_it_is_measured(songs: Path) -> None:
    os.mkfifo(songs / "pipe.wav")
    (songs / "broken.wav").symlink_to("nowhere")
    found = listing(songs, songs.with_name("x.index"))
    assert len(found.songs) == 5
    assert "no file that can be read" in found.notes[0]


def test_what_files_say_of_their_songs_is_listed_and_what_cannot_be_read_is_said(songs: Path) -> None:
    wave = pytest.importorskip("mutagen.wave")
    tagged, ids = wave.WAVE(songs / "album 0" / "000.wav"), pytest.importorskip("mutagen.id3")
    tagged.add_tags()
    tagged.tags.add(ids.TIT2(encoding=3, text="Título"))
    tagged.tags.add(ids.TDRC(encoding=3, text="2011-05-03"))
    tagged.save()
    (songs / "broken.mp3").write_bytes(b"ID3\x04\x00\x00\x00\x00\x7f\x7f" + bytes(range(200)))
    found = listing(songs, songs.with_name("x.index"))
    assert [(file.title, file.year) for file in found.files][:2] == [("Título", 2011), (None, None)]
    assert any(note.startswith("1 file has tags that cannot be read: broken.mp3 (") for note in found.notes)


def test_without_the_package_that_reads_tags_that_is_said_once(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiolime_ext.collection.indexing.listing.readable", lambda: False)
    assert [note for note in listing(songs, songs.with_name("x.index")).notes if "mutagen" in note] == [MISSING]


def test_tags_are_read_once_the_package_for_them_is_there(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = songs.with_name("x.index")
    before = listing(songs, index).files
    monkeypatch.setattr("audiolime_ext.collection.indexing.listing.read_tags", lambda _: Tags(title="T"))
    monkeypatch.setattr("audiolime_ext.collection.indexing.listing.sha256_of", lambda _: 1 / 0)
    assert [file.title for file in listing(songs, index, before).files] == ["T"] * 5


def test_tracks_of_fma_bring_what_their_table_says(tmp_path: Path) -> None:
    (tmp_path / "fma_metadata").mkdir()
    (tmp_path / "fma_metadata" / "tracks.csv").write_text(
        ",set,set,track,artist,album,track,album,track\n"
        ",split,subset,title,name,title,genre_top,date_released,date_recorded\n"
        "track_id,,,,,,,,\n"
        "2,training,small,Food,AWOL,Way,Hip-Hop,2009-01-05,\n"
        "3,test,small,Gone,AWOL,Way,Hip-Hop,2009-01-05,\n"
    )
    for number in ("000002", "000003"):
        write_song(tmp_path / "fma_small" / "000" / f"{number}.mp3", song(int(number)))
    found = listing(f"fma:{tmp_path}?split=training", tmp_path / "x.index")
    (file,) = found.files
    assert (file.title, file.artist, file.album, file.genre, file.year) == ("Food", "AWOL", "Way", "Hip-Hop", 2009)


def test_one_file_named_in_two_ways_is_named_twice(songs: Path) -> None:
    table = songs / "songs.csv"
    table.write_text("path\nalbum 0/001.wav\nalbum 1/../album 0/001.wav\n")
    with pytest.raises(UsageError, match="named twice; keep one line"):
        listing(table, songs.with_name("x.index"))


@pytest.mark.parametrize(("given", "told"), [("none", "there is no folder or table"), ("album 0/001.wav", "is a rec")])
def test_what_is_neither_a_folder_nor_a_table_is_called_what_it_is(songs: Path, given: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        listing(songs / given, songs.with_name("x.index"))
