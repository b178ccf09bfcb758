"""Spleeter's networks: one U-Net for each stem, rebuilt from the tensors of a checkpoint.

A U-Net halves time and frequency six times on its way down and doubles them as often on its way up. Each step up also
gets the result of the convolution of the same size on the way down, before its normalisation. The output is the logits
of a mask: a sigmoid, or a softmax over the stems, turns them into the stem's share of the mixture's magnitudes.

Layers are numbered through the whole checkpoint, as TensorFlow names them: ``conv2d``, ``conv2d_1``, …
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.networks.graph import Affine, Floats, Graph

Weights = Mapping[str, NDArray[Any]]

BLOCK = 512  # frames that the networks see at a time
DEPTH = 6  # levels of the U-Net
ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "LeakyReLU": ("LeakyRelu", {"alpha": 0.2}),
    "ReLU": ("Relu", {}),
    "ELU": ("Elu", {}),
}
_EPSILON = 1e-10


@dataclass(frozen=True)
class SpleeterConfig:
    """What distinguishes one model from another.

    Parameters
    ----------
    instruments : tuple of str
        Stems, in the order of their networks in the checkpoint.
    n_bins : int
        Frequency bins that the networks see, a multiple of 64: 1024 (11 kHz), 1536 in the 16 kHz variants; those above
        are muted.
    down, up : {"LeakyReLU", "ReLU", "ELU"}
        Activations on the way down and up.
    softmax : bool
        True for masks from a softmax over the stems, False for sigmoids.
    filters : tuple of int
        Channels of the six levels.
    """

    instruments: tuple[str, ...]
    n_bins: int = 1024
    down: str = "LeakyReLU"
    up: str = "ReLU"
    softmax: bool = False
    filters: tuple[int, ...] = (16, 32, 64, 128, 256, 512)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor of its checkpoints.

        Examples
        --------
        >>> shapes = SpleeterConfig(("vocals", "accompaniment")).shapes()
        >>> len(shapes), shapes["conv2d_7/kernel"]
        (148, (5, 5, 2, 16))
        """
        down, up = self.filters, (*self.filters[-2::-1], 1)
        found: dict[str, tuple[int, ...]] = {}
        for stem in range(len(self.instruments)):
            first = (DEPTH + 1) * stem
            for i, (before, after) in enumerate(zip((2, *down), down, strict=False)):
                found |= _layer_shapes("conv2d", first + i, (5, 5, before, after), after)
            found |= _layer_shapes("conv2d", first + DEPTH, (4, 4, 1, 2), 2)
            above = (down[-1], *(2 * n for n in up[:-1]))  # beside each result lies the one on the way down
            for i, (before, after) in enumerate(zip(above, up, strict=True)):
                found |= _layer_shapes("conv2d_transpose", DEPTH * stem + i, (5, 5, after, before), after)
            for i, n in enumerate((*down, *up)):
                norm = numbered("batch_normalization", 2 * DEPTH * stem + i)
                found |= {f"{norm}/{part}": (n,) for part in ("gamma", "beta", "moving_mean", "moving_variance")}
        return found


def numbered(kind: str, index: int) -> str:
    """Names as TensorFlow numbers them: ``conv2d``, ``conv2d_1``, …"""
    return f"{kind}_{index}" if index else kind


def mask_graph(config: SpleeterConfig, weights: Weights) -> Graph:
    """From magnitudes (1, 2, BLOCK, n_bins) to masks (n_stems, 2, BLOCK, n_bins)."""
    graph = Graph("spleeter")
    magnitudes = graph.input("magnitudes", [1, 2, BLOCK, config.n_bins])
    logits = [unet(graph, magnitudes, config, weights, i) for i in range(len(config.instruments))]
    stacked = graph.node("Concat", *logits, axis=0)
    gates = graph.node("Softmax", stacked, axis=0) if config.softmax else graph.node("Sigmoid", stacked)
    estimates = graph.node("Mul", gates, magnitudes)
    squares = graph.node("Mul", estimates, estimates)
    total = graph.node("ReduceSum", squares, graph.constant(np.array([0], np.int64)), keepdims=1)
    epsilon, share = (graph.constant(np.float32(value)) for value in (_EPSILON, _EPSILON / len(config.instruments)))
    masks = graph.node("Div", graph.node("Add", squares, share), graph.node("Add", total, epsilon))
    graph.output(masks, "masks", [len(config.instruments), 2, BLOCK, config.n_bins])
    return graph


def unet(graph: Graph, x: str, config: SpleeterConfig, weights: Weights, index: int) -> str:
    """Mask logits of the stem `index`, shape (1, 2, BLOCK, n_bins).

    Skip connections carry the convolutions' results before their normalisation, and the deepest one is not normalised.
    """

    def layer(kind: str, i: int) -> tuple[Floats, Floats]:
        return weights[f"{numbered(kind, i)}/kernel"], weights[f"{numbered(kind, i)}/bias"]

    def normed(h: str, i: int) -> str:
        name = numbered("batch_normalization", 2 * DEPTH * index + i)
        return graph.affine(h, Affine.from_batch_norm(weights, name))

    def activated(h: str, name: str) -> str:
        operator, attributes = ACTIVATIONS[name]
        return graph.node(operator, h, **attributes)

    halve: dict[str, Any] = {"strides": [2, 2], "pads": [1, 1, 2, 2]}  # TensorFlow pads the odd zero at the end
    skips: list[str] = []
    h = x
    for i in range(DEPTH):
        skips.append(graph.conv(h, *layer("conv2d", (DEPTH + 1) * index + i), **halve))
        h = activated(normed(skips[-1], i), config.down)
    h = skips.pop()
    for i in range(DEPTH):
        h = graph.conv(h, *layer("conv2d_transpose", DEPTH * index + i), operator="ConvTranspose", **halve)
        h = normed(activated(h, config.up), DEPTH + i)
        h = graph.node("Concat", skips.pop(), h, axis=1) if skips else h
    return graph.conv(h, *layer("conv2d", (DEPTH + 1) * index + DEPTH), dilations=[2, 2], pads=[3, 3, 3, 3])


def _layer_shapes(kind: str, index: int, kernel: tuple[int, ...], n_channels: int) -> dict[str, tuple[int, ...]]:
    name = numbered(kind, index)
    return {f"{name}/kernel": kernel, f"{name}/bias": (n_channels,)}
