"""Models that are asked again: those that answer alike, those of chance, those whose neighbours count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, explain_track, tagger
from audiolime_ext.errors import ModelError
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.repeatability import N_ASKED, ROUNDS, repeatability
from factorizations.oracle import OracleFactorization

SR = 8000
MIXES = np.random.default_rng(0).normal(0, 0.1, (5, 1, 1, 800)).astype(np.float32) * np.linspace(1, 0.3, 5)[
    :, None, None, None
].astype(np.float32)

Answer = Callable[[np.ndarray], np.ndarray]


def levels(batch: np.ndarray) -> np.ndarray:
    """Two labels: root mean square and mean magnitude."""
    return np.stack([np.sqrt((batch**2).mean(axis=-1)), np.abs(batch).mean(axis=-1)], axis=-1) * 4


class Counted:
    """A model that counts the signals it is asked about, and how many at a time."""

    def __init__(self, answer: Answer, **options: Any) -> None:
        self.batches: list[int] = []

        def counting(batch: np.ndarray) -> np.ndarray:
            self.batches.append(len(batch))
            return answer(batch)

        self.model = tagger(counting, sr=SR, **options)

    @property
    def n_asked(self) -> int:
        return sum(self.batches)


def noisy(sd: float, seed: int = 0) -> Answer:
    rng = np.random.default_rng(seed)
    return lambda batch: levels(batch) + rng.normal(0, sd, (len(batch), 2))


def dropout(rate: float, seed: int = 0) -> Answer:
    """A hidden layer of 64 units, some of which are left out at random, as in training."""
    rng = np.random.default_rng(seed)
    wires = np.random.default_rng(9).normal(size=(2, 64)), np.random.default_rng(8).normal(size=(64, 2)) / 8

    def answer(batch: np.ndarray) -> np.ndarray:
        hidden = np.maximum(levels(batch) @ wires[0], 0)
        kept = hidden * (rng.random(hidden.shape) > rate) / (1 - rate)
        return np.asarray(1 / (1 + np.exp(-kept @ wires[1])))

    return answer


def answer_in_turn(turns: Iterator[list[float]], batch: np.ndarray) -> np.ndarray:
    return np.tile(next(turns), (len(batch), 1))


def batch_statistics(batch: np.ndarray) -> np.ndarray:
    """Batch normalisation that was left in training mode."""
    found = levels(batch)
    return np.asarray(1 / (1 + np.exp(-(found - found.mean(axis=0)) / (found.std(axis=0) + 1e-3))))


def share_of_the_loudest(batch: np.ndarray) -> np.ndarray:
    found = levels(batch)
    return np.asarray(found / found.max(axis=0))


def hashed(batch: np.ndarray) -> np.ndarray:
    """At random, but the same for the same signal."""
    return np.stack([np.random.default_rng(abs(hash(one.tobytes()))).random(2) for one in batch])


@pytest.mark.parametrize("answer", [levels, hashed, lambda b: np.full((len(b), 2), 0.5), lambda b: 0 * levels(b)])
def test_a_model_that_answers_alike_costs_four_predictions(answer: Answer) -> None:
    model = Counted(answer)
    found = repeatability(model.model, MIXES)
    assert found.alike
    assert not found.refused
    assert found.warning() is None
    assert found.sd.tolist() == [0, 0]
    assert model.batches == [1, 1, 2]
    assert found.n_evals == N_ASKED == model.n_asked
    found.require_independence(["a", "b"])


@pytest.mark.parametrize(("size", "alike"), [(0.9e-4, True), (1.1e-4, False)])
def test_what_is_smaller_than_the_limit_is_rounding(size: float, alike: bool) -> None:
    turns = iter(np.resize([1.0, 1.0, 1.0 + size], 10000))
    found = repeatability(tagger(lambda b: np.full((len(b), 1), next(turns))), MIXES)
    assert found.alike is alike


def test_a_label_is_measured_by_its_own_answers_but_not_by_next_to_nothing() -> None:
    """Where one label is small, its own size counts; one that is nearly zero is the difference of large numbers."""
    for small, alike in ((0.5, False), (1e-3, True)):
        turns = np.resize([[1.0, small], [1.0, small], [1.0, small * (1 + 3e-4)]], (10000, 2)).tolist()
        answer = partial(answer_in_turn, iter(turns))
        assert repeatability(tagger(answer), MIXES).alike is alike, small


@pytest.mark.parametrize(("moved", "alike"), [(0.9e-5, True), (1.1e-5, False)])
def test_a_small_label_is_measured_by_a_tenth_of_the_largest(moved: float, alike: bool) -> None:
    turns = np.resize([[1.0, 1e-3], [1.0, 1e-3], [1.0, 1e-3 + moved]], (10000, 2)).tolist()
    assert repeatability(tagger(partial(answer_in_turn, iter(turns))), MIXES).alike is alike


@pytest.mark.parametrize("sd", [0.002, 0.1])
def test_the_noise_of_a_model_is_measured(sd: float) -> None:
    model = Counted(noisy(sd))
    found = repeatability(model.model, MIXES)
    assert not found.alike
    assert not found.refused
    np.testing.assert_allclose(found.sd, [sd, sd], rtol=0.35)  # of 42 degrees of freedom
    assert found.dof == 42
    assert (found.repeated > 2 * sd).all()
    assert found.n_evals == model.n_asked == N_ASKED + ROUNDS * 6
    warning = found.warning()
    assert warning is not None
    assert f"±{found.sd.max():.2g} " in warning
    assert "is dropout on? model.eval()" in warning


def test_noise_is_hardly_ever_taken_for_neighbours_that_count() -> None:
    wires = np.random.default_rng(1).normal(size=(64, 100)) / 8, np.abs(np.random.default_rng(2).normal(size=64))

    def refused(seed: int) -> bool:
        rng = np.random.default_rng(seed)

        def answer(batch: np.ndarray) -> np.ndarray:
            kept = wires[1] * np.abs(batch).mean(axis=-1, keepdims=True) * 48 * (rng.random((len(batch), 64)) > 0.5)
            return np.asarray(1 / (1 + np.exp(-kept @ wires[0])))

        known = np.concatenate([answer(MIXES[i, 0]) for i in (0, 1)])
        return repeatability(tagger(answer), MIXES, known=known).refused

    assert not [seed for seed in range(150) if refused(seed)]


@pytest.mark.parametrize("answer", [batch_statistics, share_of_the_loudest])
@pytest.mark.parametrize("order", [1, -1])
def test_a_model_whose_neighbours_count_is_refused_with_what_to_do(answer: Answer, order: int) -> None:
    found = repeatability(tagger(answer), MIXES[::order])
    assert found.refused
    with pytest.raises(
        ModelError, match=r"depends on what else is in the batch: 'rock' .*model\.eval\(\).*batch_size=1"
    ):
        found.require_independence(["rock", "rock"])


def test_asked_about_one_signal_at_a_time_it_answers_alike() -> None:
    assert repeatability(tagger(batch_statistics, batch_size=1), MIXES).alike


def test_batch_statistics_are_seen_through_dropout() -> None:
    rng = np.random.default_rng(0)
    found = repeatability(tagger(lambda b: batch_statistics(b) + rng.normal(0, 0.02, (len(b), 2))), MIXES)
    assert found.refused


@pytest.mark.parametrize(("size", "refused"), [(0.009, False), (0.011, True)])
def test_half_precision_is_noise_and_not_refused(size: float, refused: bool) -> None:
    found = repeatability(tagger(lambda b: np.ones((len(b), 1)) * (1 + size * (len(b) == 1))), MIXES)
    assert not found.alike
    assert found.refused is refused
    assert found.sd[0] == pytest.approx(size)


@pytest.mark.parametrize("odd", [0, 1])
def test_the_mix_whose_answers_differ_more_is_asked_alone(odd: int) -> None:
    """Relative to each output's own size: 5 of 100 are more than 20 of 1000."""
    asked: list[np.ndarray] = []

    def answer(batch: np.ndarray) -> np.ndarray:
        asked.append(batch)
        beside = len(batch) > 1
        is_odd = (batch == MIXES[odd, 0]).all(axis=-1)
        return np.stack([1000 + 20 * (beside & ~is_odd), 100 + 5 * (beside & is_odd)], axis=-1).astype(float)

    repeatability(tagger(answer), MIXES)
    for alone in asked[3 : 3 + ROUNDS]:
        np.testing.assert_array_equal(alone, MIXES[odd, 0])


