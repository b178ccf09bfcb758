"""Other packages' dialects: audioLIME's explainer, shap's explanations, shapiq's games."""

import pickle
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from audiolime_ext import explain, explain_track, tagger
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
    SpleeterFactorization,
    bind,
    shapiq_game,
    to_shap,
)
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import choose_masks
from audiolime_ext.errors import AudioError, MissingError, UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.extras import require
from audiolime_ext.prediction.function_model import FunctionModel
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


@pytest.mark.parametrize(
    "labels",
    [
        *(np.array([1, 0]), (1, 0), ["b", "a"], [np.int64(1), "a"], {"b": 0.9, "a": 0.1}.keys(), {1: "b", 0: "a"}),
        *(map(int, "10"), (name for name in "ba"), [-1, -2], np.array(["b", "a"])),
    ],
)
def test_labels_may_be_arrays_numbers_or_names_in_any_iterable(band: OracleFactorization, labels: Any) -> None:
    e = old_way(band, tagger(linear, labels=["a", "b"]), labels=labels)
    assert list(e.local_exp) == [1, 0]
    assert e.top_labels is None
    assert e.as_list("b") == e.as_list(1)
    assert e.as_list(1)[0] == ("tone 4", e.local_exp[1][0][1])
    assert e.as_list(-1) == e.as_list(1)


@pytest.mark.parametrize(("labels", "explained"), [({1}, [1]), (np.int64(1), [1]), (np.array(1), [1]), ("a", [0])])
def test_one_label_may_be_given_by_itself(band: OracleFactorization, labels: Any, explained: list[int]) -> None:
    assert list(old_way(band, tagger(linear, labels=["a", "b"]), labels=labels).local_exp) == explained


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
    e = explainer.explain_instance(bound_to(trio), both, labels=[0], num_samples="exhaustive", model_regressor=given)
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
        ({"labels": 0.5}, "unknown label '0.5'"),
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
    with pytest.raises(UsageError, match=r"needs bind\(.* has no get_number_components"):
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


def test_what_bind_does_not_take_is_said_at_once_with_what_to_write(band: OracleFactorization) -> None:
    mix = band.mixture
    with pytest.raises(
        UsageError, match=r"does not take model_name: the separator comes first: bind\('spleeter:5stems'"
    ):
        bind(band, mix, model_name="spleeter:5stems")
    with pytest.raises(UsageError, match="unknown argument of bind 'segment'; did you mean 'segments'"):
        bind(band, mix, segment=3)
    with pytest.raises(UsageError, match="say the same; give one"):
        bind(band, mix, segments=3, n_temporal_segments=3)
    with pytest.raises(UsageError, match="such as 16000, not 'hpss'; separators go by model_name="):
        SpleeterFactorization(mix, 10, None, "hpss")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"target_sr is a rate in Hz, such as 16000, not 0\.5"):
        bind(band, mix, target_sr=0.5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="does not take sr: the rate that a predict function hears is target_sr=16000"):
        bind(band, mix, sr=16000)
    with pytest.raises(UsageError, match="type of temporal segmentation 'fixed'; did you mean 'fixed_length'"):
        bind(band, mix, temporal_segmentation_params={"type": "fixed"})
    with pytest.raises(UsageError, match="follow one another from 0 on"):
        bind(band, mix, temporal_segmentation_params={"type": "manual", "manual_segments": [(0, 80), (100, 200)]})
    with pytest.raises(UsageError, match=r"0 time segments in 1\.000 s"):
        bind(band, mix, n_temporal_segments=0).get_number_components()
    with pytest.raises(UsageError, match="temporal segments are a number"):
        bind(band, mix, temporal_segmentation_params="beats")
    with pytest.raises(UsageError, match="there is no component 5; they are numbered from 0 to 4"):
        bound_to(band).retrieve_components([5])
    with pytest.raises(UsageError, match=r"ImageLikeFactorization is not here: .* bind\('slic:20'"):
        from audiolime_ext.compat import ImageLikeFactorization  # noqa: F401
    with pytest.raises(ImportError, match="NoSuch"):
        from audiolime_ext.compat import NoSuch  # noqa: F401


