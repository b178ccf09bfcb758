"""How often decisions flip, how sure that is, and how many songs it takes.

Trials are not independent: one host is given many donors, one donor goes into many hosts, and both have other excerpts
of the same song. So songs are resampled, hosts and donors jointly: with V_h, V_d and V_hd the variances of the rate
when host songs, donor songs and their pairs are drawn with replacement, its variance is V_h + V_d − V_hd, and no less
than V_h or V_d [1]_. (Beyond 500 songs each is the linearised variance of a ratio, which resampling then comes to.)
The interval is Clopper and Pearson's for the number of independent trials that would have that variance [2]_. So it
also holds near 0 and 1, where resampling alone sees no variance and would be sure of anything.

Where a few songs carry all flips, resampling sees only how many trials *those* have: if they are songs of few trials,
the variance looks small together with the rate, and the upper end lies too low. So there are never more independent
trials than the design allows: n / (1 + ρ (m − 1)), with m the number of trials in the song of an average trial, and ρ
how much likelier a trial flips if it shares its song with one that does (Kish's design effect [4]_). With ρ = 1, where
all trials of a song flip together, that is Kish's effective number of songs. To estimate ρ, one pair that flips
together is added to those that were seen, because flips without another trial of their song tell nothing about it.
``tests/studies/flip_rates.py`` has the coverage with and without.

Invariants: no more independent trials than trials; where all or none flip, no more than songs on the scarcer side.

References
----------
.. [1] Cameron, Gelbach and Miller, "Robust inference with multiway clustering", JBES 29(2), 2011.
.. [2] Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts
   estimated from survey data", Survey Methodology 24(2), 1998.
.. [3] Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
   17(8), 1998.
.. [4] Kish, "Survey Sampling", Wiley 1965, ch. 5 and 11.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

N_BOOTSTRAP = 2000
MANY_SONGS = 500  # beyond them resampling gives what the linearised variance gives, only more slowly
MAX_SONGS = 2000  # of one class: more than most collections hold, so more are never asked for

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trials:
    """What happened to decisions for one class when one component was put in or taken out.

    Parameters
    ----------
    label, component : str
        Names of the class and of the component.
    flips : ndarray of bool or float, shape (n_trials,)
        Flag of each trial: True where the decision flipped; or the share of several decisions that did, 0…1.
    hosts : sequence of str
        Song of each recording that was changed.
    donors : sequence of str, or None
        Song that each component came from; None: nothing was put in.
    gains : ndarray of float64, shape (n_trials,), or None
        Rise of the class's log-odds; after removals its fall; None: not measured.
    rows : ndarray of int64, shape (n_trials,), or None
        Row of each trial in `audiolime_ext.audit.verdict.results.Results.asked`; None: it has none.
    """

    label: str
    component: str
    flips: NDArray[Any]
    hosts: Sequence[str]
    donors: Sequence[str] | None = None
    gains: Array | None = None
    rows: NDArray[np.int64] | None = None

    @property
    def sign(self) -> int | None:
        """1 where the component raises the class's log-odds on average, −1 where it lowers them; None: unknown or 0."""
        mean = 0.0 if self.gains is None or not len(self.gains) else float(np.mean(self.gains))
        return None if mean == 0 else 1 if mean > 0 else -1


@dataclass(frozen=True)
class Rate:
    """A share of flipped decisions.

    Parameters
    ----------
    rate : float or None
        Share of decisions that flipped, 0…1; None where there were no trials.
    low, high : float
        Ends of the interval, 0…1.
    n_trials, n_hosts : int
        Numbers of trials and of host songs.
    n_donors : int or None
        Number of donor songs; None where nothing was put in.
    n_effective : float
        Number of independent trials that would say as much.
    confidence : float
        Confidence of the interval, such as .95.
    """

    rate: float | None
    low: float
    high: float
    n_trials: int
    n_hosts: int
    n_donors: int | None
    n_effective: float
    confidence: float

    @property
    def n_songs(self) -> int:
        """Number of songs on the scarcer side, host or donor; more trials do not make up for few songs."""
        return self.n_hosts if self.n_donors is None else min(self.n_hosts, self.n_donors)


NOTHING_SEEN = Rate(None, 0.0, 1.0, 0, 0, None, 0.0, 0.95)


