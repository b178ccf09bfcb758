"""Other packages' dialects: audioLIME's explainer, shap's explanations, shapiq's games."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from audiolime_ext import explain, tagger
from audiolime_ext.attribution.banzhaf import banzhaf_values
from audiolime_ext.attribution.interactions import shapley_interactions
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.compat import (
    Answers,
    AudioExplanation,
    BoundFactorization,
    LimeAudioExplainer,
    bind,
    shapiq_game,
    to_shap,
)
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import choose_masks
from audiolime_ext.errors import AudioError, MissingError, UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.extras import require
from audiolime_ext.prediction.function import FunctionModel
from factorizations.oracle import OracleFactorization
from tests.games import play, random_game

SR, HZ = 8000, np.array([200.0, 500.0, 1100.0, 1900.0, 3100.0])
TRUTH = np.array([[0.5, -0.25, 0.125, -0.4, 0.0], [-0.1, 0.2, 0.0, 0.3, 0.6]])


def tone(hz: float) -> tuple[np.ndarray, int]:
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(SR) / SR)).astype(np.float32), SR


def strengths(batch: np.ndarray) -> np.ndarray:
    """Amplitude of each tone, 1 as in its stem, shape (n, 5)."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), HZ) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] / 0.1)


def linear(batch: np.ndarray) -> np.ndarray:
    return np.asarray(strengths(batch) @ TRUTH.T + 0.3)


def both(batch: np.ndarray) -> np.ndarray:
    return np.asarray(strengths(batch)[:, :2].round().prod(axis=1, keepdims=True))


def band_of(n: int) -> OracleFactorization:
    return OracleFactorization({f"tone {i}": tone(hz) for i, hz in enumerate(HZ[:n])})


def bound_to(stems: OracleFactorization, **options: Any) -> BoundFactorization:
    return bind(stems, stems.mixture, target_sr=SR, **options)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    return band_of(5)


def old_way(band: OracleFactorization, model: Any = linear, **options: Any) -> AudioExplanation:
    return LimeAudioExplainer(random_state=0).explain_instance(bound_to(band), model, **options)


def weights_of(e: AudioExplanation, label: int = 0) -> np.ndarray:
    return np.array([dict(e.local_exp[label])[i] for i in range(e.components.n)])


# audioLIME


@pytest.mark.parametrize("num_samples", [1000, 40, "exhaustive"])
def test_weights_equal_our_own_ridge_fit_of_the_same_neighbourhood(band: OracleFactorization, num_samples: Any) -> None:
    e = old_way(band, labels=[0, 1], num_samples=num_samples)
    ours = lime(e.neighborhood, ridge=1.0)
    assert ours.intercept is not None
    for label in (0, 1):
        np.testing.assert_allclose(weights_of(e, label), ours.weights[label], atol=1e-8)
        assert e.intercept[label] == pytest.approx(ours.intercept[label], abs=1e-8)
        assert e.local_pred[label] == pytest.approx(weights_of(e, label).sum() + e.intercept[label])


@pytest.mark.parametrize(
    ("n", "num_samples", "left"), [(2, 1000, 0.49), (2, "exhaustive", 0.1), (5, "exhaustive", 0.36)]
)
def test_the_ridge_penalty_shrinks_as_the_module_says(n: int, num_samples: Any, left: float) -> None:
    e = old_way(band_of(n), lambda batch: strengths(batch)[:, :n] @ np.full((n, 1), 0.5), num_samples=num_samples)
    np.testing.assert_allclose(weights_of(e), left, atol=0.006)


