"""A decision for continuous integration: may this model pass?

A gate passes only if, for every class and component, it is *ruled out* that more decisions flip than the limit allows.
It fails if that is *shown* for one of them. Else, with pairs that are *open* or *not auditable*, it is inconclusive. As
everywhere, these words are chosen in `audiolime_ext.audit.verdict.status`. Invariant: what was not tried does not pass.

Two kinds of pairs are *waived*, that is, listed and otherwise left out: those that are meant to matter, and, on
request, those that are not auditable. Invariant: what is waived is told with its numbers.

A *baseline*, such as the model in production, may have the same faults. A fault that is shown there, too, and is no
worse now is *known*, and does not keep the model from passing: a pair that is shown and not significantly worse, or one
that is open and whose interval reaches no higher.
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
    verdict : Verdict
        Verdict on the pair.
    outcome : {"pass", "fail", "inconclusive", "known", "waived"}
        Outcome for the pair.
    why : str
        Reason why it is waived; "" where it is not.
    baseline : Rate or None
        Rate of flips in the baseline, where the effect is shown there; else None.
    """

    verdict: Verdict
    outcome: Outcome
    why: str = ""
    baseline: Rate | None = None

    @property
    def text(self) -> str:
        """The outcome in one sentence."""
        told = f"waived, {self.why}: " if self.outcome == "waived" else "known: " if self.outcome == "known" else ""
        told += self.verdict.text
        if self.baseline is not None and self.outcome in _THAN:
            told += f"; {_THAN[self.outcome]} than in the baseline: {in_words(self.baseline)}"
        return told

    def to_dict(self) -> dict[str, Any]:
        """As plain values: those of the verdict, with what the gate makes of it."""
        baseline = None if self.baseline is None else asdict(self.baseline)
        more = {"outcome": self.outcome, "waived": self.why, "baseline": baseline, "text": self.text}
        return {**self.verdict.to_dict(), **more}


@dataclass(frozen=True)
class GateResult:
    """The gate's decision, and the outcome of each pair, failures first.

    Parameters
    ----------
    outcome : {"pass", "fail", "inconclusive"}
        Outcome of the gate.
    limit : Limit
        Limit with which flips were compared.
    pairs : tuple of Gated
        Pairs of class and component, all that were looked at.
    """

    outcome: Outcome
    limit: Limit
    pairs: tuple[Gated, ...]

    @property
    def songs_needed(self) -> int | None:
        """Number of songs that would decide every open pair; None: no pair is open, or no practicable number would."""
        needed = [pair.verdict.songs_needed for pair in self.pairs if pair.outcome == "inconclusive"]
        return None if not needed or None in needed else max(n for n in needed if n is not None)

    @property
    def numbers(self) -> str:
        """How many pairs have each status: those that decide, and then those that are known or waived.

        Examples
        --------
        >>> limit = Limit(0.05, "the limit you gave")
        >>> meant = Verdict("guitar", "guitar", "shown", limit, declared=True)
        >>> gate([meant, Verdict("guitar", "drums", "ruled out", limit)]).numbers
        '0 shown, 0 open, 1 ruled out; waived: 1 shown'
        """
        aside = {left: [pair.verdict for pair in self.pairs if pair.outcome == left] for left in ("known", "waived")}
        told = in_numbers(pair.verdict for pair in self.pairs if pair.outcome not in aside)
        return "; ".join([told, *(f"{left}: {in_numbers(of, zeros=False)}" for left, of in aside.items() if of)])


def gate(
    verdicts: Sequence[Verdict], *, baseline: Sequence[Verdict] | None = None, waive_not_auditable: bool = False
) -> GateResult:
    """Decide whether a model may pass.

    Parameters
    ----------
    verdicts : sequence of Verdict
        Verdicts on every pair of class and component, by one limit.
    baseline : sequence of Verdict, or None
        Verdicts on another model, whose faults are known; None: there is no baseline.
    waive_not_auditable : bool
        True to waive pairs that cannot be audited, so that they do not keep the model from passing.

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
            "there is nothing to judge: every component that was tried is waived, because it is meant to matter or "
            "cannot be audited; audit more"
        )
    if baseline is not None:
        pairs = _compared_with(pairs, baseline)
    pairs.sort(key=lambda pair: OUTCOMES.index(pair.outcome))  # the order within an outcome stays
    worst = pairs[0].outcome
    return GateResult(worst if worst in ("fail", "inconclusive") else "pass", verdicts[0].limit, tuple(pairs))


def _gated(verdict: Verdict, waive_not_auditable: bool) -> Gated:
    if verdict.declared:
        return Gated(verdict, "waived", "meant to matter")
    if waive_not_auditable and verdict.status == "not auditable":
        return Gated(verdict, "waived", "as all that is not auditable")
    return Gated(verdict, OF_STATUS[verdict.status])


def _compared_with(pairs: Sequence[Gated], baseline: Sequence[Verdict]) -> list[Gated]:
    """The pairs; those that are shown in the baseline, too, and are no worse now are known."""
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
