"""The findings, with all that speaks for and against them.

A finding is an effect that is shown: a class that other recordings gain when one component of the class's recordings is
put into them, or that its own recordings lose when the component is taken out. Further questions tell what kind of
dependence that is. Each answer says whether the interval of the flip rate lies beyond the verdict's limit: "yes", "no",
or "in part". It is no verdict, which is also corrected for many pairs and must be told from controls.

Where no fault is shown, the largest effects that are open or ruled out are shown and played in the same way, as what
they are, but no conclusion is drawn from them; nor from what is not auditable, whose numbers are shown, too.

A *case* is one trial that shows a finding well: the decision flipped, and no flipped one of another song rose further.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate, Trials, flip_rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Status, Verdict, by_evidence, which_side

Answer = Literal["yes", "no", "in part", ""]
_BEYOND: dict[Status, Answer] = {"shown": "yes", "ruled out": "no", "open": "in part"}
MOST_LARGEST = 3  # effects that are told where no fault is shown

ASKED = {
    "own": "{component} of {label} recordings put into others, as loud as it was there",
    "matched": "the same, as loud as the host's own {component}",
    "same": "{component} from other recordings of the host's own class",
    "leak": "what is separated as {component} where there is none",
    "without": "{component} taken out of {label} recordings",
    "equal level": "nothing taken out, but as soft as without {component}",
    "white noise": "white noise in the place of {component}",
    "spectral noise": "noise with the spectrum of {component} in its place",
}


@dataclass(frozen=True, eq=False)
class Case:
    """One trial: what was done to a recording, and the scores (n_labels,) before and after.

    Parameters
    ----------
    label, component : str
        Names of the class and of the component.
    host : int
        Row of the recording in the manifest, counted from 0.
    donor : int or None
        Row of the donor in the manifest, counted from 0; None: the case is a removal.
    before, after : ndarray of float32, shape (n_labels,)
        Scores of all labels before and after the change.
    """

    label: str
    component: str
    host: int
    donor: int | None
    before: NDArray[np.float32] = field(repr=False)
    after: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class Evidence:
    """One question about a pair and its answer; ``rate`` is None where nothing could be tried."""

    asked: str
    text: str
    rate: Rate | None
    answer: Answer


@dataclass(frozen=True, eq=False)
class Finding:
    """A verdict with its evidence and its cases.

    Parameters
    ----------
    verdict : Verdict
        Verdict on the pair of class and component.
    evidence : tuple of Evidence
        Questions and their answers, in the order of `ASKED`.
    reads : tuple of str
        Sentences that say what the evidence amounts to.
    transplants, removals : tuple of Case
        Cases of both kinds, the best first.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...]
    reads: tuple[str, ...]
    transplants: tuple[Case, ...]
    removals: tuple[Case, ...]


def findings(results: Results, verdicts: Sequence[Verdict], *, n_cases: int = 3) -> tuple[Finding, ...]:
    """The evidence of verdicts, in their order."""
    if not verdicts:
        return ()
    tried = _tried(results, {verdict.label for verdict in verdicts})
    return tuple(_finding(results, verdict, tried, n_cases) for verdict in verdicts)


