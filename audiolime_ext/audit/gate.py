"""A decision for continuous integration: may this model pass?

A gate passes only if it is known that no component flips more decisions than tolerated: the upper end of every interval
lies below the tolerance. It fails if it is known that one does: "no more than the tolerance" is rejected, with the
false-discovery rate controlled over all pairs. Else it is inconclusive, with the number of songs that would decide.
Invariant: what was not tried does not pass. Components that are meant to matter are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from audiolime_ext.audit.expected import Expected
from audiolime_ext.audit.rates import (
    N_BOOTSTRAP,
    Rate,
    Trials,
    benjamini_hochberg,
    exceeds,
    flip_rate,
    songs_to_decide,
)
from audiolime_ext.audit.verdicts import in_words, require_once
from audiolime_ext.errors import UsageError

Outcome = Literal["fail", "inconclusive", "pass"]
OUTCOMES: tuple[Outcome, ...] = ("fail", "inconclusive", "pass")  # the first that any pair has is the gate's


@dataclass(frozen=True)
class Gated:
    """The outcome for one class and component; `songs_needed` would decide, if the rate stays (None: none would)."""

    label: str
    component: str
    outcome: Outcome
    rate: Rate
    songs_needed: int | None = None

    @property
    def text(self) -> str:
        """In one sentence."""
        more = ""
        if self.outcome == "inconclusive":
            more = "; no number of songs would decide at this rate"
            if self.songs_needed is not None:
                more = f"; about {self.songs_needed} songs would decide, there are {self.rate.n_songs}"
        return f"{self.outcome}: {self.label!r} and {self.component}: {in_words(self.rate)}{more}"


@dataclass(frozen=True)
class GateResult:
    """The gate's decision, and each pair's: those that fail first.

    Parameters
    ----------
    outcome
        ``"pass"``, ``"fail"`` or ``"inconclusive"``.
    tolerance
        The share of decisions that may flip.
    pairs
        Every class and component that was judged.
    """

    outcome: Outcome
    tolerance: float
    pairs: tuple[Gated, ...]

    @property
    def songs_needed(self) -> int | None:
        """Songs that would decide every pair that is open; None where none is, or no number would."""
        needed = [pair.songs_needed for pair in self.pairs if pair.outcome == "inconclusive"]
        return None if not needed or None in needed else max(n for n in needed if n is not None)


def gate(
    trials: Sequence[Trials],
    *,
    tolerance: float = 0.05,
    expected: Expected | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> GateResult:
    """Decide whether a model may pass.

    Parameters
    ----------
    trials
        What was tried, one entry for each pair of class and component.
    tolerance
        The share of decisions that may flip.
    expected
        What is meant to matter, and so may flip any.
    confidence, n_bootstrap, seed
        As in `flip_rate`.

    Raises
    ------
    UsageError
        If the tolerance is no share, a pair comes twice, or there is nothing to judge.

    Examples
    --------
    >>> import numpy as np
    >>> songs = [f"song {i}" for i in range(40)]
    >>> found = gate([Trials("guitar", "drums", np.zeros(40, bool), songs)], tolerance=0.05)
    >>> found.outcome, found.songs_needed
    ('inconclusive', 72)
    """
    if not 0 < tolerance < 1:
        raise UsageError(f"tolerance must lie between 0 and 1, not {tolerance!r}; .05 is usual")
    require_once(trials)
    judged = [
        tried for tried in trials if expected is None or not expected.covers(tried.label, tried.component, tried.sign)
    ]
    if not judged:
        raise UsageError("there is nothing to judge: no component was tried that is not meant to matter; audit more")
    rates = [flip_rate(tried, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed) for tried in judged]
    p_values = [exceeds(rate, tolerance) for rate in rates]
    failed = benjamini_hochberg(p_values, share=(1 - confidence) / 2)  # one pair: where the interval lies above
    pairs = []
    for tried, rate, fails in zip(judged, rates, failed, strict=True):
        outcome: Outcome = "fail" if fails else "pass" if rate.high < tolerance else "inconclusive"
        needed = songs_to_decide(rate, tolerance, n_pairs=len(judged)) if outcome == "inconclusive" else None
        pairs.append(Gated(tried.label, tried.component, outcome, rate, needed))
    pairs.sort(key=lambda pair: (OUTCOMES.index(pair.outcome), -(pair.rate.rate or 0.0), pair.label, pair.component))
    return GateResult(pairs[0].outcome, tolerance, tuple(pairs))
