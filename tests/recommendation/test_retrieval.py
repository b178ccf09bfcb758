"""Measures of retrieval: hand-computed, against scikit-learn, and a bootstrap whose intervals hold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.retrieval import MEASURES, by_group, difference, of_relevant

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


def test_ties_earn_nothing() -> None:
    groups = ["a"] * 2 + ["b"] * 10
    found = by_group(np.ones((12, 12)), groups, k=5)
    assert found.measures["P@1"][0] == found.measures["R@k"][0] == found.measures["NDCG@k"][0] == 0
    assert found.measures["AP"][0] == pytest.approx(1 / 11)


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


def test_the_better_of_two_methods_is_ahead_with_an_interval_that_says_so() -> None:
    groups = [f"soundtrack {i // 4}" for i in range(80)]
    rng = np.random.default_rng(1)
    centres = np.repeat(rng.normal(size=(20, 8)), 4, axis=0)
    clear, vague = (centres + spread * rng.normal(size=centres.shape) for spread in (0.5, 3.0))
    near = [-np.linalg.norm(one[:, None] - one, axis=-1) for one in (clear, vague)]
    first, second = (by_group(one, groups) for one in near)
    gain = difference(first, second, groups)
    assert gain.value == pytest.approx(first.mean("AP") - second.mean("AP"))
    assert 0 < gain.low < gain.value < gain.high
    assert gain.is_clear
    same = difference(first, first, groups)
    assert (same.value, same.low, same.high, same.is_clear) == (0, 0, 0, False)
    assert difference(first, second, groups) == gain, "the same seed, the same interval"


def test_intervals_are_by_groups_as_songs_of_one_are_not_independent() -> None:
    """In half of 20 groups of 10 songs one method finds all, and the other nothing: 20 facts, not 200."""
    groups = [i // 10 for i in range(200)]
    same = np.equal.outer(groups, groups).astype(float)
    helped = np.array(groups)[:, None] % 2 == 0
    first = of_relevant(np.where(helped, same, 1 - same), same, excluded=np.eye(200), k=1)
    second = of_relevant(1 - same, same, excluded=np.eye(200), k=1)
    gain = difference(first, second, groups, measure="P@1")
    assert gain.value == 0.5
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 20), rel=0.15)


def test_95_percent_intervals_hold_the_truth_about_that_often() -> None:
    """Methods whose answers differ by a known amount on average, by draws of the groups."""
    rng = np.random.default_rng(0)
    held = []
    for seed in range(200):
        effects = np.repeat(0.1 + 0.2 * rng.normal(size=30), 5)
        base = of_relevant(np.zeros((150, 2)), np.tile([True, False], (150, 1)))
        better = type(base)(base.queries, {"AP": base.measures["AP"] + effects}, base.k, 0)
        gain = difference(better, base, np.repeat(range(30), 5).tolist(), n_draws=1000, seed=seed)
        held.append(gain.low <= 0.1 <= gain.high)
    assert 0.88 <= np.mean(held) <= 0.99


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
    whole = by_group(similarities(3), ["a", "a", "b"])
    with pytest.raises(UsageError, match="two groups at least; the queries have 1"):
        difference(whole, whole, ["a", "a", "b"])
    with pytest.raises(UsageError, match="on the same queries"):
        difference(whole, by_group(similarities(3), ["a", "b", "b"]), ["a", "a", "b"])
