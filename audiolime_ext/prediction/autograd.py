"""Derivatives by PyTorch: what all networks share that PyTorch can compute.

A network is a function from a tensor of features to a tensor of outputs (n_batch, n_outputs), computed by operations
that PyTorch remembers. It tells of every layer as it passes it, and goes on with what it is answered. To differentiate
by a layer's activations, these are cut off from what lies before and become variables of their own: so the derivative
counts all paths from there to the outputs, and no other.

The network may change its input or a layer in place: it is always given a copy, and what was watched is kept. It may
not change in place what PyTorch still needs, answer whole numbers, or let go of the derivative (``detach``,
``no_grad``, a way through NumPy): each is told as what it is. Only a part that lets go, beside others that do not,
cannot be seen: PyTorch takes it for a constant, and so does the derivative.

A vector of zeros asks for the outputs alone: what it would carry back is zero, and no way back is computed.

Invariants: *signals of a batch do not influence each other's derivative, unless the network mixes them*; *parameters
are left without gradients, as they were*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, ModelError, UnfitModel, UsageError
from audiolime_ext.extras import require
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.networks.torch_graph import See, TorchGraph
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative, require_cotangent, require_finite
from audiolime_ext.prediction.outputs import as_array

Run = Callable[[Any, See], Any]


@dataclass(frozen=True, eq=False)
class TorchNetwork:
    """A network that PyTorch differentiates; call it as `audiolime_ext.prediction.capabilities.Differentiable.vjp`.

    Parameters
    ----------
    run : callable
        Function from features (a tensor, float32) and a function that is told of each layer by name to the outputs
        (n_batch, n_outputs).
    who : str
        Words for the network, for messages.
    single : bool
        True if it is given one signal at a time, with an axis for the batch.
    state : callable giving a context manager, or None
        State in which it is asked, such as evaluation mode; None: any.
    device : torch.device or None
        Device on which it computes; None: the CPU.
    """

    run: Run = field(repr=False)
    who: str = "the network"
    single: bool = False
    state: Callable[[], AbstractContextManager[Any]] | None = field(default=None, repr=False)
    device: Any = None

    def __call__(self, features: NDArray[np.float32], cotangent_fn: CotangentFn, wrt: str | None) -> Derivative:
        """Outputs, values and the derivative by these."""
        torch = require("torch", extra="torch")
        batch = torch.as_tensor(np.array(as_array(features), np.float32), device=self.device)
        state = nullcontext() if self.state is None else self.state()
        no_cudnn = torch.backends.cudnn.flags(enabled=False)  # which differentiates recurrent layers in training alone
        with state, torch.inference_mode(False), torch.enable_grad(), no_cudnn:
            given, watch = batch.requires_grad_(wrt is None), _Watch(torch, wrt)
            with self._told():
                outputs = torch.cat([self._of(part, watch) for part in (given.split(1) if self.single else [given])])
            self._require_derivative(outputs, wrt)
            answer = _array(torch, outputs)
            vector = require_cotangent(cotangent_fn(answer), answer)
            at = [given] if wrt is None else watch.passed
            with self._told():
                found = self._pulled(torch, outputs, at, vector, wrt)
        return answer, np.concatenate([_array(torch, one) for one in at]), require_finite(found, self.who)

    def _of(self, part: Any, watch: _Watch) -> Any:
        """Outputs for a part of the batch, and what was watched of it."""
        before = len(watch.passed)
        answer = _rows(self.run(part.clone(), watch), len(part), self.who)
        if watch.wrt is not None and (n := len(watch.passed) - before) != 1:
            told = f"is passed {n} times" if n else "is not passed on the way to its outputs"
            raise UsageError(
                f"{self.who} cannot be differentiated by layer {watch.wrt!r}: it {told}; name another layer"
            )
        return answer

    def _require_derivative(self, outputs: Any, wrt: str | None) -> None:
        if not outputs.is_floating_point():
            kind = str(outputs.dtype).removeprefix("torch.")
            raise UnfitModel(f"{self.who} answers {kind} values, which have no derivative; let it answer its scores")
        if not outputs.requires_grad:
            start = "its input" if wrt is None else f"layer {wrt!r}"
            raise UnfitModel(f"{self.who} answers what PyTorch cannot follow back to {start}; {_DETACHED}")

    def _pulled(self, torch: Any, outputs: Any, at: list[Any], vector: NDArray[np.float32], wrt: str | None) -> Any:
        """The vector times the outputs' derivatives."""
        if not vector.any():  # nothing is asked for, whose derivative is zero wherever there is one
            found = [torch.zeros_like(one) if _follows(outputs, one) else None for one in at]
        else:
            by = torch.as_tensor(np.array(vector), dtype=outputs.dtype, device=outputs.device)
            found = torch.autograd.grad(outputs, at, by, allow_unused=True)
        if all(one is None for one in found):  # the outputs follow from its weights, or from earlier layers
            if wrt is not None:
                raise UsageError(
                    f"{self.who} cannot be differentiated by layer {wrt!r}: its outputs do not depend on it, as far as "
                    "PyTorch follows them; name another layer"
                )
            raise UnfitModel(f"{self.who} answers what PyTorch cannot follow back to its input; {_DETACHED}")
        made = [torch.zeros_like(one) if of is None else of for one, of in zip(at, found, strict=True)]
        return np.concatenate([_array(torch, one) for one in made])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what went wrong inside as the network's own."""
        try:
            yield
        except Exception as error:
            if isinstance(error, AudiolimeError) or is_out_of_memory(error):
                raise
            said = " ".join(str(error).partition("Hint:")[0].split())[:300]
            if "modified by an inplace operation" in said:
                raise UnfitModel(
                    f"{self.who} changes in place what its derivative needs ({said}); write y = y + x for y += x, and "
                    "torch.relu(y) for torch.relu_(y)"
                ) from error
            raise ModelError(f"{self.who} raised {type(error).__name__} when it was differentiated: {said}") from error


