"""The layers of a PyTorch program: what can be read of it besides its answer.

An exported program is a graph of nodes, each of which can be read. A scripted one is compiled, and PyTorch shows
nothing of what happens within it; but an ``nn.Sequential`` calls its modules in turn, so these can be called one by one
from outside, down into nested ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audiolime_ext.networks.torch_graph import See


@dataclass(frozen=True, eq=False)
class Layers:
    """The layers of a program.

    Parameters
    ----------
    names : list of str
        Names from the input to the output.
    walk : callable
        Function from an input of the program (a tensor), a function `See` and a name to what that layer computes of it
        (None: the program's answer). Each layer on the way is told to `See`, and what that answers goes on.
    aliases : mapping of str to str
        Other names of some layers.
    """

    names: list[str]
    walk: Callable[[Any, See, str | None], Any] = field(repr=False)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def read(self, given: Any, name: str) -> Any:
        """What a layer computes of an input of the program."""
        return self.walk(given, lambda _, value: value, name)


def nodes(torch: Any, model: Any) -> Layers | None:
    """The nodes of the module of an exported program that compute a tensor; None where it is none."""
    if not isinstance(model, torch.fx.GraphModule):
        return None

    class Interpreter(torch.fx.Interpreter):  # type: ignore[misc]
        """Runs the graph, tells of each node, and keeps what one node computes."""

        def walk(self, given: Any, see: See, name: str | None) -> Any:
            self.see, self.wanted, self.kept = see, name, None
            answer = self.run(given)
            return answer if name is None else self.kept

        def run_node(self, node: Any) -> Any:
            answer = super().run_node(node)
            answer = self.see(node.name, answer) if node.op == "call_function" else answer
            if node.name == self.wanted:
                self.kept = answer.clone()  # a later node may change it in place
            return answer

    found = [node for node in model.graph.nodes if node.op == "call_function"]
    names = [node.name for node in found if isinstance(node.meta.get("val"), torch.Tensor)]
    return Layers(names, Interpreter(model).walk)


def modules(model: Any) -> Layers | None:
    """The modules of a scripted ``nn.Sequential`` by their paths, such as ``features.3``; None where it is none.

    The path of a nested ``nn.Sequential`` is another name of its last module.
    """
    if not _is_sequence(model):
        return None
    steps = dict(_steps(model, ""))
    names = list(steps)

    def walk(given: Any, see: See, name: str | None) -> Any:
        for step in names if name is None else names[: names.index(name) + 1]:
            given = see(step, steps[step](given))
        return given

    aliases = {path: name for name in names for path in _above(name)}  # the last module of each path stays
    return Layers(names, walk, aliases)


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
