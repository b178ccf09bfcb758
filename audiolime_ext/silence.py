"""Where nothing sounds: what a model says there is no music's doing, and there is nothing to switch.

Silent is what lies `SILENT_DB` below the loudest of the windows that are compared: −60 dB, the limit under which a
residual is background too. The dither and the hiss of a pause lie there, and no music: the softest passages of a
symphony are some 50 dB below its loudest ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Audio
from audiolime_ext.errors import AudioError

SILENT_DB = -60.0

Span = tuple[float, float]  # start and duration in seconds


def power(audio: Audio, start_s: float, duration_s: float) -> float:
    """Mean square of an excerpt."""
    return float(np.mean(np.square(audio.excerpt(start_s, duration_s).samples, dtype=np.float64)))


def least_power(audio: Audio, spans: Sequence[Span]) -> float:
    """The mean square below which one of these excerpts is silent beside the loudest of them."""
    return 10 ** (SILENT_DB / 10) * max(power(audio, *span) for span in spans)


def sounding(audio: Audio, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which of these excerpts sound beside the loudest of them; none where all are digital silence.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 3000)) * np.repeat([1, 1e-4, 0.1], 1000)
    >>> sounding(Audio(noise.astype(np.float32), 1000), [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)])
    array([ True, False,  True])
    """
    found = np.array([power(audio, *span) for span in spans])
    return np.asarray((found > 0) & (found >= 10 ** (SILENT_DB / 10) * found.max()))


def below_loudest_db(audio: Audio, start_s: float, duration_s: float) -> float:
    """Level of an excerpt beside the loudest excerpt of that length in the recording, in dB; −inf: digital silence."""
    n_steps = max(1, int(audio.duration_s / duration_s))
    others = [(step * duration_s, min(duration_s, audio.duration_s - step * duration_s)) for step in range(n_steps)]
    here = power(audio, start_s, duration_s)
    loudest = max(here, *(power(audio, *span) for span in others), 0.0)
    return float(10 * np.log10(here / loudest)) if here > 0 else -np.inf


def silence_warnings(audio: Audio, start_s: float, duration_s: float) -> list[str]:
    """That an excerpt, which somebody chose, is next to silent."""
    level_db = below_loudest_db(audio, start_s, duration_s)
    if level_db > SILENT_DB:
        return []
    level = "is silent" if level_db == -np.inf else f"lies {-level_db:.0f} dB below the loudest one of {audio.name!r}"
    return [f"the excerpt from {start_s:g} s on {level}: there is next to nothing to explain"]


def require_sound(audio: Audio, start_s: float, duration_s: float) -> None:
    """Refuse an excerpt that nobody chose for its silence.

    Raises
    ------
    AudioError
        If it is silent.
    """
    level_db = below_loudest_db(audio, start_s, duration_s)
    if level_db <= SILENT_DB:
        span = f"{start_s:g} s to {start_s + duration_s:g} s"
        beside = "" if level_db == -np.inf else f" ({-level_db:.0f} dB below its loudest such excerpt)"
        raise AudioError(f"{audio.name!r} is silent from {span}{beside}; choose another start")
