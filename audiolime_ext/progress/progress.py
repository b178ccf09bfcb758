"""How far a stage of the work is, as numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audiolime_ext.text import counted

_SEVERAL = {"mix": "mixes", "batch": "batches", "copy": "copies"}


@dataclass(frozen=True)
class Progress:
    """How far a stage of the work is.

    Parameters
    ----------
    stage : str
        Name of the stage, in plain words: ``"asking the model"``.
    done : float
        Number of units that are done.
    total : float or None
        Number of units in all; None: nobody knows.
    unit : str
        Name of one unit, such as ``"mix"``; ``"s"``: seconds of sound; ``"B"``: bytes.
    elapsed_s : float
        Seconds since the stage began.
    before : float
        Number of units that were done when it began: by a run that was interrupted.
    outer : Progress or None
        Progress of the stage that this one is a part of; None: it is no part of another.

    Examples
    --------
    >>> at = Progress("asking the model", 10, 72, "mix", elapsed_s=5.0)
    >>> print(at)
    asking the model: 10 of 72 mixes
    >>> at.fraction, at.left_s, at.line
    (0.1388888888888889, 31.0, 'asking the model: 10 of 72 mixes, 2.0 a second, 30 s left')
    """

    stage: str
    done: float
    total: float | None
    unit: str
    elapsed_s: float
    before: float = 0.0
    outer: Progress | None = None

    @property
    def fraction(self) -> float | None:
        """Share of the units that are done, between 0 and 1; None where nobody knows how many there are."""
        if self.total is None:
            return None
        return min(1.0, self.done / self.total) if self.total > 0 else 1.0

    @property
    def per_s(self) -> float | None:
        """Units that were done in a second; None where none was."""
        done = self.done - self.before
        return done / self.elapsed_s if done > 0 and self.elapsed_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest will take if it goes on as it went; None where that cannot be told."""
        if self.total is None or self.per_s is None:
            return None
        return max(0.0, self.total - self.done) / self.per_s

    def __str__(self) -> str:
        of = "" if self.total is None else f"{_amount(self.done, self.unit, self.total)} of "
        return f"{self.stage}: {of}{_counted(self.done if self.total is None else self.total, self.unit)}"

    @property
    def line(self) -> str:
        """The same with how fast it goes, and how long it will take, as far as that can be told."""
        fast = "" if self.per_s is None else _rate(self.per_s, self.unit)
        left = "" if not self.left_s else f"{span(self.left_s)} left"
        return ", ".join(filter(None, (str(self), fast, left)))

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a page or a log, with the share that is done and the seconds that are left."""
        plain = {name: getattr(self, name) for name in ("stage", "done", "total", "unit", "elapsed_s")}
        outer = None if self.outer is None else self.outer.to_dict()
        return {**plain, "fraction": self.fraction, "left_s": self.left_s, "outer": outer}


def _counted(n: float, unit: str) -> str:
    if not unit:
        return f"{n:.0f}"
    if unit in ("s", "B"):
        return f"{_amount(n, unit, n)} {_symbol(unit, n)}"
    return counted(round(n), unit, _SEVERAL.get(unit, ""))


def _amount(n: float, unit: str, of: float) -> str:
    """A number of units, bytes as those `of` which they are a part."""
    if unit != "B":
        return f"{n:.0f}"
    return f"{n / 1e6:.1f}" if of >= 1e6 else f"{n / 1e3:.0f}"


def _symbol(unit: str, n: float) -> str:
    return ("MB" if n >= 1e6 else "kB") if unit == "B" else f"{unit} of sound"


def _rate(per_s: float, unit: str) -> str:
    """How many a second, a minute or an hour: the first that is one or more."""
    if unit == "B":
        return f"{per_s / 1e6:.1f} MB a second"
    spans = ((1, "a second"), (60, "a minute"), (3600, "an hour"))
    n, per = next(((n, per) for n, per in spans if per_s * n >= 1), spans[-1])
    return f"{per_s * n:.{0 if per_s * n >= 10 else 1}f} {per}"


def span(seconds: float) -> str:
    """A span of time in words, no finer than it is known.

    Parameters
    ----------
    seconds : float
        Length of the span.

    Examples
    --------
    >>> span(31.0), span(200.0), span(9000.0)
    ('30 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s" if seconds >= 1 else "1 s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
