"""Convolutions, pooling, normalisation, recurrence and short-time spectra of ONNX, in PyTorch.

Each function takes PyTorch, the node and its inputs, as those of `torch_operators` do. Tensors have ONNX's layout,
(batch, channels, …). PyTorch pads both sides of an axis alike where ONNX may pad them differently, so what is padded is
padded first.

Of several equal values the maximum over a window is the one that PyTorch takes; the maximum over a whole axis has its
derivative shared out evenly among them, as TensorFlow does it. Silence, where all frames are equal, has many such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from audiolime_ext.networks.onnx_nodes import Node

_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}  # PyTorch's order of gates, as places in ONNX's


def convolution(t: Any, node: Node, x: Any, kernel: Any, bias: Any = None) -> Any:
    """``Conv`` over one to three axes."""
    n, sizes = kernel.ndim - 2, kernel.shape[2:]
    strides, dilations = node.get("strides", [1] * n), node.get("dilations", [1] * n)
    x = _padded(t, x, _pads(node, x.shape[2:], sizes, strides, dilations), 0.0)
    if n == 2 and kernel.shape[1] == sizes[1] == strides[1] == 1 and node.get("group", 1) == 1:
        return _by_columns(t, x, kernel, bias, stride=strides, dilation=dilations)
    convolve = getattr(t.nn.functional, f"conv{n}d")
    return convolve(x, kernel, bias, stride=strides, dilation=dilations, groups=node.get("group", 1))


def _by_columns(t: Any, x: Any, kernel: Any, bias: Any, **steps: Any) -> Any:
    """Kernels of one column over one channel as a product of matrices: half the time that PyTorch's own take."""
    made = kernel.flatten(1) @ t.nn.functional.unfold(x, kernel.shape[2:], **steps)
    made = made if bias is None else made + bias[:, None]
    return made.view(len(x), len(kernel), -1, x.shape[3])


def transposed_convolution(t: Any, node: Node, x: Any, kernel: Any, bias: Any = None) -> Any:
    """``ConvTranspose``: computed as a whole, then cut by what ONNX calls its padding."""
    n, sizes = kernel.ndim - 2, kernel.shape[2:]
    strides, dilations = node.get("strides", [1] * n), node.get("dilations", [1] * n)
    more = node.get("output_padding", [0] * n)
    convolve = getattr(t.nn.functional, f"conv_transpose{n}d")
    whole = convolve(x, kernel, bias, strides, 0, more, node.get("group", 1), dilations)
    for axis, (before, after) in enumerate(_cuts(node, x.shape[2:], sizes, strides, whole.shape[2:]), start=2):
        whole = whole.narrow(axis, before, whole.shape[axis] - before - after)
    return whole


