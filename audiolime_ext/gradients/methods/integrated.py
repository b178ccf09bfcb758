"""Integrated Gradients: what each feature adds on the way from a baseline to the window.

The features of a window x are reached from those of a baseline b on a straight line, and the gradient of the value f is
averaged over that line. A feature's relevance is its own difference times its mean gradient::

    relevance = (x − b) · ∫ ∇f(b + t (x − b)) dt,  t from 0 to 1

Invariant (completeness): *relevance sums to f(x) − f(b)*. A plain gradient vanishes where the network is saturated; the
integral does not, because it passes through where the value rises. Of a linear model it is (x − b) times the weights.

The baseline is stated, never zeros by accident: of a front end in decibels zero is the loudest there is. Silence is
what the front end makes of silence, `audiolime_ext.gradients.hearing`. A feature that is as in the baseline gets
nothing.

The integral is a sum over nodes on the line (the trapezoidal rule), and *nodes are put where they are needed*. A pass
through the network gives the value beside the gradient, so of each step between two nodes it is known by how much its
sum misses the change of the value there. At first there are nine nodes, equally far apart; then the steps that are
furthest off are halved, again and again, and no gradient is taken twice. Random networks with kinks (ReLU) take 20 to
32 nodes so, where as complete a sum needs 64 to 128 that are fixed beforehand, whether midpoints or those of Gauss and
Legendre (``python -m tests.studies.nodes``); three windows of musicnn took 29 to 37. What is saved are nodes that only
the sum needs: the map itself is as near to its limit as with as many fixed nodes, for musicnn 3 to 4 % off (2-norm).
With 64 fixed nodes it was 2 % off (`n_steps=64`).

It ends where both hold: the sum over the whole way is off by no more than 1 % of f(x) − f(b) or .001, whichever is
more; and so is the root of the sum of the steps' squared errors, so that the first is not met by luck, as errors of two
signs may cancel. Then the *gap*, how far the sum is off, is in the result, also where the limit was reached first. A
small gap is necessary, not sufficient: errors of single features may still cancel.

Where f(x) and f(b) are the same there is nothing to explain, and the method *abstains*: closer than .05 for scores and
contrasts, .2 for log-odds (which is .05 where the score is one half), .02 for cosines (`Target.near`). Of a regressor
in a unit of its own none of these is right: give `near`. Log-odds are clipped at ±6, where their gradient is zero; maps
sum to the difference of the clipped values.

References
----------
M. Sundararajan, A. Taly, Q. Yan: Axiomatic Attribution for Deep Networks, ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.differentiating import Features, Floats, values_and_gradients, values_of, windows_at_once
from audiolime_ext.gradients.window_maps import WindowMaps, judged, tolerance
from audiolime_ext.prediction.targets import Target
from audiolime_ext.progress.stages import stage

FEWEST_STEPS, MOST_STEPS = 9, 256
_AT_ONCE = 4  # of so many steps, one is halved at a time
METHOD, STAGE = "integrated gradients", "following gradients"

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
    n_steps: int = FEWEST_STEPS,
    most_steps: int = MOST_STEPS,
    near: float | None = None,
    places: Sequence[Floats] | None = None,
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
    n_steps, most_steps : int
        Number of nodes to begin with, both ends included, and the most; the same for both: never more.
    near : float or None
        Difference from the baseline's value below which a window is not explained; None: the target's own; 0: all are.
    places : sequence of ndarray of float64, or None
        Places of the nodes to begin with, from 0 to 1, for each window, as a result has them; None: `n_steps`, equally
        far apart. Where there are more than `most_steps`, they are all.

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
    if places is None and (n_steps < 2 or most_steps < n_steps):
        raise UsageError(
            f"n_steps is {n_steps} and most_steps {most_steps}; from 2 on, and the most not below the first"
        )
    full, base = values_of(model, x, target), _base(model, start, x, target)
    abstained = np.abs(full - base) < near
    values, found = np.zeros(x.shape), [np.zeros(0)] * len(x)
    for i in np.flatnonzero(~abstained).tolist():
        begun = np.linspace(0, 1, n_steps) if places is None else places[i]
        values[i], found[i] = _integral(model, x[i], start[i], target, begun, most_steps)
    gaps, steps = np.abs(_sums(values) - (full - base)), np.array([len(one) for one in found])
    told: dict[str, Any] = {"references": (REFERENCE,), "places": tuple(found)}
    return judged(WindowMaps(METHOD, values, full, base, gaps, steps, abstained, **told), target, near)


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
    model: Any, x: Features, start: Features, target: Target, places: Floats, most: int
) -> tuple[Floats, Floats]:
    """The map of a window, and the places of its nodes."""
    known = _nodes_at(places.tolist(), model, x, start, target)
    far = x.astype(np.float64) - start
    while True:
        at = sorted(known)
        values = np.array([known[place][0] for place in at])
        slopes = np.array([float((known[place][1] * far).sum()) for place in at])
        errors = np.diff(at) * (slopes[1:] + slopes[:-1]) / 2 - np.diff(values)
        allowed = float(tolerance(values[-1] - values[0]))
        if max(abs(errors.sum()), np.sqrt(np.square(errors).sum())) <= allowed or len(at) >= most:
            break
        n = min(windows_at_once(model), max(1, len(errors) // _AT_ONCE), most - len(at))
        worst = np.argsort(-np.abs(errors), kind="stable")[:n].tolist()
        known |= _nodes_at([(at[i] + at[i + 1]) / 2 for i in worst], model, x, start, target)
    steps = np.diff(at, prepend=at[0], append=at[-1])
    mean = np.zeros(x.shape)
    for place, weight in zip(at, ((steps[1:] + steps[:-1]) / 2).tolist(), strict=True):
        mean += weight * known[place][1].astype(np.float64)
    return mean * far, np.array(at)


def _nodes_at(
    places: list[float], model: Any, x: Features, start: Features, target: Target
) -> dict[float, tuple[float, Features]]:
    """Value and gradient at places on the way from `start` (0) to `x` (1)."""
    size, found = windows_at_once(model), dict[float, tuple[float, Features]]()
    with stage(STAGE, len(places), "step") as following:
        for first in range(0, len(places), size):
            some = places[first : first + size]
            shares = np.array(some, np.float32).reshape(-1, *[1] * x.ndim)
            values, _, gradients = values_and_gradients(model, start + shares * (x - start), target)
            found |= {
                place: (float(value), gradient.astype(np.float32))
                for place, value, gradient in zip(some, values, gradients, strict=True)
            }
            following.advance(len(some))
    return found
