"""Profiles of several songs, and tastes."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.queries import Query
from audiolime_ext.recommendation.ranking import positions_of, ranking_of
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection, crowded

INDEX = collection(crowded(400, 20))
SPACE = space_of(INDEX)


def queries(*positions: int) -> list[Query]:
    return [Query(INDEX.songs[at].name, INDEX.vectors[at], at, INDEX.songs[at]) for at in positions]


def test_in_a_profile_every_song_counts_the_same_whatever_its_length() -> None:
    far = Query("far", SPACE.centre + 50.0 * (INDEX.vectors[2] - SPACE.centre))
    found = ranking_of(INDEX, SPACE, [*queries(1), far], [], learnt=False, seed=0)
    u = SPACE.directions(INDEX, np.array([1, 2]))
    assert found.profile == pytest.approx(u.mean(axis=0) / np.linalg.norm(u.mean(axis=0)), abs=1e-5)
    assert (found.own.tolist(), found.towards is found.profile) == ([1], True)


def test_a_song_that_is_given_twice_is_excluded_once() -> None:
    assert positions_of(queries(3, 1, 3)).tolist() == [1, 3]


def test_opposites_have_no_profile() -> None:
    opposite = Query("opposite", 2 * SPACE.centre - INDEX.vectors[1])
    with pytest.raises(UsageError, match="the songs are opposites, and no song is near to all of them"):
        ranking_of(INDEX, SPACE, [*queries(1), opposite], [], learnt=False, seed=0)


def test_a_taste_without_dislikes_is_against_songs_that_are_drawn_and_that_is_said() -> None:
    one, same, other = (ranking_of(INDEX, SPACE, queries(1, 2), [], learnt=True, seed=seed) for seed in (0, 0, 1))
    assert one.notes == (
        "no song is disliked: 200 songs drawn from the others (seed 0) stand for those that are not liked",
    )
    assert one.taste is not None
    assert (one.towards == same.towards).all()
    assert (one.towards != other.towards).any()


def test_one_song_alone_has_nothing_to_be_told_from() -> None:
    alone = collection(crowded(1, 4))
    with pytest.raises(UsageError, match="no other song that could be disliked"):
        ranking_of(alone, space_of(alone), [Query("it", alone.vectors[0], 0)], [], learnt=True, seed=0)
