"""The types of arguments that are numbers: each reads a text, or says what is needed instead."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """The argument type of whole numbers from `least` on."""

    def parse(text: str) -> int:
        if not text.lstrip("+-").isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number of at least {least} is needed, not {text!r}")
        return int(text)

    return parse


def positive(text: str) -> float:
    """The argument type of numbers above 0."""
    if not 0 < (value := _number(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"a positive number is needed, not {text!r}")
    return value


def least(low: float) -> Callable[[str], float]:
    """The argument type of numbers from `low` on."""

    def parse(text: str) -> float:
        if not low <= (value := _number(text)) < math.inf:
            raise argparse.ArgumentTypeError(f"a number of at least {low:g} is needed, not {text!r}")
        return value

    return parse


def seconds_from_start(text: str) -> float:
    """The argument type of times in a recording."""
    if (seconds := _seconds(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} s is before the recording begins; give 0 or more")
    return seconds


def duration(text: str) -> float:
    """The argument type of lengths of excerpts."""
    if (seconds := _seconds(text)) <= 0:
        raise argparse.ArgumentTypeError(f"an excerpt of {text} s holds nothing; give more than 0")
    return seconds


def score(text: str) -> float:
    """The argument type of scores."""
    if not math.isfinite(value := _number(text)):
        raise argparse.ArgumentTypeError(f"a score is needed, such as 0.3, not {text!r}")
    return value


def share(text: str) -> float:
    """The argument type of shares and thresholds: between 0 and 1."""
    if not 0 < (value := score(text)) < 1:
        raise argparse.ArgumentTypeError(f"a number between 0 and 1 is needed, not {text!r}")
    return value


def weight(text: str) -> tuple[str, float]:
    """The argument type of weights of stems: ``drums=2``."""
    name, _, number = text.rpartition("=")
    if not name or not 0 <= (value := _number(number)) < math.inf:
        raise argparse.ArgumentTypeError(f"a stem with its weight from 0 on is needed, such as drums=2, not {text!r}")
    return name, value


def segments(text: str) -> int | str | list[float]:
    """The argument type of time segments: ``4``, ``beats``, ``0.5,1.2,2.0``; a number with a point is one boundary."""
    parts = text.split(",")
    try:
        inner_s = [float(part) for part in parts]
    except ValueError:
        if len(parts) > 1:
            raise argparse.ArgumentTypeError(f"boundaries are seconds such as 0.5,1.2,2.0, not {text!r}") from None
        return text
    return inner_s if len(parts) > 1 or "." in text else whole(1)(text)


def _seconds(text: str) -> float:
    if not math.isfinite(seconds := _number(text)):
        raise argparse.ArgumentTypeError(f"a number of seconds is needed, such as 12.5, not {text!r}")
    return seconds


def _number(text: str) -> float:
    """NaN for a text that is not a number."""
    try:
        return float(text)
    except ValueError:
        return math.nan
