"""Why A and not B? Three readings of one question, which are not the same.

For a window x, a baseline b, and the values f and g of A and B (how near x is to either song, or two labels' scores):

1. `difference_of_integrals`: the Integrated Gradients of f less those of g. Sums to (f − g)(x) − (f − g)(b).
2. `integral_of_difference`: the Integrated Gradients of f − g. *With the same baseline and the same nodes it equals the
   first*, since gradients and sums are linear; neither is less noisy. They differ only in where their nodes are put, so
   here both integrals of the first have the same. The second needs a third of the evaluations, and its nodes are put
   where the small difference itself changes: use it.
3. `other_as_baseline`: the Integrated Gradients of f on the way from song B's features to x. Sums to f(x) − f(B), *how
   much nearer to A the window is than B is*. It never asks how near x is to B, so it answers another question: which
   sounds of x, in place of B's, bring it nearer to A.

The third is sometimes computed under the second's name, and then seems more stable than the first. What is compared
there are two questions.

References
----------
M. Sundararajan, A. Taly, Q. Yan: Axiomatic Attribution for Deep Networks, ICML 2017.
A. Dhurandhar et al.: Explanations based on the Missing: Towards Contrastive Explanations with Pertinent Negatives,
NeurIPS 2018.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.gradients.differentiating import Features
from audiolime_ext.gradients.methods.integrated import FEWEST_STEPS, METHOD, MOST_STEPS, integrated_gradients
from audiolime_ext.gradients.window_maps import WindowMaps, judged
from audiolime_ext.prediction.targets import Target


def difference_of_integrals(
    model: Any,
    features: Features,
    first: Target,
    second: Target,
    *,
    baseline: NDArray[Any],
    n_steps: int = FEWEST_STEPS,
    most_steps: int = MOST_STEPS,
    near: float | None = None,
) -> WindowMaps:
    """The Integrated Gradients of one value less those of another, with the same nodes for both.

    Parameters
    ----------
    model, features, baseline, n_steps, most_steps : as in `integrated_gradients`
        Model, windows, and the way to them.
    first, second : Target
        Targets of one value each.
    near : float or None
        Difference between the windows' and the baseline's contrast below which they are not explained; None: the
        targets' own; 0: all are.

    Raises
    ------
    UsageError, ModelError
        As `integrated_gradients` does.
    """
    asked: dict[str, Any] = {"baseline": baseline, "near": 0.0, "most_steps": most_steps}
    one = integrated_gradients(model, features, first, n_steps=n_steps, **asked)
    other = integrated_gradients(model, features, second, places=one.places, **asked)
    one = integrated_gradients(
        model, features, first, places=other.places, **(asked | {"most_steps": 0})
    )  # these alone
    return _less(one, other, target=_contrast(first, second), near=near)


def integral_of_difference(
    model: Any,
    features: Features,
    first: Target,
    second: Target,
    *,
    baseline: NDArray[Any],
    n_steps: int = FEWEST_STEPS,
    most_steps: int = MOST_STEPS,
    near: float | None = None,
) -> WindowMaps:
    """The Integrated Gradients of one value less another; parameters and errors as `difference_of_integrals` has.

    Of two cosines it is the same to take `audiolime_ext.prediction.similarity.nearer` as the target.
    """
    target = _contrast(first, second)
    asked = {"baseline": baseline, "n_steps": n_steps, "most_steps": most_steps, "near": near}
    found = integrated_gradients(model, features, target, **asked)  # type: ignore[arg-type]
    return replace(found, method=f"{METHOD} of the difference")


def other_as_baseline(
    model: Any,
    features: Features,
    first: Target,
    *,
    other: NDArray[Any],
    n_steps: int = FEWEST_STEPS,
    most_steps: int = MOST_STEPS,
    near: float | None = None,
) -> WindowMaps:
    """The Integrated Gradients of one value on the way from another song's windows.

    Parameters
    ----------
    model, features, n_steps, most_steps, near : as in `integrated_gradients`
        Model, windows, and the way to them.
    first : Target
        Target of one value, such as how near a window is to song A.
    other : ndarray, shape (n_frames, n_bands) or (n_windows, n_frames, n_bands)
        Features of song B: of one window for all, or one for each.

    Raises
    ------
    UsageError, ModelError
        As `integrated_gradients` does.
    """
    asked = {"baseline": other, "n_steps": n_steps, "most_steps": most_steps, "near": near}
    found = integrated_gradients(model, features, first, **asked)  # type: ignore[arg-type]
    note = (
        "the other song is the baseline: maps sum to how much higher the value is here than there, and say nothing of "
        "how near this song is to the other"
    )
    return replace(found, method=f"{METHOD} from the other song").with_notes(note)


def _contrast(first: Target, second: Target) -> Target:
    return first.less(second, f"{_name(first)} − {_name(second)}")


def _name(target: Target) -> str:
    return target.name if target.labels is None else target.labels[0]


def _less(first: WindowMaps, second: WindowMaps, *, target: Target, near: float | None) -> WindowMaps:
    """One map less another, zero where the contrast is the baseline's."""
    near = target.near if near is None else near
    full, moved = first.full - second.full, first.moved - second.moved
    abstained = np.abs(moved) < near
    values = first.values - second.values
    values[abstained] = 0.0
    gaps = np.abs(values.sum(axis=tuple(range(1, values.ndim))) - moved)
    steps = np.where(abstained, 0, first.nodes)
    cited: dict[str, Any] = {"references": first.references}
    maps = WindowMaps(f"difference of two {METHOD}", values, full, full - moved, gaps, steps, abstained, **cited)
    return judged(maps, target, near)
