"""May the model that a store is about pass? The gate's decision (`audiolime_ext.audit.verdict.gate`) on an audit's
results.

What is judged is what was put in at the donor's own ratio of levels, for every class and every component that
recordings of the class hold. Invariant: *what was not measured does not pass.* A pair for which no transplant was
possible, for example because the model decides for the class anyway, is open. And nothing passes while recordings of
the manifest are not measured, or failed: they might be the ones that tell. Measure them, merge the other shards, or
take them out of the manifest and run the audit again.

Removals are not judged here: a recording may lose its class because too little of it is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from audiolime_ext.audit.measurement.effects import thresholds_for
from audiolime_ext.audit.verdict import limits
from audiolime_ext.audit.verdict.comparison import side_by_side
from audiolime_ext.audit.verdict.current import require_current
from audiolime_ext.audit.verdict.expected import Expected, load_expected
from audiolime_ext.audit.verdict.gate import Gated, GateResult, Outcome, gate
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Trials
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Verdict
from audiolime_ext.audit.verdict.verdicts import marks, put_in, transplants_of, unmet
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted, share_of

MAX_SHOWN = 5  # recordings that a message names
N_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class Admission:
    """Whether a model may pass, and why.

    Parameters
    ----------
    path : Path
        File of the store.
    outcome : {"pass", "fail", "inconclusive"}
        Outcome for the whole audit.
    decision : GateResult
        Decision of the gate on what was measured.
    n_recordings : int
        Number of recordings in the manifest.
    unmeasured : tuple of (str, str)
        Recordings that were not measured, as (name, reason).
    trials : tuple of Trials
        Trials that were judged.
    notes : tuple of str
        Notes on what is meant to matter, the model and the stems, see `unmet` and `marks` in
        `audiolime_ext.audit.verdict.verdicts`.
    before : tuple of Verdict
        Verdicts on the model that it is compared with; empty where there is none.
    """

    path: Path
    outcome: Outcome
    decision: GateResult
    n_recordings: int
    unmeasured: tuple[tuple[str, str], ...]
    trials: tuple[Trials, ...]
    notes: tuple[str, ...] = ()
    before: tuple[Verdict, ...] = ()

    @property
    def missing(self) -> str:
        """One sentence on the recordings that were not measured; "" where all were."""
        if not self.unmeasured:
            return ""
        shown = "; ".join(f"{name}: {reason}" for name, reason in self.unmeasured[:MAX_SHOWN])
        more = f"; and {len(self.unmeasured) - MAX_SHOWN} more" if len(self.unmeasured) > MAX_SHOWN else ""
        missing = share_of(len(self.unmeasured), self.n_recordings, "recording", verb=("was", "were"))
        return (
            f"{missing} not measured, so nothing can pass: run the audit again, merge the other shards, or "
            f"take them out of the manifest ({shown}{more})"
        )

    @property
    def heading(self) -> str:
        """The outcome in one sentence, with the limit and where it comes from."""
        needed = self.decision.songs_needed
        more = "" if needed is None else f"; about {counted(needed, 'song')} of each class would decide what is open"
        return f"{self.outcome}: {legible(self.path)}; {self.decision.limit.text}; {self.decision.numbers}{more}"

    def lines(self, *outcomes: Outcome) -> list[str]:
        """The lines on pairs that have one of these outcomes, with the songs that show a failure or a waiver best."""
        told = []
        for pair in self.decision.pairs:
            if pair.outcome in outcomes:
                told.append(pair.text)
                told += [f"  {example}" for example in self.examples(pair)]
        return told

    def examples(self, pair: Gated) -> list[str]:
        """The transplants that flip a decision and move the class most, one for each host.

        There are some of a pair that fails, and of one that is waived: what is not held against a model is not hidden.
        """
        of = pair.verdict
        known = (t for t in self.trials if (t.label, t.component) == (of.label, of.component))
        tried = next(known, None) if pair.outcome in ("fail", "waived") else None
        if tried is None or tried.gains is None or tried.donors is None:
            return []
        best: dict[str, str] = {}
        for i in np.argsort(-tried.gains, kind="stable"):
            if tried.flips[i]:
                donor, host = legible(tried.donors[i]), legible(tried.hosts[i])
                what = f"{of.component} of '{donor}' in '{host}' makes it {of.label!r}"
                best.setdefault(tried.hosts[i], f"{what}: log-odds {tried.gains[i]:+.1f}")
        return list(best.values())[:N_EXAMPLES]

    @property
    def comparison(self) -> str:
        """A table of this model and of the one that it is compared with; "" where there is none."""
        now = [pair.verdict for pair in self.decision.pairs]
        return side_by_side(now, self.before, ("this model", "compared with")) if self.before else ""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        pairs = [{**pair.to_dict(), "examples": self.examples(pair)} for pair in self.decision.pairs]
        return {
            "store": str(self.path),
            "outcome": self.outcome,
            "limit": vars(self.decision.limit),
            "songs_needed": self.decision.songs_needed,
            "n_recordings": self.n_recordings,
            "notes": list(self.notes),
            "unmeasured": [{"name": name, "reason": reason} for name, reason in self.unmeasured],
            "pairs": pairs,
        }


def admit(
    results: Results | str | Path,
    *,
    tolerance: float | None = None,
    expected: Expected | str | Path | None = None,
    thresholds: float | Mapping[str, float] | None = None,
    baseline: Results | str | Path | None = None,
    waive_not_auditable: bool = False,
    model: Any = None,
) -> Admission:
    """Decide whether the model that was audited may pass.

    Parameters
    ----------
    results : Results, str or Path
        Results of an audit, or the store that holds them.
    tolerance : float or None
        Limit: the share of decisions that may flip, between 0 and 1; None: .05.
    expected : Expected, str, Path or None
        Components that are meant to matter, or the table that names them; None: those of the store.
    thresholds : float, mapping of str to float, or None
        Score from which on a label is decided for; None: that of the store.
    baseline : Results, str, Path or None
        Results of another model, whose faults are known; None: there is no baseline.
    waive_not_auditable : bool
        True to waive pairs that cannot be audited, so that they do not keep the model from passing.
    model : Model, str, callable or None
        Model that must be the one that was audited, as it is now; None: whatever was audited is judged.

    Raises
    ------
    MissingError
        If there is no such store.
    UsageError
        If something cannot be used, there is nothing to judge, the baseline was audited with another factorization, or
        the model is not the one that was audited.
    """
    limit = limits.tolerance(tolerance)
    found = _read(results, expected, thresholds)
    if model is not None:
        require_current(found, model)
    before = None
    if baseline is not None:
        other = _read(baseline, expected, thresholds)
        _require_comparable(found, other)
        before = put_in(other, transplants_of(other), limit=limit, floor=limits.floor_of(other))
    trials = transplants_of(found)
    verdicts = put_in(found, trials, limit=limit, floor=limits.floor_of(found))
    return admission_of(found, verdicts, limit, trials, baseline=before, waive_not_auditable=waive_not_auditable)


def admission_of(
    results: Results,
    verdicts: Sequence[Verdict],
    limit: Limit,
    trials: Sequence[Trials] = (),
    *,
    baseline: Sequence[Verdict] | None = None,
    waive_not_auditable: bool = False,
) -> Admission:
    """The decision that follows from verdicts on transplants, all by one limit, and from what was not measured.

    Raises
    ------
    UsageError
        If everything was measured, but there is nothing to judge.
    """
    reasons = {failure.task: failure.reason for failure in results.failures}
    undone = (entry for entry, done in zip(results.entries, results.done, strict=True) if not done)
    unmeasured = tuple((entry.name, reasons.get(entry.key, "not measured yet")) for entry in undone)
    if trials or verdicts or not unmeasured:
        decision = gate(verdicts, baseline=baseline, waive_not_auditable=waive_not_auditable)
    else:
        decision = GateResult("inconclusive", limit, ())
    outcome = "inconclusive" if unmeasured and decision.outcome == "pass" else decision.outcome
    notes = (*unmet(verdicts), *_through(limits.floor_of(results), limit), *marks(results))
    n, before = len(results.entries), tuple(baseline or ())
    return Admission(results.path, outcome, decision, n, unmeasured, tuple(trials), notes, before)


def assert_no_confounder(
    results: Results | str | Path,
    *,
    tolerance: float | None = None,
    expected: Expected | str | Path | None = None,
    thresholds: float | Mapping[str, float] | None = None,
    inconclusive: Literal["fail", "pass"] = "fail",
    waive_not_auditable: bool = False,
    compare_with: Results | str | Path | None = None,
    model: Any = None,
) -> None:
    """Raise an `AssertionError` unless a model is known to depend on no component that is not meant to matter.

    It decides as ``audiolime audit gate`` does. It reads what an audit has measured, and measures nothing itself.

    Parameters
    ----------
    results : Results, str or Path
        Results of an audit, or the store that holds them.
    tolerance : float or None
        Limit: the share of decisions that may flip, between 0 and 1; None: .05.
    expected : Expected, str, Path or None
        Components that are meant to matter, or the table that names them (CSV with the columns class and component),
        which are waived; None: those that the audit was given.
    thresholds : float, mapping of str to float, or None
        Score from which on a label is decided for: one for all labels, or one for each; None: as in the audit.
    inconclusive : {"fail", "pass"}
        Outcome where pairs are open or not auditable, or recordings were not measured.
    waive_not_auditable : bool
        True to waive pairs that cannot be audited, so that they do not keep the model from passing.
    compare_with : Results, str, Path or None
        Results of another model's audit over the same collection, or their store: an effect that is shown there, too,
        and is not significantly worse now does not count; None: every effect counts.
    model : Model, str, callable or None
        Model as it is now, or its spec string: it must be the one that was audited; None: that is not asked, and the
        results may be those of an earlier state of it.

    Raises
    ------
    AssertionError
        If it is shown that a component flips more decisions than tolerated, or that is not ruled out. It says which
        component, how often, by which limit, and in which songs.
    MissingError
        If there is no such store.
    UsageError
        If something cannot be used, there is nothing to judge, `compare_with` was audited with another factorization,
        or `model` is not the model that was audited: then it says which command to run.

    Examples
    --------
    >>> assert_no_confounder("songs.sqlite", inconclusive="maybe")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: inconclusive must be 'fail' or 'pass', not 'maybe'
    """
    __tracebackhide__ = True  # of pytest: what it shows is the line that asked, and what was found
    if inconclusive not in ("fail", "pass"):
        raise UsageError(f"inconclusive must be 'fail' or 'pass', not {inconclusive!r}")
    try:
        found = admit(
            results,
            tolerance=tolerance,
            expected=expected,
            thresholds=thresholds,
            baseline=compare_with,
            waive_not_auditable=waive_not_auditable,
            model=model,
        )
    except AudiolimeError as error:
        raise error.with_traceback(None) from None
    if found.outcome == "pass" or (found.outcome == "inconclusive" and inconclusive == "pass"):
        return
    told = [found.heading, *found.notes, *found.lines("fail", "inconclusive"), found.missing, found.comparison]
    raise AssertionError("\n".join(filter(None, told)))


def _through(floor: Limit | None, limit: Limit) -> tuple[str, ...]:
    """A note where the separator keeps effects beyond the limit from being shown."""
    if floor is None or floor.share <= limit.share:
        return ()
    return (
        f"an effect is shown only beyond {floor.percent} ({floor.name}): less may be what ends up in the wrong stem",
    )


def _read(
    results: Results | str | Path,
    expected: Expected | str | Path | None,
    thresholds: float | Mapping[str, float] | None,
) -> Results:
    """Results, read with the given table and thresholds in place of the store's."""
    found = results if isinstance(results, Results) else Results.read(results)
    reading = found.reading
    if expected is not None:
        if not isinstance(expected, Expected):
            expected = load_expected(expected, labels=found.labels, components=found.components)
        reading = replace(reading, expected=expected.kept)
    if thresholds is not None:
        reading = replace(reading, thresholds=thresholds_for(found.labels, thresholds))
    return replace(found, reading=reading)


def _require_comparable(found: Results, baseline: Results) -> None:
    ours, theirs = found.identity, baseline.identity
    if (ours.factorization, ours.factorization_fingerprint) != (theirs.factorization, theirs.factorization_fingerprint):
        raise UsageError(
            f"the baseline {baseline.path} was audited with {theirs.factorization}, {found.path} with "
            f"{ours.factorization}, or another version of it; audit both with the same"
        )