def of_graph(
    graph: Callable[[], TorchGraph],
    output: str,
    *,
    who: str,
    fitted: Callable[[Any], Any] | None = None,
    dtype: str = "float32",
    pool: Callable[[Any], Any] | None = None,
    single: bool = False,
    layers: Mapping[str, str] | None = None,
    threads: int | None = None,
) -> TorchNetwork:
    """The network of an ONNX graph.

    Parameters
    ----------
    graph : callable
        Function that answers the graph, so that it is made only where it is needed.
    output : str
        Name of the tensor that is the answer.
    who : str
        Words for the network, for messages.
    fitted : callable or None
        Function from features to the graph's input, such as one that adds an axis; None: they are its input.
    dtype : {"float32", "float64"}
        Precision in which the graph is computed.
    pool : callable or None
        Function of the answer, such as `averaged`; None: it stays as it is.
    single : bool
        True if the graph takes one signal at a time.
    layers : mapping of str to str, or None
        Names of layers, by those of tensors where these are others; None: there are no others.
    threads : int or None
        Number of threads of PyTorch; None: as many as it has.
    """
    named = {} if layers is None else layers

    def run(x: Any, see: See) -> Any:
        given = (x if fitted is None else fitted(x)).to(getattr(require("torch", extra="torch"), dtype))
        (answer,) = graph()(given, [output], lambda name, tensor: see(named.get(name, name), tensor))
        return answer if pool is None else pool(answer)

    return TorchNetwork(run, who, single=single, state=partial(on_threads, threads))


@contextmanager
def on_threads(threads: int | None) -> Iterator[None]:
    """PyTorch on so many threads (None: as many as it has); afterwards it has as many as before."""
    torch = require("torch", extra="torch")
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def averaged(activations: Any, channels: int = -1) -> Any:
    """The mean over all axes but the first and that of the features, as `audiolime_ext.prediction.layers.pooled`."""
    kept = (0, channels % activations.ndim)
    over = [axis for axis in range(activations.ndim) if axis not in kept]
    return activations.mean(dim=over) if over else activations


_DETACHED = (
    "compute them with PyTorch alone, without .detach(), torch.no_grad(), .numpy() or steps such as argmax and rounding"
)


class _Watch:
    """Cuts a layer's activations off from what lies before, each time that it is passed."""

    def __init__(self, torch: Any, wrt: str | None) -> None:
        self.torch, self.wrt = torch, wrt
        self.passed: list[Any] = []

    def __call__(self, name: str, value: Any) -> Any:
        if self.wrt is None or name != self.wrt:
            return value
        if not self.torch.is_tensor(value) or not value.is_floating_point():
            kind = str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
            raise UsageError(
                f"layer {name!r} answers {kind}, by which nothing can be differentiated; name another layer"
            )
        self.passed.append(value.detach().clone().requires_grad_())
        return self.passed[-1].clone()


def _follows(outputs: Any, start: Any) -> bool:
    """Whether PyTorch can follow outputs back to a tensor."""
    left, passed = [outputs.grad_fn], set()
    while left:
        if getattr(node := left.pop(), "variable", None) is start:
            return True
        after = [one for one, _ in node.next_functions if one is not None and one not in passed]
        passed.update(after)
        left += after
    return False


def _rows(answer: Any, n: int, who: str) -> Any:
    """An answer as a tensor with one row for each of `n` signals."""
    answer = answer[None] if n == 1 and getattr(answer, "ndim", 2) == 1 else answer
    shape = tuple(getattr(answer, "shape", ()))
    if not hasattr(answer, "detach") or len(shape) != 2 or shape[0] != n:
        told = f"a tensor of shape {shape}" if shape else f"a {type(answer).__name__}"
        raise UnfitModel(f"{who} answered {told}; to be differentiated it must answer a tensor ({n}, n_outputs)")
    return answer


def _array(torch: Any, tensor: Any) -> NDArray[np.float32]:
    return np.array(tensor.detach().to("cpu", torch.float32).numpy())
