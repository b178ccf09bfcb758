"""Labels: what a model's outputs are called, and which of them are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.kind import numbers
from audiolime_ext.text import counted

_FEW = 3  # labels that a description names


def different_names(labels: Sequence[Any]) -> tuple[str, ...]:
    """Labels as text; `UsageError` unless they all differ, and can be written in a table."""
    names = (labels,) if isinstance(labels, str) else tuple(map(str, labels))
    must = "labels must be a list of different names, one for each output"
    if isinstance(labels, str) or not names:
        raise UsageError(f"{must}, not {labels!r}")
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        at = [str(i) for i, name in enumerate(names) if name == twice[0]]
        raise UsageError(f"{must}; outputs {' and '.join(at[:3])} are both called {twice[0]!r}")
    if odd := [name for name in names if not name.strip() or not name.isprintable()]:
        raise UsageError(f"{must}, of printable characters on one line; output {names.index(odd[0])} is {odd[0]!r}")
    return names


def label_names(model: Model, n_labels: int) -> tuple[str, ...]:
    """The model's labels, or numbers."""
    return tuple(model.labels) if model.labels is not None else tuple(map(str, range(n_labels)))


def described(model: Model) -> str:
    """A model in a few words: what it is called, what it answers, and what it hears.

    Examples
    --------
    >>> from audiolime_ext import load_model
    >>> load_model("musicnn:MTT_musicnn")
    <musicnn:MTT_musicnn: 50 labels (guitar, classical, slow, …), 16000 Hz, windows of 2.99 s>
    """
    named = model.spec or "model of a function"
    names = list(model.labels or ())
    shown = ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")
    answers = f"{counted(len(names), 'label')} ({shown})" if names else "outputs without labels"
    rate = "the recording's rate" if model.sr is None else f"{model.sr} Hz"
    heard = "any length" if model.window_s is None else f"windows of {model.window_s:.3g} s"
    return f"<{named}: {answers}, {rate}, {heard}>"


def label_indices(labels: Iterable[str | int], names: Sequence[str]) -> list[int]:
    """Positions of labels that are given by name (letter case forgiven where it is unambiguous) or by number.

    Raises
    ------
    UsageError
        If a label is unknown; the message suggests the nearest.

    Examples
    --------
    >>> label_indices(["Rock", 0], ["jazz", "rock"])
    [1, 0]
    """
    if not isinstance(labels, Iterable):
        raise UsageError(f"labels are names or numbers from 0, or a list of these, not {labels!r}")
    folded: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        folded.setdefault(name.lower(), []).append(index)
    found = []
    for label in labels:
        if isinstance(label, (int, np.integer)) and not isinstance(label, bool) and -len(names) <= label < len(names):
            found.append(int(label) % len(names))
        elif label in names:
            found.append(list(names).index(str(label)))
        elif len(folded.get(str(label).lower(), [])) == 1:
            found.append(folded[str(label).lower()][0])
        elif numbers(names):
            allowed = f"give numbers from 0 to {len(names) - 1}"
            raise UsageError(f"unknown label {str(label)!r}: the outputs have no names; {allowed}")
        else:
            raise unknown("label", str(label), names)
    return list(dict.fromkeys(found))
