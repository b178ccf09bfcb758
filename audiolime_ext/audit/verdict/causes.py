"""What counts of a component that is put in: how loud it is, how it sounds in this class, or that it is there.

Three controls tell, each beside the trials that are judged:

- ``matched``: the same components in the same recordings, as loud as the host's own. If fewer decisions flip, the level
  counts; nothing else differs.
- ``same class``: into the same recordings, the component of songs of the host's own class, as loud as it is there. If
  fewer decisions flip, this class's component has something that the other's lacks. That may be how it sounds, or how
  loud it is: only together with ``matched`` is it known which.
- ``leak``: what is separated as the component, where neither the donor nor the host holds it.

Invariant: *nothing is said that another sentence denies.* That decisions flip less often under a control is known where
the interval of the difference lies above 0; that they also flip under it, where its interval lies above the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.differences import Difference, difference
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate, Trials, flip_rate
from audiolime_ext.audit.verdict.results import Asked, Results
from audiolime_ext.audit.verdict.words import percent
from audiolime_ext.text import counted

MATCHED, SAME = "matched", "same class"
Pair = tuple[str, str]  # class and component


@dataclass(frozen=True)
class Cause:
    """What the controls say about an effect of what was put in.

    Parameters
    ----------
    matched : Difference or None
        Difference from the same components as loud as the host's own; None: not measured.
    same : Difference or None
        Difference from components of other songs of the host's own class; None: not measured.
    leak : Rate or None
        Rate of flips by what is separated as the component where there is none; None: not measured.
    n_softer, n_louder : int
        Numbers of flips by a component that is softer, or louder, than the host's own, relative to the recordings.
    """

    matched: Difference | None = None
    same: Difference | None = None
    leak: Rate | None = None
    n_softer: int = 0
    n_louder: int = 0

    def told(self, component: str, limit: Limit) -> tuple[str, ...]:
        """What counts, a sentence for each control that was measured; limit: the one beyond which the effect is shown.

        Examples
        --------
        >>> never = Rate(0.0, 0.0, 0.07, 50, 50, 50, 50.0, 0.95)
        >>> softer = Difference(1.0, 0.8, 1.0, 50, never, "matched")
        >>> print(*Cause(matched=softer).told("bass", Limit(0.4, "a limit")))
        how loud the bass is counts: as loud as the host's own, 0 % of 50 flip
        """
        plural = component.endswith("s") and not component.endswith("ss")
        be, sound, it = ("are", "sound", "they are") if plural else ("is", "sounds", "it is")
        louder, also = _less(self.matched), _beyond(self.matched, limit)
        loud, sounding = f"how loud the {component} {be}", f"how the {component} of this class {sound}"
        said = []
        if self.matched is not None:
            alone = ", but not alone" if also else ""
            read = f"{loud} counts{alone}{self._which}" if louder else f"it is not only {loud}"
            read = read if louder or also else f"whether {loud} counts is open"
            said.append(f"{read}: as loud as the host's own, {_flip(self.matched.placebo)}")
        if self.same is not None:
            less, beyond = _less(self.same), _beyond(self.same, limit)
            of_own = f"with {component} of the host's own class"
            if less and not beyond and not louder:
                read = f"{sounding} counts" if also else f"what counts is {sounding}, or how loud {it}"
            elif beyond and not less and not louder:
                read = f"what counts is that there {be} {component}"
            elif not less and not beyond:
                read = f"whether {component} of any class would do is open"
            else:
                read, of_own = f"{'also' if beyond else 'less often'} {of_own}", ""
            said.append(f"{read}: {f'{of_own}, ' if of_own else ''}{_flip(self.same.placebo)}")
        if self.leak is not None and self.leak.rate is not None and self.leak.low > limit.share:
            said.append(f"beware: with what is separated as {component} where there is none, {_flip(self.leak)}")
        return tuple(said)

    @property
    def _which(self) -> str:
        """Whether it is softer or louder components that flip decisions; "" where nobody knows."""
        n = self.n_softer + self.n_louder
        most, how = max((self.n_softer, "softer"), (self.n_louder, "louder"))
        return f" ({how} than the host's in {most} of {counted(n, 'flip')})" if n else ""


NO_CAUSE = Cause()  # nothing was measured


def causes(results: Results, trials: Sequence[Trials]) -> Mapping[Pair, Cause]:
    """What the controls say about transplants at the donor's own ratio of levels, for each pair.

    Parameters
    ----------
    results : Results
        Results of an audit.
    trials : sequence of Trials
        Trials of these results, from `Results.transplants`.
    """
    labels = sorted({one.label for one in trials})
    if not labels:
        return {}
    matched = _by_pair(results.transplants("matched", labels=labels))
    same = _by_pair(results.transplants(which="same", labels=labels))
    leak = _by_pair(results.transplants(which="leak", labels=labels))
    own, levelled = results.asked("own"), results.asked("matched")
    found = {}
    for one in trials:
        pair = one.label, one.component
        found[pair] = Cause(
            _compared(one, matched.get(pair), _mixes(own, one), _mixes(levelled, matched.get(pair)), MATCHED),
            _compared(one, same.get(pair), _hosts(own, one), _hosts(own, same.get(pair)), SAME),
            flip_rate(leak[pair]) if pair in leak else None,
            *_softer_and_louder(results, own, one),
        )
    return found


def _compared(
    trials: Trials, others: Trials | None, ours: NDArray[np.int64], theirs: NDArray[np.int64], control: str
) -> Difference | None:
    """The difference from a control, over what was tried in both ways."""
    if others is None:
        return None
    return difference(_some(trials, np.isin(ours, theirs)), _some(others, np.isin(theirs, ours)), control=control)


def _softer_and_louder(results: Results, asked: Asked, trials: Trials) -> tuple[int, int]:
    """How many of the components that flipped a decision are softer than the host's own, and how many louder.

    What is too soft to be held by the host is softer there.
    """
    if trials.rows is None:
        return 0, 0
    rows, j = trials.rows[np.asarray(trials.flips, bool)], results.components.index(trials.component)
    level = np.where(results.present[:, j], results.matrix("presence")[:, j, 0], -np.inf)
    louder = level[asked.donors[rows]] - level[asked.recordings[rows]]
    return int((louder < 0).sum()), int((louder > 0).sum())


def _by_pair(trials: Sequence[Trials]) -> dict[Pair, Trials]:
    return {(one.label, one.component): one for one in trials}


def _hosts(asked: Asked, trials: Trials | None) -> NDArray[np.int64]:
    """The recording of each trial."""
    return np.zeros(0, np.int64) if trials is None or trials.rows is None else asked.recordings[trials.rows]


def _mixes(asked: Asked, trials: Trials | None) -> NDArray[np.int64]:
    """A number for each trial's recording and donor, the same at both levels."""
    if trials is None or trials.rows is None:
        return np.zeros(0, np.int64)
    return asked.recordings[trials.rows] * np.int64(2**31) + asked.donors[trials.rows]


def _some(trials: Trials, chosen: NDArray[np.bool_]) -> Trials:
    rows = np.flatnonzero(chosen).tolist()
    donors = None if trials.donors is None else [trials.donors[i] for i in rows]
    return Trials(trials.label, trials.component, trials.flips[rows], [trials.hosts[i] for i in rows], donors)


def _less(compared: Difference | None) -> bool:
    return compared is not None and compared.low > 0


def _beyond(compared: Difference | None, limit: Limit) -> bool:
    return compared is not None and compared.placebo.low > limit.share


def _flip(rate: Rate) -> str:
    return f"{percent(rate.rate or 0.0)} of {rate.n_trials} flip{'s' if rate.n_trials == 1 else ''}"
