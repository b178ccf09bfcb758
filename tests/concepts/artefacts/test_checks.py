"""Flags: each check speaks of what it is for, and is silent about music."""

from __future__ import annotations

import pytest

from audiolime_ext.concepts.artefacts.checks import few, flags, of_a_place
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits

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


def kinds(mine: list[tuple[Entry, Patch]], others: list[tuple[Entry, Patch]], traits: dict[str, Traits]) -> list[str]:
    return [flag.kind for flag in flags(mine, others, traits)]


def test_louder_songs_are_flagged_by_the_patches_that_they_hold() -> None:
    def levels(difference_db: float) -> dict[str, Traits]:
        return {song.key: Traits(3.0, -20.0 + difference_db * (i < 5), None) for i, song in enumerate(SONGS)}

    loud, all_of_them = patches(NOTE, SONGS[:5]), patches(NOTE)
    (flag,) = flags(loud, patches(NOTE, SONGS[5:]), levels(9.0))
    assert (flag.kind, flag.share, flag.elsewhere) == ("level", 1.0, 0.0)
    assert flag.text == "its patches are of songs that are 9 dB louder than those of the class's other patches"
    assert "9 dB softer" in flags(loud, patches(NOTE, SONGS[5:]), levels(-9.0))[0].text
    assert kinds(loud, patches(NOTE, SONGS[5:]), levels(5.0)) == []
    assert kinds(all_of_them, all_of_them, levels(9.0)) == []


def test_songs_that_a_codec_cut_off_are_flagged_where_others_are_not() -> None:
    cut = {song.key: Traits(3.0, -20.0, 15750.0 + 250 * i if i < 5 else None) for i, song in enumerate(SONGS)}
    mine = [*patches(NOTE, SONGS[:4]), *patches(NOTE, SONGS[6:8])]
    (flag,) = flags(mine, patches(NOTE, SONGS[5:]), cut)
    assert flag.kind == "codec cut"
    assert flag.text.startswith("4 of 6 patches are of songs that end sharply near 16.1 kHz")
    assert kinds(mine, patches(NOTE, SONGS[:5]), cut) == []
    other = {key: one if one.cut_hz else Traits(3.0, -20.0, 11025.0) for key, one in cut.items()}
    assert kinds(mine, patches(NOTE, SONGS[5:]), other) == ["codec cut"]


def test_small_concepts_and_places_are_flagged() -> None:
    (flag,) = few(6, 300)
    assert flag.text == "it has 6 patches of 300; fewer than 10 may be alike by chance"
    assert few(10, 300) == []
    (flag,) = of_a_place([True] * 8 + [False] * 2, [False] * 90 + [True] * 10)
    assert (flag.kind, flag.share, flag.elsewhere) == ("place", 0.8, 0.1)
    assert flag.text.startswith("8 of 10 patches still lie in it with another song's audio in their place")
    assert of_a_place([True] * 4 + [False] * 6, [False] * 90) == []
    assert of_a_place([True] * 10, [True] * 40 + [False] * 60) == []  # whatever is heard lands in it
    assert of_a_place([], [True]) == []
