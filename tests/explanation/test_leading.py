"""Which source makes a value: sums of segments, doubts, ties, floors; every limit of the rule by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.owen import owen_values
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.explanation.leading import Leading, leading
from audiolime_ext.prediction.kind import Kind
from tests.games import Value

Array = NDArray[np.float64]
SCORE = Kind("score", floor=0.05, near=0.05)


def additive(weights: Sequence[float], empty: float = 0.1, groups: tuple[int, ...] = ()) -> Neighborhood:
    chosen = choose_masks(len(weights))
    scores = empty + (chosen.masks @ np.array(weights))[:, None]
    return Neighborhood(chosen.masks, chosen.counts, True, scores, groups)


def judged(near: Neighborhood, found: Attribution | None = None, kind: Kind = SCORE, **options: Any) -> Leading:
    n = near.masks.shape[1]
    names = options.pop("names", tuple("abcdefghijkl"[:n]))
    levels_db = options.pop("levels_db", [-6.0] * n)
    return leading(names, levels_db, near, found or shapley_values(near), 0, kind, **options)


def first(found: Leading) -> list[str]:
    return [found.sources[i] for i in found.first]


def sampled(weights: Sequence[float], covariance: Array | None, *, method: str = "shapley") -> Attribution:
    found = np.array([weights])
    errors = None if covariance is None else np.sqrt(np.diag(covariance))[None]
    return Attribution(method, found, errors, False, covariance=None if covariance is None else covariance[None])


# who leads


def test_one_that_outweighs_all_others_leads() -> None:
    found = judged(additive([0.3, 0.5, -0.2]))
    assert (found.state, first(found), found.known) == ("leads", ["b"], True)
    assert [found.sources[i] for i in found.arguing] == ["b", "a"]


@pytest.mark.parametrize(("lead", "state"), [(0.0, "tied"), (5e-6, "tied"), (2e-5, "leads"), (0.01, "leads")])
def test_a_lead_within_rounding_of_the_largest_answer_is_a_tie(lead: float, state: str) -> None:
    found = judged(additive([0.4 + lead, 0.4, 0.1]))
    assert found.state == state
    assert first(found) == (["a", "b"] if state == "tied" else ["a"])


def test_rounding_is_relative_to_the_answers_whatever_their_scale() -> None:
    near = additive([4000.05, 4000.0, 900.0], empty=0.0)
    assert judged(near, kind=Kind("value")).state == "tied"
    assert judged(additive([4001.0, 4000.0, 900.0], empty=0.0), kind=Kind("value")).state == "leads"


@pytest.mark.parametrize(("error", "state"), [(0.03, "leads"), (0.09, "tied")])
def test_estimates_lead_only_beyond_their_sampling_error(error: float, state: str) -> None:
    weights = [0.4, 0.2, 0.0]
    found = judged(additive(weights), sampled(weights, np.eye(3) * error**2))
    assert found.state == state


def test_what_two_estimates_share_does_not_blur_their_difference() -> None:
    weights, shared = [0.4, 0.3], 0.1**2 * np.ones((2, 2)) + 1e-6 * np.eye(2)
    assert judged(additive(weights), sampled(weights, shared)).state == "leads"


def test_all_differences_are_one_test() -> None:
    """With one rival 2.2 standard errors are enough; with eleven they are not."""
    error = 0.05
    few, many = [0.4, 0.4 - 2.2 * np.sqrt(2) * error], 11
    assert judged(additive(few), sampled(few, np.eye(2) * error**2)).state == "leads"
    crowd = [0.4, *[few[1]] * many]
    found = judged(additive(crowd), sampled(crowd, np.eye(many + 1) * error**2))
    assert (found.state, len(found.first)) == ("tied", many + 1)


def test_only_those_that_are_not_told_apart_are_named_together() -> None:
    weights = [0.40, 0.38, 0.1]
    found = judged(additive(weights), sampled(weights, np.eye(3) * 0.05**2))
    assert (found.state, first(found)) == ("tied", ["a", "b"])


def test_without_error_bars_the_leader_of_a_sample_is_not_known() -> None:
    found = judged(additive([0.5, 0.1]), sampled([0.5, 0.1], None))
    assert (found.state, found.first, found.components()) == ("unknown", (), ())


def test_of_a_linear_fit_that_does_not_describe_the_model_nothing_is_known() -> None:
    """An odd number of three of four: LIME's largest weight is that of the fourth, which does nothing."""
    chosen = choose_masks(4)
    odd = Neighborhood(chosen.masks, chosen.counts, True, chosen.masks[:, 1:].sum(axis=1, keepdims=True) % 2.0)
    found = lime(odd)
    assert int(np.argmax(found.weights[0])) == 0
    told = judged(odd, found)
    assert told.state == "unknown"
    assert told.fit == pytest.approx(-0.0116, abs=1e-3)
    assert judged(odd).state == "tied"


