"""Plain values of our own files, read back: strict JSON, and records each field of which is of its kind.

`audiolime_ext.files.to_json` writes no NaN, no infinity and nothing that is nested deeply, so none is read: a file that
holds such a thing is damaged, or another program's.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

Kept = TypeVar("Kept")
Fact = bool | int | float | str | list[str] | None  # what small facts beside numbers may be


def from_json(text: str) -> Any:
    """The value of a strict JSON text.

    Raises
    ------
    ValueError
        If it is no JSON, holds NaN, infinity or a number that is too large, or is nested too deeply.

    Examples
    --------
    >>> from_json('{"start_s": 1.5}')
    {'start_s': 1.5}
    >>> from_json("[1e999]")
    Traceback (most recent call last):
    ValueError: the number 1e999 is not finite
    """
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is not finite")
    return number


def sealed(content: Mapping[str, Any]) -> str:
    """An object as JSON, with the SHA-256 of the rest in its field ``seal``."""
    return json.dumps({**content, "seal": _seal(content)}, allow_nan=False)


def unsealed(text: str) -> dict[str, Any]:
    """The reverse of `sealed`; `ValueError` where it is not what was sealed.

    Examples
    --------
    >>> unsealed(sealed({"a": 1}))
    {'a': 1}
    >>> unsealed(sealed({"a": 1}).replace("1", "2"))
    Traceback (most recent call last):
    ValueError: it is not what was written
    """
    content = held(from_json(text), dict[str, Any])
    if content.pop("seal", None) != _seal(content):
        raise ValueError("it is not what was written")
    return content


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def held(content: Any, kind: type[Kept], what: str = "") -> Kept:
    """Plain values as a record, a `TypedDict` or another type, with every field of its kind.

    Parameters
    ----------
    content : plain values
        Values to hold to the type.
    kind : type
        Type whose annotations say what there must be.
    what : str
        Name of the content, for the message.

    Raises
    ------
    ValueError
        If a field is missing or of another kind; the message says which.

    Examples
    --------
    >>> held([1.5, 2], list[float])
    [1.5, 2.0]
    >>> held({"a": "x"}, dict[str, float], "weights")
    Traceback (most recent call last):
    ValueError: weights: Expected `float`, got `str` - at `$[...]`
    """
    import msgspec

    try:
        return msgspec.convert(content, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"{what}: {error}" if what else str(error)) from error


def require(what: str, condition: object) -> None:
    """Raise `ValueError` unless a condition holds, which `what` says."""
    if not condition:
        raise ValueError(what)
