"""Placebos: changes to a recording that change no music, to compare transplants and removals with.

A model whose decision they flip changes its mind at any remix; then what it does at a transplant says nothing. They are
made of the recording alone:

- *again*: the recording, as it is, in another batch. A model that then answers differently (dropout left on, batch
  statistics) is not a function of what it hears;
- *nudged*: the whole recording half a decibel louder or softer, and ten milliseconds later;
- *moved*: the host's own component from another moment: it enters half an excerpt late, and its end comes first. This
  is all that a transplant does, except for the donor: a separated stem beside a rest that it was not separated from.

Every recording is asked again and nudged, and up to three of its components are moved: all where it has no more than
three, else three that a hash of its content chooses, so that each component is moved about equally often. A
component fainter than −30 dB is not moved: nothing would change.

Signals are float32 (n_channels, n_samples). Invariant: no placebo passes full scale where the recording does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from audiolime_ext.audio.recording import Samples

AGAIN, NUDGED, MOVED = "again", "nudged", "moved"
PLACEBOS = (AGAIN, NUDGED, MOVED)  # measures, see `audiolime_ext.audit.measurement.measure`
NUDGE_DB, NUDGE_S = 0.5, 0.01
N_MOVED = 3  # with the nudge four placebos: at most a quarter more mixes to ask about, see the tests
FADE_S = 0.01
PRESENT_DB = -30.0  # a component below that, in its recording, is what a separator lets through


def nudged(mix: Samples, sr: int, *, key: str) -> Samples:
    """Half a decibel louder or softer, as a hash of `key` chooses, and ten milliseconds later.

    It is softer in any case where the louder one would pass full scale.

    Examples
    --------
    >>> nudged(np.full((1, 4), 0.5, np.float32), 100, key="a").round(3)  # one sample late
    array([[0.  , 0.53, 0.53, 0.53]], dtype=float32)
    """
    louder = _number(key, "nudge") % 2 == 0 and _peak(mix) * _gain(NUDGE_DB) <= 1
    late = min(round(NUDGE_S * sr), mix.shape[-1])
    moved = np.pad(mix, [(0, 0)] * (mix.ndim - 1) + [(late, 0)])[..., : mix.shape[-1]]
    return np.asarray(moved * np.float32(_gain(NUDGE_DB if louder else -NUDGE_DB)), np.float32)


def moved(own: Samples, rest: Samples, sr: int) -> Samples:
    """A recording, the sum of both, with its own component half an excerpt later, and the component's end first.

    Where the component's end meets its beginning, both are faded for ten milliseconds. The whole is made softer where
    it would pass full scale, or the recording's own peak if that is higher.

    Examples
    --------
    >>> moved(np.array([[0.1, 0.2, 0.3, 0.4]], np.float32), np.full((1, 4), 0.5, np.float32), sr=1)
    array([[0.8, 0.9, 0.6, 0.7]], dtype=float32)
    """
    n_samples = own.shape[-1]
    n_fade = min(round(FADE_S * sr), n_samples // 2)
    ends = np.ones(n_samples, np.float32)
    ramp = (np.arange(n_fade, dtype=np.float32) + 0.5) / max(1, n_fade)
    ends[:n_fade], ends[n_samples - n_fade :] = ramp, ramp[::-1]
    mix = rest + np.roll(own * ends, n_samples // 2, axis=-1)
    peak, allowed = _peak(mix), max(1.0, _peak(own + rest))
    return np.asarray(mix if peak <= allowed else np.clip(mix * np.float32(allowed / peak), -allowed, allowed))


def to_move(names: Sequence[str], *, key: str) -> tuple[str, ...]:
    """The components of a recording that are moved: three at most, chosen by a hash of `key`.

    Examples
    --------
    >>> to_move(["bass", "drums"], key="a"), len(to_move(["bass", "drums", "guitar", "piano"], key="a"))
    (('bass', 'drums'), 3)
    """
    chosen = set(sorted(names, key=lambda name: _number(key, name))[:N_MOVED])
    return tuple(name for name in names if name in chosen)


def _gain(db: float) -> float:
    return float(10 ** (db / 20))


def _peak(mix: Samples) -> float:
    return float(np.abs(mix).max(initial=0.0))


def _number(*of: str) -> int:
    return int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:8], "little")
