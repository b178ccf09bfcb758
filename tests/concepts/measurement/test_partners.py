"""Partners: of another class and group, whatever the order of songs, and the next where one will not do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.partners import MOST_TRIED, Partners, control_notes
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.traits import Traits

SONGS = [Entry(f"{i}.wav", str(i), f"song {i}", "abc"[i % 3], f"album {i // 6}") for i in range(60)]


def test_a_partner_is_of_another_class_and_group() -> None:
    for song in SONGS:
        (other,) = Partners(SONGS).of(song)
        assert other.label != song.label
        assert other.group != song.group


def test_who_is_drawn_depends_on_the_songs_and_the_seed_alone() -> None:
    drawn = [Partners(SONGS, 1).of(song) for song in SONGS]
    assert drawn == [Partners(SONGS[::-1], 1).of(song) for song in SONGS]
    assert drawn != [Partners(SONGS, 2).of(song) for song in SONGS]
    assert max(Counter(other.key for (other,) in drawn).values()) < 8
    fewer = Partners(SONGS[1:], 1)
    assert all(fewer.of(song) == was for song, was in zip(SONGS, drawn, strict=True) if was[0] != SONGS[0])


def test_the_next_is_drawn_for_one_song_or_for_all_and_not_for_ever() -> None:
    partners = Partners(SONGS)
    (first,) = partners.of(SONGS[0])
    another = next(song for song in SONGS[1:] if partners.of(song) == (first,))
    partners.leave_out(first.key, SONGS[0].key)
    assert partners.of(SONGS[0]) != (first,)
    assert partners.of(another) == (first,)
    partners.leave_out(first.key)
    assert partners.of(another) != (first,)
    for _ in range(MOST_TRIED - 1):
        partners.leave_out(partners.of(SONGS[0])[0].key, SONGS[0].key)
    assert partners.of(SONGS[0]) == ()


def test_songs_of_one_group_have_none() -> None:
    assert Partners([replace(song, group="all") for song in SONGS]).of(replace(SONGS[0], group="all")) == ()


def test_what_was_left_out_is_said() -> None:
    one, numbers = Patch("slic:10", 0, "", 0, 0.1, 1.0), np.zeros((1, 2), np.float32)
    song = Measured((one,), numbers, numbers, numbers, numbers, None, True, Traits(1.0, -20.0, None))
    beside = replace(song, elsewhere=numbers, added=numbers, partner="x", n_beyond=1)
    identity = Identity("model", "", "layer", ("a", "b"), ("slic:10",), ("",), 1.0)
    assert control_notes(identity, [beside, replace(beside, n_beyond=0)])[0].startswith("1 of 2 patches bring")
    assert control_notes(identity, [song, song, beside])[0].startswith("2 of 3 songs have no other song")
    (note,) = control_notes(replace(identity, controls=False), [song])
    assert note.startswith("measured without controls")
