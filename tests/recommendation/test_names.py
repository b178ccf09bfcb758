"""Which song a name means, and what is said of a name that means none."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.names import names_in, position_of, told_apart
from tests.recommendation.planted import collection

SONGS = (
    *(Song(str(hz), f"{hz}.wav", title=f"Tone {hz}", artist="Sine") for hz in (300, 1500, 3500)),
    Song("in", "../music/first song.ogg", title="1500.wav"),
)
INDEX = collection(np.eye(4), songs=SONGS)


@pytest.mark.parametrize(
    ("given", "position"),
    [
        ("300.wav", 0),
        ("tone 300", 0),
        ("SINE - tone 1500", 1),
        ("1500", 1),
        ("../music/first song.ogg", 3),
        ("first song.ogg", 3),
        ("First Song", 3),
        ("in", 3),
    ],
)
def test_a_path_a_name_a_title_a_file_or_a_key_means_a_song(given: str, position: int) -> None:
    assert position_of(INDEX, given) == position


def test_a_title_comes_before_the_name_of_a_file() -> None:
    songs = (Song("a", "intro.ogg"), Song("b", "b.ogg", title="Intro"))
    assert position_of(collection(np.eye(2), songs=songs), "intro") == 1


def test_a_file_that_is_called_as_another_is_not_guessed() -> None:
    songs = tuple(Song(key, f"{key}/intro.ogg") for key in "ab")
    with pytest.raises(UsageError, match=r"2 songs are called 'Intro'; name one by its path: a/intro.ogg, b/intro"):
        position_of(collection(np.eye(2), songs=songs), "Intro")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no song of the index called 'tone 150'; did you mean 'Sine – Tone 1500'"):
        position_of(INDEX, "tone 150")
    with pytest.raises(UsageError, match="'xyz'; name a file, or a song by its path or name"):
        position_of(INDEX, "xyz")


def test_a_name_of_several_songs_is_not_guessed() -> None:
    songs = tuple(Song(key, f"{key}.ogg", title="Intro") for key in "abcd")
    with pytest.raises(UsageError, match=r"4 songs are called 'intro'; name one by its path: a\.ogg, b\.ogg"):
        position_of(collection(np.eye(4), songs=songs), "intro")


def test_songs_of_one_name_are_told_apart_and_what_is_shown_is_understood() -> None:
    songs = (
        *(Song(key, f"../lib/{key}.ogg", title="Mime", artist="M") for key in "ab"),
        Song("c", "../lib/c.ogg", title="Jig"),
        Song("d", "../x/d.ogg"),
        Song("e", "x/d.ogg"),  # reads as the one before without its ..
    )
    index = collection(np.eye(5), songs=songs)
    names = ["M – Mime (lib/a.ogg)", "M – Mime (lib/b.ogg)", "Jig", "../x/d.ogg", "x/d.ogg"]
    assert names_in(index) == told_apart(songs) == names
    assert [position_of(index, name) for name in names] == [0, 1, 2, 3, 4]
    assert position_of(index, "lib/c.ogg") == 2
    with pytest.raises(UsageError, match=r"2 songs are called 'Mime'; name one by its path: lib/a.ogg, lib/b.ogg$"):
        position_of(index, "Mime")
