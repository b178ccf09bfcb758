"""Whether the songs fall into clumps, beyond what noise does."""

from __future__ import annotations

from audiolime_ext.recommendation.maps.noise import Noise
from audiolime_ext.recommendation.maps.result import Points

MOST_COMPARED = 2000
LEAST_SONGS = 20
N_NOISES = 99
LEVEL = 0.05


def clumping(directions: Points) -> float:
    """How much the songs fall into clumps."""
    return 0.0


def clumped(directions: Points, noise: Noise, seed: int) -> tuple[bool | None, float, float]:
    """Whether there are clumps beyond noise, p, and the clumping itself."""
    return None, 1.0, 0.0
