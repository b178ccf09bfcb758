r"""Concepts that a person names, to be tested beside those that were found: how they are written.

==========================================================  ==========================================================
``claps=sounds:FOLDER``                                     recordings in a folder, each alone on silence
``drums=stem:spleeter:5stems/drums``                        a stem of one of the store's factorizations
``fast=feature:FILE.csv:tempo>140``                         songs whose value in a table lies in a range
``sung=label:musicnn:MSD_musicnn:female vocalists>.3``      songs to which another model gives a score in a range
==========================================================  ==========================================================

A range is ``tempo>140``, ``tempo<90`` or ``90<tempo<140``; its ends lie outside of it. The last colon stands before the
column or the label, and the last slash before the stem. What each of them is made of is
`audiolime_ext.concepts.given.sides`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.text import shortened

Kind = Literal["sounds", "stem", "feature", "label"]

HOW = (
    "write claps=sounds:FOLDER, drums=stem:spleeter:5stems/drums, fast=feature:FILE.csv:tempo>140, or "
    "sung=label:musicnn:MSD_musicnn:female vocalists>.3"
)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?:(?P<low>{_NUMBER})\s*<)?\s*(?P<what>[^<>]*[^<>\s])\s*(?:(?P<sign>[<>])\s*(?P<end>{_NUMBER}))?"
)


@dataclass(frozen=True)
class Asked:
    """A concept that is asked for.

    Parameters
    ----------
    name : str
        Name of the concept.
    kind : "sounds", "stem", "feature" or "label"
        Kind of it.
    place : str
        Folder, factorization, table or model.
    what : str
        Stem, column or label; "" for a folder.
    low, high : float
        Ends of the range, infinite where there is none.
    """

    name: str
    kind: Kind
    place: str
    what: str = ""
    low: float = float("-inf")
    high: float = float("inf")

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which values lie in the range; NaN does not."""
        return np.asarray((values > self.low) & (values < self.high))

    @property
    def text(self) -> str:
        """It in words.

        Examples
        --------
        >>> parse("slow=feature:songs.csv:40<tempo<90").text, parse("drums=stem:spleeter:5stems/drums").text
        ('40 < tempo < 90 by songs.csv', 'drums of spleeter:5stems')
        """
        if self.kind == "sounds":
            return f"sounds of {legible(self.place)}"
        if self.kind == "stem":
            return f"{legible(self.what)} of {self.place}"
        return f"{self.range} by {legible(self.place)}"

    @property
    def range(self) -> str:
        """The range, such as ``tempo > 140``."""
        if np.isinf(self.low):
            return f"{legible(self.what)} < {self.high:g}"
        if np.isinf(self.high):
            return f"{legible(self.what)} > {self.low:g}"
        return f"{self.low:g} < {legible(self.what)} < {self.high:g}"


def parse(text: Any) -> Asked:
    """What a text asks for.

    Parameters
    ----------
    text : str
        Text of one of the four forms.

    Raises
    ------
    UsageError
        If it is of none; the message shows them all.

    Examples
    --------
    >>> parse("sung=label:musicnn:MSD_musicnn:female vocalists>.3")
    Asked(name='sung', kind='label', place='musicnn:MSD_musicnn', what='female vocalists', low=0.3, high=inf)
    >>> parse("claps=sounds:my claps").place
    'my claps'
    >>> parse("fast=feature:songs.csv:tempo")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: the given concept 'fast=feature:songs.csv:tempo' has no range such as ...
    """
    if not isinstance(text, str):
        raise UsageError(f"a given concept is a text, not {type(text).__name__}; {HOW}")
    name, _, rest = (part.strip() for part in text.partition("="))
    kind, _, where = (part.strip() for part in rest.partition(":"))
    if not name or kind not in get_args(Kind) or not where:
        raise _none(text, "is of no known form")
    if kind == "sounds":
        return Asked(name, "sounds", where)
    by = "/" if kind == "stem" else ":"
    place, _, what = (part.strip() for part in where.rpartition(by))
    if not place or not what:
        raise _none(text, f"names no {kind} behind the last {by!r}")
    if kind == "stem":
        return Asked(name, "stem", place, what)
    what, low, high = _range(text, what)
    return Asked(name, "feature" if kind == "feature" else "label", place, what, low, high)


def parse_all(given: Iterable[Any], taken: Collection[str] = ()) -> tuple[Asked, ...]:
    """What several texts ask for.

    Parameters
    ----------
    given : iterable of str
        Texts of one of the four forms each.
    taken : collection of str
        Names of other concepts.

    Raises
    ------
    UsageError
        If one is of none, or two concepts have one name.
    """
    found = tuple(map(parse, [given] if isinstance(given, str) else given))
    names = [*taken, *(one.name for one in found)]
    for one in found:
        if names.count(one.name) > 1:
            raise UsageError(f"two concepts are called {legible(one.name)!r}; give each a name of its own")
    return found


def _range(text: str, given: str) -> tuple[str, float, float]:
    """The name in a range, and its ends."""
    found = _RANGE.fullmatch(given)
    if found is None or not (found["low"] or found["sign"]) or (found["low"] and found["sign"] == ">"):
        raise _none(text, "has no range such as tempo>140")
    low = found["low"] or (found["end"] if found["sign"] == ">" else "-inf")
    high = found["end"] if found["sign"] == "<" else "inf"
    if float(low) >= float(high):
        raise _none(text, "has a range that holds nothing")
    return found["what"], float(low), float(high)


def _none(text: str, why: str) -> UsageError:
    return UsageError(f"the given concept {legible(shortened(text))!r} {why}; {HOW}")
