"""The study of playlists on real songs: its tables, on planted ones; and the numbers that are committed."""

from __future__ import annotations

from pathlib import Path

from audiolime_ext.collection.songs import Song
from examples.library.playlists import soundtrack, study
from tests.recommendation.planted import collection, crowded

COMMITTED = Path(__file__).parents[1] / "examples" / "library" / "playlists.md"


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_tables_say_what_was_found() -> None:
    found = rows(study(collection(crowded(60, 12)), [0, 1], n_songs=40, n_lists=2))
    names = ["playlist", "playlist, hubs corrected", "nearest, best start", "nearest, median start", "shuffled"]
    assert [row[1] for row in found[2:7]] == names
    totals = [float(row[2]) for row in found[2:7]]
    assert totals[0] <= totals[1]
    assert [totals[0], *totals[2:]] == sorted([totals[0], *totals[2:]])
    assert [row[0] for row in found[-2:]] == ["none", "mutual proximity"]
    assert soundtrack(Song("1", "../songs/game/music/a.ogg")) == "game"


def test_of_real_songs_the_list_is_shorter_and_its_end_no_worse_than_its_beginning() -> None:
    found = [row for row in rows(COMMITTED.read_text(encoding="utf-8")) if row[0].isdecimal()]
    by_order = {order: [row for row in found if row[1] == order] for order in {row[1] for row in found}}
    assert len(by_order["playlist"]) == 5
    for own, simple in zip(by_order["playlist"], by_order["nearest, best start"], strict=True):
        assert float(own[2]) < float(simple[2])
        assert float(own[5]) > float(simple[5])
