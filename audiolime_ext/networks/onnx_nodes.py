"""The nodes of an ONNX graph, as plain values: what they compute, of what, and with which attributes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Node:
    """A node.

    Parameters
    ----------
    kind : str
        Name of the operator, with its domain in front unless it is ONNX's own.
    name : str
        Name of the node, or else of what it computes.
    inputs, outputs : tuple of str
        Names of tensors; "" stands for one that is left out.
    attributes : mapping of str to object
        Attributes, as Python values.
    opset : int
        Version of the operator set.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(repr=False)
    opset: int = 17

    def get(self, name: str, default: Any) -> Any:
        """An attribute, or what stands for one that is left out."""
        return self.attributes.get(name, default)


def nodes_of(model: Any) -> list[Node]:
    """The nodes of a model in the order in which they are computed, those of its functions put in their places.

    Parameters
    ----------
    model : onnx.ModelProto
        Model.
    """
    from onnx import inliner

    if model.functions:
        model = inliner.inline_local_functions(model)
    opset = {entry.domain: entry.version for entry in model.opset_import}.get("", 1)
    return [_node(node, opset) for node in model.graph.node]


def _node(node: Any, opset: int) -> Node:
    from onnx import helper

    attributes = {one.name: _plain(helper.get_attribute_value(one)) for one in node.attribute}
    own = node.domain in ("", "ai.onnx")
    kind = node.op_type if own else f"{node.domain}.{node.op_type}"
    name = node.name or next(iter(node.output), "")
    return Node(kind, name, tuple(node.input), tuple(node.output), attributes, opset)


def _plain(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def needed(nodes: Iterable[Node], wanted: Collection[str]) -> list[Node]:
    """Those on which the tensors of these names depend, in the same order.

    Examples
    --------
    >>> first, second = (Node("Relu", name, (given,), (name,), {}) for given, name in (("x", "y"), ("x", "z")))
    >>> [node.name for node in needed([first, second], ["z"])]
    ['z']
    """
    names, kept = set(wanted), []
    for node in reversed(list(nodes)):
        if names & set(node.outputs) - {""}:
            names.update(node.inputs)
            kept.append(node)
    return kept[::-1]