def clopper_pearson(n_flips: float, n: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval for a share of which `n_flips` of `n` were seen; effective numbers need not be whole.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 20)
    >>> low, round(high, 4)  # 1 − .025^(1/20)
    (0.0, 0.1684)
    """
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = 0.0 if n_flips <= 0 else float(beta.ppf(tail, n_flips, n - n_flips + 1))
    high = 1.0 if n_flips >= n else float(beta.ppf(1 - tail, n_flips + 1, n - n_flips))
    return low, high


def flip_rate(trials: Trials, *, confidence: float = 0.95, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0) -> Rate:
    """The share of trials that flipped, with an interval that respects songs.

    Raises
    ------
    UsageError
        If flips, hosts and donors are not equally many, or the confidence does not lie between 0 and 1.

    Examples
    --------
    >>> songs = [f"song {i}" for i in range(20)]
    >>> found = flip_rate(Trials("guitar", "drums", np.arange(20) < 15, songs))
    >>> found.rate, found.n_songs, 0.5 < found.low < 0.6, 0.9 < found.high < 0.95
    (0.75, 20, True, True)
    """
    flips = np.asarray(trials.flips, np.float64)
    n = len(flips)
    if len(trials.hosts) != n or (trials.donors is not None and len(trials.donors) != n):
        raise UsageError(f"{counted(n, 'flip needs', 'flips need')} as many hosts and, if any, donors")
    if not 0 < confidence < 1:
        raise UsageError(f"confidence must lie between 0 and 1, not {confidence!r}; .95 is usual")
    if n == 0:
        return Rate(None, 0.0, 1.0, 0, 0, None if trials.donors is None else 0, 0.0, confidence)
    hosts = _numbers(trials.hosts)
    donors = None if trials.donors is None else _numbers(trials.donors)
    n_hosts = int(hosts.max()) + 1
    n_donors = None if donors is None else int(donors.max()) + 1
    n_songs = n_hosts if n_donors is None else min(n_hosts, n_donors)
    rate = float(flips.mean())
    if rate in (0.0, 1.0):
        n_effective = float(n_songs)
    elif n_songs < 2:
        n_effective = 1.0
    else:
        rng = np.random.default_rng(seed)
        variance = _variance(flips, hosts, donors, rng=rng, n_bootstrap=n_bootstrap)
        n_effective = min(float(n), rate * (1 - rate) / variance) if variance > 0 else float(n_songs)
        n_effective = min(n_effective, *(_by_design(flips, songs) for songs in (hosts, donors) if songs is not None))
        n_effective = max(1.0, n_effective * _few_songs(n_songs, n, confidence))
    low, high = clopper_pearson(rate * n_effective, n_effective, confidence=confidence)
    return Rate(rate, low, high, n, n_hosts, n_donors, n_effective, confidence)


def exceeds(rate: Rate, limit: float) -> float:
    """The p-value of "flips are no more frequent than `limit`": Clopper and Pearson's, one-sided.

    Examples
    --------
    >>> exceeds(Rate(1.0, 0.7, 1.0, 10, 10, None, 10.0, 0.95), 0.5) == 0.5**10
    True
    """
    from scipy.special import betainc

    if not rate.rate:
        return 1.0
    n_flips = rate.rate * rate.n_effective
    return float(betainc(n_flips, rate.n_effective - n_flips + 1, limit))


def is_larger(rate: Rate, other: Rate) -> bool:
    """Whether one rate is known to be larger than another: the interval of their difference lies above zero [3]_.

    The interval of the difference is made of both, as if the rates came from different songs. Where they come from the
    same songs, smaller differences may be real, too.

    Examples
    --------
    >>> before = Rate(0.3, 0.22, 0.4, 100, 100, None, 100.0, 0.95)
    >>> [is_larger(Rate(p, p - 0.1, p + 0.1, 100, 100, None, 100.0, 0.95), before) for p in (0.35, 0.5)]
    [False, True]
    """
    if rate.rate is None or other.rate is None:
        return False
    return rate.rate - other.rate > math.hypot(rate.rate - rate.low, other.high - other.rate)


def benjamini_hochberg(p_values: Sequence[float], *, share: float = 0.05) -> NDArray[np.bool_]:
    """Which hypotheses to reject so that at most this share of the rejected is expected to be true.

    Examples
    --------
    >>> benjamini_hochberg([0.02, 0.9, 0.001, 0.02]).tolist()
    [True, False, True, True]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    passing = np.flatnonzero(p[order] <= share * np.arange(1, len(p) + 1) / max(1, len(p)))
    rejected = np.zeros(len(p), bool)
    if len(passing):
        rejected[order[: passing[-1] + 1]] = True
    return rejected


