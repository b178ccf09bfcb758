"""What a factorization is: a way to write a recording as a sum of signals, its stems.

Sources, frequency bands, harmonic and percussive parts, time–frequency superpixels: whatever can be written as signals
that sum to the mixture can be switched on and off, and every part can be heard.

Invariants, checked by ``tests/factorizations/test_every.py`` for everything that is registered:

- *Stems sum to the mixture* to 1e-5. What a separator's estimates miss is one more stem, `residual`.
- *The same second gives the same stems* to 1e-5, whatever excerpt was asked for (unless `scope` is ``"window"``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import context_span, resample_span, resampled_length
from audiolime_ext.errors import AudioError, AudiolimeError, UsageError
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.guest import as_guest, deed, memory_for
from audiolime_ext.text import counted

RESIDUAL = "residual"
Scope = Literal["blocks", "recording", "window"]
_ROUNDING = 1e-6  # float32 rounding relative to the mixture's peak: not a signal


@dataclass(frozen=True, eq=False)
class Stems:
    """Signals that sum to an excerpt of a recording.

    Parameters
    ----------
    names
        One per stem; ``"residual"`` is what the others do not hold.
    samples
        Shape (n_stems, n_channels, n_samples), float32, at the recording's own rate and channels.
    sr
        Hz.
    notes
        What the listener should know, such as a stem that was too short.
    transcription
        The notes that were played, where the factorization hears them.
    rolled_off
        The part of the residual that no stem could hold, as the separator works at another rate: what resampling there
        and back leaves out of the excerpt, shape (n_channels, n_samples); None where nothing was resampled so.

    Examples
    --------
    >>> import numpy as np
    >>> stems = Stems(("drums", "bass"), np.ones((2, 1, 8000), np.float32), sr=8000)
    >>> stems["bass"].duration_s, float(stems.mixture[0, 0])
    (1.0, 2.0)

    Raises
    ------
    UsageError
        If there is not one name for each stem, or two have the same.
    """

    names: tuple[str, ...]
    samples: Samples = field(repr=False)
    sr: int
    notes: tuple[str, ...] = ()
    transcription: Transcription | None = field(default=None, repr=False)
    rolled_off: Samples | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check that every stem has a name of its own."""
        if self.samples.ndim != 3 or len(self.names) != len(self.samples):
            raise UsageError(
                f"stems are an array (n_stems, n_channels, n_samples) with one name each; "
                f"got shape {self.samples.shape} and the names {', '.join(self.names)}"
            )
        if twice := [name for name in self.names if self.names.count(name) > 1]:
            raise UsageError(f"two stems are called {twice[0]!r} (of {', '.join(self.names)}); give each its own name")

    @property
    def mixture(self) -> Samples:
        """Their sum, shape (n_channels, n_samples)."""
        return np.asarray(np.sum(self.samples, axis=0, dtype=np.float32))

    def __getitem__(self, name: str) -> Audio:
        """One stem as audio."""
        return Audio(self.samples[self.names.index(name)], self.sr, name)


