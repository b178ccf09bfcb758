"""The layout is t-SNE's, with settings that mean what they mean in scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.manifold import TSNE

from audiolime_ext.progress.stages import reporting
from audiolime_ext.recommendation.maps.laying_out import lay_out, principal_of, random_start
from audiolime_ext.recommendation.maps.nearness import nearest, on_map, shared
from audiolime_ext.recommendation.maps.result import MapSettings
from tests.recommendation.maps.planted import QUICK, clusters, directions

SONGS = directions(clusters(3, 90))
START = principal_of(SONGS)[0]


def theirs(settings: MapSettings, n_iterations: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    tsne = TSNE(
        perplexity=settings.perplexity,
        early_exaggeration=settings.early_exaggeration,
        learning_rate=settings.learning_rate,
        init=(START * (1e-4 / START[:, 0].std())).astype(np.float32),
        n_iter_without_progress=10_000,
        min_grad_norm=0.0,
        **{"max_iter": n_iterations},
    )
    return np.asarray(tsne.fit_transform(SONGS), np.float64)


def apart(one: np.ndarray[tuple[int, ...], np.dtype[np.float64]], other: object) -> float:
    """How far two maps differ, from 0 to 1, whatever way they are turned and however large."""
    return float(procrustes(one, other)[2])


@pytest.mark.parametrize("settings", [MapSettings(16, 1, 10), MapSettings(16, 4, 10), MapSettings(10, 12, 40)])
@pytest.mark.parametrize("n_iterations", [250, 500])
def test_a_setting_means_what_it_means_in_scikit_learn(settings: MapSettings, n_iterations: int) -> None:
    """Within the first phase and after it; a learning rate of four times as much is farther away."""
    ours, _ = lay_out(SONGS, START, settings, iterations=n_iterations, name="")
    expected = theirs(settings, n_iterations)
    assert apart(expected, ours) < 0.02
    spread = float(ours.std() / expected.std())
    assert 0.9 < spread < 1.1


def test_other_settings_are_told_apart_by_that() -> None:
    """So a wrong factor of the learning rate, or a first phase without exaggeration, would be seen."""
    settings = MapSettings(16, 4, 10)
    expected = theirs(settings, 250)
    for wrong in (replace(settings, learning_rate=2.5), replace(settings, early_exaggeration=1.0)):
        ours, _ = lay_out(SONGS, START, wrong, iterations=250, name="")
        assert not (apart(expected, ours) < 0.02 and 0.9 < ours.std() / expected.std() < 1.1)


def test_neighbours_of_a_map_are_neighbours_of_the_songs() -> None:
    positions, movement = lay_out(SONGS, START, replace(QUICK, max_iterations=1000), name="")
    assert shared(on_map(positions, 8), nearest(SONGS, 8)[0]).mean() > 0.5
    assert positions.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert movement.iterations.tolist() == [250, 500, 750, 1000]


def test_it_ends_once_songs_move_less_than_the_tolerance() -> None:
    patient = replace(QUICK, max_iterations=2000, tolerance=0.2)
    _, movement = lay_out(SONGS, START, patient, name="")
    assert movement.settled
    assert movement.moves[-1] < 0.2 <= movement.moves[:-1].min()
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
    by_tree, _ = lay_out(SONGS, START, QUICK, iterations=250, name="")
    monkeypatch.setattr("audiolime_ext.recommendation.maps.laying_out._BY_INTERPOLATION", 10)
    found = [lay_out(SONGS, START, QUICK, iterations=250, name="")[0] for _ in range(2)]
    assert np.array_equal(*found)
    assert apart(by_tree, found[0]) < 0.05


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
