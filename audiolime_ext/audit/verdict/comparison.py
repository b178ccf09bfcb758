"""Two models side by side: what an audit found of each pair of class and component, and what it found before."""

from __future__ import annotations

from collections.abc import Sequence

from audiolime_ext.audit.verdict.status import Verdict
from audiolime_ext.audit.verdict.words import bounds, percent
from audiolime_ext.text import text_table


def side_by_side(now: Sequence[Verdict], before: Sequence[Verdict], names: tuple[str, str]) -> str:
    """A table with a line for each pair: its status, how many decisions flip, and the interval, for both models.

    Parameters
    ----------
    now, before : sequence of Verdict
        Verdicts on two models, by one limit. A pair that only the second has is left out.
    names : (str, str)
        Names of the two, for the columns.

    Examples
    --------
    >>> from audiolime_ext.audit.verdict.limits import Limit
    >>> from audiolime_ext.audit.verdict.rates import Rate
    >>> limit = Limit(0.05, "the limit you gave")
    >>> one = Verdict("guitar", "bass", "ruled out", limit, Rate(0.0, 0.0, 0.049, 300, 80, 80, 80.0, 0.95))
    >>> other = Verdict("guitar", "bass", "shown", limit, Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95))
    >>> print(side_by_side([one], [other], ("new.sqlite", "old.sqlite")))
    class   component  new.sqlite                   old.sqlite
    guitar  bass       ruled out: 0 % (0 to 4.9 %)  shown: 75 % (51 to 91 %)
    """
    there = {(one.label, one.component): one for one in before}
    rows = [[one.label, one.component, _cell(one), _cell(there.get((one.label, one.component)))] for one in now]
    return text_table(["class", "component", *names], rows, left=range(4))


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not there"
    rate = verdict.rate
    tried = "" if rate is None or rate.rate is None else f": {percent(rate.rate)} ({bounds(rate, verdict.limit)})"
    return f"{verdict.status}{tried}"