def test_a_model_with_a_rate_of_its_own_is_asked_at_that_and_another_is_refused(band: OracleFactorization) -> None:
    own = tagger(linear, sr=SR)
    e = LimeAudioExplainer().explain_instance(bind(band, band.mixture), own, labels=[0])
    np.testing.assert_allclose(e.neighborhood.full, linear(band.mixture.samples)[0], atol=1e-6)
    assert e.factorization.target_sr == SR
    assert {signal.shape for signal in e.get_sorted_components(0)} == {(SR,)}
    with pytest.raises(UsageError, match="the model hears 8000 Hz, and target_sr is 16000; leave out target_sr"):
        LimeAudioExplainer().explain_instance(bind(band, band.mixture, target_sr=16000), own)


def test_what_is_bound_is_separated_once_however_often_it_is_explained(band: OracleFactorization) -> None:
    asked = []

    class Counted(OracleFactorization):
        def factorize(self, *args: Any, **options: Any) -> Any:
            asked.append(options)
            return super().factorize(*args, **options)

    bound = bound_to(Counted({f"tone {i}": tone(hz) for i, hz in enumerate(HZ)}))
    e = LimeAudioExplainer().explain_instance(bound, linear, labels=[0])
    LimeAudioExplainer().explain_instance(bound, linear, labels=[1])
    assert len(bound.components) == len(e.factorization.retrieve_components()) == 5
    assert len(asked) == 1
    cut = replace(bound, segments=2)
    assert cut.get_number_components() == 10
    assert len(asked) == 2


def test_composition_fn_makes_the_models_input_and_is_refused_where_it_would_not(band: OracleFactorization) -> None:
    shapes = []

    def of_columns(batch: np.ndarray) -> np.ndarray:
        shapes.append(batch.shape)
        return linear(batch[:, :, 0])

    bound = bound_to(band, composition_fn=lambda signal: np.stack([signal, signal], axis=1))
    e = LimeAudioExplainer().explain_instance(bound, of_columns, labels=[0], batch_size=8)
    assert shapes == [(8, SR, 2)] * 4
    np.testing.assert_allclose(e.local_exp[0], old_way(band, labels=[0]).local_exp[0])
    assert bound.compose_model_input([0]).shape == (SR, 2)
    one_by_one = tagger(lambda columns: linear(columns[None, :, 0])[0], one_at_a_time=True)
    again = LimeAudioExplainer().explain_instance(bound, one_by_one, labels=[0])
    np.testing.assert_allclose(again.local_exp[0], e.local_exp[0])
    with pytest.raises(UsageError, match="composition_fn is for a function that takes what it makes"):
        LimeAudioExplainer().explain_instance(bound, tagger(linear, front_end=lambda batch: batch))


# Factorizations that were written for audioLIME


