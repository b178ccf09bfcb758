"""Clumps are claimed where they are planted, and not of noise or of continua (`tests.studies.map_clumps` at large)."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.recommendation.maps import clumps
from audiolime_ext.recommendation.maps.clumps import LEAST_SONGS, clumps_of, deepest_valley
from tests.recommendation.maps.planted import clusters
from tests.studies.map_clumps import NOTHING, SOMETHING


@pytest.mark.parametrize("name", NOTHING)
def test_no_clumps_are_claimed_where_there_are_none(name: str) -> None:
    rng = np.random.default_rng(1)
    for n_songs, n_features in ((40, 8), (120, 40)):
        assert clumps_of(NOTHING[name](n_songs, n_features, rng), seed=0).found is False


@pytest.mark.parametrize(
    ("name", "n_songs"),
    [("2 clusters, 2.5", 100), ("2, one of a tenth, 2.5", 160), ("3 clusters, 2.5", 100), ("8 clusters, 2.5", 300)],
)
def test_clumps_that_are_planted_are_found(name: str, n_songs: int) -> None:
    found = clumps_of(SOMETHING[name](n_songs, 20, np.random.default_rng(0)), seed=0)
    assert found.found
    assert found.p == 0.01
    assert found.of_noise < 1 < found.depth


def test_the_size_of_what_lies_apart_is_told() -> None:
    points = np.concatenate([clusters(1, 80), clusters(1, 20, seed=1) + 12])
    assert deepest_valley(points)[1] == 20


def test_neither_the_unit_nor_the_way_it_is_turned_matters() -> None:
    points = clusters(3, 90)
    turned = 1e-3 * points @ np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0] + 5
    assert deepest_valley(turned)[0] == pytest.approx(deepest_valley(points)[0], rel=1e-4)


def test_of_fewer_songs_nothing_is_said() -> None:
    assert clumps_of(clusters(2, LEAST_SONGS - 1), seed=0).found is None
    assert clumps_of(clusters(2, LEAST_SONGS, distance=6), seed=0).found
    assert deepest_valley(clusters(2, 5)) == (0.0, 0)


def test_of_very_many_songs_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clumps, "MOST_COMPARED", 60)
    found = [clumps_of(clusters(2, 300), seed=seed) for seed in (0, 0, 1)]
    assert [one.n_compared for one in found] == [60, 60, 60]
    assert found[0] == found[1] != found[2]


def test_songs_at_few_places_do_not_break_it() -> None:
    points = np.repeat(np.eye(3), 20, axis=0)
    assert clumps_of(points, seed=0).found
    assert clumps_of(np.zeros((30, 4)), seed=0).found is False
