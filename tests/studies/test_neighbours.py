"""The vectors of the study of neighbours are made as it says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.studies.neighbours import jittered


def test_jitter_reaches_as_far_as_windows_of_one_song_lie_apart() -> None:
    rng = np.random.default_rng(0)
    songs = rng.permutation(np.repeat(np.arange(8), 25))
    pieces = 10 * rng.normal(size=(8, 30))
    windows = (pieces[songs] + rng.normal(size=(200, 30)) * np.linspace(0.1, 2, 30)).astype(np.float32)
    found = jittered(windows, songs, 5000)
    nearest = np.argmin(np.linalg.norm(found[:, None] - pieces, axis=2), axis=1)
    spread = np.array([np.cov((found[nearest == n] - pieces[n]).T).trace() for n in range(8)]).mean()
    within = np.array([np.cov(windows[songs == n].T).trace() for n in range(8)]).mean()
    assert spread == pytest.approx(2 * within, rel=0.15)  # of the window that was drawn, and of the jitter
    assert (jittered(windows, songs, 100) == jittered(windows, songs, 100)).all()
    assert (jittered(windows, songs, 100) != jittered(windows, songs, 100, seed=1)).any()
