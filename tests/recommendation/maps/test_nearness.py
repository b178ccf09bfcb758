from __future__ import annotations

import numpy as np
import pytest
from sklearn import manifold, neighbors

from audiolime_ext.recommendation.maps import nearness
from audiolime_ext.recommendation.maps.nearness import (
    distances,
    nearest,
    on_map,
    places_of_duplicates,
    shared,
    trustworthiness,
)
from tests.recommendation.maps.planted import clusters, directions

SONGS = directions(clusters(4, 120))
FLAT = np.random.default_rng(1).normal(size=(120, 2)) + SONGS[:, :2]


@pytest.mark.parametrize("cells", [1, 1000, 4_000_000])
def test_the_nearest_are_those_of_scikit_learn_in_blocks_of_any_size(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearness, "_CELLS", cells)
    found, cosines = nearest(SONGS, 9)
    search = neighbors.NearestNeighbors(n_neighbors=9).fit(SONGS)
    expected, places = search.kneighbors()
    assert np.array_equal(found, places)
    assert np.allclose(distances(cosines), expected, atol=1e-7)


def test_all_others_may_be_asked_for() -> None:
    found, _ = nearest(SONGS[:6], 5)
    assert [sorted([at, *row]) for at, row in enumerate(found.tolist())] == [list(range(6))] * 6


def test_trustworthiness_is_scikit_learns() -> None:
    assert trustworthiness(SONGS, FLAT, 7) == pytest.approx(manifold.trustworthiness(SONGS, FLAT, n_neighbors=7))
    assert trustworthiness(SONGS, FLAT, 7) < trustworthiness(FLAT, FLAT * 2, 7) + 1e-9


def test_a_song_is_not_its_own_neighbour_on_a_map_even_where_songs_share_a_place() -> None:
    places = np.concatenate([np.zeros((8, 2)), np.ones((8, 2))])
    found = on_map(places, 3)
    assert not (found == np.arange(16)[:, None]).any()
    assert ((found < 8) == (np.arange(16) < 8)[:, None]).all()


def test_what_two_lists_share_is_counted_in_any_order() -> None:
    assert shared(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [4, 5]])).tolist() == [1.0, 0.5]


def test_songs_of_one_direction_are_found_whatever_lies_between() -> None:
    found = np.concatenate([SONGS[:3], SONGS[1:2] + 1e-12, SONGS[:1]])
    distinct, places = places_of_duplicates(found)
    assert distinct.tolist() == [0, 1, 2]
    assert places.tolist() == [0, 1, 2, 1, 0]
