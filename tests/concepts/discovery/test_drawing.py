"""Random concepts: of a structure, each patch and each song as likely as another."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.discovery.drawing import STRUCTURES, Structure, central, draw, exchanged
from audiolime_ext.errors import UsageError


def test_songs_and_patches_are_drawn_alike() -> None:
    songs = np.repeat(np.arange(8), [3, 3, 3, 3, 6, 6, 1, 1])
    drawn = draw(songs, Structure(4, 2), 6000, rng=np.random.default_rng(0))
    of_songs = np.array([(songs[drawn] == song).any(axis=1).mean() for song in range(8)])
    np.testing.assert_allclose(of_songs, [4 / 6] * 6 + [0, 0], atol=0.03)
    of_patches = np.bincount(drawn.ravel(), minlength=len(songs)) / len(drawn)
    np.testing.assert_allclose(of_patches[:12], 4 / 6 * 2 / 3, atol=0.03)
    np.testing.assert_allclose(of_patches[12:24], 4 / 6 * 2 / 6, atol=0.03)


def test_too_few_songs_are_refused() -> None:
    with pytest.raises(UsageError, match="3 songs have 2 patches or more, and 5 are needed"):
        draw(np.array([0, 0, 1, 1, 2, 2, 3]), Structure(5, 2), 1, rng=np.random.default_rng(0))


def test_the_most_patches_that_can_be_had_stand_for_a_concept() -> None:
    songs = np.repeat(np.arange(20), 2)
    assert central(np.ones(40), songs) is not None
    found = [central(np.ones(len(own)), own) for own in (songs, songs[::2], songs[:20], songs[:20:2], songs[:10])]
    assert [one and one[0] for one in found] == [STRUCTURES[i] for i in (0, 1, 2, 3, 4)]
    assert central(np.ones(8), songs[:8]) is None


def test_the_nearest_patches_of_the_nearest_songs_stand_for_it() -> None:
    songs = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    distances = np.array([9, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 8, 8.0])
    found = central(distances, songs)
    assert found is not None
    assert found[1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_sides_that_are_exchanged_keep_their_strata_and_are_on_either_side_as_often() -> None:
    strata, sizes = [np.arange(6), np.arange(6, 10)], [2, 2]
    one, other = exchanged(strata, sizes, 4000, rng=np.random.default_rng(0))
    assert one.shape == other.shape == (4000, 4)
    for side in (one, other):
        assert set((side < 6).sum(axis=1).tolist()) == {2}
    both = np.concatenate([one, other], axis=1)
    assert all(len(set(row)) == 8 for row in both.tolist())
    shares = np.stack([np.bincount(side.ravel(), minlength=10) / 4000 for side in (one, other)])
    np.testing.assert_allclose(shares, np.repeat([[1 / 3, 1 / 2]], [6, 4], axis=1).repeat(2, axis=0), atol=0.04)
