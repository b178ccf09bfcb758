"""The verdicts on all pairs of class and component of an audit.

A class *depends on* a component that brings it to other recordings (trials with donors), and *needs* one without which
it is lost (trials without donors). What the trials amount to is decided in `audiolime_ext.audit.verdict.status`, by a
limit of `audiolime_ext.audit.verdict.limits`.

A pair is *not auditable* where trials would not answer the question:

- no stem holds the component, though it is meant to matter;
- the separator does not tell it from another component, and only one of the two is meant to matter (where nobody says
  so, both are judged, and named together);
- the component is all but alone in more than half of the recordings that hold it (in those it is never tried, see
  `audiolime_ext.audit.verdict.results`).

Invariant: every pair that could have been tried has a verdict. One for which no transplant was possible, for example
because the model decides for the class anyway, is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.audit.verdict.agreement import agreement
from audiolime_ext.audit.verdict.causes import causes
from audiolime_ext.audit.verdict.controls import placebo_difference, repeats
from audiolime_ext.audit.verdict.differences import Difference
from audiolime_ext.audit.verdict.expected import Expected
from audiolime_ext.audit.verdict.limits import TOLERANCE, Limit, given, limit_of
from audiolime_ext.audit.verdict.rates import N_BOOTSTRAP, Rate, Trials, flip_rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Verdict, decide
from audiolime_ext.audit.verdict.supply import n_offered, untried
from audiolime_ext.audit.verdict.words import percent
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.holding import confusion_of, holding_notes
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted

KIND = "own"  # the transplants that are judged: at the donor's own ratio of levels
MOST = 0.5  # a component that is all but alone in more of its recordings is not auditable


@dataclass(frozen=True)
class Grounds:
    """What else is known about pairs and components, besides how often decisions flip.

    Parameters
    ----------
    placebo_of : callable from Trials to (Difference or None), or None
        Comparison of trials with placebos: how much more often decisions flip; None: no placebos are known.
    not_told_apart : collection of collections of str
        Pairs of components that the separator does not tell apart.
    whole : mapping of str to (int, int)
        Numbers of recordings for each component: those in which it is all but alone, and those that hold it.
    """

    placebo_of: Callable[[Trials], Difference | None] | None = None
    not_told_apart: Collection[Collection[str]] = ()
    whole: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, results: Results) -> Grounds:
        """The grounds that an audit has measured; older stores have no placebos."""
        confusion = confusion_of(results.identity.factorization, results.components)
        return cls(
            placebo_of=lambda tried: placebo_difference(results, tried, "without" if tried.donors is None else KIND),
            not_told_apart=() if confusion is None else confusion.not_told_apart,
            whole=results.whole,
        )

    def partners(self, component: str) -> tuple[str, ...]:
        """The components that are not told from this one, sorted."""
        found = {name for pair in self.not_told_apart if component in pair for name in pair}
        return tuple(sorted(found - {component}))

    def placebo(self, trials: Trials, rate: Rate, limit: Limit) -> Difference | None:
        """The comparison with placebos, where this limit or that of a gate may need it: it takes long.

        That is where the interval lies above the limit, and where the rate does, as then more songs may show it.
        """
        beyond = rate.low > min(limit.share, TOLERANCE) or (rate.rate or 0.0) > limit.share
        if self.placebo_of is None or not beyond:
            return None
        return self.placebo_of(trials)


def judge(
    trials: Sequence[Trials],
    *,
    limit: Limit | float,
    expected: Expected | None = None,
    stems: Sequence[str] | None = None,
    grounds: Grounds | None = None,
    floor: Limit | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """A verdict on every pair of class and component: shown ones first, those known to flip most often before others.

    Parameters
    ----------
    trials : sequence of Trials
        Trials of each pair, one entry for each: all pairs that were looked at, whatever came of them.
    limit : Limit or float
        Flip rate beyond which an effect counts, between 0 and 1, chosen before these trials were seen.
    expected : Expected or None
        Components that are meant to matter; None: nobody said.
    stems : sequence of str, or None
        Components that there are; None: those in `trials`.
    grounds : Grounds or None
        Grounds: what else is known; None: nothing.
    floor : Limit or None
        Limit beyond which flips are not the separator's, as in `audiolime_ext.audit.verdict.status.decide`.
    confidence : float
        Confidence of the intervals, between 0 and 1.
    n_bootstrap, seed : int
        Number of times that songs are resampled, and seed.

    Raises
    ------
    UsageError
        If the limit does not lie between 0 and 1, or a pair comes twice.

    Examples
    --------
    >>> import numpy as np
    >>> songs = [f"song {i}" for i in range(20)]
    >>> flipped = {"drums": np.arange(20) < 19, "bass": np.arange(20) < 1}
    >>> for verdict in judge([Trials("guitar", name, f, songs) for name, f in flipped.items()], limit=0.5):
    ...     print(verdict.text)
    shown: 'guitar' needs drums: 95 % of 20 decisions flip (95 % interval ...; limit 50 %, the limit you gave; 20 ...
    ruled out: no effect of bass on 'guitar' beyond 50 %: 5 % of 20 decisions flip (95 % interval 0 to ...
    """
    limit = limit if isinstance(limit, Limit) else given(limit)
    known = grounds or Grounds()
    require_once(trials)
    verdicts = []
    for tried in trials:
        label, component = tried.label, tried.component
        rate = flip_rate(tried, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)
        one = Verdict(
            label,
            component,
            "open",
            limit,
            rate,
            sign=tried.sign,
            declared=None if expected is None else expected.covers(label, component),
            placebo=known.placebo(tried, rate, limit),
        )
        verdicts.append(_auditable(one, known, expected))
    there = {tried.component for tried in trials} if stems is None else set(stems)
    for row in expected.rows if expected is not None else ():
        if row.component not in there:
            why_not = f"no stem holds {row.component} alone"
            verdicts.append(Verdict(row.label, row.component, "open", limit, declared=True, why_not=why_not))
    return decide(verdicts, limit, floor=floor)


def conclude(
    results: Results, *, limit: Limit | float | None = None, grounds: Grounds | None = None
) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
    """The verdicts on what was put into other recordings, and on what was taken out; each corrected for its number.

    Parameters
    ----------
    results : Results
        Results of the audit.
    limit : Limit, float or None
        Flip rate beyond which an effect counts; None: that of the factorization, see `limit_of`.
    grounds : Grounds or None
        Grounds: what else is known; None: what the audit has measured.
    """
    put = transplants_of(results) if KIND in kinds(results) else []
    return put_in(results, put, limit=limit, grounds=grounds), taken_out(results, limit=limit, grounds=grounds)


def put_in(
    results: Results,
    trials: Sequence[Trials],
    *,
    limit: Limit | float | None = None,
    grounds: Grounds | None = None,
    floor: Limit | None = None,
) -> tuple[Verdict, ...]:
    """The verdicts on what was put into other recordings, from `transplants_of` the results."""
    verdicts = judge(
        trials,
        limit=limit_of(results) if limit is None else limit,
        expected=results.expected,
        stems=results.components or None,
        grounds=Grounds.of(results) if grounds is None else grounds,
        floor=floor,
    )
    return tuple(_supplied(results, one) for one in with_causes(results, verdicts, trials))


def with_causes(results: Results, verdicts: Sequence[Verdict], trials: Sequence[Trials]) -> tuple[Verdict, ...]:
    """The verdicts, those that are shown with what counts; as they are where `trials` hold nothing of them."""
    shown = {(verdict.label, verdict.component) for verdict in verdicts if verdict.is_finding}
    found = causes(results, [tried for tried in trials if (tried.label, tried.component) in shown])
    return tuple(replace(one, cause=found.get((one.label, one.component), one.cause)) for one in verdicts)


def _supplied(results: Results, one: Verdict) -> Verdict:
    """An open verdict with what the collection offers, or why nothing was tried; any other as it is."""
    if one.status != "open":
        return one
    if one.rate is None or not one.rate.n_trials:
        return replace(one, untried=untried(results, one.label, one.component))
    return replace(one, n_offered=n_offered(results, one.label, one.component))


def taken_out(
    results: Results, *, limit: Limit | float | None = None, grounds: Grounds | None = None
) -> tuple[Verdict, ...]:
    """The verdicts on what was taken out. Components that no stem holds have verdicts in `put_in` only."""
    found = judge(
        results.removals(),
        limit=limit_of(results) if limit is None else limit,
        expected=results.expected,
        stems=results.components or None,
        grounds=Grounds.of(results) if grounds is None else grounds,
    )
    return tuple(verdict for verdict in found if verdict.rate is not None)


def marks(results: Results) -> tuple[str, ...]:
    """What to know about the model and the stems before any verdict, in one sentence each."""
    asked_twice = repeats(results)
    unsteady = () if asked_twice is None or asked_twice.is_steady else (asked_twice.text,)
    alone = (
        f"{name} is nearly all of the sound in {n} of "
        f"{counted(of, 'recording that holds', 'recordings that hold')} it: there it is not tried"
        for name, (n, of) in results.whole.items()
        if n
    )
    held = holding_notes(results.identity.factorization, results.components)
    return (*results.remarks, *unsteady, *agreement(results), *alone, *held)


def unmet(put_in: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence on what is meant to matter and is not shown to when it is put in, by which limit; none where all is.

    Parameters
    ----------
    put_in : sequence of Verdict
        Verdicts on what was put into other recordings.

    Examples
    --------
    >>> never = Rate(0.0, 0.0, 0.3, 50, 10, 10, 10.0, 0.95)
    >>> unmet([Verdict("guitar", "guitar", "ruled out", given(0.4), never, declared=True)])
    ("meant to matter, but not shown beyond 40 % when put in: guitar for 'guitar' (ruled out: 0 % of 50 decisions
    flip)",)
    """
    lacking = [one for one in put_in if one.declared and not one.is_finding]
    told = (f"{one.component} for {one.label!r} ({one.status}: {_flips(one)})" for one in lacking)
    if not lacking:
        return ()
    return (f"meant to matter, but not shown beyond {lacking[0].beyond.percent} when put in: {'; '.join(told)}",)


def _flips(verdict: Verdict) -> str:
    rate = verdict.rate
    if rate is None or rate.rate is None:
        return "nothing was tried"
    return f"{percent(rate.rate)} of {counted(rate.n_trials, 'decision flips', 'decisions flip')}"


def transplants_of(results: Results) -> list[Trials]:
    """The transplants of all pairs of a class and a component that its recordings hold, even of pairs without any.

    Raises
    ------
    UsageError
        If the audit put nothing in at the donor's own ratio of levels.
    """
    if KIND not in kinds(results):
        raise UsageError(
            f"{legible(results.path)} holds no transplants at the donor's own ratio of levels, only "
            f"{', '.join(kinds(results))}; audit with --kinds {KIND}"
        )
    trials = results.transplants(KIND)
    tried = {(t.label, t.component) for t in trials}
    for label in results.classes:
        of_it = results.is_of[:, results.labels.index(label)]
        if not (results.done & ~of_it).any():
            continue  # there is no other recording that could gain it
        trials += [
            Trials(label, name, np.zeros(0, bool), [], [])
            for i, name in enumerate(results.components)
            if (label, name) not in tried and results.present[results.done & of_it, i].any()
        ]
    return trials


def kinds(results: Results) -> tuple[str, ...]:
    """The kinds of transplants that an audit made."""
    return tuple(results.identity.settings.get("kinds", (KIND,)))


def require_once(trials: Sequence[Trials]) -> None:
    """Raise `UsageError` if a pair of class and component comes twice."""
    for (label, component), n in Counter((tried.label, tried.component) for tried in trials).items():
        if n > 1:
            raise UsageError(f"{label!r} and {component!r} come {n} times; join all their trials in one")


def _auditable(verdict: Verdict, known: Grounds, expected: Expected | None) -> Verdict:
    """The verdict with why it is not auditable, or with the components that are named together with its own."""
    label, component = verdict.label, verdict.component
    n, of = known.whole.get(component, (0, 0))
    if n > MOST * of:
        return replace(verdict, why_not=f"{component} is nearly all of the sound in {n} of {counted(of, 'recording')}")
    partners = known.partners(component)
    meant = {name: expected is not None and expected.covers(label, name) for name in partners}
    other = [name for name in partners if meant[name] != bool(verdict.declared)]
    if other:
        only = component if verdict.declared else " and ".join(other)
        why_not = (
            f"the separator does not tell {component} from {' or '.join(other)}, and only {only} is meant to matter"
        )
        return replace(verdict, why_not=why_not)
    return replace(verdict, together=partners)
