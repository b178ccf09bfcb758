"""Two embedders that have learnt nothing, for comparison.

- `untrained`: musicnn's penultimate layer with random weights. What it hears comes from its architecture alone.
- `log_mel`: the log-mel spectrum that musicnn hears, averaged over time: timbre and levels, and no order in time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import load_model, tagger
from audiolime_ext.models.musicnn import log_mel as spectrogram

_TRAINED = load_model("musicnn:MSD_musicnn")


def mean_over_time(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean log-mel spectra of signals at 16 kHz, shape (n_batch, 96)."""
    return np.asarray(spectrogram(batch)[:, 0].mean(axis=1))


untrained = _TRAINED.randomised(_TRAINED.trained_layers, seed=0).at("penultimate")
log_mel = tagger(mean_over_time, sr=16000, window_s=3.0)
