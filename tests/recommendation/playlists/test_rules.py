"""Rules that no list can keep are named with numbers, before any search."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.rules import Rules, require_possible

NAMES = tuple("ABCDEFGHIJ")


def rules(artists: list[int], most: int | None = None, gap: int = 1) -> Rules:
    return Rules(np.array(artists)[:, None], most, gap)


def told(kept: Rules, given: list[int]) -> str:
    with pytest.raises(UsageError) as caught:
        require_possible(kept, np.array(given), NAMES, "the index")
    return str(caught.value)


def test_too_few_songs() -> None:
    assert told(rules([0, 1]), [-1] * 3).startswith("3 songs are wanted, and the index has 2 songs; ask for fewer")
    with pytest.raises(UsageError, match=r"what is left of it has 2 songs \(9 are excluded\); ask for fewer"):
        require_possible(rules([0, 1]), np.full(3, -1), NAMES, "what is left of it", "9 are excluded")


def test_too_few_artists() -> None:
    few = told(rules([0, 0, 0, 1, 1, 1, 2, 2, 2], most=2), [-1] * 7)
    assert few.startswith("7 songs by at most 2 per artist need 4 artists; the index has 3, which give 6 songs")
    unknown = told(rules([0, 0, 0, -1], most=1), [-1] * 4)
    assert "has 1 and 1 song whose artist is not known, which give 2 songs" in unknown


def test_a_gap_that_is_too_large() -> None:
    one = told(rules([0, 0, 0, 0, 1, 2], gap=3), [-1] * 5)
    assert "a list of 5 has room for 2 songs of each of 2 artists, and 1 of each other one" in one
    assert "the index has 1 artist with 4 songs, 2 artists with 1 song, of which no more than 4 songs can then" in one
    two = told(rules([0, 0, 1, 1, 2], gap=4), [-1] * 5)
    assert "a list of 5 has room for 2 songs of 1 artist, and 1 of each other one" in two
    assert "the index has 2 artists with 2 songs, 1 artist with 1 song, of which no more than 4 songs can then" in two
    most = told(rules([0, 0, 0, 1, -1], most=2, gap=2), [-1] * 5)
    assert most.startswith("5 songs by at most 2 per artist")
    require_possible(rules([0, 0, 1, 2, 2], gap=3), np.full(5, -1), NAMES, "the index")


def test_fixed_songs_of_one_artist() -> None:
    near = told(rules([0, 0, 1], gap=3), [0, -1, 1])
    assert near.startswith(
        "A is fixed at place 1 and B at place 3; they share an artist, whose songs are to be 3 places"
    )
    many = told(rules([0, 0, 1], most=1), [0, -1, 1])
    assert many.startswith("A, B are fixed, 2 by one artist, of whom at most 1 may be in the list")


def test_a_song_of_two_artists_counts_for_both() -> None:
    both = Rules(np.array([[0, 1], [1, -1], [2, -1]]), 1, 2)
    assert both.n_clashes(np.array([0, 1, 2])) == 1
    assert both.n_too_many(np.array([0, 1, 2])) == 1
    assert both.barred(np.array([0, -1, -1]), 2).tolist() == [True, True, False]
