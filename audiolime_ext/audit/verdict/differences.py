"""How much more often decisions flip than under a placebo of the same recordings.

A model that changes its mind at any remix flips at transplants and removals, too, and depends on nothing. What counts
is the *paired difference*: the share of trials that flip, less the share that flips where the same recordings were
given a placebo (see `audiolime_ext.audit.measurement.placebos`), each recording weighted by its trials.

Its interval is Newcombe's [1]_: it is made of the intervals of both rates, which respect songs
(`audiolime_ext.audit.verdict.rates`), as if they came from different songs. That is careful: a transplant flips the
recordings that a placebo flips, too, so the difference varies less. Invariant: every interval has a width, whatever
flipped or did not.

References
----------
.. [1] Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
   17(8), 1998, method 10 with Clopper and Pearson's intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.rates import MAX_SONGS, N_BOOTSTRAP, Rate, Trials, flip_rate
from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted


@dataclass(frozen=True)
class Difference:
    """How much more often decisions flip than under a placebo.

    Parameters
    ----------
    rate : float
        Share of flips less that under the placebo, −1…1.
    low, high : float
        Ends of the interval, −1…1.
    n_songs : int
        Number of host songs that were given both.
    placebo : Rate
        Rate of flips under the placebo.
    control : str
        Name of the placebo.
    """

    rate: float
    low: float
    high: float
    n_songs: int
    placebo: Rate
    control: str = ""


def paired_difference(
    trials: Trials,
    controls: NDArray[np.float64],
    *,
    control: str = "",
    confidence: float = 0.95,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> Difference | None:
    """How much more often decisions flip than under a placebo; None where no recording was given both.

    Parameters
    ----------
    trials : Trials
        Trials in which something was put in or taken out.
    controls : ndarray of float64, shape (n_trials,)
        Share of placebos that flip the decision of each trial's recording, 0…1; NaN: none was tried.
    control : str
        Name of the placebo.
    confidence : float
        Confidence of the intervals, between 0 and 1.
    n_bootstrap, seed : int
        Number of times that songs are resampled, and seed.

    Raises
    ------
    UsageError
        If trials and controls are not equally many.

    Examples
    --------
    >>> songs = [f"song {i}" for i in range(20)]
    >>> found = paired_difference(Trials("guitar", "drums", np.arange(20) < 15, songs), np.zeros(20))
    >>> found.rate, 0.4 < found.low < 0.5, 0.9 < found.high < 0.95
    (0.75, True, True)
    """
    controls = np.asarray(controls, np.float64)
    if controls.shape != (len(trials.flips),):
        raise UsageError(
            f"{counted(len(trials.flips), 'trial needs', 'trials need')} as many controls, not {controls.shape}; "
            "write NaN where there is none"
        )
    both = np.flatnonzero(~np.isnan(controls)).tolist()
    if not both:
        return None

    def rate_of(flips: NDArray[np.float64], donors: Sequence[str] | None) -> Rate:
        hosts = [trials.hosts[i] for i in both]
        chosen = None if donors is None else [donors[i] for i in both]
        tried = Trials(trials.label, trials.component, flips[both], hosts, chosen)
        return flip_rate(tried, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)

    done, placebo = rate_of(np.asarray(trials.flips, np.float64), trials.donors), rate_of(controls, None)
    return _between(done, placebo, control)


def difference(trials: Trials, others: Trials, *, control: str = "") -> Difference | None:
    """How much more often decisions flip in some trials than in others, which are a control of the same recordings.

    None where one of them holds no trial.

    Examples
    --------
    >>> songs = [f"song {i}" for i in range(20)]
    >>> all_, none = (Trials("guitar", "bass", np.full(20, flips), songs, songs) for flips in (True, False))
    >>> found = difference(all_, none)
    >>> found.rate, found.low > 0.7, found.placebo.n_trials
    (1.0, True, 20)
    """
    done, other = flip_rate(trials), flip_rate(others)
    return None if done.rate is None or other.rate is None else _between(done, other, control)


def _between(done: Rate, placebo: Rate, control: str) -> Difference:
    """Newcombe's interval for the difference of two rates, both of which hold trials."""
    p, q = done.rate or 0.0, placebo.rate or 0.0
    low = p - q - math.hypot(p - done.low, placebo.high - q)
    high = p - q + math.hypot(done.high - p, q - placebo.low)
    return Difference(p - q, max(-1.0, low), min(1.0, high), done.n_hosts, placebo, control)


def songs_to_tell(difference: Difference, n_songs: int = 0) -> int | None:
    """How many songs would show that one rate is larger, if the difference stays; None: no practicable number.

    The design stays the same: four times the songs halve the distance to the lower bound, and where only some of
    `n_songs` have the control, as many of more songs will.

    Examples
    --------
    >>> placebo = Rate(0.3, 0.1, 0.5, 20, 20, None, 20.0, 0.95)
    >>> songs_to_tell(Difference(0.2, -0.1, 0.5, 20, placebo)), songs_to_tell(Difference(0.0, -0.3, 0.3, 20, placebo))
    (46, None)
    >>> songs_to_tell(Difference(0.2, -0.1, 0.5, 20, placebo), 40)
    91
    """
    if difference.rate <= 0:
        return None
    there = max(n_songs, difference.n_songs)
    needed = math.floor(there * ((difference.rate - difference.low) / difference.rate) ** 2) + 1
    return needed if needed <= MAX_SONGS else None


def weakest(differences: Sequence[Difference]) -> Difference | None:
    """The difference that speaks least for an effect: an effect must be larger than under every placebo."""
    return min(differences, key=lambda found: found.low, default=None)
