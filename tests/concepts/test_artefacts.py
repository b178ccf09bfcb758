"""Flags: each check speaks of what it is for, and is silent about music."""

from __future__ import annotations

import pytest

from audiolime_ext.concepts.artefacts import flags
from audiolime_ext.concepts.patches import Patch
from audiolime_ext.concepts.records import Entry
from audiolime_ext.concepts.traits import Traits

SONGS = [Entry(f"{i}.wav", str(i), f"song {i}", "rock", f"album {i // 2}") for i in range(10)]
TRAITS = {song.key: Traits(3.0, -20.0, None) for song in SONGS}
NOTE = (0.5, 1.0, 200.0, 900.0)


def patches(place: tuple[float, float, float, float] | None, songs: list[Entry] = SONGS) -> list[tuple[Entry, Patch]]:
    return [(song, Patch("slic:10", 0, "", 0, 0.1, 1.0, place)) for song in songs]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("silence", None),
        ("edge", (0.01, 0.5, 200.0, 900.0)),
        ("edge", (2.0, 2.99, 200.0, 900.0)),
        ("hum", (0.3, 2.0, 49.0, 51.0)),
        ("click", (1.0, 1.01, 300.0, 7000.0)),
        ("steady tone", (0.05, 2.95, 999.0, 1001.0)),
    ],
)
def test_what_is_suspect_is_flagged(kind: str, place: tuple[float, float, float, float] | None) -> None:
    assert [flag.kind for flag in flags(patches(place), patches(NOTE), TRAITS)] == [kind]


def test_music_is_not_flagged() -> None:
    for place in (NOTE, (0.06, 2.9, 60.0, 7000.0), (1.0, 1.3, 40.0, 80.0)):
        assert flags(patches(place), patches(NOTE), TRAITS) == []


def test_what_all_patches_of_a_class_are_is_no_mark_of_a_concept() -> None:
    assert flags(patches(None), [*patches(None), *patches(NOTE)], TRAITS) == []


def test_half_of_the_patches_are_enough_and_the_numbers_are_said() -> None:
    (flag,) = flags([*patches(None, SONGS[:5]), *patches(NOTE, SONGS[5:])], patches(NOTE), TRAITS)
    assert flag.text.startswith("5 of 10 patches are silent")
    assert flag.text.endswith("(0 % of the class's other patches)")
    assert not flags([*patches(None, SONGS[:4]), *patches(NOTE, SONGS[5:])], patches(NOTE), TRAITS)


def test_patches_of_one_song_or_one_album_are_flagged_once() -> None:
    one = flags([*patches(NOTE, SONGS[:1] * 6), *patches(NOTE, SONGS[5:])], patches(NOTE), TRAITS)
    assert [flag.text for flag in one] == [
        "6 of 11 patches are of one song, song 0 (10 % of the class's other patches)"
    ]
    album = flags([*patches(NOTE, SONGS[:2] * 4), *patches(NOTE, SONGS[6:])], patches(NOTE), TRAITS)
    assert [flag.kind for flag in album] == ["one group"]
