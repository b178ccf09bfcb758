"""What is explained: a function of the model's outputs.

The model's answer to each mask (averaged over the excerpt's windows) becomes one number per label: its score, its
log-odds, the contrast of two labels ("why rock and not pop"), or whatever a function makes of the output vector, for
regressors and embeddings. Attribution methods see only these numbers.

Methods that follow gradients ask more: how a value changes with each output, `Target.cotangent`. Scores, log-odds,
contrasts and similarities (`audiolime_ext.prediction.similarity`) say so in closed form. A function of the user's does
not, and is explained by `explain`, which needs values only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import ModelError, UnfitModel, UsageError, unknown
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.kind import NEAR, NEAR_LOG_ODDS, ROUNDING, numbers
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.text import counted

LOG_ODDS_LIMIT = 6.0

TargetFn = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Derivative = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
TargetSpec = str | Sequence[str | int] | TargetFn


@dataclass(frozen=True)
class Target:
    """A target made for one model.

    Parameters
    ----------
    name : str
        Name: ``"score"``, ``"log-odds"``, ``"rock − pop"``, or a function's own.
    labels : tuple of str or None
        Names of its values: the model's labels, or the one thing that is explained; None: they are numbered.
    apply : callable
        Function from outputs (n_masks, n_outputs) to values (n_masks, n_labels).
    contrast : (str, str) or None
        Labels of a contrast, the first above the second; None: it is no contrast.
    keeps_labels : bool
        True if there is one value for each of the model's labels.
    derivative : callable or None
        Function from outputs (n_masks, n_outputs) and the number of a value to its derivative by each output, (n_masks,
        n_outputs); None: it has none, as a function of the user's.
    near : float
        Difference below which two values are the same, in the target's own unit: there is nothing to explain.
    limit : float or None
        Limit at which values are clipped, ±`limit`, and where the derivative is 0; None: they are not.
    unclipped : callable or None
        Function as `apply`, of the same order, whose values are not clipped: for ranks; None: `apply` itself.
    """

    name: str
    labels: tuple[str, ...] | None
    apply: TargetFn
    contrast: tuple[str, str] | None = None
    keeps_labels: bool = False
    derivative: Derivative | None = None
    near: float = NEAR
    limit: float | None = None
    unclipped: TargetFn | None = None

    @property
    def spec(self) -> str:
        """What results state; the name of a function ends in (), since one that is called ``score`` is no score."""
        return f"{self.name}()" if self.labels is None else self.name

    def cotangent(self, outputs: Scores, column: int = 0) -> Scores:
        """How one of its values changes with each output: what a gradient by the model's input starts from.

        Parameters
        ----------
        outputs : ndarray of float64, shape (n_masks, n_outputs)
            Outputs of the model.
        column : int
            Number of the value among those that `apply` answers.

        Returns
        -------
        Shape (n_masks, n_outputs), float64.

        Raises
        ------
        UsageError
            If the target has no derivative.

        Examples
        --------
        >>> make_target(["rock", "pop"], ["pop", "rock"]).cotangent(np.array([[0.25, 0.75]]))
        array([[-1.,  1.]])
        """
        if self.derivative is None:
            raise UsageError(
                f"the target {self.spec} is a function of the outputs, whose derivative nothing states; methods that "
                "follow gradients take 'score', 'log-odds', a pair of labels, or a similarity "
                "(audiolime_ext.prediction.similarity). explain() takes any function"
            )
        return self.derivative(outputs, column)

    def ranking(self, outputs: Scores) -> Scores:
        """Values by which answers are ranked: of clipped ones, what they were before; (n_masks, n_labels).

        Examples
        --------
        >>> odds = make_target("log-odds", ["rock"])
        >>> low = np.array([[0.0001], [0.001]])
        >>> odds.apply(low).ravel().tolist(), odds.ranking(low).ravel().tolist()
        ([-6.0, -6.0], [0.0001, 0.001])
        """
        return (self.unclipped or self.apply)(outputs)

    def only(self, column: int) -> Target:
        """One of its values as a target of its own.

        Examples
        --------
        >>> rock = make_target("score", ["pop", "rock"]).only(1)
        >>> rock.labels, rock.apply(np.array([[0.25, 0.75]])), rock.cotangent(np.array([[0.25, 0.75]]))
        (('rock',), array([[0.75]]), array([[0., 1.]]))
        """
        derivative, unclipped = self.derivative, self.unclipped
        return replace(
            self,
            labels=None if self.labels is None else (self.labels[column],),
            apply=lambda outputs: self.apply(outputs)[:, column, None],
            keeps_labels=False,
            derivative=None if derivative is None else lambda outputs, _: derivative(outputs, column),
            unclipped=None if unclipped is None else lambda outputs: unclipped(outputs)[:, column, None],
        )

    def less(self, other: Target, name: str) -> Target:
        """How far this value is above another; both are targets of one value (`only`).

        Examples
        --------
        >>> score = make_target("score", ["pop", "rock"])
        >>> score.only(1).less(score.only(0), "rock − pop").apply(np.array([[0.25, 0.75]]))
        array([[0.5]])
        """
        own, its = self.derivative, other.derivative
        return Target(
            name,
            (name,),
            lambda outputs: self.apply(outputs) - other.apply(outputs),
            derivative=None if own is None or its is None else lambda outputs, _: own(outputs, 0) - its(outputs, 0),
            near=max(self.near, other.near),
        )


def contrast_name(first: str, second: str, *, numbered: bool = False) -> str:
    """What a contrast is called; `numbered` where outputs have no names.

    Examples
    --------
    >>> contrast_name("rock", "pop"), contrast_name("3", "40", numbered=True)
    ('rock − pop', 'output 3 − output 40')
    """
    return f"output {first} − output {second}" if numbered else f"{first} − {second}"


def log_odds(scores: Scores) -> Scores:
    """log(p / (1 − p)), clipped at ±6 (probabilities of .0025 and .9975).

    Raises
    ------
    UnfitModel
        If a score lies outside 0…1 by more than rounding (1e-6).

    Examples
    --------
    >>> import numpy as np
    >>> log_odds(np.array([[0.5, 0.0, 1.0]]))
    array([[ 0., -6.,  6.]])
    """
    if scores.min(initial=0.0) < -ROUNDING or scores.max(initial=1.0) > 1 + ROUNDING:
        raise UnfitModel(
            f"log-odds need scores between 0 and 1; the model answered {scores.min():g} to {scores.max():g}. "
            "Give the model an activation, or explain the score itself (an audit needs scores)"
        )
    with np.errstate(divide="ignore"):
        cut = np.clip(scores, 0, 1)
        odds = np.log(cut) - np.log1p(-cut)
    return np.asarray(np.clip(odds, -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT))


def _of_scores(outputs: Scores, column: int) -> Scores:
    return np.asarray(np.eye(outputs.shape[1])[[column]].repeat(len(outputs), axis=0))


def _of_log_odds(outputs: Scores, column: int) -> Scores:
    """1 / (p (1 − p)), and 0 where the log-odds are clipped."""
    slope, own = _of_scores(outputs, column), np.clip(outputs[:, column], 0, 1)
    free = np.abs(log_odds(outputs)[:, column]) < LOG_ODDS_LIMIT
    slope[:, column] = np.divide(1.0, own * (1 - own), out=np.zeros_like(own), where=free)
    return slope


def clipped_notes(aim: Target, values: Scores) -> list[str]:
    """The note that log-odds were clipped, and that the weights depend on it; nothing where none were.

    Examples
    --------
    >>> import numpy as np
    >>> aim = make_target("log-odds", ["rock"])
    >>> [len(clipped_notes(aim, aim.apply(np.array([[score]])))) for score in (0.5, 0.0)]
    [0, 1]
    """
    if aim.limit is None or not (np.abs(values) >= aim.limit).any():
        return []
    return [
        f"log-odds of some mixes lie beyond ±{aim.limit:g} (scores below .0025 or above .9975) and were clipped: "
        "the weights depend on that limit"
    ]


def make_target(target: TargetSpec, labels: Sequence[str]) -> Target:
    """The target that was asked for.

    Parameters
    ----------
    target : {"score", "log-odds"}, (str or int, str or int) or callable
        Name of a target, a pair of labels (how far the first scores above the second), or a function from outputs
        (n_masks, n_outputs) to values (n_masks,) or (n_masks, n_values).
    labels : sequence of str
        Labels of the model.

    Raises
    ------
    UsageError
        If it is none of these, or contrasts a label with itself.

    Examples
    --------
    >>> import numpy as np
    >>> contrast = make_target(["rock", "pop"], ["pop", "rock"])
    >>> contrast.name, contrast.apply(np.array([[0.25, 0.75]]))
    ('rock − pop', array([[0.5]]))
    """
    if callable(target):
        name = getattr(target, "__name__", type(target).__name__)
        own = {about: getattr(target, about) for about in ("derivative", "near") if hasattr(target, about)}
        return Target(name, None, lambda outputs: _checked(target, outputs), **own)
    if target == "score":
        return Target("score", tuple(labels), lambda outputs: outputs, keeps_labels=True, derivative=_of_scores)
    if target == "log-odds":
        kept = Target("log-odds", tuple(labels), log_odds, keeps_labels=True, derivative=_of_log_odds)
        return replace(kept, near=NEAR_LOG_ODDS, limit=LOG_ODDS_LIMIT, unclipped=lambda outputs: outputs)
    if isinstance(target, str) and target.endswith("()"):
        raise UsageError(f"the target was a function, {target}; a result does not hold it: explain again from Python")
    if isinstance(target, str):
        raise unknown("target", target, ["score", "log-odds", "a pair of labels", "a function"])
    if not isinstance(target, Sequence) or isinstance(target, (bytes, bytearray)):
        raise UsageError(
            f"a target is 'score', 'log-odds', a pair of labels or a function of the outputs, not {target!r}"
        )
    if len(target) != 2:
        raise UsageError(f"a contrast takes two labels, not {len(target)}: {list(target)}")
    pair = [label_indices([label], labels)[0] for label in target]
    if pair[0] == pair[1]:
        raise UsageError(f"{labels[pair[0]]!r} is contrasted with itself; name two different labels")
    first, second = labels[pair[0]], labels[pair[1]]
    name = contrast_name(first, second, numbered=numbers(labels))

    def contrast(outputs: Scores) -> Scores:
        return outputs[:, pair[:1]] - outputs[:, pair[1:]]

    def derivative(outputs: Scores, _: int) -> Scores:
        return _of_scores(outputs, pair[0]) - _of_scores(outputs, pair[1])

    return Target(name, (name,), contrast, (first, second), derivative=derivative)


def _checked(function: TargetFn, outputs: Scores) -> Scores:
    try:
        values = np.asarray(function(outputs), dtype=np.float64)
    except Exception as error:
        raise ModelError(
            f"the target function raised {type(error).__name__} when given outputs of shape {outputs.shape}: {error}"
        ) from error
    values = values[:, None] if values.ndim == 1 else values
    finite = bool(np.isfinite(values).all())
    if values.ndim != 2 or len(values) != len(outputs) or not values.size or not finite:
        raise ModelError(
            f"the target function must answer {counted(len(outputs), 'finite value or row', 'finite values or rows')} "
            f"for outputs of shape {outputs.shape}; it answered {'' if finite else 'NaN or infinity in '}shape "
            f"{values.shape}"
        )
    return values


def first_labels(labels: Any, target: Any) -> Sequence[str | int] | None:
    """Labels as a sequence; for a contrast its first label, by which the excerpt is chosen; None for a function."""
    if isinstance(target, (list, tuple)):
        return list(target)[:1]
    if callable(target):
        return None
    return [labels] if isinstance(labels, (str, int)) else labels


def value_names(
    aim: Target, values: Scores, wanted: Sequence[str | int] | None, top_labels: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all values, and of those that were asked for."""
    names = aim.labels or ((aim.name,) if len(values) == 1 else tuple(f"{aim.name} {i}" for i in range(len(values))))
    if wanted is None or not aim.keeps_labels:
        wanted = [int(i) for i in np.argsort(-values, kind="stable")[:top_labels]]
    return names, tuple(names[i] for i in label_indices(wanted, names))
