"""Playlists, asked for as users do: what is kept, what is told, and what is refused in words."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import playlist
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.progress import Progress
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.m3u import Gap
from audiolime_ext.recommendation.playlists.result import ENDS, Playlist
from tests.recommendation.planted import collection, crowded, document


@pytest.fixture(scope="module")
def songs() -> Index:
    """Sixty songs of a dozen artists, with a year, a length, and a file; the artist of two is not known."""
    rows = tuple(
        Song(
            f"key {n}",
            f"music/{n}.ogg",
            title=f"song {n}",
            artist=None if n in (3, 4) else f"A{n % 12}",
            year=1960 + n,
            duration_s=150.0 + n,
        )
        for n in range(60)
    )
    return collection(crowded(60, 12), songs=rows, folder="/music/all.index")


@pytest.fixture(scope="module")
def arranged(songs: Index) -> Playlist:
    return playlist(songs, n=60)


def titles(found: Playlist) -> list[str | None]:
    return [song.title for song in found.songs]


def test_all_songs_in_order_are_each_there_once_and_near_to_the_next(arranged: Playlist) -> None:
    assert sorted(map(str, titles(arranged))) == sorted(f"song {n}" for n in range(60))
    assert arranged.total < arranged.greedy.total
    assert arranged.total == pytest.approx(sum(1 - one.similarity for one in arranged.transitions))
    first, last = arranged.nearness[:ENDS], arranged.nearness[-ENDS:]
    assert sum(last) / ENDS > sum(arranged.greedy.nearness[-ENDS:]) / ENDS
    assert "where the nearest song that is left is always taken (the best of 60 first songs" in str(arranged)
    assert f"of the first 10 transitions {sum(first) / ENDS:.3f}, of the last 10 {sum(last) / ENDS:.3f}" in str(
        arranged
    )


def test_a_list_with_a_rule_is_compared_with_a_simple_one_that_keeps_it_too(songs: Index) -> None:
    found = playlist(songs, n=30, artist_gap=3)
    artist = {name: song.artist for name, song in zip(names_in(songs), songs.songs, strict=True)}
    told = [artist[name] for name in found.greedy.names]
    clashes = sum(a == b for lag in (1, 2) for a, b in zip(told, told[lag:], strict=False))
    assert found.greedy.n_broken == clashes
    assert ("rules are broken" in str(found)) == (clashes > 0)


def test_what_is_weak_is_a_rule_and_where_a_list_gets_poor_is_said(arranged: Playlist, songs: Index) -> None:
    limit = arranged.weak_below
    assert limit is not None
    assert all(one.weak == (one.pair.nearness < limit) for one in arranged.transitions)
    outlier = np.concatenate([songs.vectors, 20 + np.eye(12, dtype=np.float32)[:2] * [[200.0], [-200.0]]])
    odd = (Song("x", title="odd"), Song("y", title="odder"))
    found = playlist(replace(songs, songs=(*songs.songs, *odd), vectors=outlier.astype(np.float32)), n=62)
    weak = [one for one in found.transitions if one.weak]
    assert weak
    assert any("no song that was left is near enough" in note for note in found.notes)
    left = f"with {62 - found.holds} songs left out, the other {found.holds}, in this order, have no weak transition"
    assert left in found.notes
    runs = "".join("w" if one.weak else "." for one in found.transitions).split("w")
    assert 1 + max(map(len, runs)) <= found.holds < 62


def test_a_reason_for_each_transition_is_its_rank_or_what_outputs_add() -> None:
    found = playlist(document(), n=6)
    assert all(", by " in one.reason and one.reason.startswith("the ") for one in found.transitions)
    assert all(sum(one.pair.contributions.values()) == pytest.approx(one.similarity) for one in found.transitions)
    unnamed = playlist(replace(document(), labels=None), n=6)
    assert {one.reason.partition(" nearest of ")[2] or one.reason for one in unnamed.transitions} <= {
        "5",
        "the nearest of 5",
    }


def test_a_reason_by_pairs_of_stems_where_the_index_has_stems(songs: Index) -> None:
    parts = np.stack([np.zeros((60, 12), np.float32), songs.vectors, crowded(60, 12, seed=1)], axis=1)
    split = replace(songs, vectors=parts.sum(axis=1), stems=StemVectors("hpss", "f", ("harmonic", "drums"), parts))
    found = playlist(split, n=5)
    assert all(one.pair.matrix is not None for one in found.transitions)
    assert any("harmonic" in one.reason or "drums" in one.reason for one in found.transitions)


def test_rules_and_fixed_songs_are_kept(songs: Index) -> None:
    asked: dict[str, Any] = {"per_artist": 2, "artist_gap": 4, "exclude": ["song 5"]}
    found = playlist(songs, n=15, start="song 1", end="song 2", fixed={8: "song 3"}, **asked)
    at = titles(found)
    assert (at[0], at[14], at[7]) == ("song 1", "song 2", "song 3")
    assert found.fixed == (1, 8, 15)
    assert "song 5" not in at
    artists = [song.artist for song in found.songs if song.artist]
    assert max(artists.count(artist) for artist in artists) <= 2
    places = {artist: [n for n, song in enumerate(found.songs) if song.artist == artist] for artist in artists}
    assert all(b - a >= 4 for some in places.values() for a, b in pairwise(some))
    assert any("is not known: each counts as one of an artist of its own" in note for note in found.notes)
    assert found.names == playlist(songs, n=15, start="song 1", end="song 2", fixed={8: "song 3"}, **asked).names


def test_a_curve_is_followed(songs: Index) -> None:
    found = playlist(songs, n=12, curve="rising", column="year", curve_weight=20.0)
    ranks = [rank for rank in found.ranks if rank is not None]
    assert ranks == sorted(ranks)
    assert max(abs(rank - wanted) for rank, wanted in zip(ranks, found.wanted, strict=True)) < 0.15
    assert "along a curve of year" in str(found)
    loose = playlist(songs, n=12, curve="rising", column="year", curve_weight=0.1)
    assert loose.total < found.total


def test_a_song_without_a_number_is_left_out_where_there_is_a_choice_and_stands_anywhere_else(songs: Index) -> None:
    lacking = replace(songs, songs=(replace(songs.songs[0], year=None), *songs.songs[1:]))
    chosen = playlist(lacking, n=5, curve="peak", column="year")
    assert "1 song is left out, of which year is not known" in chosen.notes
    some = [f"song {n}" for n in range(5)]
    ordered = playlist(lacking, songs=some, curve="peak", column="year")
    assert "of 1 song in the list year is not known: each may stand anywhere, as far as the curve goes" in ordered.notes
    assert sorted(map(str, titles(ordered))) == some
    assert None in ordered.ranks
    assert "?" in str(ordered)


def test_minutes_are_met_to_half_a_song(songs: Index) -> None:
    found = playlist(songs, minutes=30)
    assert found.duration_s == pytest.approx(1800, abs=100)
    assert any(note.endswith("minutes, where 30 were wanted") for note in found.notes)


def test_gaps_are_filled_and_songs_stay_in_order(songs: Index) -> None:
    found = playlist(songs, fill=["song 1", Gap(songs=2), "song 2", Gap(minutes=9), "song 7", Gap()], gap_minutes=3)
    at = titles(found)
    assert (at[0], at[3], len(at)) == ("song 1", "song 2", 3 + 2 + 3 + 1)
    assert at[7] == "song 7"
    assert found.fixed == (1, 4, 8)


def test_without_gaps_new_songs_come_where_the_list_is_weakest(songs: Index) -> None:
    some = ["song 1", "song 2", "song 7"]
    before = playlist(songs, fill=some, n=3)
    assert titles(before) == some
    found = playlist(songs, fill=some, n=4)
    weakest = min(before.transitions, key=lambda one: one.similarity)
    assert [title for title in titles(found) if title in some] == some
    assert titles(found)[weakest.place] not in some


def test_a_list_is_put_in_order_and_what_is_not_in_the_index_is_said(songs: Index, tmp_path: Path) -> None:
    listed = tmp_path / "set.m3u8"
    paths = [f"/music/all.index/music/{n}.ogg" for n in (4, 9, 1, 9)]
    listed.write_bytes(b"\xef\xbb\xbf#EXTM3U\r\n" + "\r\n".join([*paths, "gone.ogg"]).encode())
    found = playlist(songs, songs=listed)
    assert sorted(map(str, titles(found))) == ["song 1", "song 4", "song 9"]
    assert "1 song is left out, not in the index: gone.ogg" in found.notes
    assert "named twice in the list, and once in the playlist: A9 – song 9" in found.notes
    assert len(playlist(songs, songs=listed, n=2).songs) == 2


def test_the_list_as_a_table_a_file_and_a_dictionary(arranged: Playlist, tmp_path: Path) -> None:
    told = arranged.to_dict()
    assert [row["place"] for row in told["rows"]] == list(range(1, 61))
    assert told["transitions"][0]["reason"] == arranged.transitions[0].reason
    table = arranged.to_dataframe()
    assert len(table) == 60
    assert math.isnan(table["similarity"][0])
    written = arranged.write_m3u8(tmp_path / "list.m3u8").read_text(encoding="utf-8").splitlines()
    assert len(written) == 121
    assert written[2].endswith(f"/music/all.index/{arranged.songs[0].path}")
    assert arranged._repr_html_().count("<tr>") == 61


def test_a_list_is_read_through_links_in_other_forms_and_as_other_players_write_it(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "music")
    names = ["a b.ogg", " lead.ogg", "100%25.ogg", "Beyonce\u0301.ogg", "sub/c.ogg"]
    songs = tuple(Song(f"key {n}", f"../music/{name}", title=f"song {n}") for n, name in enumerate(names))
    index = collection(np.random.default_rng(0).normal(size=(5, 3)), songs=songs, folder=tmp_path / "all.index")
    listed = tmp_path / "music" / "list.m3u8"
    lines = ["a%20b.ogg", " lead.ogg", "100%25.ogg", "Beyonc\u00e9.ogg", "sub\\c.ogg"]
    listed.write_text("\r\n".join(lines), encoding="utf-8")
    for path in (listed, tmp_path / "link" / "list.m3u8"):
        found = playlist(index, songs=path)
        assert (len(found.songs), found.notes) == (5, ())
    listed.write_text(f"{tmp_path}/link/a b.ogg\n../link/sub/c.ogg", encoding="utf-8")
    assert sorted(map(str, titles(playlist(index, songs=listed)))) == ["song 0", "song 4"]


def test_a_song_of_a_catalogue_is_named_by_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(Song(f"big/{n}.mp3", title=f"song {n}") for n in range(4))
    index = collection(np.random.default_rng(0).normal(size=(4, 3)), songs=rows)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.m3u8").write_text("big/1.mp3\n../big/2.mp3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert sorted(map(str, titles(playlist(index, songs="lists/a.m3u8")))) == ["song 1", "song 2"]


def test_a_line_that_seems_to_be_a_gap_is_refused_only_where_gaps_are_filled(songs: Index, tmp_path: Path) -> None:
    listed = tmp_path / "set.m3u8"
    paths = [f"/music/all.index/music/{n}.ogg" for n in (4, 9)]
    listed.write_text("\n".join(["# Gap Band, Outstanding", paths[0], "# gap three", paths[1]]), encoding="utf-8")
    assert len(playlist(songs, songs=listed).songs) == 2
    with pytest.raises(UsageError, match=r"line 3 of set.m3u8 has a gap of 'three'; write how many songs"):
        playlist(songs, fill=listed)


def test_of_few_songs_what_is_weak_is_told_by_the_index_and_of_very_few_it_is_not(songs: Index) -> None:
    opposed = replace(songs, vectors=np.concatenate([np.eye(12)[:1], -np.eye(12)[:1], songs.vectors[2:]]))
    two = playlist(opposed, songs=["song 0", "song 1"], space="plain")
    assert two.nearness == pytest.approx([-1])
    assert (len(two.weak), two.weak_of) == (1, "the index")
    assert two.weak_below == playlist(opposed, n=2, space="plain").weak_below
    assert "which one pair of songs in ten reaches in the index" in str(two)
    assert playlist(songs, songs=[f"song {n}" for n in range(40)]).weak_of == "the list"
    assert playlist(songs, n=5, exclude="song 1").weak_of == "what is left of the index"
    few = playlist(replace(songs, songs=songs.songs[:9], vectors=songs.vectors[:9]), n=9)
    assert (few.weak, few.weak_below, few.holds) == ((), None, 9)
    assert "which transitions are weak cannot be told: the index has too few songs for that" in str(few)


def test_where_no_two_songs_go_together_no_number_is_said(songs: Index) -> None:
    found = playlist(songs, songs=["song 0", "song 1"])
    if not found.weak:  # planted: the two are of different groups
        raise AssertionError
    assert found.holds == 1
    assert "whichever songs are left out, no two that then follow each other are near enough" in found.notes


def test_songs_of_one_vector_are_both_in_the_list_if_both_were_named(songs: Index) -> None:
    twice = replace(songs, vectors=np.concatenate([songs.vectors[:1], songs.vectors[:-1]]))
    found = playlist(twice, n=4, fixed={1: "song 0", 3: "song 1"})
    assert (titles(found)[0], titles(found)[2]) == ("song 0", "song 1")
    told = "in the list as each was named, though the vectors are the very same: A0 – song 0 and A1 – song 1"
    assert told in found.notes


def test_a_refusal_says_why_songs_cannot_be_used(songs: Index, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "path,mood\n" + "".join(f"/music/all.index/music/{n}.ogg,{n}\n" for n in range(2, 12)), encoding="utf-8"
    )
    broken = songs.vectors.copy()
    broken[7], broken[8] = np.nan, broken[9]
    odd = replace(songs, vectors=broken)
    with pytest.raises(UsageError) as caught:
        playlist(odd, n=9, curve="rising", column="mood", table=table, exclude="song 2")
    assert str(caught.value) == (
        "9 songs are wanted, and what is left of the index has 7 songs (of 60 songs of the index 1 is excluded, 1 is "
        "not to be compared, 50 are without a known mood, 1 is with the very vector of another one); ask for fewer"
    )
    others = [song for song in songs.songs if song.artist != "A1"]
    with pytest.raises(UsageError, match=r"need 2 artists; what is left of the index has 1, which give 1 song"):
        playlist(songs, n=2, per_artist=1, exclude=others)
    with pytest.raises(UsageError, match="no song is left to choose from: of 60 songs of the index 60 are excluded"):
        playlist(songs, n=2, exclude=list(songs.songs))


def test_artists_are_the_same_in_both_forms_of_their_accents() -> None:
    rows = tuple(Song(str(n), artist=name) for n, name in enumerate(["Beyonc\u00e9", "BEYONCE\u0301", "Bach", "Biber"]))
    index = collection(np.random.default_rng(0).normal(size=(4, 3)), songs=rows)
    with pytest.raises(UsageError, match="need 4 artists; the index has 3"):
        playlist(index, n=4, per_artist=1)


def test_where_outputs_have_names_they_are_the_reason_and_pairs_of_stems_are_in_the_json(songs: Index) -> None:
    parts = np.stack([np.zeros((60, 12), np.float32), songs.vectors, crowded(60, 12, seed=1)], axis=1)
    labels = tuple(f"output {n}" for n in range(12))
    stems = StemVectors("hpss", "f", ("harmonic", "drums"), parts)
    split = replace(songs, vectors=parts.sum(axis=1), stems=stems, labels=labels)
    found = playlist(split, n=5)
    for one in found.transitions:
        assert "by output" in one.reason
        assert "harmonic" not in one.reason
    assert not any(note.startswith("mostly by: ") for note in found.notes)
    assert "matrix" in found.to_dict()["transitions"][0]


def test_one_song_and_songs_that_are_the_same(songs: Index) -> None:
    one = playlist(songs, songs=["song 3"])
    assert titles(one) == ["song 3"]
    assert one.transitions == ()
    twice = replace(songs, vectors=np.concatenate([songs.vectors[:1], songs.vectors[:-1]]))
    assert any("has the very same vector" in note for note in playlist(twice, n=5).notes)
    both = playlist(twice, songs=["song 0", "song 1", "song 2"])
    assert any(note.startswith("as near as can be: ") for note in both.notes)


def test_hubs_can_be_corrected_for(songs: Index) -> None:
    found = playlist(songs, n=10, hubs="mutual proximity")
    assert found.measured_by == "mutual proximity"
    assert all(0 <= near <= 1 for near in found.nearness)
    assert "mutual proximity" in str(found)


def test_progress_is_told_and_an_error_of_it_ends_the_work(songs: Index) -> None:
    told: list[Progress] = []
    playlist(songs, n=10, progress=told.append)
    assert {one.stage for one in told} == {"looking for an order", "improving it"}

    def stop(at: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        playlist(songs, n=10, progress=stop)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "how long is it to be"),
        ({"n": 0}, "n is 0"),
        ({"n": True}, "n is True"),
        ({"n": 61}, "61 songs are wanted, and the index has 60 songs"),
        ({"n": 3, "minutes": 5}, "give one of the two"),
        ({"minutes": -1}, "minutes are -1"),
        ({"n": 3, "start": "nobody"}, "no song of the index called 'nobody'"),
        ({"n": 3, "start": 7}, "the first song is given as int"),
        ({"n": 3, "start": "song 1", "end": "song 1"}, "to be at places 1 and 3"),
        ({"n": 1, "start": "song 1", "end": "song 2"}, "two songs are to be at place 1"),
        ({"n": 3, "start": "song 1", "fixed": {1: "song 2"}}, "two songs are to be at place 1"),
        ({"n": 3, "fixed": {4: "song 2"}}, "is to be at place 4 of 3"),
        ({"n": 3, "fixed": {0: "song 2"}}, "places are whole numbers from 1 on"),
        ({"n": 3, "start": "song 1", "exclude": "song 1"}, "has a place in the list, and is excluded"),
        ({"songs": []}, "the list of songs is empty"),
        ({"songs": ["song 1", "song 1"]}, "is named twice"),
        ({"songs": ["song 1", "song 2"], "end": "song 3"}, "is not in the list of songs"),
        ({"songs": ["song 1", "song 2"], "exclude": ["song 1"]}, "to be put in order, and excluded"),
        ({"n": 30, "per_artist": 1}, "30 songs by at most 1 per artist need 30 artists"),
        ({"n": 3, "per_artist": 0}, "per_artist is 0"),
        ({"n": 3, "curve": "upwards", "column": "year"}, "the curve 'upwards' is none"),
        ({"n": 3, "curve": "rising"}, "a curve is given, but not what it is of"),
        ({"n": 3, "curve": "rising", "column": "title"}, "title is text, and a curve needs what is a number for each"),
        ({"n": 3, "curve": "rising", "column": "mood"}, "mood"),
        ({"n": 3, "column": "year"}, "no curve that it should follow"),
        ({"n": 3, "curve": "rising", "column": "year", "curve_weight": 0}, "the weight of a curve is 0"),
        ({"n": 3, "curve_weight": 2.0}, "the weight of a curve is given, and no curve"),
        ({"n": 3, "seed": -1}, "seed is -1"),
        ({"n": 3, "gap_minutes": 3}, "gap minutes are for a list whose gaps are filled"),
        ({"fill": ["song 1", "song 2"]}, "the list has no gap"),
        ({"fill": ["song 1", Gap()]}, "a gap does not say how long it is"),
        ({"fill": ["song 1", Gap(2)], "n": 5}, "leave n out"),
        ({"fill": ["song 1", Gap(2)], "start": "song 2"}, "leave out start"),
        ({"fill": ["song 1", "song 2"], "n": 1}, "the list has 2 songs, and n is 1; give a larger n"),
        ({"fill": [Gap(2)]}, "the list to fill is empty"),
        ({"n": 2, "fixed": ["song 1"]}, "fixed is given as list; give a mapping of places to songs"),
        ({"n": 2, "curve": "rising", "column": 3}, "the column is given as int"),
        ({"fill": 5, "n": 3}, "the list to fill is given as int"),
        ({"songs": {"song 1": 1}}, "the list of songs is given as dict"),
        ({"n": 2, "exclude": 5}, "a song to exclude is given as int"),
        ({"fill": ["song 1", Gap()], "gap_minutes": "7"}, "minutes are '7'"),
        ({"n": 2, "hubs": 3}, "unknown correction for hubs"),
        ({"n": 2, "space": 3}, "unknown"),
    ],
)
def test_what_cannot_be_is_refused_in_words(songs: Index, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        playlist(songs, **asked)
    assert told in str(caught.value)


@pytest.mark.parametrize("odd", [5, None, ["a.index"]])
def test_what_is_no_index_is_refused(odd: Any) -> None:
    with pytest.raises(UsageError, match=r"the index is given as \w+; give an Index, or the path of one"):
        playlist(odd, n=3)


def test_songs_that_cannot_be_compared(songs: Index) -> None:
    broken = songs.vectors.copy()
    broken[7] = np.nan
    lost = replace(songs, vectors=broken)
    assert "1 song cannot be compared: the vector is not finite, or has no direction" in playlist(lost, n=59).notes
    with pytest.raises(UsageError, match=r"song 7' cannot be compared"):
        playlist(lost, songs=["song 7", "song 1"])
    with pytest.raises(UsageError, match="the index holds no songs"):
        playlist(replace(songs, songs=(), vectors=broken[:0]), n=1)
