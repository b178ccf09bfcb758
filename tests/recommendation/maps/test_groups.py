"""Groups in the original space: the numbers are those of pairs written out, and chance is told from what is planted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import pairwise, silhouette_score

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
        "the groups were dealt out anew 99 times only, as there are many songs and groups",
    )
