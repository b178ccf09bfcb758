"""Faithfulness: closed-form games pin each measure, wrong explanations fail them, randomised models are noticed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood, choose_masks
from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.check import LabelFaithfulness, aggregate, faithfulness
from audiolime_ext.faithfulness.curves import deletion_area, heaviest, insertion_area, random_area
from audiolime_ext.faithfulness.randomisation import RandomisationCheck, randomisation_check, spearman
from audiolime_ext.faithfulness.removal import (
    average_drop,
    average_gain,
    average_increase,
    decision_flips,
    input_fidelity,
    score_drop,
)
from audiolime_ext.faithfulness.stability import stability
from audiolime_ext.faithfulness.weighing import (
    completeness_gap,
    complexity,
    faithfulness_correlation,
    infidelity,
    sparseness,
)
from audiolime_ext.models.musicnn import LEAD, WINDOW, MusicnnModel, make
from factorizations.oracle import OracleFactorization
from tests.games import play, random_game

SR = 8000
MEASURES = {
    "explanation_share",
    "average_increase",
    "average_drop",
    "average_gain",
    "score_drop",
    "input_fidelity",
    "deletion_area",
    "insertion_area",
    "random_area",
    "infidelity",
    "completeness_gap",
    "sparseness",
    "complexity",
    "faithfulness_correlation",
    "held_out_fidelity",
}


def band(n: int) -> OracleFactorization:
    noise = np.random.default_rng(n).normal(0, 0.1, (n, SR // 4)).astype(np.float32)
    return OracleFactorization({"abcdefghijklmnopqrst"[i]: (noise[i], SR) for i in range(n)})


def listener(oracle: OracleFactorization, games: dict[str, Callable[[NDArray[Any]], Any]]) -> Any:
    """A model that hears which stems are on, and scores each label by a game on them."""
    inverse = np.linalg.pinv(oracle.samples.mean(axis=1))

    def model(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        on = np.round(batch @ inverse).astype(bool)
        return np.stack([np.asarray(game(on), float) * np.ones(len(on)) for game in games.values()], axis=1)

    return tagger(model, sr=SR, labels=list(games))


def explained(n: int, games: dict[str, Callable[[NDArray[Any]], Any]], **options: Any) -> Explanation:
    oracle = band(n)
    return explain(oracle.mixture, listener(oracle, games), factorization=oracle, labels=list(games), **options)


def judged(n: int, games: dict[str, Callable[[NDArray[Any]], Any]], **options: Any) -> dict[str, LabelFaithfulness]:
    return {one.label: one for one in faithfulness(explained(n, games, **options), what="all").labels}


def of(neighborhood: Neighborhood) -> Game:
    return Game(neighborhood.masks.shape[1], known=neighborhood)


GAMES: dict[str, Callable[[NDArray[Any]], Any]] = {
    "additive": lambda on: 0.1 + 0.5 * on[:, 0] + 0.2 * on[:, 1] - 0.1 * on[:, 2],
    "and": lambda on: 0.9 * (on[:, 0] & on[:, 1]),
    "or": lambda on: 0.8 * (on[:, 0] | on[:, 1]),
    "constant": lambda on: 0.3,
}


# the three numbers


def test_additive_and_or_and_constant_games_have_their_three_numbers() -> None:
    found = judged(3, GAMES)
    one = found["additive"]
    assert (one.component, one.flips, one.decision) == ("a", True, "half-way")
    assert (one.score, one.empty, one.alone, one.without) == pytest.approx((0.7, 0.1, 0.6, 0.2))
    assert (found["and"].component, found["or"].component) == ("a or b", "a or b")  # equal: they are taken together
    assert (found["and"].alone, found["and"].without, found["and"].flips) == pytest.approx((0.9, 0.0, True))
    assert found["and"].decision == "highest"
    assert (found["or"].alone, found["or"].without, found["or"].flips) == pytest.approx((0.8, 0.0, True))


def test_where_nothing_argues_the_label_abstains_and_says_why() -> None:
    one = judged(3, GAMES)["constant"]
    assert (one.component, one.alone, one.without, one.flips, one.decision) == (None, None, None, None, None)
    assert one.explanation == ()
    assert one.undefined["top"].startswith("nothing here argues for constant (")
    assert one.undefined["average_drop"] == one.undefined["explanation_share"] == one.undefined["top"]
    assert one.measures["infidelity"] == pytest.approx(0)
    assert one.measures["deletion_area"] == one.measures["insertion_area"] == pytest.approx(0.3)
    assert one.measures["sparseness"] is None


def test_every_mask_was_evaluated_so_nothing_is_predicted_again() -> None:
    def refuse(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        raise AssertionError("asked again")

    assert faithfulness(explained(3, GAMES), what="all", predict=refuse).n_further_evals == 0


@pytest.mark.parametrize("what", ["default", "all"])
def test_the_result_is_json_without_nan_and_a_table(what: Any) -> None:
    found = faithfulness(explained(3, GAMES), what=what)
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["label"] for one in stored["labels"]] == list(GAMES)
    assert ("measures" in stored["labels"][0]) == (what == "all")
    assert "top component" in str(found)
    assert ("deletion_area" in str(found)) == (what == "all")


def test_each_measure_has_a_number_or_a_reason() -> None:
    for one in judged(3, GAMES).values():
        assert set(one.measures) == MEASURES
        assert {name for name, value in one.measures.items() if value is None} <= set(one.undefined)
        assert all(value is None or math.isfinite(value) for value in one.measures.values())


def test_an_unknown_set_of_measures_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown set of measures 'al'; did you mean 'all'"):
        faithfulness(explained(2, GAMES | {"additive": lambda on: on[:, 0]}), what="al")  # type: ignore[arg-type]


# what remains of the score


def test_the_measures_of_removal_follow_their_definitions() -> None:
    assert [average_increase(0.5, o).value for o in (0.4, 0.5, 0.6)] == [0, 0, 100]
    assert [average_drop(0.5, o).value for o in (0.0, 0.25, 0.6)] == [100, 50, 0]
    assert [average_gain(0.6, o).value for o in (0.5, 0.7, 1.0)] == pytest.approx([0, 25, 100])
    assert score_drop(0.5, 0.7).value == pytest.approx(-0.2)
    rows = np.array([0.2, 0.7, 0.1])
    assert input_fidelity(rows, rows / 2).value == 1
    assert input_fidelity(rows, rows[::-1]).value == 1
    assert input_fidelity(rows, np.roll(rows, 1)).value == 0


def test_what_is_undefined_has_a_reason_and_no_number() -> None:
    assert average_drop(0.0, 0.5).reason == "the recording's score is 0: nothing can drop"
    assert average_gain(1.0, 0.5).reason == "the recording's score is 1: nothing can be gained"
    assert average_drop(-2.0, 1.0).value is average_gain(0.5, 3.0).value is None
    assert "one output" in input_fidelity(np.array([0.2]), np.array([0.1])).reason


def test_measures_of_the_explanation_take_every_arguing_component() -> None:
    one = judged(3, GAMES)["additive"]
    assert one.explanation == ("a", "b")  # "c" argues against it
    assert one.measures["explanation_share"] == pytest.approx(2 / 3)
    found = [one.measures[name] for name in ("average_increase", "average_drop", "average_gain", "score_drop")]
    assert found == pytest.approx([100, 0, 100 * 0.1 / 0.3, 0.7])


def test_a_highest_label_flips_when_another_overtakes_and_others_below_half_way() -> None:
    full, empty = np.array([0.9, 0.6]), np.array([0.5, 0.2])
    assert decision_flips(full, np.array([0.51, 0.5]), empty, 0) == (False, "highest")
    assert decision_flips(full, np.array([0.49, 0.5]), empty, 0) == (True, "highest")
    assert decision_flips(full, np.array([0.0, 0.41]), empty, 1) == (False, "half-way")
    assert decision_flips(full, np.array([0.0, 0.39]), empty, 1) == (True, "half-way")
    assert decision_flips(full, full, np.array([0.0, 0.6]), 1)[0] is None
    assert decision_flips(np.array([0.9]), np.array([0.1]), np.array([0.0]), 0) == (True, "half-way")


# curves


def area(kind: Any, weights: Sequence[float], near: Neighborhood) -> float:
    found = kind(np.asarray(weights, float), of(near), 0).value
    assert found is not None
    return float(found)


def single(game: Callable[[NDArray[Any]], Any]) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    return lambda masks: np.asarray(game(masks), float)[:, None]


def test_areas_of_an_additive_game_are_known_and_a_wrong_order_misses_them() -> None:
    weights = np.array([0.1, 0.4, 0.2])
    near = play(single(lambda m: 0.05 + m @ weights), 3)
    heavy = np.sort(weights)[::-1]
    inserted = 0.05 + heavy @ np.array([5, 3, 1]) / 6
    deleted = 0.05 + heavy @ np.array([1, 3, 5]) / 6
    assert area(insertion_area, weights.tolist(), near) == pytest.approx(inserted)
    assert area(deletion_area, weights.tolist(), near) == pytest.approx(deleted)
    assert area(insertion_area, (-weights).tolist(), near) == pytest.approx(deleted)
    assert area(insertion_area, [0.4, 0.1, 0.2], near) < inserted - 0.05
    reference = random_area(3, of(near), 0).value
    assert reference == pytest.approx(0.05 + weights.sum() / 2)


def test_areas_of_and_and_or_are_known() -> None:
    all_on, any_on = play(single(lambda m: m.all(axis=1)), 3), play(single(lambda m: m.any(axis=1)), 3)
    assert area(insertion_area, [1, 1, 1], all_on) == area(deletion_area, [3, 2, 1], all_on) == pytest.approx(1 / 6)
    assert area(insertion_area, [1, 1, 1], any_on) == area(deletion_area, [3, 2, 1], any_on) == pytest.approx(5 / 6)


def area_by_orders(near: Neighborhood, orders: list[tuple[int, ...]]) -> float:
    score = {mask.tobytes(): row[0] for mask, row in zip(near.masks, near.scores, strict=True)}
    areas = []
    for order in orders:
        on, curve = np.zeros(near.masks.shape[1], bool), [near.empty[0]]
        for component in order:
            on[component] = True
            curve.append(score[on.tobytes()])
        areas.append(np.trapezoid(curve) / len(order))
    return float(np.mean(areas))


def test_ties_and_the_reference_are_means_over_all_orders() -> None:
    near = play(random_game(4, 1, seed=3), 4)
    orders = list(itertools.permutations(range(4)))
    assert random_area(4, of(near), 0).value == pytest.approx(area_by_orders(near, orders))
    assert area(insertion_area, [2, 2, 2, 2], near) == pytest.approx(area_by_orders(near, orders))
    assert area(deletion_area, [2, 2, 2, 2], near) == pytest.approx(area_by_orders(near, orders))
    allowed = [order for order in orders if order[0] == 3 and order[-1] == 0]
    assert area(insertion_area, [0, 1, 1, 2], near) == pytest.approx(area_by_orders(near, allowed))
    assert area(deletion_area, [0, 1, 1, 2], near) == pytest.approx(
        area_by_orders(near, [order[::-1] for order in allowed])
    )
    assert area(insertion_area, [0, 1, 1.1, 2], near) != pytest.approx(area_by_orders(near, allowed), abs=1e-3)


def test_rounding_makes_no_order() -> None:
    near = play(single(lambda m: m[:, 0] ^ m[:, 1]), 3)
    assert area(insertion_area, [1e-17, -1e-17, 0], near) == area(insertion_area, [0, 0, 0], near)


def test_too_many_ties_and_too_many_orders_are_said() -> None:
    near = play(random_game(13, 1, seed=0), choose_masks(13, max_evals=100))
    assert heaviest(np.zeros(13)) is None
    assert "same weight" in insertion_area(np.zeros(13), of(near), 0).reason
    assert "8192 masks" in random_area(13, of(near), 0).reason


# weights


def test_infidelity_and_completeness_are_nothing_for_additive_games_with_their_own_weights() -> None:
    weights = np.array([0.3, -0.2, 0.1])
    near = play(single(lambda m: 0.4 + m @ weights), 3)
    assert infidelity(weights, near, 0).value == pytest.approx(0)
    assert completeness_gap(weights, near, 0).value == pytest.approx(0)
    assert infidelity(weights[::-1], near, 0).value == pytest.approx((0.2**2 + 0.2**2) / 4 + (0.2 - 0.2) ** 2 / 4)
    assert completeness_gap(weights + 0.1, near, 0).value == pytest.approx(0.3)


@pytest.mark.parametrize("game", [lambda m: m.all(axis=1), lambda m: m.any(axis=1)])
def test_infidelity_of_and_and_or_is_an_eighth(game: Callable[[NDArray[Any]], Any]) -> None:
    near = play(single(game), 2)
    assert infidelity(np.array([0.5, 0.5]), near, 0).value == pytest.approx(1 / 8)
    assert completeness_gap(np.array([0.5, 0.5]), near, 0).value == pytest.approx(0)


def test_infidelity_counts_masks_as_often_as_they_were_drawn() -> None:
    near = play(single(lambda m: m.all(axis=1)), 2)
    often = replace(near, counts=np.array([1, 5, 1, 1]))
    assert infidelity(np.array([0.5, 0.5]), often, 0).value == pytest.approx(6 * 0.25 / 8)


def test_sparseness_and_complexity_know_one_and_all() -> None:
    one, same = np.array([0.0, -2.0, 0.0, 0.0]), np.array([1.0, -1.0, 1.0, 1.0])
    assert (sparseness(one).value, sparseness(same).value) == pytest.approx((3 / 4, 0))
    assert (complexity(one).value, complexity(same).value) == pytest.approx((0, math.log(4)))
    assert sparseness(np.array([1.0, 3.0])).value == pytest.approx(1 / 4)
    assert complexity(np.array([1.0, 3.0])).value == pytest.approx(math.log(4) - 0.75 * math.log(3))
    assert sparseness(np.zeros(3)).reason == complexity(np.zeros(3)).reason == "all weights are 0"


def test_the_correlation_is_one_for_the_truth_and_minus_one_for_its_opposite() -> None:
    weights = np.array([0.3, -0.2, 0.1, 0.0])
    near = play(single(lambda m: m @ weights), 4)
    assert faithfulness_correlation(weights, near, 0).value == pytest.approx(1)
    assert faithfulness_correlation(-weights, near, 0).value == pytest.approx(-1)
    wrong = faithfulness_correlation(weights[[1, 2, 3, 0]], near, 0).value
    assert wrong is not None
    assert wrong < 0.5


def test_the_correlation_is_undefined_for_constants_and_few_components() -> None:
    flat = play(single(lambda m: 0.3 + 0 * m[:, 0]), 4)
    assert "always does the same" in faithfulness_correlation(np.arange(4.0), flat, 0).reason
    assert "three removals" in faithfulness_correlation(np.arange(2.0), play(random_game(2, 1, 0), 2), 0).reason


# samples


@pytest.mark.parametrize("target", ["score", "log-odds", ("sum", "first"), np.sqrt])
def test_what_a_sample_lacks_is_asked_of_the_model_whatever_the_target(target: Any) -> None:
    n, games = 12, {"sum": lambda on: 0.05 * on @ np.arange(1.0, 13) / 4, "first": lambda on: on[:, 0] / 2}
    sampled = explained(n, games, method="lime", max_evals=200, target=target)
    spoken = faithfulness(sampled, what="all")
    assert spoken.n_further_evals > 0
    area = spoken.labels[0].measures["insertion_area"]
    every = explained(n, games, method="lime", max_evals=4096, target=target)
    weights = sampled.attribution.weights[sampled.column()]
    assert area == pytest.approx(insertion_area(weights, of(every.neighborhood), sampled.column()).value)
    assert faithfulness(sampled, what="all").n_further_evals == 0, "nothing is asked twice"


def test_a_sample_leaves_unknown_what_it_lacks_until_it_may_ask(tmp_path: Path) -> None:
    n, games = 12, {"sum": lambda on: 0.05 * on @ np.arange(1.0, 13) / 4, "first": lambda on: on[:, 0]}
    sampled = Explanation.load(explained(n, games, method="lime", max_evals=200).save(tmp_path / "saved"))
    silent = faithfulness(sampled, what="all")
    assert silent.n_further_evals == 0
    assert silent.labels[0].measures["insertion_area"] is None
    assert "give `predict`" in silent.labels[0].undefined["insertion_area"]

    game = Game.of(sampled.components, listener(band(n), games))
    asked: list[bytes] = []

    def predict(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        asked.extend(mask.tobytes() for mask in masks)
        return game(masks)

    spoken = faithfulness(sampled, what="all", predict=predict)
    assert spoken.n_further_evals == len(asked) == len(set(asked)) > 0
    one = spoken.labels[0]
    assert one.component is not None
    named = one.component.split(" or ")  # the heaviest, and what the sample does not tell apart from it
    assert named[0] == "l"
    assert one.alone == pytest.approx(sum(0.0125 * (1 + "abcdefghijkl".index(name)) for name in named))
    heavy = 0.05 * np.arange(12.0, 0, -1) / 4
    assert one.measures["insertion_area"] == pytest.approx(heavy @ np.arange(23, 0, -2) / 24)
    assert one.measures["held_out_fidelity"] == pytest.approx(1)
    assert "none is left to hold out" in judged(3, GAMES, method="lime")["or"].undefined["held_out_fidelity"]


# many explanations


def test_aggregates_are_means_of_what_is_defined_with_their_counts() -> None:
    found = aggregate(judged(3, GAMES).values())
    assert (found["n"], found["n_abstained"], found["flips"]) == (4, 1, 1.0)
    assert found["measures"]["average_increase"] == {"mean": pytest.approx(100 / 3), "n": 3}
    assert found["measures"]["held_out_fidelity"] == {"mean": None, "n": 0}
    with pytest.raises(UsageError, match="no results"):
        aggregate([])


def test_exact_explanations_are_stable_and_unlike_ones_are_not() -> None:
    exact = stability(lambda seed: explained(4, GAMES, seed=seed), label="additive")
    assert (exact.u_n, exact.k) == (3, 3)
    rough = random_game(14, 1, seed=0)
    games = {"rough": lambda on: rough(on)[:, 0]}
    shaky = stability(lambda seed: explained(14, games, max_evals=40, seed=seed), k=3)
    assert 3 < shaky.u_n <= 15
    assert len(shaky.tops) == 5
    assert stability(lambda seed: explained(2, {"or": GAMES["or"]}, seed=seed), k=3, seeds=(0, 1)).k == 2
    with pytest.raises(UsageError, match="two seeds or more; got k = 3 and 1 seed"):
        stability(lambda seed: explained(2, GAMES), seeds=[0])


# randomised models


def test_rank_correlation_shares_ranks_among_ties() -> None:
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 40, 30])) == pytest.approx(0.8)
    assert spearman(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert spearman(np.ones(3), np.arange(3.0)) is None
    assert spearman(np.zeros(3), np.arange(3.0)) is None


class Linear:
    """Hears which of eight stems are on and adds up their weights; `forgets` says whether randomising does anything."""

    def __init__(self, weights: NDArray[np.float64], *, forgets: bool) -> None:
        self.oracle = band(8)
        self.layers = ("head",)
        self.forgets, self._weights = forgets, weights
        self._model = listener(self.oracle, {str(i): partial(np.dot, b=row) for i, row in enumerate(weights)})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_model"], name)

    def __call__(self, batch: NDArray[np.float32]) -> Any:
        return self._model(batch)

    def randomised(self, layers: Sequence[str], *, seed: int = 0) -> Linear:
        drawn = np.random.default_rng(seed).normal(size=self._weights.shape)
        return Linear(drawn if self.forgets else 2 * self._weights, forgets=self.forgets)


def checked(model: Linear) -> RandomisationCheck:
    return randomisation_check(model.oracle.mixture, model, factorization=model.oracle, seeds=(1, 2))


def test_a_model_that_forgets_passes_and_one_that_only_claims_to_does_not() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 8))
    honest, claimed = checked(Linear(weights, forgets=True)), checked(Linear(weights, forgets=False))
    assert honest.correlations.shape == (1, 2, 3)
    assert honest.passed is True
    assert claimed.means == pytest.approx([1.0])
    assert claimed.passed is False
    assert json.loads(json.dumps(honest.to_dict(), allow_nan=False))["layers"] == ["head"]
    assert "randomised down to" in str(honest)


def test_a_randomised_model_that_answers_the_same_to_everything_decides_nothing() -> None:
    mute = RandomisationCheck(("a",) * 4, ("rock",), ("head",), np.full((1, 1, 1), np.nan))
    assert mute.means == [None]
    assert mute.passed is None


def test_the_check_refuses_what_it_cannot_judge() -> None:
    model = Linear(np.ones((1, 8)), forgets=True)
    with pytest.raises(UsageError, match="cannot be randomised"):
        randomisation_check(model.oracle.mixture, model._model, factorization=model.oracle)
    with pytest.raises(UsageError, match="at least one layer and one seed"):
        randomisation_check(model.oracle.mixture, model, factorization=model.oracle, layers=[])
    with pytest.raises(UsageError, match=r"over 2 components says nothing"):
        randomisation_check(model.oracle.mixture, model, factorization="hpss")


@pytest.mark.parametrize("variant", ["MSD_musicnn", "MTT_vgg"])
def test_randomised_networks_are_reproducible_alive_and_leave_the_original_alone(variant: str) -> None:
    trained = make(variant)
    windows = np.random.default_rng(0).normal(0, 0.1, (2, LEAD + WINDOW)).astype(np.float32)
    windows[1] *= np.linspace(0, 1, LEAD + WINDOW, dtype=np.float32) ** 2
    before = trained(windows)
    for k in range(1, len(trained.layers) + 1):
        drawn = trained.randomised(trained.layers[:k], seed=3)
        scores = drawn(windows)
        assert np.isfinite(scores).all()
        assert np.abs(scores[0] - scores[1]).mean() > 0.01  # it still hears something
        assert np.abs(scores - before).mean() > 0.1
        np.testing.assert_array_equal(trained.randomised(trained.layers[:k], seed=3)(windows), scores)
        assert (drawn.spec, drawn.labels) == (None, trained.labels)
        assert drawn.fingerprint not in (trained.fingerprint, trained.randomised(trained.layers[:k]).fingerprint)
    np.testing.assert_array_equal(trained(windows), before)


def test_a_layer_is_drawn_the_same_whichever_others_are() -> None:
    trained: MusicnnModel = make("MSD_musicnn")
    one, two = trained.randomised(["dense_1"]), trained.randomised(["dense_1", "dense"])
    np.testing.assert_array_equal(one._weights["dense_1/kernel"], two._weights["dense_1/kernel"])
    assert np.array_equal(one._weights["dense/kernel"], trained._weights["dense/kernel"])
    assert not np.array_equal(two._weights["dense/kernel"], trained._weights["dense/kernel"])
    with pytest.raises(UsageError, match=r"unknown layer 'dense_2'; did you mean 'dense_1'"):
        trained.randomised(["dense_2"])


def test_explanations_of_a_randomised_musicnn_decorrelate(ezer_ev: Path) -> None:
    model = make("MSD_musicnn")
    place: dict[str, Any] = {"factorization": "hpss", "segments": 4, "start_s": 3.0, "method": "shapley"}
    found = randomisation_check(ezer_ev, model, layers=model.layers[:3], top_labels=10, max_evals=20, **place)
    assert found.layers == ("dense_1", "dense", "conv2d_7")
    assert found.correlations.shape == (3, 1, 10)
    assert all(mean is not None and abs(mean) < 0.35 for mean in found.means)  # 2.9 standard errors of no correlation
    assert found.passed is True
