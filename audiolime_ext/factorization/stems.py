"""Stems: signals that sum to an excerpt, and the residual that completes the sum.

Invariant: *stems sum to the mixture* to 1e-5. What a separator's estimates miss is one more stem, `residual`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.transcription import Transcription

RESIDUAL = "residual"
_ROUNDING = 1e-6  # float32 rounding relative to the mixture's peak: not a signal


class NotFinite(UsageError):
    """A stem holds NaN or infinity."""


@dataclass(frozen=True, eq=False)
class Stems:
    """Signals that sum to an excerpt of a recording.

    Parameters
    ----------
    names : tuple of str
        Names, one per stem; ``"residual"`` is what the others do not hold.
    samples : ndarray of float32, shape (n_stems, n_channels, n_samples)
        Waveforms of the stems, at the recording's own rate and channels.
    sr : int
        Sampling rate in Hz.
    notes : tuple of str
        Notes for the listener, such as a stem that was too short.
    transcription : Transcription or None
        The notes that were played, where the factorization hears them; None: it does not.
    rolled_off : ndarray of float32, shape (n_channels, n_samples), or None
        The part of the residual that no stem could hold, as the separator works at another rate: what resampling there
        and back leaves out of the excerpt; None where the separator does not work at a higher rate.

    Examples
    --------
    >>> import numpy as np
    >>> stems = Stems(("drums", "bass"), np.ones((2, 1, 8000), np.float32), sr=8000)
    >>> stems["bass"].duration_s, float(stems.mixture[0, 0])
    (1.0, 2.0)

    Raises
    ------
    UsageError
        If there is not one name for each stem, two have the same, or one is not finite.
    """

    names: tuple[str, ...]
    samples: Samples = field(repr=False)
    sr: int
    notes: tuple[str, ...] = ()
    transcription: Transcription | None = field(default=None, repr=False)
    rolled_off: Samples | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check that every stem has a name of its own, and is finite."""
        if self.samples.ndim != 3 or len(self.names) != len(self.samples):
            raise UsageError(
                f"stems are an array (n_stems, n_channels, n_samples) with one name each; "
                f"got shape {self.samples.shape} and the names {', '.join(self.names)}"
            )
        if twice := [name for name in self.names if self.names.count(name) > 1]:
            raise UsageError(f"two stems are called {twice[0]!r} (of {', '.join(self.names)}); give each its own name")
        for name, signal in zip(self.names, self.samples, strict=True):
            if not np.isfinite([np.min(signal, initial=0.0), np.max(signal, initial=0.0)]).all():
                raise NotFinite(f"the stem {name!r} holds NaN or infinity; look at the separator, or use another")

    @property
    def has_residual(self) -> bool:
        """Whether the last stem is what the others do not hold."""
        return self.names[-1] == RESIDUAL

    @property
    def mixture(self) -> Samples:
        """Their sum, shape (n_channels, n_samples)."""
        return np.asarray(np.sum(self.samples, axis=0, dtype=np.float32))

    def __getitem__(self, name: str) -> Audio:
        """One stem as audio."""
        return Audio(self.samples[self.names.index(name)], self.sr, name)


def with_residual(
    mixture: Samples,
    names: Sequence[str],
    estimates: Samples,
    sr: int,
    *,
    notes: Sequence[str] = (),
    rolled_off: Samples | None = None,
) -> Stems:
    """Estimates plus what they miss of the mixture, as one more stem unless it is mere rounding.

    Parameters
    ----------
    mixture : ndarray of float32, shape (n_channels, n_samples)
        Waveform of the excerpt.
    names : sequence of str
        Names, one per estimate.
    estimates : ndarray of float32, shape (n_stems, n_channels, n_samples)
        Waveforms that a separator found in the mixture.
    sr : int
        Sampling rate in Hz.
    notes : sequence of str
        Notes for the listener, see `Stems`.
    rolled_off : ndarray of float32, shape (n_channels, n_samples), or None
        The part of the residual that resampling left out, see `Stems`.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = np.ones((1, 4), np.float32)
    >>> with_residual(mixture, ["half"], mixture[None] / 2, 8000).names
    ('half', 'residual')
    >>> with_residual(mixture, ["all"], mixture[None], 8000).names
    ('all',)
    """
    residual = mixture - np.sum(estimates, axis=0, dtype=np.float32)
    peak = max(max(np.max(part, initial=0.0), -np.min(part, initial=0.0)) for part in (mixture, estimates))
    if np.max(np.abs(residual), initial=0.0) <= _ROUNDING * peak:
        return Stems(tuple(names), np.ascontiguousarray(estimates, np.float32), sr, tuple(notes))
    samples = np.concatenate([estimates, residual[None]]).astype(np.float32, copy=False)
    return Stems((*names, RESIDUAL), samples, sr, tuple(notes), rolled_off=rolled_off)
