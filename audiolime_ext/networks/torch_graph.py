"""An ONNX graph in PyTorch: the nodes and weights that ONNX Runtime runs, computed so that they can be differentiated.

ONNX Runtime gives answers and no derivatives. So where derivatives are asked for, the graph is walked node by node, and
each is computed by PyTorch (see `torch_operators`), which remembers what it did. Invariant: *outputs equal those of
ONNX Runtime to 1e-5 of their largest value*; what is told of the one is true of the other. Nothing is converted or
traced, so nothing is left out of what the file says.

Converters exist (onnx2torch, onnx2pytorch), but they need torchvision, and lack operators of musicnn's own graph.

A tensor is watched by a function that is told of each as it is computed, and answers what goes on in its place: that is
how a layer's activations become a starting point of their own (see `audiolime_ext.prediction.autograd`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.networks.onnx_nodes import Node, needed, nodes_of
from audiolime_ext.networks.torch_operators import OPERATORS, lacking

_SINGLE = ("float32", "float16", "bfloat16")  # a half is computed as a single, whose derivatives do not vanish

See = Callable[[str, Any], Any]


class TorchGraph:
    """A graph of one input, computed by PyTorch in the precision of what it is given.

    Parameters
    ----------
    model : onnx.ModelProto or bytes
        Model, or the content of an ``.onnx`` file; its weights are within it, or in `weights`.
    weights : mapping of str to ndarray, or None
        Tensors that lie outside the model, by name.

    Raises
    ------
    UsageError
        If it holds operators that are not among `torch_operators.OPERATORS`, once what needs them is asked for.
    MissingError
        If PyTorch is not installed, once it is asked.

    Examples
    --------
    >>> from audiolime_ext.networks.graph import Graph
    >>> graph = Graph("doubling")
    >>> x = graph.input("x", ["n_batch", 2])
    >>> graph.output(graph.node("Mul", x, graph.constant(np.float32(2))), "y", ["n_batch", 2])
    >>> graph.in_torch().lacking(["y"])
    []
    """

    def __init__(self, model: Any, weights: Mapping[str, NDArray[Any]] | None = None) -> None:
        import onnx
        from onnx import numpy_helper

        model = onnx.load_model_from_string(model) if isinstance(model, bytes) else model
        outside = {} if weights is None else weights
        self.nodes: Sequence[Node] = nodes_of(model)
        self._constants = {
            one.name: outside[one.name] if one.name in outside else numpy_helper.to_array(one)
            for one in model.graph.initializer
        }
        self.input = next(one.name for one in model.graph.input if one.name not in self._constants)
        self.outputs = tuple(one.name for one in model.graph.output)
        self._tensors: dict[Any, dict[str, Any]] = {}

    def lacking(self, wanted: Collection[str]) -> list[str]:
        """Operators among those that tensors of these names need which cannot be differentiated here, in words."""
        return lacking(needed(self.nodes, wanted))

    def __call__(self, x: Any, wanted: Sequence[str], see: See | None = None) -> list[Any]:
        """The tensors of these names for an input.

        Parameters
        ----------
        x : torch.Tensor
            Input, in the shape that the graph takes; float64 is computed in that precision.
        wanted : sequence of str
            Names of tensors.
        see : callable or None
            Function that is given the name of each tensor and the tensor as it is computed, and answers what goes on;
            None: all go on as they are.

        Raises
        ------
        UsageError
            If operators are lacking; the message names them.
        """
        nodes = needed(self.nodes, wanted)
        if names := lacking(nodes):
            raise UsageError(lacks(names))
        torch = require("torch", extra="torch")
        found = {self.input: x, "": None, **self._in(torch, x.dtype)}
        for node in nodes:
            answer = OPERATORS[node.kind](torch, node, *(found[name] for name in node.inputs))
            for name, one in zip(node.outputs, answer if isinstance(answer, tuple) else (answer,), strict=False):
                found[name] = one if see is None else see(name, one)
        return [found[name] for name in wanted]

    def _in(self, torch: Any, dtype: Any) -> dict[str, Any]:
        """The constants as tensors; those of single precision, or of half, in that of the input."""
        if dtype not in self._tensors:
            own = np.float64 if dtype == torch.float64 else np.float32
            self._tensors[dtype] = {
                name: torch.from_numpy(np.array(values, own if values.dtype.name in _SINGLE else None))
                for name, values in self._constants.items()
            }
        return self._tensors[dtype]


def lacks(names: Sequence[str]) -> str:
    """What to do about operators that are lacking.

    Examples
    --------
    >>> lacks(["NonZero"])
    'the graph holds what has no derivative here: NonZero; export it without, or give the network itself in PyTorch'
    """
    return (
        f"the graph holds what has no derivative here: {', '.join(names)}; export it without, or give the "
        "network itself in PyTorch"
    )
