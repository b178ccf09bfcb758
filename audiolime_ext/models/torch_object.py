"""A PyTorch network that is at hand: ``explain(song, net)``, ``tagger(net, sr=16000, labels=[…])``.

Any `torch.nn.Module` that takes waveforms (n_batch, n_samples), with or without an axis for the channel in second
place, or what ``front_end=`` makes of them. A front end is a module, such as torchaudio's ``MelSpectrogram``, or a
function, of NumPy arrays or else of tensors; what it answers may lack the axis for the channel, too. Which axes are
wanted is tried once, with two signals (see `torch_listener`).

The network is asked in evaluation mode and without gradients, on the device and in the precision of its weights.
Without gradients means ``no_grad``, not ``inference_mode``: what a network keeps from a call, such as a table of
positions, would else be of no use for training. The random generators stay where the network leaves them.

Invariants: *afterwards every part is in the mode in which it was, and no part has a gradient that it had not*. *The
fingerprint changes with every weight, every plain attribute of a part, every option and, as far as noise shows it, the
code*.

Where the network or a part of it states a rate (``sample_rate``, ``sr``), and no other is given, that is its rate, and
the result says so. Labels are those given, or a list ``labels`` that it has, or, of transformers, ``config.id2label``.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UnfitModel, UsageError
from audiolime_ext.extras import require
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.models.torch_listener import Listener, own_dtype, tried
from audiolime_ext.networks.torch_graph import See
from audiolime_ext.prediction.autograd import TorchNetwork
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative
from audiolime_ext.prediction.function_model import FunctionModel, differentiable
from audiolime_ext.prediction.labels import different_names
from audiolime_ext.prediction.layers import require_layer
from audiolime_ext.prediction.model_files import reason
from audiolime_ext.prediction.objects import LARGER, LONGER, inputs_needed, one_input, rate_of
from audiolime_ext.prediction.outputs import Answerer, picked
from audiolime_ext.prediction.steps import ACTIVATIONS, name_of
from audiolime_ext.text import counted

_PLAIN = (bool, int, float, str, tuple, type(None))
_OF_SHAPES = (RuntimeError, ValueError, AssertionError, TypeError, IndexError, AttributeError)
_LONG, _TIMES = 65537, 16  # samples (no round number, as a fixed length may be), times the length of a spectrum
_ONE_AT_A_TIME = threading.RLock()  # the mode of a network is one for all threads


def meet(model: FunctionModel) -> FunctionModel:
    """The model of a network; `model.predict_fn` is the network, the other fields are what the user said.

    Raises
    ------
    UsageError
        If it takes several inputs, or its weights are nowhere.
    """
    torch = require("torch", extra="torch")
    net: Any = model.predict_fn
    by = Answerer(f"the network {type(net).__name__}", "net", "torch.from_numpy(batch)")
    if len(needed := inputs_needed(net.forward)) > 1:
        others = ", ".join(f"{name}.expand(len(batch))" for name in needed[1:])
        stays = " (eval() stays; net.train() goes on training)"
        raise one_input(by.who, needed, f"net.eval()({by.given}, {others})", stays)
    device = next((one.device for one in _tensors(net)), torch.device("cpu"))
    if device.type == "meta":
        raise UsageError(f"{by.who} has no weights (it is on the device 'meta'); load them, and give it then")
    front_end = None if model.front_end is None else _step(torch, model.front_end, device)
    activation = model.activation
    if activation is not None and activation not in ACTIVATIONS.values():
        activation = _activation(torch, activation, len(model.labels or "01"))
    asked = _Asked(torch, net, device, by, model)
    sr, notes = rate_of(model.sr, *_parts(net, model.front_end))
    made = replace(
        model,
        predict_fn=asked,
        sr=sr,
        labels=model.labels or _labels(net),
        front_end=front_end,
        activation=activation,
        answerer=by,
        state=lambda: _state(torch, net, model.front_end if isinstance(front_end, _Module) else None),
        notes=notes,
    )
    return differentiable(made, asked.vjp)


class _Asked:
    """The predict function of a network."""

    def __init__(self, torch: Any, net: Any, device: Any, by: Answerer, model: FunctionModel) -> None:
        self.torch, self.net, self.device, self.by, self.model = torch, net, device, by, model
        self.__name__ = type(net).__name__
        self.way: Listener | None = None

    def __call__(self, given: Any) -> Any:
        with evaluated(self.torch, self.net):
            try:
                self.way = self.way or self._found(given)
                (answer,) = self.way.answers(self.torch, given)
            except _OF_SHAPES as error:
                if is_out_of_memory(error):
                    raise
                raise self._refused(error, given) from error
            return answer

    def vjp(self, features: NDArray[np.float32], cotangent_fn: CotangentFn, wrt: str | None) -> Derivative:
        """What it answers, values and the derivative by these; layers are its parts, by the names of their paths."""
        if wrt is not None:
            require_layer(wrt, [name for name, _ in self.net.named_modules() if name])
        single, state = self.model.one_at_a_time, partial(evaluated, self.torch, self.net)
        network = TorchNetwork(self._told, self.by.who, single=single, state=state, device=self.device)
        return network(features, cotangent_fn, wrt)

    def _told(self, x: Any, see: See) -> Any:
        """Its answer to features, with each of its parts told as it is passed."""
        single = self.model.one_at_a_time  # it is given no axis for the batch then

        def hook(name: str, _: Any, __: Any, answer: Any) -> Any:
            return see(name, answer[None])[0] if single and self.torch.is_tensor(answer) else see(name, answer)

        given = x[0] if single else x
        self.way = self.way or self._found(given.detach())
        hooks = [part.register_forward_hook(partial(hook, name)) for name, part in self.net.named_modules() if name]
        try:
            (answer,) = self.way.answers(self.torch, given)
        finally:
            for one in hooks:
                one.remove()
        part = picked(answer, self.model.output, n_axes=1 if single else 2, who=self.by.who, how=self.by.how)
        return part.reshape(1, -1) if single else part

    def _found(self, given: Any) -> Listener:
        """How it is given signals."""
        ways = self._ways()
        if self.model.one_at_a_time:
            return ways[0]
        way, errors = tried(self.torch, ways, _pair(self.torch, given), evaluated(self.torch, self.net))
        if way is None and len(errors) == len(ways):
            order = [id(part) for part in self.net.modules()]
            raise max(errors, key=lambda error: order.index(id(_failing(self.torch, self.net, error)[1])))
        return way or ways[0]

    def _ways(self) -> list[Listener]:
        dtype = own_dtype(self.torch, self.net)
        return [Listener(self.net, dtype, channel, device=self.device) for channel in (False, True)]

    def _too_short(self, given: Any) -> Exception | None:
        """What goes wrong by the way in which it hears longer signals; None: it hears no longer ones, or these."""
        pair = _pair(self.torch, given)
        for axis in range(1, pair.ndim):
            times = _TIMES if self.model.front_end is not None else -(-_LONG // max(pair.shape[axis], 1))
            longer = pair.repeat_interleave(times, axis)
            way, _ = tried(self.torch, self._ways(), longer, evaluated(self.torch, self.net))
            if way is not None:
                return next(iter(tried(self.torch, [way], pair, evaluated(self.torch, self.net))[1]), None)
        return None

    def _refused(self, error: Exception, given: Any) -> UnfitModel:
        """What to do where a network cannot hear what it is given."""
        short = None if self.model.one_at_a_time else self._too_short(given)
        error = short or error
        name, part = _failing(self.torch, self.net, error)
        at = f" (in its part {name!r}, a {type(part).__name__})" if name else ""
        shape = tuple(map(int, given.shape))
        heard = f"{'waveforms' if self.model.front_end is None else 'what front_end makes of waveforms'}, shape {shape}"
        if short is not None and self.model.front_end is None:
            heard = f"signals of {counted(shape[-1], 'sample')}"
        n = getattr(part, "in_features", None)
        asked = "say what it was trained on, its rate and the front end that makes it of waveforms"
        options = ["front_end=spectrogram"]
        if self.model.front_end is not None:
            asked = f"front_end= must give what it was trained on, from float32 (n_batch, n_samples); now {shape}"
            asked = f"{asked}, and {LARGER}" if short is not None else asked
        elif short is not None:
            asked, options = LONGER, ["window_s=3.0"]
        elif n is not None and len(shape) == 2 and n >= (self.model.sr or 16000) // 10:
            asked, options = f"it takes {counted(n, 'sample')} of each signal; say so", [f"window_s={n} / 16000"]
        return UnfitModel(f"{self.by.who} cannot hear {heard}{at}: {reason(error)}; {asked}:{self.by.made(*options)}")


def _pair(torch: Any, given: Any) -> Any:
    """Two signals of a batch, or what a front end makes of them, as a tensor."""
    batch = given if torch.is_tensor(given) else torch.from_numpy(np.array(given))
    return torch.cat([batch, batch])[:2] if len(batch) < 2 else batch[:2]


class _Function:
    """A front end or an activation that is a function: of arrays or, where these are of no use to it, of tensors."""

    def __init__(self, torch: Any, function: Callable[[Any], Any], device: Any) -> None:
        self.torch, self.function, self.device = torch, function, device
        self.__name__ = name_of(function)
        self.takes_tensors = False
        for name in ("sr", "n_fft", "hop_length", "n_mels", "win_length"):  # of a front end that says where it hears
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))

    def __call__(self, batch: NDArray[Any]) -> Any:
        with self.torch.no_grad():
            if not self.takes_tensors:
                try:
                    return self.function(batch)
                except (TypeError, AttributeError) as error:
                    first = error
            try:
                answer = self.function(self.torch.from_numpy(np.array(batch)).to(self.device))
            except (TypeError, AttributeError):
                if self.takes_tensors:
                    raise
                raise first from None
            self.takes_tensors = True
            return answer


class _Module:
    """A front end or an activation that is a module."""

    state = True  # it is hashed together with the network's

    def __init__(self, torch: Any, module: Any, device: Any) -> None:
        self.torch, self.module, self.__name__ = torch, module, name_of(module)
        own = next(_tensors(module), None)
        self.listener = Listener(module, own_dtype(torch, module), device=device if own is None else own.device)

    def __call__(self, batch: NDArray[Any]) -> Any:
        with evaluated(self.torch, self.module):
            return self.listener.answers(self.torch, batch)[0]

    def pullback(self, logits: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
        """The vector by its outputs, times their derivatives by the logits."""
        with evaluated(self.torch, self.module):
            return _pulled(self.torch, lambda x: self.listener.answers(self.torch, x)[0], logits, vector)


class _TensorFunction(_Function):
    """An activation that is a function of tensors, which PyTorch can follow back."""

    def pullback(self, logits: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
        """The vector by its outputs, times their derivatives by the logits."""
        return _pulled(self.torch, self.function, logits, vector)


def _pulled(torch: Any, function: Callable[[Any], Any], logits: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    with torch.inference_mode(False), torch.enable_grad():
        given = torch.from_numpy(np.array(logits)).requires_grad_()
        answer = function(given)
        by = torch.from_numpy(np.array(vector)).to(answer)
        return np.asarray(torch.autograd.grad(answer, given, by)[0].numpy())


def _activation(torch: Any, given: Any, n: int) -> _Function | _Module:
    """An activation; a function of arrays is tried with a tensor once, since it may be one of tensors, too."""
    if isinstance(given, torch.nn.Module):
        return _Module(torch, given, torch.device("cpu"))
    try:
        with torch.enable_grad():
            follows = given(torch.zeros(1, n, requires_grad=True)).requires_grad
    except Exception:  # noqa: BLE001 - it takes no tensors
        follows = False
    return (_TensorFunction if follows else _Function)(torch, given, torch.device("cpu"))


def _step(torch: Any, given: Any, device: Any) -> _Function | _Module:
    return _Module(torch, given, device) if isinstance(given, torch.nn.Module) else _Function(torch, given, device)


@contextmanager
def evaluated(torch: Any, net: Any) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every part of the network is in the mode in which it was."""
    with _ONE_AT_A_TIME, torch.no_grad():
        modes = [(part, part.training) for part in net.modules()]
        try:
            if any(training for _, training in modes):
                net.eval()
            yield
        finally:
            for part, training in modes:
                if part.training != training:
                    part.training = training


