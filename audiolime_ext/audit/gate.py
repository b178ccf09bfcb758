"""A decision for continuous integration: may this model pass?

A gate passes only if it is known that no component flips more decisions than tolerated: the upper end of every interval
lies below the tolerance. It fails if it is known that one does: "no more than the tolerance" is rejected, with the
false-discovery rate controlled over all pairs. Else it is inconclusive, with the number of songs that would decide.
Invariant: what was not tried does not pass. Components that are meant to matter are left out.

A *baseline*, such as the model in production, may have the same faults. What fails there, too, and is no worse now is
known, and keeps nothing from passing: a pair that fails and is not significantly worse, or one that is undecided and
whose interval reaches no higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from audiolime_ext.audit.expected import Expected
from audiolime_ext.audit.rates import (
    N_BOOTSTRAP,
    Rate,
    Trials,
    benjamini_hochberg,
    exceeds,
    flip_rate,
    is_larger,
    songs_to_decide,
)
from audiolime_ext.audit.verdicts import in_words, require_once
from audiolime_ext.errors import UsageError

Outcome = Literal["fail", "inconclusive", "known", "pass"]
OUTCOMES: tuple[Outcome, ...] = ("fail", "inconclusive", "known", "pass")  # the first that any pair has is the gate's
_THAN = {
    "fail": "significantly more",
    "inconclusive": "perhaps more",
    "known": "not significantly more",
    "pass": "less",
}


@dataclass(frozen=True)
class Gated:
    """The outcome for one class and component.

    Parameters
    ----------
    label, component
        The pair.
    outcome
        ``"pass"``, ``"fail"``, ``"inconclusive"`` or ``"known"``.
    rate
        How often decisions flip.
    songs_needed
        So many would decide, if the rate stays; None: no number would, or it is decided.
    baseline
        How often they flip in the baseline, where the pair fails there.
    """

    label: str
    component: str
    outcome: Outcome
    rate: Rate
    songs_needed: int | None = None
    baseline: Rate | None = None

    @property
    def text(self) -> str:
        """In one sentence."""
        more = ""
        if self.outcome == "inconclusive":
            more = "; no number of songs would decide at this rate"
            if self.songs_needed is not None:
                more = f"; about {self.songs_needed} songs would decide, there are {self.rate.n_songs}"
        if self.baseline is not None:
            more += f"; {_THAN[self.outcome]} than in the baseline: {in_words(self.baseline)}"
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
    baseline: Sequence[Trials] | None = None,
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
    baseline
        What was tried with another model, whose faults are known.
    confidence, n_bootstrap, seed
        As in `flip_rate`.

    Raises
    ------
    UsageError
        If the tolerance is no share, a pair comes twice, there is nothing to judge, or the baseline has other pairs.

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

    def judged(tried: Sequence[Trials]) -> list[Gated]:
        require_once(tried)
        judged = [t for t in tried if expected is None or not expected.covers(t.label, t.component, t.sign)]
        rates = [flip_rate(t, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed) for t in judged]
        return _pairs(judged, rates, tolerance, share=(1 - confidence) / 2)  # one pair: where the interval lies above

    pairs = judged(trials)
    if not pairs:
        raise UsageError("there is nothing to judge: no component was tried that is not meant to matter; audit more")
    if baseline is not None:
        pairs = _beside(pairs, judged(baseline))
    pairs.sort(key=lambda pair: (OUTCOMES.index(pair.outcome), -(pair.rate.rate or 0.0), pair.label, pair.component))
    outcome = pairs[0].outcome
    return GateResult("pass" if outcome == "known" else outcome, tolerance, tuple(pairs))


def _pairs(tried: Sequence[Trials], rates: Sequence[Rate], tolerance: float, *, share: float) -> list[Gated]:
    pairs = []
    failed = benjamini_hochberg([exceeds(rate, tolerance) for rate in rates], share=share)
    for trials, rate, fails in zip(tried, rates, failed, strict=True):
        outcome: Outcome = "fail" if fails else "pass" if rate.high < tolerance else "inconclusive"
        needed = songs_to_decide(rate, tolerance, n_pairs=len(tried)) if outcome == "inconclusive" else None
        pairs.append(Gated(trials.label, trials.component, outcome, rate, needed))
    return pairs


def _beside(pairs: Sequence[Gated], baseline: Sequence[Gated]) -> list[Gated]:
    """The pairs, with those that fail in the baseline, too, and are no worse as known."""
    there = {(pair.label, pair.component): pair for pair in baseline}
    if not any((pair.label, pair.component) in there for pair in pairs):
        raise UsageError("the baseline has none of these classes and components; audit it over the same collection")
    failing = {name: pair.rate for name, pair in there.items() if pair.outcome == "fail"}
    return [_compared(pair, failing.get((pair.label, pair.component))) for pair in pairs]


def _compared(pair: Gated, before: Rate | None) -> Gated:
    if before is None:
        return pair
    pair = replace(pair, baseline=before)
    no_worse = not is_larger(pair.rate, before) if pair.outcome == "fail" else pair.rate.high <= before.high
    return replace(pair, outcome="known", songs_needed=None) if pair.outcome != "pass" and no_worse else pair
