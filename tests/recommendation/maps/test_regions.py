"""A verdict on each group: by its silhouette, its p among the others, and the number of ways to deal it."""

from __future__ import annotations

import math

import pytest

from audiolime_ext.recommendation.maps.regions import Region, correction, n_deals, regions_of


@pytest.mark.parametrize(
    ("silhouette", "p", "kind"), [(0.5, 0.01, "own"), (0.49, 0.01, "overlaps"), (0.9, 0.06, "chance")]
)
def test_a_region_has_a_high_silhouette_and_a_small_p(silhouette: float, p: float, kind: str) -> None:
    (found,) = regions_of(["a"], [20], [silhouette], [p])
    assert found == Region("a", silhouette, p, "few")
    found, _ = regions_of(["a", "b"], [20, 20], [silhouette, 0.0], [p / 3, 1.0])
    assert found.kind == kind
    assert found.p == pytest.approx(p)


def test_a_p_among_many_is_worth_less() -> None:
    found = regions_of([str(n) for n in range(10)], [20] * 10, [0.6] * 10, [0.01] + [0.5] * 9)
    assert found[0].kind == "chance"
    assert found[0].p == pytest.approx(0.01 * correction(10))


def test_too_few_songs_are_those_whose_every_deal_together_gives_no_small_p() -> None:
    assert math.comb(7, 3) * 0.05 < correction(2) < math.comb(8, 4) * 0.05
    assert [one.kind for one in regions_of(["a", "b"], [4, 3], [1.0, 1.0], [0.001, 0.001])] == ["few", "few"]
    assert [one.kind for one in regions_of(["a", "b"], [4, 4], [1.0, 1.0], [0.001, 0.001])] == ["own", "own"]


def test_deals_are_counted_as_the_ways_to_part_the_songs() -> None:
    assert n_deals([2, 2, 2]) == pytest.approx(15)
    assert n_deals([2, 3]) == pytest.approx(10)
    assert n_deals([5000, 5000]) == math.inf
