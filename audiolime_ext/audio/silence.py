"""Where nothing sounds: a model's answer is not due to music there, and there is nothing to switch.

A window is silent if it lies `SILENT_DB` below the loudest of the windows that are compared: −60 dB, the limit below
which a residual counts as background, too. The dither and the hiss of a pause lie there, but no music: the softest
passages of a symphony are some 50 dB below its loudest ones.

What counts is what the model hears: to one that listens in mono, channels that cancel are silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudioError

SILENT_DB = -60.0

Span = tuple[float, float]  # start and duration in seconds


def power(audio: Audio, start_s: float, duration_s: float, n_channels: int = 2) -> float:
    """Mean square of an excerpt; that of its channels' mean where `n_channels` is 1."""
    samples = audio.excerpt(start_s, duration_s).samples
    heard = samples.mean(axis=0) if n_channels == 1 else samples
    return float(np.mean(np.square(heard, dtype=np.float64)))


def least_power(audio: Audio, spans: Sequence[Span], n_channels: int = 2) -> float:
    """The mean square below which one of these excerpts is silent compared with the loudest of them."""
    return 10 ** (SILENT_DB / 10) * max(power(audio, *span, n_channels) for span in spans)


def sounding(audio: Audio, spans: Sequence[Span], n_channels: int = 2) -> NDArray[np.bool_]:
    """Which of these excerpts are not silent compared with the loudest; none where all are digital silence.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 3000)) * np.repeat([1, 1e-4, 0.1], 1000)
    >>> sounding(Audio(noise.astype(np.float32), 1000), [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)])
    array([ True, False,  True])
    """
    found = np.array([power(audio, *span, n_channels) for span in spans])
    return np.asarray((found > 0) & (found >= 10 ** (SILENT_DB / 10) * found.max()))


def below_loudest_db(audio: Audio, start_s: float, duration_s: float, n_channels: int = 2) -> float:
    """Level of an excerpt relative to the loudest one of its length in the recording, in dB; −inf: digital silence."""
    n_steps = max(1, int(audio.duration_s / duration_s))
    others = [(step * duration_s, min(duration_s, audio.duration_s - step * duration_s)) for step in range(n_steps)]
    here = power(audio, start_s, duration_s, n_channels)
    loudest = max(here, *(power(audio, *span, n_channels) for span in others), 0.0)
    return float(10 * np.log10(here / loudest)) if here > 0 else -np.inf


def silence_warnings(audio: Audio, start_s: float, duration_s: float, n_channels: int = 2) -> list[str]:
    """Warning that an excerpt, which the user chose, is next to silent; empty where it is not."""
    level_db = below_loudest_db(audio, start_s, duration_s, n_channels)
    if level_db > SILENT_DB:
        return []
    silent = f"is silent{_in_mono(audio, start_s, duration_s, n_channels)}"
    level = silent if level_db == -np.inf else f"lies {-level_db:.0f} dB below the loudest one of {audio.name!r}"
    return [f"the excerpt from {start_s:g} s on {level}: there is next to nothing to explain"]


def require_sound(audio: Audio, start_s: float, duration_s: float, n_channels: int = 2) -> None:
    """Refuse a silent excerpt that the user did not choose.

    Raises
    ------
    AudioError
        If it is silent.
    """
    level_db = below_loudest_db(audio, start_s, duration_s, n_channels)
    if level_db <= SILENT_DB:
        span = f"{start_s:g} s to {start_s + duration_s:g} s"
        beside = "" if level_db == -np.inf else f" ({-level_db:.0f} dB below its loudest such excerpt)"
        mono = _in_mono(audio, start_s, duration_s, n_channels)
        raise AudioError(f"{audio.name!r} is silent from {span}{beside}{mono}; choose another start")


def _in_mono(audio: Audio, start_s: float, duration_s: float, n_channels: int) -> str:
    cancelled = n_channels == 1 and power(audio, start_s, duration_s) > 0 == power(audio, start_s, duration_s, 1)
    return " to a model that listens in mono, as its channels cancel" if cancelled else ""
