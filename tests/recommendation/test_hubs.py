"""Hubs and the two corrections, on all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, skew

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.hubs import k_occurrence, local_scaling, mutual_proximity, skewness
from tests.recommendation.planted import crowded


def cosines(seed: int = 0) -> np.ndarray:
    x = crowded(200, 40, seed).astype(float)
    x -= x.mean(axis=0)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(u @ u.T)


def test_mutual_proximity_is_the_product_of_two_normal_tails() -> None:
    """Schnitzer et al., equation 5 of the independent variant, written out for one pair."""
    s = cosines()
    tails = [norm.sf(-s[i, j], *_fit(-np.delete(s[i], i))) for i, j in ((3, 8), (8, 3))]
    assert mutual_proximity(s)[3, 8] == pytest.approx(np.prod(tails), rel=1e-9)


def _fit(distances: np.ndarray) -> tuple[float, float]:
    return float(distances.mean()), float(distances.std())


def test_local_scaling_is_that_of_zelnik_manor_and_perona() -> None:
    s = cosines()
    d = np.sqrt(np.maximum(2 - 2 * s, 0))
    radii = np.sort(d, axis=1)[:, 10]  # the first is the song itself
    assert local_scaling(s)[3, 8] == pytest.approx(np.exp(-(d[3, 8] ** 2) / (radii[3] * radii[8])), rel=1e-9)


@pytest.mark.parametrize("correct", [mutual_proximity, local_scaling])
def test_corrections_are_symmetric_within_0_and_1_and_tame_hubs(correct) -> None:  # type: ignore[no-untyped-def]
    s = cosines()
    found = correct(s)
    assert found == pytest.approx(found.T)
    assert ((found >= 0) & (found <= 1)).all()
    before, after = k_occurrence(s), k_occurrence(found)
    assert skewness(after) < 0.7 * skewness(before)
    assert (after == 0).sum() < (before == 0).sum()


@pytest.mark.parametrize("correct", [mutual_proximity, local_scaling])
def test_the_diagonal_does_not_matter(correct) -> None:  # type: ignore[no-untyped-def]
    s = cosines()
    other = s.copy()
    np.fill_diagonal(other, -5.0)
    assert correct(other) == pytest.approx(correct(s))


@pytest.mark.parametrize("correct", [mutual_proximity, local_scaling])
def test_identical_songs_have_numbers_too(correct) -> None:  # type: ignore[no-untyped-def]
    assert np.isfinite(correct(np.ones((5, 5)))).all()


def test_occurrences_have_mean_k_and_scipys_skewness() -> None:
    counts = k_occurrence(cosines(), k=7)
    assert counts.mean() == 7
    assert skewness(counts) == pytest.approx(float(skew(counts)))


@pytest.mark.parametrize("k", [1, 2, 7])
def test_lists_hold_the_nearest_and_never_the_song_itself(k: int) -> None:
    s = cosines()
    others = s.copy()
    np.fill_diagonal(others, -9.0)
    lists = np.argsort(-others, axis=1)[:, :k]
    assert k_occurrence(s, k).tolist() == np.bincount(lists.ravel(), minlength=200).tolist()


def test_with_few_songs_a_radius_reaches_to_the_last() -> None:
    s = cosines()[:5, :5]
    assert local_scaling(s) == pytest.approx(local_scaling(s, 4))
    assert local_scaling(s) != pytest.approx(local_scaling(s, 3))


def test_a_list_is_no_longer_than_there_are_others() -> None:
    assert k_occurrence(np.eye(3), k=10).tolist() == [2, 2, 2]
    assert k_occurrence(np.ones((1, 1)), k=10).tolist() == [0]


def test_what_is_no_matrix_of_pairs_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(n, n\), with n of at least 3, not \(4, 3\)"):
        mutual_proximity(np.ones((4, 3)))
    with pytest.raises(UsageError, match="at least 2"):
        local_scaling(np.ones((1, 1)))
