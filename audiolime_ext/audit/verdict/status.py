"""The verdict on one class and one component: shown, ruled out, open, or not auditable.

- *shown*: decisions are known to flip more often than the limit. The interval of the flip rate lies above it, and still
  does after the correction for many pairs (Benjamini and Hochberg's: of all that is shown, no more than 2.5 % is
  expected to be false); and they are known to flip more often than under every control. With a separator the
  interval must also lie above the separator's δ: below that, what ends up in the wrong stem may do as much.
- *ruled out*: decisions are known to flip less often. The interval lies below the limit.
- *open*: anything else, with the number of songs that would decide, if any practicable number would.
- *not auditable*: no possible trial would tell; the reason is given.

`decide` chooses these words, and nothing else does: the command line, the report, the gate, JUnit and JSON all take its
`Verdict`. Whether a component is *meant* to matter does not change the status; it says how an effect that is shown is
read: as a confounder, as it should be, or, where nobody said what is meant, as a dependence.

Pairs that are meant to matter are corrected apart from the others: else their certainty would help to accuse others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from audiolime_ext.audit.measurement.placebos import AGAIN, MOVED, NUDGED
from audiolime_ext.audit.verdict.causes import NO_CAUSE, Cause
from audiolime_ext.audit.verdict.controls import EQUAL_LEVEL, SAME_CLASS
from audiolime_ext.audit.verdict.differences import Difference, songs_to_tell
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import NOTHING_SEEN, Rate, benjamini_hochberg, exceeds, songs_to_decide
from audiolime_ext.audit.verdict.words import in_words, percent, would_decide
from audiolime_ext.text import counted

Status = Literal["shown", "open", "ruled out", "not auditable"]
STATUSES: tuple[Status, ...] = ("shown", "open", "ruled out", "not auditable")  # in the order of reports
READINGS = ("confounder", "depends on", "as expected")  # of what is shown, in this order
MOST_OF = 0.5  # of the flips: if this share happens where next to nothing was changed, that may explain them
_ANY_REMIX = "any remix may do as much"
_CONTROLS = {
    AGAIN: ("this model answers differently when asked twice", "asked again about the recording as it is"),
    NUDGED: (_ANY_REMIX, "where next to nothing was changed"),
    MOVED: (_ANY_REMIX, "with the component from another moment of the recording"),
    EQUAL_LEVEL: ("the level alone may do as much", "only made as soft as without it"),
    SAME_CLASS: ("that of any other song may do as much", "with that of songs of the host's own class"),
}  # what it means if decisions are not known to flip less often, and what was done

_READ = {
    "confounder": ("{0} is confounded with {1}", "{0} needs {1}, which is not meant to matter"),
    "depends on": ("{0} depends on {1}", "{0} needs {1}"),
    "as expected": ("{0} depends on {1}, as it is meant to", "{0} needs {1}, as it is meant to"),
}  # where the component was put in, and where it was taken out


@dataclass(frozen=True)
class Verdict:
    """What is known about one class and one component.

    Parameters
    ----------
    label, component : str
        Names of the class and of the component.
    status : {"shown", "open", "ruled out", "not auditable"}
        Status of the pair.
    limit : Limit
        Limit with which flips are compared.
    rate : Rate or None
        Rate of flips; None where there is nothing to try.
    p_value : float or None
        P-value of "flips are no more frequent than the limit" (or than `floor`, where that is higher), before the
        correction for many pairs; None: nothing was tried.
    n_pairs : int
        Number of pairs that were judged together, and corrected for.
    songs_needed : int or None
        Number of songs that would decide an open pair if the rate stays; None: no practicable number, or not open.
    sign : {1, -1} or None
        Sign: the class gains (1) or loses (−1) by the component; None: not measured.
    declared : bool or None
        True if the component is meant to matter, False if not; None: nobody said what is.
    placebo : Difference or None
        Difference from the control that speaks least for an effect; None: not measured.
    cause : Cause
        Cause, as far as controls tell it, where an effect is shown by what was put in.
    together : tuple of str
        Components that the separator does not tell from this one.
    floor : Limit or None
        Limit beyond which flips are known not to be the separator's; None where it is not higher than `limit`.
    why_not : str
        Reason why the pair is not auditable; "" where it is.
    untried : str
        Reason why nothing was put in; "" where something was, or nobody knows.
    n_offered : int or None
        Number of donor songs that the collection offers, where the audit was told to draw fewer; None: it drew all, or
        nobody knows.
    """

    label: str
    component: str
    status: Status
    limit: Limit
    rate: Rate | None = None
    p_value: float | None = None
    n_pairs: int = 1
    songs_needed: int | None = None
    sign: int | None = None
    declared: bool | None = None
    placebo: Difference | None = None
    cause: Cause = NO_CAUSE
    together: tuple[str, ...] = ()
    why_not: str = ""
    untried: str = ""
    n_offered: int | None = None
    floor: Limit | None = None

    @property
    def beyond(self) -> Limit:
        """The limit above which an interval must lie for an effect to be shown."""
        return self.floor or self.limit

    @property
    def is_finding(self) -> bool:
        """Whether the effect is shown."""
        return self.status == "shown"

    @property
    def is_removal(self) -> bool:
        """Whether the component was taken out, not put in."""
        return self.rate is not None and self.rate.n_donors is None

    @property
    def reading(self) -> str:
        """How to read what is shown: one of `READINGS`; "" where nothing is shown."""
        if not self.is_finding:
            return ""
        return "depends on" if self.declared is None else "as expected" if self.declared else "confounder"

    @property
    def claim(self) -> str:
        """What is shown, or would be, without the numbers."""
        read = self.reading or ("depends on" if not self.declared else "as expected")
        apart = f" (which the separator does not tell from {' or '.join(self.together)})" if self.together else ""
        return _READ[read][self.is_removal].format(repr(self.label), self.component + apart)

    @property
    def text(self) -> str:
        """The verdict in one sentence, which begins with the status.

        Examples
        --------
        >>> rate = Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95)
        >>> limit = Limit(0.36, "δ of true stems")
        >>> print(Verdict("guitar", "drums", "shown", limit, rate, declared=False).text)
        shown: 'guitar' is confounded with drums: 75 % of 60 decisions flip (95 % interval 51 to 91 %; limit 36 %, δ of
        true stems; 20 host songs, 20 donor songs); no near-null control was measured
        """
        if self.status == "not auditable":
            return f"not auditable: {self.label!r} and {self.component}: {self.why_not}{self._tried_all_the_same}"
        told = {"shown": self.claim, "open": f"whether {self.claim}", "ruled out": self._ruled_out}[self.status]
        more = {"shown": self._controls, "open": self._what_would_decide, "ruled out": ()}[self.status]
        return "; ".join([f"{self.status}: {told}: {in_words(self.rate, self.limit)}", *more])

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "reading": self.reading, "what_counts": list(self.what_counts), "text": self.text}

    @property
    def _ruled_out(self) -> str:
        effect = f"no effect of {self.component} on {self.label!r} beyond {self.limit.percent}"
        return effect + (", which is meant to matter" if self.declared else "")

    @property
    def _tried_all_the_same(self) -> str:
        """The numbers of what cannot be judged by them."""
        tried = self.rate is not None and self.rate.rate is not None
        return f"; what was tried all the same: {in_words(self.rate, self.limit)}" if tried else ""

    @property
    def _controls(self) -> tuple[str, ...]:
        if self.placebo is None:
            return ("no near-null control was measured", *self.what_counts)
        told_below = self.placebo.control == SAME_CLASS and self.cause.same is not None
        return self.what_counts if told_below else (self._where_not, *self.what_counts)

    @property
    def what_counts(self) -> tuple[str, ...]:
        """What counts of the component: its level, how it sounds in this class, that it is there; with the numbers."""
        return self.cause.told(self.component, self.beyond) if self.is_finding else ()

    @property
    def changes_its_mind(self) -> bool:
        """Whether a control may explain the flips: a model that changes its mind at any remix, goes by the level, …

        This is so where, under a control, decisions flip at least half as often, and not known to be less often.
        """
        if self.placebo is None or self.placebo.low > 0 or self.rate is None or self.rate.rate is None:
            return False
        return 0 < MOST_OF * self.rate.rate <= self._of_placebos

    @property
    def _where_not(self) -> str:
        """How many decisions flip under the control that speaks least for an effect."""
        return f"{self._control[1]}, {percent(self._of_placebos)} flip"

    @property
    def _control(self) -> tuple[str, str]:
        return _CONTROLS[(self.placebo.control if self.placebo is not None else "") or NUDGED]

    @property
    def _of_placebos(self) -> float:
        return 0.0 if self.placebo is None else self.placebo.placebo.rate or 0.0

    @property
    def _what_would_decide(self) -> tuple[str, ...]:
        said = []
        above = self.rate is not None and self.rate.low > self.limit.share
        if self.changes_its_mind:
            said.append(f"{self._control[0]}: {self._where_not}")
        elif above and self.placebo is not None and self.placebo.low <= 0:
            said.append(f"too few songs to tell: {self._where_not}")
        elif above and self.floor is not None and self.rate is not None and self.rate.low <= self.floor.share:
            said.append(
                f"the interval lies above the limit, but not above {self.floor.percent} ({self.floor.name}): what ends "
                "up in the wrong stem may do as much; true stems would tell"
            )
        elif above:
            higher = self.floor is not None and self.floor.share > self.limit.share
            least = f"{self.floor.percent} ({self.floor.name})" if higher and self.floor is not None else "the limit"
            said.append(
                f"the interval lies above {least}, but not far enough for one of {counted(self.n_pairs, 'pair')}"
            )
        if self.rate is None or not self.rate.n_trials:
            said.append(f"no recording could be tried{f', as {self.untried}' if self.untried else ''}")
        return (*said, self.would_decide)

    @property
    def would_decide(self) -> str:
        """What would decide an open pair."""
        return would_decide(self.songs_needed, self.rate, self.n_offered)


def decide(verdicts: Iterable[Verdict], limit: Limit, *, floor: Limit | None = None) -> tuple[Verdict, ...]:
    """Judge pairs by a limit: those that are shown first, and those known to flip most often before others.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Pairs that were looked at, all of them, whatever came of them; their status is chosen anew.
    limit : Limit
        Limit with which flips are compared, chosen before these pairs were seen.
    floor : Limit or None
        Limit beyond which flips are known not to be the separator's; None: there is none, or it is `limit`.

    Examples
    --------
    >>> rate, few = (Rate(1.0, 0.025 ** (1 / n), 1.0, n, n, None, float(n), 0.95) for n in (20, 2))
    >>> limit = Limit(0.5, "the limit you gave")
    >>> pairs = [Verdict("guitar", name, "open", limit, one) for name, one in {"bass": few, "drums": rate}.items()]
    >>> [(one.component, one.status, one.songs_needed) for one in decide(pairs, limit)]
    [('drums', 'shown', None), ('bass', 'open', 7)]
    """
    floor = floor if floor is not None and floor.share > limit.share else None
    given = [replace(verdict, limit=limit, floor=floor) for verdict in verdicts]
    families = ([v for v in given if bool(v.declared) is meant] for meant in (False, True))
    return tuple(sorted((v for family in families for v in _together(family)), key=_rank))


def which_side(rate: Rate | None, limit: Limit) -> Status:
    """The side of the limit on which an interval lies; "open" where it contains the limit, or nothing was tried.

    Examples
    --------
    >>> which_side(Rate(0.6, 0.4, 0.8, 20, 20, None, 20.0, 0.95), Limit(0.5, "the limit you gave"))
    'open'
    """
    if rate is None or rate.rate is None:
        return "open"
    return "shown" if rate.low > limit.share else "ruled out" if rate.high < limit.share else "open"


def in_numbers(verdicts: Iterable[Verdict], *, zeros: bool = True) -> str:
    """How many pairs have each status; zeros: False to leave out those that none has.

    Examples
    --------
    >>> in_numbers([])
    '0 shown, 0 open, 0 ruled out'
    """
    n = Counter(verdict.status for verdict in verdicts)
    told = (status for status in STATUSES if n[status] or (zeros and status != "not auditable"))
    return ", ".join(f"{n[status]} {status}" for status in told)


def _together(family: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts on pairs of one family; those with trials are corrected together."""
    tried = [(v, v.rate) for v in family if not v.why_not and v.rate is not None and v.rate.rate is not None]
    p_values = [exceeds(rate, v.beyond.share) for v, rate in tried]
    beyond = benjamini_hochberg(p_values, share=(1 - tried[0][1].confidence) / 2) if tried else ()
    judged = [
        _judged(replace(v, p_value=p, n_pairs=len(tried)), rate, above=bool(is_beyond))
        for (v, rate), p, is_beyond in zip(tried, p_values, beyond, strict=True)
    ]
    there = {(v.label, v.component) for v, _ in tried}
    for v in family:
        if (v.label, v.component) not in there:
            blank = replace(v, p_value=None, n_pairs=max(1, len(tried)), songs_needed=None)
            none = v.rate or NOTHING_SEEN
            judged.append(replace(blank, status="not auditable") if v.why_not else _judged(blank, none, above=False))
    return judged


