"""Explanations as shap knows them: components are the features.

One explanation is a batch of one; several, or the windows of a track, are a batch that shap's beeswarm, heatmap and
violin can draw. What shap takes for granted, that base value and values add up to the score, is checked.

Reference: Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.compat.audio_explanation import AudioExplanation
from audiolime_ext.compat.binding import BoundFactorization
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.extras import require
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.track.explanation import TrackExplanation
from audiolime_ext.track.window import Window

Array = NDArray[np.float64]
Explained = Explanation | AudioExplanation | TrackExplanation | Window


@dataclass(frozen=True, eq=False)
class _Rows:
    """What shap is given of one explanation, a row for each excerpt."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: Array  # (n_rows, n_components, n_labels)
    base: Array  # (n_rows, n_labels)
    data: Array  # (n_rows, n_components)


def to_shap(explanation: Explained | Iterable[Explained], *, label: str | int | None = None) -> Any:
    """The weights as a ``shap.Explanation``, for shap's plots (needs the extra ``shap``).

    Parameters
    ----------
    explanation : Explanation, AudioExplanation, TrackExplanation, Window or a list of them
        Explanation by Shapley values or by a linear surrogate: `base_values` (the score of silence, or the intercept)
        and the values add up to the score, or to the surrogate's score. A track gives a row for each window that
        sounds; a window by itself numbers its labels. Several must have the same components and labels.
    label : str, int or None
        Label, or the number of an output (negative: from the last one), for plots of a single output; None: all labels
        asked for.

    Returns
    -------
    shap.Explanation
        Values of shape (n_components,) for one explanation and one label, such as ``shap.plots.waterfall`` draws;
        (n_rows, n_components) for several, or a track, and one label, for ``beeswarm``, ``heatmap`` and ``violin``,
        which compare rows; else (n_rows, n_components, n_labels). `data` holds the components' levels in dB relative
        to the mixture (1 for those of a factorization that was written for audioLIME).

    Raises
    ------
    UsageError
        If the weights do not add up, as Banzhaf values do not: shap's plots would show a wrong score. If several
        explanations differ in their components or labels, or there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain, tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"])
    >>> e = explain(oracle.mixture, peak, factorization=oracle)
    >>> to_shap(e, label="peak").values.round(2)
    array([1. , 0.1])
    >>> to_shap([e, e], label="peak").values.shape
    (2, 2)
    """
    shap = require("shap", extra="shap")
    single = isinstance(explanation, (Explanation, AudioExplanation, Window))
    several = [explanation] if isinstance(explanation, Explained) else list(explanation)
    found = _joined([_rows(each, label) for each in several])
    batch = shap.Explanation(  # a batch of one: for a single one shap mixes up the names where n_components = n_labels
        values=found.values,
        base_values=found.base,
        data=found.data,
        feature_names=list(found.names),
        output_names=list(found.labels),
    )
    if label is None:
        return batch
    return batch[0, :, 0] if single else batch[:, :, 0]


def _joined(each: Sequence[_Rows]) -> _Rows:
    if not each:
        raise UsageError("there is no explanation to hand over; give at least one")
    first = each[0]
    for other in each[1:]:
        pairs = {"components": (first.names, other.names), "labels": (first.labels, other.labels)}
        for what, (mine, theirs) in pairs.items():
            if mine != theirs:
                raise UsageError(
                    f"one explanation has the {what} {', '.join(mine)}, another {', '.join(theirs)}; a batch needs the "
                    "same: explain with one factorization and without segments, and give label="
                )
    rows = ([getattr(one, part) for one in each] for part in ("values", "base", "data"))
    return _Rows(first.names, first.labels, *map(np.concatenate, rows))


def _rows(explanation: Explained, label: str | int | None) -> _Rows:
    if isinstance(explanation, AudioExplanation):
        return _of_audiolime(explanation, label)
    if isinstance(explanation, TrackExplanation):
        return _of_track(explanation, label)
    if isinstance(explanation, Window):
        labels = tuple(map(str, range(len(explanation.attribution.weights))))
        columns = list(range(len(labels))) if label is None else label_indices([label], labels)
        return _of_one(explanation, columns, labels, explanation.levels_db)
    if isinstance(explanation, Explanation):
        return _of_one(
            explanation, _asked(explanation, label), explanation.all_labels, explanation.components.levels_db
        )
    raise UsageError(
        f"an explanation is needed (of explain, explain_track or explain_instance), or several; got {explanation!r}"
    )


def _of_one(one: Explanation | Window, columns: list[int], labels: Sequence[str], levels_db: Sequence[float]) -> _Rows:
    """The row of one excerpt; where its weights do not add up to its values, shap would show a wrong score."""
    found, near = one.attribution, one.neighborhood
    weights, base = found.weights[columns], near.empty[columns]
    if found.intercept is not None:
        base = found.intercept[columns]
    elif not np.allclose(base + weights.sum(axis=1), near.full[columns], atol=1e-6):
        raise UsageError(
            f"{found.method} weights do not add up to the score, which shap takes for granted; "
            "explain with method='shapley' or 'lime'"
        )
    return _Rows(one.names, tuple(labels[i] for i in columns), weights.T[None], base[None], np.array([levels_db]))


def _of_track(track: TrackExplanation, label: str | int | None) -> _Rows:
    """A row for each window that sounds; a component that one lacks weighs nothing in it."""
    columns = _asked(track, label)
    sounding = [window for window in track.windows if not window.silent]
    rows = [_of_one(window, columns, track.all_labels, window.levels_db) for window in sounding]
    values = track.all_weights[track.sounds][:, columns].transpose(0, 2, 1)
    base = np.concatenate([row.base for row in rows])
    return _Rows(track.names, rows[0].labels, values, base, track.levels_db[track.sounds])


def _of_audiolime(explanation: AudioExplanation, label: str | int | None) -> _Rows:
    columns = list(explanation.local_exp) if label is None else [explanation.column(label)]
    values = np.zeros((1, len(explanation.names), len(columns)))
    for at, column in enumerate(columns):
        for component, weight in explanation.local_exp[column]:
            values[0, component, at] = weight
    base = np.array([[explanation.intercept[column] for column in columns]])
    bound = isinstance(explanation.factorization, BoundFactorization)
    data = explanation.components.levels_db if bound else np.ones(len(explanation.names))
    labels = tuple(explanation.all_labels[column] for column in columns)
    return _Rows(explanation.names, labels, values, base, np.array([data]))


def _asked(explanation: Explanation | TrackExplanation, label: str | int | None) -> list[int]:
    return [explanation.column(one) for one in (explanation.labels if label is None else (label,))]
