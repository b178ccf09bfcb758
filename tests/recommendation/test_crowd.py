"""Corrections for one query among many songs are the rows of those for all pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation import crowd as module
from audiolime_ext.recommendation.crowd import crowd_of
from audiolime_ext.recommendation.hubs import HubCorrection, local_scaling, mutual_proximity
from audiolime_ext.recommendation.neighbours import view_of
from audiolime_ext.recommendation.space import SpaceKind, space_of
from tests.recommendation.planted import collection, crowded

ALL_PAIRS = {"mutual proximity": mutual_proximity, "local scaling": local_scaling}


@pytest.mark.parametrize("kind", ["centred", "plain", "standardised"])
@pytest.mark.parametrize("correction", ALL_PAIRS)
def test_one_query_gets_its_row_of_all_pairs(correction: HubCorrection, kind: SpaceKind) -> None:
    index = collection(crowded())
    space = space_of(index, kind)
    crowd, _ = crowd_of(index, space, correction)
    u = space.directions(index, np.arange(300))
    for at in (0, 17):
        products = u @ u[at]
        view = view_of(crowd, u[at], np.array([at]), products)
        found = np.exp(crowd.log_nearness(products, view, crowd.seen_from_songs(slice(None))))
        others = np.arange(300) != at
        assert found[others] == pytest.approx(ALL_PAIRS[correction](u @ u.T)[at, others], abs=1e-5)


def test_songs_of_a_profile_are_not_in_its_crowd() -> None:
    index = collection(crowded())
    space = space_of(index)
    crowd, _ = crowd_of(index, space, "mutual proximity")
    u = space.directions(index, np.arange(300))
    profile = u[[3, 4, 5]].mean(axis=0)
    profile /= np.linalg.norm(profile)
    mean, deviation = view_of(crowd, profile, np.array([3, 4, 5]), u @ profile)
    others = np.delete(u @ profile, [3, 4, 5])
    assert (mean, deviation) == pytest.approx((others.mean(), others.std()))


def test_songs_that_cannot_be_compared_are_in_no_crowd() -> None:
    vectors = crowded()
    broken = collection(np.concatenate([vectors, np.full((40, 30), np.nan)]))
    found, expected = (
        crowd_of(index, space_of(index), "mutual proximity")[0].seen_from_songs(slice(0, 300))
        for index in (broken, collection(vectors))
    )
    assert found[0] == pytest.approx(expected[0])
    assert found[1] == pytest.approx(expected[1])


def test_no_song_below_the_least_similarity_is_as_near() -> None:
    index = collection(crowded())
    space = space_of(index)
    crowd, _ = crowd_of(index, space, "mutual proximity")
    u = space.directions(index, np.arange(300))
    products = u @ u[0]
    view = view_of(crowd, u[0], np.array([0]), products)
    logs = crowd.log_nearness(products, view, crowd.seen_from_songs(slice(None)))
    for log in (np.sort(logs)[-10], -1e-20):
        below = products < crowd.least_similarity(log, view)
        assert below.any()
        assert logs[below].max() < log


def test_with_few_songs_the_radius_reaches_to_the_last() -> None:
    index = collection(crowded(6, 8))
    space = space_of(index)
    crowd, _ = crowd_of(index, space, "local scaling")
    u = space.directions(index, np.arange(6))
    view = view_of(crowd, u[2], np.array([2]), u @ u[2])
    found = np.exp(crowd.log_nearness(u @ u[2], view, crowd.seen_from_songs(slice(None))))
    assert np.delete(found, 2) == pytest.approx(np.delete(local_scaling(u @ u.T)[2], 2), abs=1e-3)


def test_radii_of_more_than_a_thousand_songs_are_those_of_all_pairs() -> None:
    index = collection(crowded(1100, 8))
    space = space_of(index)
    crowd, _ = crowd_of(index, space, "local scaling")
    u = space.directions(index, np.arange(1100))
    tenth = np.sort(u @ u.T, axis=1)[:, -11]
    assert crowd.seen_from_songs(slice(None)) == pytest.approx(np.sqrt(2 - 2 * tenth), abs=1e-3)


def test_local_scaling_is_for_collections_of_some_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRED", 100)
    index = collection(crowded())
    with pytest.raises(UsageError, match="there are 300; it is for 100 at most, so choose mutual proximity"):
        crowd_of(index, space_of(index), "local scaling")


def test_an_unknown_correction_is_refused() -> None:
    index = collection(crowded())
    with pytest.raises(UsageError, match="unknown correction for hubs 'mutual'; did you mean 'mutual proximity'"):
        crowd_of(index, space_of(index), "mutual")  # type: ignore[arg-type]


def test_what_is_kept_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiolime_ext.recommendation.kept.LEAST_SONGS", 100)
    found = []
    for _ in range(2):
        index = collection(crowded(), folder=tmp_path)
        crowd, notes = crowd_of(index, space_of(index), "mutual proximity")
        found.append(crowd.seen_from_songs(slice(None)))
        assert notes == ()
    assert {path.name for path in tmp_path.iterdir()} == {"space-centred.npz", "mutual-proximity-centred.npz"}
    assert (np.array(found[0]) == np.array(found[1])).all()