@pytest.mark.parametrize(("fit", "state"), [(0.049, "unknown"), (0.05, "leads"), (np.nan, "leads")])
def test_a_fit_describes_the_model_from_a_twentieth_of_the_variance_on(fit: float, state: str) -> None:
    near = additive([0.5, 0.1])
    assert judged(near, replace(shapley_values(near), fidelity=np.array([fit]))).state == state


@pytest.mark.parametrize(("moved", "state"), [(0.04, "leads"), (0.06, "tied")])
def test_a_lead_that_a_shift_may_turn_round_is_a_tie(moved: float, state: str) -> None:
    found = judged(additive([0.4, 0.3, 0.0]), shifts=np.full((1, 3), moved))
    assert (found.state, found.by_shift) == (state, state == "tied")
    assert judged(additive([0.4, -0.3]), shifts=np.full((1, 2), 0.5)).state == "leads"  # the other argues for nothing


def voters(seed: int, heavy: float, n: int = 50) -> tuple[Value, int]:
    """Fifty voters with nearly equal weights, one of them perhaps heavier, and how many it takes."""
    rng = np.random.default_rng(seed)
    weights = np.maximum(1 + 0.3 * rng.normal(size=n), 0.05)
    weights[0] += heavy
    threshold, slope = rng.uniform(0.35, 0.65) * weights.sum(), rng.uniform(0.02, 0.1) * weights.sum()
    return lambda masks: 1 / (1 + np.exp((threshold - masks @ weights) / slope))[:, None], int(np.argmax(weights))


@pytest.mark.parametrize(("heavy", "least_said"), [(0.0, 0), (7.0, 10)])
def test_of_fifty_voters_one_is_named_only_if_it_is_the_heaviest(heavy: float, least_said: int) -> None:
    said = []
    for seed in range(12):
        value, heaviest = voters(seed, heavy)
        chosen = choose_masks(50, max_evals=512, seed=seed)
        near = Neighborhood(chosen.masks, chosen.counts, False, value(chosen.masks))
        found = leading([str(i) for i in range(50)], [-17.0] * 50, near, shapley_values(near), 0, SCORE)
        if found.known:
            said.append(found.first == (heaviest,))
    assert all(said)
    assert len(said) >= least_said


# what argues


@pytest.mark.parametrize(("small", "argues"), [(0.024, False), (0.026, True)])
def test_less_than_a_twentieth_of_the_largest_weight_is_leakage(small: float, argues: bool) -> None:
    assert (1 in judged(additive([0.5, small])).arguing) is argues


def test_a_weight_argues_beyond_its_interval() -> None:
    weights = [0.5, 0.2]
    for error, argues in ((0.085, True), (0.095, False)):  # 0.2 less 1.96 of them is above .025, or not
        found = judged(additive(weights), sampled(weights, np.diag([1e-4, error**2])))
        assert (1 in found.arguing) is argues


@pytest.mark.parametrize(("level_db", "heard"), [(-39.9, True), (-40.0, False)])
def test_what_cannot_be_heard_does_not_lead(level_db: float, heard: bool) -> None:
    found = judged(additive([0.5, 0.2]), levels_db=[level_db, 0.0])
    assert first(found) == (["a"] if heard else ["b"])
    assert found.unheard == (() if heard else (0,))


