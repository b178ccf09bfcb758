"""Your own Keras 3 model, saved as .keras.

``keras:PATH.keras?sr=16000&labels=rock;jazz``. The model takes waveforms (n_batch, n_samples) or, with
``front_end=log-mel:…``, spectra (n_batch, n_frames, n_mels); an axis of length 1 is added at the end where its input
has one. Of several outputs ``output=`` names that of the scores. A fixed length of its input is its window. It runs in
inference mode. No code of the file runs: a model with layers that hold code (``Lambda``, ``TorchModuleWrapper``, …) or
that are not Keras's own is refused before Keras sees it, as Keras's safe mode lets some of them pass. See
`audiolime_ext.prediction.saved_model` for all options; ``threads`` can be set once in a process, since TensorFlow
cannot change it later.

``layer=NAME`` reads a layer of a Sequential or functional model by its name, as ``model.summary()`` shows it:
``keras:PATH.keras?sr=16000&layer=dense``. It can be differentiated where Keras runs on TensorFlow or PyTorch.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.plain import json_of
from audiolime_ext.models.keras_answers import ask, given_to, named
from audiolime_ext.models.keras_gradients import KerasNetwork, by_layers, library_of, underivable
from audiolime_ext.prediction.capabilities import NetworkVjp
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.layers import Inside
from audiolime_ext.prediction.model_files import digest, read_archive, reason
from audiolime_ext.prediction.saved_model import Declared
from audiolime_ext.text import counted

VARIANTS: Mapping[str, None] = {"PATH.keras?sr=…&labels=…": None}
REQUIRES: Mapping[str, str] = {"keras": "keras"}

_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer", "__typespec__")
_FUNCTIONS = ("activations", "initializers", "regularizers", "constraints", "ops", "losses", "metrics")
_CLASSES = ("keras", "layers", "models", "quantizers", "dtype_policies", "random", "optimizers", "backend")
_ANEW = "write it anew with model.save('model.keras')"
_IN_PYTHON = (
    "a model with layers of your own is loaded in Python: make a model of it with audiolime_ext.tagger(…) and name it "
    "as package.module:name"
)


def make(argument: str) -> FunctionModel:
    """The model of ``keras:argument``.

    Raises
    ------
    UsageError
        If an option is missing or wrong, or the model cannot be used or holds code.
    MissingError
        If Keras or the file is missing; `CorruptError` if the file is damaged.
    """
    declared = Declared.parse("keras", argument)
    if declared.path.suffix != ".keras":
        raise UsageError(f"{declared.path} is no .keras file; in Keras 3, model.save('model.keras') writes one")
    content = read_archive(declared.path, _ANEW)
    keras = require("keras", extra="keras")
    _require_harmless(keras, content, declared.path)
    if declared.threads is not None:
        _set_threads(keras, declared.threads)
    try:
        model = keras.saving.load_model(declared.path, compile=False, safe_mode=True)
    except Exception as error:
        raise UsageError(f"Keras cannot load {declared.path} ({reason(error)}); {_IN_PYTHON}") from error
    declared, shape = _fitted(model, declared)
    inside = _inside(keras, model, shape)
    if declared.layer is not None and inside is None:
        raise UsageError(
            f"the layers of {declared.path} cannot be read, as it is no Sequential or functional model: its layers are "
            "connected by code. Save keras.Model(inputs, [layer's output]) of it, and leave layer= out"
        )

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        return declared.chosen(ask(model, given_to(batch, shape)))

    def derive(layer: str | None) -> NetworkVjp | str:
        return _derivative(keras, model, shape, declared, inside, layer)

    contents = [digest(content)]
    return declared.tagger(predict, contents=contents, batch_size=16, inside=inside, derive=derive)


def _derivative(
    keras: Any, model: Any, shape: Any, declared: Declared, inside: Inside | None, layer: str | None
) -> NetworkVjp | str:
    """The derivative of its scores, or of a layer's activations, pooled; or why there is none."""
    if (why := underivable(library_of(model))) is not None:
        return why
    whole = model if layer is None else keras.Model(model.inputs, model.get_layer(layer).output)

    def answer(found: Any) -> Any:
        if layer is None or inside is None:
            return declared.picked(named(model, found))
        axis = inside.axis(found.ndim, declared.channels) or 1
        over = [one for one in range(1, found.ndim) if one != axis % found.ndim]
        return keras.ops.mean(found, axis=over) if over else found

    called = by_layers(keras, whole, answer)
    return KerasNetwork(model, lambda x, wrt: called(given_to(x, shape), wrt), str(declared.path))


