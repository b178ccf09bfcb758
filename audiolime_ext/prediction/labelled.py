"""Answers that name their labels: dicts, and those of pipelines of Hugging Face's transformers.

For n signals these are

- ``{"rock": scores, "jazz": scores}``, each of shape (n,) or (n, 1); or one such dict of numbers per signal;
- ``[{"label": "rock", "score": 0.9}, …]`` per signal.

For a single signal the outer list, or the axis of the scores, may be left out. The columns follow the labels that the
model declares, never the order of an answer: pipelines put the highest first, so the order changes from signal to
signal. Where no labels are declared, the error says how to declare them.

Invariant: *an answer that lacks a label, or gives only the highest for several signals, is refused and not filled up.*
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UnfitModel

_FEW = 12  # labels that a message writes out
_PIPELINE = "transformers: pipe(list(batch), top_k=None), which answers every label and not the five highest"


def columns(answer: Any, labels: Sequence[str] | None, *, n_axes: int, who: str) -> NDArray[Any] | None:
    """The scores of an answer that names its labels, (n_signals, n_labels); None for any other answer.

    Parameters
    ----------
    answer : object
        Answer of a model, in any form.
    labels : sequence of str or None
        Names of the columns, in order; None: none are declared.
    n_axes : {1, 2}
        Number of axes of the model's answers: 1 if it was given one signal, 2 if several.
    who : str
        Name of what answered, for the message.

    Raises
    ------
    UnfitModel
        If no labels are declared, the answer lacks one of them, or names others for each signal.

    Examples
    --------
    >>> answer = [{"label": "rock", "score": 0.9}, {"label": "jazz", "score": 0.1}]
    >>> columns(answer, ["jazz", "rock"], n_axes=2, who="it")
    array([[0.1, 0.9]])
    >>> columns({"logits": np.ones((1, 2))}, ["jazz", "rock"], n_axes=2, who="it") is None
    True
    """
    found = _of_dict(answer, labels or (), n_axes) if isinstance(answer, Mapping) else _of_list(answer, who)
    if not found:
        return None
    if labels is None:
        raise UnfitModel(f"{who} names the labels in its answer; {_to_declare(answer, list(found), n_axes)}")
    if lacking := [label for label in labels if label not in found]:
        told = f"{', '.join(map(repr, list(found)[:_FEW]))}{', …' if len(found) > _FEW else ''}"
        raise UnfitModel(
            f"{who} answered no score for {' and '.join(map(repr, lacking[:3]))}, of labels=[…], but for {told}; "
            f"it must give each label for each signal{_or_output(answer) or f' ({_PIPELINE})'}"
        )
    return np.stack([found[label] for label in labels], axis=1)


def _of_dict(answer: Mapping[Any, Any], labels: Sequence[str], n_axes: int) -> dict[str, NDArray[Any]] | None:
    """Label → scores (n_signals,), if every value is such scores, or every label is there."""
    found = {str(key): scores for key, value in answer.items() if (scores := _scores(value)) is not None}
    if len(found) < len(answer) and not (labels and set(labels) <= set(found)):
        return None
    wanted = {label: found[label] for label in labels} if labels and set(labels) <= set(found) else found
    lengths = {len(scores) for scores in wanted.values()}
    return wanted if len(lengths) == 1 and (n_axes > 1 or lengths == {1}) else None


def _scores(value: Any) -> NDArray[Any] | None:
    """Numbers, one per signal."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        scores = np.asarray(value)
    except (TypeError, ValueError):
        return None
    one_each = scores.ndim < 2 or (scores.ndim == 2 and scores.shape[1] == 1)
    return scores.reshape(-1) if one_each and scores.dtype.kind in "biuf" else None


def _of_list(answer: Any, who: str) -> dict[str, NDArray[Any]] | None:
    if not isinstance(answer, (list, tuple)) or not answer:
        return None
    alone = _of_signal(answer, who)
    rows = [alone] if alone else [_of_signal(one, who) for one in answer]
    if not all(rows):
        return None
    names = [list(row) for row in rows if row]
    if other := next((name for name in names if set(name) != set(names[0])), None):
        apart = sorted(set(other) ^ set(names[0]))[0]
        raise UnfitModel(f"{who} answered {apart!r} for some signals and not for others; answer all ({_PIPELINE})")
    return {name: np.array([row[name] for row in rows if row]) for name in names[0]}


def _of_signal(one: Any, who: str) -> dict[str, Any] | None:
    """Label → score of one signal; None for anything else."""
    if isinstance(one, Mapping):
        scores = {str(key): _scores(value) for key, value in one.items()}
        named = {key: value[0] for key, value in scores.items() if value is not None and len(value) == 1}
        return named if len(named) == len(one) else None
    if not isinstance(one, (list, tuple)) or not one:
        return None
    if not all(isinstance(pair, Mapping) and {"label", "score"} <= set(pair) for pair in one):
        return None
    found = {str(pair["label"]): pair["score"] for pair in one}
    if len(found) < len(one):
        raise UnfitModel(f"{who} answered one label for each signal, not the scores of all; answer these ({_PIPELINE})")
    return found


def _to_declare(answer: Any, labels: list[str], n_axes: int) -> str:
    """How to make a model of a function that names its labels."""
    of_dicts = isinstance(answer, Mapping) or (isinstance(answer[0], Mapping) and "label" not in answer[0])
    if len(labels) <= _FEW:
        named = repr(sorted(labels))
    elif of_dicts:
        silence = f"np.zeros({'(1, 16000)' if n_axes > 1 else '16000'}, np.float32)"
        named = f"list(predict_fn({silence}){'' if isinstance(answer, Mapping) else '[0]'})"
    else:
        named = "list(pipe.model.config.id2label.values())"
    return (
        "say which, and in which order: from audiolime_ext import tagger; "
        f"model = tagger(predict_fn, labels={named}); then explain with model, on the command line -t module:model"
        f"{_or_output(answer) if of_dicts else f' ({_PIPELINE})'}"
    )


def _or_output(answer: Any) -> str:
    """The advice for a dict whose keys are outputs, not labels."""
    key = next(iter(answer), None) if isinstance(answer, Mapping) else None
    return "" if key is None else f"; if {key!r} is no label but an output that holds them: tagger(…, output={key!r})"
