"""The networks of musicnn, rebuilt from the tensors of a checkpoint; they are given log-mel spectrograms.

``musicnn``: wide convolutions over 38 and 67 of the bands (timbre) and long ones over time (rhythm), each reduced to
its maximum over frequency; three convolutions over time with residual connections; maximum and mean over time; two
dense layers. ``vgg``: five 3×3 convolutions with pooling, one dense layer.

Numbers of filters are those of the tensors, which are named as TensorFlow numbers its layers: ``conv2d``, ``conv2d_1``.

The layers whose activations can be read (`MUSICNN_LAYERS`, `VGG_LAYERS`) have the names and hold the values that the
package's ``extractor`` returns as ``features``. (It takes windows one by one, and then repeats the first window's
``cnn1``, ``cnn2``, ``cnn3`` and ``penultimate`` for all others; that is a fault, and not done here.)

- ``timbral``, ``temporal``: the two and the three parallel convolutions, each after ReLU, batch normalisation and the
  maximum over frequency;
- ``cnn1``, ``cnn2``, ``cnn3``: the convolutions over time, after ReLU and batch normalisation, with the residual
  connections of the latter two added;
- ``max_pool``, ``mean_pool``: maximum and mean over time of ``timbral``, ``temporal`` and the three, 753 features;
- ``penultimate``: the hidden dense layer after ReLU *and the batch normalisation behind it*, so that some values are
  negative; the output layer is applied to it as it is in the checkpoint. (For scores that normalisation is folded into
  the output layer, so the tensor exists only where it is asked for.)
- ``pool1`` to ``pool5``: the convolutions of ``vgg`` after ReLU, batch normalisation and pooling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.networks.graph import Affine, Floats, Graph

Weights = Mapping[str, NDArray[Any]]

N_MELS, N_FRAMES = 96, 187
MUSICNN_LAYERS = ("timbral", "temporal", "cnn1", "cnn2", "cnn3", "mean_pool", "max_pool", "penultimate")
SCORES, ANSWER, THROUGH = "scores", "activations", "through"  # names of outputs
VGG_LAYERS = ("pool1", "pool2", "pool3", "pool4", "pool5")


def big_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of ``MSD_musicnn_big``: 512 filters over time where musicnn has 64, 500 units."""
    n_late, n_units, n_labels = 512, 500, 50
    front = [(7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)]
    n_front = sum(n for _, _, n in front)
    n_pooled = 2 * (n_front + 3 * n_late)  # maximum and mean
    kernels: list[tuple[int, ...]] = [(high, wide, 1, n) for high, wide, n in front]
    kernels += [(7, n, 1, n_late) for n in (n_front, n_late, n_late)]
    layers = {_name("conv2d", i): kernel for i, kernel in enumerate(kernels)}
    layers |= {"dense": (n_pooled, n_units), "dense_1": (n_units, n_labels)}
    found: dict[str, tuple[int, ...]] = {f"{name}/kernel": kernel for name, kernel in layers.items()}
    found |= {f"{name}/bias": kernel[-1:] for name, kernel in layers.items()}
    for i, n in enumerate([1, *(kernel[-1] for kernel in kernels), n_pooled, n_units]):
        norm = _name("batch_normalization", i)
        found |= {f"{norm}/{part}": (n,) for part in ("gamma", "beta", "moving_mean", "moving_variance")}
    return found


def _name(kind: str, index: int) -> str:
    """Names as TensorFlow numbers them: ``conv2d``, ``conv2d_1``, …"""
    return f"{kind}_{index}" if index else kind


def _layer(weights: Weights, name: str) -> tuple[Floats, Floats]:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]


def _norm(weights: Weights, index: int) -> Affine:
    return Affine.from_batch_norm(weights, _name("batch_normalization", index))


def _same(length: int) -> tuple[int, int]:
    """Zeros before and after, for as many results as inputs: TensorFlow puts the odd one at the end."""
    return (length - 1) // 2, length // 2


