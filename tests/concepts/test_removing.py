"""Interventions: loud patches change much whatever they are, so members are compared with patches as loud."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.removing import nearest, removed

SONGS = np.repeat(np.arange(12), 12)


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