def _tensors(net: Any) -> Iterator[Any]:
    yield from net.parameters()
    yield from net.buffers()


def _parts(net: Any, front_end: Any) -> list[tuple[str, Any]]:
    """All parts of a network, itself first, and of a front end, with their names."""
    both = [("net", net), *([("front_end", front_end)] if hasattr(front_end, "named_modules") else [])]
    return [(".".join(filter(None, (at, name))), part) for at, one in both for name, part in one.named_modules()]


def _labels(net: Any) -> tuple[str, ...] | None:
    """Names that a network has of its own; those that transformers makes up (LABEL_0) are none."""
    stated = getattr(net, "labels", None)
    if not isinstance(stated, (list, tuple)):
        named = getattr(getattr(net, "config", None), "id2label", None)
        stated = [named[at] for at in sorted(named)] if isinstance(named, dict) else []
    if not stated or not all(isinstance(one, str) for one in stated) or stated[0] == "LABEL_0":
        return None
    return different_names(stated)


def _failing(torch: Any, net: Any, error: BaseException) -> tuple[str, Any]:
    """The innermost part of a network in which an error was raised, and its name."""
    part, names, trace = None, {id(one): name for name, one in net.named_modules()}, error.__traceback__
    while trace is not None:
        here = trace.tb_frame.f_locals.get("self")
        part = here if isinstance(here, torch.nn.Module) and id(here) in names else part
        trace = trace.tb_next
    return ("", net) if part is None else (names[id(part)], part)


def _state(torch: Any, *modules: Any) -> str:
    """A hash of classes, plain attributes, weights and buffers."""
    found = hashlib.sha256()
    for name, part in (named for module in modules if module is not None for named in module.named_modules()):
        kind = type(part)
        plain = {key: value for key, value in vars(part).items() if isinstance(value, _PLAIN) and key[0] != "_"}
        plain.pop("training", None)
        found.update(repr((name, kind.__module__, kind.__qualname__, sorted(plain.items()))).encode())
        own = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
        for called, tensor in own:
            held = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()
            found.update(repr((called, held.dtype, tuple(held.shape))).encode())
            found.update(held.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
