"""Clusters of patches: a planted one is found, and those of few songs are dropped with their reason."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.discovery.discovering import _reason, alike, clusters, divided
from audiolime_ext.errors import UsageError

SONGS = np.repeat(np.arange(20), 10)


def patches(seed: int) -> np.ndarray:
    given = np.random.default_rng(seed).normal(size=(200, 16))
    given[::10] += 8  # the first patch of each song
    given[190:] -= 8  # all of the last song
    given[190] += 8
    return given


def test_what_every_song_has_is_found_and_what_one_has_is_dropped() -> None:
    found = clusters(patches(0), SONGS, n_clusters=6)
    first = found[0]
    assert sorted(first.members.tolist()) == list(range(0, 200, 10))
    assert (first.n_songs, first.dropped) == (20, "")
    assert sorted(SONGS[first.standing].tolist()) == list(range(20))
    single = next(one for one in found if one.n_songs == 1)
    assert single.dropped == "9 patches of 1 of 20 songs are too few"
    assert single.structure is None


def test_many_patches_of_few_songs_are_dropped_since_they_cannot_be_tested() -> None:
    given, songs = np.random.default_rng(0).normal(size=(120, 4)), np.repeat(np.arange(12), 10)
    given[:30] += 20
    found = clusters(given, songs, n_clusters=2)
    assert [one.dropped for one in found] == ["", "its patches are of 3 songs, too few to test it over songs"]


def test_a_seed_says_all_and_planted_clusters_return_with_others() -> None:
    one, again, other = (clusters(patches(0), SONGS, n_clusters=6, seed=seed) for seed in (0, 0, 1))
    assert [a.members.tolist() for a in one] == [b.members.tolist() for b in again]
    assert alike([one[0].members], [cluster.members for cluster in other])[0] == 1


def test_more_clusters_than_patches_are_refused() -> None:
    with pytest.raises(UsageError, match="25 clusters of 10 patches"):
        clusters(np.zeros((10, 2)), np.arange(10))


@pytest.mark.parametrize(
    ("n_members", "n_songs", "kept"),
    [(11, 11, True), (10, 10, False), (21, 6, True), (20, 6, False), (21, 5, False), (41, 2, True), (40, 2, False)],
)
def test_clusters_are_kept_as_ace_keeps_them(n_members: int, n_songs: int, kept: bool) -> None:
    """Of twenty songs: more than half of them; a quarter and more patches than songs; or twice as many patches."""
    assert (_reason(n_members, n_songs, 20) == "") == kept


def test_patches_that_are_the_same_are_in_one_cluster() -> None:
    """Of silence, say, there may be many alike, and fewer that differ than clusters are asked for."""
    given = np.repeat(np.eye(3), 20, axis=0)
    cluster, middles = divided(given, n_clusters=8)
    assert len(middles) == 3
    assert len(set(zip(cluster.tolist(), given.argmax(axis=1).tolist(), strict=True))) == 3
    assert len(clusters(given, np.tile(np.arange(20), 3), n_clusters=8)) == 3
