"""Songs of true stems, and models of which it is known what they hear in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import heard_in_stems
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.track.asked import AskedTrack
from factorizations.oracle import OracleFactorization

SR = 2000
HZ = (100, 210, 330, 450)  # whole numbers of turns in a second

Array = NDArray[np.float64]


def tones(levels: Any) -> tuple[NDArray[np.float32], int]:
    """Tones whose amplitudes, (n_seconds, n_tones), change every second."""
    seconds = np.atleast_2d(np.asarray(levels, float))
    time_s = np.arange(SR) / SR
    waves = np.sin(2 * np.pi * np.outer(HZ[: seconds.shape[1]], time_s))
    return (seconds @ waves).reshape(-1).astype(np.float32), SR


def amplitudes(batch: NDArray[np.float32]) -> Array:
    """Amplitudes of the tones, (n, n_tones): linear in the sound."""
    waves = np.sin(2 * np.pi * np.outer(HZ, np.arange(batch.shape[1]) / SR))
    return np.asarray(batch @ waves.T * 2 / batch.shape[1], np.float64)


class Counting:
    """A model of one-second windows that hears what `judge` makes of the tones' amplitudes, and counts its windows."""

    def __init__(self, judge: Any = lambda heard: heard, **options: Any) -> None:
        self.n_asked = 0

        def answer(batch: NDArray[np.float32]) -> Array:
            self.n_asked += len(batch)
            return np.asarray(judge(amplitudes(batch)))

        self.model: FunctionModel = tagger(answer, **{"sr": SR, "window_s": 1.0, "version": "1", **options})


def song(stems: Mapping[str, Any], model: Any, *, mixture: Audio | None = None, **options: Any) -> AskedTrack:
    """A song of tones in true stems, asked about."""
    oracle = OracleFactorization({name: tones(levels) for name, levels in stems.items()}, mixture=mixture)
    heard: Any = model.model if isinstance(model, Counting) else model
    return heard_in_stems(oracle.mixture, heard, oracle, cache=False, **options)
