"""A decision for continuous integration: may this model pass?

A gate passes only if for every class and component it is *ruled out* that more decisions flip than the limit says. It
fails if for one that is *shown*. Else, with pairs that are *open* or *not auditable*, it is inconclusive. These words
are chosen in `audiolime_ext.audit.verdict.status`, here as everywhere. Invariant: what was not tried does not pass.

Two kinds of pairs are *waived*, which is to say listed, and otherwise left out: those that are meant to matter, and, if
so wanted, those that are not auditable.

A *baseline*, such as the model in production, may have the same faults. What is shown there, too, and is no worse now
is known, and keeps nothing from passing: a pair that is shown and not significantly worse, or one that is open and
whose interval reaches no higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate, is_larger
from audiolime_ext.audit.verdict.status import Status, Verdict, in_numbers
from audiolime_ext.audit.verdict.words import in_words
from audiolime_ext.errors import UsageError

Outcome = Literal["fail", "inconclusive", "known", "waived", "pass"]
OUTCOMES: tuple[Outcome, ...] = ("fail", "inconclusive", "known", "waived", "pass")  # the worst is the gate's
OF_STATUS: dict[Status, Outcome] = {
    "shown": "fail",
    "open": "inconclusive",
    "not auditable": "inconclusive",
    "ruled out": "pass",
}
_THAN = {
    "fail": "significantly more",
    "inconclusive": "perhaps more",
    "known": "not significantly more",
    "pass": "less",
}


@dataclass(frozen=True)
class Gated:
    """What a gate makes of the verdict on one class and component.

    Parameters
    ----------
    verdict
        What is known of the pair.
    outcome
        ``"pass"``, ``"fail"``, ``"inconclusive"``, ``"known"`` or ``"waived"``.
    why
        Why it is waived; "" where it is not.
    baseline
        How often decisions flip in the baseline, where the effect is shown there.
    """

    verdict: Verdict
    outcome: Outcome
    why: str = ""
    baseline: Rate | None = None

    @property
    def text(self) -> str:
        """In one sentence."""
        told = f"waived, {self.why}: " if self.outcome == "waived" else "known: " if self.outcome == "known" else ""
        told += self.verdict.text
        if self.baseline is not None and self.outcome in _THAN:
            told += f"; {_THAN[self.outcome]} than in the baseline: {in_words(self.baseline)}"
        return told

    def to_dict(self) -> dict[str, Any]:
        """As plain values: the verdict's, with what the gate makes of it."""
        baseline = None if self.baseline is None else asdict(self.baseline)
        more = {"outcome": self.outcome, "waived": self.why, "baseline": baseline, "text": self.text}
        return {**self.verdict.to_dict(), **more}


@dataclass(frozen=True)
class GateResult:
    """The gate's decision, and each pair's: those that fail first.

    Parameters
    ----------
    outcome
        ``"pass"``, ``"fail"`` or ``"inconclusive"``.
    limit
        What flips were held against.
    pairs
        Every class and component that was looked at.
    """

    outcome: Outcome
    limit: Limit
    pairs: tuple[Gated, ...]

    @property
    def songs_needed(self) -> int | None:
        """Songs that would decide every pair that is open; None where none is, or no practicable number would."""
        needed = [pair.verdict.songs_needed for pair in self.pairs if pair.outcome == "inconclusive"]
        return None if not needed or None in needed else max(n for n in needed if n is not None)

    @property
    def numbers(self) -> str:
        """How many pairs have which status, and how many of them do not count."""
        aside = [(sum(pair.outcome == left for pair in self.pairs), left) for left in ("known", "waived")]
        return "; ".join([in_numbers(pair.verdict for pair in self.pairs), *(f"{n} {left}" for n, left in aside if n)])


def gate(
    verdicts: Sequence[Verdict], *, baseline: Sequence[Verdict] | None = None, waive_not_auditable: bool = False
) -> GateResult:
    """Decide whether a model may pass.

    Parameters
    ----------
    verdicts
        On every pair of class and component, by one limit.
    baseline
        Those on another model, whose faults are known.
    waive_not_auditable
        Whether pairs that cannot be audited keep nothing from passing.

    Raises
    ------
    UsageError
        If there is nothing to judge, or the baseline has other pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.audit.verdict.rates import Trials
    >>> from audiolime_ext.audit.verdict.verdicts import judge
    >>> songs = [f"song {i}" for i in range(40)]
    >>> found = gate(judge([Trials("guitar", "drums", np.zeros(40, bool), songs)], limit=0.05))
    >>> found.outcome, found.songs_needed
    ('inconclusive', 72)
    """
    pairs = [_gated(verdict, waive_not_auditable) for verdict in verdicts]
    if all(pair.outcome == "waived" for pair in pairs):
        raise UsageError(
            "there is nothing to judge: no component was tried that is not waived, because it is meant to matter or "
            "cannot be audited; audit more"
        )
    if baseline is not None:
        pairs = _compared_with(pairs, baseline)
    pairs.sort(key=lambda pair: OUTCOMES.index(pair.outcome))  # and as they were told within
    worst = pairs[0].outcome
    return GateResult(worst if worst in ("fail", "inconclusive") else "pass", verdicts[0].limit, tuple(pairs))


def _gated(verdict: Verdict, waive_not_auditable: bool) -> Gated:
    if verdict.declared:
        return Gated(verdict, "waived", "meant to matter")
    if waive_not_auditable and verdict.status == "not auditable":
        return Gated(verdict, "waived", "as all that is not auditable")
    return Gated(verdict, OF_STATUS[verdict.status])


def _compared_with(pairs: Sequence[Gated], baseline: Sequence[Verdict]) -> list[Gated]:
    """The pairs, with those that are shown in the baseline, too, and are no worse as known."""
    there = {(verdict.label, verdict.component): verdict for verdict in baseline}
    if not any((pair.verdict.label, pair.verdict.component) in there for pair in pairs):
        raise UsageError("the baseline has none of these classes and components; audit it over the same collection")
    shown = {name: verdict.rate for name, verdict in there.items() if verdict.is_finding}
    return [_compared(pair, shown.get((pair.verdict.label, pair.verdict.component))) for pair in pairs]


def _compared(pair: Gated, before: Rate | None) -> Gated:
    rate, status = pair.verdict.rate, pair.verdict.status
    if before is None or rate is None or pair.outcome == "waived":
        return pair
    pair = replace(pair, baseline=before)
    no_worse = {"shown": not is_larger(rate, before), "open": rate.high <= before.high}.get(status, False)
    return replace(pair, outcome="known") if no_worse else pair
