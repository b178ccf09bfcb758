"""Which windows of an excerpt are explained: those of the highest value that are not silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.silence import sounding
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.gradients.hearing import Heard
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.text import counted


def strongest(heard: Heard, values: Scores, n: int, label: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Numbers of the windows of the highest value that are not silent, in their order, with a note where some are left.

    Raises
    ------
    UsageError
        If less than one is asked for.
    AudioError
        If all are silent.
    """
    if n < 1:
        raise UsageError(f"strongest is {n}; explain one window or more, or all: strongest=None")
    audio, n_windows = heard.audio, len(values)
    spans = [(start, min(heard.window_s, audio.duration_s - start)) for start in heard.starts_s.tolist()]
    sounds = np.flatnonzero(sounding(audio, spans, 1 if heard.signals.shape[1] == 1 else 2))
    if not len(sounds):
        raise AudioError(f"{audio.name!r} is silent in all that was asked about; choose another start")
    own = np.sort(sounds[np.argsort(-values[sounds], kind="stable")[:n]])
    if len(own) == n_windows:
        return own, ()
    silent = f" ({n_windows - len(sounds)} silent)" if len(sounds) < n_windows else ""
    some = "1 is" if len(own) == 1 else f"{len(own)} are"
    return own, (f"of {counted(n_windows, 'window')}{silent}, {some} explained: where {label} is highest",)