class Rectangles:
    """A spectrogram in rectangles, as the original's users wrote such a class: the model's input is no sound."""

    asked: int = 0

    def __init__(self, spectrogram: np.ndarray, n_frequencies: int, n_times: int) -> None:
        self.spectrogram, self.n_frequencies, self.n_times = spectrogram, n_frequencies, n_times

    def get_number_components(self) -> int:
        return self.n_frequencies * self.n_times

    def retrieve_components(self, selection_order: Any = None) -> np.ndarray:
        if selection_order is None:
            return self.spectrogram
        kept = np.zeros_like(self.spectrogram)
        height, width = (side // n for side, n in zip(kept.shape, (self.n_frequencies, self.n_times), strict=True))
        for number in selection_order:
            t, f = divmod(int(number), self.n_frequencies)
            where = slice(f * height, (f + 1) * height), slice(t * width, (t + 1) * width)
            kept[where] = self.spectrogram[where]
        return kept

    def compose_model_input(self, components: Any = None) -> np.ndarray:
        self.asked += 1
        return self.retrieve_components(components)


class WithoutEmpty(Rectangles):
    """One of those that fail where nothing is on, as the original's first ones did."""

    def retrieve_components(self, selection_order: Any = None) -> np.ndarray:
        return super().retrieve_components([selection_order[0], *selection_order[1:]])


def test_an_object_with_audiolimes_methods_is_explained_as_it_is() -> None:
    spectrogram = np.random.default_rng(0).uniform(1.0, 2.0, (8, 12))
    given, shapes = Rectangles(spectrogram, 4, 3), []

    def hears_one(batch: np.ndarray) -> np.ndarray:
        shapes.append(batch.shape)
        return np.asarray(batch[:, 2:4, 4:8].mean(axis=(1, 2)))[:, None]  # second band, second third

    e = LimeAudioExplainer().explain_instance(given, hears_one, labels=[0], num_samples=200, batch_size=16)
    only, numbers = e.get_sorted_components(0, num_components=1, return_indeces=True)
    assert numbers.tolist() == [1 * 4 + 1]
    np.testing.assert_array_equal(only, given.retrieve_components([5]))
    assert {shape[1:] for shape in shapes} == {(8, 12)}
    assert max(shape[0] for shape in shapes) == 16
    assert sum(shape[0] for shape in shapes) == len(np.unique(e.neighborhood_data, axis=0))
    assert e.factorization is given
    assert e.as_list(0)[0] == ("5", e.local_exp[0][0][1])
    with pytest.raises(UsageError, match="Rectangles was written for audioLIME and has not a recording to listen to"):
        e.audio([5])


def test_all_off_is_composed_only_where_it_is_needed() -> None:
    given = WithoutEmpty(np.ones((10, 10)), 5, 4)
    mean = lambda batch: batch.mean(axis=(1, 2))[:, None]  # noqa: E731
    e = LimeAudioExplainer().explain_instance(given, mean, labels=[0], num_samples=100)
    assert len(e.local_exp[0]) == 20
    with pytest.raises(UsageError, match=r"raised IndexError for components \[\]: .* it must give silence"):
        _ = e.neighborhood
    with pytest.raises(UsageError, match=r"raised IndexError for components \[\]"):
        LimeAudioExplainer().explain_instance(WithoutEmpty(np.ones((9, 9)), 3, 1), mean, num_samples="exhaustive")


class Changing(Rectangles):
    def compose_model_input(self, components: Any = None) -> np.ndarray:
        return np.zeros(len(components))


def test_what_such_an_object_must_give_is_said() -> None:
    with pytest.raises(UsageError, match=r"gave arrays of shapes \(0,\) and \(1,\); they must be alike"):
        LimeAudioExplainer().explain_instance(Changing(np.ones((9, 9)), 3, 1), linear, num_samples="exhaustive")
    windowed = tagger(linear, sr=SR, window_s=0.5)
    with pytest.raises(UsageError, match=r"hears windows of 0.5 s of a signal, and .* arrays of shape \(9, 9\)"):
        LimeAudioExplainer().explain_instance(Rectangles(np.ones((9, 9)), 3, 1), windowed)


def test_a_model_with_windows_hears_what_such_an_object_composes(band: OracleFactorization) -> None:
    bound = bound_to(band)

    class Old:
        get_number_components = staticmethod(bound.get_number_components)
        retrieve_components = staticmethod(bound.retrieve_components)
        compose_model_input = staticmethod(bound.compose_model_input)
        get_ordered_component_names = staticmethod(bound.get_ordered_component_names)

    for model in (linear, tagger(linear, sr=SR, window_s=0.5)):
        new, old = (LimeAudioExplainer().explain_instance(of, model, labels=[0]) for of in (bound, Old()))
        np.testing.assert_allclose(old.local_exp[0], new.local_exp[0], atol=1e-6)
    assert [name for name, _ in old.as_list(0)] == [f"{name}0" for name, _ in new.as_list(0)]


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


def test_no_coalitions_have_no_values_and_the_empty_one_has_none(explained: tuple[Explanation, FunctionModel]) -> None:
    game = shapiq_game(explained[0])
    assert game([]).shape == game(np.zeros((0, 3), bool)).shape == (0,)
    assert game(()).tolist() == [0.0]


def test_a_game_can_be_pickled(explained: tuple[Explanation, FunctionModel]) -> None:
    game = shapiq_game(explained[0], label="a")
    again = pickle.loads(pickle.dumps(game))
    every = choose_masks(3).masks
    np.testing.assert_array_equal(again(every), game(every))
    assert again([("tone 2",)])[0] == game([("tone 2",)])[0] != 0.0


def test_a_negative_label_counts_from_the_last_output_everywhere(explained: tuple[Explanation, FunctionModel]) -> None:
    e, model = explained
    games = [shapiq_game(of, label=-1) for of in (e, e.neighborhood, Game.of(e.components, model))]
    assert [game([(0,)])[0] for game in games] == pytest.approx([TRUTH[1, 0]] * 3, abs=1e-5)
    assert to_shap(e, label=-1).values == pytest.approx(TRUTH[1, :3], abs=1e-5)
    trio = band_of(3)
    of_ridge = LimeAudioExplainer().explain_instance(bound_to(trio), model, labels=[-1])
    assert list(of_ridge.local_exp) == [1]
    assert to_shap(of_ridge, label=-1).values.tolist() == [dict(of_ridge.local_exp[1])[i] for i in range(3)]
    assert shapiq_game(of_ridge, label=-1)([(0,)])[0] == pytest.approx(TRUTH[1, 0], abs=1e-5)


def test_audiolimes_explanation_and_a_window_of_a_track_are_games_too() -> None:
    trio, model = band_of(3), tagger(linear, labels=["a", "b"], sr=SR, window_s=0.5)
    e = LimeAudioExplainer().explain_instance(
        bound_to(trio, segments=2), model, labels=["b", "a"], num_samples="exhaustive"
    )
    game = shapiq_game(e)
    assert game([("tone 0 0.00–0.50 s", "tone 0 0.50–1.00 s")])[0] == pytest.approx(TRUTH[1, 0], abs=1e-3)
    assert game([(0, 3)])[0] == game([("tone 0 0.00–0.50 s", "tone 0 0.50–1.00 s")])[0]
    silent = OracleFactorization({"rest": (np.concatenate([np.zeros(SR, np.float32), tone(200.0)[0]]), SR)})
    rest = explain_track(silent.mixture, model, factorization=silent, labels=["a"], cache=False).windows[0]
    with pytest.raises(UsageError, match="the window from 0 s on is silent"):
        shapiq_game(rest)
    track = explain_track(trio.mixture, model, factorization=trio, labels=["a"], cache=False)
    assert shapiq_game(track.windows[0], label=-1)([("tone 1",)])[0] == pytest.approx(TRUTH[1, 1], abs=1e-4)


def test_what_is_no_game_is_said() -> None:
    near = play(random_game(3, 2, seed=0), 3)
    for label in (2, -3):
        with pytest.raises(UsageError, match=f"the output {label} is unknown; give a number from 0 to 1"):
            shapiq_game(near, label=label)
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


@pytest.fixture(scope="module")
def several() -> dict[str, Any]:
    trio = OracleFactorization({f"tone {i}": (np.tile(tone(hz)[0], 3), SR) for i, hz in enumerate(HZ[:3])})
    model = tagger(linear, labels=["a", "b"], sr=SR, version="1")
    asked: dict[str, Any] = {"factorization": trio, "labels": ["b", "a"], "duration_s": 1.0}
    windowed = tagger(linear, labels=["a", "b"], sr=SR, version="1", window_s=1.0)
    return {
        "explanations": [explain(trio.mixture, model, start_s=start, **asked) for start in (0.0, 0.5, 2.0)],
        "track": explain_track(trio.mixture, windowed, factorization=trio, labels=["b", "a"], cache=False),
        "audiolime": [
            LimeAudioExplainer().explain_instance(
                bound_to(trio, start_s=start, duration_s=1.0), model, labels=["b", "a"]
            )
            for start in (0.0, 1.0, 2.0)
        ],
    }


@pytest.mark.parametrize("of", ["explanations", "track", "audiolime"])
@pytest.mark.parametrize("plot", ["heatmap", "violin", "beeswarm", "bar"])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::PendingDeprecationWarning")
def test_several_are_a_batch_that_shap_draws(
    several: dict[str, Any], of: str, plot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = require("matplotlib.pyplot", extra="shap")
    batch = to_shap(several[of], label="a")
    assert batch.values.shape == batch.data.shape == (3, 3)
    assert batch.base_values.shape == (3,)
    if of != "audiolime":  # whose ridge shrinks
        np.testing.assert_allclose(batch.values, np.tile(TRUTH[0, :3], (3, 1)), atol=1e-4)
    pyplot.figure()
    getattr(require("shap", extra="shap").plots, plot)(batch, show=False)
    written = " ".join(text.get_text() for axes in pyplot.gcf().axes for text in axes.get_yticklabels())
    pyplot.close("all")
    assert all(name in written for name in ("tone 0", "tone 1", "tone 2"))


@pytest.mark.parametrize("of", ["explanations", "track", "audiolime"])
def test_a_batch_of_all_labels_holds_those_of_each(several: dict[str, Any], of: str) -> None:
    batch = to_shap(several[of])
    assert batch.values.shape == (3, 3, 2)
    assert list(batch.output_names) == ["b", "a"]
    np.testing.assert_array_equal(batch[:, :, "a"].values, to_shap(several[of], label="a").values)


def test_a_window_of_a_track_is_a_row_of_it_with_numbers_for_labels(several: dict[str, Any]) -> None:
    track = several["track"]
    one = to_shap(track.windows[1], label=0)
    np.testing.assert_array_equal(one.values, to_shap(track, label="a").values[1])
    assert one.base_values == to_shap(track, label="a").base_values[1]
    assert list(to_shap(track.windows[1]).output_names) == ["0", "1"]


def test_one_of_audiolime_starts_at_its_intercept_and_what_was_not_selected_weighs_nothing(
    several: dict[str, Any],
) -> None:
    e = several["audiolime"][0]
    one = to_shap(e, label="a")
    assert one.base_values == e.intercept[0]
    assert one.base_values + one.values.sum() == pytest.approx(e.local_pred[0][0])
    np.testing.assert_array_equal(one.data, e.components.levels_db)
    few = LimeAudioExplainer().explain_instance(bound_to(band_of(3)), linear, labels=[0], num_features=1)
    assert np.flatnonzero(to_shap(few, label=0).values).tolist() == [0]
    foreign = LimeAudioExplainer().explain_instance(Rectangles(np.ones((9, 9)), 3, 1), lambda batch: batch[:, 0, :1])
    assert to_shap(foreign, label=0).data.tolist() == [1.0, 1.0, 1.0]


def test_what_is_no_batch_is_said(several: dict[str, Any], explained: tuple[Explanation, FunctionModel]) -> None:
    with pytest.raises(UsageError, match="there is no explanation to hand over"):
        to_shap([])
    with pytest.raises(UsageError, match="an explanation is needed"):
        to_shap(["song.mp3"])  # type: ignore[list-item]
    duo = band_of(2)
    other = explain(duo.mixture, explained[1], factorization=duo)
    with pytest.raises(UsageError, match="has the components tone 0, tone 1, tone 2, another tone 0, tone 1; a batch"):
        to_shap([explained[0], other], label="a")


@pytest.mark.parametrize(("package", "convert"), [("shap", to_shap), ("shapiq", shapiq_game)])
def test_a_missing_package_names_its_extra(
    explained: tuple[Explanation, FunctionModel], package: str, convert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingError, match=rf"pip install 'audiolime-ext\[{package}\]'"):
        convert(explained[0])


def test_binding_reads_what_load_audio_reads(ezer_ev: Path) -> None:
    assert bind("hpss", ezer_ev).audio.sha256 == load_audio(ezer_ev).sha256