@pytest.mark.parametrize(("full", "state"), [(0.049, "not said"), (0.051, "leads")])
def test_below_the_floor_the_model_does_not_say_it(full: float, state: str) -> None:
    kind = Kind("score", floor=0.05, near=0.01)
    assert judged(additive([full - 0.012, 0.002], empty=0.01), kind=kind).state == state


def test_where_neither_the_value_nor_a_weight_moves_nothing_argues() -> None:
    assert judged(additive([0.03, 0.01], empty=0.3)).state == "nothing"
    assert judged(additive([0.06, 0.01], empty=0.3)).state == "leads"
    offset = judged(additive([0.3, -0.29], empty=0.3))
    assert (offset.state, offset.as_baseline, offset.against) == ("leads", True, 1)


def test_what_takes_much_away_is_told_if_it_is_certain() -> None:
    assert judged(additive([0.4, -0.11])).against == 1
    assert judged(additive([0.4, -0.09])).against is None
    weights = [0.4, -0.2]
    assert judged(additive(weights), sampled(weights, np.diag([1e-6, 0.15**2]))).against is None


def test_one_that_is_the_whole_recording_leads_nothing() -> None:
    found = judged(additive([0.0, 0.6]), levels_db=[-50.0, 0.0])
    assert (found.state, first(found), found.components()) == ("whole", ["b"], ())
    assert judged(additive([0.2, 0.4]), levels_db=[-50.0, 0.0]).state == "leads", "the faint one is heard by the model"
    assert judged(additive([0.6])).state == "whole"


# sources before segments

SEGMENTS = ("drums 0.00–1.00 s", "drums 1.00–2.00 s", "drums 2.00–3.00 s", "drums 3.00–4.00 s", "lead guitar")


def cut(inside: Sequence[float], guitar: float = 0.2, found: Attribution | None = None) -> Leading:
    near = additive([*inside, guitar], groups=(len(inside), 1))
    return judged(near, found, names=(*SEGMENTS[: len(inside)], "lead guitar"), levels_db=[-9.0] * len(inside) + [-6.0])


def test_a_source_is_ranked_by_the_sum_of_its_segments() -> None:
    found = cut([0.125] * 4)
    assert (found.state, first(found)) == ("leads", ["drums"])
    assert found.sources == ("drums", "lead guitar")
    assert found.weights == pytest.approx((0.5, 0.2))
    assert found.levels_db == pytest.approx((-9.0 + 10 * np.log10(4), -6.0))


@pytest.mark.parametrize(
    ("inside", "within", "carried"),
    [
        ([0.125] * 4, "spread", ()),
        ([0.40, 0.05, 0.05, 0.0], "carried", (0,)),
        ([0.02, 0.24, 0.22, 0.02], "carried", (1, 2)),
        ([0.17, 0.16, 0.16, 0.01], "carried", (0, 1, 2)),  # the last has next to none
        ([0.16, 0.14, 0.14, 0.06], "spread", ()),
        ([0.33, 0.27, 0.0], "carried", (0, 1)),
        ([0.1, 0.1, 0.1, 0.0, 0.0], "carried", (0, 1, 2)),  # two of three equal ones hold two thirds
        ([0.3, 0.2], "spread", ()),
        ([0.34, 0.16], "carried", (0,)),
    ],
)
def test_segments_are_named_where_at_most_half_of_them_hold_two_thirds(
    inside: list[float], within: str, carried: tuple[int, ...]
) -> None:
    found = cut(inside)
    assert (found.within, found.carried) == (within, carried)
    assert found.carried_weight == pytest.approx(sum(inside[i] for i in carried))


@pytest.mark.parametrize(("level_db", "within"), [(-39.9, "carried"), (-40.0, "spread")])
def test_segments_that_cannot_be_heard_are_not_named(level_db: float, within: str) -> None:
    names, levels = (*SEGMENTS[:3], "lead guitar"), [level_db, -9.0, -9.0, -6.0]
    found = judged(additive([0.4, 0.05, 0.05, 0.2], groups=(3, 1)), names=names, levels_db=levels)
    assert found.within == within


