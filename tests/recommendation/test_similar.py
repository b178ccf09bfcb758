"""The whole way, on planted collections."""

from __future__ import annotations

import gc
import json
import re
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, similar, why
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import UsageError
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation import approximate
from audiolime_ext.recommendation.result import mostly
from tests.recommendation.planted import SPOTIFY, collection, crowded, document
from tests.recommendation.test_census import with_a_hub
from tests.recommendation.test_queries import MODEL, SR, tone

TABLE = """\
most similar to Wizkid;Skepta – Longtime (feat. Skepta), by similarity in the vectors of the catalogue
   song                                       similarity  mostly by
1  Voicemail;Delly Ranks;Bogle – Weh Di Time       0.650  danceability +0.35, speechiness +0.22
2  Popcaan;Drake – TWIST & TURN                   -0.050  danceability -0.48, energy -0.02

pair                                                      similarity  mostly by
Jayla Darden – Idea 686 and Linkin Park – What I've Done      -0.032  energy -0.20, instrumentalness -0.08

note: 6 songs are too few to tell which are near to everything (hubs), so no place is corrected for that"""


def test_the_group_of_a_song_is_nearest() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 30))
    index = collection(np.repeat(centres, 12, axis=0) + rng.normal(0, 0.2, (120, 30)) + 5.0)
    found = similar("song 37", index, k=11)
    assert {int(song.key.split()[1]) for song in found.songs} == set(range(36, 48)) - {37}
    assert found.ranked_by == "mutual proximity"
    assert [row.rank for row in found.rows] == list(range(1, 12))
    far = similar("song 37", index, k=11, weakest=True)
    assert not {song.key for song in far.songs} & {song.key for song in found.songs}
    assert far.rows[0].nearness <= far.rows[-1].nearness < found.rows[-1].nearness


def test_real_sound_finds_its_neighbour_and_never_itself(tmp_path: Path) -> None:
    songs, vectors = [], []
    for hz in (300, 320, 1500, 1550, 3500, 3450):
        path = Audio(tone(hz)[None], SR).write(tmp_path / f"{hz}.wav")
        songs.append(Song(sha256_of(path), path.name))
        vectors.append(song_vector(path, MODEL).mean)
    index = collection(vectors, folder=tmp_path, songs=tuple(songs), fingerprint=MODEL.fingerprint, model="bands")
    (tmp_path / "copy.wav").write_bytes((tmp_path / "1500.wav").read_bytes())
    for given in ("1500.wav", tmp_path / "1500.wav", tmp_path / "copy.wav"):
        found = similar(given, index, model=MODEL, k=10)
        assert found.songs[0].name == "1550.wav"
        assert "1500.wav" not in {song.name for song in found.songs}
        assert "only 5 songs can be listed" in found.notes
    assert similar((tone(3480), SR), index, model=MODEL, k=2).songs == (songs[4], songs[5])


def test_contributions_add_up_to_the_similarity() -> None:
    found = similar("Longtime (feat. Skepta)", document(), k=5)
    for row in found.rows:
        assert set(row.contributions) == set(SPOTIFY)
        assert sum(row.contributions.values()) == pytest.approx(row.similarity, abs=1e-9)
    raw = similar("Longtime (feat. Skepta)", document(), k=5, space="plain")
    assert raw.songs[0].title == "Weh Di Time"
    assert min(row.similarity for row in raw.rows) > 0.9999
    assert all(row.contributions["tempo"] > 0.9998 for row in raw.rows)


def test_contributions_to_a_taste_add_up_to_its_log_odds_less_the_intercept() -> None:
    index = collection(crowded(100, 7), labels=SPOTIFY)
    found = similar([], index, like=["song 1", "song 2"], dislike=["song 3"], k=5)
    odds = [np.log(row.nearness / (1 - row.nearness)) - sum(row.contributions.values()) for row in found.rows]
    assert odds == pytest.approx([odds[0]] * 5)
    assert found.ranked_by == "relevance"