def _dense_after(norm: Affine, kernel: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """A dense layer with the normalisation in front of it folded in: exact, for nothing is padded in between."""
    return norm.scale[:, None] * kernel, bias + norm.shift @ kernel


class _Way(Graph):
    """A graph on the way from its input to its answer, on which layers are shown as they are passed.

    A layer that is shown is an output, with the axes that it is told with; the graph goes on from that output, so that
    whatever lies behind is computed of nothing else.
    """

    def __init__(self, name: str, answers: str | None = None, through: str | None = None) -> None:
        super().__init__(name)
        self.answers, self.through = answers, through

    def shows(self, layer: str) -> bool:
        """Whether the layer is one of the outputs."""
        return layer in (self.answers, self.through)

    def shown(self, layer: str, x: str) -> str:
        """A layer's activations as they are told: an output, from which the graph goes on."""
        name = THROUGH if layer == self.through else ANSWER
        self.output(x, name, None)
        return name

    def over_time(self, layer: str, *parts: str) -> list[str]:
        """The parts of a layer, (n_batch, n_features, n_frames, 1); of one that is shown, what comes out of it."""
        if not self.shows(layer):
            return list(parts)
        whole, width = self.node("Concat", *parts, axis=1), self.constant(np.array([2]))
        told = self.shown(layer, self.node("Squeeze", _channels_last(self, whole), width))
        return [_channels_second(self, self.node("Unsqueeze", told, width))]

    def pooled(self, layer: str, x: str) -> str:
        """A layer, (n_batch, n_features, 1, 1), or what comes out of it."""
        if not self.shows(layer):
            return x
        told = self.shown(layer, self.node("Flatten", x))
        return self.node("Unsqueeze", told, self.constant(np.array([2, 3])))

    def over_bands(self, layer: str, x: str) -> str:
        """A layer, (n_batch, n_features, n_frames, n_bands), or what comes out of it."""
        if not self.shows(layer):
            return x
        return _channels_second(self, self.shown(layer, _channels_last(self, x)))


def _start(name: str, weights: Weights, answers: str | None = None, through: str | None = None) -> tuple[_Way, str]:
    graph = _Way(name, answers, through)
    return graph, graph.affine(graph.input("log_mel", ["n_batch", 1, N_FRAMES, N_MELS]), _norm(weights, 0))


def musicnn_graph(weights: Weights, layer: str | None = None, *, through: str | None = None) -> Graph:
    """From log-mel spectrograms (n_batch, 1, N_FRAMES, N_MELS) to scores (n_batch, n_labels), or to a layer's answers.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Tensors of the checkpoint by name.
    layer : str or None
        Name from `MUSICNN_LAYERS`, whose activations are the output `ANSWER`: ``timbral``, ``temporal`` and ``cnn1`` to
        ``cnn3`` of shape (n_batch, n_frames, n_features), the others (n_batch, n_features); None: `SCORES` are.
    through : str or None
        Name of a layer that is an output, too, `THROUGH`, from which the graph goes on; where it is `layer` itself, it
        is the only one. None: there is none.
    """
    graph, x = _start("musicnn", weights, layer, through)
    parts = [_front_layer(graph, x, weights, i) for i in range(5)]
    parts = [*graph.over_time("timbral", *parts[:2]), *graph.over_time("temporal", *parts[2:])]
    front = graph.node("Concat", *parts, axis=1)
    late = _late_layers(graph, _conv_over_time(graph, front, *_layer(weights, "conv2d_5")), weights)
    everything = graph.node("Concat", front, *late, axis=1)
    maximum = graph.pooled("max_pool", graph.node("GlobalMaxPool", everything))
    mean = graph.pooled("mean_pool", graph.node("GlobalAveragePool", everything))
    return _tag_layers(graph, [maximum], [mean], weights)


def _front_layer(graph: Graph, x: str, weights: Weights, i: int) -> str:
    """Convolution i over the normalised input: two timbral ones, valid over frequency, then three temporal ones."""
    kernel, bias = _layer(weights, _name("conv2d", i))
    before, after = _same(kernel.shape[0])
    pool = {"kernel_shape": [1, N_MELS - kernel.shape[1] + 1]}
    return graph.pooled_block(x, kernel, bias, _norm(weights, i + 1), pool=pool, pads=[before, 0, after, 0])


def _conv_over_time(graph: Graph, h: str, kernel: Floats, bias: Floats) -> str:
    """A kernel (7, n_features, 1, 64) over time: features are channels here, not the width."""
    return graph.conv(h, kernel.transpose(0, 2, 1, 3), bias, pads=[3, 0, 3, 0])


def _late_layers(graph: _Way, convolved: str, weights: Weights) -> list[str]:
    """The features of the three convolutions over time, of which `convolved` is the first."""
    features = graph.over_time("cnn1", graph.affine(graph.node("Relu", convolved), _norm(weights, 6)))
    for i in (6, 7):
        rectified = graph.node("Relu", _conv_over_time(graph, features[-1], *_layer(weights, f"conv2d_{i}")))
        added = graph.node("Add", graph.affine(rectified, _norm(weights, i + 1)), features[-1])
        features += graph.over_time(f"cnn{i - 4}", added)
    return features


def _tag_layers(graph: _Way, maxima: Sequence[str], means: Sequence[str], weights: Weights) -> Graph:
    """Two dense layers over the maxima and means over time of all features, and the finished graph."""
    flat = graph.node("Flatten", graph.node("Concat", *maxima, *means, axis=1))
    kernel, bias = _dense_after(_norm(weights, 9), *_layer(weights, "dense"))
    apart = np.concatenate([kernel[0::2], kernel[1::2]])  # in the checkpoint maximum and mean take turns
    hidden = graph.node("Relu", graph.node("Gemm", flat, graph.constant(apart), graph.constant(bias)))
    norm, last = _norm(weights, 10), _layer(weights, "dense_1")
    if not graph.shows("penultimate"):
        return _finish(graph, hidden, *_dense_after(norm, *last))
    scaled = graph.node("Mul", hidden, graph.constant(norm.scale))
    return _finish(graph, graph.shown("penultimate", graph.node("Add", scaled, graph.constant(norm.shift))), *last)


def vgg_graph(weights: Weights, layer: str | None = None, *, through: str | None = None) -> Graph:
    """From log-mel spectrograms (n_batch, 1, N_FRAMES, N_MELS) to scores (n_batch, n_labels), or to a layer's answers.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Tensors of the checkpoint by name.
    layer : str or None
        Name from `VGG_LAYERS`, whose activations (n_batch, n_frames, n_bands, n_features) are the output `ANSWER`;
        frames and bands become fewer from pool to pool. None: `SCORES` are.
    through : str or None
        Name of a layer from which the graph goes on, as for `musicnn_graph`; None: there is none.
    """
    graph, h = _start("vgg", weights, layer, through)
    pools = [([4, 1], [2, 2]), ([2, 2], [2, 2]), ([2, 2], [2, 2]), ([2, 2], [2, 2]), ([4, 4], [4, 4])]
    for i, (size, strides) in enumerate(pools, start=1):
        pool = {"kernel_shape": size, "strides": strides}
        h = graph.pooled_block(h, *_layer(weights, f"{i}CNN"), _norm(weights, i), pool=pool, pads=[1, 1, 1, 1])
        h = graph.over_bands(f"pool{i}", h)
    return _finish(graph, graph.node("Flatten", _channels_last(graph, h)), *_layer(weights, "dense"))


def _channels_last(graph: Graph, x: str) -> str:
    """Axes as TensorFlow has them, (n_batch, height, width, n_channels), of those of ONNX."""
    return graph.node("Transpose", x, perm=[0, 2, 3, 1])


def _channels_second(graph: Graph, x: str) -> str:
    """Axes as ONNX has them, of those of TensorFlow."""
    return graph.node("Transpose", x, perm=[0, 3, 1, 2])


def _finish(graph: _Way, features: str, kernel: Floats, bias: Floats) -> Graph:
    """The finished graph, whose last layer makes scores where no other layer answers."""
    if graph.answers is None:
        logits = graph.node("Gemm", features, graph.constant(kernel), graph.constant(bias))
        graph.output(graph.node("Sigmoid", logits), SCORES, ["n_batch", len(bias)])
    return graph