def _require_harmless(keras: Any, content: bytes, path: Path) -> None:
    """Raise if a model is described with anything that could run code: only what Keras itself defines is left."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            described = json_of(archive.read("config.json"))
        named = list(_named(described))
    except RecursionError as error:
        raise CorruptError(f"{path} is damaged, or no Keras model (it is nested too deeply); {_ANEW}") from error
    except (KeyError, ValueError) as error:
        raise CorruptError(f"{path} is damaged, or no Keras model ({reason(error)}); {_ANEW}") from error
    for name, module, registered in named:
        if name in _CODE or not (_is_of_keras(name, str(module)) or _is_known(keras, registered)):
            whose = "" if str(module).startswith("keras") else f" of {module}"
            raise UsageError(
                f"{path} has a part {name}{whose}, which may run any code, so nothing of it is loaded; {_IN_PYTHON}"
            )


def _named(part: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Class, module and registered name of each object in a description, and of what Keras names without a module."""
    if isinstance(part, list):
        for one in part:
            yield from _named(one)
    elif isinstance(part, dict):
        if "class_name" in part:
            yield part["class_name"], part.get("module"), part.get("registered_name")
        for one in part.values():
            yield from _named(one)


def _is_of_keras(name: Any, module: str) -> bool:
    """Whether a class or function is one that Keras builds models of; None and "builtins" say no module."""
    if module in ("None", "builtins"):
        return True
    if module != "keras" and not module.startswith("keras."):
        return False
    parts = module.removeprefix("keras.").removeprefix("src.").split(".")
    return parts[0] in _FUNCTIONS or (name != "function" and parts[0] in _CLASSES)


def _is_known(keras: Any, registered: Any) -> bool:
    """Whether the user's own Python code has registered a class under this name."""
    return isinstance(registered, str) and keras.saving.get_registered_object(registered) is not None


def _inside(keras: Any, model: Any, shape: tuple[int | None, ...] | None) -> Inside | None:
    """The layers of a Sequential or functional model, those of models within it not among them; None of others."""
    if not isinstance(model, (keras.Sequential, keras.src.models.Functional)):
        return None
    models: dict[str, Any] = {}

    def read(given: NDArray[np.float32], layer: str) -> NDArray[Any]:
        if layer not in models:
            output = model.get_layer(layer).output
            if isinstance(output, (list, tuple, dict)):
                raise UsageError(f"layer {layer!r} answers several arrays; name one that answers a single one")
            models[layer] = keras.Model(model.inputs, output)
        return np.asarray(models[layer].predict_on_batch(given_to(given, shape)))

    layers = [str(layer.name) for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return Inside(layers, read, channels=-1)


def _fitted(model: Any, declared: Declared) -> tuple[Declared, tuple[int | None, ...] | None]:
    """What is declared together with what the model's input states, and the input's shape; None: it states none."""
    if len(found := getattr(model, "inputs", None) or [None]) != 1:
        raise UsageError(f"{declared.path} has {counted(len(found), 'input')}; save a model that has one")
    if not getattr(model, "inputs", None):
        return declared, None
    shape = tuple(model.inputs[0].shape)
    rank = 2 if declared.front_end is None else 3
    return declared.fitting(shape[:-1] if len(shape) == rank + 1 and shape[-1] == 1 else shape), shape


def _set_threads(keras: Any, threads: int) -> None:
    if (backend := keras.backend.backend()) != "tensorflow":
        raise UsageError(f"threads= is for Keras on TensorFlow, but Keras runs on {backend} here; leave it out")
    threading = require("tensorflow", extra="keras").config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        running = threading.get_intra_op_parallelism_threads()
        if running != threads:
            raise UsageError(
                f"threads={threads}, but TensorFlow already runs in this process with "
                f"{running or 'as many as it likes'}; give threads= for the first model, or for none"
            ) from error