@pytest.mark.parametrize("state", [0, 7])
def test_an_integer_state_draws_the_rows_that_audiolime_drew(band: OracleFactorization, state: int) -> None:
    theirs = np.random.RandomState(state)
    theirs.randint(0, high=1000)
    rows = theirs.randint(0, 2, 60 * 5).reshape(60, 5)
    rows[0] = 1
    explainer = LimeAudioExplainer(random_state=state)
    e = explainer.explain_instance(bound_to(band), linear, labels=(1,), num_samples=60)
    np.testing.assert_array_equal(e.neighborhood_data, rows)
    np.testing.assert_allclose(e.neighborhood_labels, rows @ TRUTH.T + 0.3, atol=1e-5)


def test_a_mask_is_predicted_once_however_often_it_was_drawn(band: OracleFactorization) -> None:
    sizes = []

    def counted(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return linear(batch)

    e = old_way(band, counted, labels=[0], num_samples=1000, batch_size=7)
    assert sum(sizes) == len(e.neighborhood.masks) == 32
    assert max(sizes) == 7
    assert e.neighborhood.counts.sum() == len(e.neighborhood_data) == 1000


def test_all_on_is_the_recording_even_where_stems_miss_some_of_it(band: OracleFactorization) -> None:
    partial_band = OracleFactorization({"tone 0": tone(200)}, mixture=band.mixture)
    e = old_way(partial_band, labels=[0])
    np.testing.assert_allclose(e.neighborhood.full, linear(band.mixture.samples)[0], atol=1e-6)


def test_the_seed_is_honoured_and_nothing_else_moves_the_result(band: OracleFactorization) -> None:
    explainer, bound = LimeAudioExplainer(), bound_to(band)
    rows = [
        explainer.explain_instance(bound, linear, labels=[0], num_samples=30, random_seed=seed).neighborhood_data
        for seed in (None, None, 3, 3, 4)
    ]
    assert (rows[0] == rows[1]).all()
    assert (rows[2] == rows[3]).all()
    assert (rows[2] != rows[4]).any()
    assert (rows[0] != rows[2]).any()


def test_a_random_state_moves_on(band: OracleFactorization) -> None:
    explainer, bound = LimeAudioExplainer(random_state=np.random.RandomState(0)), bound_to(band)
    first, second = (explainer.explain_instance(bound, linear, labels=[0], num_samples=30).rows for _ in range(2))
    assert len(first) != len(second) or (first != second).any()


@pytest.mark.parametrize("labels", [np.array([1, 0]), (1, 0), ["b", "a"], [np.int64(1), "a"]])
def test_labels_may_be_arrays_numbers_or_names(band: OracleFactorization, labels: Any) -> None:
    e = old_way(band, tagger(linear, labels=["a", "b"]), labels=labels)
    assert list(e.local_exp) == [1, 0]
    assert e.top_labels is None
    assert e.as_list("b") == e.as_list(1)
    assert e.as_list(1)[0] == ("tone 4", e.local_exp[1][0][1])


def test_top_labels_win_over_labels_and_five_are_the_default(band: OracleFactorization) -> None:
    def seven(batch: np.ndarray) -> np.ndarray:
        return np.asarray(strengths(batch)[:, :1] * np.arange(7.0))

    assert old_way(band, seven).top_labels == [6, 5, 4, 3, 2]
    one = old_way(band, seven, labels=[0], top_labels=1)
    assert one.top_labels == list(one.local_exp) == [6]
    assert list(old_way(band, seven, num_reg_targets=2).local_exp) == [0, 1]


def test_components_come_strongest_first_negative_ones_too(band: OracleFactorization) -> None:
    e = old_way(band, labels=[0])
    numbers = partial(e.get_sorted_components, 0, return_indeces=True)
    assert numbers(negative_components=False, min_abs_weight=0.01)[1].tolist() == [0, 2]
    assert numbers(positive_components=False, min_abs_weight=0.01)[1].tolist() == [3, 1]
    assert numbers(positive_components=False, num_components=1)[1].tolist() == [3]
    assert numbers(num_components=2, min_abs_weight=0.3)[1].tolist() == [0, 3]
    assert [i for i, _ in e.local_exp[0]] == [0, 2, 4, 1, 3]


def test_absolute_sort_orders_by_size(band: OracleFactorization) -> None:
    explainer = LimeAudioExplainer(absolute_feature_sort=True)
    e = explainer.explain_instance(bound_to(band), linear, labels=[0])
    assert [i for i, _ in e.local_exp[0]] == [0, 3, 1, 2, 4]
    assert e.as_map() == e.local_exp
    assert e.as_map()[0] is not e.local_exp[0]


def test_components_can_be_heard_and_sum_to_the_excerpt(band: OracleFactorization) -> None:
    bound = bound_to(band, start_s=0.25, duration_s=0.5)
    e = LimeAudioExplainer().explain_instance(bound, linear, labels=[0])
    heard = e.get_sorted_components(0)
    assert {signal.shape for signal in heard} == {(SR // 2,)}
    np.testing.assert_allclose(sum(heard), band.mixture.samples[0, SR // 4 : 3 * SR // 4], atol=1e-6)
    np.testing.assert_allclose(e.audio([0, 3]).samples[0], heard[0] + heard[4], atol=1e-6)


def test_where_nothing_qualifies_the_sum_is_silence_as_long_as_the_excerpt(band: OracleFactorization) -> None:
    e = old_way(band, labels=[0])
    alone, numbers = e.get_sorted_components(0, min_abs_weight=9.0, return_indeces=True)
    assert numbers.tolist() == []
    assert (sum(alone) == np.zeros(SR, np.float32)).all()
    assert sum(alone).shape == (SR,)
    assert e.audio([]).n_samples == band.mixture.n_samples
    assert not e.audio(numbers).samples.any()


@pytest.mark.parametrize("selection", ["auto", "forward_selection", "highest_weights", "lasso_path"])
def test_as_many_features_are_kept_as_asked_for(band: OracleFactorization, selection: str) -> None:
    explainer = LimeAudioExplainer(feature_selection=selection)
    e = explainer.explain_instance(bound_to(band), linear, labels=[0], num_features=2)
    assert [i for i, _ in e.local_exp[0]] == [0, 3]


def test_another_regressor_and_a_flat_kernel_give_banzhaf_values_and_leave_the_regressor_alone() -> None:
    trio, given = band_of(3), LinearRegression()
    explainer = LimeAudioExplainer(kernel=lambda d, kernel_width: np.ones_like(d))
    e = explainer.explain_instance(
        bound_to(trio), both, labels=[0], num_samples="exhaustive", model_regressor=given
    )
    np.testing.assert_allclose(weights_of(e), [0.5, 0.5, 0.0], atol=1e-9)
    np.testing.assert_allclose(weights_of(e), banzhaf_values(e.neighborhood).weights[0], atol=1e-9)
    assert not hasattr(given, "coef_")


def test_distance_kernel_width_and_intercept_are_what_was_asked_for(band: OracleFactorization) -> None:
    e = old_way(band, labels=[0], num_samples=50, distance_metric="euclidean", fit_intercept=False)
    assert e.intercept[0] == 0.0
    np.testing.assert_allclose(e.distance[0], np.sqrt((1 - e.neighborhood_data).sum(axis=1)))
    bound = bound_to(band)
    product = lambda batch: strengths(batch).prod(axis=1, keepdims=True)  # noqa: E731
    near, far = (LimeAudioExplainer(width).explain_instance(bound, product) for width in (0.25, 25.0))
    assert weights_of(near).min() > 1.5 * weights_of(far).max()


def test_a_linear_model_is_fitted_well_and_one_that_hears_nothing_gets_zeros(band: OracleFactorization) -> None:
    assert 0.9 < old_way(band, labels=[0]).score[0] <= 1.0
    deaf = old_way(band, lambda batch: np.full((len(batch), 1), 0.25))
    np.testing.assert_allclose(weights_of(deaf), 0.0, atol=1e-12)
    assert deaf.intercept[0] == pytest.approx(0.25)


@pytest.mark.parametrize("num_samples", [1, 2, "exhaustive"])
@pytest.mark.parametrize("selection", ["auto", "lasso_path"])
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_one_component_and_hardly_any_rows_give_finite_weights(num_samples: Any, selection: str) -> None:
    one = band_of(1)
    explainer = LimeAudioExplainer(feature_selection=selection)
    e = explainer.explain_instance(bound_to(one), linear, num_samples=num_samples)
    assert np.isfinite([weights_of(e, label) for label in e.local_exp]).all()


@pytest.mark.parametrize(("spec", "options", "n"), [("hpss", {"segments": 3}, 6), ("bands:4", {}, 4)])
def test_any_factorization_can_be_bound_in_segments_too(spec: str, options: dict[str, Any], n: int) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.05, 2 * SR).astype(np.float32)
    bound = bind(spec, (hiss, SR), duration_s=1.0, target_sr=SR, **options)
    heard = LimeAudioExplainer().explain_instance(bound, linear, num_samples=50).get_sorted_components(0)
    assert len(heard) == n
    np.testing.assert_allclose(sum(heard), hiss[:SR], atol=1e-5)


def test_published_networks_are_explained_in_audiolimes_words(ezer_ev: Path) -> None:
    bound = bind("spleeter:2stems", ezer_ev, start_s=3.0, duration_s=3.0)
    e = LimeAudioExplainer().explain_instance(bound, "musicnn:MSD_musicnn", top_labels=1, num_samples=20)
    now = explain(ezer_ev, "musicnn:MSD_musicnn", start_s=3.0, duration_s=3.0, top_labels=1)
    np.testing.assert_allclose(e.neighborhood.full, now.neighborhood.full, atol=1e-6)
    assert e.top_labels is not None
    assert e.all_labels[e.top_labels[0]] == now.labels[0]
    assert [name for name, _ in e.as_list(now.labels[0])] != []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": [9]}, "unknown label '9'"),
        ({"labels": []}, "labels is empty"),
        ({"labels": [0], "num_reg_targets": 1}, "not both"),
        ({"num_reg_targets": 3}, "unknown label '2'"),
        ({"num_samples": 0}, "num_samples must be a positive number, not 0"),
        ({"num_samples": "all"}, "num_samples must be a positive number, not 'all'"),
        ({"top_labels": 0}, "top_labels must be a positive number"),
        ({"batch_size": 0}, "batch_size must be a positive number"),
        ({"num_features": 0}, "num_features must be a positive number"),
        ({"random_seed": -1}, "-1 is not a seed"),
        ({"distance_metric": "angle"}, "distance_metric 'angle' cannot be used"),
    ],
)
def test_what_cannot_be_asked_for_is_said(band: OracleFactorization, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        old_way(band, **options)


def test_wrong_construction_binding_and_questions_are_said(band: OracleFactorization) -> None:
    with pytest.raises(UsageError, match="kernel_width must be positive"):
        LimeAudioExplainer(kernel_width=0)
    with pytest.raises(UsageError, match="unknown feature_selection 'lasso'; did you mean 'lasso_path'"):
        LimeAudioExplainer(feature_selection="lasso")
    with pytest.raises(UsageError, match="is not a seed"):
        LimeAudioExplainer(random_state=np.random.default_rng(0)).explain_instance(bound_to(band), linear)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="needs bind"):
        LimeAudioExplainer().explain_instance(band, linear)  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="does not lie within"):
        LimeAudioExplainer().explain_instance(bound_to(band, start_s=2.0), linear)
    e = old_way(band, labels=[0])
    with pytest.raises(UsageError, match="'1' was not explained; these were: 0"):
        e.as_list(1)
    with pytest.raises(UsageError, match="or both must be True"):
        e.get_sorted_components(0, positive_components=False, negative_components=False)
    with pytest.raises(UsageError, match="num_components must be 'all' or a positive number, not 'auto'"):
        e.get_sorted_components(0, num_components="auto")  # type: ignore[arg-type]


def test_every_mask_of_many_components_is_refused() -> None:
    many = OracleFactorization({f"tone {i}": tone(100 + i) for i in range(21)})
    with pytest.raises(UsageError, match="21 components have 2097152 masks; give num_samples a number"):
        old_way(many, num_samples="exhaustive")


# shapiq


@pytest.mark.parametrize("n", range(2, 11))
def test_shapiqs_exact_computer_finds_our_values_and_interactions(n: int) -> None:
    exact, near = require("shapiq", extra="shapiq").ExactComputer, play(random_game(n, 2, seed=n), n)
    for output in range(2):
        computer = exact(shapiq_game(near, label=output))
        shapley = [computer("SV", 1)[(i,)] for i in range(n)]
        np.testing.assert_allclose(shapley_values(near).weights[output], shapley, rtol=0, atol=1e-10)
        banzhaf = [computer("BV", 1)[(i,)] for i in range(n)]
        np.testing.assert_allclose(banzhaf_values(near).weights[output], banzhaf, rtol=0, atol=1e-10)
        pairs = computer("SII", 2)
        expected = [[0.0 if i == j else pairs[tuple(sorted((i, j)))] for j in range(n)] for i in range(n)]
        np.testing.assert_allclose(shapley_interactions(near)[output], expected, rtol=0, atol=1e-10)


def test_a_wrong_value_would_be_seen() -> None:
    near = play(random_game(3, 1, seed=0), 3)
    computer = require("shapiq", extra="shapiq").ExactComputer(shapiq_game(near))
    near.scores[3] += 1e-8
    theirs = [computer("SV", 1)[(i,)] for i in range(3)]
    assert np.abs(shapley_values(play(random_game(3, 1, seed=0), 3)).weights[0] - theirs).max() > 1e-9


@pytest.fixture(scope="module")
def explained() -> tuple[Explanation, FunctionModel]:
    trio, model = band_of(3), tagger(linear, labels=["a", "b"], version="1")
    return explain(trio.mixture, model, factorization=trio, labels=["b", "a"]), model


def test_an_explanation_plays_its_first_label_with_its_own_names(explained: tuple[Explanation, FunctionModel]) -> None:
    game = shapiq_game(explained[0])
    assert game([("tone 1",)])[0] == pytest.approx(TRUTH[1, 1], abs=1e-5)
    assert game([(), (0, 1, 2)]) == pytest.approx([0.0, TRUTH[1, :3].sum()], abs=1e-5)
    assert shapiq_game(explained[0], label="a")([(0,)])[0] == pytest.approx(TRUTH[0, 0], abs=1e-5)


def test_a_live_model_is_asked_once_about_each_mask_whatever_the_games(
    explained: tuple[Explanation, FunctionModel],
) -> None:
    e, model = explained
    answers = Game.of(e.components, model)
    for output in range(2):
        found = require("shapiq", extra="shapiq").ExactComputer(shapiq_game(answers, label=output, names=e.names))
        np.testing.assert_allclose([found("SV", 1)[(i,)] for i in range(3)], TRUTH[output, :3], atol=1e-5)
    assert answers.n_asked == 8


def test_what_a_sampled_neighbourhood_lacks_is_asked_of_the_model() -> None:
    value = random_game(8, 1, seed=1)
    sampled = play(value, choose_masks(8, max_evals=60))
    with pytest.raises(UsageError, match=f"{len(sampled.masks)} of 256 masks were evaluated; a game needs all"):
        shapiq_game(sampled)
    answers = Answers(8, value, known=sampled)
    computer = require("shapiq", extra="shapiq").ExactComputer(shapiq_game(answers))
    exact = shapley_values(play(value, 8)).weights[0]
    np.testing.assert_allclose([computer("SV", 1)[(i,)] for i in range(8)], exact, rtol=0, atol=1e-10)
    assert answers.n_asked == 256 - len(sampled.masks)


def test_what_is_no_game_is_said() -> None:
    near = play(random_game(3, 2, seed=0), 3)
    with pytest.raises(UsageError, match="the output 2 is unknown; give a number from 0 to 1"):
        shapiq_game(near, label=2)
    with pytest.raises(UsageError, match="the output 'rock' is unknown"):
        shapiq_game(near, label="rock")
    with pytest.raises(UsageError, match="2 names for 3 players"):
        shapiq_game(near, names=["a", "b"])
    with pytest.raises(UsageError, match=r"masks of shape \(n_masks, 3\) are needed, not \(1, 4\)"):
        Answers(3, known=near)(np.ones((1, 4)))
    with pytest.raises(UsageError, match="1 of the masks asked for were not evaluated"):
        Answers(3)(np.ones((1, 3)))


# shap


def test_shap_values_start_at_silence_and_add_up_to_the_score(explained: tuple[Explanation, FunctionModel]) -> None:
    e = explained[0]
    one, batch = to_shap(e, label="a"), to_shap(e)
    np.testing.assert_allclose(one.values, TRUTH[0, :3], atol=1e-5)
    assert one.base_values + one.values.sum() == pytest.approx(e.score("a")[0], abs=1e-9)
    assert one.base_values == e.score("a")[1]
    assert list(one.feature_names) == list(e.names)
    np.testing.assert_array_equal(one.data, e.components.levels_db)
    assert batch.values.shape == (1, 3, 2)
    assert list(batch.output_names) == ["b", "a"]
    np.testing.assert_array_equal(batch[0, :, "a"].values, one.values)


def test_names_stay_with_components_where_there_are_as_many_labels() -> None:
    duo = band_of(2)
    e = explain(duo.mixture, tagger(linear, labels=["a", "b"], version="1"), factorization=duo, labels=["a", "b"])
    assert list(to_shap(e, label="b").feature_names) == ["tone 0", "tone 1"]
    assert list(to_shap(e)[0, :, "b"].feature_names) == ["tone 0", "tone 1"]


def test_a_surrogate_starts_at_its_intercept(band: OracleFactorization) -> None:
    model = tagger(lambda batch: strengths(batch).prod(axis=1, keepdims=True), labels=["all"], version="1")
    e = explain(band.mixture, model, factorization=band, method="lime")
    assert e.attribution.intercept is not None
    assert to_shap(e, label="all").base_values == e.attribution.intercept[0] != e.score("all")[1]


def test_weights_that_do_not_add_up_are_not_handed_to_shap(band: OracleFactorization) -> None:
    model = tagger(lambda batch: strengths(batch).prod(axis=1, keepdims=True), labels=["all"], version="1")
    e = explain(band.mixture, model, factorization=band, method="banzhaf")
    with pytest.raises(UsageError, match="banzhaf weights do not add up"):
        to_shap(e)


def test_shap_draws_it(explained: tuple[Explanation, FunctionModel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    axes = require("shap", extra="shap").plots.waterfall(to_shap(explained[0], label="a"), show=False)
    written = " ".join(text.get_text() for text in [*axes.get_yticklabels(), *axes.texts])
    assert "tone 1" in written
    require("matplotlib.pyplot", extra="shap").close("all")


@pytest.mark.parametrize(("package", "convert"), [("shap", to_shap), ("shapiq", shapiq_game)])
def test_a_missing_package_names_its_extra(
    explained: tuple[Explanation, FunctionModel], package: str, convert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingError, match=rf"pip install 'audiolime-ext\[{package}\]'"):
        convert(explained[0])


def test_binding_reads_what_load_audio_reads(ezer_ev: Path) -> None:
    assert bind("hpss", ezer_ev).audio.sha256 == load_audio(ezer_ev).sha256