def _judged(verdict: Verdict, rate: Rate, *, above: bool) -> Verdict:
    side, placebo = which_side(rate, verdict.limit), verdict.placebo
    above = above and which_side(rate, verdict.beyond) == "shown"
    if above and (placebo is None or placebo.low > 0):
        return replace(verdict, status="shown", songs_needed=None)
    if side == "ruled out":
        return replace(verdict, status="ruled out", songs_needed=None)
    needed = [] if above else [_songs_needed(verdict, rate)]
    if placebo is not None and placebo.low <= 0 and (rate.rate or 0.0) > verdict.limit.share:
        needed.append(songs_to_tell(placebo, rate.n_songs))  # it must also be told from the control
    known = [n for n in needed if n is not None]
    return replace(verdict, status="open", songs_needed=max(known) if len(known) == len(needed) else None)


def _songs_needed(verdict: Verdict, rate: Rate) -> int | None:
    """How many songs would show or rule out an effect; None where the rate lies between the limit and the floor."""
    share = 0.0 if rate.rate is None else rate.rate
    if verdict.limit.share < share <= verdict.beyond.share:
        return None
    held_against = verdict.beyond if share > verdict.limit.share else verdict.limit
    return songs_to_decide(rate, held_against.share, n_pairs=verdict.n_pairs)


def by_evidence(verdict: Verdict) -> tuple[float, float]:
    """What sorts verdicts so that those known to flip most often come first: a share of one decision is no evidence.

    Examples
    --------
    >>> limit = Limit(0.5, "the limit you gave")
    >>> one, half = Rate(1.0, 0.025, 1.0, 1, 1, None, 1.0, 0.95), Rate(0.5, 0.27, 0.73, 20, 20, None, 20.0, 0.95)
    >>> [v.component for v in sorted((Verdict("jazz", "bass", "open", limit, one),
    ...                               Verdict("jazz", "drums", "open", limit, half)), key=by_evidence)]
    ['drums', 'bass']
    """
    rate = verdict.rate or NOTHING_SEEN
    return -rate.low, -(rate.rate or 0.0)


def _rank(verdict: Verdict) -> tuple[int, int, tuple[float, float], str, str]:
    read = READINGS.index(verdict.reading) if verdict.reading else 0
    return STATUSES.index(verdict.status), read, by_evidence(verdict), verdict.label, verdict.component
