"""Groups in the original space: the numbers are those of pairs written out, and chance is told from what is planted."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import pairwise, silhouette_samples, silhouette_score

from audiolime_ext.collection.columns import Column
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.maps import groups
from audiolime_ext.recommendation.maps.groups import N_PERMUTATIONS, groups_of
from audiolime_ext.recommendation.maps.result import Groups
from tests.recommendation.maps.planted import Floats, clusters, directions

SONGS = directions(clusters(3, 60, distance=1.0))
NAMES = tuple(["quiet", "party", "other"][(n * 7) % 11 % 3] for n in range(60))


def found(values: tuple[str | None, ...], songs: Floats = SONGS, seed: int = 0) -> tuple[Groups, tuple[str, ...]]:
    return groups_of(Column("mood", values), songs, np.arange(len(songs)), seed)


def test_distances_are_means_over_pairs_of_different_songs() -> None:
    distances = pairwise.cosine_distances(SONGS)
    for pair in found(NAMES)[0].pairs:
        those = [
            distances[one, other]
            for one, other in itertools.permutations(range(60), 2)
            if (NAMES[one], NAMES[other]) == (pair.first, pair.second)
        ]
        assert pair.distance == pytest.approx(np.mean(those))
        assert pair.n_pairs == len(those) // (2 if pair.first == pair.second else 1)


def test_the_silhouette_is_scikit_learns() -> None:
    assert found(NAMES)[0].silhouette == pytest.approx(silhouette_score(SONGS, NAMES, metric="cosine"))
    planted = tuple("abc"[n // 20] for n in range(60))
    assert found(planted)[0].silhouette == pytest.approx(silhouette_score(SONGS, planted, metric="cosine"))


def test_planted_groups_are_told_from_chance_and_dealt_ones_are_not() -> None:
    planted, _ = found(tuple("abc"[n // 20] for n in range(60)))
    assert planted.p == 1 / (N_PERMUTATIONS + 1)
    assert {pair.p for pair in planted.pairs} == {planted.p}
    dealt, _ = found(NAMES)
    assert dealt.p > 0.05


def test_of_groups_that_mean_nothing_one_in_twenty_is_called_so_and_not_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "N_PERMUTATIONS", 99)
    rng = np.random.default_rng(0)
    ps = [found(tuple(rng.choice(["a", "b"], 60)), seed=seed)[0].p for seed in range(100)]
    assert np.mean([p <= 0.05 for p in ps]) <= 0.12
    assert 0.3 < np.mean(ps) < 0.7


def test_songs_without_a_group_and_groups_of_one_song_are_counted_and_left_out() -> None:
    values = (None, None, "alone", *(("a", "b") * 20)[:27], *(("a", "b") * 20)[:30])
    some, notes = found(values)
    kept = [at for at, value in enumerate(values) if value in ("a", "b")]
    assert some.counts == {"a": 29, "b": 28, "alone": 1}
    assert some.silhouette == pytest.approx(silhouette_score(SONGS[kept], [values[at] for at in kept], metric="cosine"))
    assert some.of_songs == values
    assert notes == (
        "2 songs have no mood, and no part in the numbers of groups",
        "1 group by mood has one song only, and no part in the numbers of groups",
    )
    assert set(some.within) == {"a", "b"}


def test_groups_are_of_the_songs_of_the_map() -> None:
    column = Column("mood", ("z", *NAMES[:40], "z"))
    some, _ = groups_of(column, SONGS[:40], np.arange(1, 41), 0)
    assert some.of_songs == NAMES[:40]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (("a",) * 60, "all songs of the map are 'a' by mood; name a column with two groups or more"),
        (tuple(map(str, range(60))), "mood has 60 values for 60 songs of the map, and not two that two songs share"),
        (("a", "b", *[None] * 58), "mood has 2 values for 2 songs of the map"),
        (("a", "a", "b", *[None] * 57), "mood has 2 values for 3 songs of the map"),
    ],
)
def test_what_is_no_column_of_groups_is_refused(values: tuple[str | None, ...], told: str) -> None:
    with pytest.raises(UsageError) as error:
        found(values)
    assert told in str(error.value)


def test_many_groups_and_songs_are_dealt_less_often_and_told_without_distances_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "_MOST_PRODUCTS", 1.0)
    monkeypatch.setattr(groups, "MOST_PAIRED", 2)
    some, notes = found(NAMES)
    assert some.n_permutations == 99
    assert [(pair.first, pair.second) for pair in some.pairs] == [(name, name) for name in some.counts]
    assert notes == (
        "mood has more than 2 groups, so distances between two of them are not told",
        "the groups were dealt out anew 99 times only, as there are many songs and groups, too few to tell one group "
        "alone from chance",
    )


def tight_beside_scattered(rng: np.random.Generator) -> tuple[Floats, tuple[str, ...]]:
    """150 songs at nearly one place, and three groups that were dealt among 60 others."""
    tight = 0.05 * rng.normal(size=(150, 10)) + 3 * np.eye(10)[0]
    return np.concatenate([tight, rng.normal(size=(60, 10))]), ("A",) * 150 + ("R0", "R1", "R2") * 20


def one_tight_among_many(rng: np.random.Generator) -> tuple[Floats, tuple[str, ...]]:
    """Five groups that were dealt among 150 songs, and 50 songs far away."""
    points = np.concatenate([rng.normal(size=(150, 10)), 0.1 * rng.normal(size=(50, 10)) + 5])
    return points, ("g0", "g1", "g2", "g3", "g4") * 30 + ("A",) * 50


@pytest.mark.parametrize("planted", [tight_beside_scattered, one_tight_among_many])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_region_among_groups_that_were_dealt_is_told_and_they_are_not(planted: Any, seed: int) -> None:
    points, values = planted(np.random.default_rng(seed))
    some, _ = found(values, directions(points))
    assert [one.name for one in some.of_kind("own")] == ["A"]
    assert {one.name for one in some.of_kind("chance")} == set(values) - {"A"}
    silhouettes = silhouette_samples(directions(points), values, metric="cosine")
    for region in some.regions:
        assert region.silhouette == pytest.approx(silhouettes[np.array(values) == region.name].mean(), abs=1e-6)


def test_groups_that_overlap_are_told_from_chance_and_are_no_regions() -> None:
    rng = np.random.default_rng(2)
    points = 0.8 * rng.normal(size=(3, 12))[np.arange(90) // 30] + rng.normal(size=(90, 12))
    some, _ = found(tuple("abc"[n // 30] for n in range(90)), directions(points))
    assert [one.kind for one in some.regions] == ["overlaps"] * 3


def test_one_region_among_many_groups_is_told() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(236, 10)), 0.05 * rng.normal(size=(4, 10)) + 3])
    some, _ = found(tuple(f"g{n % 59}" for n in range(236)) + ("A",) * 4, directions(points))
    assert [(one.name, one.kind) for one in some.regions if one.kind != "chance"] == [("A", "own")]


def test_of_noise_one_set_in_twenty_at_most_has_a_group_that_is_told_from_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "N_PERMUTATIONS", 99)
    monkeypatch.setattr(groups, "_ROOM", 1)
    told = 0
    for seed in range(200):
        songs = directions(np.random.default_rng([seed, 9]).normal(size=(60, 6)))
        some, _ = found(tuple(f"g{n % 10}" for n in range(60)), songs, seed)
        told += bool(some.of_kind("own") or some.of_kind("overlaps"))
    assert told <= 10


def test_groups_that_can_be_dealt_in_few_ways_only_are_too_few_to_tell() -> None:
    songs = directions(np.repeat([[1.0, 0.0], [-1.0, 0.1]], 2, axis=0))
    some, _ = found(("a", "a", "b", "b"), songs)
    assert some.silhouette == pytest.approx(1.0)
    assert [one.kind for one in some.regions] == ["few", "few"]
    more, _ = found(tuple("ab"[n // 8] for n in range(16)), directions(np.repeat([[1.0, 0.0], [-1.0, 0.1]], 8, axis=0)))
    assert [one.kind for one in more.regions] == ["own", "own"]


def test_groups_that_differ_in_capital_letters_only_are_named() -> None:
    _, notes = found(tuple(["rock", "Rock", "jazz"][n % 3] for n in range(60)))
    assert notes == ("2 groups by mood differ in capital letters only: rock, Rock",)


def test_what_a_column_took_for_no_value_is_told() -> None:
    column = Column("mood", NAMES, notes=("3 songs have 'nan' as mood, taken for none",))
    assert groups_of(column, SONGS, np.arange(60), 0)[1] == column.notes