def test_what_was_answered_before_is_compared() -> None:
    """A model whose running statistics moved: what it says now is not what it said."""
    now = levels(MIXES[:2, 0, 0])
    assert repeatability(tagger(levels), MIXES, known=now).alike
    assert repeatability(tagger(levels), MIXES, known=now * 1.1).refused


def test_one_mix_has_a_softer_copy_for_its_neighbour() -> None:
    assert repeatability(tagger(levels), MIXES[:1]).alike
    assert repeatability(tagger(share_of_the_loudest), MIXES[:1]).refused


@pytest.mark.parametrize("most", [N_ASKED, N_ASKED + 11, N_ASKED + 12])
def test_a_small_budget_is_kept_and_leaves_the_noise_less_known(most: int) -> None:
    model = Counted(noisy(0.1))
    found = repeatability(model.model, MIXES, most=most)
    assert found.n_evals == model.n_asked <= most
    assert not found.alike
    assert (found.sd > 0).all()
    assert found.dof == (6 if most == N_ASKED + 12 else 2)
    assert found.batched.tolist() == [0, 0], "too few to tell from chance"


def test_each_value_has_noise_of_its_own_however_few_the_answers() -> None:
    rng = np.random.default_rng(0)

    def answer(batch: np.ndarray) -> np.ndarray:
        return np.asarray(levels(batch) + rng.normal(0, 0.1, (len(batch), 2)) * [1, 0])

    for most in (N_ASKED, None):
        sd = repeatability(tagger(answer), MIXES, most=most).sd
        assert sd[0] > 0.01
        assert sd[1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("most", [N_ASKED, N_ASKED + 12])
def test_however_few_the_answers_their_variance_is_right_on_average(most: int, known: bool) -> None:
    variances = []
    for seed in range(200):
        answer = noisy(0.1, seed)
        before = answer(MIXES[:2, 0, 0]) if known else None
        variances.append(repeatability(tagger(answer), MIXES, most=most, known=before).sd ** 2)
    assert np.mean(variances) == pytest.approx(0.1**2, rel=0.15)  # three standard errors


def test_the_noise_is_that_of_the_values_that_are_explained() -> None:
    plain, tenfold = (
        repeatability(tagger(noisy(0.1)), MIXES, values=values) for values in (lambda s: s, lambda s: 10 * s[:, :1])
    )
    np.testing.assert_allclose(tenfold.sd, 10 * plain.sd[:1])


# In explanations


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    rng = np.random.default_rng(0)
    gains = {"guitar": 0.2, "bass": 0.1, "drums": 0.05}
    return OracleFactorization({n: (rng.normal(0, g, 2 * SR).astype(np.float32), SR) for n, g in gains.items()})


def of(band: OracleFactorization, answer: Answer, **options: Any) -> Explanation:
    model: FunctionModel = tagger(answer, sr=SR, labels=["rock", "jazz"])
    return explain(band.mixture, model, factorization=band, labels=["rock"], **options)


def test_answers_that_are_alike_are_exact(band: OracleFactorization) -> None:
    e = of(band, levels)
    assert e.attribution.exact
    assert "(exact)" in str(e)
    assert e.to_dict()["repeatability"] == {"alike": True, "repeated": 0, "batched": 0, "sd": [0], "dof": 4} | {
        name: pytest.approx(0, abs=1e-6) for name in ("repeated", "batched")
    }
    assert of(band, levels, level_check=False).to_dict()["n_checks"] == N_ASKED


def test_dropout_is_marked_and_its_noise_is_in_the_intervals(band: OracleFactorization) -> None:
    e = of(band, dropout(0.5))
    assert not e.attribution.exact
    assert "exact" not in str(e)
    assert "Shapley values (noisy answers" in str(e)
    (warning,) = [one for one in e.warnings if "asked again" in one]
    assert warning in str(e)
    assert "±" in next(line for line in str(e).splitlines() if line.startswith("rock"))
    noise = e.checks.noise
    assert noise is not None
    errors = e.attribution.std_errors
    assert errors is not None
    # Shapley coefficients of three: ±1/3 for the first and the last place, ±1/6 for the four between
    np.testing.assert_allclose(errors[0], noise.sd[0] * np.sqrt(4 / 9 + 4 / 36), rtol=1e-9)
    assert e.attribution.dof == noise.dof
    assert not e.to_dict()["repeatability"]["alike"]
    again = e.attribute("banzhaf")
    assert not again.attribution.exact
    np.testing.assert_allclose(again.attribution.std_errors[0], noise.sd[0] / np.sqrt(2), rtol=1e-9)  # type: ignore[index]


def test_noise_alone_is_not_said_to_act_together(band: OracleFactorization) -> None:
    assert not [r for seed in range(20) for r in of(band, noisy(0.1, seed)).remarks() if "together" in r]


@pytest.mark.parametrize(
    ("options", "n_runs"), [({}, 150), ({"segments": 4, "method": "shapley", "max_evals": 160}, 30)]
)
def test_the_intervals_of_a_noisy_model_hold(band: OracleFactorization, options: dict[str, Any], n_runs: int) -> None:
    """With all masks, and with a sample of them, whose residuals hold noise already: never too narrow."""
    truth = of(band, levels, **{**options, "max_evals": 4096}).attribution.weights[0]
    held = []
    for seed in range(n_runs):
        e = of(band, noisy(0.05, seed), **{**options, "seed": seed}, level_check=False)
        found = e.attribution.interval()
        assert found is not None
        held.append((found[0][0] <= truth) & (truth <= found[1][0]))
    assert np.mean(held) > 0.93


def test_neighbours_that_count_are_refused_in_explanations_and_tracks(band: OracleFactorization) -> None:
    with pytest.raises(ModelError, match=r"depends on what else is in the batch: '(rock|jazz)'"):
        of(band, batch_statistics)
    windowed = tagger(batch_statistics, sr=SR, labels=["rock", "jazz"], window_s=0.5)
    with pytest.raises(ModelError, match="depends on what else is in the batch"):
        explain_track(band.mixture, windowed, factorization=band, cache=False)


def test_where_all_masks_take_the_budget_it_is_asked_again_all_the_same(band: OracleFactorization) -> None:
    e = of(band, levels, max_evals=8, level_check=False)
    assert (e.n_evals, e.checks.n_evals) == (8, N_ASKED)
    assert e.warnings == ()
    with pytest.raises(ModelError, match="depends on what else is in the batch"):
        of(band, batch_statistics, max_evals=8, level_check=False)


def test_a_noisy_model_keeps_the_budget(band: OracleFactorization) -> None:
    for max_evals in (12, 25, 40, 1024):
        model = Counted(noisy(0.1))
        e = explain(band.mixture, model.model, factorization=band, max_evals=max_evals)
        assert model.n_asked == e.n_evals + e.checks.n_evals <= max(max_evals, e.n_evals + 16)
        assert not e.attribution.exact


def test_a_question_is_not_settled_by_noise(band: OracleFactorization) -> None:
    options: dict[str, Any] = {"settle": 1, "max_evals": 64}
    assert of(band, levels, **options).settled is True
    assert of(band, noisy(5.0), **options).settled is False


def test_a_track_is_asked_once_and_every_window_has_the_noise(band: OracleFactorization) -> None:
    model = Counted(noisy(0.05), labels=["rock", "jazz"], window_s=0.5)
    track = explain_track(band.mixture, model.model, factorization=band, labels=["rock"], cache=False)
    noise = track.noise
    assert noise is not None
    assert model.n_asked == len(track.taggram.times_s) + noise.n_evals + track.n_evals
    assert not track.exact
    assert "noisy answers" in str(track)
    assert [w for w in track.warnings if "asked again" in w] == list(track.at(0.0).warnings)
    for window in track.windows:
        np.testing.assert_allclose(window.attribution.std_errors[0], noise.sd[0] * np.sqrt(5 / 9))  # type: ignore[index]
    assert track.to_dict()["repeatability"]["sd"] == [noise.sd[0]]
    plain = Counted(levels, labels=["rock", "jazz"], window_s=0.5)
    alike = explain_track(band.mixture, plain.model, factorization=band, labels=["rock"], cache=False)
    assert plain.n_asked == len(alike.taggram.times_s) + N_ASKED + alike.n_evals
    assert alike.exact


def test_a_score_that_is_nothing_but_rounding_is_no_noise() -> None:
    """A tone that is not there: its projection is the rounding of a sum, another one in another batch."""
    rng = np.random.default_rng(0)
    mixes = rng.normal(scale=0.1, size=(4, 1, 1, 100)).astype(np.float32)
    for size, refused in ((0.9e-7, False), (1.1e-7, True)):

        def rounding(batch: np.ndarray, size: float = size) -> np.ndarray:
            return np.full((len(batch), 1), size * (len(batch) > 1))

        assert repeatability(tagger(rounding), mixes).refused is refused
