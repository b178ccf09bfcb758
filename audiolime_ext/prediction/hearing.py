"""How a model is said to hear, checked: its rate in Hz, and lengths in seconds.

A rate is a whole number of Hz up to that of any music file (`HIGHEST_SR`): of a second at a higher one, gigabytes would
be made. Lengths are finite, and a window or a step holds at least one sample.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from numbers import Real
from typing import Any

from audiolime_ext.audio.decoding import RATES
from audiolime_ext.errors import UsageError

HIGHEST_SR = RATES[-1]  # Hz


def require_rate(sr: Any) -> int | None:
    """A sampling rate as an int; None where none is given.

    Raises
    ------
    UsageError
        If it is no whole number from 1 to `HIGHEST_SR`.

    Examples
    --------
    >>> require_rate(16000.0), require_rate(None)
    (16000, None)
    """
    must = f"a whole number of Hz from 1 to {HIGHEST_SR}"
    return None if sr is None else int(_number("sr", sr, must, fits=lambda n: n % 1 == 0 and 1 <= n <= HIGHEST_SR))


def require_batch_size(batch_size: Any) -> int | None:
    """A number of signals as an int; None where none is given; `UsageError` unless it is a whole one from 1 on."""
    must = "a whole number from 1"
    fits: Callable[[Any], bool] = lambda n: n % 1 == 0 and n >= 1  # noqa: E731
    return None if batch_size is None else int(_number("batch_size", batch_size, must, fits=fits))


def require_lengths(
    *, window_s: float | None, hop_s: float | None, lead_s: float = 0.0, min_s: float | None = None
) -> None:
    """Raise `UsageError` unless lengths are finite numbers of seconds, windows and steps above 0, the others from 0."""
    for name, value in {"window_s": window_s, "hop_s": hop_s}.items():
        if value is not None:
            _number(name, value, "a number of seconds above 0", fits=lambda length: length > 0)
    for name, value in {"lead_s": lead_s, "min_s": 0.0 if min_s is None else min_s}.items():
        _number(name, value, "a number of seconds from 0", fits=lambda length: length >= 0)


def require_samples(sr: int, *, window_s: float | None, hop_s: float | None) -> None:
    """Raise `UsageError` unless a window and a step hold at least one sample at the rate of `sr` Hz.

    Examples
    --------
    >>> require_samples(16000, window_s=1e-9, hop_s=None)
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: window_s is 1e-09, which is no sample at 16000 Hz; it must hold at least one, such
    as window_s=3.0
    """
    for name, value in {"window_s": window_s, "hop_s": hop_s}.items():
        if value is not None and not round(value * sr):
            raise UsageError(
                f"{name} is {value!r}, which is no sample at {sr} Hz; it must hold at least one, such as {name}=3.0"
            )


def _number(name: str, value: Any, must: str, *, fits: Callable[[Any], bool]) -> Any:
    """A finite real number that `fits`; True and False are none."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not isfinite(value) or not fits(value):
        raise UsageError(f"{name} must be {must}, not {value!r}")
    return value
