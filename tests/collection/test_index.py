"""An index with stems holds what one without holds and the parts of it, whoever made it and however it is read.

What holds of every index is tested where they are made, in `tests.collection.indexing.test_making`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.indexing import matrix
from audiolime_ext.collection.indexing.catalogue import FORM, NAME
from audiolime_ext.collection.indexing.making import make_index, plan_index
from audiolime_ext.collection.indexing.merging import merge_indexes
from audiolime_ext.collection.song_parts import song_parts
from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.files import seals
from tests.song_collection import song, write_song
from tests.stereo_songs import LINEAR, SIDES, Sides, linear, make_pairs, sides, stereo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Four songs of two stems, and one that lacks the drums."""
    folder = make_pairs(tmp_path / "songs", 2, 2)
    write_song(folder / "9.wav", stereo(np.zeros_like(song(0)), song(104)).T)
    return folder


def made(songs: Path, name: str, **options: Any) -> Index:
    return make_index(songs, options.pop("model", linear), index=songs.with_name(name), stems=sides, **options)


def parts_of(index: Index) -> NDArray[np.float32]:
    assert index.stems is not None
    return index.stems.vectors


def test_its_vectors_are_those_of_an_index_without_stems_and_its_parts_those_of_each_song(songs: Path) -> None:
    plain, found = make_index(songs, linear, index=songs.with_name("plain.index")), made(songs, "x.index")
    np.testing.assert_array_equal(found.vectors, plain.vectors)
    assert (found.songs, plain.stems) == (plain.songs, None)
    assert found.stems is not None
    assert (found.stems.names, found.stems.factorization, found.stems.fingerprint) == (
        ("drums", "other"),
        SIDES,
        Sides.fingerprint,
    )
    for at, one in enumerate(found.songs):
        path = found.path_of(one)
        alone = song_parts(path, linear, sides).for_stems(found.stems.names)
        np.testing.assert_allclose(found.stems.vectors[at], alone, rtol=1e-6)
    np.testing.assert_allclose(found.stems.sums, found.vectors, rtol=1e-5)
    assert not found.stems.vectors[4, 1].any(), "a song that lacks a stem has zeros"
    assert found.stems.vectors[4, 2].any()


def test_it_is_the_same_without_the_file_of_its_stems_or_with_a_damaged_one(songs: Path) -> None:
    parts = np.array(parts_of(made(songs, "x.index")))  # not in the file, which is damaged
    file = songs.with_name("x.index") / matrix.STEMS
    content = file.read_bytes()
    for damage in (content[:-1], bytes([content[0] ^ 1]) + content[1:], None):
        file.unlink() if damage is None else file.write_bytes(damage)
        np.testing.assert_array_equal(parts_of(load_index(file.parent)), parts)


def test_shards_of_it_and_processes_make_the_same_index(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    whole = made(songs, "whole.index", windows=True)
    shards = [songs.with_name(f"{i}.index") for i in (1, 2)]
    for i, shard in enumerate(shards, start=1):
        found = make_index(songs, linear, index=shard, shard=(i, 2), stems=sides, windows=True)
        assert 0 < len(found.songs) < len(whole.songs)
    there = make_index(songs, LINEAR, index=songs.with_name("there.index"), stems=SIDES, workers=1)
    for found in (merge_indexes(shards, songs.with_name("merged.index")), there):
        assert found.songs == whole.songs
        np.testing.assert_array_equal(found.vectors, whole.vectors)
        np.testing.assert_array_equal(parts_of(found), parts_of(whole))


def test_another_factorization_or_none_is_another_index(songs: Path) -> None:
    class Newer(Sides):
        fingerprint = "sides 2"

    made(songs, "x.index")
    make_index(songs, linear, index=songs.with_name("plain.index"))
    for name, stems, told in (
        ("x.index", None, 'stems "tests.stereo_songs:sides", now null'),
        ("x.index", "bands:2", 'stems "tests.stereo_songs:sides", now "bands:2"'),
        ("x.index", Newer(), 'stems fingerprint "sides 1", now "sides 2"'),
        ("plain.index", sides, 'stems null, now "tests.stereo_songs:sides"'),
    ):
        with pytest.raises(UsageError, match=f"with other settings: {told}.*Name another folder"):
            make_index(songs, linear, index=songs.with_name(name), stems=stems)
    with pytest.raises(UsageError, match="of another model or with other settings"):
        merge_indexes([songs.with_name("x.index"), songs.with_name("plain.index")], songs.with_name("both.index"))


def test_a_factorization_in_memory_works_here_only(songs: Path) -> None:
    own = Sides()
    own.spec = None  # type: ignore[assignment]
    found = make_index(songs, LINEAR, index=songs.with_name("x.index"), stems=own, workers=0)
    assert found.stems is not None
    assert found.stems.factorization == "own factorization"
    with pytest.raises(UsageError, match="the factorization lives in this process only"):
        plan_index(songs, LINEAR, index=songs.with_name("y.index"), stems=own, workers=2)


def test_the_catalogue_of_an_earlier_version_is_read_and_brought_up_to_date(songs: Path) -> None:
    first = make_index(songs, linear, index=songs.with_name("x.index"))
    with sqlite3.connect(first.folder / NAME, isolation_level=None) as connection:
        seals.keep(connection, FORM.sealed)
        connection.execute("DELETE FROM identity WHERE name LIKE 'stems%'")
        connection.execute("UPDATE songs SET facts = json_remove(facts, '$.stems')")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    found = load_index(first.folder)
    assert (found.songs, found.stems) == (first.songs, None)
    np.testing.assert_array_equal(found.vectors, first.vectors)
    write_song(songs / "new.wav", stereo(song(1), song(2)).T)
    assert len(make_index(songs, linear, index=first.folder).songs) == len(first.songs) + 1


def test_a_catalogue_whose_parts_are_not_those_of_its_stems_is_damaged(songs: Path) -> None:
    index = made(songs, "x.index")
    with sqlite3.connect(index.folder / NAME, isolation_level=None) as connection:
        seals.keep(connection, FORM.sealed)
        connection.execute("UPDATE vectors SET mean = substr(mean, 1, 128)")
    connection.close()
    with pytest.raises(CorruptError, match="is damaged"):
        load_index(index.folder)


def test_weights_make_another_index_of_the_same_songs(songs: Path) -> None:
    index = made(songs, "x.index")
    drums = index.weighted({"other": 0})
    np.testing.assert_allclose(drums.vectors, parts_of(index)[:, 0] + parts_of(index)[:, 1], rtol=1e-6)
    assert (drums.songs, drums.steered, index.steered) == (index.songs, True, False)
    assert index.weighted({"drums": 1}) is index
    again = drums.weighted({})
    np.testing.assert_allclose(again.vectors, index.vectors, rtol=1e-5)
    plain = make_index(songs, linear, index=songs.with_name("plain.index"))
    with pytest.raises(UsageError, match="none for its stems; index with --stems spleeter:2stems"):
        plain.weighted({"drums": 2})
