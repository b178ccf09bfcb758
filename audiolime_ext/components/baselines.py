"""What "off" sounds like: silence by default, noise, or the same component of another recording.

Silence is not neutral (a model gives it 0.31 "guitar"), and neither is noise; so the choice is named in the result and
comes with its own empty score. A baseline is a signal for each stem that plays while the stem is off; with all
components on, nothing of it sounds, so the explained prediction stays the one for the recording itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.factorization.contract import Factorization, factorized
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.text import counted

FLOOR_DB = -80.0
_SEED = 0

BASELINES = {
    "silence": "nothing",
    "noise": "white noise at the level of the stem that is off",
    "floor": f"white noise at {FLOOR_DB:g} dB of full scale, for models that fail on digital silence",
}


def load_baseline(given: Any) -> Audio | str:
    """The baseline itself where it is a name; another recording is read here, once for all uses.

    Raises
    ------
    UsageError
        If it is text, but neither a baseline's name nor a recording's.
    AudioError
        If the recording cannot be read.
    """
    if isinstance(given, str) and given in BASELINES:
        return given
    try:
        return load_audio(given)
    except AudioError as error:
        if not isinstance(given, str):
            raise
        raise UsageError(f"the baseline must be {', '.join(BASELINES)} or a recording; {error}") from error


def baseline_name(baseline: Any) -> str:
    """What results call a baseline: its name, or the other recording's path (its name where it has none)."""
    if isinstance(baseline, str):
        return baseline
    other = load_audio(baseline)
    return other.path or other.name


def baseline_sha256(baseline: Any) -> str | None:
    """Hash of another recording's samples and rate, whatever its name is and whether it has a file; None for a name.

    Examples
    --------
    >>> sound = np.ones((1, 4), np.float32)
    >>> baseline_sha256("noise"), baseline_sha256(Audio(sound, 8000, "a")) == baseline_sha256((sound, 8000))
    (None, True)
    """
    if isinstance(baseline, str) and baseline in BASELINES:
        return None
    other = load_audio(baseline)
    return Audio(other.samples, other.sr).sha256


def off_signals(
    baseline: Any, audio: Audio, stems: Stems, factorization: Factorization, *, first: int
) -> Samples | None:
    """What plays while each stem is off, shaped like ``stems.samples``; None for silence.

    Parameters
    ----------
    baseline : {"silence", "noise", "floor"} or a recording
        Name, or a recording (anything `load_audio` reads) that is split by the same factorization and whose stems of
        the same names play, from the same second on (from its beginning where it is too short for that); a stem that
        it lacks is silent.
    audio : Audio
        The recording that is explained.
    stems : Stems
        Its stems.
    factorization : Factorization
        Factorization that made them.
    first : int
        Sample of the recording at which the stems begin.

    Raises
    ------
    AudioError
        If the other recording has another rate or number of channels, or is too short.
    UsageError
        If the baseline is neither a name nor a recording.
    """
    other = load_baseline(baseline)
    if isinstance(other, str):
        return None if other == "silence" else _noise(other, stems)
    n_samples = stems.samples.shape[-1]
    if (other.sr, other.n_channels) != (audio.sr, audio.n_channels) or other.n_samples < n_samples:
        raise AudioError(
            f"the baseline {other.name!r} has {other.sr} Hz, {counted(other.n_channels, 'channel')}, "
            f"{other.duration_s:.2f} s; it must have {audio.sr} Hz, {counted(audio.n_channels, 'channel')} and "
            f"at least {n_samples / audio.sr:.2f} s"
        )
    begin = first if first + n_samples <= other.n_samples else 0
    theirs = factorized(factorization, other, start_s=begin / other.sr, duration_s=n_samples / other.sr)
    off = np.zeros_like(stems.samples)
    for i, name in enumerate(stems.names):
        if name in theirs.names:
            off[i] = theirs[name].samples
    return off


def _noise(baseline: str, stems: Stems) -> Samples:
    noise = np.random.default_rng(_SEED).standard_normal(stems.samples.shape, dtype=np.float32)
    if baseline == "floor":
        return noise * np.float32(10 ** (FLOOR_DB / 20) / np.sqrt(len(stems.names)))
    level = np.sqrt(np.mean(np.square(stems.samples, dtype=np.float64), axis=(1, 2), keepdims=True))
    return np.asarray(noise * level, np.float32)
