"""Random weights in place of musicnn's trained ones, for the randomisation check.

Kernels are normal with variance 1 / fan-in, biases zero, and the batch normalisations behind them do nothing: so
signals keep their level from layer to layer, where trained statistics would silence a network that they no longer fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import unknown
from audiolime_ext.models.musicnn_network import Weights

_N_BEHIND = {  # trained layers between a layer's activations and the scores
    **{"penultimate": 1, "max_pool": 2, "mean_pool": 2, "cnn3": 2, "cnn2": 3, "cnn1": 4, "temporal": 5, "timbral": 5},
    **{f"pool{i}": 6 - i for i in range(1, 6)},
}


def trained_layers(architecture: str, layer: str | None = None) -> tuple[str, ...]:
    """Names of the layers that hold weights, the output first; the five parallel convolutions of musicnn are one.

    Parameters
    ----------
    architecture : {"musicnn", "vgg"}
        Name of the network.
    layer : str or None
        Layer whose activations are asked for; only the layers that it depends on are named. None: all are.

    Examples
    --------
    >>> trained_layers("musicnn", "cnn2")
    ('conv2d_6', 'conv2d_5', 'front end')
    """
    return tuple(_groups(architecture))[0 if layer is None else _N_BEHIND[layer] :]


def with_random(weights: Weights, architecture: str, layers: Sequence[str], *, seed: int) -> dict[str, NDArray[Any]]:
    """The weights with those of some layers drawn at random; a layer is drawn the same whichever others are.

    Raises
    ------
    UsageError
        If there is no such layer.
    """
    changed, groups = dict(weights), _groups(architecture)
    for layer in layers:
        if layer not in groups:
            raise unknown("layer", layer, groups)
        rng = np.random.default_rng([seed, list(groups).index(layer)])
        names, norms = groups[layer]
        for name in names:
            shape = weights[f"{name}/kernel"].shape
            changed[f"{name}/kernel"] = rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)
            changed[f"{name}/bias"] = np.zeros(shape[-1], np.float32)
        for norm in (f"batch_normalization_{index}" for index in norms):
            for kind, value in {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}.items():
                changed[f"{norm}/{kind}"] = np.full_like(weights[f"{norm}/{kind}"], value)
    return changed


def _groups(architecture: str) -> dict[str, tuple[list[str], list[int]]]:
    """Layer → names of its kernels, numbers of the normalisations behind them; the output first."""
    if architecture == "vgg":
        return {"dense": (["dense"], []), **{f"{i}CNN": ([f"{i}CNN"], [i]) for i in range(5, 0, -1)}}
    late = {f"conv2d_{i}": ([f"conv2d_{i}"], [8, 9] if i == 7 else [i + 1]) for i in (7, 6, 5)}
    front = ["conv2d", *(f"conv2d_{i}" for i in range(1, 5))]
    return {"dense_1": (["dense_1"], []), "dense": (["dense"], [10]), **late, "front end": (front, [1, 2, 3, 4, 5])}