def _cuts(node: Node, lengths: Any, sizes: Any, strides: Any, whole: Any) -> list[tuple[int, int]]:
    """What is cut from both ends of each axis."""
    auto, wanted = node.get("auto_pad", "NOTSET"), node.get("output_shape", None)
    if wanted is None and auto in ("NOTSET", "VALID"):
        return _pairs(node.get("pads", [0] * 2 * len(sizes)))
    wanted = wanted or [length * stride for length, stride in zip(lengths, strides, strict=True)]
    total = [max(have - want, 0) for have, want in zip(whole, wanted[-len(sizes) :], strict=True)]
    return [(n // 2, n - n // 2) if auto == "SAME_UPPER" else (n - n // 2, n // 2) for n in total]


def max_pool(t: Any, node: Node, x: Any) -> Any:
    """``MaxPool`` over one to three axes."""
    sizes, strides, dilations = _window(node)
    x = _padded(t, x, _pads(node, x.shape[2:], sizes, strides, dilations), -t.inf)
    pool = getattr(t.nn.functional, f"max_pool{len(sizes)}d")
    return pool(x, sizes, strides, dilation=dilations, ceil_mode=bool(node.get("ceil_mode", 0)))


def average_pool(t: Any, node: Node, x: Any) -> Any:
    """``AveragePool`` over one to three axes; unless they are counted, added zeros do not lower the mean."""
    sizes, strides, dilations = _window(node)
    pads = _pads(node, x.shape[2:], sizes, strides, dilations)

    def pooled(values: Any) -> Any:
        pool = getattr(t.nn.functional, f"avg_pool{len(sizes)}d")
        return pool(_padded(t, values, pads, 0.0), sizes, strides, ceil_mode=bool(node.get("ceil_mode", 0)))

    return pooled(x) if node.get("count_include_pad", 0) else pooled(x) / pooled(t.ones_like(x[:1, :1]))


def global_pool(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """``GlobalMaxPool`` and ``GlobalAveragePool``, by a function of a tensor and axes."""

    def pooled(t: Any, node: Node, x: Any) -> Any:
        return reduce(x, tuple(range(2, x.ndim)), True)

    return pooled


def _window(node: Node) -> tuple[list[int], list[int], list[int]]:
    sizes = list(node.get("kernel_shape", []))
    return sizes, list(node.get("strides", [1] * len(sizes))), list(node.get("dilations", [1] * len(sizes)))


def _pads(node: Node, lengths: Any, sizes: Any, strides: Any, dilations: Any) -> list[tuple[int, int]]:
    """Values to add before and after each axis."""
    auto = node.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        return _pairs(node.get("pads", [0] * 2 * len(sizes)))
    if auto == "VALID":
        return [(0, 0)] * len(sizes)
    found = []
    for length, size, stride, dilation in zip(lengths, sizes, strides, dilations, strict=True):
        n = max((-(-length // stride) - 1) * stride + (size - 1) * dilation + 1 - length, 0)
        found.append((n // 2, n - n // 2) if auto == "SAME_UPPER" else (n - n // 2, n // 2))
    return found


def _pairs(pads: Sequence[int]) -> list[tuple[int, int]]:
    """ONNX's list, all beginnings and then all ends, by axis."""
    half = len(pads) // 2
    return list(zip(pads[:half], pads[half:], strict=True))


def _padded(t: Any, x: Any, pads: Sequence[tuple[int, int]], value: float) -> Any:
    """The last axes of `x` with values before and after."""
    if not any(map(any, pads)):
        return x
    return t.nn.functional.pad(x, [n for pair in reversed(pads) for n in pair], value=value)


def batch_norm(t: Any, node: Node, x: Any, scale: Any, shift: Any, mean: Any, variance: Any) -> Any:
    """``BatchNormalization`` at inference."""
    return t.nn.functional.batch_norm(x, mean, variance, scale, shift, eps=node.get("epsilon", 1e-5))


def instance_norm(t: Any, node: Node, x: Any, scale: Any, shift: Any) -> Any:
    """``InstanceNormalization``."""
    return t.nn.functional.instance_norm(x, weight=scale, bias=shift, eps=node.get("epsilon", 1e-5))


def layer_norm(t: Any, node: Node, x: Any, scale: Any, shift: Any = None) -> Any:
    """``LayerNormalization`` over the last axes."""
    shape = x.shape[node.get("axis", -1) % x.ndim :]
    normal = t.nn.functional.layer_norm(x, shape, eps=node.get("epsilon", 1e-5)) * scale
    return normal if shift is None else normal + shift


def recurrent(t: Any, node: Node, x: Any, w: Any, r: Any, b: Any = None, _: Any = None, *start: Any) -> Any:
    """``LSTM`` and ``GRU``; inputs (n_frames, n_batch, n_features)."""
    n_gates, n_ways = len(_GATES[node.kind]), len(w)
    size, batch = r.shape[-1], x.shape[1]

    def turned(weights: Any) -> Any:
        return t.cat([weights.split(size)[gate] for gate in _GATES[node.kind]])

    b = w.new_zeros(n_ways, 2 * n_gates * size) if b is None else b
    each = [(w[i], r[i], *b[i].split(n_gates * size)) for i in range(n_ways)]
    weights = [turned(one) for way in each for one in way]
    states = [x.new_zeros(n_ways, batch, size) if one is None else one for one in (*start[:2], None, None)[:2]]
    states = states if node.kind == "LSTM" else states[:1]
    run = t.lstm if node.kind == "LSTM" else t.gru
    y, *last = run(x, states if len(states) == 2 else states[0], weights, True, 1, 0.0, False, n_ways == 2, False)
    return (y.reshape(len(y), batch, n_ways, size).transpose(1, 2), *last)


def short_time_spectra(t: Any, node: Node, x: Any, step: Any, window: Any = None, length: Any = None) -> Any:
    """``STFT`` of real signals (n_batch, n_samples, 1): (n_batch, n_frames, n_bins, 2)."""
    size = int(length) if length is not None else len(window)
    frames = x.reshape(len(x), -1).unfold(1, size, int(step))
    frames = frames if window is None else frames * window
    spectra = t.fft.rfft(frames) if node.get("onesided", 1) else t.fft.fft(frames)
    return t.view_as_real(spectra)
