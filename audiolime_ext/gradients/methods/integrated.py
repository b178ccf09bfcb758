"""Integrated Gradients: what each feature adds on the way from a baseline to the window.

The features of a window x are reached from those of a baseline b on a straight line, and the gradient of the value f is
averaged over that line. A feature's relevance is its own difference times its mean gradient::

    relevance = (x − b) · ∫ ∇f(b + t (x − b)) dt,  t from 0 to 1

Invariant (completeness): *relevance sums to f(x) − f(b)*. A plain gradient vanishes where the network is saturated; the
integral does not, because it passes through where the value rises. Of a linear model it is (x − b) times the weights.

The baseline is stated, never zeros by accident: of a front end in decibels zero is the loudest there is. Silence is
what the front end makes of silence, `audiolime_ext.gradients.hearing`. A feature that is as in the baseline gets
nothing.

The integral is a sum over nodes. Those of *Fejér's second rule* are taken: the n of them are among the 2n + 1 that
follow, so that no gradient is taken twice. Where the network has kinks (ReLU) they are as good as the midpoints of
equal steps or the nodes of Gauss and Legendre: 255 of either leave an error of .002 of the map. Where it is smooth they
are far better than midpoints, and Gauss and Legendre's better still (``python -m tests.studies.nodes``). The number
grows from 15 until the sum is off by no more than 1 % of f(x) − f(b) or .001, whichever is more. The gap is in the
result, also where the limit was reached first. A small gap is necessary, not sufficient: errors of single features may
cancel, and at kinks fewer nodes may meet it by luck.

Where f(x) and f(b) are the same there is nothing to explain, and the method *abstains*: closer than .05 for scores and
contrasts, .2 for log-odds (which is .05 where the score is one half), .02 for cosines (`Target.near`). Of a regressor
in a unit of its own none of these is right: give `near`. Log-odds are clipped at ±6, where their gradient is zero; maps
sum to the difference of the clipped values.

References
----------
M. Sundararajan, A. Taly, Q. Yan: Axiomatic Attribution for Deep Networks, ICML 2017. L. Fejér: Mechanische Quadraturen
mit positiven Cotesschen Zahlen, Mathematische Zeitschrift 37, 1933.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.differentiating import Features, Floats, values_and_gradients, values_of, windows_at_once
from audiolime_ext.gradients.window_maps import WindowMaps, judged, tolerance
from audiolime_ext.prediction.targets import Target
from audiolime_ext.progress.stages import stage

FEWEST_STEPS, MOST_STEPS = 15, 255
METHOD, STAGE = "integrated gradients", "following gradients"
Number = int | NDArray[np.int64]
Nodes = tuple[Floats, Floats]

REFERENCE = """@inproceedings{sundararajan2017axiomatic,
  author = {Sundararajan, Mukund and Taly, Ankur and Yan, Qiqi},
  title = {Axiomatic Attribution for Deep Networks},
  booktitle = {International Conference on Machine Learning (ICML)},
  year = {2017}
}"""


def integrated_gradients(
    model: Any,
    features: Features,
    target: Target,
    *,
    baseline: NDArray[Any],
    n_steps: Number = FEWEST_STEPS,
    most_steps: Number = MOST_STEPS,
    near: float | None = None,
) -> WindowMaps:
    """Integrated Gradients of one value, for each window.

    Parameters
    ----------
    model : Model
        Model that is `audiolime_ext.prediction.capabilities.Differentiable`.
    features : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Inputs of the network, as its front end makes them.
    target : Target
        Target of one value, see `audiolime_ext.prediction.targets.Target.only`.
    baseline : ndarray, shape (n_frames, n_bands) or (n_windows, n_frames, n_bands)
        Features where the way begins: of one window for all, or one for each.
    n_steps, most_steps : int, or ndarray of int, shape (n_windows,)
        Number of nodes to begin with, and the most; the same for both: never more.
    near : float or None
        Difference from the baseline's value below which a window is not explained; None: the target's own; 0: all are.

    Raises
    ------
    UsageError
        If the model or the target has no derivatives, or an argument cannot be used.
    ModelError
        If the model fails, or answers NaN or infinity.

    Examples
    --------
    >>> from audiolime_ext.prediction.targets import make_target
    >>> class Level:
    ...     batch_size = 4
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         outputs = features.mean(axis=(1, 2))[:, None]
    ...         slope = np.ones_like(features) / features[0].size
    ...         return outputs, features, cotangent_fn(outputs)[:, :, None] * slope
    >>> loud = np.full((1, 2, 3), 0.6, np.float32)
    >>> maps = integrated_gradients(Level(), loud, make_target("score", ["loud"]).only(0), baseline=np.zeros((2, 3)))
    >>> maps.values.round(3), maps.full.round(3), maps.base
    (array([[[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]]]), array([0.6]), array([0.]))
    """
    x, start = np.asarray(features, np.float32), _fitting(baseline, np.shape(features))
    near = target.near if near is None else near
    number, most = (np.broadcast_to(np.asarray(given, np.int64), len(x)).copy() for given in (n_steps, most_steps))
    if not (number >= 1).all() or not (most >= number).all():
        raise UsageError(
            f"n_steps is {n_steps} and most_steps {most_steps}; from 1 on, and the most not below the first"
        )
    full, base = values_of(model, x, target), _base(model, start, x, target)
    abstained = np.abs(full - base) < near
    values, steps = np.zeros(x.shape), np.zeros(len(x), np.int64)
    for i in np.flatnonzero(~abstained).tolist():
        asked = model, x[i], start[i], target, float(full[i] - base[i])
        values[i], steps[i] = _integral(*asked, (int(number[i]), int(most[i])))
    gaps = np.abs(_sums(values) - (full - base))
    maps = WindowMaps(METHOD, values, full, base, gaps, steps, abstained, references=(REFERENCE,))
    return judged(maps, target, near)


def _sums(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=tuple(range(1, values.ndim))))


def _fitting(baseline: NDArray[Any], shape: tuple[int, ...]) -> Features:
    """The baseline of each window; `UsageError` where it has another shape, or is not finite."""
    given = np.asarray(baseline, np.float32)
    if given.shape not in (shape, shape[1:]):
        raise UsageError(
            f"the baseline has shape {given.shape}; it must be that of one window, {shape[1:]}, or of all, {shape}"
        )
    if not np.isfinite(given).all():
        raise UsageError("the baseline holds NaN or infinity; give the features of a sound, such as silence")
    return np.asarray(np.broadcast_to(given, shape))


def _base(model: Any, start: Features, x: Features, target: Target) -> Floats:
    """The value of each window's baseline; one that all windows share is asked about once."""
    if len(x) > 1 and start.strides[0] == 0:
        return np.repeat(values_of(model, start[:1], target), len(x))
    return values_of(model, start, target)


