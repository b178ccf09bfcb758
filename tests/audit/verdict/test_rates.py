"""Flip rates: intervals that hold where trials share songs, on worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from audiolime_ext.audit.verdict.rates import (
    Rate,
    Trials,
    _resampled,
    benjamini_hochberg,
    clopper_pearson,
    exceeds,
    flip_rate,
    is_larger,
    songs_to_decide,
)
from audiolime_ext.errors import UsageError
from tests.audit.verdict.worlds import QUICK, world
from tests.studies.flip_rates import held


def true_rate(rate: float, spread: tuple[float, float]) -> float:
    """The share of flips over all songs that there could be."""
    draws = np.random.default_rng(99).normal(np.log(rate / (1 - rate)), np.hypot(*spread), 200_000)
    return float((1 / (1 + np.exp(-draws))).mean())


def test_many_songs_have_the_variance_that_resampling_comes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = world(np.random.default_rng(0), 0.3, n_hosts=700, n_donors=600, each=4, spread=(1.5, 1.5))
    at_once = flip_rate(trials)
    monkeypatch.setattr("audiolime_ext.audit.verdict.rates.MANY_SONGS", 10**6)
    resampled = flip_rate(trials)
    assert at_once.n_effective == pytest.approx(resampled.n_effective, rel=0.1)
    assert at_once.n_effective != resampled.n_effective
    assert at_once.n_effective < 0.7 * len(trials.flips), "songs do matter here"


def kish(flips: NDArray[np.float64], songs: NDArray[np.int64]) -> float:
    """Independent trials that the design allows, trial by trial."""
    same = songs[:, None] == songs[None, :]
    others = same & ~np.eye(len(songs), dtype=bool)
    together = 1 + sum(flips[i] * flips[j] for i, j in np.argwhere(others))  # pairs in which both flip, and one more
    of_flipped = 1 + sum(flips[i] for i, _ in np.argwhere(others))
    alike = max(0.0, (together / of_flipped - flips.mean()) / (1 - flips.mean()))
    return float(len(songs) / (1 + alike * (same.sum() / len(songs) - 1)))


def variance_of_ratio(flips: NDArray[np.float64], songs: NDArray[np.int64], n_songs: int) -> float:
    """Of the mean of all trials, linearised: n / (n - 1) times the sum of squares of each song's residual."""
    residuals = [(flips[songs == song] - flips.mean()).sum() / len(flips) for song in range(n_songs)]
    return float(n_songs / (n_songs - 1) * np.square(residuals).sum())


def effective(
    flips: NDArray[np.float64], hosts: NDArray[np.int64], donors: NDArray[np.int64] | None, confidence: float
) -> float:
    """The number of independent trials that say as much."""
    n_hosts = hosts.max() + 1
    by, bounds, n_songs = [variance_of_ratio(flips, hosts, n_hosts)], [kish(flips, hosts)], n_hosts
    if donors is not None:
        n_donors = donors.max() + 1
        pairs = np.unique(hosts * n_donors + donors, return_inverse=True)[1]
        by.append(variance_of_ratio(flips, donors, n_donors))
        by.append(by[0] + by[1] - variance_of_ratio(flips, pairs, pairs.max() + 1))
        assert by[2] > max(by[:2]), "hosts and donors both matter"
        bounds.append(kish(flips, donors))
        n_songs = min(n_hosts, n_donors)
    p, n = flips.mean(), len(flips)
    quantiles = [student.ppf((1 + confidence) / 2, many - 1) for many in (n, n_songs)]
    return float(min(n, p * (1 - p) / max(by), *bounds) * (quantiles[0] / quantiles[1]) ** 2)


@pytest.mark.parametrize("with_donors", [False, True])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_interval_is_that_of_the_formulas(
    monkeypatch: pytest.MonkeyPatch, with_donors: bool, confidence: float
) -> None:
    """Cameron, Gelbach and Miller's variance, Korn and Graubard's interval, Kish's design, written once more."""
    monkeypatch.setattr("audiolime_ext.audit.verdict.rates.MANY_SONGS", 5)
    rng = np.random.default_rng(3)
    hosts, donors = np.repeat(np.arange(12), 6), rng.permutation(np.repeat(np.arange(9), 8))
    flips = (rng.random(72) < 0.2 + 0.3 * (hosts % 3 == 0) + 0.4 * (donors % 3 == 0)).astype(float)
    found = flip_rate(
        Trials("a", "b", flips, hosts.astype(str).tolist(), donors.astype(str).tolist() if with_donors else None),
        confidence=confidence,
    )
    n_effective = effective(flips, hosts, donors if with_donors else None, confidence)
    assert found.n_effective == pytest.approx(n_effective, rel=1e-9)
    interval = clopper_pearson(flips.mean() * n_effective, n_effective, confidence=confidence)
    assert (found.low, found.high) == pytest.approx(interval, rel=1e-9)
    assert (found.rate, found.n_trials, found.n_hosts) == (flips.mean(), 72, 12)
    assert found.n_songs == (9 if with_donors else 12)


