"""Chance by expectation and by deals; a song's own other half."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.recommendation.evaluation.anchors import dealt, expected, same_song
from audiolime_ext.recommendation.retrieval import MEASURES, by_group, hidden_from, of_relevant, same

GROUPS = ["a"] * 7 + ["b"] * 2 + ["c"] * 11 + ["d"]
ARTISTS = [None if n % 5 == 0 else f"artist {n % 4}" for n in range(21)]


@pytest.mark.parametrize("artists", [None, ARTISTS])
@pytest.mark.parametrize("k", [1, 4, 30])
def test_chance_is_the_mean_over_random_orders(artists: list[str | None] | None, k: int) -> None:
    relevant, hidden = same(GROUPS), hidden_from(21, artists)
    exact = expected(relevant, hidden, k=k)
    rng = np.random.default_rng(0)
    orders = [of_relevant(rng.normal(size=(21, 21)), relevant, excluded=hidden, k=k) for _ in range(3000)]
    np.testing.assert_array_equal(exact.queries, orders[0].queries)
    assert exact.n_left_out == orders[0].n_left_out
    for name in MEASURES:
        sampled = np.mean([order.measures[name] for order in orders], axis=0)
        np.testing.assert_allclose(exact.measures[name], sampled, atol=0.03)


def test_deals_have_the_measures_of_groups_dealt_out_anew() -> None:
    near = np.random.default_rng(1).normal(size=(21, 21))
    numbers = np.unique(GROUPS, return_inverse=True)[1]
    deals = dealt(near, numbers, hidden_from(21), k=4, seed=3)
    assert deals.shape == (1000, len(MEASURES))
    first = by_group(near, numbers[np.random.default_rng(3).permutation(21)].tolist(), k=4)
    np.testing.assert_allclose(deals[0], [first.mean(name) for name in MEASURES])
    chance = expected(same(GROUPS), hidden_from(21), k=4)
    np.testing.assert_allclose(deals.mean(axis=0), [chance.mean(name) for name in MEASURES], atol=0.01)


def test_artists_are_dealt_with_their_groups() -> None:
    near = np.random.default_rng(1).normal(size=(21, 21))
    numbers, hidden = np.unique(GROUPS, return_inverse=True)[1], hidden_from(21, ARTISTS)
    deal = np.random.default_rng(0).permutation(21)
    first = by_group(near, numbers[deal].tolist(), k=4, artists=[ARTISTS[at] for at in deal])
    deals = dealt(near, numbers, hidden, k=4)
    np.testing.assert_allclose(deals[0], [first.mean(name) for name in MEASURES])
    chance = expected(same(GROUPS), hidden, k=4)
    np.testing.assert_allclose(deals.mean(axis=0), [chance.mean(name) for name in MEASURES], atol=0.01)


def test_deals_of_equal_vectors_have_what_chance_has() -> None:
    numbers = np.unique(GROUPS, return_inverse=True)[1]
    chance = expected(same(GROUPS), hidden_from(21), k=4)
    deals = dealt(np.ones((21, 21)), numbers, hidden_from(21), k=4)
    np.testing.assert_allclose(deals, [[chance.mean(name) for name in MEASURES]] * len(deals))


def test_a_song_finds_its_other_half_and_not_another_songs() -> None:
    songs = np.random.default_rng(0).normal(size=(30, 8))
    assert same_song(songs + 0.01, songs).mean("P@1") == 1.0
    assert same_song(np.roll(songs, 1, axis=0), songs).mean("P@1") == 0.0
