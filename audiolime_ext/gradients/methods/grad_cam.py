"""Grad-CAM: where in time and frequency a layer holds what raises a value.

Of the activations A of a layer and the gradient G of the value by them, both with axes for channels, time and
frequency: each channel weighs as much as the mean of G over its time and frequency; the weighted sum of the channels'
maps is cut at zero, so that only what raises the value is left::

    map = ReLU(Σ_k mean(G_k) · A_k)

The map is as coarse as the layer. It is resized to the features' grid by linear interpolation between the centres of
its cells, and beyond the outermost centres stays as it is there (as TensorFlow's and PyTorch's ``bilinear`` without
aligned corners). A layer that has one axis besides its channels has lost its frequency: the map is the same in all
bands, and says so. One without such axes has no map.

A map is in the value's unit times the activations'; it sums to nothing, and maps of two layers cannot be compared. Raw
values are given by default. With ``scaled=True`` each window's map runs from 0 to 1: then *a window where next to
nothing speaks for the value looks like any other*. `log_ratio` compares the maps of two values (two songs, two labels)
as log((A + 1e-5) / (B + 1e-5)), within ±3.

References
----------
R. R. Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.gradients.differentiating import Features, Floats, require_gradients, values_and_gradients
from audiolime_ext.gradients.methods.smoothing import gaussian
from audiolime_ext.gradients.window_maps import WindowMaps, judged
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.layers import CHANNELS, require_layer
from audiolime_ext.prediction.targets import Target
from audiolime_ext.text import shortened

Channels = Literal["first", "last"]
Order = Literal["time", "frequency"]

SCALED_BY, LOG_BY, LOG_LIMIT = 1e-8, 1e-5, 3.0
SCALED = "each window's map is scaled to 0…1"  # the note that says so
RATIO = "log ratio of "  # how the name of such a method begins
REFERENCE = """@inproceedings{selvaraju2017gradcam,
  author = {Selvaraju, Ramprasaath R. and Cogswell, Michael and Das, Abhishek and Vedantam, Ramakrishna and Parikh, Devi
    and Batra, Dhruv},
  title = {{Grad-CAM}: Visual Explanations from Deep Networks via Gradient-based Localization},
  booktitle = {IEEE International Conference on Computer Vision (ICCV)},
  year = {2017}
}"""
_CLEARLY = np.log(1.5)  # by which one order of the axes must fit the features better than the other


def grad_cam(
    model: Any,
    features: Features,
    target: Target,
    layer: str,
    *,
    channels: Channels | None = None,
    first: Order | None = None,
    sigma: float = 0.0,
    scaled: bool = False,
) -> WindowMaps:
    """Grad-CAM of one value at a layer, for each window, on the features' grid.

    Parameters
    ----------
    model : Model
        Model that is `Differentiable` and `Layered`.
    features : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Inputs of the network, as its front end makes them.
    target : Target
        Target of one value.
    layer : str
        Name of the layer, from ``model.layers``.
    channels : {"first", "last"} or None
        Position of the channels among the layer's axes; None: as the model says, else the first where there are four
        axes, see `audiolime_ext.prediction.layers`.
    first : {"time", "frequency"} or None
        Axis that comes first of the other two; None: as their lengths fit the features'.
    sigma : float
        Standard deviation of a Gaussian, in frames and in bands, over the resized map; 1.5 is in use, 0: none.
    scaled : bool
        True to scale each window's map to 0…1 (before the Gaussian).

    Raises
    ------
    UsageError
        If the model cannot be differentiated by a layer, there is no such layer, it has no map, or its axes are not
        known.
    ModelError
        If the model fails, or answers NaN or infinity.
    """
    require_gradients(model, target)
    require_layered(model, layer)
    x = np.asarray(features, np.float32)
    if x.ndim != 3:
        raise UsageError(f"a map needs features (n_windows, n_frames, n_bands), not {x.shape}")
    full, activations, gradients = values_and_gradients(model, x, target, wrt=layer)
    axis = channels_of(model, layer, activations, channels)
    inside, slope = (np.moveaxis(one, axis, -1) for one in (activations, gradients))
    weights = slope.mean(axis=tuple(range(1, slope.ndim - 1)), keepdims=True)
    coarse = np.maximum((weights * inside).sum(axis=-1), 0.0)
    note = f"the map of {layer} has {' × '.join(map(str, coarse.shape[1:]))} cells, and is interpolated between them"
    if coarse.ndim == 2:
        coarse, note = coarse[:, :, None], f"{layer} has no axis of frequency: the map is the same in all bands"
    elif turned(layer, coarse.shape[1:], x.shape[1:], first):
        coarse = coarse.swapaxes(1, 2)
    values = resized(coarse, x.shape[1:])
    if scaled:
        values = _scaled(values)
    if sigma:
        values = gaussian(values, (0.0, sigma, sigma))
    every = np.zeros(len(x), bool)
    maps = WindowMaps(f"Grad-CAM at {layer}", values, full, None, None, None, every, references=(REFERENCE,))
    told = [note, *([SCALED] if scaled else [])]
    told += [f"blurred by a Gaussian of {sigma:g} frames and bands"] if sigma else []
    return judged(maps, target, 0.0).with_notes(*told)


def require_layered(model: Any, layer: str | None) -> None:
    """Refuse a layer that the model does not have, or none: with the names of those that it has.

    Raises
    ------
    UsageError
        If its layers cannot be read, none is named, or there is none of that name.
    """
    if not isinstance(model, Layered):
        called = getattr(model, "spec", None) or type(model).__name__
        raise UsageError(f"the layers of the model {called} cannot be read; integrated_gradients() needs none")
    if layer is None:
        few = shortened(", ".join(model.layers), 400)
        raise UsageError(f"grad-cam is of a layer: name it (layer=, --layer), one of {few}")
    require_layer(layer, model.layers)


def channels_of(model: Any, layer: str, activations: Floats, channels: Channels | None) -> int:
    """The axis of a layer's activations that holds its channels.

    Raises
    ------
    UsageError
        If nothing says so, or the layer has no other axes.
    """
    told = f"layer {layer!r} answers activations of shape {activations.shape}"
    if activations.ndim not in (3, 4):
        raise UsageError(f"{told}: there is no time or frequency left, or more than these; name a layer before it")
    if channels is not None:
        if channels not in CHANNELS:
            raise unknown("channels", channels, CHANNELS)
        return CHANNELS[channels]
    inside = getattr(model, "inside", model)
    axis = getattr(inside, "channels", None)
    if axis is None and activations.ndim == 3:
        raise UsageError(f"{told}; say which of the last two axes holds the channels: channels='first' or 'last'")
    return 1 if axis is None else int(axis)


def turned(layer: str, coarse: tuple[int, ...], grid: tuple[int, ...], first: Order | None) -> bool:
    """Whether a map (n, n) has frequency before time; `grid` is (n_frames, n_bands).

    Without a word from the caller the order is taken in which both axes are made coarser in more nearly the same
    proportion.

    Raises
    ------
    UsageError
        If neither order fits clearly better.

    Examples
    --------
    >>> turned("pool4", (11, 6), (187, 96), None), turned("top", (4, 30), (936, 128), None)
    (False, True)
    """
    if first is not None:
        if first not in ("time", "frequency"):
            raise unknown("axis", first, ["time", "frequency"])
        return first == "frequency"
    shares = np.log(np.asarray(coarse, float))[:, None] - np.log(np.asarray(grid, float))
    as_it_is, other = abs(shares[0, 0] - shares[1, 1]), abs(shares[0, 1] - shares[1, 0])
    if abs(as_it_is - other) < _CLEARLY:
        raise UsageError(
            f"the map of layer {layer!r} has {coarse[0]} × {coarse[1]} cells, which may be time × frequency or the "
            "reverse; say which comes first: first='time' or 'frequency'"
        )
    return bool(other < as_it_is)


def resized(coarse: Floats, grid: tuple[int, ...]) -> Floats:
    """Maps (n, n_rows, n_columns) on another grid, by linear interpolation between the centres of cells.

    Examples
    --------
    >>> resized(np.array([[[0.0], [1.0]]]), (4, 1))[0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ])
    """
    rows, columns = (_between(n, to) for n, to in zip(coarse.shape[1:], grid, strict=True))
    return np.asarray(np.einsum("tr,nrc,bc->ntb", rows, coarse, columns, optimize=True))


def _between(n: int, to: int) -> Floats:
    """Weights (to, n) of linear interpolation from n cells to others over the same length."""
    places = (np.arange(to) + 0.5) * n / to - 0.5
    return np.stack([np.interp(places, np.arange(n), one) for one in np.eye(n)], axis=1)


def _scaled(values: Floats) -> Floats:
    least, most = (one(axis=(1, 2), keepdims=True) for one in (values.min, values.max))
    return np.asarray((values - least) / (most - least + SCALED_BY))


def log_ratio(first: WindowMaps, second: WindowMaps) -> WindowMaps:
    """Where one value's map is stronger than another's: log((A + 1e-5) / (B + 1e-5)), within ±3.

    Parameters
    ----------
    first, second : WindowMaps
        Maps of the same windows, none below zero, such as those of `grad_cam`.

    Returns
    -------
    Maps without a baseline; `full` is the difference of the two values. Where both maps are below 1e-5, they are zero
    whatever their ratio; a note says so where that is most of them.

    Raises
    ------
    UsageError
        If a map has negative values, or the windows differ.

    Examples
    --------
    >>> maps = WindowMaps("Grad-CAM", np.full((1, 1, 2), 0.2), np.ones(1), None, None, None, np.zeros(1, bool))
    >>> log_ratio(maps, replace(maps, values=np.array([[[0.1, 0.0]]]))).values.round(3)
    array([[[0.693, 3.   ]]])
    """
    if first.values.shape != second.values.shape:
        raise UsageError(f"maps of shapes {first.values.shape} and {second.values.shape} are not of the same windows")
    if min(first.values.min(initial=0.0), second.values.min(initial=0.0)) < 0:
        raise UsageError("a ratio is of maps without negative values, such as grad_cam()'s; take a difference instead")
    values = np.clip(np.log((first.values + LOG_BY) / (second.values + LOG_BY)), -LOG_LIMIT, LOG_LIMIT)
    faint = float((np.maximum(first.values, second.values) < LOG_BY).mean())
    notes = [f"the natural logarithm of a ratio, within ±{LOG_LIMIT:g}, each map increased by {LOG_BY:g}"]
    if (cut := float((np.abs(values) >= LOG_LIMIT).mean())) > 0:
        notes.append(
            f"{cut:.0%} of the cells lie at ±{LOG_LIMIT:g}: by how much more one map is stronger there does not show"
        )
    if faint > 0.5:
        strongest = max(first.values.max(initial=0.0), second.values.max(initial=0.0))
        advice = "" if strongest > 100 * LOG_BY else "; the maps are faint everywhere: scale them (scaled)"
        notes.append(
            f"{faint:.0%} of the cells lie below {LOG_BY:g} in both maps: there the ratio says nothing{advice}"
        )
    return replace(first, method=f"{RATIO}{first.method}", values=values, full=first.full - second.full).with_notes(
        *second.notes, *notes
    )
