"""A fitted estimator of scikit-learn: ``tagger(clf, sr=22050, front_end=features)``.

``front_end`` makes of float32 signals (n_batch, n_samples) what the estimator was fitted to, (n_batch, n_features); of
one signal, (n_features,), with ``one_at_a_time=True``. A pipeline that was fitted to the signals themselves needs none.

The scores are its probabilities (``predict_proba``). A classifier without is asked for its decision values
(``decision_function``), which are no probabilities, and results say so; of two classes these are −d and d. A regressor
answers what it predicts. A classifier of either kind names its labels (``classes_``): given ``labels`` of the same
names bring the scores into their order, others take the place of the names, in the order of ``classes_``.

*The fingerprint changes with what was learnt, with every option and, as far as noise shows it, the front end.*
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UnfitModel, UsageError
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.labels import different_names
from audiolime_ext.prediction.outputs import Answerer
from audiolime_ext.text import counted

_SAMPLES = 1000  # features from which on they may be samples
_DECISIONS = (
    "the scores are decision values, not probabilities: the classifier has no predict_proba (in scikit-learn, "
    "CalibratedClassifierCV gives it one)"
)


def meet(model: FunctionModel) -> FunctionModel:
    """The model of an estimator; `model.predict_fn` is that, the other fields are what the user said.

    Raises
    ------
    UsageError
        If it is not fitted, was fitted to features and no front end makes them, or answers no scores.
    """
    estimator, by = model.predict_fn, Answerer(f"the {type(model.predict_fn).__name__}", "clf", "batch")
    method = _method(estimator, by)
    _require_features(model, estimator, by)
    names = _classes(estimator) if method != "predict" else None
    order, labels = _ordered(names, model.labels)
    return replace(
        model,
        predict_fn=_Asked(estimator, method, by, order),
        labels=labels,
        answerer=by,
        state=lambda: _state(estimator),
        notes=(_DECISIONS,) if method == "decision_function" else (),
    )


class _Asked:
    """The predict function of an estimator."""

    def __init__(self, estimator: Any, method: str, by: Answerer, order: Sequence[int] | None) -> None:
        self.estimator, self.method, self.by, self.order = estimator, method, by, order
        self.__name__ = type(estimator).__name__

    def __call__(self, given: Any) -> NDArray[Any]:
        features = np.asarray(given)
        features = features[None] if features.ndim == 1 else features
        self._require(features)
        answer = _table(getattr(self.estimator, self.method)(features), self.method, self.by)
        return answer if self.order is None else answer[:, self.order]

    def _require(self, features: NDArray[Any]) -> None:
        n = getattr(self.estimator, "n_features_in_", None)
        if features.ndim == 2 and n in (None, features.shape[1]):
            return
        was = "what it was fitted to" if n is None else f"{counted(n, 'feature')} for each signal, (n_batch, {n})"
        raise UnfitModel(
            f"{self.by.who} was given an array of shape {features.shape} and takes {was}: front_end= must make that of "
            f"float32 signals (n_batch, n_samples):{self.by.made('front_end=features')}"
        )


def _method(estimator: Any, by: Answerer) -> str:
    """The method that answers scores."""
    from sklearn.base import is_regressor
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise UsageError(f"{by.who} is not fitted; fit it first: clf.fit(features, classes):{_lines(by)}") from error
    classifies = hasattr(estimator, "classes_")
    for method in ("predict_proba", "decision_function"):
        if hasattr(estimator, method):
            return method
    if hasattr(estimator, "predict") and not classifies and is_regressor(estimator):
        return "predict"
    answers = "the class alone" if classifies else "no scores"
    raise UsageError(
        f"{by.who} answers {answers}: it has neither predict_proba nor decision_function, and is no regressor; give a "
        f"function that answers numbers:{by.mended().replace('clf(batch)', 'clf.transform(features(batch))')}"
    )


def _lines(by: Answerer) -> str:
    return by.made("front_end=features")


def _require_features(model: FunctionModel, estimator: Any, by: Answerer) -> None:
    n = getattr(estimator, "n_features_in_", None)
    heard = None if model.sr is None or model.window_s is None else round(model.sr * model.window_s)
    if model.front_end is None and n not in (None, heard):
        n_told = counted(n, "feature")
        windows = f"; if these are the samples of a window: window_s={n} / 16000" if n >= _SAMPLES else ""
        raise UsageError(
            f"{by.who} was fitted to {n_told}, and is given waveforms{windows}; say how features are made of float32 "
            f"signals (n_batch, n_samples), the same way as for fit:{_lines(by)}"
        )


def _classes(estimator: Any) -> tuple[str, ...] | None:
    """Names of the columns; None where there are none, or a list of them for each of several outputs."""
    classes = getattr(estimator, "classes_", None)
    if classes is None or isinstance(classes, list) or np.ndim(classes) != 1:
        return None
    return different_names([str(one) for one in classes])


def _ordered(
    names: tuple[str, ...] | None, labels: Sequence[str] | None
) -> tuple[list[int] | None, Sequence[str] | None]:
    """The order in which columns are answered, and what they are called."""
    if names is None or labels is None:
        return None, labels or names
    if set(labels) == set(names):
        return [names.index(label) for label in labels], labels
    return None, labels


def _table(answer: Any, method: str, by: Answerer) -> NDArray[Any]:
    """Scores (n_batch, n_labels): of one value per signal a column, of two classes' decision values two."""
    if isinstance(answer, list):
        if any(np.shape(one)[1:] != (2,) for one in answer):
            raise UnfitModel(f"{by.who} answers several classes for each of several outputs; give a function of one")
        return np.asarray(np.stack([one[:, 1] for one in answer], axis=1))  # of each output, that it is there
    if np.ndim(answer) != 1:
        return np.asarray(answer)
    return np.asarray(np.stack([-answer, answer], axis=1) if method == "decision_function" else answer[:, None])


def _state(estimator: Any) -> str:
    return str(import_module("joblib").hash(estimator, hash_name="sha1"))  # scikit-learn brings it