def songs_to_decide(rate: Rate, tolerance: float, *, n_pairs: int = 1) -> int | None:
    """How many songs would settle on which side of `tolerance` a rate lies, if the rate stays what it is.

    None: no practicable number, as more than 2000 are never asked for. The design stays the same: twice the songs say
    twice as much. To show one of `n_pairs` pairs takes more songs than to show one alone.

    Examples
    --------
    >>> songs_to_decide(Rate(0.0, 0.0, 0.17, 20, 20, None, 20.0, 0.95), 0.05)  # .025^(1/72) > .95
    72
    """
    observed = 0.0 if rate.rate is None else rate.rate
    per_song = rate.n_effective / rate.n_songs if rate.n_songs else 1.0

    def settled(n_songs: int) -> bool:
        n = per_song * n_songs
        if observed < tolerance:
            return clopper_pearson(observed * n, n, confidence=rate.confidence)[1] < tolerance
        return clopper_pearson(observed * n, n, confidence=1 - (1 - rate.confidence) / n_pairs)[0] > tolerance

    if not settled(MAX_SONGS):
        return None
    few, many = 0, MAX_SONGS
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if settled(middle) else (middle, many)
    return many


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.asarray(names, object).astype(str), return_inverse=True)[1].reshape(-1).astype(np.int64)


def _few_songs(n_songs: int, n: int, confidence: float) -> float:
    """What a variance that rests on few songs is worth: Korn and Graubard's squared ratio of t quantiles."""
    from scipy.stats import t

    tail = (1 + confidence) / 2
    return float((t.ppf(tail, n - 1) / t.ppf(tail, n_songs - 1)) ** 2)


def _by_design(flips: Array, songs: NDArray[np.int64]) -> float:
    """How many independent trials there can be, given which trials share songs and how alike those of a song are."""
    flipped, tried = np.bincount(songs, flips), np.bincount(songs).astype(np.float64)
    rate = flips.mean()
    both = float(flipped @ (flipped - 1) + 1) / float(flipped @ (tried - 1) + 1)  # how often another of its song does
    alike = max(0.0, (both - rate) / (1 - rate))
    return float(len(flips) / (1 + alike * (np.square(tried).sum() / len(flips) - 1)))


def _variance(
    flips: Array,
    hosts: NDArray[np.int64],
    donors: NDArray[np.int64] | None,
    *,
    rng: np.random.Generator,
    n_bootstrap: int,
) -> float:
    """The variance of the mean of `flips`, by drawing songs with replacement."""
    by_host = _resampled(flips, hosts, rng=rng, n_bootstrap=n_bootstrap)
    if donors is None:
        return by_host
    by_donor = _resampled(flips, donors, rng=rng, n_bootstrap=n_bootstrap)
    pairs = np.unique(hosts * (donors.max() + 1) + donors, return_inverse=True)[1].reshape(-1)
    by_pair = _resampled(flips, pairs, rng=rng, n_bootstrap=n_bootstrap)
    return max(by_host, by_donor, by_host + by_donor - by_pair)


def _resampled(flips: Array, songs: NDArray[np.int64], *, rng: np.random.Generator, n_bootstrap: int) -> float:
    n_songs = int(songs.max()) + 1
    counts = np.stack(
        [np.bincount(songs, flips), np.bincount(songs).astype(np.float64)], axis=1
    )  # flips and trials of each song
    if n_songs > MANY_SONGS:
        return _linearised(counts)
    rates: list[Array] = []
    chunk = max(1, 2_000_000 // n_songs)  # draws at a time, for the memory's sake
    for first in range(0, n_bootstrap, chunk):
        drawn = rng.multinomial(n_songs, np.full(n_songs, 1 / n_songs), size=min(chunk, n_bootstrap - first))
        flipped, tried = (drawn.astype(np.float64) @ counts).T
        rates.append(flipped / tried)
    return float(np.concatenate(rates).var() * n_songs / (n_songs - 1))  # a resample varies as (n − 1)/n of the truth


def _linearised(counts: Array) -> float:
    """The variance of all flips over all trials, from flips and trials of each song (n_songs, 2)."""
    n_songs, (flipped, tried) = len(counts), counts.sum(axis=0)
    residuals = counts @ np.array([1.0, -flipped / tried])
    return float(np.square(residuals).sum() / tried**2 * n_songs / (n_songs - 1))
