"""Songs that are compared are equally loud: the gains that make them so.

Invariants:

- *All excerpts have the same energy* after their gains.
- *None is louder than full scale*: the gains are as large as the one with the highest peaks allows.

A silent excerpt stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiolime_ext.audio.recording import Samples

PEAK = 0.89  # of full scale


def equal_gains_db(excerpts: Sequence[Samples], peaks: Sequence[float]) -> list[float]:
    """The gain of each excerpt in dB.

    Parameters
    ----------
    excerpts : sequence of ndarray of float32, shape (n_channels, n_samples)
        Waveforms that are to be equally loud.
    peaks : sequence of float
        Largest magnitude that plays of each; full scale is 1.

    Examples
    --------
    >>> loud, soft = np.ones((1, 100), np.float32) / 2, np.ones((1, 100), np.float32) / 20
    >>> [round(gain, 1) for gain in equal_gains_db([loud, soft], [0.5, 0.05])]
    [5.0, 25.0]
    """
    return gains_of_levels_db([level_db(samples) for samples in excerpts], peaks)


def gains_of_levels_db(levels: Sequence[float], peaks: Sequence[float]) -> list[float]:
    """The gains that bring some levels in dB (−inf: silence) to one, with no peak louder than full scale.

    Examples
    --------
    >>> [round(gain, 1) for gain in gains_of_levels_db([-6.0, -26.0], [0.89, 0.089])]
    [0.0, 20.0]
    """
    reached = [
        level + 20 * np.log10(PEAK / peak) for level, peak in zip(levels, peaks, strict=True) if np.isfinite(level)
    ]
    common = min(reached, default=0.0)
    return [float(common - level) if np.isfinite(level) else 0.0 for level in levels]


def gain_in_words(gain_db: float) -> str:
    """A gain as it is written.

    Examples
    --------
    >>> gain_in_words(-1.26), gain_in_words(0.5), gain_in_words(-0.04)
    ('1.3 dB softer than recorded', '0.5 dB louder than recorded', 'as loud as recorded')
    """
    if not round(gain_db, 1):
        return "as loud as recorded"
    return f"{abs(gain_db):.1f} dB {'louder' if gain_db > 0 else 'softer'} than recorded"


def level_db(samples: Samples) -> float:
    """The mean power of a waveform in dB below that of a constant 1; −inf: it is silent."""
    energy = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return float(10 * np.log10(energy)) if energy > 0 else -np.inf