@runtime_checkable
class Factorization(Protocol):
    """Anything with these attributes; no base class is needed.

    Attributes
    ----------
    spec
        A string that builds it again, such as ``"spleeter:2stems"``; None for one that lives in memory only.
    fingerprint
        Hash of weights or contents plus the algorithm's version: equal fingerprints give equal stems.
    scope
        What the stems depend on: ``"blocks"`` (only the sound around them), ``"recording"`` (all of it, but not on
        which excerpt is asked for) or ``"window"`` (the excerpt).
    references
        BibTeX entries to cite.
    confusion
        Optional: how much of a true source lands in each stem, an `audiolime_ext.factorization.confusion.Confusion`.

    Examples
    --------
    >>> from factorizations.hpss import HPSSFactorization
    >>> isinstance(HPSSFactorization(), Factorization)
    True
    """

    @property
    def spec(self) -> str | None: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def scope(self) -> Scope: ...  # noqa: D102
    @property
    def references(self) -> tuple[str, ...]: ...  # noqa: D102

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, whose samples are ``audio.span(start_s, duration_s)``."""
        ...


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
    mixture
        Shape (n_channels, n_samples).
    estimates
        Shape (n_stems, n_channels, n_samples).
    notes, rolled_off
        As of `Stems`.

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


def rolled_off(audio: Audio, sr: int, first: int, end: int) -> Samples | None:
    """What resampling to a separator's higher rate and back leaves out of samples `first`…`end` of a recording.

    A resampler lets through what lies a little below half the lower rate only. That is no sound that a separator
    missed, and no component: it stays on in every mix (see `audiolime_ext.components.components`). What a separator of
    a *lower* rate cannot hold is sound that it missed, and None comes back.

    Examples
    --------
    >>> import numpy as np
    >>> song = Audio(np.sin(2 * np.pi * 440 / 8000 * np.arange(8000, dtype=np.float32))[None], sr=8000)
    >>> bool(np.abs(rolled_off(song, 44100, 2000, 6000)).max() < 1e-4), rolled_off(song, 4000, 2000, 6000)
    (True, None)
    """
    if audio.sr >= sr:
        return None
    low, high = context_span(sr, audio.sr, first, end)
    low, high = max(low, 0), min(high, resampled_length(audio.n_samples, audio.sr, sr))
    there = resample_span(audio.samples, audio.sr, sr, low, high)
    return audio.samples[:, first:end] - resample_span(there, sr, audio.sr, first, end, offset=low)


def separated_at(
    sr: int,
    estimate: Callable[[int, int], Samples],
    names: Sequence[str],
    audio: Audio,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Stems:
    """Stems by a separator that has a rate of its own, at the recording's rate and channels, with their residual.

    Parameters
    ----------
    sr
        The separator's rate, Hz.
    estimate
        From samples `first`…`end` of the recording at `sr` to what the separator makes of them, shape (n_stems,
        n_channels, end − first); of a mono recording two channels may come, whose mean is taken.

    Raises
    ------
    AudioError
        If the excerpt does not lie within the recording.

    Examples
    --------
    >>> import numpy as np
    >>> song = Audio(np.ones((1, 8000), np.float32), sr=8000)
    >>> separated_at(4000, lambda first, end: np.zeros((1, 2, end - first), np.float32), ["nothing"], song).names
    ('nothing', 'residual')
    """
    first, end = audio.span(start_s, duration_s)
    low, high = context_span(sr, audio.sr, first, end)
    low, high = max(low, 0), min(high, resampled_length(audio.n_samples, audio.sr, sr))
    estimates = estimate(low, high)
    own_rate = np.empty((len(estimates), audio.n_channels, end - first), np.float32)
    for i in range(len(estimates)):  # one by one: what a resampler copies is large
        channels = estimates[i].mean(axis=0, keepdims=True) if audio.n_channels == 1 else estimates[i]
        own_rate[i] = resample_span(channels, sr, audio.sr, first, end, offset=low)
    del estimates, channels  # before the residual needs as much
    lost = rolled_off(audio, sr, first, end)
    return with_residual(audio.samples[:, first:end], names, own_rate, audio.sr, rolled_off=lost)


def factorized(
    factorization: Factorization, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None
) -> Stems:
    """What a factorization makes of an excerpt; it may be somebody else's, see `audiolime_ext.guest`.

    Raises
    ------
    AudiolimeError
        If it ends the program.
    OutOfMemory
        If it needs more memory than there is.
    """
    named = factorization.spec or type(factorization).__name__
    try:
        with (
            memory_for(f"{named} separated", "choose a shorter excerpt (--duration, duration_s), or another separator"),
            as_guest(),
        ):
            return factorization.factorize(audio, start_s=start_s, duration_s=duration_s)
    except SystemExit as error:
        raise AudiolimeError(
            f"the factorization {named} {deed(error)}; it must answer with stems, or raise an error"
        ) from error


def factorize_in_parts(
    factorization: Factorization,
    audio: Audio,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    part_s: float = 60.0,
) -> Iterator[Stems]:
    """Stems of consecutive parts of at most `part_s` seconds, so that a long recording needs little memory.

    A factorization of scope ``"window"`` is asked for everything at once: its parts would not fit together.
    """
    first, end = audio.span(start_s, duration_s)
    step = end - first if factorization.scope == "window" else round(part_s * audio.sr)
    for begin in range(first, end, step):
        stop = min(begin + step, end)
        yield factorized(factorization, audio, start_s=begin / audio.sr, duration_s=(stop - begin) / audio.sr)


def require_recording(kind: str, audio: Audio, *, sr: int, n_channels: int, n_samples: int) -> None:
    """Raise `AudioError` unless `audio` has the rate, the channels and the length that `kind` was made for."""
    given, wanted = (audio.sr, audio.n_channels, audio.n_samples), (sr, n_channels, n_samples)
    if given != wanted:
        raise AudioError(
            f"{kind} belongs to a recording of {counted(wanted[2], 'sample')}, {counted(wanted[1], 'channel')}, "
            f"{wanted[0]} Hz; {audio.name!r} has {counted(given[2], 'sample')}, {counted(given[1], 'channel')}, "
            f"{given[0]} Hz"
        )