def test_a_taste_finds_what_is_liked_and_not_what_is_disliked() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 20))
    index = collection(np.repeat(centres, 25, axis=0) + rng.normal(0, 0.3, (100, 20)))
    found = similar([], index, like=["song 0", "song 30"], dislike=["song 60", "song 99"], k=48)
    assert {int(song.key.split()[1]) // 25 for song in found.songs} == {0, 1}
    assert not {"song 0", "song 30", "song 60", "song 99"} & {song.name for song in found.songs}
    one_more = similar("song 0", index, like="song 30", dislike=["song 60", "song 99"], k=48)
    assert one_more.songs == found.songs
    assert "stand for those that are not liked" in similar([], index, like="song 0").notes[0]


def test_several_songs_are_a_profile() -> None:
    vectors = np.concatenate([np.eye(4), [[1, 1, 0, 0.05]], -np.eye(4)])
    found = similar(["song 0", "song 1"], collection(vectors), k=1)
    assert (found.songs[0].name, found.queries) == ("song 4", ("song 0", "song 1"))


def test_pairs_are_told_by_themselves_or_beside_a_list() -> None:
    index = collection(crowded())
    alone = similar([], index, pairs=[("song 3", "song 8"), ("song 8", "song 3"), ("song 3", "song 3")])
    assert alone.rows == ()
    there, back, same = alone.pairs
    assert there.similarity == back.similarity
    assert there.nearness == pytest.approx(back.nearness)
    assert same.similarity == pytest.approx(1.0)
    row = next(row for row in similar("song 3", index, k=300).rows if row.song.name == "song 8")
    assert (there.similarity, there.nearness) == pytest.approx((row.similarity, row.nearness), abs=1e-5)
    assert "song 3 and song 8" in str(alone)
    assert not str(alone).startswith("most similar")


def test_pairs_may_be_corrected_by_local_scaling_too() -> None:
    index = collection(crowded())
    (pair,) = similar([], index, pairs=[("song 3", "song 8")], hubs="local scaling").pairs
    row = next(row for row in similar("song 3", index, k=300, hubs="local scaling").rows if row.song.name == "song 8")
    assert pair.nearness == pytest.approx(row.nearness, abs=1e-5)


def test_hubs_are_corrected_unless_not_wanted_and_named() -> None:
    vectors = with_a_hub()
    index = collection(vectors)
    name = f"song {np.flatnonzero(vectors[:, 0] > 0)[1]}"
    plain = similar(name, index, hubs=None)
    assert plain.ranked_by == "similarity"
    assert any(note.startswith("song 0 (listed) is a hub: ") for note in plain.notes)
    about = similar("song 0", index, hubs=None)
    assert any(note.startswith("song 0 (the query) is a hub: ") for note in about.notes)
    assert not any("(listed) is a hub" in note for note in similar(name, index).notes)
    with pytest.raises(UsageError, match="unknown correction for hubs 'all'"):
        similar("song 9", index, hubs="all")  # type: ignore[arg-type]


def test_with_few_songs_hubs_are_not_corrected_and_that_is_said() -> None:
    found = similar("song 0", collection(crowded(29, 5)))
    assert found.ranked_by == "similarity"
    assert found.notes == (
        "29 songs are too few to tell which are near to everything (hubs), so no place is corrected for that",
    )


def test_the_same_vector_in_another_file_is_told() -> None:
    vectors = crowded(50, 8)
    vectors[7] = vectors[3]
    found = similar("song 3", collection(vectors))
    assert found.songs[0].name == "song 7"
    assert "as near as can be: song 7; it may be the same recording in another file" in found.notes


def test_other_artists_only() -> None:
    songs = tuple(Song(str(n), f"{n}.ogg", artist=f"A{n // 10}") for n in range(100))
    found = similar("4.ogg", collection(crowded(100, 8), songs=songs), other_artists=True, k=100)
    assert {song.artist for song in found.songs} == {f"A{n}" for n in range(1, 10)}
    assert "9 songs of the same artist are not listed" in found.notes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"k": 0}, "k is 0; give the number of songs to list"),
        ({"songs": []}, "nothing is asked for"),
        ({"songs": [], "dislike": "song 1", "pairs": [("song 1", "song 2")]}, "nothing is asked for"),
        ({"dislike": "song 1"}, "'song 1' is both liked and disliked; give it once"),
        ({"songs": np.ones(4)}, "they are of another model"),
        ({"songs": np.full(8, np.nan)}, "the vector holds NaN or infinity"),
        ({"songs": "song 999"}, "did you mean 'song 9"),
        ({"space": "cosine"}, "unknown space 'cosine'"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        similar(**{"songs": "song 1", "index": collection(crowded(50, 8)), **options})  # type: ignore[arg-type]


def test_an_empty_index_and_one_without_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="the index holds no songs"):
        similar(np.ones(3), collection(np.zeros((0, 3))))
    with pytest.raises(UsageError, match="the index holds 2 songs, none of which can be compared"):
        similar("song 1", collection(np.full((2, 3), np.nan)))


def test_an_index_of_one_song_lists_it_for_others_and_nothing_for_itself() -> None:
    one = collection(crowded(1, 3))
    assert similar("song 0", one).rows == ()
    assert "no song can be listed" in similar("song 0", one).notes
    assert similar(np.ones(3), one).songs == one.songs


def test_a_song_whose_vector_is_not_finite_is_no_query_and_no_answer() -> None:
    vectors = crowded(50, 8)
    vectors[4] = np.nan
    index = collection(vectors)
    with pytest.raises(UsageError, match="song 4 holds NaN"):
        similar("song 4", index)
    assert "song 4" not in {song.name for song in similar("song 1", index, k=50).songs}


