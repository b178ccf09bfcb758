"""Which components argue for a label: not the negligible, the inaudible or the uncertain, and what is remarked."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.attribution.attribution import Attribution
from factorizations.oracle import OracleFactorization

SR = 8000


def additive(weights: list[float], *, base: float = 0.0, gains: list[float] | None = None) -> Explanation:
    """Of a model that adds a weight to its score for each stem that it hears, whatever the stem's level."""
    n = len(weights)
    noise = np.random.default_rng(0).normal(0, 0.1, (n, 1, SR)).astype(np.float32)
    noise *= np.array(gains or [1.0] * n, np.float32)[:, None, None]
    oracle = OracleFactorization({f"stem {i}": (samples, SR) for i, samples in enumerate(noise)})
    heard = np.linalg.pinv(oracle.samples[:, 0].astype(np.float64))

    def model(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(base + np.round(batch @ heard) @ np.array(weights)[:, None])

    return explain(oracle.mixture, tagger(model, sr=SR, labels=["tag"]), factorization=oracle, level_check=False)


def test_a_twentieth_of_the_largest_weight_is_negligible() -> None:
    found = additive([0.5, 0.03, 0.02])
    assert list(found.weights().values()) == pytest.approx([0.5, 0.03, 0.02])
    assert found.top(3).components == ("stem 0", "stem 1")


def test_a_twentieth_is_that_of_the_largest_weight_in_size_be_it_for_or_against() -> None:
    assert additive([-0.8, 0.06, 0.035], base=0.9).top(3).components == ("stem 1",)


@pytest.mark.parametrize(("weights", "base"), [([-0.08, 0.02], 0.2), ([0.04, 0.0], 0.2), ([0.0, 0.0], 0.5)])
def test_where_nothing_counts_no_source_leads_whichever_way_the_value_moves(weights: list[float], base: float) -> None:
    top = additive(weights, base=base).top()
    assert not top.components
    assert top.message.startswith("nothing here argues for tag (score ")
    assert (" by more than 0.05" in top.message) is any(weight > 0 for weight in weights)


@pytest.mark.parametrize(("gain_db", "named"), [(-38.0, True), (-42.0, False)])
def test_only_what_lies_above_40_db_below_the_mixture_is_named(gain_db: float, named: bool) -> None:
    assert bool(additive([0.5, 0.0], gains=[10 ** (gain_db / 20), 1.0]).top()) is named


@pytest.mark.parametrize(("half_width", "named"), [(0.46, True), (0.49, False), (0.51, False)])
def test_a_weight_is_named_whose_interval_lies_above_what_is_negligible(half_width: float, named: bool) -> None:
    found = additive([0.5, 0.0])
    errors = np.full((1, 2), half_width / 1.95996)
    unsure = Attribution("shapley", found.attribution.weights, errors, False, covariance=np.diag(errors[0] ** 2)[None])
    doubted = replace(found, attribution=unsure)
    assert bool(doubted.top()) is named


@pytest.mark.parametrize(("worst", "told"), [(-0.12, False), (-0.13, True)])
def test_what_argues_against_is_told_from_a_quarter_of_the_top_weight_on(worst: float, told: bool) -> None:
    assert ("against stem 1" in str(additive([0.5, worst], base=0.2).top())) is told


@pytest.mark.parametrize(("score", "told"), [(0.04, True), (0.06, False)])
def test_a_score_below_a_twentieth_is_not_said(score: float, told: bool) -> None:
    top = additive([score, 0.0]).top()
    assert str(top).startswith("the model does not say tag here") is told
    assert top.told_apart is not told


@pytest.mark.parametrize(("change", "told"), [(0.04, True), (0.06, False)])
def test_a_change_below_a_twentieth_leaves_nothing_to_explain(change: float, told: bool) -> None:
    found = additive([change, 0.0], base=0.5).remarks()
    assert any("nothing to explain by presence" in remark for remark in found) is told


@pytest.mark.parametrize(("silence", "told"), [(0.26, True), (0.24, False)])
def test_what_silence_scores_half_as_high_for_is_said_for_silence_too(silence: float, told: bool) -> None:
    found = additive([0.5 - silence, 0.0], base=silence).remarks()
    assert any("says this for silence too" in remark for remark in found) is told
