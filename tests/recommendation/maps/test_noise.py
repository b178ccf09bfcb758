from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.recommendation.maps.noise import Noise
from tests.recommendation.maps.planted import directions


@pytest.mark.parametrize("power", [0.0, 0.5, 2.0])
def test_noise_varies_as_the_songs_do_along_each_axis(power: float) -> None:
    rng = np.random.default_rng(0)
    songs = directions(rng.standard_t(3, size=(400, 20)) * np.arange(1, 21) ** -power)
    drawn = Noise.like(songs, rng).draw(40_000, rng)
    assert np.allclose(np.cov(drawn.T), np.cov(songs.T), atol=0.02)
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1.0)


def test_noise_lies_where_the_songs_do_in_a_space_that_is_not_centred() -> None:
    rng = np.random.default_rng(0)
    songs = rng.normal(size=(300, 5)) + np.array([6.0, 0, 0, 0, 0])
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    drawn = Noise.like(songs, rng).draw(5000, rng)
    assert np.allclose(drawn.mean(axis=0), songs.mean(axis=0), atol=0.02)
    assert np.allclose(np.cov(drawn.T), np.cov(songs.T), atol=0.01)


def test_fewer_songs_than_outputs_have_noise_along_their_own_axes_only() -> None:
    rng = np.random.default_rng(0)
    songs = directions(rng.normal(size=(12, 40)))
    drawn = Noise.like(songs, rng).draw(50, rng)
    axes = np.linalg.svd(songs - songs.mean(axis=0))[2][:11]
    inside = (drawn - songs.mean(axis=0)) @ axes.T @ axes
    assert np.abs(drawn - songs.mean(axis=0) - inside).max() < 1e-4
