"""Tables of features: Spotify's, and those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.feature_table import FeatureTable, load_features

HEAD = ",track_id,artists,album_name,track_name,danceability,energy,tempo,track_genre\n"


def load(folder: Path, text: str, **options: object) -> FeatureTable:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return load_features(path, **options)  # type: ignore[arg-type]


def test_the_published_table_of_spotifys_songs_is_read(tmp_path: Path) -> None:
    """Its header, with a column that has no name."""
    table = load(tmp_path, HEAD + '0,5SuO,Gen Hoshino,Comedy,"Comedy, again",0.676,0.461,87.917,acoustic\n')
    assert table.names == ("danceability", "energy", "tempo")
    (row,) = table.rows
    assert (row.title, row.artist, row.values) == ("Comedy, again", "Gen Hoshino", (0.676, 0.461, 87.917))
    assert "ignored unknown columns: '', 'track_id', 'album_name', 'track_genre'" in table.notes[0]


def test_lines_that_lack_something_are_left_out_and_counted(tmp_path: Path) -> None:
    table = load(tmp_path, "title,artist,tempo\nA,B,\nA,,120\n,B,120\nA,B,nan\nA,B,120\n")
    assert [row.line for row in table.rows] == [6]
    assert table.notes == ("4 lines lack a title, an artist or a number, and are left out",)


def test_other_features_and_columns_can_be_named(tmp_path: Path) -> None:
    table = load(
        tmp_path, "Song;artist;Brightness\nA;B;0.5\n", features=["Brightness"], columns={"title": "Song"}
    )
    assert (table.names, table.rows[0].values) == (("brightness",), (0.5,))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title,artist,tempo\nA,B,fast\nC,D,inf\n", r"2 problems:\n  line 2: tempo 'fast'; write a number"),
        ("title,artist,mood\nA,B,1\n", "no column is a feature; known are danceability"),
        ("title,tempo\nA,1\n", "no column 'artist'"),
        ("title,artist,tempo\nA,B,\n", "holds no line with a title, an artist and numbers"),
        ("title,artist,tempo\n", "holds no line with a title"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load(tmp_path, text)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        load_features(tmp_path / "none.csv")
