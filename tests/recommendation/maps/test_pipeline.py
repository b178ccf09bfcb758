"""From an index to a map: who is on it, what is marked, what is refused; and the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import embedding_map
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.maps.result import MapSettings
from tests.recommendation.maps.planted import QUICK, clusters, library
from tests.recommendation.planted import collection

POINTS = clusters(3, 45)


def test_the_same_songs_have_the_same_map_and_another_seed_another_noise() -> None:
    found = [embedding_map(library(POINTS), settings=replace(QUICK, seed=seed)) for seed in (0, 0, 1)]
    assert found[0].to_dict() == found[1].to_dict()
    assert not np.array_equal(found[0].noise.positions, found[2].noise.positions)
    assert np.array_equal(found[0].layout.positions, found[2].layout.positions), "it starts from the components"


def test_noise_has_the_settings_and_the_number_of_the_songs() -> None:
    found = embedding_map(library(POINTS), settings=QUICK)
    assert found.noise.positions.shape == found.layout.positions.shape == (45, 2)
    assert found.noise.movement.iterations.tolist() == found.layout.movement.iterations.tolist()
    assert 0 < found.noise.trustworthiness < 1


def test_songs_without_a_direction_are_on_no_map() -> None:
    points = POINTS.copy()
    points[3] = np.nan
    points[5] = np.inf
    found = embedding_map(library(points), settings=QUICK, candidates=["song 3", "song 4"])
    assert found.places.tolist() == [n for n in range(45) if n not in (3, 5)]
    assert found.names[3] == "song 4"
    assert found.marked == {"candidates": (3,)}
    assert found.notes == (
        "2 songs cannot be compared: the vector is not finite, or has no direction",
        "song 3 is not marked, for it is on no map: it has no direction",
    )
    zeros = np.concatenate([POINTS, np.zeros((2, 12))])
    assert len(embedding_map(library(zeros), settings=QUICK, space="plain").places) == 45


def test_songs_of_one_vector_lie_at_one_place_and_are_laid_out_once() -> None:
    doubled = np.concatenate([POINTS, POINTS[:5]])
    found = embedding_map(library(doubled), settings=QUICK)
    assert np.array_equal(found.layout.positions[:5], found.layout.positions[45:])
    assert np.array_equal(found.stability.each[:5], found.stability.each[45:])
    assert len(found.noise.positions) == found.n_distinct == 45
    assert found.neighbours[0, 0] == 45
    assert found.notes == ("5 songs have the direction of another one, and the same place: the map is made of 45",)


def test_neighbours_are_those_of_the_original_space() -> None:
    found = embedding_map(library(POINTS), settings=QUICK, n_neighbours=4)
    centred = POINTS.astype(np.float32) - POINTS.astype(np.float32).mean(axis=0)
    cosines = centred @ centred.T
    cosines /= np.outer(np.linalg.norm(centred, axis=1), np.linalg.norm(centred, axis=1))
    np.fill_diagonal(cosines, -2)
    assert found.neighbours.tolist() == np.argsort(-cosines, axis=1)[:, :4].tolist()
    assert found.similarities == pytest.approx(np.sort(cosines, axis=1)[:, :-5:-1], abs=1e-5)


def test_songs_are_marked_by_name_path_or_object() -> None:
    index = library(POINTS)
    found = embedding_map(
        index, settings=QUICK, query=index.songs[2], candidates=["album 1/20.ogg", "song 2", "song 2"]
    )
    assert found.marked == {"query": (2,), "candidates": (20, 2)}


def test_groups_may_come_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "moods.csv"
    table.write_text(
        "path,mood\n" + "".join(f"album {n // 15}/{n}.ogg,{'party' if n % 2 else 'quiet'}\n" for n in range(45))
    )
    found = embedding_map(library(POINTS, folder=tmp_path), settings=QUICK, group="mood", table=table)
    assert found.groups is not None
    assert found.groups.counts == {"quiet": 23, "party": 22}
    assert found.groups.p > 0.05


@pytest.mark.parametrize("n_songs", [0, 1, 2, 3, 5, 9])
def test_too_few_songs_are_refused_in_clear_words(n_songs: int) -> None:
    index = collection(POINTS[:n_songs].reshape(n_songs, 12))
    with pytest.raises(UsageError, match=r"cannot be laid out as a map, which needs 10 or more"):
        embedding_map(index, settings=QUICK)


@pytest.mark.parametrize(
    "vectors", [np.ones((30, 4)), np.full((30, 4), np.nan), np.random.default_rng(0).normal(size=(30, 1))]
)
def test_vectors_that_hardly_differ_are_refused(vectors: Any) -> None:
    with pytest.raises(UsageError, match=r"cannot be laid out as a map"):
        embedding_map(collection(vectors), settings=QUICK)


@pytest.mark.parametrize("n_songs", [10, 11, 25])
def test_few_songs_have_a_map_with_a_lower_perplexity(n_songs: int) -> None:
    found = embedding_map(library(POINTS[:n_songs]), settings=replace(QUICK, perplexity=16.0))
    assert found.settings.perplexity == (n_songs - 1) // 3
    assert np.isfinite(found.layout.positions).all()
    assert np.isfinite(found.stability.each).all()
    assert f"{n_songs} songs are too few for a perplexity of 16" in found.notes[-1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"query": "song 99"}, "no file and no song of the index called 'song 99'"),
        ({"query": np.ones(12)}, "query names a ndarray, which the index does not hold"),
        ({"candidates": [(np.zeros(1600, np.float32), 16000)]}, "candidates names a tuple, which the index does not"),
        ({"settings": "sprad"}, "did you mean 'spread'"),
        ({"settings": None}, "settings is None; give MapSettings, or a preset"),
        ({"group": "moood"}, "column"),
        ({"group": "title"}, "and not two that two songs share"),
        ({"table": "moods.csv"}, "name its column with group"),
        ({"space": "flat"}, "space"),
        ({"n_neighbours": 0}, "n_neighbours is 0; give a whole number from 1 on"),
        ({"settings": MapSettings(perplexity=-1)}, "perplexity is -1"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        embedding_map(library(POINTS), **{"settings": QUICK, **asked})
    assert told in str(error.value)
