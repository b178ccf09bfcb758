"""The layout is t-SNE's, with settings that mean what they mean in scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.manifold import TSNE

from audiolime_ext.progress.stages import reporting
from audiolime_ext.recommendation.maps import laying_out
from audiolime_ext.recommendation.maps.laying_out import lay_out, principal_of, random_start
from audiolime_ext.recommendation.maps.nearness import nearest, on_map, shared
from audiolime_ext.recommendation.maps.result import MapSettings
from tests.recommendation.maps.planted import QUICK, clusters, directions

SONGS = directions(clusters(3, 90))
START = principal_of(SONGS)[0]


SLOW = MapSettings(perplexity=16.0, early_exaggeration=4.0, learning_rate=0.5)  # two ways go apart only later
BLOB = directions(np.random.default_rng(0).normal(size=(90, 12)) * np.arange(1, 13) ** -0.7)


def off(settings: MapSettings, n_iterations: int, meant: MapSettings) -> float:
    """How far our map is from scikit-learn's of what is meant, as a share of the latter's size."""
    start = principal_of(BLOB)[0]
    tsne = TSNE(
        perplexity=meant.perplexity,
        early_exaggeration=meant.early_exaggeration,
        learning_rate=meant.learning_rate,
        init=(start * (1e-4 / start[:, 0].std())).astype(np.float32),
        **{"max_iter" if "max_iter" in signature(TSNE).parameters else "n_iter": n_iterations},
    )
    expected = tsne.fit_transform(BLOB)
    ours, _ = lay_out(BLOB, start, settings, iterations=n_iterations, name="")
    return float(np.linalg.norm(ours - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("n_iterations", [250, 300])
@pytest.mark.parametrize("exaggeration", [1.0, 4.0])
def test_settings_mean_what_they_mean_in_scikit_learn(exaggeration: float, n_iterations: int) -> None:
    settings = replace(SLOW, early_exaggeration=exaggeration)
    assert off(settings, n_iterations, settings) < 0.04


@pytest.mark.parametrize("wrong", [{"learning_rate": 2.0}, {"learning_rate": 0.125}, {"early_exaggeration": 1.0}])
def test_and_nothing_else(wrong: dict[str, Any]) -> None:
    """A learning rate as openTSNE has it, a fourth of it, and no early exaggeration."""
    assert off(replace(SLOW, **wrong), 300, SLOW) > 0.3


@pytest.mark.parametrize(("name", "value"), [("STEP", 125), ("_FIRST_MOMENTUM", 0.8)])
def test_the_first_phase_is_scikit_learns(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laying_out, name, value)
    plain = replace(SLOW, early_exaggeration=1.0)
    assert off(plain, 300, plain) > 0.08


def test_neighbours_of_a_map_are_neighbours_of_the_songs() -> None:
    positions, movement = lay_out(SONGS, START, replace(QUICK, max_iterations=1000), name="")
    assert shared(on_map(positions, 8), nearest(SONGS, 8)[0]).mean() > 0.5
    assert positions.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert movement.iterations.tolist() == [250, 500, 750, 1000]


def test_it_ends_once_songs_move_less_than_the_tolerance() -> None:
    patient = replace(QUICK, max_iterations=2000, tolerance=0.03)
    _, movement = lay_out(SONGS, START, patient, name="")
    assert movement.settled
    assert movement.moves[-1] < 0.03 <= movement.moves[:-1].min()
    assert movement.iterations[-1] < 2000
    _, movement = lay_out(SONGS, START, replace(patient, tolerance=0.0, max_iterations=600), name="")
    assert not movement.settled
    assert movement.iterations.tolist() == [250, 500, 600]


def test_going_on_is_the_same_as_not_having_looked() -> None:
    once, _ = lay_out(SONGS, START, QUICK, iterations=500, name="")
    again, movement = lay_out(SONGS, START, replace(QUICK, max_iterations=500, tolerance=0.0), name="")
    assert np.array_equal(once, again)
    assert len(movement.moves) == 2


def test_many_songs_are_laid_out_by_interpolation_and_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    by_tree, _ = lay_out(SONGS, START, QUICK, iterations=60, name="")
    monkeypatch.setattr("audiolime_ext.recommendation.maps.laying_out._BY_INTERPOLATION", 10)
    found = [lay_out(SONGS, START, QUICK, iterations=60, name="")[0] for _ in range(2)]
    assert np.array_equal(found[0], found[1])
    assert procrustes(by_tree, found[0])[2] < 0.05


def test_any_number_of_threads_finds_the_same_map(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, _ = lay_out(SONGS, START, QUICK, iterations=40, name="")
    monkeypatch.setattr(laying_out, "_n_threads", lambda n_songs: 3)
    assert np.array_equal(alone, lay_out(SONGS, START, QUICK, iterations=40, name="")[0])


def test_how_far_it_is_is_told() -> None:
    told = list[str]()
    with reporting(lambda at: told.append(str(at))):
        lay_out(SONGS, START, replace(QUICK, max_iterations=500, tolerance=0.0), name="laying out")
    assert told[0] == "laying out: 0 of 500 iterations"
    assert told[-1] == "laying out: 500 of 500 iterations"


def test_principal_components_are_two_whatever_there_is() -> None:
    found, shares = principal_of(np.array([[1.0], [-1.0], [1.0]]))
    assert found.shape == (3, 2)
    assert shares == (1.0, 0.0)
    assert principal_of(SONGS)[0] == pytest.approx(principal_of(SONGS[:, ::-1])[0], abs=1e-9)


def test_a_random_start_is_another_with_each_draw() -> None:
    rng = np.random.default_rng(0)
    assert random_start(5, rng).tolist() != random_start(5, rng).tolist()