def _integral(
    model: Any, x: Features, start: Features, target: Target, moved: float, steps: tuple[int, int]
) -> tuple[Floats, int]:
    """The map of a window, and its number of nodes: from the first of `steps` on, the second at most."""
    (number, most), known = steps, dict[float, Features]()
    while True:
        nodes, weights = fejer(number)
        known |= _gradients_at([node for node in nodes.tolist() if node not in known], model, x, start, target)
        mean = np.zeros(x.shape)
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            mean += weight * known[node].astype(np.float64)
        values = mean * (x.astype(np.float64) - start)
        if abs(values.sum() - moved) <= tolerance(np.array(moved)) or 2 * number + 1 > most:
            return values, number
        number = 2 * number + 1


def _gradients_at(
    nodes: list[float], model: Any, x: Features, start: Features, target: Target
) -> dict[float, Features]:
    """The gradient at each place on the way from `start` (0) to `x` (1)."""
    size, found = windows_at_once(model), dict[float, Features]()
    with stage(STAGE, len(nodes), "step") as following:
        for first in range(0, len(nodes), size):
            some = nodes[first : first + size]
            places = np.array(some, np.float32).reshape(-1, *[1] * x.ndim)
            gradients = values_and_gradients(model, start + places * (x - start), target)[2]
            found |= dict(zip(some, gradients.astype(np.float32), strict=True))
            following.advance(len(some))
    return found


@lru_cache(maxsize=32)
def fejer(n: int) -> Nodes:
    """The nodes of Fejér's second rule from 0 to 1, and their weights, which sum to one; each of shape (n,).

    Examples
    --------
    >>> [one.round(4).tolist() for one in fejer(3)]
    [[0.1464, 0.5, 0.8536], [0.3333, 0.3333, 0.3333]]
    >>> set(fejer(3)[0]) < set(fejer(7)[0])
    True
    """
    angles = np.pi * (np.arange(1, n + 1) / (n + 1))
    odd = np.arange(1, n + 2, 2)[: (n + 1) // 2]
    weights = 2 / (n + 1) * np.sin(angles) * (np.sin(np.outer(angles, odd)) / odd).sum(axis=1)
    return (1 - np.cos(angles)) / 2, weights
