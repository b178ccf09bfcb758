"""Planted concepts return, from other starts and in other songs; random sets do not, and chance is told."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.discovery.discovering import clusters
from audiolime_ext.concepts.discovery.stability import Again, found_again, sentence

PER_SONG = 10


def patches(seed: int, *, n_songs: int = 20) -> np.ndarray:
    """Of each song's patches the first two hold a sound that all songs have; the rest is noise."""
    given = np.random.default_rng(seed).normal(size=(n_songs * PER_SONG, 16))
    given[::PER_SONG] += 8
    given[1::PER_SONG, :8] -= 8
    return given


def test_what_is_planted_returns_and_what_is_noise_returns_less() -> None:
    given = patches(0)
    found = clusters(given, np.repeat(np.arange(20), PER_SONG), n_clusters=8)
    members = [one.members for one in found]
    planted = [len(one) == 20 and len(set((one % PER_SONG).tolist())) == 1 for one in members]
    told = found_again(members, given, n_clusters=8)
    again = np.array(told.overlaps)
    assert sum(planted) == 2
    assert all(told.shares[i] >= 0.8 for i in np.flatnonzero(planted))
    assert again[planted].min() > 0.85
    assert again[~np.array(planted)].mean() < 0.8


def test_random_sets_return_as_seldom_as_chance_says() -> None:
    given = patches(0)
    rng = np.random.default_rng(1)
    members = [rng.permutation(200)[:20] for _ in range(30)]
    told = found_again(members, given, n_clusters=8)
    assert told.shares == (0.0,) * 30
    assert told.chance == 0
    assert np.mean(told.overlaps) == pytest.approx(np.mean(told.by_chance), abs=0.03)


def test_a_sound_of_some_songs_returns_from_other_starts_and_not_in_other_songs() -> None:
    here, there = patches(0), [patches(seed) for seed in range(1, 6)]
    here[2::PER_SONG, 8:] -= 12  # no other songs have it
    members = [np.arange(0, 200, PER_SONG), np.arange(2, 200, PER_SONG)]
    by_starts = found_again(members, here, n_clusters=4)
    by_halves = found_again(members, here, there, n_clusters=3)
    assert by_starts.shares == (1.0, 1.0)
    assert by_halves.shares == (1.0, 0.0)


def test_a_seed_says_all() -> None:
    given = patches(3)
    one, again = (found_again([np.arange(30)], given, n_clusters=8, seed=4) for _ in range(2))
    assert one == again
    assert found_again([np.arange(30)], given, n_clusters=8, seed=5).overlaps != one.overlaps


def test_the_sentence_says_what_was_changed() -> None:
    told = {"a": Again((1.0, 0.8, 0.6), (0.9, 0.8, 0.7), (0.1, 0.1, 0.1), 0.0), "b": Again((0.0,), (0.4,), (0.1,), 0.0)}
    assert sentence(told).startswith("2 of 4 clusters are found again at least 4 times out of 5, from other starts")
    assert "in other halves of the songs" in sentence(told, of="halves")
