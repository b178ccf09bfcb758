"""The best order is found, of few songs by comparing all; rules are kept, and the greedy order is beaten."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from audiolime_ext.recommendation.playlists import narrowing
from audiolime_ext.recommendation.playlists.greedy import best_greedy, n_broken
from audiolime_ext.recommendation.playlists.narrowing import search_all
from audiolime_ext.recommendation.playlists.pool import Pool
from audiolime_ext.recommendation.playlists.rules import Rules, require_possible
from audiolime_ext.recommendation.playlists.search import Task, search
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection, crowded


def pool(n_songs: int, seed: int, n_features: int = 3) -> Pool:
    index = collection(np.random.default_rng(seed).normal(size=(n_songs, n_features)))
    return Pool(index, space_of(index), np.arange(n_songs))


def free(n: int) -> np.ndarray:
    return np.full(n, -1, np.intp)


def nobody(n_songs: int) -> Rules:
    return Rules(free(n_songs)[:, None])


def some_task(seed: int) -> Task:
    """A task of three to six songs: with artists, fixed songs, a curve, or a length, by chance."""
    rng = np.random.default_rng(seed)
    n_songs = int(rng.integers(3, 7))
    n = int(rng.integers(1, min(n_songs, 5) + 1))
    artists = rng.integers(-1, max(2, n_songs // 2), size=(n_songs, 1))
    rules = Rules(artists, (None, 1, 2)[rng.integers(3)], int(rng.integers(1, 4)))
    given = free(n)
    for song in rng.permutation(n_songs)[: rng.integers(0, 3)]:
        given[rng.integers(n)] = song
    at = rng.random((n, n_songs)).astype(np.float32) if rng.random() < 0.5 else None
    lengths = rng.uniform(100, 300, n_songs) if rng.random() < 0.3 else None
    return Task(pool(n_songs, seed), rules, given, at, lengths, 200.0 * n, 200.0)


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_the_best_of_all_orders_is_found_and_where_there_is_none_none_is(first: int) -> None:
    for seed in range(first, first + 25):
        task = some_task(seed)
        orders = (np.array(order) for order in permutations(range(len(task.pool)), task.n))
        costs = [task.cost(order) for order in orders if task.keeps_rules(order)]
        found = search(task)
        assert (found is not None) == bool(costs)
        if found is not None:
            assert task.keeps_rules(found)
            assert task.cost(found) == pytest.approx(min(costs), abs=1e-5), seed


def test_what_numbers_refuse_no_order_keeps() -> None:
    """Without fixed songs, and of one artist each, the numbers decide: they refuse just what has no order."""
    for seed in range(300):
        task = some_task(seed)
        task = Task(task.pool, task.rules, free(task.n))
        orders = (np.array(order) for order in permutations(range(len(task.pool)), task.n))
        possible = any(task.keeps_rules(order) for order in orders)
        try:
            require_possible(task.rules, task.given, tuple("abcdefgh"), "the index")
        except ValueError:
            assert not possible, seed
        else:
            assert possible, seed


def test_the_same_seed_finds_the_same_list_and_the_greedy_one_is_beaten_at_its_end() -> None:
    index = collection(crowded(120, 20))
    every = Pool(index, space_of(index), np.arange(120))
    task = Task(every, nobody(120), free(120))
    greedy, _ = best_greedy(every, task.rules, task.given)
    found = search(task, seed=3, first=[greedy], effort=0.2)
    again = search(task, seed=3, first=[greedy], effort=0.2)
    assert found is not None
    assert again is not None
    assert found.tolist() == again.tolist()
    assert sorted(found.tolist()) == list(range(120))
    assert task.cost(found) < task.cost(greedy)


@pytest.mark.parametrize("seed", range(20))
def test_the_simple_list_is_asked_for_the_same_and_each_rule_that_it_breaks_is_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules, given = Rules(rng.integers(0, 6, size=(40, 1)), 4, 3), free(16)
    given[[0, 9, 15]] = [5, 6, 7]
    order, n_starts = best_greedy(pool(40, seed), rules, given)
    assert n_starts == 1
    assert len({*order.tolist()}) == 16
    assert order[[0, 9, 15]].tolist() == [5, 6, 7]
    artists = rules.artists[order, 0]
    near = sum(artists[i] == artists[j] for i in range(16) for j in range(i + 1, min(i + 3, 16)))
    many = sum(max(0, (artists == artist).sum() - 4) for artist in range(6))
    assert n_broken(rules, order) == near + many


def test_a_planted_chain_is_found_whatever_the_order_it_is_given_in() -> None:
    """Songs on an arc: each is nearest to two, and only one order, or its reverse, is the shortest."""
    angles = np.radians(np.random.default_rng(0).permutation(40) * 4.0)
    index = collection(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    arc = Pool(index, space_of(index, "plain"), np.arange(40))
    found = search(Task(arc, nobody(40), free(40)))
    assert found is not None
    steps = np.diff(angles[found])
    assert np.abs(steps) == pytest.approx(np.radians(4.0), abs=1e-5)


def test_rules_are_kept_in_long_lists() -> None:
    rng = np.random.default_rng(0)
    rules = Rules(rng.integers(0, 9, size=(60, 1)), 8, 4)
    given = free(50)
    given[[0, 20, 49]] = [5, 6, 7]
    task = Task(pool(60, 1), rules, given, rng.random((50, 60)).astype(np.float32))
    found = search(task, effort=0.1)
    assert found is not None
    assert task.keeps_rules(found)


def test_among_very_many_songs_some_are_searched_and_rules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "MOST_WHOLE", 60)
    rng = np.random.default_rng(0)
    task = Task(pool(400, 2, 8), Rules(rng.integers(-1, 90, size=(400, 1)), 1, 3), free(12))
    task.given[0] = 399
    found = search_all(task)
    assert found is not None
    assert task.keeps_rules(found)
    drawn = [rng.choice(400, 12, replace=False) for _ in range(200)]
    assert task.cost(found) < 0.5 * min(task.cost(order) for order in drawn)


def test_long_lists_are_improved_part_by_part() -> None:
    order = search(Task(pool(300, 5), nobody(300), free(300)), effort=0.01)
    assert order is not None
    assert sorted(order.tolist()) == list(range(300))
