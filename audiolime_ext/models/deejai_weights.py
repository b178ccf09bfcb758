"""The network of Deej-AI: its weights, from Keras's files or the published PyTorch conversion, and its graph.

Three blocks (separable convolution 3×3, leaky ReLU of slope .2, batch normalisation, maximum of 2×2), a dense layer
with the same two behind it, and a dense layer of as many outputs as the embedding has. Numbers of filters are those of
the tensors; the spectra have 216 frames of 96 bands.

A file is judged by its content, not by its name, and is data: of Keras's description only the order of its layers is
read, no layer of it is built; HDF5 is read by `hdf5`, which follows no links; pickled weights are refused.

- HDF5: ``model.save`` of Keras 2, as Deej-AI publishes its ``speccy_model``;
- ``.keras``: ``model.save`` of Keras 3, a zip archive;
- safetensors: the state of the conversion's ``AudioEncoder``, as ``diffusion_pytorch_model.safetensors``.

The tensors are named ``conv1/depthwise``, ``norm1/gamma``, ``dense1/kernel``, … with kernels in TensorFlow's layout,
whichever file they are from; so is the fingerprint that is made of them.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.plain import json_of
from audiolime_ext.networks.graph import Affine, Graph
from audiolime_ext.networks.hdf5 import Hdf5
from audiolime_ext.networks.tensor_bundle import require_shapes
from audiolime_ext.prediction.model_files import read, read_archive, reason

N_FRAMES, N_MELS = 216, 96
SLOPE, EPSILON = 0.2, 1e-3
LAYERS = ("conv1", "block1", "conv2", "block2", "conv3", "block3", "penultimate")

_HDF5, _PICKLES = b"\x89HDF", (b"\x80", b"PK\x03\x04")  # of torch.save, old and new
_BLOCK = ("SeparableConv2D", "LeakyReLU", "BatchNormalization", "MaxPooling2D")
_ORDER = (*3 * _BLOCK, "Flatten", "Dense", "LeakyReLU", "BatchNormalization", "Dense")
_IDLE = ("InputLayer", "Dropout")
_STEM = {"SeparableConv2D": "conv", "BatchNormalization": "norm", "Dense": "dense"}
_GROUP = {"SeparableConv2D": "separable_conv2d", "BatchNormalization": "batch_normalization", "Dense": "dense"}
_PARTS = {  # as Keras orders them, and ours
    "conv": {"depthwise_kernel": "depthwise", "pointwise_kernel": "pointwise", "bias": "bias"},
    "norm": {name: name for name in ("gamma", "beta", "moving_mean", "moving_variance")},
    "dense": {"kernel": "kernel", "bias": "bias"},
}
_TORCH = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_HOW = "name Deej-AI's speccy_model, a .keras file of it, or the safetensors file of its PyTorch conversion"

Weights = Mapping[str, NDArray[Any]]


def weights_of(path: Path) -> Weights:
    """The tensors of a file, float32, by name.

    Raises
    ------
    UsageError
        If the file holds pickled objects, or another network.
    MissingError
        If there is no such file, or a package is missing that reads it.
    CorruptError
        If it is damaged, or of another architecture.
    """
    content = read(path)
    if content[:4] == _HDF5:
        found = _of_hdf5(content, path)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        found = _of_archive(path)
    elif content[:1] == _PICKLES[0]:
        raise _pickled(path)
    else:
        found = _of_safetensors(content, path)
    weights = {name: np.asarray(values) for name, values in found.items()}
    require_shapes(weights, _shapes(weights, path), origin=str(path))
    return weights


def graph_of(weights: Weights, layer: str | None = None) -> Graph:
    """From spectra (n_batch, N_FRAMES, N_MELS) to the embedding, or to a layer's activations.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Tensors by name, see `weights_of`.
    layer : str or None
        Name from `LAYERS`, whose activations are the output: of shape (n_batch, n_features, n_bands, n_frames), of
        ``penultimate`` (n_batch, n_features); None: the embedding, (n_batch, n_outputs), is.
    """
    graph, found = network_of(weights)
    graph.output(found[layer], "answers", None)
    return graph


def network_of(weights: Weights) -> tuple[Graph, dict[str | None, str]]:
    """The graph without an output, and its tensors by the names of `LAYERS`; None: the embedding."""
    graph = Graph("deejai")
    spectra = graph.input("spectra", ["n_batch", N_FRAMES, N_MELS])
    found: dict[str | None, str] = {}
    x = graph.node("Unsqueeze", graph.node("Transpose", spectra, perm=[0, 2, 1]), graph.constant(np.array([1])))
    for i in (1, 2, 3):
        found[f"conv{i}"] = _separable(graph, x, weights, i)
        rectified = graph.affine(graph.node("LeakyRelu", found[f"conv{i}"], alpha=SLOPE), _norm(weights, i))
        x = found[f"block{i}"] = graph.node("MaxPool", rectified, kernel_shape=[2, 2], strides=[2, 2])
    flat = graph.node("Flatten", graph.node("Transpose", x, perm=[0, 2, 3, 1]))  # as TensorFlow orders the axes
    hidden, norm = graph.node("LeakyRelu", _dense(graph, flat, weights, 1), alpha=SLOPE), _norm(weights, 4)
    scaled = graph.node("Mul", hidden, graph.constant(norm.scale))
    found["penultimate"] = graph.node("Add", scaled, graph.constant(norm.shift))
    found[None] = _dense(graph, found["penultimate"], weights, 2)
    return graph, found


def _separable(graph: Graph, x: str, weights: Weights, i: int) -> str:
    depthwise = graph.constant(weights[f"conv{i}/depthwise"].transpose(2, 3, 0, 1))  # (in, 1, height, width)
    each = graph.node("Conv", x, depthwise, group=weights[f"conv{i}/depthwise"].shape[2], pads=[1, 1, 1, 1])
    return graph.conv(each, weights[f"conv{i}/pointwise"], weights[f"conv{i}/bias"])


def _norm(weights: Weights, i: int) -> Affine:
    return Affine.from_batch_norm(weights, f"norm{i}", epsilon=EPSILON)


def _dense(graph: Graph, x: str, weights: Weights, i: int) -> str:
    return graph.node("Gemm", x, *(graph.constant(weights[f"dense{i}/{part}"]) for part in ("kernel", "bias")))


def _shapes(weights: Weights, path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors, given the numbers of filters and units that the file's biases have."""
    try:
        filters = [1, *(weights[f"conv{i}/bias"].shape[0] for i in (1, 2, 3))]
        units = [weights[f"dense{i}/bias"].shape[0] for i in (1, 2)]
    except (KeyError, IndexError) as error:
        raise CorruptError(f"{path} lacks weights of Deej-AI's network ({error}); {_HOW}") from error
    wanted: dict[str, tuple[int, ...]] = {}
    for i, (n_in, n_out) in enumerate(pairwise(filters), 1):
        wanted |= {f"conv{i}/depthwise": (3, 3, n_in, 1), f"conv{i}/pointwise": (1, 1, n_in, n_out)}
        wanted[f"conv{i}/bias"] = (n_out,)
    rows = [N_MELS // 8 * (N_FRAMES // 8) * filters[-1], units[0]]
    for i in (1, 2):
        wanted |= {f"dense{i}/kernel": (rows[i - 1], units[i - 1]), f"dense{i}/bias": (units[i - 1],)}
    for i, n in enumerate([*filters[1:], units[0]], 1):
        wanted |= {f"norm{i}/{part}": (n,) for part in _PARTS["norm"]}
    return wanted


def _of_safetensors(content: bytes, path: Path) -> dict[str, Any]:
    """Tensors of the PyTorch conversion: blocks from 0 on, kernels (out, in, height, width) and (out, in)."""
    numpy = require("safetensors.numpy", extra="deejai")
    try:
        state = numpy.load(content)
    except Exception as error:
        raise CorruptError(f"{path} is damaged, or no weights of Deej-AI ({reason(error)}); {_HOW}") from error
    blocks = [f"conv_blocks.{i}" for i in range(3)]
    named: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for i, block in enumerate(blocks, 1):
        named[f"conv{i}/depthwise"] = (f"{block}.sep_conv.depthwise.weight", (2, 3, 0, 1))
        named[f"conv{i}/pointwise"] = (f"{block}.sep_conv.pointwise.weight", (2, 3, 1, 0))
        named[f"conv{i}/bias"] = (f"{block}.sep_conv.pointwise.bias", None)
    for i, block in enumerate((*blocks, "dense_block"), 1):
        named |= {f"norm{i}/{ours}": (f"{block}.batch_norm.{theirs}", None) for ours, theirs in _TORCH.items()}
    for i, layer in enumerate(("dense_block.dense", "embedding"), 1):
        named |= {f"dense{i}/kernel": (f"{layer}.weight", (1, 0)), f"dense{i}/bias": (f"{layer}.bias", None)}
    return {ours: _turned(state[key], axes) for ours, (key, axes) in named.items() if key in state}


def _turned(tensor: NDArray[Any], axes: tuple[int, ...] | None) -> NDArray[Any]:
    return tensor if axes is None or tensor.ndim != len(axes) else tensor.transpose(axes)


def _of_archive(path: Path) -> dict[str, Any]:
    """Tensors of a ``.keras`` file, whose groups are named by class, and tensors by position."""
    content = read_archive(path, _HOW)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if not {"config.json", "model.weights.h5"} <= set(archive.namelist()):
            raise _pickled(path)
        description, weights = archive.read("config.json"), archive.read("model.weights.h5")
    numbers = Counter[str]()
    groups = []
    for kind, _ in _layers(description, path):
        own = _GROUP[kind] + (f"_{numbers[kind]}" if numbers[kind] else "")
        groups.append((kind, f"layers/{own}/vars/"))
        numbers[kind] += 1
    return _named(Hdf5(weights, str(path)).tensors(), groups)


def _of_hdf5(content: bytes, path: Path) -> dict[str, Any]:
    """Tensors of a file of Keras 2, whose groups are named as its layers, and tensors by what they are."""
    file = Hdf5(content, str(path))
    described = _layers(file.text("model_config").encode(), path)
    return _named(file.tensors(), [(kind, f"model_weights/{name}/") for kind, name in described])


def _layers(description: bytes, path: Path) -> list[tuple[str, str]]:
    """Class and name of the layers that have weights, in order; `UsageError` if they are not Deej-AI's."""
    try:
        config = json_of(description)["config"]
        layers = config if isinstance(config, list) else config["layers"]
        found = [(str(layer["class_name"]), layer["config"]) for layer in layers]
        slopes = [float(one.get("negative_slope", one.get("alpha"))) for kind, one in found if kind == "LeakyReLU"]
        epsilons = [float(one["epsilon"]) for kind, one in found if kind == "BatchNormalization"]
        padded = [one["padding"] for kind, one in found if kind == "SeparableConv2D"]
        order = tuple(kind for kind, _ in found if kind not in _IDLE)
        named = [(kind, str(one["name"])) for kind, one in found if kind in _STEM]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CorruptError(f"{path} is damaged, or describes no network ({reason(error)}); {_HOW}") from error
    for i, (is_, wanted) in enumerate(zip_longest(order, _ORDER), 1):
        if is_ != wanted:
            told = f"layer {i} is {is_ or 'absent'}, and Deej-AI's {wanted or 'has none there'}"
            raise UsageError(f"{path} is a Keras model, but another one: without input and dropout {told}; {_HOW}")
    if not (np.allclose(slopes, SLOPE) and np.allclose(epsilons, EPSILON) and set(padded) == {"same"}):
        raise UsageError(
            f"{path} is a Keras model, but another one: its slopes, epsilons and paddings are {slopes}, {epsilons}, "
            f"{padded}, and Deej-AI's {SLOPE:g}, {EPSILON:g}, 'same' throughout; {_HOW}"
        )
    return named


def _named(tensors: Mapping[str, Any], groups: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Tensors by our names; the groups are (class of a layer, how the paths of its tensors begin)."""
    found: dict[str, Any] = {}
    numbers = Counter[str]()
    for kind, begin in groups:
        stem = _STEM[kind]
        numbers[stem] += 1
        parts = {**_PARTS[stem], **{str(i): part for i, part in enumerate(_PARTS[stem].values())}}
        for path, tensor in tensors.items():
            name = path.rpartition("/")[2].partition(":")[0]
            if path.startswith(begin) and name in parts:
                found[f"{stem}{numbers[stem]}/{parts[name]}"] = tensor
    return found


def _pickled(path: Path) -> UsageError:
    return UsageError(f"{path} holds pickled Python objects, which may run any code and are not loaded; {_HOW}")
