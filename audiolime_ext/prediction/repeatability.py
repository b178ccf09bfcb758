"""Whether a model answers the same when it is asked again: alone, and beside others.

An explanation compares answers, so a model must have one answer to one mix. Two kinds of models do not. *Dropout* that
was left on, or any other chance, gives another answer each time: such answers are noisy, and so are the weights made of
them. *Batch statistics* (batch normalisation in training mode, scores divided by the largest of the batch) make the
answer to a mix depend on what else was asked in the same call: then there is nothing to explain, and the model is
refused.

Four predictions are enough for a model that repeats itself: two mixes, each alone and both together. Where the two were
also among the masks, those answers are compared, too. (Two mixes, because scores that are divided by the largest of the
batch leave the loudest as it is. Chance that shows in few answers may be missed: it is then as rare in the masks.) Only
where answers differ, more are asked: `ROUNDS` times one mix alone and as often beside the others. What scatters is
noise; a difference of the means beyond that comes from the neighbours.

What counts as a difference: answers that are equal but for rounding differ by some 1e-6 of the largest (float32 sums in
another order, as with another batch size or number of threads; musicnn's do not differ at all). Half precision rounds
every number by up to 5e-4. `ROUNDING` (1e-4) lies between; what differs by more is marked as noise, whatever its cause.
`REFUSED` (1e-2) is well above half precision, and below what batch statistics do to a score. Differences are measured
by a label's own largest answer, but by no less than a tenth of the largest of all labels, since scores near zero may be
differences of large numbers. Differences below `NOTHING` (1e-7) do not count: a float32 sum of samples that should be
zero is rounded by as much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.errors import UnfitModel
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.outputs import Answerer, joined

Array = NDArray[np.float64]

N_ASKED = 4  # predictions for a model that answers alike
N_TO_TELL = 16  # enough to tell chance from neighbours, with five mixes
ROUNDS = 8
ROUNDING = 1e-4
REFUSED = 1e-2
NOTHING = 1e-7
UNLIKELY = 6.0  # standard errors between two means: of 9000 noisy models with 100 labels, 1 exceeded it by chance


@dataclass(frozen=True, eq=False)
class Noise:
    """How answers to the same mix differ.

    Parameters
    ----------
    n_evals : int
        Number of predictions that it took to know.
    repeated : ndarray of float64, shape (n_outputs,)
        Largest difference between answers to a mix that was asked about again.
    batched : ndarray of float64, shape (n_outputs,)
        Difference, beyond chance, between the mean answer to a mix alone and that beside others.
    scale : ndarray of float64, shape (n_outputs,)
        Largest answers (see the module), with which these differences are compared.
    sd : ndarray of float64, shape (n_values,)
        Standard deviation of one answer, as a value that is explained; 0 where answers are alike.
    dof : int
        Degrees of freedom of `sd`.
    """

    n_evals: int
    repeated: Array = field(repr=False)
    batched: Array = field(repr=False)
    scale: Array = field(repr=False)
    sd: Array = field(repr=False)
    dof: int

    @property
    def alike(self) -> bool:
        """Whether answers to the same mix are the same but for rounding."""
        return bool((np.maximum(self.repeated, self.batched) <= _limit(ROUNDING, self.scale)).all())

    @property
    def refused(self) -> bool:
        """Whether the answer to a mix depends on what else is in the batch, by more than any rounding."""
        return bool((self.batched > _limit(REFUSED, self.scale)).any())

    def require_independence(self, labels: Sequence[str]) -> None:
        """Raise `UnfitModel` if `refused`, with what to do; `labels` are the names of the outputs."""
        if not self.refused:
            return
        worst = int(np.argmax(self.batched / _limit(REFUSED, self.scale)))
        raise UnfitModel(
            "the model's answer to a recording depends on what else is in the batch: "
            f"{labels[worst]!r} differs by {self.batched[worst]:.2g} when it is asked alone. Put the model in "
            "evaluation mode (PyTorch: model.eval(); TensorFlow: training=False); or, if this is meant, have it asked "
            "about one signal at a time, tagger(…, batch_size=1); or give the network itself, which is then asked in "
            f"that mode:{Answerer(arg='net').made()}"
        )

    def warning(self) -> str | None:
        """A sentence for the reader of a result; None where answers are alike."""
        if self.alike:
            return None
        return (
            "asked again about the same mix, the model answers differently: "
            f"±{self.sd.max():.2g} (standard deviation of an answer, largest of all labels); is dropout on? "
            "model.eval() or training=False turns it off, and so does giving the network itself: tagger(net, …)"
        )


def repeatability(
    model: Model,
    windows: Samples,
    *,
    values: Callable[[Scores], Array] = lambda scores: scores,
    known: Scores | None = None,
    most: int | None = None,
) -> Noise:
    """Ask a model again about some mixes, alone and beside each other.

    Parameters
    ----------
    model : Model
        Model that is asked.
    windows : ndarray of float32, shape (n, n_windows, n_channels, n_samples)
        Mixes as `predict` takes them. The first two should not be silent; a single one is asked beside a softer copy.
    values : callable
        Function from scores (n, n_outputs) to the values that are explained, (n, n_values), whose `sd` is wanted.
    known : ndarray of float64, shape (2, n_outputs), or None
        Answers that the model gave to the first two mixes before, beside others.
    most : int or None
        Largest number of predictions, at least `N_ASKED`; None: all that it needs, (n + 1) · `ROUNDS` more where
        answers differ. With fewer, `sd` is known less well, as its `dof` says.

    Raises
    ------
    ModelError
        If the model fails.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> mixes = np.random.default_rng(0).normal(size=(4, 1, 1, 100)).astype(np.float32)
    >>> peak = lambda batch: np.abs(batch).max(axis=1, keepdims=True)
    >>> repeatability(tagger(peak), mixes).alike
    True
    >>> repeatability(tagger(lambda batch: peak(batch) / peak(batch).max()), mixes).refused
    True
    """
    if len(windows) == 1:
        windows = np.concatenate([windows, windows / 2])
    asked = [predict(model, some) for some in (windows[:1], windows[1:2], windows[:2])]
    seen = joined([*asked, *([] if known is None else [known])])
    seen = seen.reshape(-1, 2, seen.shape[1])  # (n_times, 2, n_outputs): each alone, both at once
    scale, apart = _scale(seen), np.ptp(seen, axis=0).max(axis=0)
    dof = len(seen) - 1
    if (apart <= _limit(ROUNDING, scale)).all():
        return Noise(N_ASKED, apart, 0 * apart, scale, np.zeros(values(seen[0]).shape[1]), 2 * dof)
    rounds = ROUNDS if most is None else min(ROUNDS, (most - N_ASKED) // (len(windows) + 1))
    if rounds < 2:
        sd = np.stack([values(of_time) for of_time in seen]).var(axis=0, ddof=1).mean(axis=0) ** 0.5
        return Noise(N_ASKED, apart, 0 * apart, scale, np.asarray(sd), 2 * dof)
    by = (np.ptp(seen, axis=0) / _limit(ROUNDING, scale)).max(axis=1)
    if by.argmax() == 1:  # the one that differs more is asked alone
        windows = windows[[1, 0, *range(2, len(windows))]]
        known = None if known is None else known[::-1]
    alone = joined([predict(model, windows[:1]) for _ in range(rounds)])
    beside = joined([predict(model, windows) for _ in range(rounds)])
    beside = beside.reshape(rounds, -1, beside.shape[1])  # (rounds, n, n_outputs)
    scale = np.maximum(scale, _scale(beside))
    answers = np.concatenate([alone[:, None], beside], axis=1)
    steady = bool((np.ptp(answers, axis=0) <= _limit(ROUNDING, scale)).all())  # else one answer of before may be any
    others = [beside[:, 0], *([known[:1]] if known is not None and steady else [])]
    usual = answers.var(axis=0, ddof=1).mean(axis=0)
    batched = np.max([_beyond_chance(alone, other, usual) for other in others], axis=0)
    variance = np.stack([values(of_round) for of_round in answers]).var(axis=0, ddof=1).mean(axis=0)
    if (batched > _limit(ROUNDING, scale)).any():
        means = np.stack([values(of_mix).mean(axis=0) for of_mix in (alone, *others)])
        variance = variance + np.ptp(means, axis=0) ** 2
    n_evals, dof = N_ASKED + rounds * answers.shape[1], (rounds - 1) * answers.shape[1]
    return Noise(n_evals, np.ptp(answers, axis=0).max(axis=0), batched, scale, np.sqrt(variance), dof)


def _limit(share: float, scale: Array) -> Array:
    return np.asarray(np.maximum(share * scale, NOTHING))


def _scale(answers: Array) -> Array:
    """Largest magnitude of each output over answers (…, n_outputs), no less than a tenth of the largest of all."""
    largest = np.abs(answers).reshape(-1, answers.shape[-1]).max(axis=0)
    return np.asarray(np.maximum(largest, 0.1 * largest.max()))


def _beyond_chance(one: Array, other: Array, usual: Array) -> Array:
    """Difference between the means of answers (n, n_outputs) to one mix in two ways; 0 where it may be chance.

    The variance of an answer is the mix's own, but no less than the `usual` one of all mixes: that of a few answers may
    be small by chance.
    """
    apart = np.abs(one.mean(axis=0) - other.mean(axis=0))
    variances = [np.maximum(few.var(axis=0, ddof=1), usual) for few in (one, one if len(other) == 1 else other)]
    error = np.sqrt(variances[0] / len(one) + variances[1] / len(other))
    return np.asarray(np.where(apart > UNLIKELY * error, apart, 0.0))
