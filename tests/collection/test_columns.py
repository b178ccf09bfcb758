from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.collection.columns import Column, column_of
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError


@pytest.fixture
def index(tmp_path: Path) -> Index:
    songs = (
        Song("1", "../songs/a/1.ogg", also=("../songs/copy.ogg",), artist="Bach", year=1720, duration_s=61.5),
        Song("2", "../songs/b/2.ogg"),
        Song("3"),
    )
    vectors = np.array([[120.0, 0.5], [90.5, np.nan], [60.0, 0.1]], np.float32)
    return Index(tmp_path / "all.index", "", "", ("tempo", "energy"), songs, vectors)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("artist", ("Bach", None, None)),
        ("Artist", ("Bach", None, None)),
        ("year", ("1720", None, None)),
        ("folder", ("songs/a", "songs/b", None)),
        ("duration_s", ("61.5", None, None)),
        ("energy", ("0.5", None, "0.10000000149011612")),
    ],
)
def test_tags_folders_and_outputs_are_columns(index: Index, name: str, values: tuple[str | None, ...]) -> None:
    assert column_of(index, name).values == values


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_names_songs_by_their_files_copies_too_and_may_say_more(index: Index, tmp_path: Path) -> None:
    table = write(
        tmp_path / "said.csv", "path;Mood;rest\nsongs/copy.ogg;calm;1\nsongs/b/2.ogg;;2\nsongs/none.ogg;x;3\n"
    )
    found = column_of(index, "mood", table)
    assert found.values == ("calm", None, None)
    assert found.notes == ("1 line of said.csv names no song of the index",)
    with pytest.raises(UsageError, match=r"mood is 'calm' in line 2 of .*said.csv; it must be a number for each"):
        found.numbers()


def test_a_table_names_a_song_without_a_file_by_its_key(index: Index, tmp_path: Path) -> None:
    table = write(tmp_path / "said.csv", "path,mood\nsongs/a/1.ogg,calm\n3,wild\n2,no file is called so\n")
    assert column_of(index, "mood", table).values == ("calm", None, "wild")


def test_cells_that_say_that_there_is_nothing_are_none_and_counted(index: Index, tmp_path: Path) -> None:
    table = write(tmp_path / "said.csv", "path,mood\nsongs/a/1.ogg, N/A \nsongs/b/2.ogg,  calm \n3,NaN\n")
    found = column_of(index, "mood", table)
    assert found.values == (None, "calm", None)
    assert found.notes == ("2 songs have 'N/A' or 'NaN' as mood, taken for none",)


def test_spaces_around_a_tag_do_not_count(index: Index) -> None:
    songs = (replace(index.songs[0], artist=" Bach "), replace(index.songs[1], artist="  "), index.songs[2])
    assert column_of(replace(index, songs=songs), "artist").values == ("Bach", None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("path,mood\nsongs/b/2.ogg,calm\nsongs/b/../b/2.ogg,wild\n", "line 3: 'songs/b/../b/2.ogg' is named twice"),
        ("path,rest\nsongs/b/2.ogg,calm\n", "no column 'mood'; the first line has: path, rest"),
        ("path,mood,mood\nsongs/b/2.ogg,calm,x\n", "more than one column 'mood'"),
        ("path,mood\nsongs/b/2.ogg\n", "line 2: 1 cell where the header has 2"),
        ("path,mood\nother.ogg,calm\n", "none of the 1 line of"),
        ("path,mood\nsongs/b/2.ogg,\n", "a value of mood"),
        ("path,mood\nsongs/b/2.ogg,none\n", "a value of mood"),
        ("", "no column 'path'; the first line has: nothing"),
    ],
)
def test_a_table_that_says_nothing_certain_is_refused(index: Index, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        column_of(index, "mood", write(tmp_path / "said.csv", text))
    assert told in str(raised.value)


def test_an_unknown_column_names_those_that_there_are(index: Index) -> None:
    with pytest.raises(UsageError, match=r"artist.*folder.*tempo"):
        column_of(index, "mood")


def test_a_column_that_no_song_has_is_refused(index: Index) -> None:
    with pytest.raises(UsageError, match="no song has a value of album"):
        column_of(index, "album")


@pytest.mark.parametrize("value", ["fast", "nan", "inf"])
def test_numbers_are_numbers(value: str) -> None:
    with pytest.raises(UsageError, match=f"tempo is '{value}' for a song"):
        Column("tempo", ("1", value)).numbers()
