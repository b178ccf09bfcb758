"""Faithfulness: all measures of an explanation together, each with a number or a reason."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.components.game import Game
from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.check import LabelFaithfulness, aggregate, faithfulness
from audiolime_ext.faithfulness.curves import insertion_area
from factorizations.oracle import OracleFactorization
from tests.faithfulness.bands import GAMES, band, explained, listener, of

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


def judged(n: int, games: dict[str, Callable[[NDArray[Any]], Any]], **options: Any) -> dict[str, LabelFaithfulness]:
    return {one.label: one for one in faithfulness(explained(n, games, **options), what="all").labels}


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


def test_measures_of_the_explanation_take_every_arguing_component() -> None:
    one = judged(3, GAMES)["additive"]
    assert one.explanation == ("a", "b")  # "c" argues against it
    assert one.measures["explanation_share"] == pytest.approx(2 / 3)
    found = [one.measures[name] for name in ("average_increase", "average_drop", "average_gain", "score_drop")]
    assert found == pytest.approx([100, 0, 100 * 0.1 / 0.3, 0.7])


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


def test_what_is_no_score_is_not_called_one() -> None:
    rng = np.random.default_rng(0)
    oracle = OracleFactorization({n: (rng.normal(0, 0.1, (1, 8000)).astype(np.float32), 8000) for n in "ab"})
    embedder = tagger(lambda batch: 10 * batch.std(axis=1, keepdims=True) * np.arange(1, 4))
    said = str(faithfulness(explain(oracle.mixture, embedder, factorization=oracle, labels=[2]), what="all"))
    assert said.splitlines()[0].split()[0] == "value"
    assert said.count("output 2") == 2
