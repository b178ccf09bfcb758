"""Which songs are evaluated, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation import songs as songs_module
from audiolime_ext.recommendation.evaluation.songs import drawn, named_indexes, songs_of
from tests.recommendation.planted import collection


def indexed(n: int = 12, *, folder: str = "one.index") -> Index:
    songs = tuple(Song(f"key {i}", f"{i}.ogg", album=f"album {i // 4}", artist=f"artist {i // 2}") for i in range(n))
    return collection(np.random.default_rng(0).normal(size=(n, 5)), folder=folder, songs=songs)


def test_songs_are_matched_by_content_in_whatever_order() -> None:
    one = indexed()
    order = np.random.default_rng(1).permutation(12)
    two = replace(one, folder=Path("two.index"), songs=tuple(one.songs[at] for at in order), vectors=one.vectors[order])
    found = songs_of([one, two], "album")
    np.testing.assert_array_equal(found.vectors(0), found.vectors(1))
    assert list(found.indexes) == ["one", "two"]
    assert found.asking == {"album 0": 4, "album 1": 4, "album 2": 4}
    assert found.notes == ()


def test_what_is_left_out_is_said() -> None:
    one, two = indexed(13), indexed(12, folder="two.index")
    songs = (*one.songs[:11], replace(one.songs[11], album=None), one.songs[12])
    vectors = one.vectors.copy()
    vectors[3], vectors[5] = np.nan, 0
    found = songs_of([replace(one, songs=songs, vectors=vectors), two], "album")
    assert found.notes == (
        "1 song is not in all indexes: 12.ogg",
        "1 song has no album: 11.ogg",
        "2 vectors are not finite, or zero: 3.ogg, 5.ogg",
    )
    assert [song.key for song in found.songs] == [f"key {i}" for i in range(11) if i not in (3, 5)]


def test_cells_of_a_table_that_are_taken_for_none_are_said(tmp_path: Path) -> None:
    lines = (f"{i}.ogg,{'None' if i == 4 else i // 4}" for i in range(12))
    (tmp_path / "said.csv").write_text("\n".join(["path,mood", *lines]))
    found = songs_of([replace(indexed(), folder=tmp_path)], "mood", table=tmp_path / "said.csv")
    assert found.notes == ("1 song has 'None' as mood, taken for none", "1 song has no mood: 4.ogg")


def test_a_group_of_one_song_is_searched_and_asks_nothing() -> None:
    found = songs_of([indexed(9)], "album")
    assert len(found.groups) == 9
    assert found.queries.sum() == 8
    assert "album 2" not in found.asking


def test_songs_of_the_querys_artist_are_hidden() -> None:
    found = songs_of([indexed()], "album", artists=True)
    assert found.hidden.sum() == 12 * 2, "itself and another one"
    assert found.queries.all()
    assert found.on_artists == []
    whole = collection(
        np.random.default_rng(0).normal(size=(12, 5)),
        songs=tuple(
            replace(song, artist=None if i == 11 else "one" if i < 4 else song.artist)
            for i, song in enumerate(indexed().songs)
        ),
    )
    assert songs_of([whole], "album", artists=True).on_artists == [
        "without songs of the query's artist 4 of 12 songs have nothing left to find; what is measured is "
        "about the others",
        "the artist of 1 of 12 songs is not known: nothing is left out there",
    ]


@pytest.mark.parametrize(
    ("column", "artists", "told"),
    [
        ("artist", True, "nearly every group of 'artist' is one artist"),
        ("title", False, "no song has a value of title"),
        ("folder", False, r"all songs have the folder '\.': where all are relevant, every order is right"),
        ("nothing", False, "unknown column 'nothing'"),
    ],
)
def test_groups_that_ask_nothing_are_refused_with_the_reason(column: str, artists: bool, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        songs_of([indexed()], column, artists=artists)


def test_groups_of_one_song_each_are_refused() -> None:
    songs = tuple(Song(f"key {i}", album=f"album {i // 2 if i < 2 else i}") for i in range(6))
    with pytest.raises(UsageError, match="of 5 groups by 'album', 1 with two songs or more; two such groups"):
        songs_of([collection(np.eye(6), songs=songs)], "album")


def test_indexes_of_other_songs_are_refused() -> None:
    other = collection(np.eye(4), folder="other.index", songs=tuple(Song(f"other {i}", album="a") for i in range(4)))
    with pytest.raises(UsageError, match="one and other have no song in common"):
        songs_of([indexed(), other], "album")


def test_indexes_have_names_that_tell_them_apart() -> None:
    folders = ("a/songs.index", "b/songs.index", "b/other.index")
    assert list(named_indexes([indexed(folder=one) for one in folders])) == ["a/songs", "b/songs", "other"]
    with pytest.raises(UsageError, match="given twice"):
        named_indexes([indexed(), indexed()])
    with pytest.raises(UsageError, match="no index is given"):
        named_indexes([])


def test_the_same_songs_are_drawn_of_each_group() -> None:
    groups = ["a"] * 20 + ["b"] * 3
    chosen = drawn(groups, 10, 0)
    assert chosen == drawn(groups, 10, 0)
    assert [groups[i] for i in chosen] == ["a"] * 10 + ["b"] * 3
    assert chosen != drawn(groups, 10, 1)


def test_more_songs_than_can_be_compared_are_drawn_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert songs_of([indexed()], "album", most=3).notes == (
        "at most 3 songs of a group are taken, drawn by lot: 9 of 12",
    )
    monkeypatch.setattr(songs_module, "MOST_SONGS", 10)
    assert len(songs_of([indexed()], "album").groups) == 9
    monkeypatch.setattr(songs_module, "MOST_SONGS", 4)
    found = songs_of([indexed()], "album")
    assert len(found.groups) == 4
    assert "and 2 of 3 groups" in found.notes[0]
