"""The trained network as an ONNX file that is a model at once: ``onnx:PATH``.

Its input is a waveform at 22,050 Hz, shape (n_batch, n_samples), of one window: levels in mel bands are a part of the
graph, so nobody needs to know how they were made. Each batch normalisation is folded into the convolution before it.
What else a user would have to say, rate and window, the file states of itself (`audiolime_ext.prediction.stated`).

Invariant: *a file is written only if it answers as the network in PyTorch does*, to 1e-4 of an embedding of length 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import hann, mel_filterbank, mel_spectrogram
from audiolime_ext.errors import ModelError
from audiolime_ext.networks.graph import Affine, Graph
from audiolime_ext.networks.runtime import session
from audiolime_ext.recommendation.training.network import embedded
from audiolime_ext.recommendation.training.recipes import Recipe
from audiolime_ext.recommendation.training.spectra import (
    FAINTEST_DB,
    HOP,
    LEAST_DB,
    N_FFT,
    N_MELS,
    N_SAMPLES,
    RANGE_DB,
    SR,
    decibels,
    seen,
)

if TYPE_CHECKING:
    from torch import nn

_TOLERANCE = 1e-4
_LEAST_LENGTH = 1e-12  # as PyTorch has it


def exported(network: nn.Module, recipe: Recipe, properties: Mapping[str, str]) -> bytes:
    """The content of the ONNX file, with some properties.

    Raises
    ------
    ModelError
        If it does not answer as the network does.
    """
    weights = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    graph = Graph("embedding")
    x = _levels(graph, graph.input("waveform", ["n_batch", "n_samples"]))
    if recipe.scaled:
        x = _plus(graph, graph.node("Mul", x, _scalar(graph, 2 / RANGE_DB)), 1.0)
    for i in range(len(recipe.channels)):
        x = graph.node("Relu", _conv(graph, x, weights, i, 1 if i else recipe.stride))
        x = graph.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    matrix, bias = (graph.constant(weights[f"dense.{name}"]) for name in ("weight", "bias"))
    x = graph.node("Gemm", x, matrix, bias, transB=1)
    length = graph.node("ReduceL2", x, axes=[1], keepdims=1)
    x = graph.node("Div", x, graph.node("Max", length, _scalar(graph, _LEAST_LENGTH)))
    graph.output(x, "embedding", ["n_batch", recipe.n_features])
    content = graph.file(properties)
    _require_equal(content, network, recipe)
    return content


def _levels(graph: Graph, waveform: str) -> str:
    """What the network sees of a waveform, shape (n_batch, 1, 128, n_frames)."""
    signal = graph.node("Unsqueeze", waveform, _axes(graph, 2))
    step, length = (graph.constant(np.array(n, np.int64)) for n in (HOP, N_FFT))
    spectrum = graph.node("STFT", signal, step, graph.constant(hann(N_FFT)), length, onesided=1)
    power = graph.node("ReduceSum", graph.node("Mul", spectrum, spectrum), _axes(graph, 3), keepdims=0)
    bands = graph.node("MatMul", power, graph.constant(mel_filterbank(SR, N_FFT, N_MELS).T))
    least = _scalar(graph, 10 ** (LEAST_DB / 10))
    levels = graph.node("Mul", graph.node("Log", graph.node("Max", bands, least)), _scalar(graph, 10 / np.log(10)))
    loudest = graph.node("ReduceMax", levels, axes=[1, 2], keepdims=1)
    relative = graph.node("Sub", levels, graph.node("Max", loudest, _scalar(graph, FAINTEST_DB)))
    clipped = graph.node("Clip", relative, _scalar(graph, -RANGE_DB), _scalar(graph, 0.0))
    return graph.node("Unsqueeze", graph.node("Transpose", clipped, perm=[0, 2, 1]), _axes(graph, 1))


def _conv(graph: Graph, x: str, weights: Mapping[str, NDArray[Any]], i: int, stride: int) -> str:
    """A convolution with the batch normalisation that follows it."""
    names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
    norm = {f"norm/{theirs}": weights[f"norm{i}.{ours}"] for ours, theirs in names.items()}
    affine = Affine.from_batch_norm(norm, "norm", epsilon=1e-5)
    kernel = weights[f"conv{i}.weight"] * affine.scale[:, None, None, None]
    bias = weights[f"conv{i}.bias"] * affine.scale + affine.shift
    return graph.conv(x, kernel.transpose(2, 3, 1, 0), bias, pads=[1, 1, 1, 1], strides=[stride, stride])


def _plus(graph: Graph, x: str, number: float) -> str:
    return graph.node("Add", x, _scalar(graph, number))


def _scalar(graph: Graph, number: float) -> str:
    return graph.constant(np.float32(number))


def _axes(graph: Graph, axis: int) -> str:
    return graph.constant(np.array([axis], np.int64))


def _require_equal(content: bytes, network: nn.Module, recipe: Recipe) -> None:
    """Ask both about noise, a tone, soft noise and silence."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, N_SAMPLES)
    tone = np.sin(2 * np.pi * 440 / SR * np.arange(N_SAMPLES)) * np.linspace(0.01, 0.5, N_SAMPLES)
    heard = np.stack([noise, tone + 0.01 * noise, 1e-4 * noise, 0 * noise]).astype(np.float32)
    power = mel_spectrogram(heard, sr=SR, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS)
    ours = embedded(network, recipe, seen(decibels(power)))
    theirs = session(content, threads=1).run(None, {"waveform": heard})[0]
    off = float(np.abs(ours - theirs).max())
    if not off <= _TOLERANCE:
        raise ModelError(
            f"the exported file answers otherwise than the network that was trained, by {off:.2g} where {_TOLERANCE:g} "
            "is the most, so it was not written; another version of ONNX Runtime may help: pip install -U onnxruntime"
        )
