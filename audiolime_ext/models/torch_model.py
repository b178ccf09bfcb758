"""Your own PyTorch model, as an exported program or as TorchScript.

``torch:PATH?sr=16000&labels=rock;jazz``. The file is an exported program (``.pt2``), here with windows of 48000 samples
and batches of any size::

    batch = torch.export.Dim.AUTO
    program = torch.export.export(model.eval(), (torch.zeros(2, 48000),), dynamic_shapes=({0: batch},))
    torch.export.save(program, path)

A network that hears any length, such as one that ends in a mean over time and computes nothing from the length, may be
exported for any: ``dynamic_shapes=({0: batch, 1: torch.export.Dim.AUTO},)``. PyTorch refuses that of some networks, and
of others writes down conditions on the length which few lengths meet: fix the length then, as above.

A file of TorchScript, ``torch.jit.script(model.eval()).save(path)``, is taken, too; PyTorch calls it deprecated.

The model takes waveforms (n_batch, n_samples) or, with ``front_end=log-mel:…``, spectra (n_batch, n_frames, n_mels) and
answers a tensor (n_batch, n_labels); of a dict or tuple ``output=`` names the scores. An axis of length 1 is added in
second place where the model needs one. One that was trained on (n_batch, 1, n_mels, n_frames) is saved within a module
that swaps the last two axes first, ``x.transpose(-1, -2)``.

A model in half or double precision is given signals of that precision; TorchScript in half precision, which is made for
graphics cards, is run in single precision with the same weights where that is possible. A length that was exported as
fixed is its window; a model that was exported for a single signal is asked about one at a time. See
`audiolime_ext.prediction.saved_model` for all options.

``layer=NAME`` reads a node of an exported program, by the names that ``print(program.graph)`` shows, or a module of a
scripted ``nn.Sequential``, by its path: ``torch:PATH?sr=16000&layer=relu_2``, ``…&layer=features.3``. See
`torch_layers`.

No code of a ``.pt2`` file runs: it is checked first, and refused if it holds more than tensors and operators on them
(see `torch_archive`). TorchScript is a program that PyTorch runs as it is: take it only from people you trust.

A file of ``torch.save``, which is pickled Python objects, is refused. Load it in a module of your own, such as
``my_models.py``, with ``model = tagger(torch.load("net.pt", weights_only=False), sr=16000, labels=[…])``, and name that
model: ``-m my_models:model``.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.models.torch_archive import checked, inside, is_exported
from audiolime_ext.models.torch_layers import Layers, modules, nodes
from audiolime_ext.models.torch_listener import Listener, halves, own_dtype, tried, widened
from audiolime_ext.networks.torch_graph import See
from audiolime_ext.prediction.autograd import TorchNetwork, averaged, on_threads
from audiolime_ext.prediction.capabilities import NetworkVjp
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.layers import Inside
from audiolime_ext.prediction.model_files import digest, read_archive, reason
from audiolime_ext.prediction.outputs import as_array
from audiolime_ext.prediction.saved_model import Declared, deaf, torch_inference
from audiolime_ext.text import counted

VARIANTS: Mapping[str, None] = {"PATH?sr=…&labels=…": None}
REQUIRES: Mapping[str, str] = {"torch": "torch"}

_SIZES = "dynamic_shapes=({0: torch.export.Dim.AUTO},)"
_HOW = (
    "write an exported program, with the length of a window as n_samples: torch.export.save(torch.export.export("
    f"model.eval(), (torch.zeros(2, n_samples),), {_SIZES}), 'model.pt2')"
)


def make(argument: str) -> FunctionModel:
    """The model of ``torch:argument``.

    Raises
    ------
    UsageError
        If an option is missing or wrong, the file holds pickled objects, or the model cannot be used.
    MissingError
        If PyTorch or the file is missing; `CorruptError` if the file is damaged.
    """
    if _is_pickled(path := Path(argument.partition("?")[0])):
        raise _pickled(path)
    declared = Declared.parse("torch", argument)
    content = read_archive(declared.path, _HOW)
    torch = require("torch", extra="torch")
    listener, declared = _load(torch, content, declared)
    inside = listener.inside(torch, declared)
    if declared.layer is not None and inside is None:
        raise UsageError(
            f"the layers of {declared.path} cannot be read: a scripted model shows them only if it is an nn.Sequential "
            "from the top. Export it, torch.export.save(torch.export.export(model, …), 'model.pt2'), and name a node"
        )

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        with torch_inference(torch, declared.threads), _of_its_sizes(declared, batch):
            return np.concatenate([declared.chosen(answer) for answer in listener.answers(torch, batch)])

    def derive(layer: str | None) -> NetworkVjp:
        return listener.derivative(torch, declared, inside, layer)

    contents = [digest(content)]
    return declared.tagger(predict, contents=contents, batch_size=16, inside=inside, derive=derive)


class _Listener(Listener):
    """A saved network, and how it is given signals; its layers may be read."""

    def inside(self, torch: Any, declared: Declared) -> Inside | None:
        """Its layers; None where they cannot be read."""
        layers = nodes(torch, self.model) or modules(self.model)
        if layers is None or not self._ends_in(torch, layers, declared):
            return None

        def read(given: NDArray[np.float32], layer: str) -> NDArray[Any]:
            with torch_inference(torch, declared.threads):
                found = [widened(torch, layers.read(part, layer)) for part in self.parts(torch, given)]
                return np.concatenate([as_array(part) for part in found])

        return Inside(layers.names, read, aliases=layers.aliases)

    def derivative(self, torch: Any, declared: Declared, inside: Inside | None, layer: str | None) -> TorchNetwork:
        """The derivative of its answer, or of a layer's activations, pooled."""
        layers = None if inside is None else nodes(torch, self.model) or modules(self.model)

        def run(x: Any, see: See) -> Any:
            (part,) = self.parts(torch, x)
            with _of_its_sizes(declared, x):
                answer = self.model(part) if layers is None else layers.walk(part, see, layer)
            if layer is None or inside is None:
                return declared.picked(answer)
            return averaged(answer, inside.axis(answer.ndim, declared.channels) or 1)

        return TorchNetwork(run, str(declared.path), self.single, partial(on_threads, declared.threads))

    def _ends_in(self, torch: Any, layers: Layers, declared: Declared) -> bool:
        """Whether the last layer answers what the model answers: a module called Sequential may do anything."""
        if isinstance(self.model, torch.fx.GraphModule):
            return True
        try:
            with torch_inference(torch, declared.threads):
                (part,) = self.parts(torch, _noise(declared))
                return bool(torch.allclose(layers.read(part, layers.names[-1]), self.model(part), atol=1e-5))
        except Exception:  # noqa: BLE001 - its modules are not called in turn
            return False


