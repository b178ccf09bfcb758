"""The nearest of many songs, by whatever way, are those that comparing all exactly gives."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.recommendation.crowd import crowd_of
from audiolime_ext.recommendation.hubs import local_scaling, mutual_proximity
from audiolime_ext.recommendation.neighbours import Wanted, find
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection, crowded

INDEX = collection(crowded(2000, 30))
SPACE = space_of(INDEX)
U = SPACE.directions(INDEX, np.arange(2000))
NOBODY = np.zeros(0, np.intp)


@pytest.mark.parametrize("farthest", [False, True])
def test_it_is_the_order_of_exact_similarities(farthest: bool) -> None:
    found = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, {5}, farthest))
    expected = np.argsort(U @ U[5] if farthest else -(U @ U[5]), kind="stable")
    assert found.positions.tolist() == expected[expected != 5][:20].tolist()
    assert found.products == pytest.approx(U[found.positions] @ U[5], abs=1e-12)
    assert (found.nearness == found.products).all()


@pytest.mark.parametrize("farthest", [False, True])
def test_with_a_correction_it_is_the_order_of_mutual_proximity(farthest: bool) -> None:
    crowd, _ = crowd_of(INDEX, SPACE, "mutual proximity")
    found = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, {5}, farthest), crowd=crowd)
    row = np.delete(mutual_proximity(U @ U.T)[5], 5)
    assert found.nearness == pytest.approx(np.sort(row)[:20] if farthest else np.sort(row)[::-1][:20], abs=1e-5)
    plain = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, {5}, farthest))
    assert set(found.positions) != set(plain.positions)


def test_local_scaling_has_its_own_order() -> None:
    crowd, _ = crowd_of(INDEX, SPACE, "local scaling")
    found = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, {5}), crowd=crowd)
    row = np.delete(local_scaling(U @ U.T)[5], 5)
    assert found.nearness == pytest.approx(np.sort(row)[::-1][:20], abs=1e-5)


def test_what_is_excluded_is_not_found_and_what_is_left_is_all_there_is() -> None:
    excluded = set(range(1990))
    found = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, excluded))
    assert sorted(found.positions) == list(range(1990, 2000))


@pytest.mark.parametrize("n_songs", [30, 42, 43, 44, 60])
def test_small_collections_are_searched_as_large_ones(n_songs: int) -> None:
    """Around ten and the spare ones."""
    index = collection(crowded(n_songs, 8))
    space = space_of(index)
    u = space.directions(index, np.arange(n_songs))
    crowd, _ = crowd_of(index, space, "mutual proximity")
    order = np.argsort(-np.delete(mutual_proximity(u @ u.T)[3], 3))
    expected = np.delete(np.arange(n_songs), 3)[order][:10]
    found = find(index, space, Wanted(u[3], np.array([3]), 10, {3}), crowd=crowd)
    assert found.positions.tolist() == expected.tolist()


def test_songs_that_are_equally_near_keep_their_order() -> None:
    vectors = np.concatenate([np.eye(3), np.tile([[1.0, 1.0, 0.0]], (40, 1))])
    index = collection(vectors)
    found = find(index, space_of(index, "plain"), Wanted(np.array([1.0, 0.0, 0.0]), np.array([0]), 5, {0}))
    assert found.positions.tolist() == [3, 4, 5, 6, 7]


def test_songs_without_a_direction_are_never_found() -> None:
    vectors = crowded(50, 4)
    vectors[[3, 4]] = np.nan
    index = collection(vectors)
    space = space_of(index)
    for farthest in (False, True):
        found = find(index, space, Wanted(space.direction(vectors[0]), NOBODY, 100, (), farthest))
        assert sorted(found.positions) == [at for at in range(50) if at not in (3, 4)]


def test_candidates_are_asked_for_until_enough_may_be_listed() -> None:
    asked = list[int]()

    def propose(towards: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(n)
        nearest = np.argsort(-(U @ towards))[:n]
        return nearest, (U[nearest] @ towards).astype(np.float32)

    excluded = set(np.argsort(-(U @ U[5]))[:1000].tolist())
    found = find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, excluded), proposer=propose)
    assert asked == [300, 1200]
    assert found.positions.tolist() == find(INDEX, SPACE, Wanted(U[5], np.array([5]), 20, excluded)).positions.tolist()
