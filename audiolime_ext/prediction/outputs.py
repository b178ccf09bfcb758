"""Answers of models: which of several outputs is meant, and whether it is a prediction.

A prediction is an array of real, finite numbers with one row per signal and one column per label. Models often answer
more: a dict, a named tuple, or a tuple or list of arrays. These count as several outputs, even if there is only one,
and ``output=`` names that of the scores: by key, or by position from 0. A list of arrays with one axis is the rows of
one output. Answers that name their labels are one output, too; see `audiolime_ext.prediction.labelled`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import ModelError, UnfitModel
from audiolime_ext.prediction.example import three_lines
from audiolime_ext.prediction.labelled import columns
from audiolime_ext.text import counted


@dataclass(frozen=True)
class Answerer:
    """Words for what answers.

    Parameters
    ----------
    who : str
        Words for it.
    arg : str
        Name that it has in lines of code.
    given : str
        Expression of what it is given there, of a NumPy array that is called ``batch``.

    Examples
    --------
    >>> print(Answerer("the network CRNN", "net").how.format("logits"))
    <BLANKLINE>
        from audiolime_ext import explain, tagger
        model = tagger(net, sr=16000, labels=[…], output='logits')
        explain("song.wav", model)
    """

    who: str = "the predict function"
    arg: str = "predict_fn"
    given: str = "batch"

    def made(self, *options: str) -> str:
        """Three lines that make a model of it."""
        return three_lines(f"tagger({', '.join([self.arg, 'sr=16000', 'labels=[…]', *options])})")

    def mended(self, end: str = "", given: str | None = None) -> str:
        """Three lines that make a model of a function of it: given something else, or with an end to its answer."""
        return three_lines(f"tagger(lambda batch: {self.arg}({given or self.given}){end}, sr=16000, labels=[…])")

    @property
    def how(self) -> str:
        """How to choose an output, with a place for its name."""
        return self.made("output={!r}")


def as_array(answer: Any) -> NDArray[Any]:
    """What NumPy makes of an answer, such as a PyTorch tensor with a gradient or in a precision that NumPy lacks."""
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
        if str(getattr(answer, "dtype", "")) == "torch.bfloat16":
            answer = answer.float()
    return np.asarray(answer)


def chosen(
    answer: Any,
    output: str | int | None = None,
    *,
    labels: Sequence[str] | None = None,
    n_axes: int = 2,
    who: str = Answerer.who,
    how: str = Answerer().how,
) -> NDArray[Any]:
    """The output that holds the scores, as numbers.

    Parameters
    ----------
    answer : object
        Answer of a model, in any form.
    output : str, int or None
        Key or position of the output that is meant; None: there is one.
    labels : sequence of str or None
        Names of the columns of an answer that names its labels, see `audiolime_ext.prediction.labelled`; None: none
        are declared.
    n_axes : {1, 2}
        Number of axes from which on the arrays of a list are outputs, not rows of one.
    who, how : str
        Name of what answered, and the way to choose an output, for the message.

    Raises
    ------
    UnfitModel
        If one of several outputs must be chosen, there is none of that name, or it holds no numbers.

    Examples
    --------
    >>> chosen({"logits": np.ones((1, 2)), "embedding": np.zeros((1, 8))}, "logits")
    array([[1., 1.]])
    """
    if output is None and (named := columns(answer, labels, n_axes=n_axes, who=who)) is not None:
        return _numbers(named, who)
    part = picked(answer, output, n_axes=n_axes, who=who, how=how)
    if output is None:
        return _numbers(part, who)
    who = f"output {output!r} of {who}"
    named = columns(part, labels, n_axes=n_axes, who=who)
    return _numbers(part if named is None else named, who)


def picked(
    answer: Any, output: str | int | None = None, *, n_axes: int = 2, who: str = Answerer.who, how: str = Answerer().how
) -> Any:
    """The output that holds the scores, as it was answered: a tensor stays one that can be differentiated.

    Parameters
    ----------
    answer : object
        Answer of a model, in any form but one that names its labels.
    output, n_axes, who, how : str, int or None
        Arguments as for `chosen`.

    Raises
    ------
    UnfitModel
        If one of several outputs must be chosen, or there is none of that name.
    """
    found = _several(answer, n_axes)
    if found is None:
        if output is not None:
            raise UnfitModel(f"{who} answered {_told(answer)}, one output: leave out output={output!r}")
        return answer
    if output is None:
        example = next((key for key, one in found.items() if len(np.shape(one)) == n_axes), next(iter(found), 0))
        hint = " (of logits, activation softmax or sigmoid makes probabilities)" if "logit" in str(example) else ""
        asked = f"say which are the scores{hint}"
        raise UnfitModel(f"{who} answered {_listed(answer, found)}; {asked}:{how.format(example)}")
    key = key_of(list(found), output)
    if key is None:
        asked = "give a name of these, or a position from 0"
        raise UnfitModel(f"{who} has no output {output!r}; it answered {_listed(answer, found)}; {asked}")
    return found[key]


def key_of(keys: Sequence[Any], output: str | int) -> Any | None:
    """The key that is meant, by its name or else by its position from 0; None: there is no such key.

    Examples
    --------
    >>> key_of(["logits", "embedding"], "1"), key_of(["7", "8"], 7), key_of(["logits"], "scores")
    ('embedding', '7', None)
    """
    named = [key for key in keys if str(key) == str(output)]
    if not named and str(output).isdecimal() and int(output) < len(keys):
        return keys[int(output)]
    return named[0] if named else None


def _several(answer: Any, n_axes: int) -> Mapping[Any, Any] | None:
    """Outputs by name or position; None where the answer is a single output."""
    if isinstance(answer, Mapping):
        return answer
    if isinstance(answer, tuple) and hasattr(answer, "_asdict"):
        return dict(answer._asdict())
    if not isinstance(answer, (tuple, list)):
        return None
    least = 1 if isinstance(answer, tuple) else n_axes
    arrays = any(hasattr(one, "shape") and len(one.shape) >= least for one in answer)
    return dict(enumerate(answer)) if arrays or any(isinstance(one, Mapping) for one in answer) else None


def _told(one: Any) -> str:
    """An answer as a message describes it: its type and shape."""
    if hasattr(one, "shape"):
        return f"an array of shape {tuple(map(int, one.shape))}"
    return f"a {type(one).__name__}" + (f" of {len(one)}" if isinstance(one, (tuple, list, Mapping)) else "")


def _listed(answer: Any, found: Mapping[Any, Any]) -> str:
    inside = [f"{key!r} ({_told(one)})" for key, one in list(found.items())[:8]]
    rest = f", and {len(found) - 8} more" if len(found) > 8 else ""
    return f"a {type(answer).__name__} of {counted(len(found), 'output')}: {', '.join(inside)}{rest}"


def _numbers(answer: Any, who: str) -> NDArray[Any]:
    """An answer as an array of real numbers."""
    must = "it must answer real numbers, one row per signal and one column per label"
    try:
        values = as_array(answer)
    except ValueError as error:  # lists of different lengths
        raise UnfitModel(f"{who} answered {_told(answer)} that is no array ({error}); {must}") from error
    if values.dtype == object and values.ndim == 0:
        raise UnfitModel(f"{who} answered {_told(answer)}, which is no array; {must}")
    if np.issubdtype(values.dtype, np.number) and not np.iscomplexobj(values):
        return values
    if values.dtype == bool:
        raise UnfitModel(f"{who} answered bool values; {must}: the scores before they were compared with a threshold")
    if values.dtype.kind in "US":
        raise UnfitModel(f"{who} answered text, such as {values.flat[0]!s:.40}; {must}, and labels=[…] names these")
    raise UnfitModel(f"{who} answered {values.dtype} values; {must}")


def joined(answers: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Answers one below the other, (n_rows, n_outputs).

    Raises
    ------
    UnfitModel
        If their numbers of columns differ: a model whose outputs change cannot be explained.

    Examples
    --------
    >>> joined([np.zeros((2, 3)), np.zeros((1, 3))]).shape
    (3, 3)
    """
    require_one_width(*(answer.shape[1] for answer in answers))
    return np.concatenate(answers)