def test_two_songs_are_worth_what_the_formulas_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiolime_ext.audit.verdict.rates.MANY_SONGS", 1)
    hosts, flips = np.repeat([0, 1], 40), (np.arange(80) % 5 < 2).astype(float)
    flips[:3] = 1
    found = flip_rate(Trials("a", "b", flips, hosts.astype(str).tolist()), confidence=0.5)
    assert found.n_effective == pytest.approx(effective(flips, hosts, None, 0.5), rel=1e-9)
    assert found.n_effective > 5


def test_resampling_few_songs_is_worth_what_the_linearised_variance_is() -> None:
    """Four songs of as many trials, two of which flip: a quarter of the variance of a song, (1/3) / 4."""
    songs = np.repeat(np.arange(4), 10)
    flips = (songs < 2).astype(float)
    resampled = _resampled(flips, songs, rng=np.random.default_rng(0), n_bootstrap=40_000)
    assert resampled == pytest.approx(variance_of_ratio(flips, songs, 4), rel=0.03)
    assert resampled == pytest.approx(1 / 12, rel=0.03)


@pytest.mark.parametrize("p", [0.2, 0.4])
def test_how_sure_a_rate_is_to_exceed_a_limit(p: float) -> None:
    from scipy.stats import binomtest

    rate = Rate(12 / 30, 0, 1, 30, 30, None, 30.0, 0.95)
    assert exceeds(rate, p) == pytest.approx(binomtest(12, 30, p, alternative="greater").pvalue)


def naive(trials: Trials) -> tuple[float, float]:
    return clopper_pearson(float(trials.flips.sum()), len(trials.flips))


@pytest.mark.parametrize(
    ("rate", "spread", "n_hosts", "n_donors", "each"),
    [
        (0.5, (1.5, 1.5), 30, 30, 5),
        (0.5, (0.0, 0.0), 30, 30, 1),
        (0.5, (0.5, 2.0), 40, 12, 6),
        (0.06, (1.0, 1.0), 60, 20, 5),
        (0.9, (2.0, 0.0), 20, 20, 5),
    ],
)
def test_intervals_hold_the_truth(
    rate: float, spread: tuple[float, float], n_hosts: int, n_donors: int, each: int
) -> None:
    rng, truth, n = np.random.default_rng(0), true_rate(rate, spread), 150
    drawn = [world(rng, rate, n_hosts=n_hosts, n_donors=n_donors, each=each, spread=spread) for _ in range(n)]
    found = [flip_rate(trials, n_bootstrap=QUICK) for trials in drawn]
    assert np.mean([at.low <= truth <= at.high for at in found]) >= 0.93
    if max(spread) > 1:
        assert np.mean([low <= truth <= high for low, high in map(naive, drawn)]) < 0.85, "songs do matter here"
    if max(spread) == 0:
        assert np.mean([at.high - at.low for at in found]) < 1.6 * np.mean(
            [high - low for low, high in map(naive, drawn)]
        )


def test_more_trials_of_the_same_songs_are_not_more_evidence() -> None:
    songs = [f"song {i}" for i in range(10)]
    once = flip_rate(Trials("a", "b", np.arange(10) < 7, songs))
    often = flip_rate(Trials("a", "b", np.tile(np.arange(10) < 7, 50), songs * 50))
    assert often.n_trials == 500
    assert often.high - often.low == pytest.approx(once.high - once.low, abs=0.1)
    assert often.n_effective < 11


def test_nothing_seen_is_not_nothing_there() -> None:
    """A resample of zeros is zeros; the interval must not be."""
    hosts, donors = [str(i) for i in range(100)], [str(i % 5) for i in range(100)]
    found = flip_rate(Trials("a", "b", np.zeros(100, bool), hosts, donors))
    assert (found.rate, found.low, found.n_songs) == (0, 0, 5)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 5)), "five donors say little about donors"
    nothing = flip_rate(Trials("a", "b", np.zeros(0, bool), [], []))
    assert (nothing.rate, nothing.low, nothing.high) == (None, 0, 1)
    assert (nothing.n_trials, nothing.n_hosts, nothing.n_donors, nothing.n_songs, nothing.n_effective) == (0,) * 5
    one = flip_rate(Trials("a", "b", np.array([True, False]), ["x", "x"]))
    assert (one.low, one.high) == pytest.approx(clopper_pearson(0.5, 1))


def test_a_seed_gives_the_same_interval_whatever_songs_are_called() -> None:
    trials = world(np.random.default_rng(0), 0.4, spread=(1.5, 1.5))
    assert trials.donors is not None
    renamed = Trials(
        "a", "b", trials.flips, [f"小 {int(x):03d}" for x in trials.hosts], [f"{int(x):03d}" for x in trials.donors]
    )
    first, again, other = (flip_rate(t, seed=s, n_bootstrap=500) for t, s in ((trials, 3), (trials, 3), (trials, 4)))
    assert first == again
    assert first != other
    assert flip_rate(renamed, n_bootstrap=4000).high == pytest.approx(
        flip_rate(trials, n_bootstrap=4000).high, abs=0.01
    )


