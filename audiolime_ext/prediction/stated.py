"""What a model's file says of itself, so that its spec string need not: rate, window, that it is an embedding.

An ONNX file has room for properties, names with a text each. One of them, `KEY`, holds these facts as JSON; what our
own training writes (`audiolime_ext.recommendation.training`) has it, and any other program may write it::

    {"format": 1, "sr": 22050, "window_s": 3.0, "embedding": true, "about": {"made by": "my program"}}

Invariants: *what a spec string says wins over what the file says*; *a file is taken from anybody, so facts that cannot
be are refused, in words, before anything is made of them*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, TypedDict

from audiolime_ext.files.plain import Fact, from_json, held, require, to_json
from audiolime_ext.prediction.hearing import HIGHEST_SR

KEY = "audiolime_ext"
FORMAT = 1
_LONGEST = 20_000_000  # samples of a window: a quarter of an hour at 22,050 Hz
_MOST = 20_000  # characters


class _Written(TypedDict):
    format: int
    sr: int
    window_s: float
    embedding: bool
    about: dict[str, Fact]


@dataclass(frozen=True)
class Stated:
    """Facts that a model's file states.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz.
    window_s : float
        Length of its windows in seconds.
    embedding : bool
        True where its answers are an embedding, without labels.
    about : mapping of str to bool, int, float, str, list of str, or None
        Other facts, for people: who made it, of what.

    Examples
    --------
    >>> Stated.of({KEY: Stated(22050, 3.0, True).text}) == Stated(22050, 3.0, True)
    True
    >>> Stated.of({"author": "somebody"}) is None
    True
    """

    sr: int
    window_s: float
    embedding: bool
    about: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The facts as they are written into a file."""
        return to_json({"format": FORMAT, **asdict(self)})

    @property
    def options(self) -> dict[str, str]:
        """The same as options of a spec string."""
        return {"sr": str(self.sr), "window_s": repr(self.window_s)}

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Stated | None:
        """The facts among the properties of a file; None where it states none.

        Raises
        ------
        ValueError
            If they are not of this form, or cannot be.
        """
        if KEY not in properties:
            return None
        text = properties[KEY]
        require(f"it is longer than {_MOST} characters", len(text) <= _MOST)
        found: dict[str, Any] = dict(held(from_json(text), _Written))
        require(f"its format is {found['format']}, and {FORMAT} is known here", found.pop("format") == FORMAT)
        sr, window_s = found["sr"], found["window_s"]
        require(f"sr is {sr}; it must be from 1 to {HIGHEST_SR}", 0 < sr <= HIGHEST_SR)
        fits = isfinite(window_s) and 0 < round(window_s * sr) <= _LONGEST
        require(f"window_s is {window_s:g}; it must hold a sample, and {_LONGEST} of them at most", fits)
        return cls(sr, window_s, found["embedding"], found["about"])
