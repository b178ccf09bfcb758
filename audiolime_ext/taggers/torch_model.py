"""A PyTorch model of yours, as TorchScript or as an exported program.

``torch:PATH?sr=16000&labels=rock;jazz``. The file is one of TorchScript, ``torch.jit.script(model.eval()).save(path)``,
or an exported program (``.pt2``)::

    batch, length = torch.export.Dim.AUTO, torch.export.Dim.AUTO
    program = torch.export.export(model.eval(), (torch.zeros(2, 48000),), dynamic_shapes=({0: batch, 1: length},))
    torch.export.save(program, path)

The model takes waveforms (n_batch, n_samples) or, with ``front_end=log-mel:…``, spectra (n_batch, n_frames, n_mels) and
answers one tensor (n_batch, n_labels). A length that was exported as fixed is its window; one exported for a single
signal is asked about one at a time. See `audiolime_ext.saved_model` for all options.

Pickled objects, which may run any code when they are loaded, are refused: a file of ``torch.save``, and an exported
program that holds more than tensors (checked here, as ``torch.export.load`` would unpickle it). Both kinds of files are
programs all the same: take them from people you trust.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext._optional import require
from audiolime_ext.errors import CorruptError, ModelError, UsageError
from audiolime_ext.prediction import FunctionTagger
from audiolime_ext.saved_model import Declared, digest, read_archive, reason, torch_inference

VARIANTS: Mapping[str, None] = {"PATH?sr=…&labels=…": None}
REQUIRES: Mapping[str, str] = {"torch": "torch"}

_HOW = (
    "write TorchScript, torch.jit.script(model.eval()).save('model.pt'), or an exported program, "
    "torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt2')"
)


def make(argument: str) -> FunctionTagger:
    """The tagger of ``torch:argument``.

    Raises
    ------
    UsageError
        If an option is missing or wrong, the file holds pickled objects, or the model is not one that can be used.
    MissingError
        If PyTorch or the file is missing; `CorruptError` if the file is damaged.
    """
    declared = Declared.parse("torch", argument)
    if declared.path.is_file() and declared.path.open("rb").read(1) == b"\x80":
        raise _pickled(declared)
    content = read_archive(declared.path, _HOW)
    torch = require("torch", extra="torch")
    model, declared, single = _load(torch, content, declared)

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        given = torch.from_numpy(np.array(batch, np.float32))
        with torch_inference(torch, declared.threads):
            answers = [model(part) for part in (given.split(1) if single else [given])]
            if not all(isinstance(answer, torch.Tensor) for answer in answers):
                raise ModelError(
                    f"{declared.path} answers a {type(answers[0]).__name__}; "
                    "it must answer one tensor (n_batch, n_labels)"
                )
            return np.asarray(torch.cat(answers).float().numpy())

    return declared.tagger(predict, contents=[digest(content)], batch_size=16)


def _load(torch: Any, content: bytes, declared: Declared) -> tuple[Any, Declared, bool]:
    """The model, what is known of it, and whether it takes one signal at a time."""
    exported = _is_exported(torch, content, declared)
    try:
        if not exported:
            return torch.jit.load(io.BytesIO(content), map_location="cpu").eval(), declared, False
        program = torch.export.load(io.BytesIO(content))
        fitted, single = _fitted(program, declared)
        return program.module(), fitted, single
    except UsageError:
        raise
    except Exception as error:
        raise CorruptError(f"PyTorch cannot load {declared.path} ({reason(error)}); {_HOW}") from error


def _is_exported(torch: Any, content: bytes, declared: Declared) -> bool:
    """Whether a file is an exported program, that holds no pickled objects, or TorchScript; nothing else passes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        inside = {name.partition("/")[2] for name in names}
        scripted = "constants.pkl" in inside
        exported = "models/model.json" in inside or "serialized_exported_program.json" in names
        if scripted == exported or len(set(names)) < len(names):
            raise _pickled(declared) if "data.pkl" in inside else UsageError(f"{declared.path} is no model; {_HOW}")
        if exported:
            _refuse_pickles(torch, archive, declared)
        return exported


def _pickled(declared: Declared) -> UsageError:
    return UsageError(
        f"{declared.path} holds pickled Python objects, which may run any code and are not loaded (a state_dict has no "
        f"network); {_HOW}"
    )


def _refuse_pickles(torch: Any, archive: zipfile.ZipFile, declared: Declared) -> None:
    """Raise if an exported program holds more than tensors: in its tables of weights, or in what `torch.save` wrote."""
    for name in archive.namelist():
        if "/data/aotinductor/" in name or name.endswith((".so", ".o")):
            raise UsageError(f"{declared.path} holds compiled code ({name}), which is not loaded; {_HOW}")
        if name.endswith("_config.json"):
            for entry in json.loads(archive.read(name)).get("config", {}).values():
                if entry.get("use_pickle", True) or not entry["path_name"].startswith(("weight_", "tensor_")):
                    raise _pickled(declared)
        if name.endswith(".pt") and (saved := archive.read(name)):
            try:
                torch.load(io.BytesIO(saved), weights_only=True, map_location="cpu")
            except Exception as error:
                raise _pickled(declared) from error


def _fitted(program: Any, declared: Declared) -> tuple[Declared, bool]:
    """What is declared and what an exported program's input says together; whether it takes one signal at a time."""
    inputs = program.graph_signature.user_inputs
    if len(inputs) != 1:
        raise UsageError(f"{declared.path} has {len(inputs)} inputs; export a model that has one")
    node = next(node for node in program.graph.nodes if node.op == "placeholder" and node.name == inputs[0])
    shape = [axis if isinstance(axis, int) else None for axis in node.meta["val"].shape]
    if shape and shape[0] not in (None, 1):
        raise UsageError(
            f"{declared.path} was exported for batches of exactly {shape[0]}; export it with "
            "dynamic_shapes=({0: torch.export.Dim.AUTO},)"
        )
    return declared.fitting(shape), shape[0] == 1
