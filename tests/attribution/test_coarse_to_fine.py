"""Coarse to fine: whole stems exactly, then the segments of those that matter, within the budget."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.attribution.coarse_to_fine import coarse_to_fine
from audiolime_ext.attribution.owen import owen_values
from audiolime_ext.cli.rerun import differences
from audiolime_ext.errors import UsageError
from factorizations.oracle import OracleFactorization
from tests.games import Value, play

SR = 8000


class Counted:
    """A game that counts what it is asked, each mask once."""

    def __init__(self, value: Value) -> None:
        self.value, self.asked = value, set[bytes]()

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        for mask in masks:
            assert mask.tobytes() not in self.asked
            self.asked.add(mask.tobytes())
        return self.value(masks)


def curved(n_stems: int, size: int, *, heard: tuple[int, ...], seed: int = 0) -> Value:
    """A smooth model with interactions that listens to some stems only."""
    weights = np.zeros((n_stems, size))
    weights[list(heard)] = np.random.default_rng(seed).normal(0.3, 1, (len(heard), size))
    return lambda masks: (1 / (1 + np.exp(1 - masks @ weights.ravel())))[:, None]


def spread(near_weights: NDArray[np.float64], groups: tuple[int, ...], kept: tuple[int, ...]) -> NDArray[np.float64]:
    """Exact values of all components, those of an uncut stem added up."""
    edges = np.cumsum([0, *groups])
    parts = [near_weights[:, a:b] for a, b in pairwise(edges)]
    return np.concatenate(
        [part if n > 1 else part.sum(axis=1, keepdims=True) for part, n in zip(parts, kept, strict=True)], axis=1
    )


@pytest.mark.parametrize(("groups", "heard"), [((4, 4), (0,)), ((4, 4), (0, 1)), ((3, 3, 3), (1,)), ((5,), (0,))])
def test_with_a_large_budget_the_values_are_exact(groups: tuple[int, ...], heard: tuple[int, ...]) -> None:
    value = curved(len(groups), groups[0], heard=heard)
    near = coarse_to_fine(Counted(value), groups, max_evals=1024)
    truth = play(value, sum(groups))
    exact = owen_values(type(near)(truth.masks, truth.counts, True, truth.scores, groups)).weights
    found = owen_values(near)
    assert near.groups == tuple(n if stem in heard else 1 for stem, n in enumerate(groups))
    assert found.exact
    np.testing.assert_allclose(found.weights, spread(exact, groups, near.groups), atol=1e-12)


@pytest.mark.parametrize("max_evals", [104, 300, 1024, 5000])
@pytest.mark.parametrize("groups", [(25, 25), (10, 10)])
def test_the_budget_is_kept_and_no_mask_is_asked_twice(groups: tuple[int, ...], max_evals: int) -> None:
    model = Counted(curved(2, groups[0], heard=(0, 1)))
    near = coarse_to_fine(model, groups, max_evals=max_evals)
    assert len(model.asked) == len(near.masks) <= max_evals
    np.testing.assert_allclose(owen_values(near).weights.sum(), near.full - near.empty, atol=1e-12)


def test_error_bars_cover_the_exact_values() -> None:
    groups, inside = (10, 10), []
    for seed in range(40):
        value = curved(2, 10, heard=(0, 1), seed=seed)
        near = coarse_to_fine(value, groups, max_evals=600, seed=seed)
        found = owen_values(near)
        every = coarse_to_fine(value, groups, max_evals=2**12)
        low, high = found.interval()  # type: ignore[misc]
        truth = owen_values(every)
        assert truth.exact
        assert not found.exact
        inside.append(((low <= truth.weights) & (truth.weights <= high)).mean())
    assert 0.93 < np.mean(inside) < 0.98


@pytest.mark.parametrize(("share", "matters"), [(0.04, False), (0.06, True)])
def test_a_stem_matters_from_a_twentieth_of_the_heaviest_on(share: float, matters: bool) -> None:
    weights = np.array([0.5, 0.3, 0.2, *(share * np.array([0.2, -0.5, -0.7]))])
    near = coarse_to_fine(lambda masks: (masks @ weights)[:, None], (3, 3))
    assert near.groups == (3, 3 if matters else 1)


def test_a_stem_matters_that_does_so_for_any_label_asked_for() -> None:
    weights = np.array([[0.5, 0.5, 0.001, 0.001], [0.0, 0.0, 0.01, 0.01]])
    value = lambda masks: masks @ weights.T  # noqa: E731
    assert coarse_to_fine(value, (2, 2)).groups == (2, 2)
    assert coarse_to_fine(value, (2, 2), asked_for=lambda scores: scores[:, :1]).groups == (2, 1)


@pytest.mark.parametrize(("max_evals", "groups"), [(395, [1, 10]), (396, [10, 10])])
def test_a_stem_gets_its_turn_while_ten_sets_a_segment_are_left(max_evals: int, groups: list[int]) -> None:
    near = coarse_to_fine(curved(2, 10, heard=(0, 1)), (10, 10), max_evals=max_evals)  # 4 and 2 · 2 · (100 − 2)
    assert sorted(near.groups) == groups


def test_the_sets_of_two_stems_are_drawn_independently() -> None:
    masks = coarse_to_fine(curved(2, 12, heard=(0, 1)), (12, 12), max_evals=1024).masks
    first, second = (masks[others.all(axis=1)] for others in (masks[:, 12:], masks[:, :12]))
    drawn = [{row.tobytes() for row in rows} for rows in (first[:, :12], second[:, 12:])]
    assert len(drawn[0]) > 200
    assert len(drawn[0] & drawn[1]) < 0.5 * len(drawn[0])


def test_the_heaviest_stem_gets_what_a_small_budget_leaves() -> None:
    near = coarse_to_fine(curved(2, 20, heard=(0, 1)), (20, 20), max_evals=100)
    assert sorted(near.groups) == [1, 20]
    assert owen_values(near).std_errors is None


def test_a_budget_too_small_for_one_stem_is_refused() -> None:
    with pytest.raises(UsageError, match="60 evaluations are too few for Owen values of 2 stems in 20 segments; allow"):
        coarse_to_fine(curved(2, 20, heard=(0,)), (20, 20), max_evals=60)


def test_a_model_that_listens_to_nothing_is_not_cut_up() -> None:
    near = coarse_to_fine(lambda masks: np.full((len(masks), 1), 0.3), (5, 5))
    assert (near.groups, len(near.masks)) == ((1, 1), 4)
    assert not owen_values(near).weights.any()


@pytest.fixture(scope="module")
def found() -> Explanation:
    """Of a model that listens for the loudest moment, which a hum has in the third of ten segments."""
    rng = np.random.default_rng(0)
    hum, hiss = 0.01 * rng.normal(size=(2, 2 * SR))
    hum[round(0.55 * SR) : round(0.70 * SR)] *= 30
    oracle = OracleFactorization({name: (x.astype(np.float32), SR) for name, x in {"hum": hum, "hiss": hiss}.items()})
    loudest = tagger(
        lambda batch: np.stack([np.abs(batch).max(axis=1), 1 - np.abs(batch).max(axis=1)], axis=1),
        labels=["loud", "quiet"],
    )
    excerpt = {"start_s": 0.25, "duration_s": 1.5, "segments": 10}
    options = {"labels": "loud", "method": "owen", "shifts": True, "max_evals": 8192}
    return explain(oracle.mixture, loudest, factorization=oracle, **excerpt, **options)  # type: ignore[arg-type]


def test_explain_cuts_the_stem_that_matters_where_it_matters(found: Explanation) -> None:
    assert found.names[-1] == "hiss"
    assert len(found.names) == 11
    assert found.top().components == ("hum 0.30–0.45 s",)
    assert found.attribution.method == "owen"
    assert found.checks.shifts is not None
    full, empty = found.score()
    np.testing.assert_allclose(sum(found.weights().values()), full - empty, atol=1e-9)


def test_what_is_heard_is_that_segment_of_that_stem(found: Explanation) -> None:
    clip = found.listen().samples[0]
    peak = np.abs(found.mixture.samples).max()
    assert np.abs(clip[round(0.31 * SR) : round(0.44 * SR)]).max() > 0.9 * peak
    assert not clip[: round(0.29 * SR)].any()
    assert not clip[round(0.46 * SR) :].any()
    both = found.audio("hum").samples + found.audio("hiss").samples
    np.testing.assert_allclose(both, found.mixture.samples, atol=1e-5)


def test_it_survives_saving_and_repeating(found: Explanation, tmp_path: Path) -> None:
    loaded = Explanation.load(found.save(tmp_path / "saved"))
    assert loaded.names == found.names
    assert not differences(json.loads(json.dumps(found.to_dict())), loaded.attribute("owen").to_dict())
    assert found.to_dict()["uncut"] == ["hiss"]


def test_where_all_masks_of_the_parts_were_evaluated_other_methods_see_them_too(found: Explanation) -> None:
    assert found.attribute("shapley").attribution.exact
    few = explain(found.mixture, lambda batch: batch[:, :1], factorization="bands:2", segments=12, method="owen")
    with pytest.raises(UsageError, match="lime needs other masks than were sampled for owen"):
        few.attribute("lime")


def test_settle_and_owen_do_not_go_together(found: Explanation) -> None:
    with pytest.raises(UsageError, match="leave settle out: it grows a sample"):
        explain(found.mixture, lambda batch: batch[:, :2], factorization="hpss", labels=0, method="owen", settle=1)