def to_tell(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that a report gives with evidence: those shown and, if none of them is a fault, the largest effects.

    The largest are those that are known to flip most often, in two songs or more, or else in one: a small audit has
    something to listen to, too. What a control explains is no effect.
    Behind them are those that are not auditable, but flipped where they were tried: a gate may waive them. Of two
    verdicts on one pair, put in and taken out, the first is given.
    """
    shown = _once([one for one in verdicts if one.is_finding])
    untold = [one for one in verdicts if one.status == "not auditable" and _flips(one)]
    aside = _once(sorted(untold, key=by_evidence))[:MOST_LARGEST]
    if any(one.reading != "as expected" for one in shown):
        return shown + aside
    pairs = {(one.label, one.component) for one in shown}
    flips = [one for one in verdicts if one.status in ("open", "ruled out") and (one.label, one.component) not in pairs]
    told = [one for one in flips if _flips(one) and not one.changes_its_mind]
    largest = sorted([one for one in told if _flips(one, n_songs=2)] or told, key=by_evidence)
    return shown + _once(largest)[:MOST_LARGEST] + aside


def answer(rate: Rate | None, limit: Limit) -> Answer:
    """Whether the interval lies beyond the limit; "" where nothing was tried.

    Examples
    --------
    >>> answer(None, Limit(0.5, "the limit you gave"))
    ''
    """
    return "" if rate is None or rate.rate is None else _BEYOND[which_side(rate, limit)]


def reads(verdict: Verdict, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """The meaning of the evidence, in plain sentences; none where the verdict is not shown.

    What counts of a component that was put in is said as everywhere: `audiolime_ext.audit.verdict.causes`.
    """
    if not verdict.is_finding:
        return ()
    label, component = f"“{verdict.label}”", verdict.component
    said = [f"{text[0].upper()}{text[1:]}." for text in verdict.what_counts]
    if answers.get("leak") == "no" and not verdict.is_removal:
        said.append(f"It does not happen with what is separated as {component} where there is none.")
    if answers.get("without") == "no":
        said.append(f"Recordings of {label} keep the class without {component}: they have other reasons for it, too.")
    if answers.get("without") != "yes":
        return tuple(said)
    if answers.get("equal level") == "yes":
        said.append(f"Recordings of {label} lose the class without {component}, but also when only made as soft.")
        return tuple(said)
    said.append(f"Recordings of {label} lose the class without {component}.")
    if answers.get("spectral noise") in ("yes", "no"):
        back = "brings the class back" if answers["spectral noise"] == "no" else "does not bring the class back"
        said.append(f"Noise of the same spectrum in its place {back}.")
    return tuple(said)


def _once(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The first verdict on each pair."""
    first: dict[tuple[str, str], Verdict] = {}
    for one in verdicts:
        first.setdefault((one.label, one.component), one)
    return list(first.values())


def _flips(verdict: Verdict, *, n_songs: int = 1) -> bool:
    return verdict.rate is not None and bool(verdict.rate.rate) and verdict.rate.n_songs >= n_songs


def _finding(
    results: Results, verdict: Verdict, tried: Mapping[str, Mapping[tuple[str, str], Trials]], n_cases: int
) -> Finding:
    pair = verdict.label, verdict.component
    judged = "without" if verdict.is_removal else "own"
    evidence = []
    for asked, by_pair in tried.items():
        rate = verdict.rate if asked == judged else flip_rate(by_pair[pair]) if pair in by_pair else None
        text = ASKED[asked].format(label=verdict.label, component=verdict.component)
        evidence.append(Evidence(asked, text, rate, answer(rate, verdict.limit)))
    return Finding(
        verdict,
        tuple(evidence),
        reads(verdict, {one.asked: one.answer for one in evidence}),
        _cases(results, "own", tried["own"].get(pair), n_cases),
        _cases(results, "without", tried["without"].get(pair), n_cases, but=_softer(results, tried, pair)),
    )


def _tried(results: Results, labels: Collection[str]) -> dict[str, dict[tuple[str, str], Trials]]:
    """All trials of some classes, by what was asked and by pair."""
    labels = sorted(labels)
    trials = {
        "own": results.transplants(labels=labels),
        "matched": results.transplants("matched", labels=labels),
        "same": results.transplants(which="same", labels=labels),
        "leak": results.transplants(which="leak", labels=labels),
        **{asked: results.removals(asked, labels=labels) for asked in tuple(ASKED)[4:]},
    }
    return {asked: {(one.label, one.component): one for one in found} for asked, found in trials.items()}


def _softer(results: Results, tried: Mapping[str, Mapping[tuple[str, str], Trials]], pair: tuple[str, str]) -> set[int]:
    """The recordings that lose the class when they are only made softer: no examples of a removal."""
    trials = tried["equal level"].get(pair)
    if trials is None or trials.rows is None:
        return set()
    return set(results.asked("equal level").recordings[trials.rows[trials.flips]].tolist())


def _cases(
    results: Results, measure: str, trials: Trials | None, n: int, but: Collection[int] = ()
) -> tuple[Case, ...]:
    """The flipped trials that rose furthest, each with different songs, but not those of some recordings."""
    if trials is None or trials.gains is None or trials.rows is None:
        return ()
    asked: Any = results.asked(measure)
    flipped = np.flatnonzero(trials.flips)
    chosen: list[int] = []
    taken: set[str] = set()
    for i in flipped[np.argsort(-trials.gains[flipped], kind="stable")]:
        if int(asked.recordings[trials.rows[i]]) in but:
            continue
        songs = {trials.hosts[i]} | (set() if trials.donors is None else {trials.donors[i]})
        if len(chosen) < n and not songs & taken:
            chosen.append(int(trials.rows[i]))
            taken |= songs
    before = results.before(measure) if trials.donors is not None else results.scores[asked.recordings]
    return tuple(
        Case(
            trials.label,
            trials.component,
            int(asked.recordings[row]),
            None if trials.donors is None else int(asked.donors[row]),
            before[row],
            asked.values[row],
        )
        for row in chosen
    )
