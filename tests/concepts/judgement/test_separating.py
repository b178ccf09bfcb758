"""Accuracies on songs that a CAV has not seen."""

from __future__ import annotations

import numpy as np

from audiolime_ext.concepts.judgement.separating import accuracy

SONGS = np.repeat(np.arange(40), 2)


def test_random_patches_do_not_separate() -> None:
    found = []
    for seed in range(30):
        given = np.random.default_rng(seed).normal(size=(80, 50))
        found.append(accuracy(given @ given.T, np.arange(40), np.arange(40, 80), SONGS))
    assert sum(one.separates for one in found) <= 4
    assert abs(np.mean([one.value for one in found]) - 0.5) < 0.05


def test_what_is_the_song_and_not_the_concept_is_not_recognised() -> None:
    """Two patches of a song are the same: left out together, they help nobody."""
    given = np.random.default_rng(0).normal(size=(40, 50)).repeat(2, axis=0)
    assert not accuracy(given @ given.T, np.arange(40), np.arange(40, 80), SONGS).separates


def test_few_songs_are_not_sure_however_many_patches_they_have() -> None:
    songs = np.repeat(np.arange(4), 20)
    given = np.random.default_rng(0).normal(size=(80, 5)) + np.repeat([[3.0], [-3.0]], 40, axis=0)
    found = accuracy(given @ given.T, np.arange(40), np.arange(40, 80), songs)
    assert found.value == 1
    assert found.low < 0.52
