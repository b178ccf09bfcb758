"""Estimators of scikit-learn that are at hand, against what they answer when they are called by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from audiolime_ext import explain, explain_track, tag, tagger
from audiolime_ext.cache import identity
from audiolime_ext.errors import ModelError, UsageError
from tests.shown_lines import run_shown

SR = 8000
RNG = np.random.default_rng(0)
SONG = (RNG.normal(0, 0.1, 2 * SR).astype(np.float32), SR)
BATCH = RNG.normal(0, 0.1, (4, SR)).astype(np.float32)
SOUNDS = (RNG.normal(0, 0.1, (30, SR)) * np.linspace(0.1, 2, 30)[:, None]).astype(np.float32)
CLASSES = np.array(["soft", "loud", "middle"])[np.repeat([0, 2, 1], 10)]


def features(batch: np.ndarray) -> np.ndarray:
    """Level, peak and change, in dB."""
    parts = np.abs(batch).mean(-1), np.abs(batch).max(-1), np.abs(np.diff(batch)).mean(-1)
    return 20 * np.log10(np.stack(parts, axis=-1) + 1e-6)


X = features(SOUNDS)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=5000),
        RandomForestClassifier(10, random_state=0),
        make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
        SVC(kernel="linear"),
        RidgeClassifier(),
    ],
)
def test_scores_are_probabilities_or_decision_values_said_to_be_none_under_the_names_of_classes(estimator: Any) -> None:
    fitted = clone(estimator).fit(X, CLASSES)
    model = tagger(fitted, sr=SR, front_end=features)
    decides = not hasattr(fitted, "predict_proba")
    by_hand = (fitted.decision_function if decides else fitted.predict_proba)(features(BATCH))
    np.testing.assert_array_equal(model(BATCH), by_hand)
    assert model.labels == ("loud", "middle", "soft")
    notes = explain(SONG, model, factorization="hpss").notes
    assert any("decision values, not probabilities" in note for note in notes) is decides
    assert any("decision values" in note for note in tag(SONG, model).notes) is decides
    assert any("decision values" in n for n in explain_track(SONG, model, factorization="hpss").notes) is decides


def test_labels_of_the_same_names_reorder_the_scores_and_others_rename_them() -> None:
    fitted = LogisticRegression(max_iter=5000).fit(X, CLASSES)
    by_name = tagger(fitted, sr=SR, front_end=features, labels=["soft", "middle", "loud"])
    renamed = tagger(fitted, sr=SR, front_end=features, labels=["l", "m", "s"])
    expected = fitted.predict_proba(features(BATCH))
    np.testing.assert_array_equal(by_name(BATCH), expected[:, ::-1])
    np.testing.assert_array_equal(renamed(BATCH), expected)


def test_decision_values_of_two_classes_are_one_number_and_its_opposite() -> None:
    two = np.where(CLASSES == "loud", "loud", "soft")
    fitted = SVC(kernel="linear").fit(X, two)
    answer = fitted.decision_function(features(BATCH))
    np.testing.assert_array_equal(tagger(fitted, front_end=features)(BATCH), np.stack([-answer, answer], axis=1))


def test_a_regressor_answers_what_it_predicts() -> None:
    energy = np.linspace(0, 1, 30)
    fitted = Ridge().fit(X, energy)
    model = tagger(fitted, sr=SR, front_end=features, labels=["energy"])
    np.testing.assert_array_equal(model(BATCH), fitted.predict(features(BATCH))[:, None])
    both = Ridge().fit(X, np.stack([energy, 1 - energy], axis=1))
    np.testing.assert_array_equal(tagger(both, front_end=features)(BATCH), both.predict(features(BATCH)))


def test_several_labels_at_once_are_the_probabilities_that_each_is_there() -> None:
    many = np.stack([CLASSES == "loud", CLASSES != "soft"], axis=1).astype(int)
    forest = RandomForestClassifier(10, random_state=0).fit(X, many)
    expected = np.stack([one[:, 1] for one in forest.predict_proba(features(BATCH))], axis=1)
    model = tagger(forest, sr=SR, front_end=features, labels=["loud", "audible"])
    np.testing.assert_array_equal(model(BATCH), expected)
    one_each = OneVsRestClassifier(LogisticRegression(max_iter=5000)).fit(X, many)
    np.testing.assert_array_equal(tagger(one_each, front_end=features)(BATCH), one_each.predict_proba(features(BATCH)))


def test_features_may_be_made_of_one_signal_at_a_time() -> None:
    fitted = LogisticRegression(max_iter=5000).fit(X, CLASSES)
    model = tagger(fitted, sr=SR, front_end=features, one_at_a_time=True)
    np.testing.assert_allclose(model(BATCH), fitted.predict_proba(features(BATCH)), atol=1e-6)


def test_a_pipeline_that_was_fitted_to_the_sound_itself_needs_no_front_end() -> None:
    fitted = make_pipeline(FunctionTransformer(features), LogisticRegression(max_iter=5000)).fit(SOUNDS, CLASSES)
    np.testing.assert_array_equal(tagger(fitted, sr=SR, window_s=1.0)(BATCH), fitted.predict_proba(BATCH))
    waves = LogisticRegression(max_iter=5000).fit(SOUNDS, CLASSES)
    np.testing.assert_array_equal(tagger(waves, sr=SR, window_s=1.0)(BATCH), waves.predict_proba(BATCH))
    with pytest.raises(UsageError, match=r"was fitted to 8000 features.*samples of a window: window_s=8000 / 16000"):
        tagger(waves, sr=SR)


def test_without_a_front_end_it_is_asked_for_and_the_lines_shown_work() -> None:
    fitted = LogisticRegression(max_iter=5000).fit(X, CLASSES)
    with pytest.raises(UsageError, match=r"LogisticRegression was fitted to 3 features, and is given waveforms") as e:
        explain(SONG, fitted, factorization="hpss")
    put = {"[…]": str(["soft", "middle", "loud"]), "sr=16000": f"sr={SR}"}
    found = run_shown(e.value, SONG, {"clf": fitted, "features": features}, put)
    assert set(found.all_labels) == set(CLASSES)


def test_other_features_than_those_of_the_fit_are_told() -> None:
    fitted = LogisticRegression(max_iter=5000).fit(X, CLASSES)
    with pytest.raises(ModelError, match=r"given an array of shape \(4, 2\) and takes 3 features for each signal"):
        tagger(fitted, sr=SR, front_end=lambda batch: features(batch)[:, :2])(BATCH)


@pytest.mark.parametrize(
    ("estimator", "complaint"),
    [
        (LogisticRegression(max_iter=5000), r"the LogisticRegression is not fitted; fit it first: clf\.fit"),
        (KMeans(2, n_init=1, random_state=0).fit(X), "the KMeans answers no scores: it has neither predict_proba nor"),
        (StandardScaler().fit(X), "the StandardScaler answers no scores"),
    ],
)
def test_what_answers_no_scores_is_refused(estimator: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        tagger(estimator, sr=SR, front_end=features)


def test_the_fingerprint_follows_what_was_learnt_and_answers_are_not_kept_for_a_function_of_features() -> None:
    fitted = [Perceptron(max_iter=5, tol=None, random_state=0).fit(X * scale, CLASSES) for scale in (1, 1, 1.01)]
    found = [tagger(one, sr=SR, front_end=features).fingerprint for one in fitted]
    assert found[0] == found[1] != found[2]
    assert identity(tagger(fitted[0], sr=SR, front_end=features)) is None
    assert identity(tagger(fitted[0], sr=SR, front_end=features, version="1")) is not None