@pytest.mark.parametrize(("error", "within"), [(0.02, "carried"), (0.2, "open")])
def test_segments_are_named_only_where_they_are_told_apart(error: float, within: str) -> None:
    weights = [0.4, 0.05, 0.05, 0.0, 0.2]
    covariance = np.pad(error**2 * (np.eye(4) - 1 / 4), (0, 1))  # they cancel in the sum, as those of Owen values do
    found = cut(weights[:4], found=sampled(weights, covariance, method="owen"))
    assert (found.state, found.within, found.errors) == ("leads", within, (0.0, 0.0))


def test_the_error_of_a_sum_is_that_of_all_its_segments_together() -> None:
    """Segments whose errors cancel leave a sum that is certain; equal errors that do not leave it open."""
    weights = [0.125, 0.125, 0.125, 0.125, 0.3]
    within = 0.1**2 * (np.eye(4) - 1 / 4)
    cancelling, alike = (np.pad(block, (0, 1)) for block in (within, 0.1**2 * np.eye(4)))
    assert cut(weights[:4], 0.3, sampled(weights, cancelling)).state == "leads"
    assert cut(weights[:4], 0.3, sampled(weights, alike)).state == "tied"


@pytest.mark.parametrize(("error", "argues"), [(0.24, True), (0.27, False)])
def test_a_sum_argues_beyond_its_own_interval(error: float, argues: bool) -> None:
    weights = [0.125] * 4 + [0.0]  # 1.96 times .25 are .49
    found = cut(weights[:4], 0.0, sampled(weights, np.diag([error**2 / 4] * 4 + [1e-9])))
    assert (0 in found.arguing) is argues
    assert found.errors is not None
    assert found.errors[0] == pytest.approx(1.96 * error, rel=1e-3)


def test_sums_of_owen_values_are_exact_whatever_is_sampled_within() -> None:
    def listens(masks: NDArray[np.bool_]) -> Array:
        stems = masks.reshape(len(masks), 4, 10)
        heard = stems[:, 0].mean(axis=1) ** 2 * 0.5 + stems[:, 1:].all(axis=2) @ np.array([0.2, 0.15, 0.15])
        return np.asarray(heard)[:, None]

    near = coarse_to_fine(listens, (10,) * 4, max_evals=200)
    found = owen_values(near)
    assert found.covariance is None, "too few evaluations for error bars within the drums"
    names = [*(f"drums {i}.00–{i + 1}.00 s" for i in range(10)), "guitar", "bass", "piano"]
    led = leading(names, [-16.0] * 10 + [-6.0] * 3, near, found, 0, SCORE)
    assert (led.state, first(led), led.within) == ("leads", ["drums"], "open")
    assert led.weights[0] == pytest.approx(0.5)
    assert led.errors == (0.0,) * 4


# what is listed


def test_entries_are_stems_or_the_segments_that_carry_them() -> None:
    names = (*SEGMENTS[:4], "lead guitar")
    whole, part = cut([0.125] * 4), cut([0.02, 0.22, 0.24, 0.02])
    ((name, weight),) = whole.entries(names, np.array([0.125] * 4 + [0.2]))
    assert name == "drums"
    assert weight == pytest.approx(0.5)
    weights = np.array([0.02, 0.22, 0.24, 0.02, 0.2])
    listed = part.entries(names, weights, 2)
    assert [name for name, _ in listed] == [SEGMENTS[2], SEGMENTS[1], "lead guitar"]


def test_at_least_k_sources_are_listed_and_no_tie_is_cut() -> None:
    tied = judged(additive([0.3, 0.3, 0.1, -0.2]))
    assert [len(tied.components(k)) for k in (1, 2, 3, 9)] == [2, 2, 3, 3]
    led = judged(additive([0.4, 0.3, 0.1, -0.2]))
    assert [led.components(k) for k in (1, 2)] == [((0,),), ((0,), (1,))]


def test_of_several_labels_each_is_judged_by_its_own_weights() -> None:
    near = additive([0.3, 0.1])
    both = replace(near, scores=np.concatenate([near.scores, np.full_like(near.scores, 0.5)], axis=1))
    found = shapley_values(both)
    states = [leading("ab", [-6.0] * 2, both, found, column, SCORE).state for column in (0, 1)]
    assert states == ["leads", "nothing"]
