"""Interventions: loud patches change much whatever they are, so members are compared with patches as loud."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.interventions.removing import Added, Exchange, Removed, nearest

SONGS = np.repeat(np.arange(12), 12)


def removed(
    members: np.ndarray, changes: np.ndarray, energies: np.ndarray, songs: np.ndarray, *, seed: int = 0
) -> Removed | None:
    found = Exchange.of(energies, songs, seed=seed).told(members, changes[:, None], Removed)
    return found[0] if found else None


def test_members_that_are_only_louder_are_nothing_special() -> None:
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        energies = rng.random(len(SONGS))
        members = np.zeros(len(SONGS), bool)
        for song in range(12):
            own = np.flatnonzero(song == SONGS)
            members[rng.choice(own[np.argsort(energies[own])[-4:]])] = True
        found = removed(members, np.floor(3 * energies) + rng.normal(0, 0.2, len(SONGS)), energies, SONGS)
        assert found is not None
        small += found.p < 0.05
    assert small <= 6


def test_the_effect_is_the_mean_over_songs() -> None:
    members, removals = np.zeros(len(SONGS), bool), np.zeros(len(SONGS))
    members[[0, 1, 2, 12, 24, 36, 48]] = True  # three of the first song
    removals[members] = [3, 3, 3, 1, 1, 1, 1]
    found = removed(members, removals, np.ones(len(SONGS)), SONGS)
    assert found is not None
    assert (found.n_songs, found.n_patches) == (5, 7)
    assert found.effect == pytest.approx(7 / 5)


def test_few_songs_are_no_answer() -> None:
    assert removed(SONGS < 4, np.ones(len(SONGS)), np.ones(len(SONGS)), SONGS) is None


def test_a_patch_belongs_to_the_nearest_middle() -> None:
    assert nearest(np.array([[0.0, 1], [4, 4]]), np.array([[5.0, 5], [0, 0]])).tolist() == [1, 0]


def test_classes_are_told_apart_and_what_is_not_known_is_left_out() -> None:
    rng = np.random.default_rng(0)
    members = np.arange(len(SONGS)) % 12 == 0
    changes = np.stack([np.where(members, 2.0, 0.0), np.zeros(len(SONGS))], axis=1) + rng.normal(0, 0.1, (144, 2))
    changes[SONGS < 5] = np.nan
    own, other = Exchange.of(rng.random(len(SONGS)), SONGS).told(members, changes, Added)
    assert isinstance(own, Added)
    assert (own.n_songs, own.n_patches) == (7, 7)
    assert own.effect == pytest.approx(2, abs=0.2)
    assert own.p < 0.01 < other.p
    changes[SONGS < 8] = np.nan
    assert Exchange.of(rng.random(len(SONGS)), SONGS).told(members, changes, Removed) == ()


def test_patches_change_places_within_their_song_and_third() -> None:
    exchange = Exchange.of(np.random.default_rng(0).random(len(SONGS)), SONGS, n_permuted=50)
    assert len(np.unique(exchange.cells)) == 36
    for permuted in exchange.places.T:
        assert sorted(permuted) == list(range(len(SONGS)))
        assert (exchange.cells[permuted] == exchange.cells).all()


def test_p_values_are_those_of_all_permutations() -> None:
    """With one member a song and one cell of three each, the null is known exactly."""
    songs = np.repeat(np.arange(5), 9)
    energies = np.tile(np.repeat([0.1, 0.2, 0.3], 3), 5)
    members = np.arange(45) % 9 == 0
    changes = np.where(members, 1.0, 0.0)
    found = removed(members, changes, energies, songs)
    assert found is not None
    assert found.p == pytest.approx(2 / 3**5, rel=0.3)
