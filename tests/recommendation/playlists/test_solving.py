"""From what is asked for to the list: the direction in which it is played, and its length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext import playlist
from tests.recommendation.planted import collection


@pytest.mark.parametrize("n", [3, 4, 5, 8, 11, 12, 25])
def test_a_list_that_could_be_played_either_way_has_no_poorer_second_half(n: int) -> None:
    for seed in range(4):
        index = collection(np.random.default_rng(100 * n + seed).normal(size=(n + 2, 4)))
        near = playlist(index, n=n).nearness
        ends = min(10, len(near) // 2)
        assert sum(near[-ends:]) >= sum(near[:ends]) - 1e-6


def test_a_wanted_length_is_a_wish_that_costs_what_is_missing_beyond_half_a_song() -> None:
    """Three songs of a minute are near to each other, and the others, of ten, are far from them: no sum is nine."""
    vectors = [[1, 0, 0], [1, 0.1, 0], [1, 0, 0.1], [-1, 1, 0], [-1, -1, 0]]
    index = collection(vectors)
    lengths = (60.0, 60.0, 60.0, 600.0, 600.0)
    songs = tuple(replace(song, duration_s=length) for song, length in zip(index.songs, lengths, strict=True))
    found = playlist(replace(index, songs=songs), minutes=9, space="plain")
    length = sum(song.duration_s or 0 for song in found.songs)
    off = max(abs(length - 540) / float(np.mean(lengths)) - 0.5, 0.0)
    assert found.cost == pytest.approx(found.total + off, abs=1e-5)
    assert f"{length / 60:.1f} minutes, where 9 were wanted" in found.notes


def test_songs_of_unknown_length_that_alone_are_asked_for_are_refused() -> None:
    index = collection(np.eye(4))
    songs = (*index.songs[:3], replace(index.songs[3], duration_s=60.0))
    with pytest.raises(
        ValueError, match="no song is left to choose from: of 2 songs of the list 2 are without a known"
    ):
        playlist(replace(index, songs=songs), songs=["song 0", "song 1"], minutes=3)
