"""What flip rates amount to: which class depends on which component, said no stronger than it is known.

A deterministic model never has an effect of exactly zero, so "is there an effect?" would flag every model. A finding
rejects "flips are no more frequent than δ", for a δ that was frozen before, with the false-discovery rate controlled
over all pairs of class and component. Pairs with too few songs for that are said to have too few, not called clean.

A class *depends on* a component that brings it to other recordings, and *needs* one without which it is lost: trials
with donors, and without.

Only a table of what is *meant* to matter (``expected.csv``) makes a dependence a confounder. An instrument that has no
stem of its own cannot be audited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from audiolime_ext.audit.expected import Expected
from audiolime_ext.audit.rates import (
    N_BOOTSTRAP,
    Rate,
    Trials,
    benjamini_hochberg,
    exceeds,
    flip_rate,
    songs_to_find,
)
from audiolime_ext.audit.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.registry import split_spec

# What a finding must exceed, by factorization: halfway between the most frequent flips that a clean development model
# showed for anything that should not matter and the least frequent that a confounded one showed for its confounder
# (examples/guitar_vs_piano, seeds 0 and 10 to 12 on 45 songs each: .13 and .58 with true stems, .14 and .61 with
# Cerberus, .19 and .61 with HPSS). Frozen before the models of other seeds were audited.
DELTAS = {"oracle": 0.36, "cerberus": 0.38, "hpss": 0.4}
DELTA = 0.5  # of any other

Status = Literal["confounder", "depends on", "as expected", "no finding", "too few songs", "not auditable"]
STATUSES: tuple[Status, ...] = (
    "confounder",
    "depends on",
    "as expected",
    "too few songs",
    "not auditable",
    "no finding",
)  # in the order in which they are told


@dataclass(frozen=True)
class Verdict:
    """What is known about one class and one component.

    Parameters
    ----------
    label, component
        The class and the component.
    status
        ``"confounder"``, ``"depends on"`` (nobody said what is meant to matter), ``"as expected"``, ``"no finding"``,
        ``"too few songs"`` or ``"not auditable"``.
    delta
        The flip rate that a finding exceeds.
    rate
        None where nothing could be tried.
    p_value
        Of "flips are no more frequent than δ", before the correction for many pairs.
    songs_needed
        The fewest songs with which there could be a finding at all, where there were too few.
    sign
        Whether the class gains (1) or loses (−1) by the component; None: not measured.
    declared
        Whether the component is meant to matter.
    """

    label: str
    component: str
    status: Status
    delta: float
    rate: Rate | None = None
    p_value: float | None = None
    songs_needed: int | None = None
    sign: int | None = None
    declared: bool = False

    @property
    def is_finding(self) -> bool:
        """Whether the effect is known to be larger than δ."""
        return self.status in ("confounder", "depends on", "as expected")

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "text": self.text}

    @property
    def text(self) -> str:
        """In one sentence.

        Examples
        --------
        >>> rate = Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95)
        >>> print(Verdict("guitar", "drums", "depends on", 0.5, rate).text)
        'guitar' depends on drums: 75 % of 60 decisions flip (95 % interval 51 to 91 %; 20 host songs, 20 donor songs)
        """
        pair = f"{self.label!r}", self.component
        if self.status == "not auditable":
            return f"{pair[0]} is not auditable for {pair[1]}: no stem holds {pair[1]} alone"
        told = "nothing was tried" if self.rate is None else in_words(self.rate)
        if self.status == "too few songs":
            there = 0 if self.rate is None else self.rate.n_songs
            return (
                f"too few songs to judge {pair[0]} and {pair[1]}: {there}, and at least {self.songs_needed} are needed "
                f"for a finding; {told}"
            )
        if self.status == "no finding":
            meant = ", which is meant to matter" if self.declared else ""
            return (
                f"no effect of {pair[1]} on {pair[0]} beyond {self.delta:.0%}".replace("%", " %") + f"{meant}: {told}"
            )
        removed = self.rate is not None and self.rate.n_donors is None
        said = {
            "confounder": "needs {}, which is not meant to matter" if removed else "is confounded with {}",
            "depends on": "needs {}" if removed else "depends on {}",
            "as expected": "needs {}, as it is meant to" if removed else "depends on {}, as it is meant to",
        }[self.status]
        return f"{pair[0]} {said.format(pair[1])}: {told}"


def in_words(rate: Rate) -> str:
    """A rate with its interval and with how many songs it comes from.

    Examples
    --------
    >>> in_words(Rate(0.0, 0.0, 0.168, 20, 20, None, 20.0, 0.95))
    '0 % of 20 decisions flip (95 % interval 0 to 17 %; 20 host songs)'
    """
    if rate.rate is None:
        return "nothing was tried"
    songs = f"{rate.n_hosts} host songs" + ("" if rate.n_donors is None else f", {rate.n_donors} donor songs")
    return (
        f"{100 * rate.rate:.0f} % of {rate.n_trials} decisions flip ({100 * rate.confidence:g} % interval "
        f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %; {songs})"
    )


def judge(
    trials: Sequence[Trials],
    *,
    delta: float,
    expected: Expected | None = None,
    stems: Sequence[str] | None = None,
    share: float = 0.05,
    confidence: float = 0.95,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """A verdict on every pair of class and component: findings first, the most frequent flips before others.

    Parameters
    ----------
    trials
        What was tried, one entry for each pair; all pairs that were looked at, whatever came of them.
    delta
        The flip rate beyond which an effect counts, frozen before these trials were seen.
    expected
        What is meant to matter; None: nobody said.
    stems
        The components that there are; None: those in `trials`.
    share
        The share of findings that may be wrong.
    confidence, n_bootstrap, seed
        As in `flip_rate`.

    Raises
    ------
    UsageError
        If δ is no share beyond zero, or a pair comes twice.

    Examples
    --------
    >>> import numpy as np
    >>> songs = [f"song {i}" for i in range(20)]
    >>> flipped = {"drums": np.arange(20) < 19, "bass": np.arange(20) < 1}
    >>> for verdict in judge([Trials("guitar", name, f, songs) for name, f in flipped.items()], delta=0.5):
    ...     print(verdict.text)
    'guitar' needs drums: 95 % of 20 decisions flip (95 % interval ... to 100 %; 20 host songs)
    no effect of bass on 'guitar' beyond 50 %: 5 % of 20 decisions flip (95 % interval 0 to ... %; 20 host songs)
    """
    if not 0 < delta < 1:
        raise UsageError(f"delta must lie between 0 and 1, not {delta!r}: no model's effect is exactly 0; .5 is usual")
    require_once(trials)
    rates = [flip_rate(tried, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed) for tried in trials]
    p_values = [exceeds(rate, delta) for rate in rates]
    found = benjamini_hochberg(p_values, share=share)
    needed = songs_to_find(delta, n_pairs=len(trials), share=share) if trials else 1
    verdicts = []
    for tried, rate, p_value, is_found in zip(trials, rates, p_values, found, strict=True):
        declared = expected is not None and expected.covers(tried.label, tried.component, tried.sign)
        status: Status = "no finding"
        if is_found:
            status = "depends on" if expected is None else "as expected" if declared else "confounder"
        elif rate.n_songs < needed:
            status = "too few songs"
        few = needed if status == "too few songs" else None
        pair = tried.label, tried.component
        verdicts.append(Verdict(*pair, status, delta, rate, p_value, few, tried.sign, declared))
    there = {tried.component for tried in trials} if stems is None else set(stems)
    for row in expected.rows if expected is not None else ():
        if row.component not in there:
            verdicts.append(Verdict(row.label, row.component, "not auditable", delta, declared=True))
    return tuple(sorted(verdicts, key=_rank))


def delta_for(factorization: str) -> float:
    """The flip rate that a finding exceeds where recordings were split so; see `DELTAS`.

    Examples
    --------
    >>> delta_for("cerberus?merge=piano+guitar"), delta_for("spleeter:2stems")
    (0.38, 0.5)
    """
    return DELTAS.get(split_spec(factorization)[0], DELTA)


def conclude(results: Results, *, delta: float | None = None) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
    """The verdicts on what was put into other recordings, and on what was taken out; each corrected for its number.

    Parameters
    ----------
    delta
        The flip rate that a finding exceeds; None: `delta_for` the factorization.
    """
    delta = delta_for(results.identity.factorization) if delta is None else delta
    stems = results.components or None
    put_in = judge(results.transplants(), delta=delta, expected=results.expected, stems=stems)
    taken_out = judge(results.removals(), delta=delta, expected=results.expected, stems=stems)
    return put_in, tuple(verdict for verdict in taken_out if verdict.status != "not auditable")


def require_once(trials: Sequence[Trials]) -> None:
    """Raise `UsageError` if a pair of class and component comes twice."""
    for (label, component), n in Counter((tried.label, tried.component) for tried in trials).items():
        if n > 1:
            raise UsageError(f"{label!r} and {component!r} come {n} times; join all their trials in one")


def _rank(verdict: Verdict) -> tuple[int, float, str, str]:
    rate = 0.0 if verdict.rate is None or verdict.rate.rate is None else verdict.rate.rate
    return STATUSES.index(verdict.status), -rate, verdict.label, verdict.component