def require_one_width(*widths: int) -> None:
    """Raise `UnfitModel` if a model's answers have different numbers of columns; they may be from different batches."""
    if len(found := sorted(set(widths))) > 1:
        told = " and ".join(map(str, found[:3]))
        raise UnfitModel(
            f"the predict function answered {told} columns for different batches; it must always answer the same labels"
        )


def require_scores(
    scores: NDArray[Any], given: tuple[int, ...], labels: Sequence[str] | None, by: Answerer | None = None
) -> NDArray[np.float64]:
    """The scores of a batch of shape `given`, as float64; `by` is what answered.

    Raises
    ------
    UnfitModel
        If they are of the wrong shape.
    ModelError
        If they are NaN or infinite, which may be due to the signals.

    Examples
    --------
    >>> require_scores(np.ones((2, 1), np.float16), (2, 16000), ["rock"]).dtype
    dtype('float64')
    """
    n, n_labels, by = given[0], None if labels is None else len(labels), by or Answerer()
    if scores.ndim != 2 or len(scores) != n or scores.shape[1] != (n_labels or max(scores.shape[1], 1)):
        raise UnfitModel(
            f"{by.who} answered an array of shape {scores.shape} when given a batch of shape {given}; "
            f"it must answer ({n}, {'n_labels' if n_labels is None else n_labels}), one row per signal and one column "
            f"per label{_advice(scores, n, n_labels, by)}"
        )
    finite = np.isfinite(scores)
    if not finite.all():
        row, column = (int(axis[0]) for axis in np.nonzero(~finite))
        raise ModelError(
            f"{by.who} answered {scores[row, column]} for label number {column} of signal {row} in a batch "
            f"of shape {given}; scores must be finite (if only silence does this, explain with baseline='floor': "
            "noise at −80 dBFS)"
        )
    return scores.astype(np.float64)


def _advice(scores: NDArray[Any], n: int, n_labels: int | None, by: Answerer) -> str:
    """What may cause a wrong shape, and what to do about it."""
    if scores.ndim == 1 and np.issubdtype(scores.dtype, np.integer):
        return ": the scores themselves, and not the number of the highest (argmax)"
    if scores.ndim == 1 and len(scores) == n:
        return f"; if this is the score of one label, answer scores[:, None]:{by.mended('[:, None]')}"
    if scores.ndim == 1 or (scores.ndim == 2 and len(scores) == 1 != n):
        return f"; if it hears one signal at a time, say so:{by.made('one_at_a_time=True')}"
    if scores.ndim == 3 and len(scores) == n:
        return f"; if these are scores of frames, answer their mean over the axis of time:{by.mended('.mean(1)')}"
    if scores.ndim == 2 and len(scores) == n and n_labels is not None:
        return f"; labels=[…] names {n_labels} and must name as many as it answers columns: {scores.shape[1]}"
    return ""
