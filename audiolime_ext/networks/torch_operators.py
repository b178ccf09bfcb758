"""The operators of ONNX in PyTorch: a table from their names to functions that PyTorch can differentiate.

Each function takes PyTorch, the node and its inputs, tensors or, where one is left out, None; it answers a tensor, or a
tuple where the node has several outputs. It changes none of its inputs. Sizes and axes are tensors of whole numbers, as
in ONNX; whether they are inputs or attributes differs between versions of the operator set, and both are read.

`lacking` tells of a graph which of its operators are not in the table, or are used in a way that is not: those of other
domains (quantised ones, trees), of control flow (``If``, ``Loop``, ``Scan``), of sequences, ``Resize``, ``NonZero`` and
others whose answers have no derivative worth the name.

References
----------
The operators are those of https://onnx.ai/onnx/operators, in versions 7 to 22 of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from audiolime_ext.networks.onnx_nodes import Node
from audiolime_ext.networks.torch_kernels import (
    average_pool,
    batch_norm,
    convolution,
    global_pool,
    instance_norm,
    layer_norm,
    max_pool,
    recurrent,
    short_time_spectra,
    transposed_convolution,
)

Operator = Callable[..., Any]

_TYPES = {
    1: "float32",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float32",
    11: "float64",
    16: "float32",
}  # halves: single


def lacking(nodes: Iterable[Node]) -> list[str]:
    """Operators that cannot be differentiated here, each once, in words.

    Examples
    --------
    >>> lacking([Node("Relu", "a", ("x",), ("y",), {}), Node("NonZero", "b", ("y",), ("z",), {})])
    ['NonZero']
    """
    return list(dict.fromkeys(told for node in nodes if (told := _lacking(node)) is not None))


def _lacking(node: Node) -> str | None:
    if node.kind not in OPERATORS:
        return node.kind
    more = len([name for name in node.outputs if name])
    refused = {
        "MaxPool": more > 1 and "MaxPool with the places of its maxima",
        "AveragePool": node.get("ceil_mode", 0) and node.get("count_include_pad", 0) and "AveragePool with ceil_mode",
        "BatchNormalization": (node.get("training_mode", 0) or more > 1) and "BatchNormalization in training",
        "LayerNormalization": more > 1 and "LayerNormalization with its statistics",
        "Dropout": more > 1 and "Dropout with its mask",
        "GRU": not node.get("linear_before_reset", 0) and "GRU with linear_before_reset=0",
        "Pad": node.get("mode", "constant") not in _PAD_MODES and f"Pad with mode={node.get('mode', '')}",
        "Cast": node.get("to", 1) not in _TYPES and f"Cast to type {node.get('to', 1)}",
    }
    if node.kind in ("LSTM", "GRU") and (odd := _odd_recurrence(node)):
        return f"{node.kind} with {odd}"
    return refused.get(node.kind) or None


def _odd_recurrence(node: Node) -> str | None:
    gates = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}[node.kind]
    ways = 2 if node.get("direction", "forward") == "bidirectional" else 1
    named = [name.decode() if isinstance(name, bytes) else name for name in node.get("activations", gates * ways)]
    if node.get("direction", "forward") == "reverse":
        return "direction=reverse"
    if node.get("clip", None) is not None or node.get("layout", 0) or named != gates * ways:
        return "clip, layout or activations of its own"
    return "lengths or peepholes" if any(node.inputs[4:5]) or any(node.inputs[7:8]) else None


def _called(name: str) -> Operator:
    """The function of PyTorch of that name, of all inputs."""
    return lambda t, node, *inputs: getattr(t, name)(*inputs)


def _functional(name: str, **renamed: tuple[str, Any]) -> Operator:
    """A function of ``torch.nn.functional``; attributes as its arguments: name=(attribute, what stands for it)."""

    def operator(t: Any, node: Node, x: Any) -> Any:
        given = {argument: node.get(*attribute) for argument, attribute in renamed.items()}
        return getattr(t.nn.functional, name)(x, **given)

    return operator


def _folded(name: str) -> Operator:
    """A function of two, applied to any number of inputs in turn."""
    return lambda t, node, *inputs: reduce(getattr(t, name), inputs)


def _numbers(node: Node, name: str, given: Any, default: Any = None) -> Any:
    """Whole numbers that are an input or, of older versions, an attribute."""
    return node.get(name, default) if given is None else given.reshape(-1).tolist()


def _reduced(function: Callable[[Any, Any, tuple[int, ...], bool], Any]) -> Operator:
    """A reduction over axes, by a function of PyTorch, the tensor, the axes and whether they stay."""

    def operator(t: Any, node: Node, x: Any, axes: Any = None) -> Any:
        asked = _numbers(node, "axes", axes)
        if not asked and node.get("noop_with_empty_axes", 0):
            return x
        return function(t, x, tuple(asked or range(x.ndim)), bool(node.get("keepdims", 1)))

    return operator


def _product(t: Any, x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


def _softmax(name: str) -> Operator:
    """Before version 13 of the operator set it is over all axes from one on."""

    def operator(t: Any, node: Node, x: Any) -> Any:
        function = getattr(t, name)
        if node.opset >= 13:
            return function(x, node.get("axis", -1))
        return function(x.flatten(node.get("axis", 1) % x.ndim), -1).reshape(x.shape)

    return operator


def _divide(t: Any, node: Node, a: Any, b: Any) -> Any:
    return t.div(a, b) if a.is_floating_point() else t.div(a, b, rounding_mode="trunc")


def _modulo(t: Any, node: Node, a: Any, b: Any) -> Any:
    return t.fmod(a, b) if node.get("fmod", 0) else t.remainder(a, b)


def _clip(t: Any, node: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    low, high = (node.get(name, None) if one is None else one for name, one in (("min", low), ("max", high)))
    if low is not None:
        x = t.maximum(x, t.as_tensor(low, dtype=x.dtype))
    return x if high is None else t.minimum(x, t.as_tensor(high, dtype=x.dtype))


def _gelu(t: Any, node: Node, x: Any) -> Any:
    return t.nn.functional.gelu(x, approximate=node.get("approximate", "none"))


def _hard_sigmoid(t: Any, node: Node, x: Any) -> Any:
    return t.clamp(node.get("alpha", 0.2) * x + node.get("beta", 0.5), 0, 1)


def _prelu(t: Any, node: Node, x: Any, slope: Any) -> Any:
    return t.where(x < 0, slope * x, x)


def _gemm(t: Any, node: Node, a: Any, b: Any, c: Any = None) -> Any:
    a, b = (one.T if node.get(name, 0) else one for one, name in ((a, "transA"), (b, "transB")))
    product = node.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + node.get("beta", 1.0) * c


def _reshape(t: Any, node: Node, x: Any, shape: Any) -> Any:
    kept = not node.get("allowzero", 0)
    return x.reshape([x.shape[i] if n == 0 and kept else n for i, n in enumerate(shape.tolist())])


def _transpose(t: Any, node: Node, x: Any) -> Any:
    return x.permute(*node.get("perm", range(x.ndim)[::-1]))


def _flatten(t: Any, node: Node, x: Any) -> Any:
    axis = node.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return x.reshape(x.shape[:axis].numel(), -1)


def _squeeze(t: Any, node: Node, x: Any, axes: Any = None) -> Any:
    asked = _numbers(node, "axes", axes)
    return x.squeeze() if asked is None else x.squeeze(tuple(asked))


def _unsqueeze(t: Any, node: Node, x: Any, axes: Any = None) -> Any:
    asked = _numbers(node, "axes", axes)
    for axis in sorted(axis % (x.ndim + len(asked)) for axis in asked):
        x = x.unsqueeze(axis)
    return x


def _concat(t: Any, node: Node, *inputs: Any) -> Any:
    return t.cat(inputs, node.get("axis", 0))


def _split(t: Any, node: Node, x: Any, sizes: Any = None) -> Any:
    axis = node.get("axis", 0)
    asked, n = _numbers(node, "split", sizes), node.get("num_outputs", len(node.outputs))
    return tuple(x.split(asked or -(-x.shape[axis] // n), axis))


def _slice(t: Any, node: Node, x: Any, *given: Any) -> Any:
    starts, ends, axes, steps = (
        _numbers(node, name, one)
        for name, one in zip(("starts", "ends", "axes", "steps"), (*given, None, None, None, None), strict=False)
    )
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis, step = axes[i] if axes else i, steps[i] if steps else 1
        places = range(x.shape[axis])[slice(start, end if end > -(2**62) else None, step)]
        x = x.index_select(axis, t.tensor(list(places), dtype=t.int64, device=x.device))
    return x


def _gather(t: Any, node: Node, x: Any, indices: Any) -> Any:
    axis = node.get("axis", 0) % x.ndim
    places = t.where(indices < 0, indices + x.shape[axis], indices).reshape(-1)
    return x.index_select(axis, places).reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _gather_elements(t: Any, node: Node, x: Any, indices: Any) -> Any:
    axis = node.get("axis", 0)
    return x.gather(axis, t.where(indices < 0, indices + x.shape[axis], indices))


def _expand(t: Any, node: Node, x: Any, shape: Any) -> Any:
    return x.expand(t.broadcast_shapes(x.shape, shape.tolist()))


_PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}


def _pad(t: Any, node: Node, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    """Added before and after axes by where the values are taken from, so that any axis can be padded in any mode."""
    asked, mode = _numbers(node, "pads", pads), node.get("mode", "constant")
    over = _numbers(node, "axes", axes) or list(range(x.ndim))
    for i, axis in enumerate(over):
        before, after, n = asked[i], asked[i + len(over)], x.shape[axis]
        places = t.arange(-before, n + after, device=x.device)
        if mode == "reflect" and n > 1:
            places = (places % (2 * n - 2)).sub(n - 1).abs().neg().add(n - 1)
        inside = (places >= 0) & (places < n)
        x = x.index_select(axis, places.clamp(0, n - 1))
        if mode == "constant" and not bool(inside.all()):
            shape = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
            outside = node.get("value", 0.0) if value is None else value.reshape(())
            x = t.where(inside.reshape(shape), x, t.as_tensor(outside, dtype=x.dtype))
    return x


def _shape(t: Any, node: Node, x: Any) -> Any:
    return t.tensor(list(x.shape)[node.get("start", 0) : node.get("end", None)], dtype=t.int64)


def _cast(t: Any, node: Node, x: Any) -> Any:
    return x.to(getattr(t, _TYPES[node.get("to", 1)]))


def _constant(t: Any, node: Node) -> Any:
    from onnx import numpy_helper

    ((name, value),) = node.attributes.items()
    return t.tensor(numpy_helper.to_array(value) if name == "value" else value)


def _constant_of_shape(t: Any, node: Node, shape: Any) -> Any:
    from onnx import numpy_helper

    filled = node.get("value", None)
    value = t.tensor([0.0] if filled is None else numpy_helper.to_array(filled))
    return value.expand(shape.tolist())


def _range(t: Any, node: Node, start: Any, end: Any, step: Any) -> Any:
    return t.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def _cumulated(t: Any, node: Node, x: Any, axis: Any) -> Any:
    at = int(axis)
    x = x.flip(at) if node.get("reverse", 0) else x
    total = x.cumsum(at) - (x if node.get("exclusive", 0) else 0)
    return total.flip(at) if node.get("reverse", 0) else total


def _mean(t: Any, node: Node, *inputs: Any) -> Any:
    return reduce(t.add, inputs) / len(inputs)


_SAME_NAME = {
    **{name: name.lower() for name in ("Add", "Sub", "Mul", "Pow", "MatMul", "Neg", "Abs", "Exp", "Log", "Sqrt")},
    **{name: name.lower() for name in ("Relu", "Sigmoid", "Tanh", "Erf", "Sin", "Cos", "Tan", "Atan", "Sign", "Floor")},
    **{name: name.lower() for name in ("Ceil", "Round", "Reciprocal", "Where", "IsNaN")},
    **{"Equal": "eq", "Greater": "gt", "Less": "lt", "GreaterOrEqual": "ge", "LessOrEqual": "le"},
    **{"And": "logical_and", "Or": "logical_or", "Xor": "logical_xor", "Not": "logical_not"},
}
_REDUCTIONS: Mapping[str, Callable[[Any, Any, tuple[int, ...], bool], Any]] = {
    "ReduceMean": lambda t, x, axes, keep: x.mean(axes, keep),
    "ReduceSum": lambda t, x, axes, keep: x.sum(axes, keep),
    "ReduceMax": lambda t, x, axes, keep: x.amax(axes, keep),
    "ReduceMin": lambda t, x, axes, keep: x.amin(axes, keep),
    "ReduceProd": _product,
    "ReduceL1": lambda t, x, axes, keep: x.abs().sum(axes, keep),
    "ReduceL2": lambda t, x, axes, keep: t.linalg.vector_norm(x, dim=axes, keepdim=keep),
    "ReduceSumSquare": lambda t, x, axes, keep: x.square().sum(axes, keep),
    "ReduceLogSum": lambda t, x, axes, keep: x.sum(axes, keep).log(),
    "ReduceLogSumExp": lambda t, x, axes, keep: t.logsumexp(x, axes, keep),
}
OPERATORS: Mapping[str, Operator] = {
    **{name: _called(function) for name, function in _SAME_NAME.items()},
    **{name: _reduced(function) for name, function in _REDUCTIONS.items()},
    **{name: _folded(function) for name, function in {"Max": "maximum", "Min": "minimum", "Sum": "add"}.items()},
    **{"Div": _divide, "Mod": _modulo, "Mean": _mean, "Clip": _clip, "Gelu": _gelu, "PRelu": _prelu, "Gemm": _gemm},
    **{"Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"), "HardSigmoid": _hard_sigmoid},
    "LeakyRelu": _functional("leaky_relu", negative_slope=("alpha", 0.01)),
    "Elu": _functional("elu", alpha=("alpha", 1.0)),
    "Celu": _functional("celu", alpha=("alpha", 1.0)),
    "Selu": _functional("selu"),
    "Softplus": _functional("softplus"),
    "Softsign": _functional("softsign"),
    "HardSwish": _functional("hardswish"),
    "Mish": _functional("mish"),
    "Einsum": lambda t, node, *inputs: t.einsum(node.get("equation", ""), *inputs),
    **{name: lambda t, node, x, *_: x for name in ("Identity", "Dropout")},
    **{"Reshape": _reshape, "Transpose": _transpose, "Flatten": _flatten, "Squeeze": _squeeze, "Split": _split},
    **{"Unsqueeze": _unsqueeze, "Concat": _concat, "Slice": _slice, "Gather": _gather, "Expand": _expand, "Pad": _pad},
    **{"GatherElements": _gather_elements, "Shape": _shape, "Cast": _cast, "Constant": _constant, "Range": _range},
    **{"ConstantOfShape": _constant_of_shape, "CumSum": _cumulated},
    "Size": lambda t, node, x: t.tensor(x.numel()),
    "Tile": lambda t, node, x, times: x.tile(times.tolist()),
    "CastLike": lambda t, node, x, like: x.to(like.dtype),
    **{"Conv": convolution, "ConvTranspose": transposed_convolution, "MaxPool": max_pool, "AveragePool": average_pool},
    "GlobalMaxPool": global_pool(lambda x, axes, keep: x.amax(axes, keep)),
    "GlobalAveragePool": global_pool(lambda x, axes, keep: x.mean(axes, keep)),
    **{"BatchNormalization": batch_norm, "InstanceNormalization": instance_norm, "LayerNormalization": layer_norm},
    **{"LSTM": recurrent, "GRU": recurrent, "STFT": short_time_spectra},
}
"""Functions by the names of ONNX's own operators."""