def test_intervals_hold_where_few_songs_of_few_trials_carry_all_flips() -> None:
    """Where resampling alone held .91 of the time: its upper ends are too low."""
    n = 200
    hits = [held("5 % at half", 100, "heavy", seed) for seed in range(n)]
    assert np.mean(hits) >= 0.95


def test_no_more_independent_trials_than_the_design_allows() -> None:
    """Two songs flip as one; Kish's effective number of songs of 2, 2 and 16 times 6 trials is all that there is."""
    sizes = [2, 2] + [6] * 16
    hosts = np.repeat(np.arange(18), sizes).astype(str).tolist()
    found = flip_rate(Trials("a", "b", np.arange(100) < 4, hosts))
    assert found.n_effective <= sum(sizes) ** 2 / sum(size**2 for size in sizes)
    scattered = flip_rate(Trials("a", "b", np.isin(np.arange(100), [0, 20, 40, 60]), hosts))
    assert scattered.n_effective > 60, "other songs' trials flip as often as the song's own"


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    with pytest.raises(UsageError, match=r"confidence must lie between 0 and 1, not [01]\.0"):
        flip_rate(Trials("a", "b", np.array([True]), ["x"]), confidence=confidence)


def test_clopper_pearson_is_exact() -> None:
    from scipy.stats import binom, binomtest

    expected = binomtest(7, 40).proportion_ci(method="exact")
    assert clopper_pearson(7, 40) == pytest.approx((expected.low, expected.high))
    assert exceeds(Rate(7 / 40, 0, 1, 40, 40, None, 40.0, 0.95), 0.1) == pytest.approx(binom.sf(6, 40, 0.1))
    assert exceeds(Rate(0.0, 0, 1, 40, 40, None, 40.0, 0.95), 0.1) == 1
    assert clopper_pearson(0, 0) == (0, 1), "nothing was seen"


def test_one_rate_is_larger_than_another_by_newcombes_interval() -> None:
    """With Clopper and Pearson's intervals in the place of Wilson's."""

    def at(n_flips: int, n: int) -> Rate:
        return Rate(n_flips / n, *clopper_pearson(n_flips, n), n, n, None, float(n), 0.95)

    assert not is_larger(at(62, 100), at(50, 100))
    assert is_larger(at(66, 100), at(50, 100))
    lower = 0.16 - np.hypot(0.66 - at(66, 100).low, at(50, 100).high - 0.5)
    assert 0 < lower < 0.02, "nearly no difference, but one"
    assert not is_larger(at(50, 100), at(66, 100))
    assert not is_larger(at(5, 5), at(3, 5)), "so few songs say nothing"
    rng = np.random.default_rng(0)
    alike = [is_larger(at(a, 80), at(b, 80)) for a, b in rng.binomial(80, 0.4, (400, 2)).tolist()]
    assert np.mean(alike) <= 0.025


def test_benjamini_hochberg_on_the_papers_example() -> None:
    """The 15 p-values of Benjamini and Hochberg (1995), of which the four smallest are rejected at .05."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    order = np.random.default_rng(0).permutation(15)
    assert benjamini_hochberg(np.array(p)[order].tolist()).tolist() == (order < 4).tolist()
    assert benjamini_hochberg([]).tolist() == []


def test_the_number_of_songs_decides_if_the_rate_stays() -> None:
    for rate, limit in ((0.02, 0.05), (0.1, 0.05), (0.3, 0.2)):
        seen = Rate(rate, 0, 1, 200, 50, None, 100.0, 0.95)
        needed = songs_to_decide(seen, limit)
        assert needed is not None
        for n, decided in ((needed, True), (needed - 1, False)):
            low, high = clopper_pearson(rate * 2 * n, 2 * n)  # a song counts for two trials here
            assert (high < limit or low > limit) == decided
    assert songs_to_decide(Rate(0.05, 0, 1, 200, 50, None, 100.0, 0.95), 0.05) is None
    many = songs_to_decide(Rate(0.3, 0, 1, 50, 50, None, 50.0, 0.95), 0.2, n_pairs=40)
    assert many is not None
    assert many > (songs_to_decide(Rate(0.3, 0, 1, 50, 50, None, 50.0, 0.95), 0.2) or 0)


@pytest.mark.parametrize(
    ("gains", "sign"), [([0.5, -0.2], 1), ([-0.5, 0.2], -1), ([0.5, -0.5], None), ([], None), (None, None)]
)
def test_a_class_gains_or_loses_on_average(gains: list[float] | None, sign: int | None) -> None:
    measured = None if gains is None else np.array(gains)
    n = len(gains or [])
    assert Trials("a", "b", np.zeros(n, bool), ["x"] * n, gains=measured).sign == sign
