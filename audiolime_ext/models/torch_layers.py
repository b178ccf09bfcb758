"""The layers of a PyTorch program: what can be read of it besides its answer.

An exported program is a graph of nodes, each of which can be read. A scripted one is compiled, and PyTorch shows
nothing of what happens within it; but an ``nn.Sequential`` calls its modules in turn, so these can be called one by one
from outside, down into nested ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Layers:
    """The layers of a program.

    Parameters
    ----------
    names : list of str
        Names from the input to the output.
    read : callable
        Function from an input of the program (a tensor) and a name to what the layer computes of it.
    aliases : mapping of str to str
        Other names of some layers.
    """

    names: list[str]
    read: Callable[[Any, str], Any] = field(repr=False)
    aliases: Mapping[str, str] = field(default_factory=dict)


def nodes(torch: Any, model: Any) -> Layers | None:
    """The nodes of the module of an exported program that compute a tensor; None where it is none."""
    if not isinstance(model, torch.fx.GraphModule):
        return None

    class Interpreter(torch.fx.Interpreter):  # type: ignore[misc]
        """Runs the graph and keeps what one node computes."""

        def read(self, given: Any, name: str) -> Any:
            self.wanted, self.kept = name, None
            self.run(given)
            return self.kept

        def run_node(self, node: Any) -> Any:
            answer = super().run_node(node)
            if node.name == self.wanted:
                self.kept = answer.clone()  # a later node may change it in place
            return answer

    found = [node for node in model.graph.nodes if node.op == "call_function"]
    names = [node.name for node in found if isinstance(node.meta.get("val"), torch.Tensor)]
    return Layers(names, Interpreter(model).read)


def modules(model: Any) -> Layers | None:
    """The modules of a scripted ``nn.Sequential`` by their paths, such as ``features.3``; None where it is none.

    The path of a nested ``nn.Sequential`` is another name of its last module.
    """
    if not _is_sequence(model):
        return None
    steps = dict(_steps(model, ""))
    names = list(steps)

    def read(given: Any, name: str) -> Any:
        for step in names[: names.index(name) + 1]:
            given = steps[step](given)
        return given

    aliases = {path: name for name in names for path in _above(name)}  # the last module of each path stays
    return Layers(names, read, aliases)


def _above(path: str) -> Iterator[str]:
    """Paths of all that a module lies in: ``a`` and ``a.b`` for ``a.b.c``."""
    parts = path.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts)))


def _is_sequence(model: Any) -> bool:
    return str(getattr(model, "original_name", "")) == "Sequential"


def _steps(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, child in model.named_children():
        if _is_sequence(child):
            yield from _steps(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child
