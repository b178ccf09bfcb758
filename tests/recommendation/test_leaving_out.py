"""Songs that are not listed."""

from __future__ import annotations

import numpy as np

from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.leaving_out import left_out
from audiolime_ext.recommendation.queries import Query
from tests.recommendation.planted import collection

SONGS = (
    Song("0", artist="Sectoid", album="One"),
    Song("1", artist="  SECTOID ", album="Two"),
    Song("2", artist="Muldjord", album="one"),
    Song("3", album=None),
    Song("4", artist="Sectoid", album="One"),
)
INDEX = collection(np.eye(5), songs=SONGS)


def query(at: int) -> Query:
    return Query(SONGS[at].name, INDEX.vectors[at], at, SONGS[at])


def test_queries_are_never_listed() -> None:
    assert left_out(INDEX, [query(0), query(2)], []) == ({0, 2}, ())


def test_artists_and_albums_are_compared_without_case_and_spaces() -> None:
    assert left_out(INDEX, [query(0)], ["artist"]) == ({0, 1, 4}, ("2 songs of the same artist are not listed",))
    found, notes = left_out(INDEX, [query(0)], ["artist", "album"])
    assert found == {0, 1, 2, 4}
    assert notes[1] == "2 songs of the same album are not listed"


def test_a_missing_tag_is_like_no_other_and_is_told() -> None:
    told = "the artist of 3 is not known: songs of the same artist may be listed"
    assert left_out(INDEX, [query(3)], ["artist"]) == ({3}, (told,))
    assert left_out(INDEX, [Query("new", np.ones(5))], ["album"])[1][0].startswith("the album of new is not known")


def test_songs_of_several_artists_are_each_ones() -> None:
    songs = (Song("a", artist="A; B3"), Song("b", artist="A; B6"), Song("c", artist="C"), Song("d", artist="b3"))
    index = collection(np.eye(4, dtype=np.float32), songs=songs)
    excluded, _ = left_out(index, [Query("a", index.vectors[0], 0, songs[0])], ["artist"])
    assert excluded == {0, 1, 3}
