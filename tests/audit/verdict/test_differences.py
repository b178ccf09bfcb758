"""How much more often decisions flip than under a placebo: intervals that hold, and that always have a width."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.audit.verdict.differences import Difference, paired_difference, weakest
from audiolime_ext.audit.verdict.rates import Trials, clopper_pearson, flip_rate
from audiolime_ext.errors import UsageError
from tests.studies.flip_rates import PAIRED, held_difference


def songs(n: int) -> list[str]:
    return [f"song {i}" for i in range(n)]


def test_what_flips_as_often_under_a_placebo_is_no_effect() -> None:
    rng = np.random.default_rng(0)
    flips, controls = rng.random(200) < 0.6, (rng.random(200) < 0.6).astype(float)
    found = paired_difference(Trials("a", "b", flips, songs(200)), controls, control="nudged")
    assert found is not None
    assert found.low < 0 < found.high
    assert found.rate == pytest.approx(flips.mean() - controls.mean())
    assert (found.control, found.n_songs) == ("nudged", 200)
    assert found.placebo.rate == pytest.approx(controls.mean())


def test_recordings_without_a_placebo_are_left_out_of_both() -> None:
    flips, controls = np.arange(30) < 10, np.where(np.arange(30) < 20, 0.0, np.nan)
    found = paired_difference(Trials("a", "b", flips, songs(30)), controls)
    assert found is not None
    assert (found.rate, found.n_songs) == (0.5, 20)
    assert paired_difference(Trials("a", "b", flips, songs(30)), np.full(30, np.nan)) is None
    assert paired_difference(Trials("a", "b", flips[:0], []), np.zeros(0)) is None
    with pytest.raises(UsageError, match="30 trials need as many controls"):
        paired_difference(Trials("a", "b", flips, songs(30)), np.zeros(4))


def test_the_interval_is_newcombes_of_both_rates() -> None:
    found = paired_difference(Trials("a", "b", np.arange(40) < 30, songs(40)), (np.arange(40) < 4).astype(float))
    assert found is not None
    (low, high), (placebo_low, placebo_high) = clopper_pearson(30, 40), clopper_pearson(4, 40)
    assert found.low == pytest.approx(0.65 - np.hypot(0.75 - low, placebo_high - 0.1), abs=0.01)
    assert found.high == pytest.approx(0.65 + np.hypot(high - 0.75, 0.1 - placebo_low), abs=0.01)


def test_a_difference_is_no_larger_than_everything() -> None:
    tried = Trials("a", "b", np.zeros(5, bool), songs(5))
    none = paired_difference(tried, np.ones(5))
    all_ = paired_difference(replace(tried, flips=np.ones(5, bool)), np.zeros(5))
    assert none is not None
    assert all_ is not None
    assert (none.low, none.rate, all_.rate, all_.high) == (-1, -1, 1, 1)


@pytest.mark.parametrize(("flips", "placebo"), [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_no_interval_has_no_width(flips: float, placebo: float) -> None:
    widths = []
    for n in (5, 20, 80):
        tried = Trials("a", "b", np.full(n, flips, bool), songs(n))
        found = paired_difference(tried, np.full(n, placebo))
        assert found is not None
        assert -1 <= found.low < found.high <= 1
        assert found.low <= found.rate <= found.high
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.5
    assert widths[-1] > 0.04


def test_more_trials_or_controls_of_the_same_songs_are_not_more_evidence() -> None:
    flips, controls = np.arange(12) < 8, (np.arange(12) < 2).astype(float)
    once = paired_difference(Trials("a", "b", flips, songs(12)), controls)
    often = paired_difference(Trials("a", "b", np.tile(flips, 40), songs(12) * 40), np.tile(controls, 40))
    assert once is not None
    assert often is not None
    assert often.high - often.low == pytest.approx(once.high - once.low, abs=0.12)


def test_the_weakest_has_the_lowest_bound() -> None:
    placebo = flip_rate(Trials("a", "b", np.zeros(3, bool), songs(3)))
    some = [Difference(0.5, low, 0.9, 9, placebo, name) for low, name in ((0.2, "x"), (-0.1, "y"), (0.3, "z"))]
    assert weakest(some) == some[1]
    assert weakest([]) is None


def test_intervals_of_differences_hold_the_truth() -> None:
    """One case of the study of coverage."""
    n = 200
    hits = [held_difference(PAIRED["both songs"], 20, "mild", seed) for seed in range(n)]
    assert np.mean(hits) >= 0.93 - 2 * (0.93 * 0.07 / n) ** 0.5
