"""Measures of retrieval: hand-computed, and against scikit-learn."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.anchors import expected
from audiolime_ext.recommendation.retrieval import MEASURES, by_group, hidden_from, of_relevant, same

Floats = NDArray[np.float64]


def similarities(n: int, *, seed: int = 0) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(n, 6))
    return np.asarray(vectors @ vectors.T)


def groups_of(n: int) -> list[str]:
    return [f"soundtrack {i % 5}" for i in range(n)]


def test_measures_are_those_computed_by_hand() -> None:
    """Ranked: wrong, right, wrong, right; a third that is right comes last."""
    found = of_relevant([[5, 4, 3, 2, 1, 0]], [[False, True, False, True, False, True]], k=4)
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    expected = {
        "P@1": 0.0,
        "R@k": 2 / 3,
        "NDCG@k": (1 / np.log2(3) + 1 / np.log2(5)) / ideal,
        "AP": (1 / 2 + 2 / 4 + 3 / 6) / 3,
    }
    assert {name: found.mean(name) for name in MEASURES} == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 3, 10, 100])
def test_measures_are_scikit_learns(k: int) -> None:
    near, groups = similarities(40), groups_of(40)
    found = by_group(near, groups, k=k)
    assert len(found.queries) == 40
    for query in found.queries:
        others = np.arange(40) != query
        wanted = np.array([group == groups[query] for group in groups])[others]
        assert found.measures["AP"][query] == pytest.approx(average_precision_score(wanted, near[query][others]))
        ndcg = ndcg_score(wanted[None].astype(float), near[query][others][None], k=k)
        assert found.measures["NDCG@k"][query] == pytest.approx(ndcg)
        nearest = np.argsort(-near[query][others])[:k]
        assert found.measures["R@k"][query] == pytest.approx(wanted[nearest].sum() / wanted.sum())
        assert found.measures["P@1"][query] == wanted[nearest[0]]


def test_a_song_never_finds_itself() -> None:
    near = similarities(20)
    louder = near.copy()
    np.fill_diagonal(louder, 1e9)
    silent = near.copy()
    np.fill_diagonal(silent, np.nan)
    for name in MEASURES:
        expected = by_group(near, groups_of(20)).measures[name]
        np.testing.assert_array_equal(by_group(louder, groups_of(20)).measures[name], expected)
        np.testing.assert_array_equal(by_group(silent, groups_of(20)).measures[name], expected)


@pytest.mark.parametrize("k", [1, 3, 20])
def test_similarities_that_tell_nothing_apart_have_what_chance_has(k: int) -> None:
    groups = ["a"] * 2 + ["b"] * 10
    found, chance = by_group(np.ones((12, 12)), groups, k=k), expected(same(groups), hidden_from(12), k=k)
    for name in MEASURES:
        np.testing.assert_allclose(found.measures[name], chance.measures[name])


def test_of_equally_near_songs_a_measure_is_the_mean_over_all_their_orders() -> None:
    """Two are nearest, one of them right; then three as near as each other, of which two are right; then one more."""
    near, wanted = np.array([5, 5, 3, 3, 3, 1.0]), np.array([True, False, True, True, False, False])
    orders = [[*first, *(2 + np.array(then)), 5] for first in permutations(range(2)) for then in permutations(range(3))]
    strict = [of_relevant([np.arange(6, 0, -1.0)], [wanted[list(map(int, order))]], k=3) for order in orders]
    found = of_relevant([near], [wanted], k=3)
    for name in MEASURES:
        assert found.mean(name) == pytest.approx(np.mean([one.mean(name) for one in strict]))


def test_rounding_does_not_part_what_is_equal_and_what_is_hidden_is_equal_to_nothing() -> None:
    near, wanted = np.array([[0.3, 0.1 + 0.2, 0.1]]), np.array([[False, True, False]])
    assert of_relevant(near, wanted, k=1).mean("P@1") == 0.5
    assert of_relevant(-1e-300 * np.array([[2.0, 1.0]]), [[False, True]], k=1).mean("P@1") == 1.0
    hidden = np.array([[True, False, False]])
    assert of_relevant(near, wanted, excluded=hidden, k=1).mean("P@1") == 1.0


def test_a_query_without_a_relevant_song_is_left_out_and_counted() -> None:
    found = by_group(similarities(5), ["a", "a", "b", "c", "c"])
    assert found.queries.tolist() == [0, 1, 3, 4]
    assert found.n_left_out == 1
    alone = by_group(similarities(2), ["a", "b"])
    assert alone.n_left_out == 2
    assert np.isnan(alone.mean("AP"))


def test_songs_of_the_same_artist_are_neither_found_nor_relevant() -> None:
    near = np.array([[0, 3, 2, 1], [3, 0, 2, 1], [2, 2, 0, 3], [1, 1, 3, 0]], float)
    groups, artists = ["a", "a", "a", "b"], ["x", "x", None, None]
    assert by_group(near, groups).measures["P@1"].tolist() == [1, 1, 0]
    found = by_group(near, groups, artists=artists)
    assert found.queries.tolist() == [0, 1, 2]
    assert found.measures["P@1"].tolist() == [1, 1, 0]
    assert found.measures["AP"].tolist() == pytest.approx([1, 1, (1 / 2 + 2 / 3) / 2])
    assert by_group(near, groups, artists=["x"] * 4).n_left_out == 4


def test_some_of_the_queries_are_those_of_the_chosen_rows() -> None:
    near, groups = similarities(6), ["a", "b", "a", "b", "c", "c"]
    chosen = [True, True, False, False, False, True]
    found = by_group(near, groups).only(chosen)
    assert found.queries.tolist() == [0, 1, 5]
    np.testing.assert_array_equal(found.measures["AP"], by_group(near, groups).measures["AP"][[0, 1, 5]])


def test_what_cannot_be_measured_is_refused() -> None:
    near = similarities(3)
    with pytest.raises(UsageError, match=r"shape \(3, 3\).* groups given: 2"):
        by_group(near, ["a", "b"])
    with pytest.raises(UsageError, match="one shape"):
        of_relevant(near, np.ones((3, 2)))
    with pytest.raises(UsageError, match="k is 0; at least one"):
        by_group(near, ["a", "a", "b"], k=0)
    near[0, 1] = np.nan
    with pytest.raises(UsageError, match="NaN: a vector is not finite"):
        by_group(near, ["a", "a", "b"])
