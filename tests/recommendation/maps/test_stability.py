from __future__ import annotations

from dataclasses import replace

import numpy as np

from audiolime_ext.recommendation.maps.laying_out import lay_out, principal_of
from audiolime_ext.recommendation.maps.result import MapSettings, Stability
from audiolime_ext.recommendation.maps.stability import n_repeated, neighbours_compared, stability_of
from tests.recommendation.maps.planted import clusters, directions

SETTINGS = MapSettings(perplexity=6.0, learning_rate=40.0, max_iterations=500)


def stability(songs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Stability:
    start = principal_of(songs)[0]
    positions, _ = lay_out(songs, start, SETTINGS, name="")
    return stability_of(songs, start, positions, SETTINGS)


def test_songs_along_a_curve_keep_their_neighbours_and_those_without_any_do_not() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = stability(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    nowhere = stability(directions(np.random.default_rng(0).normal(size=(60, 200))))
    assert circle.each.mean() > 0.8
    assert nowhere.each.mean() < 0.6
    assert nowhere.chance == 10 / 59
    assert nowhere.chance_of_subsamples == 10 / 47
    assert nowhere.each.min() >= 0
    assert circle.each.max() <= 1


def test_each_way_has_a_number_for_every_song() -> None:
    found = stability(directions(clusters(3, 45)))
    assert found.by_starts.shape == found.by_subsamples.shape == (45,)
    assert np.isfinite([found.by_starts, found.by_subsamples]).all()
    assert (found.by_starts != found.by_subsamples).any()
    assert (found.n_starts, found.n_subsamples, found.k) == (5, 5, 10)


def test_the_same_seed_finds_the_same_and_another_another() -> None:
    songs = directions(clusters(2, 36))
    start = principal_of(songs)[0]
    quick = replace(SETTINGS, max_iterations=250)
    found = [stability_of(songs, start, start, replace(quick, seed=seed)).by_starts.tolist() for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_fewer_maps_are_made_again_of_larger_collections_and_fewer_neighbours_compared_of_smaller() -> None:
    assert [n_repeated(n) for n in (237, 2000, 2001, 5001)] == [5, 5, 3, 2]
    assert [neighbours_compared(n) for n in (10, 20, 200)] == [3, 6, 10]
