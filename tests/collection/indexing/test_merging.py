"""Merged shards are the index that one run writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.collection.index import load_index
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.collection.indexing.merging import merge_indexes
from audiolime_ext.errors import MissingError, UsageError
from tests.collection.indexing.test_making import table
from tests.song_collection import bands, make_songs, named, song, write_song


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    return make_songs(tmp_path / "songs", 7)


def shards(songs: Path, n: int) -> list[Path]:
    parts = [songs.with_name(f"{i}.index") for i in range(1, n + 1)]
    for i, part in enumerate(parts, start=1):
        make_index(songs, bands, index=part, shard=(i, n), windows=True)
    return parts


def test_merged_shards_are_the_index_of_one_run_and_merging_again_changes_nothing(songs: Path) -> None:
    (songs / "text.wav").write_text("no sound")
    parts = shards(songs, 3)
    assert sum(len(load_index(part).songs) for part in parts) == 7
    whole = make_index(songs, bands, index=songs.with_name("whole.index"), windows=True)
    for _ in range(2):
        merged = merge_indexes(parts, songs.with_name("merged.index"))
        assert table(merged) == table(whole)
        assert merged.window_counts == whole.window_counts
        assert [failure.name for failure in merged.failures] == ["text.wav"]
    assert table(merge_indexes(parts, parts[0])) == table(whole)


def test_collections_can_be_merged_too(tmp_path: Path) -> None:
    first = make_index(make_songs(tmp_path / "a", 2), bands, index=tmp_path / "a.index")
    write_song(tmp_path / "b" / "000.wav", song(60))
    write_song(tmp_path / "b" / "001.wav", song(1))
    make_index(tmp_path / "b", bands, index=tmp_path / "b.index")
    merged = merge_indexes([tmp_path / "a.index", tmp_path / "b.index"], tmp_path / "deep" / "er" / "c.index")
    assert len(merged.songs) == 3
    assert merged.songs[1].also == (str(tmp_path / "b" / "001.wav"),)
    assert all(path.is_file() for one in merged.songs if (path := merged.path_of(one)) is not None)
    assert len(first.songs) == 2


def test_what_does_not_belong_together_is_not_merged(songs: Path) -> None:
    part, *_ = shards(songs, 2)
    make_index(songs, named, index=songs.with_name("named.index"))
    with pytest.raises(UsageError, match="another model"):
        merge_indexes([part, songs.with_name("named.index")], songs.with_name("merged.index"))
    with pytest.raises(UsageError, match="nothing to merge"):
        merge_indexes([part], part)
    with pytest.raises(MissingError):
        merge_indexes([part, songs.with_name("none.index")], songs.with_name("merged.index"))
    write_song(songs / "album 0" / "000.wav", song(80))
    make_index(songs, bands, index=songs.with_name("later.index"), windows=True)
    with pytest.raises(UsageError, match=r"another content in .* it was changed between the runs"):
        merge_indexes([part, songs.with_name("later.index")], songs.with_name("merged.index"))
