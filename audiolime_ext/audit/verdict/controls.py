"""What placebos say about trials: do decisions flip more often than at any remix of the same recordings?

A trial's controls are the placebos of its own recording, and they count the same as the trial: after a transplant,
whether the class is *gained*; after a removal, whether it is *lost*. They are ``again``, ``nudged`` and ``moved`` (see
`audiolime_ext.audit.measurement.placebos`) and, for removals, ``equal level``: the recording at the level that remains.

Each is compared by itself, because flips under only one of them would be thinned out among the others, and an effect
must be larger than under every one (`placebo_difference`). For a pair with component j, ``moved`` is j from another
moment, where the host holds j; hosts that hold none are given the moves of their other components instead.

Transplants have one more control, ``same class``: where the host holds j, it is j of other songs of the host's own
class. Then j is there before and after, and does not come from the class in question: if it brings that class as often,
the donor's class is not the reason. (Where the host holds no j, such flips say that the presence of j counts; then they
are no placebo.)

Stores of older versions hold no placebos: then nothing is known, and the answer is None.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.measurement.placebos import AGAIN, MOVED, NUDGED, PLACEBOS
from audiolime_ext.audit.verdict.differences import Difference, paired_difference, weakest
from audiolime_ext.audit.verdict.rates import N_BOOTSTRAP, Trials
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.text import counted

EQUAL_LEVEL, SAME_CLASS = "equal level", "same class"
SAME_SCORE = 1e-3  # half precision rounds to .0005; in batches of other sizes single precision differs by some 1e-6

Array = NDArray[np.float64]


def placebo_differences(
    results: Results,
    trials: Trials,
    measure: str = "own",
    *,
    confidence: float = 0.95,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """How much more often decisions flip than under each placebo that the recordings were given.

    Parameters
    ----------
    results : Results
        Results of an audit.
    trials : Trials
        Trials of these results, from `Results.transplants` or `Results.removals`.
    measure : {"own", "matched", "without"}
        Measure that they are trials of.
    confidence : float
        Confidence of the intervals, between 0 and 1.
    n_bootstrap, seed : int
        Number of times that songs are resampled, and seed.

    Raises
    ------
    UsageError
        If the trials do not say which recordings they belong to.
    """
    if trials.rows is None:
        raise UsageError("these trials have no rows in an audit's results; take those of Results.transplants")
    removal = trials.donors is None
    recordings = results.asked(measure).recordings[trials.rows]
    found = (
        paired_difference(
            trials,
            _same_class(results, trials, measure)
            if control == SAME_CLASS
            else _controls(results, trials, recordings, control, removal=removal),
            control=control,
            confidence=confidence,
            n_bootstrap=n_bootstrap,
            seed=seed,
        )
        for control in (*PLACEBOS, EQUAL_LEVEL if removal else SAME_CLASS)
    )
    return tuple(difference for difference in found if difference is not None)


def placebo_difference(
    results: Results, trials: Trials, measure: str = "own", *, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0
) -> Difference | None:
    """The one of `placebo_differences` that speaks least for an effect; None where no placebo was tried."""
    return weakest(placebo_differences(results, trials, measure, n_bootstrap=n_bootstrap, seed=seed))


@dataclass(frozen=True)
class Repeats:
    """What came of asking the model twice about each recording, once alone and once in a batch.

    Parameters
    ----------
    n_recordings : int
        Number of recordings that were asked about twice.
    n_differing : int
        Number of them for which a score differs by more than .001.
    n_flipped : int
        Number of them for which the decision differs.
    largest : float
        Largest difference between two scores for one recording.
    """

    n_recordings: int
    n_differing: int
    n_flipped: int
    largest: float

    @property
    def is_steady(self) -> bool:
        """Whether the model answers the same when it is asked the same."""
        return self.n_differing == 0

    @property
    def text(self) -> str:
        """The result in one sentence; "" where there is nothing to say."""
        if self.is_steady:
            return ""
        return (
            f"this model answers differently when asked twice: scores of {self.n_differing} of "
            f"{counted(self.n_recordings, 'recording')} differ, by up to {self.largest:.2g}, and other classes are "
            f"decided for {self.n_flipped} of "
            "them; switch off dropout and batch statistics"
        )


def repeats(results: Results) -> Repeats | None:
    """Whether the model answers the same when asked twice; None where it was not asked."""
    again = results.matrix(AGAIN)[:, 0] if len(results.asked(AGAIN).values) else results.scores[:0]
    asked = np.flatnonzero(~np.isnan(again).all(axis=1) & results.done[: len(again)])
    if not len(asked):
        return None
    apart = np.nanmax(np.abs(again[asked] - results.scores[asked]), axis=1)
    flipped = (results.decide(again[asked]) != results.decided[asked]).any(axis=1)
    return Repeats(len(asked), int((apart > SAME_SCORE).sum()), int(flipped.sum()), float(apart.max()))


def _controls(results: Results, trials: Trials, recordings: NDArray[np.int64], control: str, *, removal: bool) -> Array:
    """The share of placebos of a kind that flip the decision of each trial's recording (n,); NaN: none was tried."""
    column, component = results.labels.index(trials.label), results.components.index(trials.component)
    if not len(results.asked(control).values):
        return np.full(len(recordings), np.nan)
    decided = results.decided_after(control)[..., column]
    if control == MOVED:
        found = _moved(decided, results.present, component)
    else:
        found = decided[:, 0 if control in (AGAIN, NUDGED) else component]
    flipped = (1 - found if removal else found)[recordings]
    before = results.decided[recordings, column]
    return np.where(before == removal, flipped, np.nan)  # a class that is there already cannot be gained


def _same_class(results: Results, trials: Trials, measure: str) -> Array:
    """The share of same-class donors that bring the class to each trial's recording, (n_trials,).

    Recordings that do not hold the component get the moves of their other components; NaN: none was tried.
    """
    recordings = results.asked(measure).recordings
    found = [t for t in results.transplants(measure, "same", labels=[trials.label]) if t.component == trials.component]
    nothing = np.full(len(trials.flips), np.nan)
    if not found or found[0].rows is None or trials.rows is None:
        return nothing
    hosts, n = recordings[found[0].rows], len(results.entries)
    with np.errstate(invalid="ignore"):
        share = np.bincount(hosts, found[0].flips, n) / np.bincount(hosts, minlength=n)  # NaN where none was tried
    own = recordings[trials.rows]
    holds = results.present[own, results.components.index(trials.component)]
    moves = _controls(results, trials, own, MOVED, removal=False)
    return np.where(holds, share[own], moves) if holds.any() else nothing


def _moved(decided: Array, present: NDArray[np.bool_], component: int) -> Array:
    """For each recording (n_recordings,) the component's move; where it is absent, the mean of all other moves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean of nothing is NaN, which is meant
        others = np.nanmean(decided, axis=1)
    return np.where(present[:, component], decided[:, component], others)
