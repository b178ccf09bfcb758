"""Three mixes: what an engineer does alike to all stems, an equaliser and a room. Names to what they are.

An equaliser tilts the spectrum, by 1.5 dB an octave; a room's echoes die away by 60 dB within some decay. The same mix
is the same filter, whatever it is applied to. The balance of the stems is no part of it: levels are alike everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from examples.cerberus.rendering import in_room, tilted

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Mix:
    """An equaliser and a room.

    Parameters
    ----------
    tilt
        Exponent of frequency: 0.25 is 1.5 dB an octave.
    room_s, echoes_db
        How slowly the room's echoes decay, and their level relative to the direct sound.
    """

    tilt: float
    room_s: float
    echoes_db: float


MIXES = {
    "dark, dry": Mix(-0.25, 0.05, -30.0),
    "bright, in a room": Mix(0.25, 0.3, -9.0),
    "neutral, in a hall": Mix(0.0, 1.2, -6.0),
}


def mixed(stem: Samples, name: str) -> Samples:
    """A stem in a mix."""
    mix = MIXES[name]
    return in_room(tilted(stem, mix.tilt), mix.room_s, mix.echoes_db, np.random.default_rng(0))
