"""Plain values of our own files, read back: strict JSON, and records each field of which is of its kind.

`to_json` writes no NaN, no infinity and nothing that is nested deeply, so none is read: a file that
holds such a thing is damaged, or another program's.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from audiolime_ext.extras import require as require_package
from audiolime_ext.files.names import TURNING

Kept = TypeVar("Kept")
Fact = bool | int | float | str | list[str] | None  # what small facts beside numbers may be
_TOO_DEEP = "it is nested too deeply"
_DEEPEST = 50  # lists and mappings of YAML, one within the other
_UNPRINTED = re.compile(rf"[\x7f-\x9f\u2028\u2029{TURNING}\ud800-\udfff]")  # JSON itself escapes those below a space


def scalar(value: Any) -> Any:
    """A number of NumPy as Python's, for `json.dumps`; `TypeError` for what is none."""
    if not callable(getattr(value, "item", None)) or getattr(value, "ndim", 0) > 0:
        raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
    return value.item()


def to_json(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    r"""Strict JSON: no NaN, no infinity, letters as they are; without spaces if `compact`.

    Bytes of a file name that are not UTF-8 are written as escapes (``\udcff``), which `json.loads` turns back; so are
    control characters and those that turn the direction of writing.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    between = (",", ":") if compact else None
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=scalar, separators=between)
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_of(text: str | bytes, **options: Any) -> Any:
    """What JSON says.

    Raises
    ------
    ValueError
        If it is no JSON, or nested without measure.

    Examples
    --------
    >>> json_of("[" * 100_000)
    Traceback (most recent call last):
    ValueError: it is nested too deeply
    """
    try:
        return json.loads(text, **options)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def yaml_of(text: str, *, extra: str) -> Any:
    """What YAML says: plain values; `extra` is the one that brings PyYAML.

    Raises
    ------
    ValueError
        If it is no YAML, nested more than 50 deep, or repeats parts of itself (``*name``), which a few lines can do a
        billion times.
    MissingError
        If PyYAML is not installed.

    Examples
    --------
    >>> yaml_of("stems: {S01: {instrument: [violin, viola]}}", extra="medleydb")
    {'stems': {'S01': {'instrument': ['violin', 'viola']}}}
    """
    yaml = require_package("yaml", extra=extra)
    depth = 0
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"it repeats a part of itself (*{event.anchor}); write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError("it is nested too deeply")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


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
        return _STRICT.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is not finite")
    return number


_STRICT = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)  # made once: there may be a million rows


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


def differences(theirs: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """What differs between two records, each field as JSON: of mappings, only the entries that do.

    Examples
    --------
    >>> known = {"model": '"a"', "settings": '{"seed": 0, "n": 5}'}
    >>> differences(known, {**known, "settings": '{"seed": 1, "n": 5}'})
    ['settings: seed 0, now 1']
    """
    return [
        f"{name.replace('_', ' ')}{_turned(from_json(theirs[name]), from_json(ours[name]))}"
        for name in ours
        if theirs[name] != ours[name]
    ]


def _turned(before: Any, now: Any) -> str:
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return f" {to_json(before)}, now {to_json(now)}"
    entries = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    told = (f"{name} {to_json(before.get(name))}, now {to_json(now.get(name))}" for name in entries)
    return f": {'; '.join(told)}"
