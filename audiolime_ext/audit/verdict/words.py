"""Rates in words: how many decisions flip, how sure that is, and the limit.

Invariant: *words do not contradict numbers*. The ends of an interval are printed with as many digits as it takes to see
on which side of the limit they lie.
"""

from __future__ import annotations

from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.text import counted


def in_words(rate: Rate | None, limit: Limit | None = None) -> str:
    """A rate with its interval, its limit, and the number of songs that it comes from.

    Examples
    --------
    >>> in_words(Rate(0.0, 0.0, 0.168, 20, 20, None, 20.0, 0.95))
    '0 % of 20 decisions flip (95 % interval 0 to 17 %; 20 host songs)'
    """
    held = "" if limit is None else f"limit {limit.percent}, {limit.name}"
    if rate is None or rate.rate is None:
        return "nothing was tried" + (f" ({held})" if held else "")
    within = f"{100 * rate.confidence:g} % interval {bounds(rate, limit)}"
    flip = counted(rate.n_trials, "decision flips", "decisions flip")
    return f"{percent(rate.rate)} of {flip} ({'; '.join(filter(None, (within, held, songs_of(rate))))})"


def songs_of(rate: Rate) -> str:
    """How many songs a rate comes from."""
    donors = [] if rate.n_donors is None else [counted(rate.n_donors, "donor song")]
    return ", ".join([counted(rate.n_hosts, "host song"), *donors])


def would_decide(needed: int | None, rate: Rate | None, n_offered: int | None = None) -> str:
    """How many songs would decide an open pair, or that the collection holds enough, but not all were donors.

    Examples
    --------
    >>> rate = Rate(1.0, 0.4, 1.0, 28, 12, 4, 4.0, 0.95)
    >>> would_decide(6, rate), would_decide(6, rate, 6)
    ('about 6 songs of each class would decide',
     'about 6 donor songs would decide, and 4 of 6 were tried: a larger --n-donors, into a new store, may try more')
    """
    if needed is None:
        return "no practicable number of songs would decide at this rate"
    if rate is not None and rate.n_donors and rate.n_donors < needed <= min(rate.n_hosts, n_offered or 0):
        return (
            f"about {counted(needed, 'donor song')} would decide, and {rate.n_donors} of {n_offered} were tried: a "
            "larger --n-donors, into a new store, may try more"
        )
    taken_out = rate is not None and rate.n_donors is None and rate.n_trials > 0
    return f"about {counted(needed, 'song')} of {'the' if taken_out else 'each'} class would decide"


def bounds(rate: Rate, limit: Limit | None = None) -> str:
    """Both ends of an interval, with as many digits as it takes to see on which side of the limit they lie.

    Examples
    --------
    >>> rate = Rate(0.02, 0.006, 0.0496, 200, 200, None, 200.0, 0.95)
    >>> print(bounds(rate), bounds(rate, Limit(0.05, "the limit you gave")), sep="; ")
    1 to 5 %; 1 to 4.96 %
    """
    low, high = (_beside(100 * end, None if limit is None else 100 * limit.share) for end in (rate.low, rate.high))
    return f"{low} to {high} %"


def percent(share: float) -> str:
    """A share in whole percent.

    Examples
    --------
    >>> percent(0.755)
    '76 %'
    """
    return f"{100 * share:.0f} %"


def _beside(value: float, limit: float | None) -> str:
    digits = 0
    while limit is not None and digits < 4 and (round(value, digits) - limit) * (value - limit) <= 0:
        digits += 1
    return f"{value:.{digits}f}" if digits < 4 else f"{value:g}"
