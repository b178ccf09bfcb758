"""A bootstrap over groups, whose intervals hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation import intervals
from audiolime_ext.recommendation.intervals import average, difference
from audiolime_ext.recommendation.retrieval import Retrieval, by_group, of_relevant
from tests.recommendation.test_retrieval import similarities


def test_the_better_of_two_methods_is_ahead_with_an_interval_that_says_so() -> None:
    groups = [f"soundtrack {i // 4}" for i in range(80)]
    rng = np.random.default_rng(1)
    centres = np.repeat(rng.normal(size=(20, 8)), 4, axis=0)
    clear, vague = (centres + spread * rng.normal(size=centres.shape) for spread in (0.5, 3.0))
    near = [-np.linalg.norm(one[:, None] - one, axis=-1) for one in (clear, vague)]
    first, second = (by_group(one, groups) for one in near)
    gain = difference(first, second, groups)
    assert gain.value == pytest.approx(first.mean("AP") - second.mean("AP"))
    assert 0 < gain.low < gain.value < gain.high
    assert gain.is_clear
    same = difference(first, first, groups)
    assert (same.value, same.low, same.high, same.is_clear) == (0, 0, 0, False)
    assert difference(first, second, groups) == gain, "the same seed, the same interval"


def test_intervals_are_by_groups_as_songs_of_one_are_not_independent() -> None:
    """In half of 20 groups of 10 songs one method finds all, and the other nothing: 20 facts, not 200."""
    groups = [i // 10 for i in range(200)]
    same = np.equal.outer(groups, groups).astype(float)
    helped = np.array(groups)[:, None] % 2 == 0
    first = of_relevant(np.where(helped, same, 1 - same), same, excluded=np.eye(200), k=1)
    second = of_relevant(1 - same, same, excluded=np.eye(200), k=1)
    gain = difference(first, second, groups, measure="P@1")
    assert gain.value == 0.5
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 20), rel=0.15)


def test_95_percent_intervals_hold_the_truth_about_that_often() -> None:
    """Methods whose answers differ by a known amount on average, by draws of the groups."""
    rng = np.random.default_rng(0)
    held = []
    for seed in range(200):
        effects = np.repeat(0.1 + 0.2 * rng.normal(size=30), 5)
        base = of_relevant(np.zeros((150, 2)), np.tile([True, False], (150, 1)))
        better = type(base)(base.queries, {"AP": base.measures["AP"] + effects}, base.k, 0)
        gain = difference(better, base, np.repeat(range(30), 5).tolist(), n_draws=1000, seed=seed)
        held.append(gain.low <= 0.1 <= gain.high)
    assert 0.88 <= np.mean(held) <= 0.99


def gained(effects: object) -> tuple[Retrieval, Retrieval]:
    """A method that is better than another by these effects, a query each."""
    queries = np.arange(len(np.asarray(effects)))
    base = np.full(len(queries), 0.5)
    return Retrieval(queries, {"AP": base + np.asarray(effects)}, 10, 0), Retrieval(queries, {"AP": base}, 10, 0)


def test_widened_intervals_of_few_groups_call_chance_sure_less_often() -> None:
    rng = np.random.default_rng(0)
    wrong = {False: 0, True: 0}
    for seed in range(400):
        pair = gained(rng.normal(size=6))
        for widened in wrong:
            wrong[widened] += difference(*pair, range(6), n_draws=1000, seed=seed, widened=widened).is_clear
    assert wrong[False] > 0.09 * 400, "5 of 100 were promised"
    assert wrong[True] < 0.08 * 400


def test_widening_matters_less_the_more_groups_there_are() -> None:
    for n, least, most in ((5, 1.25, 1.7), (400, 0.98, 1.05)):
        pair = gained(np.random.default_rng(0).normal(size=n))
        plain, wide = (difference(*pair, range(n), widened=widened) for widened in (False, True))
        assert least < (wide.high - wide.low) / (plain.high - plain.low) < most
        assert (wide.value, wide.level) == (plain.value, plain.level)


def test_a_mean_has_the_interval_of_its_difference_from_nothing() -> None:
    groups = [f"group {i // 4}" for i in range(40)]
    found = by_group(similarities(40), groups)
    zero = Retrieval(found.queries, {"AP": 0 * found.measures["AP"]}, 10, 0)
    mean, gain = average(found, groups), difference(found, zero, groups)
    assert (mean.value, mean.low, mean.high) == (gain.value, gain.low, gain.high)
    assert mean.value == pytest.approx(found.mean("AP"))


def test_draws_are_the_same_however_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = gained(np.random.default_rng(0).normal(size=30))
    whole = difference(*pair, range(30), n_draws=1000)
    monkeypatch.setattr(intervals, "_DRAWN", 30 * 77)
    assert difference(*pair, range(30), n_draws=1000) == whole


def test_what_has_no_interval_is_refused() -> None:
    whole = by_group(similarities(3), ["a", "a", "b"])
    with pytest.raises(UsageError, match="two groups at least; the queries have 1"):
        difference(whole, whole, ["a", "a", "b"])
    with pytest.raises(UsageError, match="on the same queries"):
        difference(whole, by_group(similarities(3), ["a", "b", "b"]), ["a", "a", "b"])
