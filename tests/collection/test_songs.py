"""What a song is called."""

from audiolime_ext.collection.songs import Song


def test_a_song_is_called_by_what_is_known_of_it() -> None:
    assert Song("9f", "a.ogg", title="T", artist="A").name == "A – T"
    assert Song("9f", "a.ogg", title="T").name == "T"
    assert Song("9f", "a.ogg", artist="A").name == "a.ogg"
    assert Song("9f", "../../music/..a.ogg").name == "music/..a.ogg"
    assert Song("9f").name == "9f"


def test_a_place_is_a_path_below_the_index_or_a_key() -> None:
    assert Song("9f", "../../music/..a.ogg", title="T").place == "music/..a.ogg"
    assert Song("9f", title="T").place == "9f"
