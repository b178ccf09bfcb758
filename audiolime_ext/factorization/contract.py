"""What a factorization is: a way to write a recording as a sum of signals, its stems.

Sources, frequency bands, harmonic and percussive parts, time–frequency superpixels: whatever can be written as signals
that sum to the mixture can be switched on and off, and every part can be heard.

Invariants, which ``tests/factorizations/test_every.py`` checks for every registered factorization:

- *Stems are finite and sum to the mixture* to 1e-5. What a separator's estimates miss is one more stem, `residual`.
  `factorized` holds every factorization to this, whoever wrote it.
- *The same second gives the same stems* to 1e-5, whatever excerpt was asked for (unless `scope` is ``"window"``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.errors import AudioError, AudiolimeError, UsageError
from audiolime_ext.factorization.stems import NotFinite, Stems
from audiolime_ext.guest import as_guest, deed, memory_for
from audiolime_ext.text import counted

Scope = Literal["blocks", "recording", "window"]
SUM_TOLERANCE = 1e-5


@runtime_checkable
class Factorization(Protocol):
    """Anything with these attributes; no base class is needed.

    One that lacks some, but has `factorize`, is met halfway; see `audiolime_ext.factorization.loading`.

    Attributes
    ----------
    spec : str or None
        Spec string that builds it again, such as ``"spleeter:2stems"``; None for one that exists in memory only.
    fingerprint : str
        Hash of weights or contents plus the algorithm's version: equal fingerprints give equal stems.
    scope : {"blocks", "recording", "window"}
        Sound that the stems depend on: ``"blocks"`` (only what is around them), ``"recording"`` (all of it, but not
        which excerpt is asked for) or ``"window"`` (the excerpt).
    references : tuple of str
        BibTeX entries to cite.
    confusion : Confusion, optional
        Measurement of how much of a true source lands in each stem (`audiolime_ext.factorization.confusion`).

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


def factorized(
    factorization: Factorization, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None
) -> Stems:
    """Stems of an excerpt by any factorization, also one from outside, see `audiolime_ext.guest`.

    Raises
    ------
    UsageError
        If it gives something else than stems, stems that are not finite, or such as do not sum to the excerpt.
    AudiolimeError
        If it ends the program.
    OutOfMemory
        If it needs more memory than there is.
    """
    named = factorization.spec or type(getattr(factorization, "given", factorization)).__name__
    try:
        with (
            memory_for(f"{named} separated", "choose a shorter excerpt (--duration, duration_s), or another separator"),
            as_guest(),
        ):
            stems = factorization.factorize(audio, start_s=start_s, duration_s=duration_s)
    except NotFinite as error:
        raise NotFinite(f"{named}: {error}") from error
    except SystemExit as error:
        raise AudiolimeError(
            f"the factorization {named} {deed(error)}; it must return stems, or raise an error"
        ) from error
    first, end = audio.span(start_s, duration_s)
    _require_sum(stems, audio.samples[:, first:end], named)
    return stems


def _require_sum(stems: Stems, mixture: Samples, named: str) -> None:
    """Check that stems sum to the recording: what is on in every mask, or in none, would falsify all results."""
    if not isinstance(stems, Stems):
        raise UsageError(
            f"{named} gave {type(stems).__name__} in place of audiolime_ext.Stems; return such: "
            "audiolime_ext.with_residual(mixture, names, estimates, audio.sr), with estimates (n_names, n_channels, "
            "n_samples) and mixture, the excerpt, (n_channels, n_samples)"
        )
    if stems.samples.shape[1:] != mixture.shape:
        raise UsageError(
            f"{named} gave stems of shape {stems.samples.shape[1:]} for an excerpt of {mixture.shape}; "
            "they must have the recording's channels and the excerpt's samples"
        )
    off = float(np.max(np.abs(stems.mixture - mixture), initial=0.0))
    peak = max(1.0, float(np.max(stems.samples, initial=0.0)), -float(np.min(stems.samples, initial=0.0)))
    if not off <= SUM_TOLERANCE * peak:
        raise UsageError(
            f"the stems of {named} do not sum to the recording (off by up to {off:.2g}); "
            "audiolime_ext.with_residual makes stems that do"
        )


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