@pytest.mark.parametrize("approximately", [False, True])
def test_an_index_that_is_no_longer_used_is_forgotten(approximately: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if approximately:
        monkeypatch.setattr(approximate, "MOST_EXACT", 100)
    index = collection(crowded())
    similar(["song 1", "song 2"], index, other_artists=True, pairs=[("song 1", "song 3")])
    gone = weakref.ref(index)
    del index
    gc.collect()
    assert gone() is None


def test_nothing_that_was_given_is_changed() -> None:
    index = collection(crowded(100, 8))
    before = index.vectors.copy()
    similar("song 1", index, weakest=True, hubs=None)
    similar("song 1", index)
    assert (index.vectors == before).all()


def test_the_result_is_a_table_html_json_and_a_playlist(tmp_path: Path) -> None:
    index = document()
    found = similar("Longtime (feat. Skepta)", index, k=2, pairs=[("Idea 686", "What I've Done")])
    assert str(found) == TABLE
    assert "<td>Popcaan;Drake – TWIST &amp; TURN</td><td>-0.050</td>" in found._repr_html_()
    assert "<p>6 songs are too few" in found._repr_html_()
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["rows"][0]["title"] == "Weh Di Time"
    assert set(told["rows"][0]["contributions"]) == set(SPOTIFY)
    assert told["pairs"][0]["names"] == ["Jayla Darden – Idea 686", "Linkin Park – What I've Done"]
    path = found.write_m3u8(tmp_path / "list.m3u8")
    assert path.read_text(encoding="utf-8").splitlines()[:2] == [
        "#EXTM3U",
        "#EXTINF:-1,Voicemail;Delly Ranks;Bogle – Weh Di Time",
    ]


def test_a_song_that_is_given_twice_counts_once_and_odd_numbers_are_refused() -> None:
    index = document()
    song = index.songs[0]
    once, twice = similar(song, index), similar([song, song, song.name], index)
    assert (once.queries, [row.similarity for row in once.rows]) == (
        twice.queries,
        [row.similarity for row in twice.rows],
    )
    for k in (2.5, "2", True, 0):
        with pytest.raises(UsageError, match="a whole number from 1 on"):
            similar(song, index, k=k)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a song has no name"):
        similar("", index)


def test_what_is_mostly_the_cause_has_the_sign_of_the_whole() -> None:
    found = similar(document().songs[0], document(), k=5)
    for row in found.rows:
        named = [part.rpartition(" ")[2] for part in mostly(row.contributions).split(", ")]
        assert {text[0] for text in named} == {"+" if row.similarity >= 0 else "-"}


def test_of_a_taste_it_is_said_what_contributions_add_up_to() -> None:
    index = document()
    found = similar([], index, like=[index.songs[0], index.songs[1]], dislike=[index.songs[3]], k=2)
    (told,) = (note for note in found.notes if note.startswith("contributions are parts of the relevance's log-odds"))
    intercept = float(re.findall(r"[+-]\d+\.\d+", told)[0])
    for row in found.rows:
        odds = np.log(row.nearness / (1 - row.nearness))
        assert sum(row.contributions.values()) + intercept == pytest.approx(odds, abs=0.006)


def test_songs_of_one_name_are_told_apart_wherever_they_are_named() -> None:
    vectors = with_a_hub()
    other = int(np.flatnonzero(vectors[:, 0] > 0)[1])
    songs = [
        Song(f"key {n}", f"../lib/{n}.ogg", title="Reel" if n in (0, 5) else f"song {n}") for n in range(len(vectors))
    ]
    index = collection(vectors, songs=tuple(songs))
    found = similar(f"song {other}", index, hubs=None)
    assert any(note.startswith("Reel (lib/0.ogg) (listed) is a hub: ") for note in found.notes)
    assert "Reel (lib/0.ogg)" in {row.name for row in found.rows}
    assert similar("lib/0.ogg", index, k=1, pairs=[("lib/0.ogg", "lib/5.ogg")]).queries == ("Reel (lib/0.ogg)",)
    assert "Reel (lib/0.ogg) and Reel (lib/5.ogg)" in str(similar([], index, pairs=[("lib/0.ogg", "lib/5.ogg")]))


@pytest.mark.parametrize(
    "pairs", [5, "ab", ["ab"], [5], [("song 1",)], [("song 1", "song 2", "song 3")], ("song 1", "x")]
)
def test_what_is_no_pair_is_told(pairs: Any) -> None:
    with pytest.raises(
        UsageError, match=r"pairs holds .*; give two songs for each pair: pairs=\[\('a.ogg', 'b.ogg'\)\]"
    ):
        similar("song 0", collection(crowded()), pairs=pairs)


@pytest.mark.parametrize("seed", [-1, 0.5, "x", None, True])
def test_what_is_no_seed_is_told(seed: Any) -> None:
    index = collection(crowded())
    for ask in (lambda: similar([], index, like="song 0", seed=seed), lambda: why("song 0", "song 1", seed=seed)):
        with pytest.raises(UsageError, match=r"seed is .*; give a whole number from 0 on"):
            ask()


def test_a_list_is_a_table_of_pandas_too() -> None:
    pytest.importorskip("pandas")
    found = similar("Longtime (feat. Skepta)", document(), k=3)
    table = found.to_dataframe()
    assert list(table["name"]) == [row.name for row in found.rows]
    assert list(table["similarity"]) == [row.similarity for row in found.rows]
    parts = table[[f"by {output}" for output in SPOTIFY]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(table["similarity"].to_numpy())
