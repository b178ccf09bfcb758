from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.maps.result import Stability


def test_a_song_is_as_stable_as_in_the_less_stable_of_two_ways() -> None:
    stability = Stability(10, np.array([0.9, 0.2]), np.array([0.5, 0.4]), 5, 5)
    assert stability.each.tolist() == [0.5, 0.2]