def _load(torch: Any, content: bytes, declared: Declared) -> tuple[_Listener, Declared]:
    """The model, and what is known of it."""
    try:
        if (program := _exported(torch, content, declared)) is not None:
            return _fitted(torch.export.load(program), declared)

        def load() -> Any:
            with warnings.catch_warnings():  # that TorchScript is deprecated concerns who writes it
                warnings.simplefilter("ignore", (DeprecationWarning, FutureWarning))
                return torch.jit.load(io.BytesIO(content), map_location="cpu").eval()

        return _tried(torch, load, declared), declared
    except UsageError:
        raise
    except Exception as error:
        raise CorruptError(f"PyTorch cannot load {declared.path} ({reason(error)}); {_HOW}") from error


def _tried(torch: Any, load: Callable[[], Any], declared: Declared) -> _Listener:
    """How a scripted model, which does not state its input, is given signals: the first way that works.

    Where none works, the error of the first is raised when it is asked; where each of the first two, which are without
    and with an axis for the channel, went wrong in its own way, both are told.
    """
    ways, given = _ways(torch, load), _noise(declared)
    first = next(ways)
    way, errors = tried(torch, chain([first], ways), given, torch_inference(torch, declared.threads))
    if way is None and len(errors) > 1 and not any(map(is_out_of_memory, errors)):
        plain, with_channel = map(reason, errors[:2])
        raise deaf(declared, f"{plain}; with an axis for the channel in second place {with_channel}")
    return way if isinstance(way, _Listener) else first


