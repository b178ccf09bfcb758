"""Lists that are filled: gaps stay where they are; where none is marked, the best places are found."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import playlist
from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists import filling
from audiolime_ext.recommendation.playlists.filling import filled, spread
from audiolime_ext.recommendation.playlists.m3u import Gap
from audiolime_ext.recommendation.playlists.pool import Pool
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.recommendation.playlists.rules import Rules
from audiolime_ext.recommendation.playlists.search import Task
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection


def some_index(n_songs: int, seed: int) -> Index:
    return collection(np.random.default_rng(seed).normal(size=(n_songs, 3)))


def numbers(found: Playlist) -> list[int]:
    return [int(song.key.removeprefix("key ")) for song in found.songs]


def some_task(seed: int, n_songs: int = 9) -> tuple[Task, np.ndarray]:
    """A list of three to five songs without a marked gap, and two to four new places."""
    rng, index = np.random.default_rng(seed), some_index(n_songs, seed)
    fixed = rng.permutation(n_songs)[: rng.integers(3, 6)]
    n = len(fixed) + min(int(rng.integers(2, 5)), n_songs - len(fixed))
    nobody = Rules(np.full((n_songs, 1), -1))
    return Task(Pool(index, space_of(index), np.arange(n_songs)), nobody, np.full(n, -1)), fixed


def least_cost(task: Task, fixed: np.ndarray) -> float:
    """Of all lists in which the songs keep their order, and the first and the last their places."""
    steps, costs = task.pool.among(np.arange(len(task.pool))), []
    free = np.setdiff1d(np.arange(len(task.pool)), fixed)
    for inner in combinations(range(1, task.n - 1), len(fixed) - 2):
        order = np.full(task.n, -1)
        order[[0, *inner, task.n - 1]] = fixed
        empty = np.flatnonzero(order < 0)
        for new in permutations(free, len(empty)):
            order[empty] = new
            costs.append(steps[order[:-1], order[1:]].sum())
    return float(min(costs))


@pytest.mark.parametrize("gaps", [(0, 0, 1), (1, 0, 0), (2, 0, 2), (0, 1, 1), (1, 1, 0), (0, 2, 0)])
def test_a_gap_stays_where_it_is_also_at_the_ends(gaps: tuple[int, int, int]) -> None:
    index = some_index(12, sum(gaps))
    before, between, behind = ([Gap(n)] if n else [] for n in gaps)
    found = numbers(playlist(index, fill=[*before, "song 5", *between, "song 1", *behind]))
    assert len(found) == 2 + sum(gaps)
    assert found[gaps[0]] == 5
    assert found[gaps[0] + gaps[1] + 1] == 1
    assert len(set(found)) == len(found)


def test_a_gap_at_the_end_of_a_file_is_filled_at_the_end(tmp_path: Path) -> None:
    listed = tmp_path / "end.m3u8"
    index = collection(np.random.default_rng(0).normal(size=(8, 3)), folder=tmp_path)
    listed.write_text("3.ogg\n2.ogg\n# gap 2\n", encoding="utf-8")
    found = numbers(playlist(index, fill=listed))
    assert found[:2] == [3, 2]
    assert len(found) == 4


def test_few_ways_to_share_new_places_out_are_all_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(12):
        task, fixed = some_task(seed)
        monkeypatch.setattr(filling, "_MOST_WAYS", 1_000)
        found = filled(task, fixed)
        assert found is not None
        assert found[0].cost(found[1]) == pytest.approx(least_cost(task, fixed), abs=1e-5), seed


def test_where_not_all_ways_are_searched_the_best_list_of_few_songs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "_MOST_WAYS", 0)
    for seed in range(25):
        task, fixed = some_task(seed)
        found = filled(task, fixed)
        assert found is not None
        new, order = found
        assert new.keeps_rules(order)
        assert [song for song in order if song in fixed] == fixed.tolist()
        assert (order[0], order[-1]) == (fixed[0], fixed[-1])
        assert task.cost(order) == pytest.approx(least_cost(task, fixed), abs=1e-5), seed


def test_a_long_list_is_never_worse_than_that_of_spread_places() -> None:
    index = some_index(200, 1)
    pool, fixed = Pool(index, space_of(index), np.arange(200)), np.arange(12)
    at = np.random.default_rng(1).random((50, 200)).astype(np.float32)
    rules = Rules(np.random.default_rng(2).integers(0, 60, size=(200, 1)), 3, 2)
    rules.artists[:12, 0] = np.arange(12)
    task = Task(pool, rules, np.full(50, -1), at)
    found = filled(task, fixed)
    assert found is not None
    assert found[0].keeps_rules(found[1])
    assert [song for song in found[1] if song < 12] == fixed.tolist()
    given = np.full(50, -1)
    places = spread(fixed.tolist(), pool.along(fixed).tolist(), 50)
    given[list(places)] = list(places.values())
    alone = filling._searched(replace(task, given=given), 0)
    assert alone is not None
    assert task.cost(found[1]) <= task.cost(alone[1]) + 1e-6


def test_songs_of_one_artist_that_follow_each_other_are_led_apart() -> None:
    """Of two given songs of an artist only places between them can keep the rule."""
    index = collection([[1, 0], [1, 0.01], [0, 1], [-1, 0], [0.1, 1]])
    pool = Pool(index, space_of(index, "plain"), np.arange(5))
    rules = Rules(np.array([[0], [0], [1], [2], [3]]), None, 2)
    found = filled(Task(pool, rules, np.full(4, -1)), np.array([0, 1, 3]))
    assert found is not None
    assert found[1].tolist() in ([0, 2, 1, 3], [0, 4, 1, 3])


def test_a_list_that_is_full_or_of_one_song_is_filled_too() -> None:
    index = some_index(8, 3)
    assert numbers(playlist(index, fill=["song 2", "song 1"], n=2)) == [2, 1]
    one = numbers(playlist(index, fill=["song 2"], n=3))
    assert (len(one), one[0]) == (3, 2)


def with_lengths(index: Index, lengths: list[float | None]) -> Index:
    songs = zip(index.songs, lengths, strict=True)
    return replace(index, songs=tuple(replace(song, duration_s=length) for song, length in songs))


def test_gaps_in_minutes_are_counted_with_the_mean_length_which_is_said_where_some_are_unknown() -> None:
    index = with_lengths(some_index(8, 0), [100.0, 140.0, *[None] * 6])
    found = playlist(index, fill=["song 0", Gap(minutes=6), "song 1"])
    assert len(found.songs) == 5
    told = "gaps in minutes are counted with 120 s a song, the mean of the 2 songs of which it is known; of 6 songs in"
    assert any(note.startswith(told) for note in found.notes)
    assert not any("gaps in" in note for note in playlist(index, fill=["song 0", Gap(1), "song 1"]).notes)


def test_where_no_length_is_known_minutes_are_refused() -> None:
    index = some_index(8, 0)
    with pytest.raises(UsageError, match=r"so a gap in minutes cannot be filled; write it as a number of songs"):
        playlist(index, fill=["song 0", Gap(minutes=6)])
    with pytest.raises(UsageError, match=r"knows no song's length, so minutes cannot be counted; give a number"):
        playlist(index, minutes=10)


@pytest.mark.parametrize("odd", [{"songs": 0}, {"songs": -1}, {"songs": 1.5}, {"songs": True}, {"minutes": 0}])
def test_what_is_no_gap_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"a gap of .* is none; give a"):
        Gap(**odd)


def test_one_by_one_songs_come_where_they_add_least() -> None:
    task, fixed = some_task(5)
    steps, order = task.pool.among(np.arange(9)), fixed.tolist()
    while len(order) < task.n:
        ways = [
            (steps[a, new] + steps[new, b] - steps[a, b], at, new)
            for at, (a, b) in enumerate(pairwise(order), start=1)
            for new in range(9)
            if new not in order
        ]
        _, at, new = min(ways)
        order.insert(at, new)
    assert filling.inserted(task, fixed).tolist() == order
