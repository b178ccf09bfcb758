"""Two ways to make a map less noisy: the mean over noisy inputs (SmoothGrad), and a blur of the map itself.

*SmoothGrad* is the mean of the gradients, or of the Integrated Gradients, of copies of a window with Gaussian noise
added to its features. The noise's standard deviation is a share of the range (the largest less the smallest feature) of
the window. Each window has noise of its own that follows from the seed and the window's number. A gradient is in units
of the value per unit of the feature, so maps of gradients do not sum to anything; means of Integrated Gradients sum to
the mean over the noisy copies, less the baseline.

Where the value is saturated, a gradient is next to nothing in every cell, and yet a picture of it, or a share of it,
looks like any other. So gradients *abstain* as integrals do: where the sizes of a window's slopes times its distance
from silence, ``Σ |g| · |x − silence|``, come to less than `near`, following the slopes all the way would not change the
value by as much as counts. The window is not explained, and its map is zero. Means of Integrated Gradients abstain
where the window's own value, without noise, is nearer to the baseline's than that.

*Blur* is a convolution with a Gaussian, mirrored at the ends, along time only unless bands are asked for. Frames beyond
four standard deviations are left out. Invariants: *a blur along time keeps every band's total* (mirrored, the shares of
each frame in the others sum to one), and, being linear, *it may come before or after a difference of maps*. A blur
across bands moves relevance from one band to another. It keeps the total of all, but a band may end with the sign of
its neighbours, which reads as the opposite of what the model does there; where that happens, a note says so.

References
----------
D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg: SmoothGrad: removing noise by adding noise, 2017,
arXiv:1706.03825.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.gradients.differentiating import Features, Floats, values_and_gradients, values_of, windows_at_once
from audiolime_ext.gradients.methods.integrated import REFERENCE as INTEGRATED
from audiolime_ext.gradients.methods.integrated import STAGE, integrated_gradients
from audiolime_ext.gradients.window_maps import WindowMaps, counting_from, judged
from audiolime_ext.prediction.targets import Target
from audiolime_ext.progress.stages import stage
from audiolime_ext.text import counted, shortened

NOISE, N_DRAWS, N_STEPS = 0.15, 25, 17
ROUNDING = 1e-9  # of the largest total of a band
REACH = 4.0  # standard deviations

REFERENCE = """@article{smilkov2017smoothgrad,
  author = {Smilkov, Daniel and Thorat, Nikhil and Kim, Been and Vi{\\'e}gas, Fernanda and Wattenberg, Martin},
  title = {{SmoothGrad}: removing noise by adding noise},
  journal = {arXiv preprint arXiv:1706.03825},
  year = {2017}
}"""


def smooth_grad(
    model: Any,
    features: Features,
    target: Target,
    *,
    of: Literal["gradients", "integrated"] = "gradients",
    baseline: NDArray[Any] | None = None,
    noise: float = NOISE,
    n_draws: int = N_DRAWS,
    n_steps: int = N_STEPS,
    seed: int = 0,
    numbers: Sequence[int] | None = None,
    silence: NDArray[Any] | None = None,
    near: float = 0.0,
) -> WindowMaps:
    """SmoothGrad: the mean of maps of noisy inputs, for each window.

    Parameters
    ----------
    model : Model
        Model that is `audiolime_ext.prediction.capabilities.Differentiable`.
    features : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Inputs of the network, as its front end makes them.
    target : Target
        Target of one value.
    of : {"gradients", "integrated"}
        Maps whose mean is taken: gradients, or Integrated Gradients with `n_steps` nodes.
    baseline : ndarray, shape (n_frames, n_bands) or (n_windows, n_frames, n_bands), or None
        Baseline of Integrated Gradients; None with gradients.
    noise : float
        Standard deviation of the noise, as a share of the range of a window's features.
    n_draws : int
        Number of noisy copies.
    n_steps : int
        Number of nodes of each integral.
    seed : int
        Random seed.
    numbers : sequence of int, or None
        Number of each window, from 0 on, which its noise follows from, with the seed; None: its place among the others.
    silence : ndarray, shape (n_frames, n_bands), or None
        Features of silence, with gradients: their way to the window is what slopes are measured by; None: with
        Integrated Gradients, or where every window is explained.
    near : float
        Change of the value, over that way or from the baseline, below which a window is not explained; 0: all are.

    Returns
    -------
    Maps; of gradients without a baseline's value, gaps and steps. `full` is the value of the window without noise.

    Raises
    ------
    UsageError
        If the model or the target has no derivatives, or an argument cannot be used.
    ModelError
        If the model fails, or answers NaN or infinity.
    """
    if of not in ("gradients", "integrated"):
        raise unknown("kind of maps", of, ["gradients", "integrated"])
    if (baseline is None) != (of == "gradients"):
        raise UsageError(f"of={of!r} takes {'no baseline' if of == 'gradients' else 'a baseline, such as silence'}")
    if of == "integrated" and silence is not None:
        raise UsageError("silence is for gradients, and not for integrated, which has a baseline; leave it out")
    if not 0 <= noise < np.inf or n_draws < 1:
        raise UsageError(f"noise is {noise} and n_draws {n_draws}; noise is a share from 0 on, and draws from 1 on")
    x, size = np.asarray(features, np.float32), windows_at_once(model)
    values, moved, base = np.zeros(x.shape), np.zeros(len(x)), np.zeros(len(x))
    with stage(STAGE, len(x) * n_draws, "copy") as copying:
        for i, number in enumerate(range(len(x)) if numbers is None else numbers):
            rng = np.random.default_rng((seed, number))
            start = baseline[i] if baseline is not None and np.shape(baseline) == x.shape else baseline
            for first in range(0, n_draws, size):
                copies = _noisy(x[i], rng, noise, min(size, n_draws - first))
                found, far, base[i] = _of_copies(model, copies, target, start, n_steps)
                values[i] += found
                moved[i] += far
                copying.advance(len(copies))
    values, moved, full = values / n_draws, moved / n_draws, values_of(model, x, target)
    quiet, near = np.zeros(len(x), bool), counting_from(near, target)
    if baseline is None:
        quiet |= False if silence is None else _sums(np.abs(values * (x.astype(np.float64) - silence))) < near
        values[quiet] = 0.0
        maps = WindowMaps("SmoothGrad", values, full, None, None, None, quiet, references=(REFERENCE,))
        return judged(maps, target, near).with_notes(_told(noise, n_draws, "gradients"))
    quiet |= np.abs(full - base) < near
    values[quiet] = 0.0
    gaps, steps = np.abs(_sums(values) - moved), np.full(len(x), n_steps)
    cited: dict[str, Any] = {"references": (REFERENCE, INTEGRATED)}
    maps = WindowMaps("SmoothGrad of integrated gradients", values, full, base, gaps, steps, quiet, **cited)
    sums = "maps sum to the mean of the noisy copies' values less the baseline's, from which gaps are measured"
    return judged(maps, target, near).with_notes(_told(noise, n_draws, "integrated gradients"), sums)


def _sums(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=tuple(range(1, values.ndim))))


def _of_copies(
    model: Any, copies: Features, target: Target, start: NDArray[Any] | None, n_steps: int
) -> tuple[Floats, float, float]:
    """The sum of the copies' maps, of their differences from the baseline, and the baseline's value; or gradients."""
    if start is None:
        return np.asarray(values_and_gradients(model, copies, target)[2].sum(axis=0)), 0.0, 0.0
    found = integrated_gradients(model, copies, target, baseline=start, n_steps=n_steps, most_steps=n_steps, near=0.0)
    return np.asarray(found.values.sum(axis=0)), float(found.moved.sum()), float(np.asarray(found.base)[0])


def _noisy(window: Features, rng: np.random.Generator, noise: float, n: int) -> Features:
    """So many copies of a window, each with noise of its own."""
    return np.asarray(window + rng.normal(0, 1, (n, *window.shape)) * noise * np.ptp(window), np.float32)


def _told(noise: float, n_draws: int, what: str) -> str:
    copies = counted(n_draws, "copy", "copies")
    return f"the mean of the {what} of {copies} with noise of {noise:.0%} of the range of each window's features"


def blurred(maps: WindowMaps, *, frames: float = 2.0, bands: float = 0.0) -> WindowMaps:
    """The same maps, blurred.

    Parameters
    ----------
    maps : WindowMaps
        Maps with axes (n_windows, n_frames, n_bands).
    frames : float
        Standard deviation along time, in frames; 0: none.
    bands : float
        Standard deviation across bands, in bands; 0: none, so that no relevance leaves its band.

    Returns
    -------
    Maps of the same sums, with a note on what was done and, where a band's total changes its sign, on that.

    Raises
    ------
    UsageError
        If a deviation is negative or infinite, or the maps have other axes.
    """
    if not (0 <= frames < np.inf and 0 <= bands < np.inf):
        raise UsageError(f"a blur of {frames} frames and {bands} bands; standard deviations are finite, from 0 on")
    if maps.values.ndim != 3:
        raise UsageError(f"a blur needs maps (n_windows, n_frames, n_bands), not {maps.values.shape}")
    if not frames and not bands:
        return maps
    values = gaussian(maps.values, (0.0, frames, bands))
    along = [f"{size:g} {name}" for size, name in ((frames, "frames"), (bands, "bands")) if size]
    notes = [f"blurred by a Gaussian of {' and '.join(along)} (standard deviation)"]
    if len(turned := turned_bands(maps.values, values)):
        which = shortened(", ".join(map(str, turned.tolist())), 60)
        notes.append(
            f"the blur changes the sign of the total of {counted(len(turned), 'band')} ({which}): what is seen there "
            "is the neighbours', not what the model does"
        )
    return replace(maps, values=values).with_notes(*notes)


def gaussian(values: Floats, deviations: tuple[float, ...]) -> Floats:
    """Values convolved with a Gaussian along each axis, mirrored at the ends; 0: not along that axis."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, deviations, mode="reflect", truncate=REACH), np.float64)


def turned_bands(before: Floats, after: Floats) -> NDArray[np.intp]:
    """Numbers of the bands whose total over windows and frames has another sign than before.

    Examples
    --------
    >>> before = np.array([[[1.0, -0.2, 1.0]]])
    >>> turned_bands(before, np.array([[[0.8, 0.2, 0.8]]]))
    array([1])
    """
    was, now = before.sum(axis=(0, 1)), after.sum(axis=(0, 1))
    limit = ROUNDING * np.abs(was).max(initial=0.0)
    return np.flatnonzero((np.sign(was) * np.sign(now) < 0) & (np.abs(was) > limit) & (np.abs(now) > limit))