def _noise(declared: Declared) -> NDArray[np.float32]:
    """Two signals of noise, or their spectra."""
    length = round((declared.window_s or 1.0) * declared.sr)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, length)).astype(np.float32)
    return noise if declared.front_end is None else declared.front_end(noise)


def _ways(torch: Any, load: Callable[[], Any]) -> Iterator[_Listener]:
    model = load()
    own = own_dtype(torch, model)
    for channel in (False, True):
        yield _Listener(model, torch.float32, channel)
    if own in halves(torch):
        wide = load().float()
        for channel in (False, True):
            yield _Listener(wide, torch.float32, channel)
    for dtype in (torch.float64, *halves(torch)):
        for channel in (False, True):
            yield _Listener(model, dtype, channel)


def _exported(torch: Any, content: bytes, declared: Declared) -> io.BytesIO | None:
    """An exported program that may be loaded; None of TorchScript; nothing else passes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        known = {inside(name) for name in names}
        exported = is_exported(names)
        if ("constants.pkl" in known) == exported or len(set(names)) < len(names):
            raise _pickled(declared.path) if "data.pkl" in known else UsageError(f"{declared.path} is no model; {_HOW}")
        return checked(torch, archive, declared.path, lambda: _pickled(declared.path)) if exported else None


def _is_pickled(path: Path) -> bool:
    """Whether a file is one of torch.save, of an older or a newer PyTorch; False where there is none that is whole."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            if file.read(1) == b"\x80":
                return True
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False
    known = {inside(name) for name in names}
    return "data.pkl" in known and "constants.pkl" not in known and not is_exported(names)


def _pickled(path: Path) -> UsageError:
    return UsageError(
        f"{path} holds pickled Python objects, which may run any code and are not loaded (a state_dict has no "
        "network); give the network itself, from a module of yours, my_models.py, with the line model = tagger("
        f"torch.load({path.name!r}, weights_only=False), sr=…, labels=[…]), as -m my_models:model; or {_HOW}"
    )


@contextmanager
def _of_its_sizes(declared: Declared, batch: NDArray[Any]) -> Iterator[None]:
    """Tell of an exported program whose conditions on the size of its input do not hold."""
    try:
        yield
    except AssertionError as error:
        if "Guard failed" not in str(error):
            raise
        raise UsageError(
            f"{declared.path} was exported with conditions on the size of its input, which "
            f"{' × '.join(map(str, batch.shape))} does not meet ({reason(error)}); export it with the size of the "
            f"batch alone left open, and all others fixed: {_SIZES}"
        ) from error


def _fitted(program: Any, declared: Declared) -> tuple[_Listener, Declared]:
    """An exported program, and what is declared together with what its input states."""
    inputs = program.graph_signature.user_inputs
    if len(inputs) != 1:
        raise UsageError(f"{declared.path} has {counted(len(inputs), 'input')}; export a model that has one")
    node = next(node for node in program.graph.nodes if node.op == "placeholder" and node.name == inputs[0])
    shape = [axis if isinstance(axis, int) else None for axis in node.meta["val"].shape]
    if shape and shape[0] not in (None, 1):
        raise UsageError(
            f"{declared.path} was exported for batches of exactly {shape[0]}; export it with "
            "dynamic_shapes=({0: torch.export.Dim.AUTO},)"
        )
    channel = len(shape) == (3 if declared.front_end is None else 4) and shape[1] == 1
    listener = _Listener(program.module(), node.meta["val"].dtype, channel, shape[0] == 1)
    return listener, declared.fitting([shape[0], *shape[2:]] if channel else shape)
